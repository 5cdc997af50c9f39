from dataclasses import replace

import numpy as np
import pytest

from negviz.arrays import PAD
from negviz.dataset import Judgments
from negviz.errors import MissingInputError
from negviz.labels import LabelEvent, Labels, Verdict
from negviz.mine import build_pool
from negviz.recipe import Step, find_recipe
from negviz.select import NO_LABELS, select
from negviz.training.mining import Miner, labels_of_truth, mined_anew
from negviz.training.plan import Arm, Material
from negviz.training.schedule import Stage, find_schedule
from negviz.training.splitting import Split, split_queries
from negviz.truth import Truth
from tests.pools import recipe
from tests.training.test_schedule import with_teacher
from tests.training.worlds import TOP, rounds, words, world, world_dataset, world_embeddings

POOL = world(documents=80)
SPLIT = split_queries(POOL)
QUERY = int(POOL.queries[SPLIT.train[0]])


def by_rank(pool, query):
    """Documents of a query that may be negatives, best first."""
    place = int(np.flatnonzero(pool.queries == query)[0])
    order = np.argsort(pool.rank("dense")[place], kind="stable")
    return pool.documents[place][order[pool.eligible[place][order]]].tolist()


FIRST = by_rank(POOL, QUERY)


def verdicts(*pairs, pool=POOL):
    return Labels.of(
        LabelEvent.of(pool.dataset, query, document, verdict, annotator="me") for query, document, verdict in pairs
    )


def truth_of(*rows, relevant_from=1):
    return Truth("truth.tsv", Judgments.of(rows), relevant_from, complete=True)


def miner(cleaned="nothing", *, labels=NO_LABELS, truth=None, promote=True, seed=0, pool=POOL, split=None, **settings):
    arm = Arm("arm", rounds(**settings), cleaned=cleaned, promote=promote)
    return Miner(Material(None, pool, labels, truth), arm, split or split_queries(pool), seed)


def lessons(made, pool=POOL, number=0):
    stage = made.arm.schedule.stages[0]
    return made.lessons(stage, made.training_set(stage, pool), number)


def pushed(found):
    """Every (query, document) that some line of an epoch pushes away."""
    pairs = set()
    for epoch in range(3):
        for batch in found.batches(epoch, 8):
            for line, query in enumerate(batch.queries.tolist()):
                away = batch.documents[batch.present[line] & ~batch.positive[line]]
                pairs |= {(query, document) for document in away.tolist()}
    return pairs


def test_an_arm_that_is_cleaned_by_nobody_takes_the_first_ones_whatever_is_known():
    known = {"labels": verdicts((QUERY, FIRST[0], "false negative")), "truth": truth_of((QUERY, FIRST[1], 1))}
    found = lessons(miner(**known))
    assert sorted(found.negatives[QUERY].tolist()) == sorted(FIRST[:3])
    assert {(QUERY, FIRST[0]), (QUERY, FIRST[1])} <= pushed(found)


@pytest.mark.parametrize("by", ["labels", "judgments"])
def test_false_negatives_are_taken_out_and_the_next_ones_move_up(by):
    known = {
        "labels": verdicts((QUERY, FIRST[1], "false negative"), (QUERY, FIRST[2], "true negative")),
        "truth": truth_of((QUERY, FIRST[1], 2), (QUERY, FIRST[2], 0), (QUERY, QUERY, 1)),
    }
    found = lessons(miner(by, **known))
    assert sorted(found.negatives[QUERY].tolist()) == sorted([FIRST[0], *FIRST[2:4]])
    # It is trained on as a positive.
    assert [QUERY, FIRST[1]] in found.pairs.tolist()
    assert found.answers[QUERY].tolist() == sorted([QUERY, FIRST[1]])
    assert (QUERY, FIRST[1]) not in pushed(found)


@pytest.mark.parametrize("by", ["labels", "judgments"])
def test_without_promotion_it_is_in_neither_list_and_nowhere_pushed(by):
    known = {"labels": verdicts((QUERY, FIRST[1], "false negative")), "truth": truth_of((QUERY, FIRST[1], 1))}
    found = lessons(miner(by, promote=False, **known))
    assert sorted(found.negatives[QUERY].tolist()) == sorted([FIRST[0], *FIRST[2:4]])
    assert [row for row in found.pairs.tolist() if row[0] == QUERY] == [[QUERY, QUERY]]
    assert FIRST[1] in found.shielded[QUERY]
    assert (QUERY, FIRST[1]) not in pushed(found)


