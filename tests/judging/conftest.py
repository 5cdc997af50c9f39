"""A pool of tides and towers, and a stub that knows the truth about it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.llm import Settings
from negviz.pool import LEAKS, Pool
from tests.judging.stub import Stub, field, listed, serving

QUERIES, DEPTH = 6, 9


def truth(text: str) -> str:
    """What a document is, by its own words: ``better``, ``worse``, ``positive`` or ``neither``."""
    return next((kind for kind in ("better", "worse", "positive") if f"[{kind}]" in text), "neither")


def made_pool() -> Pool:
    """Six queries; of each nine candidates: positive, better, worse, and six that are neither, falling in score."""
    kinds = ["positive", "better", "worse", *["neither"] * 6]
    documents = [
        (f"d{query}{column}", "", f"Tower {query} text {column} [{kind}] is {query * 10 + column} metres high")
        for query in range(QUERIES)
        for column, kind in enumerate(kinds)
    ]
    data = Dataset.build(
        name="towers",
        format="test",
        queries=[(f"q{row}", f"How high is tower {row}?") for row in range(QUERIES)],
        documents=documents,
        positives=[(f"q{row}", f"d{row}0", 1) for row in range(QUERIES)],
        answers={"q0": ["0 metres"]},
    )
    rows = np.arange(QUERIES * DEPTH, dtype=np.int32).reshape(QUERIES, DEPTH)
    scores = np.tile(0.9 - 0.01 * np.arange(DEPTH), (QUERIES, 1)).astype(np.float32)
    flags = np.zeros(rows.shape, np.uint16)
    flags[:, 0] = LEAKS["labelled positive"]
    vectors = np.random.default_rng(0).normal(size=(QUERIES * (DEPTH + 1), 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Pool(
        dataset=data,
        queries=np.arange(QUERIES, dtype=np.int32),
        documents=rows,
        ranks={"dense": np.tile(np.arange(DEPTH, dtype=np.int32), (QUERIES, 1))},
        scores={"dense": scores},
        positives=rows[:, :1].copy(),
        positive_scores={"dense": np.full((QUERIES, 1), 0.9, np.float32)},
        flags=flags,
        scales={"dense": "cosine"},
        origin={"encoder": "by hand", "retrievers": ["dense"], "depth": DEPTH},
        embeddings=Embeddings(vectors[:QUERIES], vectors[QUERIES:], "cosine", "by hand", "0" * 32),
    )


def knowing(user: str) -> str:
    """A model that always tells the truth, whatever it is asked."""
    docs = listed(user)
    if "<better>" in user:
        named = {
            kind: ", ".join(f"Doc ({n})" for n, text in docs.items() if truth(text) == kind)
            for kind in ("better", "worse")
        }
        return f"Let me see.\n<better>{named['better']}</better>\n<worse>{named['worse'] or 'none'}</worse>"
    if "<ranking>" in user:
        place = ["better", "positive", "worse", "neither"]
        order = sorted(docs, key=lambda n: (place.index(truth(docs[n])), docs[n]))
        return "<ranking>" + " > ".join(f"Doc ({n})" for n in order) + "</ranking>"
    if '"grade"' in user:
        kind = truth(field(user, "passage"))
        return json.dumps({"why": "so", "grade": {"better": 3, "positive": 3, "worse": 2, "neither": 0}[kind]})
    if "letter by letter" in user:
        passage = field(user, "passage")
        found = passage.split("] is ")[1] if truth(passage) in {"better", "worse"} else "NO_ANSWER"
        return json.dumps({"answer": found})
    if '"negatives"' in user:
        query = field(user, "question")
        negatives = [
            {"text": f"{query[:-1]} was often asked, and builders of version {n} never said it.", "violates": [n]}
            for n in (1, 2)
        ]
        return (
            "Sure!\n```json\n"
            + json.dumps({"requirements": ["names it", "measures it"], "negatives": negatives})
            + "```"
        )
    raise AssertionError(f"unknown question: {user[-200:]}")


@pytest.fixture
def towers() -> Pool:
    return made_pool()


@pytest.fixture
def stub(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-verysecret0123456789")
    monkeypatch.setattr("negviz.llm.FIRST_PAUSE", 0.01)
    with serving(knowing) as running:
        yield running


@pytest.fixture
def settings(stub: Stub) -> Callable[..., Settings]:
    return lambda **more: Settings(stub.address, "stub-1", **{"timeout": 5.0, **more})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"
