"""Comparison: recipes and selections side by side, measured alike, and judgments that never reach a recipe."""

import csv
import io
import json

import numpy as np
import pytest

from negviz.comparison import (
    ELSEWHERE,
    NOT_DRAWN,
    all_knobs,
    apart,
    compare,
    fate_in_words,
    fates,
    hardness_of,
    run,
    stored,
)
from negviz.comparison_report import difference_csv, report, write_differences
from negviz.dataset import Dataset
from negviz.errors import DataError
from negviz.labels import LabelEvent, Labels, Verdict
from negviz.recipe import Step
from negviz.select import select
from negviz.store import save_selection
from negviz.taken_pairs import pairs_of, taken_keys
from negviz.truth import read_truth
from tests.pools import make_pool, recipe


@pytest.fixture
def pool():
    """Two queries, four candidates (documents 1 to 4), the positive at 0.8."""
    return make_pool([[0.9, 0.7, 0.6, 0.4], [0.9, 0.7, 0.6, 0.4]], [[0.8], [0.8]])


TOP = recipe(count=2)
BELOW = recipe(("relative_margin", {"margin": 0.05}), count=2)


def sides(pool, *recipes, **settings):
    return compare(pool, [run(pool, each, name) for name, each in zip("abcdef", recipes, strict=False)], **settings)


def qrels(path, *lines):
    path.write_text("query-id\tcorpus-id\tscore\n" + "".join(f"{line}\n" for line in lines), "utf-8")
    return path


def test_what_runs_is_what_select_gives_and_its_time_is_measured(pool):
    found = run(pool, BELOW)
    assert found.selection.fingerprint == select(pool, BELOW).fingerprint
    assert found.seconds > 0
    assert found.runs == 3
    assert found.name == "test"


def test_a_recipe_that_cannot_run_is_named_with_its_sentence_and_the_others_are_compared(pool):
    found = sides(pool, TOP, recipe(scorer="bm25"), BELOW)
    numbers = report(found)
    assert numbers["compared"] == ["a", "c"]
    (broken,) = [row for row in numbers["recipes"] if row["problem"]]
    assert broken["name"] == "b"
    assert "no scores called 'bm25'" in broken["problem"]
    assert broken["taken"] is None
    assert np.shape(numbers["jaccard"]) == (2, 2)


def test_none_that_runs_one_alone_and_seven_are_refused(pool):
    with pytest.raises(DataError, match="None of these can run"):
        sides(pool, recipe(scorer="x"), recipe(scorer="y"))
    with pytest.raises(DataError, match=r"1 recipes and selections were given, .* name more of them"):
        sides(pool, TOP)
    with pytest.raises(DataError, match="7 recipes"):
        compare(pool, [run(pool, TOP)] * 7)


def test_equal_names_are_told_apart(pool):
    one = run(pool, TOP, "a")
    assert [each.name for each in apart([one, one, run(pool, TOP, "a (2)"), one])] == [
        "a",
        "a (2)",
        "a (2) (2)",
        "a (3)",
    ]


def test_report_worked_by_hand(pool):
    # TOP takes documents 1 and 2 of both queries; BELOW refuses document 1 (0.9 above 0.76) and takes 2 and 3.
    numbers = report(sides(pool, TOP, BELOW))
    first, second = numbers["recipes"]
    assert (first["taken"], second["taken"]) == (4, 4)
    assert numbers["jaccard"] == [[1.0, pytest.approx(1 / 3)], [pytest.approx(1 / 3), 1.0]]
    assert numbers["jaccard"] == numbers["jaccard_per_query"]
    assert numbers["union"] == 6 == sum(part["count"] for part in numbers["intersections"])
    assert numbers["only"] == {"a": 2, "b": 2}
    assert first["hardness"]["mean"] == pytest.approx(0.0, abs=1e-6)
    assert second["hardness"]["mean"] == pytest.approx(-0.15)
    assert (first["likely_false"]["count"], second["likely_false"]["count"]) == (2, 0)
    assert first["documents"]["distinct"] == 2
    assert first["measured"] is None
    json.dumps(numbers, allow_nan=False)


