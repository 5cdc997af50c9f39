"""negviz suspects, as scripts and people meet it."""

import csv

import numpy as np
import pytest

from negviz.dataset import Dataset
from negviz.labels import LabelEvent, Verdict, write_labels
from negviz.recipe import find_recipe
from negviz.select import select
from negviz.store import save_pool, save_selection
from negviz.suspicion import suspicion_model
from tests.commands import beside_a_pool, numbers
from tests.pools import make_pool, recipe, rich_pool


@pytest.fixture
def ran(capfd, tmp_path, monkeypatch):
    """Run the command line beside a stored pool; gives exit code, standard output and standard error."""
    return beside_a_pool("suspects", capfd, tmp_path, monkeypatch)


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_candidate_without_a_leak_most_suspect_first(ran, tmp_path):
    said = numbers(ran("--out", "s.csv", "--json"))
    pool = rich_pool()
    rows = rows_of(tmp_path / "s.csv")
    assert list(rows[0]) == ["query_id", "document_id", "probability", "reasons"]
    assert said["pairs"] == said["written"] == len(rows) == int(pool.eligible.sum())
    assert (said["labelled"], said["fitted"]) == (0, False)
    keys = [(-float(row["probability"]), row["query_id"], row["document_id"]) for row in rows]
    assert keys == sorted(keys)
    best = float(np.nanmax(suspicion_model(pool).probabilities()))
    assert float(rows[0]["probability"]) == pytest.approx(best, abs=1e-4)
    assert rows[0]["reasons"]


def test_top_is_the_start_of_the_whole_list_and_again_gives_the_same_bytes(ran, tmp_path):
    numbers(ran("--out", "all.csv", "--json"))
    assert numbers(ran("--out", "ten.csv", "--top", "10", "--json"))["written"] == 10
    assert rows_of(tmp_path / "ten.csv") == rows_of(tmp_path / "all.csv")[:10]
    numbers(ran("--out", "again.csv", "--json"))
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "all.csv").read_bytes()


def test_a_selection_limits_the_list_to_what_it_takes(ran, tmp_path):
    selection = select(rich_pool(), find_recipe("nv_topk"))
    save_selection(selection, tmp_path / "taken.parquet")
    said = numbers(ran("--out", "s.csv", "--selection", "taken.parquet", "--json"))
    assert said["pairs"] == int(selection.taken.sum())
    pool = selection.pool
    taken = {(pool.dataset.query_id(pool.queries[row]), pool.dataset.document_id(pool.documents[row, column]))
             for row, column in np.argwhere(selection.taken)}  # fmt: skip
    assert {(row["query_id"], row["document_id"]) for row in rows_of(tmp_path / "s.csv")} == taken


def test_an_empty_selection_gives_a_header(ran, tmp_path):
    nothing = recipe(("score_floor", {"floor": 1000.0}), count=3)
    save_selection(select(rich_pool(), nothing), tmp_path / "none.parquet")
    assert numbers(ran("--out", "s.csv", "--selection", "none.parquet", "--json"))["written"] == 0
    assert (tmp_path / "s.csv").read_text() == "query_id,document_id,probability,reasons\n"


def test_labelled_pairs_are_left_out_and_counted(ran, tmp_path):
    pool = rich_pool()
    cells = [tuple(map(int, np.argwhere(pool.eligible)[place])) for place in (0, 100, 200, 300)]
    verdicts = [Verdict.FALSE_NEGATIVE, Verdict.TRUE_NEGATIVE, Verdict.DROP, Verdict.UNSURE]
    events = [LabelEvent.of(pool.dataset, row, int(pool.documents[row, column]), verdict)
              for (row, column), verdict in zip(cells, verdicts, strict=True)]  # fmt: skip
    write_labels(events, tmp_path / "labels.csv")
    said = numbers(ran("--out", "s.csv", "--labels", "labels.csv", "--json"))
    assert (said["labelled"], said["written"], said["fitted"]) == (4, said["pairs"] - 4, True)
    assert "2 labels" in said["about"]
    written = {(row["query_id"], row["document_id"]) for row in rows_of(tmp_path / "s.csv")}
    assert not written & {(event.query_id, event.document_id) for event in events}


def test_text_for_people_says_what_it_rests_on(ran):
    code, out, _ = ran("--out", "s.csv", "--top", "3")
    assert code == 0
    assert "written: 3" in out
    assert "prior" in out


def test_ids_that_a_spreadsheet_would_run_are_guarded(ran, tmp_path):
    dataset = Dataset.build(
        name="odd", format="test", queries=[("=1+1", "what, \"then\"?")], positives=[("=1+1", "@a", 1)],
        documents=[("@a", "", "one"), ("b,\n\"c\"", "", "two"), ("-d", "", "three")],
    )  # fmt: skip
    save_pool(make_pool([[0.4, 0.9]], [[0.5]], dataset=dataset, documents=[[0, 2]], positives=[[1]]), tmp_path / "odd")
    (tmp_path / "pool").rename(tmp_path / "other")
    (tmp_path / "odd").rename(tmp_path / "pool")
    numbers(ran("--out", "s.csv", "--json"))
    rows = rows_of(tmp_path / "s.csv")
    assert {row["query_id"] for row in rows} == {"'=1+1"}
    assert {row["document_id"][:1] for row in rows} <= {"'", "b"}


@pytest.mark.parametrize(("more", "words"), [
    (("--out", "s.csv", "--selection", "none.parquet"), "no selection file"),
    (("--out", "s.csv", "--labels", "none.csv"), "none.csv"),
    (("--out", "s.csv", "--labels", "bad.csv"), "bad.csv"),
    (("--out", "s.csv", "--selection", "bad.csv"), "not a selection"),
    (("--out", "s.csv", "--top", "0"), "--top"),
    (("--out", "pool"), "is a folder"),
    ((), "--out"),
])  # fmt: skip
def test_bad_input_is_one_sentence_and_writes_nothing(ran, tmp_path, more, words):
    (tmp_path / "bad.csv").write_text("nothing,here\n1,2\n")
    before = sorted(path.name for path in tmp_path.iterdir())
    code, out, err = ran(*more)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert sorted(path.name for path in tmp_path.iterdir()) == before
