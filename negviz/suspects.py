"""Suspects: the candidates of a pool or a selection in order of their suspicion, for a list to work through.

The model is fitted by the queries that it needs for that: those that the pool is known from, and those with labels.
All others are asked about group by group, under an engine, and the groups' lists are merged.
"""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from negviz import __version__
from negviz.arrays import PAD, Bools, Ints, Scores
from negviz.budget import DEFAULT_MEMORY, rows_within
from negviz.engines import Engine
from negviz.labels import Labels
from negviz.labels.files import guarded
from negviz.parts import Parts
from negviz.pool import Pool
from negviz.selecting import opened_pool, placed
from negviz.selection import groups_of
from negviz.selection_file import SelectionFile
from negviz.suspicion import KNOWN_BY, ROWS, Features, Suspicion, known_by, suspicion_model
from negviz.workplace import delivered, fetched, node_folder
from negviz.writing import file_written_beside

Progress = Callable[[str, int, int], None]
# Digits that are written; pairs that are equal to so many are in order of their ids.
DIGITS = 4
UNITS = 10**DIGITS
HEADER = ("query_id", "document_id", "probability", "reasons")
ABOUT = b"negviz suspects"
LABELLED = "labelled.json"
# Bytes for each row of the list while lists are merged.
OF_ROW = 400
Rows: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Listing:
    """What a list of suspects came to.

    Attributes:
        model: Where the probabilities come from.
        pairs: How many candidates were asked about, labelled ones included.
        labelled: How many of those were left out because they have a label.
        written: How many are in the list.
    """

    model: Suspicion
    pairs: int
    labelled: int
    written: int


class Group(NamedTuple):
    """A task: the suspects of one group of queries.

    Attributes:
        asked: What is asked about.
        parts: Where the list is put.
        number: Which group.
        intercept: Of the model.
        coefficients: Of the model.
        terms: Signals and views, in the order of the coefficients.
        measures: Median and spread of each signal.
    """

    asked: "_Asked"
    parts: Parts
    number: int
    intercept: float
    coefficients: tuple[float, ...]
    terms: tuple[tuple[str, Any], ...]
    measures: tuple[tuple[str, tuple[float, float]], ...]


def write_suspects(
    pool: str | Path, out: str | Path, *, labels: Labels, selection: str | Path | None = None, top: int | None = None,
    engine: Engine, memory: int = DEFAULT_MEMORY, progress: Progress,
) -> Listing:  # fmt: skip
    """Write candidates as CSV in order of suspicion, equal ones by query id, then by document id.

    Args:
        pool: Where the pool lies.
        out: CSV file to write; what is unfinished lies beside it, in a folder ``.NAME.parts``.
        labels: What people said; labelled pairs are left out, whatever their verdict.
        selection: Where a selection lies, to list only the negatives that it takes; None for all candidates without a
            leak.
        top: How many at most; None for all.
        engine: Where groups are worked on.
        memory: Bytes for merging the groups' lists.
        progress: Told (stage, done, total).

    Raises:
        DataError: If the selection is of another pool, or the file cannot be written.
    """
    asked = _Asked(placed(pool), None if selection is None else placed(selection), top, reasons=top is None)
    with delivered(out) as path, file_written_beside(path) as beside:
        fit, parts, count = _worked_on(asked, out, labels, engine, progress)
        listing = _merged(fit, parts, range(count), beside, (top, memory), progress)
    parts.clear()
    return listing