def test_dropped_ones_are_in_neither_list():
    found = lessons(miner("labels", labels=verdicts((QUERY, FIRST[0], "drop"))))
    assert sorted(found.negatives[QUERY].tolist()) == sorted(FIRST[1:4])
    assert found.answers[QUERY].tolist() == [QUERY]
    assert (QUERY, FIRST[0]) not in pushed(found)


def test_labels_that_are_there_clean_only_the_arm_that_is_cleaned_by_them():
    known = {"labels": verdicts((QUERY, FIRST[0], "false negative")), "truth": truth_of((QUERY, FIRST[1], 1))}
    taken = {by: sorted(lessons(miner(by, **known)).negatives[QUERY].tolist()) for by in ("labels", "judgments")}
    assert taken == {"labels": sorted(FIRST[1:4]), "judgments": sorted([FIRST[0], *FIRST[2:4]])}


def test_a_labelled_false_negative_that_comes_with_another_line_is_not_pushed():
    """A document that another query has as its positive, labelled as an answer of this one."""
    other = int(POOL.queries[SPLIT.train[1]])
    for promote in (True, False):
        found = lessons(miner("labels", labels=verdicts((QUERY, other, "false negative")), promote=promote))
        assert (QUERY, other) not in pushed(found)
    assert (QUERY, other) in pushed(lessons(miner()))


def test_what_judgments_would_say_leaves_out_the_labelled_positives_and_what_does_not_answer():
    truth = truth_of((0, 0, 2), (0, 5, 2), (0, 6, 1), (1, 7, 3), (1, 8, 0), relevant_from=2)
    found = labels_of_truth(truth, POOL.dataset, Verdict.DROP).found(POOL.dataset)
    assert [(query, document, event.verdict) for query, document, event in found] == [
        (0, 5, Verdict.DROP), (1, 7, Verdict.DROP)
    ]  # fmt: skip


def test_only_queries_that_are_trained_on_are_in_the_lessons():
    found = lessons(miner())
    train = set(POOL.queries[SPLIT.train].tolist())
    assert set(found.pairs[:, 0].tolist()) == set(found.negatives) == set(found.answers) == train
    assert not train & set(SPLIT.dev.tolist())


@pytest.mark.parametrize("by", ["labels", "judgments"])
def test_what_answers_as_a_copy_of_a_positive_is_left_out_without_the_positive(by):
    """Labels belong to texts: left out as an answer, a copy took the positive with it, and the query from training."""
    data = world_dataset(documents=80)
    texts = [(name, data.document_title(row), data.document_text(row)) for row, name in enumerate(data.document_ids)]
    texts[FIRST[0]] = (texts[FIRST[0]][0], *texts[QUERY][1:])
    pool = world(world_dataset(documents=texts))
    known = {
        "labels": verdicts((QUERY, FIRST[0], "false negative"), (QUERY, FIRST[1], "false negative"), pool=pool),
        "truth": truth_of((QUERY, FIRST[0], 2), (QUERY, FIRST[1], 1), (QUERY, QUERY, 1)),
    }
    found = lessons(miner(by, promote=False, pool=pool, split=SPLIT, **known), pool=pool)
    assert found.answers[QUERY].tolist() == [QUERY]
    assert len(found) == len(SPLIT.train)
    assert not {(QUERY, FIRST[0]), (QUERY, FIRST[1])} & pushed(found)


def test_a_batch_that_a_recipe_is_made_of_holds_no_query_that_measures():
    """Positives of the dev queries were negatives of those that are trained on, since they came in their batches."""
    batch = replace(TOP, source=Step("in_batch", {"batch_size": 16}, "in_batch"), count=15)
    found = lessons(miner(chosen=batch))
    assert found.negatives
    for rows in found.negatives.values():
        assert len(rows)
        assert not set(rows.tolist()) & set(SPLIT.dev.tolist())  # the positive of query n is document n


