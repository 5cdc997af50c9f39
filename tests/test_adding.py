"""Adding a method is one file or one YAML: done here in a copy of the package, with nothing else touched."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import negviz
from negviz.store import save_pool

PACKAGE = Path(negviz.__file__).parent

STRATEGY = '''"""Even documents."""

from typing import Annotated

import numpy as np

from negviz.arrays import Floats
from negviz.hints import Range
from negviz.pool import Pool
from negviz.strategies import STRATEGIES


@STRATEGIES.register("Every n-th document", reference="made up for a test")
def every_nth(pool: Pool, *, n: Annotated[int, Range(1, 9, 1)] = 2) -> Floats:
    """Accept candidates whose row is a multiple of n.

    Args:
        pool: Candidates to judge.
        n: Which rows count.

    Returns:
        (queries, depth) weights of 0 and 1.
    """
    return np.asarray(pool.documents % n == 0, dtype=np.float64)
'''

RECIPE = """name: made_up
title: Every third document
paper: nobody's
scale: any
about: Takes every third document. The number three was made up.
steps:
  - every_nth: {n: 3}
draw: top
count: 2
"""


@pytest.fixture
def copy(tmp_path):
    """The package in a folder of its own, with one strategy and one recipe more."""
    shutil.copytree(PACKAGE, tmp_path / "negviz", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "negviz/strategies/every_nth.py").write_text(STRATEGY)
    (tmp_path / "negviz/recipes/made_up.yaml").write_text(RECIPE)
    return tmp_path


def run(folder, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(folder), "NEGVIZ_HOME": str(folder / "home")}
    done = subprocess.run(
        [sys.executable, "-m", "negviz", *arguments, "--json"],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_one_file_and_one_yaml_make_a_method(copy, full):
    save_pool(full, copy / "pool")
    (strategy,) = [row for row in run(copy, "strategies") if row["name"] == "every_nth"]
    assert strategy["summary"] == "Accept candidates whose row is a multiple of n."
    assert [(knob["name"], knob["default"], knob["help"]) for knob in strategy["knobs"]] == [
        ("n", 2, "Which rows count.")
    ]
    (recipe,) = [row for row in run(copy, "recipes") if row["name"] == "made_up"]
    assert recipe["defaults"]["every_nth.n"] == 3
    for settings, n in (((), 3), (("--set", "every_nth.n=5"), 5)):
        found = run(copy, "select", "pool", "--recipe", "made_up", "--out", "s.parquet", *settings)
        refused = {row["step"]: row["count"] for row in found["refused"]}
        expected = int((full.eligible & (full.documents % n != 0)).sum())
        assert refused["every_nth"] == expected
        assert found["taken"] > 0
