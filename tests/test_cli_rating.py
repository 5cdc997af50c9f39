"""negviz sample, rate and advise, as scripts and people meet them."""

import csv

import numpy as np
import pytest

from negviz.labels import LabelStore
from negviz.recipe import find_recipe
from negviz.select import select
from negviz.store import save_selection
from tests.commands import beside_a_pool, numbers
from tests.pools import rich_pool

OF = ("--selection", "selection.parquet")
KNOB = ("--recipe", "nv_perc", "--knob", "relative_margin.margin", "--from", "0", "--to", "0.2", "--steps", "3")


@pytest.fixture
def verbs(capfd, tmp_path, monkeypatch):
    """Run a verb beside a stored pool with a selection; gives exit code, standard output and standard error."""
    runs = {name: beside_a_pool(name, capfd, tmp_path, monkeypatch) for name in ("sample", "rate", "advise")}
    save_selection(select(rich_pool(), find_recipe("nv_perc")), tmp_path / "selection.parquet")
    return lambda name, *arguments: runs[name](*arguments)


def judge(path, false):
    """Fill in the verdicts of a sheet: false where the place says so."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for place, row in enumerate(rows):
        row["verdict"] = "FN" if false(place) else "TN"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return rows


@pytest.mark.parametrize(("more", "method"), [((), "wilson"), (("--weighted",), "horvitz-thompson")])
def test_a_sample_that_was_filled_in_is_read_back_with_its_probabilities(verbs, tmp_path, more, method):
    drawn = numbers(verbs("sample", *OF, "--size", "40", "--seed", "3", *more, "--out", "sheet.csv", "--json"))
    negatives = int(select(rich_pool(), find_recipe("nv_perc")).taken.sum())
    assert (drawn["drawn"], drawn["of"]) == (40, negatives)
    rows = judge(tmp_path / "sheet.csv", lambda place: place < 6)
    assert list(rows[0])[:3] == ["query_id", "document_id", "verdict"]
    assert all(row["query"] and row["document"] and row["queue"].startswith("random") for row in rows)
    chances = np.array([float(row["probability"]) for row in rows])
    assert (np.ptp(chances) > 0) == bool(more)
    found = numbers(verbs("rate", *OF, "--labels", "sheet.csv", "--width", "0.1", "--by", "rank", "--json"))
    assert (found["labelled"], found["false_negatives"], found["negatives"]) == (40, 6, negatives)
    assert found["method"].startswith(method)
    assert 0 < found["low"] < found["rate"] < found["high"] < 1
    hits = chances[:6]
    assert found["rate"] == pytest.approx((1 / hits).sum() / (1 / chances).sum())
    assert found["more_labels"] > 0
    assert sum(group["labelled"] for group in found["groups"]) == 40
    assert set(found["assisted"]) >= {"rate", "low", "high", "method", "model"}


def test_a_sheet_goes_through_the_label_database_too(verbs, tmp_path, capfd):
    numbers(verbs("sample", *OF, "--size", "30", "--weighted", "--out", "sheet.csv", "--json"))
    judge(tmp_path / "sheet.csv", lambda place: place % 5 == 0)
    straight = numbers(verbs("rate", *OF, "--labels", "sheet.csv", "--json"))
    from negviz.cli import main

    with pytest.raises(SystemExit):
        main(["labels", "import", "sheet.csv"])
    with LabelStore() as store:
        where = str(store.url)
    through = numbers(verbs("rate", *OF, "--labels", where, "--json"))
    assert through == straight


def test_the_same_seed_draws_the_same_bytes(verbs, tmp_path):
    for name in ("one.csv", "two.csv"):
        verbs("sample", *OF, "--size", "20", "--seed", "7", "--out", name)
    verbs("sample", *OF, "--size", "20", "--seed", "8", "--out", "other.csv")
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert (tmp_path / "one.csv").read_bytes() != (tmp_path / "other.csv").read_bytes()


def test_labels_without_probability_say_so_and_text_is_for_people(verbs, tmp_path):
    chosen = select(rich_pool(), find_recipe("nv_perc"))
    data = chosen.pool.dataset
    rows = [
        f"{data.query_id(int(chosen.pool.queries[row]))},{data.document_id(int(chosen.pool.documents[row, column]))},"
        + ("FN" if place < 3 else "TN")
        for place, (row, column) in enumerate(np.argwhere(chosen.taken)[:20])
    ]
    (tmp_path / "labels.csv").write_text("query_id,document_id,verdict\n" + "\n".join(rows) + "\n")
    found = numbers(verbs("rate", *OF, "--labels", "labels.csv", "--no-model", "--json"))
    assert found["method"] == "wilson (labels taken as a random sample)"
    assert (found["low"], found["high"]) == pytest.approx((0.0523693, 0.3604183), abs=1e-6)
    assert found["assisted"] is None
    code, out, _ = verbs("rate", *OF, "--labels", "labels.csv", "--by", "rank")
    assert code == 0
    assert "false-negative rate: 15.0%, 5.2% to 36.0% (95% interval)" in out
    assert "from 3 false of 20 answers" in out
    assert "beside it, corrected by the suspicion model" in out
    assert "too few answers" in out


def test_advice_draws_for_all_values_and_then_tells(verbs, tmp_path):
    drawn = numbers(verbs("advise", *KNOB, "--draw", "sheet.csv", "--size", "60", "--json"))
    assert drawn["of"] >= drawn["drawn"] == 60
    judge(tmp_path / "sheet.csv", lambda place: place == 0)
    found = numbers(verbs("advise", *KNOB, "--labels", "sheet.csv", "--rate", "0.3", "--json"))
    assert [offer["value"] for offer in found["offers"]] == [0, 0.05, 0.1, 0.2]
    assert found["sure"]["ceiling"] <= 0.3
    assert all(offer["measured"] for offer in found["offers"])
    code, out, _ = verbs("advise", *KNOB, "--labels", "sheet.csv", "--rate", "0.3")
    assert code == 0
    assert "with a confidence of 95%" in out
    assert "ceiling" in out


def test_a_sheet_that_nobody_filled_in_says_so(verbs, tmp_path):
    assert verbs("sample", *OF, "--size", "5", "--out", "sheet.csv")[0] == 0
    code, _, err = verbs("rate", *OF, "--labels", "sheet.csv")
    assert code == 2
    assert "There is no label yet that says false or true negative" in err


@pytest.mark.parametrize(("verb", "more", "words"), [
    ("rate", (*OF, "--labels", "nowhere.csv"), "nowhere.csv"),
    ("rate", (*OF, "--labels", "other.csv"), "negviz sample"),
    ("rate", ("--selection", "nothing.parquet", "--labels", "other.csv"), "negviz select"),
    ("rate", (*OF, "--labels", "other.csv", "--confidence", "95"), "confidence is 95"),
    ("rate", (*OF,), "--labels"),
    ("sample", (*OF, "--size", "10", "--out", "sheet.txt"), "ends in .csv"),
    ("sample", (*OF, "--size", "0", "--out", "sheet.csv"), "--size"),
    ("advise", (*KNOB,), "--draw FILE.csv"),
    ("advise", (*KNOB, "--labels", "other.csv", "--rate", "0.1"), "no rate is known"),
    ("advise", (*KNOB, "--knob", "relative_margin.nothing", "--draw", "sheet.csv"), "no knob of that name"),
])  # fmt: skip
def test_bad_input_gets_one_sentence_and_leaves_nothing(verbs, tmp_path, verb, more, words):
    (tmp_path / "other.csv").write_text("query,document,verdict\nsomething,else,FN\n")
    code, out, err = verbs(verb, *more, "--json")
    assert (code, out) == (2, "")
    assert words in err
    assert "Traceback" not in err
    assert not (tmp_path / "sheet.csv").exists()