@pytest.mark.parametrize("promote", [True, False])
@pytest.mark.parametrize("by", ["labels", "judgments"])
def test_nothing_that_is_known_of_a_query_that_measures_reaches_training(by, promote):
    dev = int(SPLIT.dev[0])
    known = {
        "labels": verdicts((QUERY, FIRST[1], "false negative"), (dev, by_rank(POOL, dev)[0], "false negative")),
        "truth": truth_of((QUERY, FIRST[1], 1), (dev, by_rank(POOL, dev)[0], 1)),
    }
    made = miner(by, promote=promote, split=SPLIT, **known)
    assert {query for query, _, _ in made.labels.found(POOL.dataset)} == {QUERY}


def test_a_pool_with_its_queries_in_other_places_teaches_the_same_queries():
    """Places are those of the pool at hand; to take them for places of another one would train on the dev queries."""
    order = np.random.default_rng(0).permutation(len(POOL))
    turned = replace(
        POOL,
        queries=POOL.queries[order], documents=POOL.documents[order], positives=POOL.positives[order],
        flags=POOL.flags[order], ranks={name: layer[order] for name, layer in POOL.ranks.items()},
        scores={name: layer[order] for name, layer in POOL.scores.items()},
        positive_scores={name: layer[order] for name, layer in POOL.positive_scores.items()},
    )  # fmt: skip
    one, other = lessons(miner()), lessons(miner(), pool=turned)
    assert sorted(map(tuple, one.pairs.tolist())) == sorted(map(tuple, other.pairs.tolist()))
    assert {query: sorted(rows.tolist()) for query, rows in one.negatives.items()} == {
        query: sorted(rows.tolist()) for query, rows in other.negatives.items()
    }


def test_the_seed_of_a_training_is_added_to_that_of_its_recipe():
    sampled = recipe(("rank_window", {"stop": 20}), count=3, draw="sample", seed=5)
    taken = []
    for seed, own in [(0, 5), (0, 5), (1, 5), (1, 4)]:
        made = miner(seed=seed, chosen=replace(sampled, seed=own))
        taken.append({query: sorted(rows.tolist()) for query, rows in lessons(made).negatives.items()})
    assert taken[0] == taken[1] == taken[3]
    assert taken[0] != taken[2]
    orders = [lessons(miner(seed=seed), number=number).order(0).tolist() for seed in (0, 1) for number in (0, 1)]
    assert len(set(map(tuple, orders))) == 4


def test_a_seed_at_the_end_of_the_range_is_no_error():
    assert lessons(miner(seed=2**63 - 1, chosen=replace(TOP, seed=2**63 - 1))).negatives


# Leaks.


def leaky():
    """q00 and q01 ask the same, d050 is a copy of q02's positive; neither leak is among the candidates of its query."""
    random = np.random.default_rng(11)
    queries = [(f"q{row:02}", words(random)) for row in range(16)]
    queries[1] = ("q01", queries[0][1].upper())
    documents = [(f"d{row:03}", "", words(random)) for row in range(80)]
    documents[50] = ("d050", "", documents[2][2])
    data = world_dataset(queries, documents)
    vectors = world_embeddings(data)
    # Far from everything, so that no search brings them.
    far = np.array(vectors.documents)
    far[[0, 1, 50]] = -vectors.queries[[1, 0, 2]]
    vectors = replace(vectors, documents=far)
    pool = build_pool(data, retrievers=["dense"], scorers=["dense"], depth=8, embeddings=vectors)
    every = Split(np.arange(16, dtype=np.int32), np.zeros(0, np.int32), Judgments.of(()), 1, 0, "all of them")
    return pool, every


def test_leaks_that_are_no_candidates_are_not_pushed_as_documents_of_other_lines():
    pool, every = leaky()
    for query, document in [(0, 1), (1, 0), (2, 50)]:
        assert document not in pool.documents[query]
    chosen = recipe(count=3)
    made = miner(pool=pool, split=every, chosen=chosen)
    found = lessons(made, pool=pool)
    # Another query has the copy as its negative.
    found = replace(found, negatives={**found.negatives, 5: np.array([50], dtype=np.int32)})
    away = set()
    for epoch in range(20):
        for batch in found.batches(epoch, 8):
            for line, query in enumerate(batch.queries.tolist()):
                rows = batch.documents[batch.present[line] & ~batch.positive[line]]
                away |= {(query, document) for document in rows.tolist()}
    assert not away & {(0, 1), (1, 0), (2, 50)}
    assert (5, 50) in away
    assert {(0, 2), (3, 1)} <= away


