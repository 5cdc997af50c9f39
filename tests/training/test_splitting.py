from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.dataset import Judgments
from negviz.errors import DataError
from negviz.training.splitting import query_groups, split_queries
from negviz.truth import Truth
from tests.training.worlds import words, world, world_dataset, world_embeddings


def ids(pool, split):
    """Ids of the queries that are trained on, and of those that measure."""
    names = pool.dataset.query_ids
    return {names[row] for row in pool.queries[split.train]}, {names[row] for row in split.dev}


def texts_of(*texts, more=14, seed=3):
    """Queries q00, q01 ... with the given texts first, then ones of chance words."""
    random = np.random.default_rng(seed)
    given_ = [*texts, *(words(random) for _ in range(more))]
    return [(f"q{row:02}", text) for row, text in enumerate(given_)]


LONG = "which enzymes break down the cell walls of plants in the stomach of a cow during the first hours of digestion"
ALIKE = {
    "case": ("How Long is the Wall of China", "how long is the wall of china"),
    "order": ("wall of china length", "length of china wall"),
    "punctuation": ("how long is the wall of china?!", "how long is... the wall of china"),
    "a word more in a long text": (LONG, LONG + " today"),
}


@pytest.mark.parametrize("kind", ALIKE)
@pytest.mark.parametrize("seed", range(12))
def test_queries_that_ask_the_same_are_never_on_both_sides(kind, seed):
    queries = texts_of(*ALIKE[kind])
    split = split_queries(pool := world(world_dataset(queries)), seed=seed)
    train, dev = ids(pool, split)
    assert len({"q00", "q01"} & train) in {0, 2}
    assert len({"q00", "q01"} & dev) in {0, 2}


@pytest.mark.parametrize("seed", range(12))
def test_paraphrases_by_vectors_stay_together(seed):
    """No word in common, but the same vector but for a hundredth."""
    pool = world(queries=16)
    near = np.array(pool.embeddings.queries)
    near[1] = near[0] + 0.01 * near[2]
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    pool = replace(pool, embeddings=replace(pool.embeddings, queries=near))
    groups = query_groups(pool)
    assert groups[0] == groups[1]
    train, dev = ids(pool, split_queries(pool, seed=seed))
    assert ("q00" in train) == ("q01" in train)
    assert ("q00" in dev) == ("q01" in dev)


def test_alike_by_steps_is_one_group():
    queries = texts_of("wall of china length", "length wall of china", "LENGTH, wall: of china")
    pool = world(world_dataset(queries))
    groups = query_groups(pool)
    assert len(set(groups[:3].tolist())) == 1
    assert groups[3] != groups[0]


def test_the_order_of_queries_in_the_file_makes_no_difference():
    queries = texts_of(*ALIKE["case"], LONG, LONG + " today", more=16)
    turned = [queries[row] for row in np.random.default_rng(1).permutation(20)]
    positives = [(f"q{row:02}", f"d{row:03}", 1) for row in range(20)]
    data, other = (world_dataset(each, positives=positives) for each in (queries, turned))
    # Without vectors, since those of this world follow the row.
    pools = [replace(world(each), embeddings=None) for each in (data, other)]
    for seed in range(5):
        one, two = (ids(pool, split_queries(pool, seed=seed)) for pool in pools)
        assert one == two


def test_it_is_the_same_again_and_another_seed_is_another_split():
    pool = world(queries=20)
    one, again, other = (split_queries(pool, seed=seed) for seed in (4, 4, 5))
    assert one.fingerprint == again.fingerprint
    assert one.fingerprint != other.fingerprint
    assert ids(pool, one) == ids(pool, again) != ids(pool, other)


@pytest.mark.parametrize(("share", "number"), [(0.25, 5), (0.5, 10), (0.75, 15)])
def test_the_share_is_kept_where_no_queries_are_alike(share, number):
    pool = replace(world(queries=20), embeddings=None)
    split = split_queries(pool, share=share)
    assert len(split.dev) == number
    assert len(split.train) == 20 - number
    assert split.left_out == 0


def test_dev_queries_are_measured_by_all_of_their_positives_and_by_nothing_else():
    positives = [(f"q{row:02}", f"d{row:03}", 1) for row in range(16)]
    positives += [(f"q{row:02}", f"d{row + 20:03}", 2) for row in range(16)]
    pool = world(world_dataset(positives=positives))
    split = split_queries(pool)
    wanted = {(row, document) for row in split.dev.tolist() for document in (row, row + 20)}
    assert set(zip(split.judged.queries.tolist(), split.judged.documents.tolist(), strict=True)) == wanted


def held_out_world():
    """q14 and q15 are held out; q00 asks the same as q14, and q15 has a labelled positive, too."""
    random = np.random.default_rng(8)
    queries = [(f"q{row:02}", words(random)) for row in range(16)]
    queries[0] = ("q00", " ".join(reversed(queries[14][1].split())))
    return world(
        world_dataset(
            queries,
            positives=[(f"q{row:02}", f"d{row:03}", 1) for row in [*range(14), 15]],
            held_out=[("q14", "d030", 2), ("q14", "d031", 0), ("q15", "d015", 1), ("q03", "d040", 0)],
        )
    )