def test_an_empty_selection_is_compared_like_any_other(pool):
    nothing = recipe(("score_ceiling", {"ceiling": -1.0}), count=2)
    numbers = report(sides(pool, TOP, nothing))
    row = numbers["recipes"][1]
    assert (row["taken"], row["starved"], row["empty"]) == (0, 2, 2)
    assert row["hardness"]["mean"] is None
    assert numbers["jaccard"] == [[1.0, 0.0], [0.0, None]]
    json.dumps(numbers, allow_nan=False)


def events(pool, *said):
    data = pool.dataset
    return Labels.of([
        LabelEvent.of(data, query, document, verdict, annotator="me", queue="random")
        for query, document, verdict in said
    ])  # fmt: skip


def test_labels_measure_and_do_not_choose(pool):
    labels = events(
        pool, (0, 1, Verdict.FALSE_NEGATIVE), (0, 2, Verdict.TRUE_NEGATIVE), (1, 1, Verdict.UNSURE),
        (1, 2, Verdict.DROP), (0, 4, Verdict.FALSE_NEGATIVE),
    )  # fmt: skip
    found = sides(pool, TOP, BELOW, labels=labels)
    first, second = (row["measured"] for row in report(found)["recipes"])
    assert (first["by"], first["false_negatives"], first["labelled"], first["taken"]) == ("labels", 1, 2, 4)
    assert (second["false_negatives"], second["labelled"]) == (0, 1)
    assert first["rate"] == 0.5
    assert found.selections[0].fingerprint == sides(pool, TOP, BELOW).selections[0].fingerprint


def test_judgments_measure_and_no_recipe_sees_them(pool, tmp_path):
    path = qrels(tmp_path / "complete.tsv", "q00\td001\t3", "q00\td002\t1", "q01\td001\t0", "q01\tnowhere\t3")
    truth = read_truth(path, pool.dataset)
    assert (truth.relevant_from, truth.unknown, len(truth.judgments)) == (2, 1, 3)
    found = sides(pool, TOP, BELOW, truth=truth)
    first = report(found)["recipes"][0]["measured"]
    assert (first["by"], first["false_negatives"], first["labelled"], first["taken"]) == ("judgments", 1, 3, 4)
    plain = sides(pool, TOP, BELOW)
    assert [each.fingerprint for each in found.selections] == [each.fingerprint for each in plain.selections]


def test_complete_judgments_count_what_they_do_not_list(pool, tmp_path):
    path = qrels(tmp_path / "complete.tsv", "q00\td001\t2")
    first = report(sides(pool, TOP, BELOW, truth=read_truth(path, pool.dataset, complete=True)))["recipes"][0]
    # Query 0 is judged, so its other negative does not answer; query 1 is not in the file.
    assert (first["measured"]["false_negatives"], first["measured"]["labelled"]) == (1, 2)


@pytest.mark.parametrize(("grades", "wanted"), [((1, 0), 1), ((2, 1), 2), ((3, 0), 2), ((0, 0), 1)])
def test_which_grades_answer_follows_the_file(pool, tmp_path, grades, wanted):
    path = qrels(tmp_path / "q.tsv", *(f"q00\td00{place + 1}\t{grade}" for place, grade in enumerate(grades)))
    assert read_truth(path, pool.dataset).relevant_from == wanted
    assert read_truth(path, pool.dataset, relevant_from=3).relevant_from == 3


def test_trec_judgments_are_read_and_foreign_ones_refused(pool, tmp_path):
    path = tmp_path / "qrels.txt"
    path.write_text("q00 0 d001 1\nq01 0 d002 0\nbroken line\n")
    truth = read_truth(path, pool.dataset)
    assert (len(truth.judgments), truth.unreadable) == (2, 1)
    path.write_text("x 0 y 1\n")
    with pytest.raises(DataError, match=r"No line of qrels\.txt"):
        read_truth(path, pool.dataset)
    with pytest.raises(DataError, match="There is no file of judgments"):
        read_truth(tmp_path / "gone.tsv", pool.dataset)