def test_leaks_of_the_pool_are_shielded():
    found = miner(split=SPLIT).shielded
    for place in SPLIT.train.tolist():
        leaking = POOL.documents[place][POOL.present[place] & ~POOL.eligible[place]].tolist()
        assert set(leaking) <= set(found[int(POOL.queries[place])].tolist())
    assert QUERY in found[QUERY]
    assert set(found) == set(POOL.queries[SPLIT.train].tolist())


# Mined anew.


def test_mined_anew_by_the_pools_own_vectors_is_the_pool_again(tmp_path):
    found = mined_anew(POOL, POOL.embeddings, tmp_path, lambda: False)
    assert np.array_equal(found.queries, POOL.queries)
    assert np.array_equal(found.documents, POOL.documents)
    assert np.array_equal(found.flags, POOL.flags)
    assert np.array_equal(found.positives, POOL.positives)
    assert sorted(found.ranks) == sorted(POOL.ranks)
    for name in POOL.ranks:
        assert np.array_equal(found.ranks[name], POOL.ranks[name])
    for name in POOL.scores:
        assert np.array_equal(found.scores[name], POOL.scores[name], equal_nan=True)
        assert np.array_equal(found.positive_scores[name], POOL.positive_scores[name], equal_nan=True)
    assert found.fingerprint == POOL.fingerprint


def test_mined_anew_by_other_vectors_brings_what_they_find(tmp_path):
    other = world_embeddings(POOL.dataset, seed=9)
    found = mined_anew(POOL, other, tmp_path, lambda: False)
    scores = other.queries.astype(np.float64) @ other.documents.T.astype(np.float64)
    wanted = np.argsort(-scores, axis=1)[:, :20]
    for place, query in enumerate(found.queries.tolist()):
        brought = found.documents[place][found.ranks["dense"][place] >= 0]
        assert set(brought.tolist()) == set(wanted[query].tolist())
    assert found.origin["encoder_identity"] == other.identity
    # What does not depend on the vectors stays.
    for place in range(len(POOL)):
        for name in ("bm25", "random"):
            one, two = (pool.documents[place][pool.ranks[name][place] >= 0].tolist() for pool in (POOL, found))
            assert one == two


def test_layers_of_other_models_are_not_made_anew_and_a_recipe_that_wants_one_says_so(tmp_path):
    pool = with_teacher(POOL)
    found = mined_anew(pool, pool.embeddings, tmp_path, lambda: False)
    assert sorted(found.scores) == ["bm25", "dense"]
    stage = Stage(recipe=replace(TOP, scorer="cross_encoder"), mined="newest")
    made = miner(pool=pool)
    with pytest.raises(MissingInputError, match=r"mined anew by the student.*mine it by 'first'") as error:
        made.training_set(stage, found)
    assert "\n" not in str(error.value)
    assert made.training_set(replace(stage, mined="first"), pool).counts["taken"] > 0


def test_a_selection_at_hand_is_taken_as_it_is_and_cleaned():
    chosen = select(POOL, recipe(count=5))
    arm = Arm("arm", find_schedule("fixed"), selection="chosen.parquet", cleaned="labels")
    labels = verdicts((QUERY, FIRST[1], "false negative"))
    made = Miner(Material(None, POOL, labels, None, {"chosen.parquet": chosen}), arm, SPLIT, 0)
    found = lessons(made)
    # It was made without the label, so nothing moves up.
    assert sorted(found.negatives[QUERY].tolist()) == sorted([FIRST[0], *FIRST[2:5]])
    assert [QUERY, FIRST[1]] in found.pairs.tolist()


# What a stage asks for.


