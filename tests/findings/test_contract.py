"""Every finding that exists, on everything that may be missing."""

import inspect
import json
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from negviz.arrays import PAD
from negviz.findings import FINDINGS, MOST_PAIRS, TOP, Case, finding_names, run_finding
from negviz.held_out import HeldOut
from negviz.labels import LabelEvent, Labels, Verdict
from negviz.pool import Pool
from negviz.select import select
from negviz.selection import Selection
from tests.findings.cases import case_of, given_case
from tests.pools import make_dataset, make_pool, random_pool, recipe, rich_pool

NAMES = finding_names()
HOSTILE = [
    "<script>alert(1)</script>",
    '=HYPERLINK("x")',
    "\u202egnal",
    "a\x00b",
    "x" * 1_000_000,
    "\ufffd Ã© <br>",
    "",
]


def empty_pool():
    dataset = make_dataset(0, 3)
    return Pool(
        dataset, np.zeros(0, np.int32), np.zeros((0, 1), np.int32), {"dense": np.zeros((0, 1), np.int32)},
        {"dense": np.zeros((0, 1), np.float32)}, np.zeros((0, 1), np.int32),
        {"dense": np.zeros((0, 1), np.float32)}, np.zeros((0, 1), np.uint16), {"dense": "cosine"},
    )  # fmt: skip


def without_positives():
    return make_pool([[0.9, 0.8]], [[np.nan]], positives=[[PAD]], dataset=make_dataset(1, 3, positives=[]))


def unscored():
    pool = make_pool([[np.nan, np.nan]], [[np.nan]])
    return Case(_all_taken(replace(pool, scores={}, positive_scores={}, scales={}, stored_fingerprint=None)))


def _all_taken(pool):
    columns = np.where(pool.present, np.arange(pool.depth), PAD).astype(np.int32)
    reasons = np.where(pool.present, -1, -2).astype(np.int8)
    return Selection(pool, recipe(count=pool.depth), pool.present.astype(np.float64), reasons, columns, ())


def labelled():
    pool = rich_pool()
    selection = select(pool, recipe(count=5))
    rows, columns = np.nonzero(selection.taken)
    events = [
        LabelEvent.of(pool.dataset, int(pool.queries[row]), int(pool.documents[row, column]),
                      Verdict.FALSE_NEGATIVE if place % 4 == 0 else Verdict.TRUE_NEGATIVE,
                      annotator="ann", probability=0.5, queue="random")
        for place, (row, column) in enumerate(zip(rows, columns, strict=True)) if place % 2 == 0
    ]  # fmt: skip
    held = HeldOut("dev", {"q00": "question number 0", "x": "else"}, {"d001": "answer number 1"}, True)
    return Case(selection, Labels.of(events), held_out=held)


def hostile():
    texts = [*HOSTILE, "plain answer of some words"]
    queries = [HOSTILE[0], HOSTILE[2], HOSTILE[3]]
    return given_case([[0, 1, 2, 3], [2, 3, 4, 5], [5, 6]], positives=[[7]] * 3, texts=texts, queries=queries)


CASES = {
    "no query": lambda: case_of(empty_pool()),
    "no query, no column": lambda: Case(_all_taken(empty_pool())),
    "one query": lambda: case_of(make_pool([[0.9, 0.7, 0.2]], [[0.8]]), count=2),
    "no candidate": lambda: case_of(make_pool([[np.nan]], [[0.8]], documents=[[PAD]])),
    "no positive": lambda: case_of(without_positives()),
    "no score": unscored,
    "no vectors, no labels": lambda: case_of(make_pool([[0.9, 0.7], [0.5, 0.1]], [[0.8], [0.6]]), count=1),
    "given": lambda: given_case([[1, 2], [2, 3]], flags=[[1, 0], [0, 2]], random=[[4], [5, 6]]),
    "everything": labelled,
    "unknown scores and leaks": lambda: case_of(random_pool(7), count=2),
    "hostile": hostile,
}


@pytest.mark.parametrize("name", NAMES)
def test_module_function_and_key_have_one_name_and_the_signature_is_a_case(name):
    entry = FINDINGS.get(name)
    assert entry.function.__name__ == entry.name == entry.function.__module__.rpartition(".")[2]
    assert list(inspect.signature(entry.function).parameters) == ["case"]
    assert entry.label
    assert isinstance(entry.trait("place"), int)


def test_places_in_the_report_differ():
    places = [entry.trait("place") for entry in FINDINGS]
    assert len(set(places)) == len(places) == len(NAMES) >= 12


@pytest.fixture(scope="module", params=CASES)
def case(request):
    return CASES[request.param]()


@pytest.mark.parametrize("name", NAMES)
def test_never_raises_and_answers_in_full(name, case):
    finding = run_finding(name, case)
    assert finding.severity in {"good", "look", "bad", "unknown"}
    assert (finding.name, finding.title) == (name, FINDINGS.get(name).label)
    assert finding.sentence.endswith(".")
    assert not finding.todo or finding.todo.endswith(".")
    assert "nan" not in finding.sentence.split()
    assert (finding.severity == "good") <= (finding.todo == "")
    assert len(finding.rows) <= TOP
    assert finding.more >= 0
    assert all(len(row) == len(finding.columns) for row in finding.rows)
    assert finding.table.num_rows == len(finding.rows)
    json.dumps(finding.facts, allow_nan=False)
    json.dumps(finding.rows, allow_nan=False)
    if finding.pairs is not None:
        assert finding.pairs.shape[1:] == (2,)
        assert len(finding.pairs) <= max(MOST_PAIRS, len(case.pairs))
        assert (finding.pairs >= 0).all()
    assert finding.figure is None or isinstance(finding.figure, go.Figure)


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_the_queries_does_not_matter(name):
    pool = rich_pool()
    turned = np.arange(len(pool))[::-1]
    other = replace(
        pool, queries=pool.queries[turned].copy(), documents=pool.documents[turned].copy(),
        ranks={key: layer[turned].copy() for key, layer in pool.ranks.items()},
        scores={key: layer[turned].copy() for key, layer in pool.scores.items()},
        positives=pool.positives[turned].copy(),
        positive_scores={key: layer[turned].copy() for key, layer in pool.positive_scores.items()},
        flags=pool.flags[turned].copy(), stored_fingerprint=None,
    )  # fmt: skip
    one, two = (run_finding(name, case_of(each, count=5)) for each in (pool, other))
    assert (one.sentence, one.rows, one.facts) == (two.sentence, two.rows, two.facts)


def test_an_empty_selection_says_what_to_do():
    finding = run_finding("leaks", CASES["no candidate"]())
    assert finding.severity == "unknown"
    assert "no negative" in finding.sentence