def test_a_stored_selection_is_compared_like_the_recipe_that_made_it(pool, tmp_path):
    save_selection(select(pool, BELOW), tmp_path / "mine.parquet")
    found = compare(pool, [run(pool, BELOW, "live"), stored(pool, tmp_path / "mine.parquet")])
    assert found.names == ("live", "mine")
    assert found.overlap.over_pairs.tolist() == [[1, 1], [1, 1]]
    assert report(found)["recipes"][1]["seconds"] is None


def test_why_the_other_does_not_take_it(pool):
    found = sides(pool, TOP, BELOW)
    knobs = all_knobs(BELOW)
    only_top, only_below = found.differences(0, 1).only_first, found.differences(0, 1).only_second
    assert only_top.tolist() == [[0, 1], [1, 1]]
    assert fates(found.selections[1], only_top) == ["relative_margin"] * 2
    assert fate_in_words(found.selections[1], 0, 1, knobs).startswith("It scores 0.9, not below 0.76")
    assert fates(found.selections[0], only_below) == [NOT_DRAWN] * 2
    words = fate_in_words(found.selections[0], 0, 3, {})
    assert words == (
        "Nothing refuses it (weight 1), but the draw 'top' took 2 others: it has rank 2 by 'dense', they have 0 to 1."
    )
    assert fate_in_words(found.selections[1], 0, 2, knobs) == ""


def test_pairs_of_a_source_are_compared_by_ids_and_not_by_columns(full):
    source = recipe(count=3, source=Step("in_batch", {})) if "in_batch" in _sources() else None
    if source is None:
        pytest.skip("no source is registered")
    found = sides(full, recipe(count=3), source)
    assert not found.contenders[1].problem
    pairs = pairs_of(full, taken_keys(found.selections[1]))
    outcome = fates(found.selections[0], pairs)
    for (place, document), why in zip(pairs.tolist(), outcome, strict=True):
        assert (why == ELSEWHERE) == (document not in full.documents[place])
    scores, _ = hardness_of(found.selections[1], pairs, "dense", "min")
    assert np.isfinite(scores).any()


def _sources():
    from negviz.sources import SOURCES

    return SOURCES.names()


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_differences_as_csv_worked_by_hand(pool, tmp_path):
    found = sides(pool, TOP, BELOW)
    rows = rows_of(difference_csv(found))
    assert [(row["query_id"], row["document_id"], row["taken_by"]) for row in rows[:3]] == [
        ("q00", "d001", "a"), ("q00", "d002", "a; b"), ("q00", "d003", "b")
    ]  # fmt: skip
    assert [row["refused_by a"] for row in rows[:3]] == ["", "", NOT_DRAWN]
    assert [row["refused_by b"] for row in rows[:3]] == ["relative_margin", "", ""]
    assert write_differences(found, tmp_path / "out.csv") == 6 == len(rows)
    assert (tmp_path / "out.csv").read_bytes().decode() == difference_csv(found)


def test_no_cell_is_a_formula_for_a_spreadsheet():
    dataset = Dataset.build(
        name="odd", format="test", queries=[("=1+1", "q")], positives=[("=1+1", "+p", 1)],
        documents=[("+p", "", "x"), ("@d", "", "y"), ("-d", "", "z")],
    )  # fmt: skip
    pool = make_pool([[0.5, 0.4]], [[0.8]], dataset=dataset, documents=[[1, 2]], positives=[[0]])
    found = compare(pool, [run(pool, recipe(count=1), "=A1"), run(pool, recipe(count=2), "-b")])
    for row in csv.reader(io.StringIO(difference_csv(found))):
        assert not [cell for cell in row if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}]


def test_hardness_by_another_scorer_than_the_recipes(pool):
    other = np.array(pool.scores["dense"]) * 10
    both = make_pool([[0.9, 0.7, 0.6, 0.4]] * 2, [[0.8], [0.8]], more_scores={"other": other})
    numbers = report(sides(both, TOP, BELOW, scorer="other"))
    assert numbers["scorer"] == "other"
    assert numbers["recipes"][0]["hardness"]["mean"] == pytest.approx((9 + 7) / 2 - 0.8, abs=1e-5)
