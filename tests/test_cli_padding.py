"""What only fills its query is told by select, marked in the ids of an export, and counted in its card and manifest."""

import json

import pyarrow.parquet as pq
import pytest

from negviz.cli import main
from negviz.store import save_pool
from tests.pools import rich_pool

RECIPE = """
name: filled
steps:
- rank_window: {start: 0, stop: 2}
underfill: pad
backfill: {rank_window: {start: 0}}
count: 4
"""


@pytest.fixture
def run(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_pool(rich_pool(), tmp_path / "pool")
    (tmp_path / "filled.yaml").write_text(RECIPE)

    def call(*arguments):
        capfd.readouterr()
        with pytest.raises(SystemExit) as done:
            main(list(arguments))
        out, err = capfd.readouterr()
        assert not done.value.code, err
        return out

    return call


def test_select_tells_people_how_many_only_fill(run):
    filled = json.loads(run("select", "pool", "--recipe", "filled.yaml", "--out", "a.parquet", "--json"))["backfilled"]
    assert filled > 0
    assert f"taken, {filled:,} of them backfilled" in run(
        "select", "pool", "--recipe", "filled.yaml", "--out", "a.parquet"
    )
    assert "backfilled" not in run("select", "pool", "--recipe", "nv_topk", "--out", "b.parquet")


def test_an_export_marks_and_counts_what_only_fills(run, tmp_path):
    run("select", "pool", "--recipe", "filled.yaml", "--out", "a.parquet")
    run("export", "pool", "--selection", "a.parquet", "--format", "flagembedding", "--out", "train")
    chosen = pq.read_table(tmp_path / "a.parquet").to_pylist()
    padding = {(row["query_id"], row["document_id"]) for row in chosen if row["backfilled"]}
    marked = {
        (row["query_id"], document)
        for row in pq.read_table(tmp_path / "train" / "ids.parquet").to_pylist()
        for document, filler in zip(row["negative_ids"], row["backfilled"], strict=True)
        if filler
    }
    manifest = json.loads((tmp_path / "train" / "manifest.json").read_text("utf-8"))
    assert marked
    assert marked <= padding
    assert manifest["counts"]["backfilled_negatives"] == len(marked)
    assert f"| {len(marked)} | negatives that only fill their query" in (tmp_path / "train" / "README.md").read_text(
        "utf-8"
    )
