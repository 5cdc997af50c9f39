"""Fixtures for the pages: a pool made by hand in a home of its own, and the app opened from its front door."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from negviz.dataset import Dataset
from negviz.home import home_folder
from negviz.pool import LEAKS, Pool
from negviz.store import save_pool

ROOT = Path(__file__).parents[2]
NAME = "towers-00000000"
HOSTILE = "![](http://evil.example/x.png) <script>alert(1)</script> $x^2$ :red[red] [a](javascript:alert(1))"
QUERIES, DOCUMENTS, DEPTH = 8, 30, 12
SECONDS = 30


@pytest.fixture(autouse=True)
def _own_caches() -> None:
    """No job, pool or label of another test."""
    st.cache_resource.clear()
    st.cache_data.clear()


def towers() -> Pool:
    """Eight queries, thirty documents, twelve candidates a query, each query's own positive among them.

    Query 0 and document 1 hold hostile text. Dense scores fall by column from 0.9, the positive (column 0) has 0.85;
    the last query has only two candidates.
    """
    dataset = Dataset.build(
        name="towers",
        format="test",
        queries=[(f"q{row}", f"How high is tower {row}? {HOSTILE if row == 0 else ''}") for row in range(QUERIES)],
        documents=[
            (f"d{row:02}", f"Tower {row}", f"Tower {row} has {row * 10} metres. {HOSTILE if row == 1 else ''}")
            for row in range(DOCUMENTS)
        ],
        positives=[(f"q{row}", f"d{row:02}", 1) for row in range(QUERIES)],
    )
    documents = np.sort((np.arange(QUERIES)[:, None] + np.arange(DEPTH)) % DOCUMENTS, axis=1).astype(np.int32)
    documents[-1, 2:] = -1
    present = documents >= 0
    positives = np.arange(QUERIES, dtype=np.int32)[:, None]
    dense = np.where(present, 0.9 - 0.05 * np.arange(DEPTH), np.nan).astype(np.float32)
    is_positive = documents == positives
    dense[is_positive] = 0.85
    bm25 = np.where(present, dense * 10, np.nan).astype(np.float32)
    ranks = np.where(present, np.arange(DEPTH), -1).astype(np.int32)
    return Pool(
        dataset=dataset,
        queries=np.arange(QUERIES, dtype=np.int32),
        documents=documents,
        ranks={"dense": ranks, "bm25": ranks.copy()},
        scores={"dense": dense, "bm25": bm25},
        positives=positives,
        positive_scores={
            "dense": np.full((QUERIES, 1), 0.85, np.float32),
            "bm25": np.full((QUERIES, 1), 8.5, np.float32),
        },
        flags=np.where(is_positive, LEAKS["labelled positive"], 0).astype(np.uint16),
        scales={"dense": "cosine", "bm25": "bm25"},
        origin={"encoder": "by hand", "retrievers": ["dense", "bm25"], "depth": DEPTH, "seed": 0},
    )


@pytest.fixture
def pool() -> Pool:
    """The pool, stored in the home and in use."""
    made = towers()
    save_pool(made, home_folder() / "pools" / NAME)
    (home_folder() / "workspace.json").write_text(json.dumps({"pool": NAME}), "utf-8")
    return made


@pytest.fixture
def open_app() -> Callable[..., AppTest]:
    """Open the app at its front door, then go to a page; pages opened alone find no links to the others."""

    def opened(page: str = "", **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=SECONDS)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        if page:
            app.switch_page(page)
            app.run()
        return app

    return opened


def words(app: AppTest) -> str:
    """Everything that a page says in plain text, captions, headings and messages."""
    kinds = (
        app.title,
        app.caption,
        app.text,
        app.markdown,
        app.subheader,
        app.error,
        app.warning,
        app.info,
        app.success,
    )
    return "\n".join(str(element.value) for elements in kinds for element in elements)
