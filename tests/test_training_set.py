from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.arrays import PAD
from negviz.errors import ExportError
from negviz.labels import Labels, Verdict
from negviz.training_set import Change, TrainingSet, make_training_set
from tests.exporters import three
from tests.exporters.three import NONE

FN, TN, DROP, UNSURE = Verdict.FALSE_NEGATIVE, Verdict.TRUE_NEGATIVE, Verdict.DROP, Verdict.UNSURE
REMOVED = ("false_negatives_taken_out", "same_text_taken_out", "dropped", "unsure_left_out", "in_queries_left_out")


def lists(training_set: TrainingSet) -> dict[str, tuple[list[str], list[str]]]:
    """Ids of positives and negatives by query id."""
    name = training_set.dataset.document_id
    return {
        training_set.query(example.query).id: (
            [name(each.document) for each in example.positives],
            [name(each.document) for each in example.negatives],
        )
        for example in training_set
    }


def test_without_labels_it_is_the_selection_and_the_labelled_positives():
    made = make_training_set(three.selection(), NONE)
    assert lists(made) == {
        "q0": (["d0", "d7"], ["d1", "d2"]),
        "q1": (["d5"], ["d0", "d3"]),
        "q2": (["d6"], ["d3"]),
    }
    assert made.changes == ()
    counts = {"queries": 3, "positives": 4, "negatives": 5, "taken": 5, "starved": 1, "promoted": 0}
    assert counts.items() <= made.counts.items()


def test_scores_ranks_and_grades_come_from_the_pool_as_short_decimals():
    first, second, _ = make_training_set(three.selection(), NONE)
    assert [(each.grade, each.score, each.promoted) for each in first.positives] == [(1, 0.9, False), (2, 0.85, False)]
    assert [(each.rank, each.score) for each in second.negatives] == [(0, 0.7), (1, 0.41)]


def test_a_false_negative_and_its_copy_become_positives_and_the_same_text_leaves_the_negatives():
    made = make_training_set(three.selection(4), three.labels(("q0", "d1", FN), grade=2))
    assert lists(made)["q0"] == (["d0", "d7", "d1", "d2"], ["d3"])
    first = next(iter(made))
    assert [(each.promoted, each.grade, each.score) for each in first.positives[2:]] == [
        (True, 2, 0.8),
        (True, 2, 0.79),
    ]
    expected = {"promoted": 2, "false_negatives_taken_out": 2, "same_text_taken_out": 1}
    assert expected.items() <= made.counts.items()
    assert [change.document_id for change in made.changes] == ["d1", "d2", "d8"]
    assert "made a positive" in made.changes[0].what
    assert "text of a positive" in made.changes[2].what


def test_a_false_negative_that_was_not_taken_or_is_no_candidate_becomes_a_positive_too():
    made = make_training_set(three.selection(2), three.labels(("q1", "d4", FN), ("q2", "d7", FN)))
    assert lists(made)["q1"] == (["d5", "d4"], ["d0", "d3"])
    assert lists(made)["q2"] == (["d6", "d7"], ["d3"])
    scores = [example.positives[1].score for example in list(made)[1:]]
    assert scores == [0.2, None]
    assert Change("q1", "d4", "made a positive") in made.changes


def test_a_labelled_positive_that_is_called_a_false_negative_stays_what_it_is():
    made = make_training_set(three.selection(), three.labels(("q0", "d0", FN)))
    assert lists(made)["q0"][0] == ["d0", "d7"]
    assert made.counts["promoted"] == 0


def test_a_dropped_candidate_is_in_neither_list():
    made = make_training_set(three.selection(), three.labels(("q1", "d0", DROP)))
    assert lists(made)["q1"] == (["d5"], ["d3"])
    assert made.counts["dropped"] == 1
    assert made.changes == (Change("q1", "d0", "dropped from the negatives"),)


def test_an_unsure_negative_is_left_out_unless_it_is_to_be_kept():
    said = three.labels(("q1", "d0", UNSURE))
    made = make_training_set(three.selection(), said)
    assert lists(made)["q1"][1] == ["d3"]
    assert made.counts["unsure_left_out"] == 1
    kept = make_training_set(three.selection(), said, unsure="keep")
    assert lists(kept)["q1"][1] == ["d0", "d3"]
    with pytest.raises(ExportError, match="leave out"):
        make_training_set(three.selection(), said, unsure="perhaps")  # type: ignore[arg-type]