def suspicions_of(
    pool: str | Path, selection: str | Path, beside: str | Path, *, labels: Labels, engine: Engine, progress: Progress
) -> Scores:
    """P(false negative) of every negative of a selection, to four digits; NaN for leaks.

    Args:
        pool: Where the pool lies.
        selection: Where the selection lies.
        beside: File next to which unfinished work is kept.
        labels: What people said; labelled pairs are asked about like any other.
        engine: Where groups are worked on.
        progress: Told (stage, done, total).

    Returns:
        (negatives,) in order of the pool's rows, then columns.
    """
    asked = _Asked(placed(pool), placed(selection), None, reasons=False, every=True)
    fit, parts, count = _worked_on(asked, beside, labels, engine, progress)
    found = SelectionFile(fetched(asked.selection or "", node_folder()), opened_pool(asked.pool)).whole()
    rows, slots = np.nonzero(np.not_equal(found.columns, PAD))
    cells = np.sort(rows.astype(np.int64) * fit.pool.depth + found.columns[rows, slots])
    values = np.full(len(cells), np.nan, dtype=np.float32)
    for number in range(count):
        table = parts.read(number)
        wanted = table["row"].to_numpy().astype(np.int64) * fit.pool.depth + table["column"].to_numpy()
        values[np.searchsorted(cells, wanted)] = table["units"].to_numpy() / UNITS
    parts.clear()
    return values


class _Asked(NamedTuple):
    """What is asked about: a pool, a selection of it, how many, with reasons or not, labelled ones or not."""

    pool: str
    selection: str | None
    top: int | None
    reasons: bool
    every: bool = False


def _worked_on(
    asked: _Asked, beside: str | Path, labels: Labels, engine: Engine, progress: Progress
) -> tuple["_Fit", Parts, int]:
    """Have every group listed; the model, where the lists lie, and how many there are."""
    seen, chosen = _seen(asked.pool, asked.selection)
    fit = _fitted(seen, labels)
    model = fit.model
    mark = chosen.mark if chosen else ""
    parts = Parts.beside(beside, __version__, seen.fingerprint, labels.fingerprint, mark, tuple(asked[2:]),
                         model.intercept, model.coefficients)  # fmt: skip
    tasks = _tasks(fit, asked, parts)
    _write_labelled(fit, chosen, labels, parts, asked)
    for done, _ in enumerate(engine.run(list_group, tasks, memory=DEFAULT_MEMORY), 1):
        progress("suspecting", done, len(tasks))
    return fit, parts, len(tasks) + 1


@dataclass(frozen=True, eq=False)
class _Fit:
    """A model on some queries, and what it knows of the others.

    Attributes:
        pool: All queries.
        rows: (queries,) rows of the pool that the model's own pool is made of, ascending.
        labelled: (queries,) rows of the pool with a label, ascending.
        model: Fitted.
    """

    pool: Pool
    rows: Ints
    labelled: Ints
    model: Suspicion

    def of(self, rows: Ints) -> Suspicion:
        """The model for the pool of some queries, of which all or none have labels."""
        if np.isin(rows, self.labelled).any():
            return _on_labelled(self.model, np.searchsorted(self.rows, rows).astype(np.int32))
        terms, measures = self.model.features.terms, self.model.features.measures
        part = self.pool.part(rows, f"some of {self.pool.fingerprint}")
        return unlabelled_model(part, self.model, terms, measures)


def _fitted(pool: Pool, labels: Labels) -> _Fit:
    places = np.full(len(pool.dataset.queries), -1, dtype=np.int64)
    places[pool.queries] = np.arange(len(pool))
    asked = {int(places[query]) for query, _, _ in labels.found(pool.dataset)} if len(labels) else set()
    labelled = np.array(sorted(asked - {-1}), dtype=np.int32)
    rows = np.union1d(known_by(pool, KNOWN_BY), labelled).astype(np.int32)
    part = pool.part(rows, f"measured part of {pool.fingerprint}")
    return _Fit(pool, rows, labelled, suspicion_model(part, labels or None))


def _on_labelled(model: Suspicion, rows: Ints) -> Suspicion:
    """The model with rows of its own pool alone; what labels found is kept."""
    found = None
    if model.found is not None:
        found = Features(model.found.pool.part(rows, "labelled, with what was found"), model.found.terms)
        found.__dict__["measures"] = model.features.measures
    features = Features(model.pool.part(rows, "labelled"), model.features.terms)
    features.__dict__["measures"] = model.features.measures
    return replace(
        model, pool=features.pool, shifts=model.shifts[rows], features=features, found=found, said=model.said[rows]
    )