def test_settings_of_the_stage_are_those_of_the_lessons():
    found = lessons(miner(negatives=2, epochs=7, in_batch=False, rate=0.25, loss=Step("ccr", {"beta": 0.1})))
    assert (found.count, found.epochs, found.in_batch, found.rate) == (2, 7, False, 0.25)
    assert (found.loss.strategy, dict(found.loss.knobs)) == ("ccr", {"beta": 0.1})
    assert found.guide is POOL.embeddings
    assert found.search == 0


def test_a_stage_that_is_searched_at_every_step_looks_as_deep_as_its_window():
    assert lessons(miner(chosen=find_schedule("adore").stages[0].recipe, mined="step")).search == 200
    assert lessons(miner(chosen=recipe(count=7), mined="step")).search == 7


def test_the_teacher_is_the_one_that_the_recipe_names():
    pool = with_teacher(with_teacher(POOL), seed=5, name="second_encoder")
    ordered = {"scorer": "dense", "count": 3}
    for name in ("cross_encoder", "second_encoder"):
        chosen = recipe(("teacher_order", {"teacher": name, "length": 20}), **ordered)
        assert lessons(miner(chosen=chosen, pool=pool), pool=pool).teacher.layer == name
    assert lessons(miner(pool=pool), pool=pool).teacher.layer == "cross_encoder"
    assert lessons(miner()).teacher is None


LIST = recipe(("rank_window", {"stop": 200}), ("teacher_order", {"stage": 1, "length": 20}), count=15)
GRADED = {"chosen": LIST, "in_batch": False, "loss": Step("lambda_mrr")}


@pytest.mark.parametrize("verdict", ["false negative", "drop"])
@pytest.mark.parametrize("promote", [True, False])
def test_c4_what_labels_took_out_is_in_no_graded_list(verdict, promote):
    """A promoted one leads the list beside the labelled positive; the others are not in it, and the next move up."""
    pool = with_teacher(POOL)
    before = lessons(miner(pool=pool, **GRADED), pool=pool).lists[QUERY]
    worst = int(before.documents[np.argmin(before.grades)])
    found = lessons(
        miner("labels", labels=verdicts((QUERY, worst, verdict)), promote=promote, pool=pool, **GRADED), pool=pool
    )
    listed = dict(zip(found.lists[QUERY].documents.tolist(), found.lists[QUERY].grades.tolist(), strict=True))
    assert len(listed) == len(before.documents) == 20
    if verdict == "false negative" and promote:
        assert sorted([listed[QUERY], listed[worst]]) == [0.5, 1.0]
        assert sorted(listed.values())[-5:] == pytest.approx([1 / 5, 1 / 4, 1 / 3, 1 / 2, 1])
    else:
        assert worst not in listed
    for batch in found.batches(0, 8):
        for line in np.flatnonzero(batch.queries == QUERY):
            known = set(batch.documents[batch.present[line]].tolist())
            assert known == set(listed)


def test_a_positive_that_labels_took_away_leads_no_list():
    """It leaks, so it is no candidate, and it answers nothing any more."""
    positives = [(f"q{row:02}", f"d{row + far:03}", 1) for row in range(16) for far in (0, 20)]
    pool = with_teacher(world(world_dataset(documents=80, positives=positives)))
    query = int(pool.queries[split_queries(pool).train[0]])
    labels = verdicts((query, query + 20, "true negative"), pool=pool)
    found = lessons(miner("labels", labels=labels, pool=pool, **GRADED), pool=pool)
    listed = dict(zip(found.lists[query].documents.tolist(), found.lists[query].grades.tolist(), strict=True))
    assert query + 20 not in listed
    assert listed[query] == 1
    assert sorted(listed.values())[-5:] == pytest.approx([1 / 5, 1 / 4, 1 / 3, 1 / 2, 1])


def test_published_recipes_that_need_no_more_than_scores_mine_in_every_way(tmp_path):
    anew = mined_anew(POOL, world_embeddings(POOL.dataset, seed=4), tmp_path, lambda: False)
    for name in ("nv_perc", "simans", "ance", "bm25", "random", "nv_shifted", "in_batch"):
        for mined, pool in (("first", POOL), ("newest", anew)):
            found = lessons(miner(chosen=find_recipe(name), mined=mined), pool=pool)
            assert len(found) >= 8
            assert not any((rows == PAD).any() for rows in found.negatives.values())