def test_a_true_negative_is_confirmed_and_stays():
    made = make_training_set(three.selection(), three.labels(("q1", "d3", TN)))
    assert [each.confirmed for each in list(made)[1].negatives] == [False, True]
    assert made.counts["true_negatives_confirmed"] == 1
    assert made.changes == ()


@pytest.mark.parametrize("verdict", [TN, DROP])
def test_a_wrong_positive_is_taken_away_and_its_query_with_it_if_it_was_the_last(verdict):
    made = make_training_set(three.selection(), three.labels(("q0", "d0", verdict), ("q1", "d5", verdict)))
    assert lists(made) == {"q0": (["d7"], ["d1", "d2"]), "q2": (["d6"], ["d3"])}
    expected = {"wrong_positives": 2, "queries_with_wrong_positives_only": 1, "in_queries_left_out": 2, "positives": 2}
    assert expected.items() <= made.counts.items()
    assert made.changes[1].what.endswith("is left out")


def test_a_query_whose_only_positive_was_wrong_stays_if_a_label_found_another():
    made = make_training_set(three.selection(), three.labels(("q2", "d6", TN), ("q2", "d3", FN)))
    assert lists(made)["q2"] == (["d3"], [])
    assert made.counts["queries_without_negative"] == 1


def test_a_query_without_positive_is_left_out_and_counted():
    pool = three.pool()
    bare = replace(pool, positives=np.where(np.arange(3)[:, None] == 1, PAD, pool.positives).astype(np.int32))
    made = make_training_set(three.selection(of=bare), NONE)
    assert list(lists(made)) == ["q0", "q2"]
    assert made.counts["queries_without_positive"] == 1
    assert made.counts["in_queries_left_out"] == 2


def test_negatives_come_best_rank_first_whatever_the_order_of_the_draw():
    taken = three.selection()
    turned = replace(taken, columns=taken.columns[:, ::-1].copy())
    assert lists(make_training_set(turned, NONE)) == lists(make_training_set(taken, NONE))


def test_a_pool_without_candidates_gives_queries_without_negatives():
    pool = three.pool()
    empty = np.zeros((3, 0))
    none = replace(
        pool,
        documents=empty.astype(np.int32),
        ranks={},
        scores={"dense": empty.astype(np.float32)},
        flags=empty.astype(np.uint16),
    )
    taken = replace(
        three.selection(),
        pool=none,
        drawn_from=empty,
        reasons=empty.astype(np.int8),
        columns=np.full((3, 2), PAD, np.int32),
    )
    assert [len(example.negatives) for example in make_training_set(taken, NONE)] == [0, 0, 0]


def test_texts_carry_id_title_text_and_content():
    made = make_training_set(three.selection(), NONE)
    assert made.document(0) == ("d0", "Jam", "sets with pectin", "Jam sets with pectin")
    assert made.query(1) == ("q1", "where do tides come from")


ANY_LABELS = st.lists(
    st.tuples(
        st.sampled_from(["q0", "q1", "q2"]), st.sampled_from([d[0] for d in three.DOCUMENTS]), st.sampled_from(Verdict)
    ),
    max_size=12,
)
POOL = three.pool()


@given(said=ANY_LABELS, count=st.integers(1, 5), unsure=st.sampled_from(["leave out", "keep"]))
def test_whatever_people_say_the_sums_are_exact_and_no_positive_is_a_negative(said, count, unsure):
    labels = three.labels(*said, of=POOL)
    made = make_training_set(three.selection(count, POOL), labels, unsure=unsure)
    assert made.counts["taken"] == made.counts["negatives"] + sum(made.counts[name] for name in REMOVED)
    assert made.counts["positives"] == sum(len(example.positives) for example in made)
    assert made.counts["negatives"] == sum(len(example.negatives) for example in made)
    assert made.counts["promoted"] == sum(each.promoted for example in made for each in example.positives)
    for example in made:
        assert example.positives
        forms = frozenset().union(*(made.forms(each.document) for each in example.positives))
        assert all(forms.isdisjoint(made.forms(each.document)) for each in example.negatives)
        verdicts = labels.align_pairs(POOL.dataset, example.query, [each.document for each in example.negatives])
        assert not set(verdicts.tolist()) & {1, 3}


def test_labels_are_found_again_in_another_dataset_by_their_content():
    pool = three.pool()
    renamed = three.pool([(f"x{9 - place}", *document[1:]) for place, document in enumerate(three.DOCUMENTS)])
    said = three.labels(("q1", "d0", FN), of=pool)
    made = make_training_set(three.selection(of=renamed), said)
    assert lists(made)["q1"] == (["x4", "x9"], ["x6"])
    assert isinstance(said, Labels)
