"""negviz sweep, as scripts and people meet it."""

import csv

import pytest

from negviz.recipe import find_recipe
from negviz.select import select
from tests.commands import beside_a_pool, numbers
from tests.pools import rich_pool

ONE = ("--recipe", "nv_perc", "--knob", "relative_margin.margin", "--from", "0", "--to", "0.2", "--steps", "3")


@pytest.fixture
def ran(capfd, tmp_path, monkeypatch):
    """Run the command line beside a stored pool; gives exit code, standard output and standard error."""
    return beside_a_pool("sweep", capfd, tmp_path, monkeypatch)


def test_each_value_has_the_numbers_of_the_recipe_at_that_value(ran):
    found = numbers(ran(*ONE, "--json"))
    assert found["knob"] == {
        "name": "relative_margin.margin", "from": 0.0, "to": 0.2, "values": 3, "now": 0.05, "published": 0.05,
    }  # fmt: skip
    assert [row["value"] for row in found["rows"]] == [0.0, 0.1, 0.2]
    pool = rich_pool()
    for row in found["rows"]:
        selection = select(pool, find_recipe("nv_perc").with_knob("relative_margin", "margin", row["value"]))
        assert (row["taken"], row["starved"]) == (int(selection.taken_counts.sum()), int(selection.starved.sum()))
        assert row["measured_by"] == {}
    assert (found["queries"], found["of_queries"], found["second"]) == (24, 24, None)


def test_two_knobs_give_every_pair_and_other_knobs_can_be_set(ran):
    found = numbers(ran(*ONE, "--second", "count", "--second-from", "1", "--second-to", "3", "--second-steps", "3",
                        "--set", "relative_margin.inclusive=true", "--json"))  # fmt: skip
    assert [(row["value"], row["second"]) for row in found["rows"][:4]] == [(0.0, 1), (0.1, 1), (0.2, 1), (0.0, 2)]
    assert [row["count"] for row in found["rows"]] == [1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_judgments_and_labels_measure(ran, tmp_path):
    (tmp_path / "truth.tsv").write_text("query-id\tcorpus-id\tscore\nq00\td001\t2\nq01\td002\t0\n")
    (tmp_path / "labels.csv").write_text("query_id,document_id,verdict\nq00,d001,false negative\n")
    found = numbers(ran(*ONE, "--judgments", "truth.tsv", "--complete", "--labels", "labels.csv", "--json"))
    assert found["measured_by"] == ["judgments", "labels"]
    for row in found["rows"]:
        assert 0 < row["measured_by"]["judgments"]["labelled"] <= 8
        assert row["measured_by"]["judgments"]["taken"] == row["taken"]
        assert row["measured_by"]["judgments"]["method"] == "wilson"


def test_csv_has_a_row_a_value(ran, tmp_path):
    found = numbers(ran(*ONE, "--out", "sweep.csv", "--json"))
    with (tmp_path / "sweep.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["relative_margin.margin"]) for row in rows] == [0.0, 0.1, 0.2]
    assert [float(row["per_query"]) for row in rows] == [row["per_query"] for row in found["rows"]]


def test_text_for_people_has_the_knob_the_published_value_and_a_table(ran):
    code, out, _ = ran(*ONE, "--queries", "5")
    assert code == 0
    assert "on 5 queries, a seeded sample of 24" in out
    assert "relative_margin.margin: now 0.05, published 0.05" in out
    assert "best" not in out


@pytest.mark.parametrize(("more", "words"), [
    (("--knob", "relative_margin.nothing"), "no knob of that name"),
    (("--from", "0.5"), "the second must be larger"),
    (("--to", "3"), "must lie between 0 and 1"),
    (("--second", "count"), "--second-from"),
    (("--complete",), "--judgments FILE"),
    (("--recipe", "gecko", "--knob", "count", "--from", "1", "--to", "3", "--set", "scorer=nowhere"), "nowhere"),
])  # fmt: skip
def test_bad_input_gets_one_sentence_and_leaves_nothing(ran, tmp_path, more, words):
    code, out, err = ran(*ONE, *more, "--out", "sweep.csv", "--json")
    assert (code, out) == (2, "")
    assert words in err
    assert "Traceback" not in err
    assert not (tmp_path / "sweep.csv").exists()
