"""negviz compare, as scripts and people meet it."""

import csv

import pytest

from negviz.cli import main
from tests.commands import beside_a_pool, numbers

KEYS = {"name", "taken", "backfilled", "starved", "hardness", "seconds", "likely_false", "measured", "problem"}


@pytest.fixture
def ran(capfd, tmp_path, monkeypatch):
    """Run the command line beside a stored pool; gives exit code, standard output and standard error."""
    return beside_a_pool("compare", capfd, tmp_path, monkeypatch)


def test_report_has_the_promised_keys(ran):
    found = numbers(ran("--recipe", "nv_perc", "--recipe", "nv_topk", "--recipe", "bm25", "--json"))
    assert {"recipes", "jaccard", "only"} <= set(found)
    assert [row["name"] for row in found["recipes"]] == ["nv_perc", "nv_topk", "bm25"]
    assert all(set(row) >= KEYS for row in found["recipes"])
    assert [len(row) for row in found["jaccard"]] == [3, 3, 3]
    assert all(row["problem"] is None and row["measured"] is None for row in found["recipes"])


def test_selection_file_judgments_labels_and_csv(ran, tmp_path):
    with pytest.raises(SystemExit):
        main(["select", "pool", "--recipe", "nv_perc", "--count", "2", "--out", "two.parquet"])
    (tmp_path / "truth.tsv").write_text("query-id\tcorpus-id\tscore\nq00\td001\t2\nq01\td002\t0\n")
    (tmp_path / "labels.csv").write_text("query_id,document_id,verdict\nq00,d001,false negative\n")
    found = numbers(ran("--recipe", "nv_topk", "--selection", "two.parquet", "--judgments", "truth.tsv", "--complete",
                        "--labels", "labels.csv", "--out", "diff.csv", "--json"))  # fmt: skip
    first, second = found["recipes"]
    assert second["name"] == "two"
    assert second["seconds"] is None
    assert first["measured"]["by"] == "judgments"
    assert first["measured_by"]["labels"]["taken"] == first["taken"]
    assert found["judgments"]["relevant_from"] == 2
    with (tmp_path / "diff.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == found["union"]
    assert list(rows[0]) == ["query_id", "document_id", "taken_by", "refused_by nv_topk", "refused_by two"]
    for row in rows:
        takers = row["taken_by"].split("; ")
        assert takers == [name for name in ("nv_topk", "two") if not row[f"refused_by {name}"]]


def test_what_cannot_run_is_listed_and_the_others_are_compared(ran, tmp_path):
    (tmp_path / "other.yaml").write_text("name: other\nscorer: nowhere\nsteps: []\ndraw: top\n")
    found = numbers(ran("--recipe", "other.yaml", "--recipe", "nv_perc", "--recipe", "bm25", "--json"))
    assert "no scores called 'nowhere'" in found["recipes"][0]["problem"]
    assert found["compared"] == ["nv_perc", "bm25"]


def test_text_for_people_names_every_recipe(ran):
    code, out, _ = ran("--recipe", "nv_perc", "--recipe", "bm25")
    assert code == 0
    assert "Jaccard index over taken pairs" in out
    assert "nv_perc" in out
    assert "median of" in out


def test_text_for_people_says_which_judgments_were_left_out(ran, tmp_path):
    lines = ["query-id\tcorpus-id\tscore", "q00\td001\t1", "q00\telsewhere\t1", "nobody\td001\t1"]
    (tmp_path / "truth.tsv").write_text("\n".join(lines) + "\n")
    code, out, _ = ran("--recipe", "nv_perc", "--recipe", "bm25", "--judgments", "truth.tsv")
    assert code == 0
    assert "judgments: 1 of truth.tsv, relevant from 1; left out: 2 of other ids, 0 unreadable" in out


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--recipe", "nv_perc"], "2 to 6 can be compared"),
        (["--recipe", "nv_perc", "--recipe", "nv_prec"], "Did you mean 'nv_perc'"),
        (["--recipe", "nv_perc", "--selection", "gone.parquet"], "no selection file"),
        (["--recipe", "nv_perc", "--recipe", "bm25", "--judgments", "gone.tsv"], "no file of judgments"),
        (["--recipe", "nv_perc", "--recipe", "bm25", "--complete"], "give --judgments"),
        (
            ["--recipe", "nv_perc", "--recipe", "bm25", "--relevant-from", "0"],
            "'--relevant-from': 0 is not in the range",
        ),
        (["--recipe", "nv_perc", "--recipe", "bm25", "--scorer", "nowhere"], "no scores called 'nowhere'"),
        (["--recipe", "nv_perc", "--recipe", "bm25", "--labels", "gone.csv"], "gone.csv"),
    ],
)
def test_bad_input_gets_one_sentence_and_leaves_nothing(ran, tmp_path, arguments, wanted):
    code, out, err = ran(*arguments, "--out", "diff.csv")
    assert (code, out) == (2, "")
    (line,) = [line for line in err.replace("\r", "\n").split("\n") if line.strip()]
    assert line.startswith("negviz: ")
    assert wanted in line
    assert not (tmp_path / "diff.csv").exists()