def unlabelled_model(
    pool: Pool, model: Suspicion, terms: Sequence[tuple[str, Any]], measures: Mapping[str, tuple[float, float]]
) -> Suspicion:
    """A fitted model for other queries, without labels, of the same collection.

    Args:
        pool: Those queries.
        model: Whose coefficients count.
        terms: Signals and views.
        measures: What is usual in the whole pool.
    """
    features = Features(pool, terms)
    features.__dict__["measures"] = dict(measures)
    none = np.zeros(pool.documents.shape, dtype=bool)
    return replace(model, pool=pool, shifts=np.zeros(len(pool)), features=features, found=None, said=none)


def _tasks(fit: _Fit, asked: _Asked, parts: Parts) -> list[Group]:
    model, measures = fit.model, fit.model.features.measures
    parts.files.write(LABELLED, lambda path: path.write_text(json.dumps(fit.labelled.tolist()), "utf-8"))
    numbers = tuple(model.coefficients.tolist())
    return [
        Group(asked, parts, number, float(model.intercept), numbers, tuple(model.features.terms),
              tuple(measures.items()))
        for number in range(len(groups_of(len(fit.pool), fit.pool.depth)))
    ]  # fmt: skip


def list_group(task: Group) -> int:
    """List the suspects of one group, unless that was done before; how many there are."""
    if task.parts.has(task.number):
        return 0
    seen, chosen = _seen(task.asked.pool, task.asked.selection)
    rows = groups_of(len(seen), seen.depth)[task.number]
    labelled = np.array(json.loads(task.parts.files.path(LABELLED).read_text("utf-8")), dtype=np.int32)
    pool = seen.part(rows, f"group {task.number} of {seen.fingerprint}")
    asked = pool.eligible if chosen is None else pool.eligible & chosen.taken(task.number, rows)
    asked = asked & ~np.isin(rows, labelled)[:, None]
    bare = suspicion_model(pool.part(rows[:0]))
    model = replace(bare, intercept=task.intercept, coefficients=np.array(task.coefficients))
    model = unlabelled_model(pool, model, task.terms, dict(task.measures))
    table = _listed(seen, model, rows, asked, task.asked)
    about = {"pairs": int(asked.sum()), "labelled": 0}
    task.parts.write(task.number, table.replace_schema_metadata({ABOUT: json.dumps(about).encode()}), packed=False)
    return len(table)


def _write_labelled(fit: _Fit, chosen: "_Chosen | None", labels: Labels, parts: Parts, wanted: _Asked) -> None:
    """The suspects among the queries with labels: few, and the model itself knows them."""
    model = fit.of(fit.labelled) if len(fit.labelled) else _on_labelled(fit.model, fit.labelled)
    pool = model.pool
    asked = pool.eligible if chosen is None else pool.eligible & chosen.of_rows(fit.labelled)
    left_out = asked & (labels.align(pool) > 0) & (not wanted.every)
    table = _listed(fit.pool, model, fit.labelled, asked & ~left_out, wanted)
    about = {"pairs": int(asked.sum()), "labelled": int(left_out.sum())}
    number = len(groups_of(len(fit.pool), fit.pool.depth))
    parts.write(number, table.replace_schema_metadata({ABOUT: json.dumps(about).encode()}), packed=False)


def _listed(pool: Pool, model: Suspicion, rows: Ints, asked: Bools, wanted: _Asked) -> pa.Table:
    """The cells that are asked about, most suspect first."""
    found = [_cells(model, asked, start) for start in range(0, len(rows), ROWS)]
    none = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64))
    units, own, columns = (np.concatenate(side) for side in zip(none, *found, strict=True))
    place, documents = _by_id(pool)[rows[own]], model.pool.documents[own, columns]
    order = np.lexsort((documents, place, -units))[: wanted.top]
    reasons = _reasons(model, own[order], columns[order]) if wanted.reasons else [""] * len(order)
    data = {
        "units": units[order].astype(np.int32), "place": place[order].astype(np.int32),
        "row": rows[own][order].astype(np.int32), "column": columns[order].astype(np.int32),
        "document": documents[order].astype(np.int32), "reasons": pa.array(reasons, pa.large_string()),
    }  # fmt: skip
    return pa.table(data)


