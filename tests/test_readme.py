"""What the README shows is run as it stands there, with a quick encoder where it names none."""

import csv
import re
import shlex
from pathlib import Path

import pytest

from negviz.catalogue import recipe_list
from negviz.cli import main
from negviz.recipe import published

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def negviz(*arguments):
    with pytest.raises(SystemExit) as done:
        main(list(arguments))
    assert not done.value.code


def commands():
    """Arguments of every line of the README that calls negviz, without its comment."""
    found = re.findall(r"^    negviz (.+)$", README, re.MULTILINE)
    return [shlex.split(line, comments=True) for line in found]


def test_the_library_block_runs(tmp_path, monkeypatch, capsys):
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README.md", "exec"), {})
    assert "'taken'" in capsys.readouterr().out
    assert (tmp_path / "train" / "manifest.json").is_file()
    assert list((tmp_path / "train" / "triplet").iterdir())


def judge(sheet):
    """Fill in a sheet, as a person would: each fifth pair answers its query."""
    with sheet.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        for place, row in enumerate(rows):
            writer.writerow({**row, "verdict": "true negative" if place % 5 else "false negative"})


def test_the_command_lines_run_one_after_the_other(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NEGVIZ_HOME", raising=False)
    (tmp_path / "labels-of-a-friend.csv").write_text(
        "query_id,document_id,verdict\namazon-river-q1,amazon-river-04,true negative\n"
    )
    negviz("labels", "import", "labels-of-a-friend.csv", "--data", "sample")
    (tmp_path / "train.jsonl").write_text(
        '{"query": "who built it", "pos": ["Eiffel built it."], "neg": ["It rained.", "A cat sat."]}\n'
    )
    ran = []
    for line in commands():
        if "|" in line:
            names = [part for part in line if part != "|"]
            for name in names:
                negviz(name)
            ran += names
            continue
        quick = ["--encoder", "static"] if line[0] in {"pool", "audit"} else []
        negviz(*["sample" if part == "DATA" else part for part in line], *quick)
        ran.append(line[0])
        if line[0] == "sample":
            judge(tmp_path / "sheet.csv")
    assert ran[:7] == ["describe", "pool", "select", "compare", "sweep", "suspects", "sample"]
    assert ran[7:15] == ["rate", "advise", "audit", "train", "export", "verify", "convert", "labels"]
    assert {"recipes", "formats", "encoders", "strategies", "students", "schedules", "losses"} <= set(ran)
    assert {"pool", "negatives.parquet", "train", "labels.csv", ".negviz"} <= {path.name for path in tmp_path.iterdir()}
    assert "amazon-river-04" in (tmp_path / "labels.csv").read_text("utf-8")
    assert "Traceback" not in capfd.readouterr().err


def test_the_table_of_recipes_says_what_the_list_says():
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+?) \|$", README, re.MULTILINE)
    listed = {row["name"]: row for row in recipe_list()}
    assert {name for name, *_ in rows} == set(listed)
    for name, title, paper, needs in rows:
        assert (title, paper) == (listed[name]["title"], listed[name]["paper"])
        assert needs == (", ".join(listed[name]["needs"]) or "scores")


def test_the_table_of_recipes_is_the_published_ones():
    assert re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE) == sorted(
        published(), key=lambda name: README.index(f"| `{name}` |")
    )
