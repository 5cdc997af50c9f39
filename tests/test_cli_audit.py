"""negviz audit, as scripts and people meet it."""

import csv
import json

import pytest

from negviz.cli import main
from negviz.recipe import find_recipe
from negviz.select import select
from negviz.store import save_pool, save_selection
from tests.commands import numbers
from tests.findings.test_contract import HOSTILE
from tests.pools import make_pool, rich_pool
from tests.test_given_negatives import ROWS

QUICK = ("--encoder", "static")


@pytest.fixture
def run(capfd, tmp_path, monkeypatch):
    """Run the verb in a folder with a mined file and a pool; gives exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mined.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")

    def verb(*arguments, name="audit"):
        capfd.readouterr()
        with pytest.raises(SystemExit) as done:
            main([name, *map(str, arguments)])
        return done.value.code or 0, *capfd.readouterr()

    return verb


@pytest.fixture
def stored(tmp_path):
    pool = rich_pool()
    save_pool(pool, tmp_path / "pool")
    save_selection(select(pool, find_recipe("nv_perc")), tmp_path / "selection.parquet")


def by_name(told):
    return {finding["name"]: finding for finding in told["findings"]}


def test_a_mined_file_gives_a_page_and_its_leak(run, tmp_path):
    code, out, err = run("mined.jsonl", *QUICK)
    assert code == 0, err
    assert "[bad] Leaks among the negatives" in out
    assert out.endswith("wrote audit.html\n")
    html = (tmp_path / "audit.html").read_text("utf-8")
    assert html.startswith("<!DOCTYPE html>")
    assert "light  scatters in the AIR." in html


def test_json_is_one_document_with_the_same_numbers(run):
    told = numbers(run("mined.jsonl", *QUICK, "--json", "--out", "other.html"))
    assert (told["negatives"], told["queries"], told["out"]) == (6, 3, "other.html")
    assert by_name(told)["leaks"]["facts"]["by_kind"]["same text as a positive"] == 1
    assert sum(told["counts"].values()) == len(told["findings"])


def test_a_kept_pool_can_be_sampled_judged_and_audited_again(run, tmp_path):
    numbers(run("mined.jsonl", *QUICK, "--keep", "kept", "--json"))
    first = (tmp_path / "audit.html").read_bytes()
    numbers(run("kept", "--selection", "kept.parquet", "--json"))
    assert (tmp_path / "audit.html").read_bytes() == first
    assert run("kept", "--selection", "kept.parquet", "--size", 6, "--out", "sheet.csv", name="sample")[0] == 0
    with (tmp_path / "sheet.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["verdict"] = "FN" if "AIR" in row["document"] else "TN"
    with (tmp_path / "sheet.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    told = numbers(run("mined.jsonl", *QUICK, "--labels", "sheet.csv", "--json"))
    rate = by_name(told)["false_negative_rate"]
    assert (rate["severity"], rate["facts"]["rate"]) == ("bad", pytest.approx(1 / 6))


@pytest.mark.usefixtures("stored")
def test_a_pool_is_audited_with_its_selection_or_with_what_came_with_it(run):
    chosen = numbers(run("pool", "--selection", "selection.parquet", "--json"))
    given = numbers(run("pool", "--json"))
    assert (chosen["recipe"]["name"], given["recipe"]["name"]) == ("nv_perc", "given")
    assert by_name(chosen)["leaks"]["facts"]["leaks"] == 0 < by_name(given)["leaks"]["facts"]["leaks"]


@pytest.mark.usefixtures("stored")
def test_judgments_and_held_out_are_used(run, tmp_path):
    (tmp_path / "all.tsv").write_text("q00\t0\td001\t1\nq01\t0\td002\t0\n", "utf-8")
    told = numbers(run("pool", "--judgments", "all.tsv", "--complete", "--held-out", "all.tsv", "--json"))
    found = by_name(told)
    assert found["false_negative_rate"]["facts"]["by"] == "judgments"
    assert found["leaks_to_held_out"]["facts"]["matched"]["query"] == 2


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("absent.jsonl",), "There is no file or folder"),
        (("mined.jsonl", "--out", "report.pdf"), "ends in .html"),
        (("mined.jsonl", "--complete"), "give --judgments"),
        (("mined.jsonl", "--selection", "selection.parquet"), "belongs to a pool"),
        (("pool", "--keep", "other"), "is a pool already"),
        (("pool", "--selection", "mined.jsonl"), "not a selection"),
        (("pool", "--held-out", "absent"), "There is no file or folder"),
        (("plain.jsonl",), "nothing to audit"),
        (("bare",), "--selection"),
    ],
)
def test_bad_input_is_one_sentence(run, tmp_path, arguments, said):
    (tmp_path / "plain.jsonl").write_text('{"query": "a b", "positive": "c d"}\n', "utf-8")
    save_pool(make_pool([[0.5]], [[0.9]]), tmp_path / "bare")
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert not (tmp_path / "audit.html").exists()


@pytest.mark.parametrize("wrong", ["--labels", "--judgments", "--held-out"])
def test_a_file_that_is_missing_leaves_no_kept_pool(run, tmp_path, wrong):
    code, out, err = run("mined.jsonl", *QUICK, "--keep", "kept", wrong, "absent.csv")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert not list(tmp_path.glob("kept*"))


def test_hostile_texts_of_a_file_stay_text(run, tmp_path):
    rows = [{"query": f"{text} {place}", "pos": [f"answer {place}"], "neg": [text or "blank", "plain words"]}
            for place, text in enumerate(HOSTILE)]  # fmt: skip
    (tmp_path / "odd.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    code, out, err = run("odd.jsonl", *QUICK)
    assert code == 0, err
    html = (tmp_path / "audit.html").read_text("utf-8")
    assert "<script>alert" not in html
    assert "\x00" not in html
    assert "Traceback" not in out + err


@pytest.mark.parametrize("name", ["bge_nq.jsonl", "bge_msmarco.jsonl", "toy_finetune_data.jsonl"])
def test_real_files_of_trainers_are_audited(run, collections, name):
    told = numbers(run(collections / "train_files" / name, *QUICK, "--json"))
    assert told["queries"] == 10
    found = by_name(told)
    assert found["leaks"]["facts"]["negatives"] == told["negatives"] > 60
    assert {finding["name"] for finding in told["findings"] if finding["severity"] == "unknown"} == {
        "false_negative_rate", "leaks_to_held_out",
    }  # fmt: skip