def _cells(model: Suspicion, asked: Bools, start: int) -> tuple[Rows, Rows, Rows]:
    """Probability in units of what is written, row and column of the cells of a few queries."""
    block = np.arange(start, min(start + ROWS, len(asked)), dtype=np.int32)
    if not asked[block].any():
        return (np.zeros(0, np.int64),) * 3
    values = np.round(model.probabilities(block).astype(np.float64), DIGITS)
    rows, columns = np.nonzero(asked[block])
    return np.rint(values[rows, columns] * UNITS).astype(np.int64), block[rows].astype(np.int64), columns


def _reasons(model: Suspicion, rows: Rows, columns: Rows) -> list[str]:
    """(cells,) why each is suspected; worked out query by query."""
    found = [""] * len(rows)
    for row, cells in _by_query(rows):
        for cell, words in zip(cells, model.reasons_of(row, columns[cells]), strict=True):
            found[cell] = "; ".join(words)
    return found


def _by_query(rows: Rows | Ints) -> Iterator[tuple[int, Rows]]:
    """Every row that occurs, and where."""
    order = np.argsort(rows, kind="stable")
    queries, starts = np.unique(rows[order], return_index=True)
    yield from zip(queries.tolist(), np.split(order, starts)[1:], strict=True)


def _by_id(pool: Pool) -> Rows:
    """(queries,) place of each query in the order of ids; kept beside the pool."""
    if "_by_id" not in pool.__dict__:
        ids = pool.dataset.queries["id"].take(pa.array(pool.queries)).combine_chunks()
        place = np.empty(len(ids), dtype=np.int64)
        place[pc.array_sort_indices(ids).to_numpy()] = np.arange(len(ids))
        pool.__dict__["_by_id"] = place
    found: Rows = pool.__dict__["_by_id"]
    return found


class _Chosen:
    """What a selection on disk takes, for one group at a time where its file allows."""

    def __init__(self, file: SelectionFile) -> None:
        self._file = file
        self._whole = None if file.by_group else file.whole()
        self.pool = file.pool
        self.mark = file.fingerprint or (self._whole.fingerprint if self._whole else "")

    def taken(self, number: int, rows: Ints) -> Bools:
        """(queries, depth) of a group."""
        return self._file.group(number).taken if self._whole is None else self._whole.taken[rows]

    def of_rows(self, rows: Ints) -> Bools:
        """(queries, depth) of any queries."""
        found = np.zeros((len(rows), self.pool.depth), dtype=bool)
        for number, group in enumerate(self._file.groups):
            here = np.isin(rows, group)
            if here.any():
                found[here] = self.taken(number, group)[rows[here] - group[0]]
        return found


def _seen(pool: str, selection: str | None) -> tuple[Pool, _Chosen | None]:
    """The pool whose candidates are asked about, and what of them a selection takes."""
    opened = opened_pool(pool)
    if selection is None:
        return opened, None
    path = fetched(selection, node_folder())
    kept: dict[Any, _Chosen] = opened.__dict__.setdefault("_chosen", {})
    key = path, path.stat().st_mtime_ns if path.is_file() else 0
    if key not in kept:
        kept.clear()
        kept[key] = _Chosen(SelectionFile(path, opened))
    return kept[key].pool, kept[key]


def _merged(
    fit: _Fit, parts: Parts, numbers: Sequence[int], path: Path, how: tuple[int | None, int], progress: Progress
) -> Listing:
    """Write the lists of all groups as one; ``how`` is how many at most, and the memory for it."""
    top, memory = how
    pairs = labelled = written = 0
    for number in numbers:
        about = json.loads(parts.read(number).schema.metadata[ABOUT])
        pairs, labelled = pairs + about["pairs"], labelled + about["labelled"]
    blocks = _all(parts, numbers, rows_within(memory, OF_ROW)) if top is None else _first(fit, parts, numbers, top)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(HEADER)
        for table in blocks:
            writer.writerows(_lines(fit.pool, table))
            written += len(table)
            progress("writing", written, pairs - labelled)
    return Listing(fit.model, pairs, labelled, written)


