"""Every page on pools in which there is little or nothing: no exception, no number out of nothing, a sentence."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from negviz.home import home_folder
from negviz.pool import LEAKS, Pool
from negviz.recipe import find_recipe
from negviz.store import save_pool
from tests.app.conftest import ROOT, SECONDS, words
from tests.pools import NAN, make_dataset, make_pool, unit_embeddings

pytestmark = pytest.mark.app
LEAK = LEAKS["labelled positive"]


def some(scores: list[list[float]], anchors: list[list[float]], **more: Any) -> Pool:
    """A pool with vectors, so that the map has something to draw."""
    table = np.array(scores, dtype=np.float32).reshape(len(scores), len(scores[0]) if scores else 3)
    dataset = more.pop("dataset", None) or make_dataset(len(table), table.shape[1] + 1)
    vectors = unit_embeddings(len(table), len(dataset.documents))
    origin = {"encoder": "by hand", "encoder_identity": vectors.identity, "similarity": "cosine"}
    own = np.array(anchors, dtype=np.float32).reshape(len(table), 1)
    return make_pool(table, own, dataset=dataset, embeddings=vectors, origin=origin, **more)


POOLS: dict[str, Pool] = {
    "no query": some([], []),
    "no candidate": some([[NAN], [NAN]], [[0.8], [0.7]], documents=[[-1], [-1]]),
    "no depth": make_pool(np.zeros((2, 0)), [[0.8], [0.7]], documents=np.zeros((2, 0))),
    "one query": some([[0.9, 0.6, 0.5, 0.4, 0.3]], [[0.8]]),
    "one candidate": some([[0.5]], [[0.8]]),
    "all refused": some([[0.9, 0.85, 0.8]] * 3, [[0.7]] * 3),
    "all leaks": some([[0.9, 0.85, 0.8]] * 3, [[0.7]] * 3, flags=[[LEAK] * 3] * 3),
    "all equal": some([[0.5, 0.5, 0.5]] * 3, [[0.5]] * 3),
    "all unknown": some([[NAN, NAN, NAN]] * 3, [[NAN]] * 3),
    "unknown candidates": some([[NAN, NAN, NAN]] * 3, [[0.8]] * 3),
    "no positive": some(
        [[0.9, 0.6]] * 2, [[NAN]] * 2, positives=[[-1], [-1]], dataset=make_dataset(2, 3, positives=[])
    ),
    "no vectors": make_pool([[0.9, 0.6]] * 2, [[0.8]] * 2),
}  # fmt: skip
# What else can be looked at on a page, one after the other; the first is as it opens.
PAGES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "Home": ("", [{}]),
    "Load": ("pages/1_Load.py", [{}]),
    "Mine": ("pages/2_Mine.py", [{}, {"mine.view": "All queries"}]),
    "Thresholds": (
        "pages/3_Thresholds.py",
        [{}, {"thresholds.view": "Queries"}, {"thresholds.view": "Sweep"}, {"sweeps.kind": "Two knobs"}],
    ),
    "Compare": (
        "pages/4_Compare.py",
        [{}, {"compare.view": "Hardness"}, {"compare.view": "Starved queries"}, {"compare.view": "What differs"}],
    ),
    "Map": (
        "pages/5_Map.py",
        [{"map.picture": "PCA"}, {"map.colour": "Cluster"}, {"map.colour": "Score by dense"},
         {"map.colour": "Likely false negatives"}, {"map.one": True}, {"map.dims": "3-D"}],
    ),
    "Label": ("pages/6_Label.py", [{}]),
    "Audit": ("pages/7_Audit.py", [{}, {"audit.view": "Rate"}, {"audit.view": "Advice"}]),
    "Train": (
        "pages/8_Train.py",
        [{}, {"train.way": "Schedules"}, {"train.way": "Some recipes"}, {"train.way": "All recipes"}],
    ),
    "Export": ("pages/9_Export.py", [{}]),
}  # fmt: skip


def looks(kind: str, page: str, recipe: str) -> Iterator[AppTest]:
    """A page on a pool, once for each way to look at it."""
    save_pool(POOLS[kind], home_folder() / "pools" / "poor")
    stored = {"pool": "poor", "recipes": {"poor": find_recipe(recipe).to_dict()}}
    (home_folder() / "workspace.json").write_text(json.dumps(stored), "utf-8")
    file, states = PAGES[page]
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=SECONDS)
    if file:
        app.switch_page(file)
    for state in states:
        for name, value in state.items():
            app.session_state[name] = value
        yield app.run()


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("kind", POOLS)
def test_every_page_of_a_poor_pool_says_something_sensible(kind: str, page: str) -> None:
    for app in looks(kind, page, "nv_perc"):
        assert not app.exception, f"{app.exception[0].message}\n{app.exception[0].stack_trace}"
        said = words(app)
        assert app.title
        assert len(said) > 40
        assert not re.search(r"\b(nan|NaN|-?inf|None)\b(?! of)", said), said


@pytest.mark.parametrize("page", ["Mine", "Thresholds", "Label", "Export", "Map"])
def test_a_pool_without_queries_says_that_first(page: str) -> None:
    for app in looks("no query", page, "nv_perc"):
        assert "This pool holds no query" in words(app)


@pytest.mark.parametrize("kind", ["no query", "no depth", "no candidate"])
def test_nothing_taken_is_not_drawn_as_an_overlap(kind: str) -> None:
    first = next(looks(kind, "Compare", "nv_perc"))
    assert "None of them takes a pair here" in words(first)
    assert "Each bar counts" not in words(first)


def test_who_takes_all_there_is_does_not_fill_every_query() -> None:
    *_, starved = islice(looks("one candidate", "Compare", "nv_perc"), 3)
    assert "ask for more than any query has to give" in words(starved)


def test_home_does_not_call_nothing_all_that_is_left() -> None:
    assert "No query gets a negative" in words(next(looks("all refused", "Home", "nv_perc")))