def test_held_out_judgments_measure_and_what_resembles_their_queries_is_not_trained_on():
    pool = replace(held_out_world(), embeddings=None)
    split = split_queries(pool)
    train, dev = ids(pool, split)
    assert dev == {"q14", "q15"}
    assert train == {f"q{row:02}" for row in range(1, 14)}
    assert split.left_out == 1
    assert sorted(split.judged.grades.tolist()) == [0, 1, 2]
    assert "held out" in split.how
    # A query of which no answer is held out measures nothing and is trained on.
    assert "q03" in train


def truth_of(*rows, relevant_from=1, complete=False):
    return Truth("truth.tsv", Judgments.of(rows), relevant_from, complete)


def test_only_judged_queries_measure():
    pool = replace(world(queries=16), embeddings=None)
    truth = truth_of(*[(row, row, 2) for row in range(4)], *[(row, row, 1) for row in range(4, 8)], relevant_from=2)
    split = split_queries(pool, truth)
    # q04 ... q07 have judgments, but none from grade 2 on.
    assert split.dev.tolist() == [0, 1, 2, 3]
    assert len(split.train) == 12
    assert split.relevant_from == 2
    assert "truth.tsv" in split.how


def test_a_query_that_is_not_judged_and_resembles_one_that_measures_is_left_out():
    queries = texts_of(*ALIKE["order"])
    pool = replace(world(world_dataset(queries)), embeddings=None)
    split = split_queries(pool, truth_of((1, 1, 1), (5, 5, 1)), share=0.5)
    assert split.dev.tolist() == [1, 5]
    assert 0 not in pool.queries[split.train]
    assert split.left_out == 1
    assert len(split.train) + len(split.dev) + split.left_out == 16


@pytest.mark.parametrize("queries", [1, 2, 3])
def test_too_few_queries_give_one_sentence(queries):
    with pytest.raises(DataError, match="load data with more queries") as error:
        split_queries(replace(world(queries=queries), embeddings=None))
    assert "\n" not in str(error.value)


def test_queries_that_are_all_alike_give_one_sentence():
    queries = [(f"q{row:02}", "wall " * 3 + "of china") for row in range(8)]
    with pytest.raises(DataError, match="would be left"):
        split_queries(world(world_dataset(queries)))


def test_judgments_of_no_query_of_the_pool_give_one_sentence():
    with pytest.raises(DataError, match="and 0 would be left"):
        split_queries(world(queries=8), truth_of((0, 0, 0)))


@given(
    kinds=st.lists(st.integers(0, 11), min_size=8, max_size=24),
    share=st.floats(0.05, 0.95),
    seed=st.integers(0, 2**40),
    judged=st.one_of(st.none(), st.sets(st.integers(0, 7), min_size=2)),
)
def test_the_parts_are_disjoint_share_no_group_and_add_up_to_the_pool(kinds, share, seed, judged):
    """Queries of twelve wordings, so that many are alike."""
    random = np.random.default_rng(5)
    asked = [words(random) for _ in range(12)]
    queries = [(f"q{row:02}", asked[kind].upper() if row % 2 else asked[kind]) for row, kind in enumerate(kinds)]
    pool = replace(world(world_dataset(queries), depth=2), embeddings=None)
    truth = None if judged is None else truth_of(*[(row, 5, 1) for row in judged])
    try:
        split = split_queries(pool, truth, share=share, seed=seed)
    except DataError:
        return
    train, dev = set(pool.queries[split.train].tolist()), set(split.dev.tolist())
    assert not train & dev
    assert not {kinds[row] for row in train} & {kinds[row] for row in dev}
    assert len(train) + len(dev) + split.left_out == len(pool)
    assert set(split.judged.queries.tolist()) == dev


def test_vectors_of_a_world_put_queries_near_their_positives():
    """The worlds of these tests are such that there is something to learn."""
    data = world_dataset()
    vectors = world_embeddings(data)
    similarity = np.einsum("nd,nd->n", vectors.queries, vectors.documents[:16])
    assert similarity.mean() > (vectors.queries @ vectors.documents.T).mean() + 0.3


@pytest.mark.parametrize("seed", range(6))
def test_a_large_group_of_near_duplicates_leaves_both_sides_their_queries(seed):
    """Drawn as a whole it took nearly all queries to measure with, and left too few to train on."""
    queries = texts_of(*(f"{LONG}{'?' * row}" for row in range(12)), more=8)
    split = split_queries(world(world_dataset(queries)), share=0.4, seed=seed)
    assert (len(split.train), len(split.dev)) == (12, 8)


def test_that_all_queries_are_alike_is_said_to_be_the_reason():
    with pytest.raises(DataError, match="near-duplicates stay on one side"):
        split_queries(world(world_dataset(texts_of(*(f"{LONG}{'?' * row}" for row in range(12)), more=0))))
