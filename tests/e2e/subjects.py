"""A small pool for browser tests: four subjects, twelve queries."""

import json
from pathlib import Path

from negviz.dataset import Dataset
from negviz.mine import build_pool
from negviz.store import save_pool

SUBJECTS = ("harbour boats anchor", "mountain snow climbing", "garden roses soil", "engine piston oil")


def dataset() -> Dataset:
    documents = [
        (f"d{row:03}", f"Note {row}", f"{SUBJECTS[row % 4]} number {row} about {SUBJECTS[row % 4]}")
        for row in range(120)
    ]
    queries = [(f"q{row}", f"what of {SUBJECTS[row % 4]}") for row in range(12)]
    return Dataset.build(
        name="subjects",
        format="test",
        queries=queries,
        documents=documents,
        positives=[(f"q{row}", f"d{row:03}", 1) for row in range(12)],
    )


def mine_subjects(home: Path) -> None:
    """Make the pool in a home and take it into use."""
    pool = build_pool(dataset(), encoder="static", depth=30, home=home)
    save_pool(pool, home / "pools" / "subjects")
    (home / "workspace.json").write_text(json.dumps({"pool": "subjects"}), "utf-8")