def _lines(pool: Pool, table: pa.Table) -> Iterator[tuple[str, str, str, str]]:
    """Rows of the list as a spreadsheet may have them: query id, document id, probability, reasons."""
    queries = pool.dataset.queries["id"].take(pa.array(pool.queries[table["row"].to_numpy()]))
    documents = pool.dataset.documents["id"].take(table["document"].combine_chunks())
    columns = (queries, documents, table["units"], table["reasons"])
    for query, document, units, reasons in zip(*(column.to_pylist() for column in columns), strict=True):
        yield guarded(query), guarded(document), f"{units / UNITS:.{DIGITS}f}", guarded(reasons)


def _ordered(tables: Sequence[pa.Table]) -> pa.Table:
    joined = pa.concat_tables(tables).combine_chunks()
    keys = [joined[name].to_numpy() for name in ("document", "place", "units")]
    return joined.take(pa.array(np.lexsort((keys[0], keys[1], -keys[2]))))


def _first(fit: _Fit, parts: Parts, numbers: Sequence[int], top: int) -> Iterator[pa.Table]:
    """The most suspect of all, with their reasons; never more than twice so many are held."""
    best = parts.read(numbers[0]).replace_schema_metadata(None)[:0]
    for number in numbers:
        best = _ordered([best, parts.read(number).replace_schema_metadata(None)])[:top]
    rows, columns = (best[name].to_numpy() for name in ("row", "column"))
    reasons = [""] * len(best)
    for row, cells in _by_query(rows):
        model = fit.of(np.array([row], dtype=np.int32))
        told = _reasons(model, np.zeros(len(cells), np.int64), columns[cells])
        for cell, words in zip(cells, told, strict=True):
            reasons[cell] = words
    yield best.set_column(best.schema.get_field_index("reasons"), "reasons", pa.array(reasons, pa.large_string()))


def _all(parts: Parts, numbers: Sequence[int], limit: int) -> Iterator[pa.Table]:
    """All rows in order, about so many at a time; the lists stay on disk, mapped."""
    tables = [parts.read(number).replace_schema_metadata(None) for number in numbers]
    units = [table["units"].to_numpy() for table in tables]
    counts = sum(np.bincount(values, minlength=UNITS + 1) for values in units)
    for low, high in _levels(np.asarray(counts), limit):
        ends = [(np.searchsorted(-values, -high), np.searchsorted(-values, -low, "right")) for values in units]
        slices = [table.slice(start, stop - start) for table, (start, stop) in zip(tables, ends, strict=True)]
        if sum(map(len, slices)) <= limit:
            yield _ordered(slices)
        else:
            yield from _by_place(slices, limit)


def _levels(counts: npt.NDArray[np.int64], limit: int) -> Iterator[tuple[int, int]]:
    """Ranges of probabilities, the highest first, that hold about so many rows; a single one may hold more."""
    high = low = len(counts) - 1
    total = 0
    for level in range(len(counts) - 1, -1, -1):
        if total and total + counts[level] > limit:
            yield low, high
            high, total = level, 0
        low, total = level, total + int(counts[level])
    yield low, high


def _by_place(slices: Sequence[pa.Table], limit: int) -> Iterator[pa.Table]:
    """Rows of one probability, by the order of their queries."""
    places = [part["place"].to_numpy() for part in slices]
    most = 1 + max(int(values[-1]) for values in places if len(values))
    step = max(most * limit // sum(map(len, slices)), 1)
    for start in range(0, most, step):
        ends = [np.searchsorted(values, [start, start + step]) for values in places]
        yield _ordered([part.slice(low, high - low) for part, (low, high) in zip(slices, ends, strict=True)])
