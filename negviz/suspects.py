"""Suspects: the candidates of a pool or a selection in order of their suspicion, for a list to work through."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from negviz.arrays import Bools, Floats, Ints
from negviz.labels import Labels
from negviz.labels.files import guarded
from negviz.pool import Pool
from negviz.selection import Selection
from negviz.suspicion import ROWS, Suspicion, suspicion_model

Progress = Callable[[str, int, int], None]
Cells: TypeAlias = tuple[Ints, Ints, Floats]


@dataclass(frozen=True, eq=False)
class Suspects:
    """Pairs, most suspect first; equal ones by query id, then by document id.

    Attributes:
        model: Where the probabilities come from.
        rows: (suspects,) rows of the pool.
        columns: (suspects,) columns of the candidates.
        probabilities: (suspects,) rounded as they are written.
        pairs: How many candidates were asked about, labelled ones included.
        labelled: How many of those were left out because they have a label.
    """

    model: Suspicion
    rows: Ints
    columns: Ints
    probabilities: Floats
    pairs: int
    labelled: int


# Digits that are written; pairs that are equal to so many are in order of their ids.
DIGITS = 4


def rank_suspects(
    pool: Pool, labels: Labels, selection: Selection | None, top: int | None, progress: Progress
) -> Suspects:
    """Put candidates in order of suspicion.

    Args:
        pool: Candidates.
        labels: What people said; labelled pairs are left out, whatever their verdict.
        selection: Only the negatives that it takes; None for all candidates without a leak.
        top: How many at most; None for all.
        progress: Told (stage, queries done, queries).
    """
    model = suspicion_model(pool, labels, selection)
    seen = model.pool
    asked = seen.eligible if selection is None else seen.eligible & selection.taken
    labelled = asked & (labels.align(seen) > 0)
    rows, columns, values = _waiting(model, asked & ~labelled, top, progress)
    by_query, by_document = _places(seen, rows, columns)
    order = np.lexsort((by_document, by_query, -values))[:top]
    return Suspects(model, rows[order], columns[order], values[order], int(asked.sum()), int(labelled.sum()))


def _waiting(model: Suspicion, waiting: Bools, top: int | None, progress: Progress) -> Cells:
    """Cells and probabilities; with a limit, not many more than that are held at a time."""
    kept: list[Cells] = []
    for start in range(0, len(waiting), ROWS):
        progress("suspecting", start, len(waiting))
        block = np.arange(start, min(start + ROWS, len(waiting)), dtype=np.int32)
        values: Floats = np.round(model.probabilities(block).astype(np.float64), DIGITS).astype(np.float64)
        places, columns = np.nonzero(waiting[block])
        kept.append((block[places], columns.astype(np.int32), values[places, columns]))
        if top is not None and sum(len(part[0]) for part in kept) > 2 * top + ROWS * waiting.shape[1]:
            kept = [_reaching(kept, top)]
    return _joined(kept) if top is None else _reaching(kept, top)


def _joined(parts: list[Cells]) -> Cells:
    if not parts:
        return np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0)
    rows, columns, values = zip(*parts, strict=True)
    return np.concatenate(rows), np.concatenate(columns), np.concatenate(values)


def _reaching(parts: list[Cells], top: int) -> Cells:
    """Those that are as suspect as the last of the ``top``, equal ones included."""
    rows, columns, values = _joined(parts)
    if len(values) <= top:
        return rows, columns, values
    reach = values >= np.partition(values, len(values) - top)[len(values) - top]
    return rows[reach], columns[reach], values[reach]


def _places(pool: Pool, rows: Ints, columns: Ints) -> tuple[Ints, Ints]:
    """Places of the queries among the pool's ids, and rows of the documents, which are in order of their ids."""
    ids = np.array([pool.dataset.query_ids[row] for row in pool.queries], dtype=object)
    place = np.empty(len(ids), dtype=np.int32)
    place[np.argsort(ids, kind="stable")] = np.arange(len(ids), dtype=np.int32)
    return place[rows], pool.documents[rows, columns]


def listed(found: Suspects, progress: Progress) -> Iterator[tuple[str, str, str, str]]:
    """Rows of the list as a spreadsheet may have them: query id, document id, probability, reasons."""
    pool = found.model.pool
    reasons: dict[tuple[int, int], str] = {}
    queries = np.unique(found.rows)
    order = np.argsort(found.rows, kind="stable")
    starts = np.searchsorted(found.rows[order], queries)
    for done, (row, cells) in enumerate(zip(queries, np.split(order, starts)[1:], strict=True)):
        progress("giving reasons", done, len(queries))
        columns = found.columns[cells]
        for column, words in zip(columns, found.model.reasons_of(int(row), columns), strict=True):
            reasons[int(row), int(column)] = "; ".join(words)
    for row, column, value in zip(found.rows.tolist(), found.columns.tolist(), found.probabilities, strict=True):
        query = pool.dataset.query_id(int(pool.queries[row]))
        document = pool.dataset.document_id(int(pool.documents[row, column]))
        yield guarded(query), guarded(document), f"{value:.{DIGITS}f}", guarded(reasons[row, column])
