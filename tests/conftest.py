"""Fixtures for all tests: one pool written by hand, one with every layer, the sample collection."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import settings

from negviz.dataset import Dataset
from negviz.pool import Pool
from tests.pools import NAN, make_dataset, make_pool, rich_pool

ROOT = Path(__file__).parents[1]
settings.register_profile("tests", max_examples=60, deadline=None, derandomize=True)
settings.load_profile("tests")


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep caches and labels of the tests out of the person's folder."""
    monkeypatch.setenv("NEGVIZ_HOME", str(tmp_path / "home"))


@pytest.fixture
def tiny() -> Pool:
    """Two queries, four candidates: a labelled positive among them, a tie, an unknown score, padding.

    query 0, positive 0.90 (row 0):  d000 .90 leak, d001 .80, d002 .80, d003 .60
    query 1, positives .75 and .50:  d001 .75 leak, d004 unknown, d005 .95, padding
    """
    return make_pool(
        [[0.9, 0.8, 0.8, 0.6], [0.75, NAN, 0.95, NAN]],
        [[0.9, NAN], [0.75, 0.5]],
        documents=[[0, 1, 2, 3], [1, 4, 5, -1]],
        positives=[[0, -1], [1, 6]],
        flags=[[1, 0, 0, 0], [1, 0, 0, 0]],
        dataset=make_dataset(2, 8, positives=[("q00", "d000", 1), ("q01", "d001", 1), ("q01", "d006", 1)]),
    )


@pytest.fixture(scope="session")
def full() -> Pool:
    """Pool with every layer that a published recipe may ask for."""
    return rich_pool()


@pytest.fixture(scope="session")
def sample_folder() -> Path:
    """Folder of the sample collection."""
    return ROOT / "data" / "sample"


@pytest.fixture(scope="session")
def sample(sample_folder: Path) -> Dataset:
    """The sample collection, read without any loader."""
    documents = [json.loads(row) for row in (sample_folder / "corpus.jsonl").read_text("utf-8").splitlines()]
    queries = [json.loads(row) for row in (sample_folder / "queries.jsonl").read_text("utf-8").splitlines()]
    judged = (sample_folder / "qrels" / "train.tsv").read_text("utf-8").splitlines()[1:]
    rows = [row.split("\t") for row in judged]
    return Dataset.build(
        name="sample",
        format="beir",
        queries=[(row["_id"], row["text"]) for row in queries],
        documents=[(row["_id"], row["title"], row["text"]) for row in documents],
        positives=[(query, document, int(grade)) for query, document, grade in rows],
    )


@pytest.fixture(scope="session")
def collections() -> Path:
    """Folder of real collections; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("NEGVIZ_COLLECTIONS", ROOT.parent / "shared" / "collections"))
    if not folder.is_dir():
        pytest.skip("no folder of collections; set NEGVIZ_COLLECTIONS")
    return folder
