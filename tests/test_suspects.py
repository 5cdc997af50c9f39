"""Suspects in groups: the same list as from the whole pool at once, whoever works on it and whatever it may take."""

import csv

import numpy as np
import pytest

from negviz.arrays import PAD
from negviz.engines import open_engine
from negviz.findings import Case
from negviz.labels import LabelEvent, Labels, Verdict
from negviz.recipe import published
from negviz.select import select
from negviz.store import save_pool, save_selection
from negviz.suspects import DIGITS, OF_ROW, suspicions_of, write_suspects
from negviz.suspicion import suspicion_model
from tests.unruly import Unruly

SIZES = (1, 250, 1 << 20)
NOBODY = Labels.of(())


@pytest.fixture(scope="module")
def stored(full, tmp_path_factory):
    folder = tmp_path_factory.mktemp("suspects")
    save_pool(full, folder / "pool")
    save_selection(select(full, published()["nv_topk"]), folder / "s.parquet")
    return folder


@pytest.fixture(params=[False, True], ids=["no labels", "labels"])
def labels(request, full):
    return some_labels(full) if request.param else NOBODY


def some_labels(pool):
    said = [(0, 3, Verdict.FALSE_NEGATIVE), (0, 8, Verdict.TRUE_NEGATIVE), (2, 5, Verdict.DROP)]
    said += [(row, 1, Verdict.TRUE_NEGATIVE) for row in (9, 11, 12)] + [(13, 2, Verdict.FALSE_NEGATIVE)]
    return Labels.of(
        LabelEvent.of(pool.dataset, int(pool.queries[row]), int(pool.documents[row, column]), verdict)
        for row, column, verdict in said
    )


def listed(stored, out, **more):
    how = {"labels": NOBODY, "engine": open_engine(), "progress": lambda *_: None, **more}
    return write_suspects(stored / "pool", out, **how)


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("taken", [False, True], ids=["all", "taken"])
def test_the_list_is_that_of_the_model_on_the_whole_pool(taken, full, stored, labels, tmp_path):
    selection = stored / "s.parquet" if taken else None
    told = listed(stored, tmp_path / "l.csv", labels=labels, selection=selection)
    chosen = select(full, published()["nv_topk"])
    model = suspicion_model(full, labels or None)
    asked = full.eligible & (chosen.taken if taken else True) & (labels.align(full) == 0)
    values = np.round(model.probabilities().astype(np.float64), DIGITS)
    rows, columns = np.nonzero(asked)
    order = np.lexsort((full.documents[rows, columns], rows, -values[rows, columns]))
    data = full.dataset
    wanted = [
        (data.query_id(full.queries[rows[at]]), data.document_id(full.documents[rows[at], columns[at]]),
         f"{values[rows[at], columns[at]]:.4f}", "; ".join(model.reasons(int(rows[at]), int(columns[at]))))
        for at in order
    ]  # fmt: skip
    assert [tuple(row.values()) for row in rows_of(tmp_path / "l.csv")] == wanted
    assert told.written == told.pairs - told.labelled == len(wanted)
    assert told.model.about == model.about


@pytest.mark.parametrize("top", [None, 17])
def test_groups_engines_and_memory_do_not_matter(top, full, stored, labels, tmp_path, monkeypatch):
    listed(stored, tmp_path / "once.csv", labels=labels, top=top)
    for size in SIZES:
        monkeypatch.setattr("negviz.selection.GROUP_CELLS", size)
        for memory in (1, 50 * OF_ROW, 1 << 30):
            listed(stored, tmp_path / "l.csv", labels=labels, top=top, engine=Unruly(), memory=memory)
            assert (tmp_path / "l.csv").read_bytes() == (tmp_path / "once.csv").read_bytes(), (size, memory)
    assert not (tmp_path / ".l.csv.parts").exists()


def test_a_stopped_list_goes_on(stored, tmp_path, monkeypatch):
    monkeypatch.setattr("negviz.selection.GROUP_CELLS", 250)
    with pytest.raises(RuntimeError, match="unplugged"):
        listed(stored, tmp_path / "l.csv", engine=Unruly(stop_after=3))
    pieces = {piece: piece.stat().st_mtime_ns for piece in (tmp_path / ".l.csv.parts").rglob("*.arrow")}
    assert len(pieces) == 4
    with pytest.raises(RuntimeError, match="unplugged"):
        listed(stored, tmp_path / "l.csv", engine=Unruly(stop_after=4))
    assert {piece: piece.stat().st_mtime_ns for piece in pieces} == pieces
    listed(stored, tmp_path / "l.csv")
    listed(stored, tmp_path / "once.csv")
    assert (tmp_path / "l.csv").read_bytes() == (tmp_path / "once.csv").read_bytes()


def test_an_audit_is_told_what_it_would_work_out_itself(full, stored, labels, tmp_path, monkeypatch):
    monkeypatch.setattr("negviz.selection.GROUP_CELLS", 250)
    chosen = select(full, published()["nv_topk"])
    save_selection(chosen, tmp_path / "s.parquet")
    found = suspicions_of(stored / "pool", tmp_path / "s.parquet", tmp_path / "a.html", labels=labels, engine=Unruly(),
                          progress=lambda *_: None)  # fmt: skip
    own = Case(chosen, labels).suspected
    assert len(found) == (chosen.columns != PAD).sum()
    assert np.array_equal(found, np.round(own.astype(np.float64), DIGITS).astype(np.float32))
    assert not list(tmp_path.glob(".a.html*"))
