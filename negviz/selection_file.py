"""Selection files: a selection as Parquet, written, read and compared with its pool group by group."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml

from negviz import __version__
from negviz.arrays import PAD, Bools, Floats, Ints, descending
from negviz.compiled import MANY, WIDEST
from negviz.dataset import Dataset
from negviz.errors import DataError, RecipeError
from negviz.one_pass import order_of
from negviz.pool import Pool
from negviz.recipe import Recipe, recipe_of
from negviz.select import source_pool
from negviz.selection import (
    ABSENT,
    NOT_REFUSED,
    Funnel,
    Selection,
    fingerprint_of,
    group_size,
    groups_of,
    taken_columns,
)
from negviz.writing import file_written_beside

SELECTION_KEY = b"negviz"
SELECTION_VERSION = 2
RESERVED = ("query_id", "document_id", "rank", "weight", "taken", "backfilled", "synthetic", "refused_by")
# Rows of a file whose order is not that of the pool; they are looked up by their ids, so many at a time.
LOOKED_UP = 1 << 22
# Rows, columns and ranks.
Cells: TypeAlias = tuple[Ints, Ints, Ints]


def selection_table(selection: Selection) -> pa.Table:
    """A row for each candidate: ids, rank, a column a scorer, weight, taken, refused_by; queries in order, best first.

    The recipe, the stages and the fingerprints travel in the table's metadata.
    """
    pool = selection.pool
    about = about_selection(selection.recipe, selection.stages, pool, selection.funnel, selection.fingerprint)
    return rows_of(selection).replace_schema_metadata({SELECTION_KEY: about})


def rows_of(selection: Selection) -> pa.Table:
    """The rows of ``selection_table`` alone."""
    pool = selection.pool
    rows, columns, rank = _cells(pool, selection.recipe.scorer)
    documents = pa.array(pool.documents[rows, columns])
    document_ids = pool.dataset.documents["id"].take(documents)
    data: dict[str, Any] = {
        "query_id": pool.dataset.queries["id"].take(pa.array(pool.queries[rows])),
        "document_id": document_ids,
        "rank": rank,
    }
    for scorer, scores in pool.scores.items():
        values = scores[rows, columns]
        data[_column(scorer, data)] = pa.array(values, mask=~np.isfinite(values))
    data["weight"] = selection.weights[rows, columns]
    data["taken"] = selection.taken[rows, columns]
    if selection.recipe.underfill == "pad":
        data["backfilled"] = selection.backfilled[rows, columns]
    if pool.dataset.synthetic_ids:
        data["synthetic"] = pc.is_in(document_ids, pa.array(sorted(pool.dataset.synthetic_ids), document_ids.type))
    codes = selection.reasons[rows, columns].astype(np.int32)
    names = pa.array([*selection.stages, ""], pa.string())
    data["refused_by"] = names.take(pa.array(np.maximum(codes, 0), mask=codes < 0))
    return pa.table(data)


def _column(scorer: str, taken: Mapping[str, Any]) -> str:
    """Name of a scorer's column; a run file called 'rank' must not hide ours."""
    return f"score_{scorer}" if scorer in RESERVED or scorer in taken else scorer


def _cells(pool: Pool, scorer: str) -> Cells:
    """(candidates,) row, column and rank of every candidate, in the order of a file."""
    order = _best_first(pool, scorer)
    rows, ranks = np.nonzero(np.take_along_axis(pool.present, order, axis=1))
    return rows.astype(np.int32), order[rows, ranks].astype(np.int32), ranks.astype(np.int32)


def _best_first(pool: Pool, scorer: str) -> Any:
    """(queries, depth) columns by rank, best first."""
    if pool.documents.size < MANY or pool.depth > WIDEST:
        return descending(pool.score(scorer), pool.present).astype(np.int64)
    return order_of(pool, scorer).astype(np.int64)


def about_selection(
    recipe: Recipe, stages: Iterable[str], pool: Pool, funnel: Funnel, fingerprint: str, rows: Iterable[int] = ()
) -> bytes:
    """What a file says of itself: recipe, stages, counts and fingerprints, and how many rows each group has."""
    about = {
        "recipe": recipe.to_dict(),
        "stages": list(stages),
        "pool": pool.fingerprint,
        "selection": fingerprint,
        "summary": funnel.summary(recipe, tuple(stages), pool.fingerprint),
        "negviz": __version__,
        "version": SELECTION_VERSION,
        "group": group_size(pool.depth),
        "rows": list(rows),
    }
    return json.dumps(about, ensure_ascii=False).encode()


class SelectionWriter:
    """A selection file that groups are added to; the bytes are those of the groups, whoever made them."""

    def __init__(self, path: Path, pool: Pool, recipe: Recipe) -> None:
        """Begin a file.

        Args:
            path: Where to write.
            pool: What the recipe chose from, after its source.
            recipe: What was run.
        """
        self._path, self._pool, self._recipe = path, pool, recipe
        self._writer: pq.ParquetWriter | None = None
        self._rows: list[int] = []
        self.digests: list[str] = []
        self.stages: tuple[str, ...] = ()
        self.funnel = Funnel(0, 0, (), 0, 0, 0, 0, 0)

    def add(self, rows: pa.Table, stages: tuple[str, ...], funnel: Funnel, digest: str) -> None:
        """Append the next group.

        Args:
            rows: What ``rows_of`` gave for it.
            stages: Names of what could refuse; the same for all groups.
            funnel: Its counts.
            digest: Of its outcome.
        """
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, rows.schema, compression="zstd")
        if len(rows):
            self._writer.write_table(rows, row_group_size=len(rows))
        self.funnel = self.funnel.plus(funnel) if self.digests else funnel
        self.stages = stages
        self.digests.append(digest)
        self._rows.append(len(rows))

    def add_selection(self, group: Selection) -> None:
        """Append the outcome for the queries of the next group."""
        self.add(rows_of(group), group.stages, group.funnel, group.digest)

    @property
    def fingerprint(self) -> str:
        """Of the selection, once all groups are there."""
        return fingerprint_of(self._pool.fingerprint, self._recipe, self.digests)

    def __enter__(self) -> "SelectionWriter":
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the file with what it says of itself."""
        if self._writer is None:
            return
        if kind is None:
            about = about_selection(self._recipe, self.stages, self._pool, self.funnel, self.fingerprint, self._rows)
            self._writer.add_key_value_metadata({SELECTION_KEY.decode(): about.decode()})
        self._writer.close()


def save_selection(selection: Selection, path: Path) -> None:
    """Write a selection as Parquet."""
    with file_written_beside(path) as beside:
        write_selection(selection, beside)


def write_selection(selection: Selection, path: Path) -> SelectionWriter:
    """Write a selection group by group; what was written is known afterwards."""
    pool = selection.pool
    with SelectionWriter(path, pool, selection.recipe) as writer:
        for rows in groups_of(len(pool), pool.depth) or [np.zeros(0, dtype=np.int32)]:
            writer.add_selection(selection.part(rows))
    return writer


class SelectionFile:
    """A selection on disk, read a group at a time or as a whole.

    Attributes:
        pool: What it was chosen from, after the recipe's source.
        recipe: What was run.
        stages: Names of what refused.
        by_group: Whether groups can be read apart: this version wrote the file, and nobody changed it since.
    """

    def __init__(self, path: Path, pool: Pool) -> None:
        """Open a file; what it holds is read when asked for.

        Args:
            path: What ``negviz select`` wrote.
            pool: Stored pool that it was made from.

        Raises:
            DataError: If the file is missing, is not a selection, or was made from another pool.
        """
        self._path = Path(path)
        if not self._path.is_file():
            raise DataError(f"There is no selection file {path}; make one with 'negviz select POOL --out {path}'.")
        try:
            self._file = pq.ParquetFile(self._path, memory_map=True)
            about = json.loads((self._file.metadata.metadata or {})[SELECTION_KEY])
            self.recipe = recipe_of(about["recipe"])
            self.stages = tuple(about["stages"])
            made_from = about["pool"]
        except (pa.ArrowInvalid, KeyError, json.JSONDecodeError, RecipeError, OSError, TypeError, yaml.YAMLError):
            raise self._no_selection() from None
        self.pool = source_pool(pool, self.recipe)
        if made_from != self.pool.fingerprint:
            raise DataError(
                f"{path} was made from another pool (fingerprint {made_from[:8]}, this pool's is "
                f"{self.pool.fingerprint[:8]}); select again from this pool."
            )
        self.groups = groups_of(len(self.pool), self.pool.depth)
        held = [self._file.metadata.row_group(place).num_rows for place in range(self._file.num_row_groups)]
        rows = about.get("rows") or []
        ours = about.get("version") == SELECTION_VERSION and about.get("group") == group_size(self.pool.depth)
        self.by_group = bool(ours and len(rows) == len(self.groups) and held == [count for count in rows if count])
        self._row_groups = np.cumsum([0, *(count > 0 for count in rows)]) if self.by_group else np.zeros(1)
        self._rows = rows
        self.fingerprint: str | None = about["selection"] if self.by_group else None

    def _no_selection(self) -> DataError:
        return DataError(
            f"{self._path} is not a selection of negviz; make one with 'negviz select POOL --out {self._path}'."
        )

    def group(self, place: int) -> Selection:
        """The outcome for the queries of one group; only of a file ``by_group``."""
        rows = self.groups[place]
        name = f"group {place} of {self.pool.fingerprint}"
        pool = self.pool.part(rows, name)
        table = self._read(place, self._columns())
        cells = _cells(pool, self.recipe.scorer)
        if not _same_ids(table, pool, cells):
            cells = _cells_by_id(table, pool)

        def weights() -> Floats:
            values = self._read(place, ["weight"])["weight"].to_numpy()
            return np.asarray(_placed(pool, cells, values, np.float64))

        return self._selection(pool, table, cells, weights)

    def whole(self) -> Selection:
        """The outcome for all queries; only arrays of a byte for each candidate are made, weights when asked for."""
        pool = self.pool
        reasons = np.full(pool.documents.shape, ABSENT, dtype=np.int8)
        columns = np.full((len(pool), self.recipe.count), PAD, dtype=np.int32)
        padding: Bools | None = None
        for rows, part in self._parts():
            reasons[rows], columns[rows] = part.reasons, part.columns
            if part.padding is not None:
                padding = np.zeros(pool.documents.shape, dtype=bool) if padding is None else padding
                padding[rows] = part.padding

        def weights() -> Floats:
            found = np.zeros(pool.documents.shape)
            for rows, part in self._parts():
                found[rows] = part.weights
            return found

        return Selection(pool, self.recipe, weights, reasons, columns, self.stages, padding,
                         stored_fingerprint=self.fingerprint)  # fmt: skip

    def _parts(self) -> Iterator[tuple[Any, Selection]]:
        """Rows of the pool and the outcome for them, group by group where the file allows."""
        if self.by_group:
            yield from ((rows, self.group(place)) for place, rows in enumerate(self.groups))
        else:
            yield slice(None), self._looked_up()

    def _looked_up(self) -> Selection:
        """All of a file that an older version wrote, or that somebody put in another order: rows by their ids."""
        try:
            table = self._file.read([*self._columns(), "weight"])
        except (pa.ArrowInvalid, OSError, KeyError):
            raise self._no_selection() from None
        cells = _cells_by_id(table, self.pool)
        values = table["weight"].to_numpy()
        return self._selection(self.pool, table, cells, lambda: _placed(self.pool, cells, values, np.float64))

    def _columns(self) -> list[str]:
        more = ["backfilled"] if "backfilled" in self._file.schema_arrow.names else []
        return ["query_id", "document_id", "taken", "refused_by", *more]

    def _read(self, place: int, columns: list[str]) -> pa.Table:
        try:
            # Of an empty group nothing was written.
            found = [int(self._row_groups[place])] if self._rows[place] else []
            return self._file.read_row_groups(found, columns=columns)
        except (pa.ArrowInvalid, OSError, KeyError):
            raise self._no_selection() from None

    def _selection(self, pool: Pool, table: pa.Table, cells: Cells, weights: Callable[[], Floats]) -> Selection:
        rows, columns, _ = cells
        reasons = np.where(pool.present, NOT_REFUSED, ABSENT).astype(np.int8)
        names = table["refused_by"]
        codes = pc.index_in(names, value_set=pa.array(self.stages, names.type))
        if codes.null_count != names.null_count:
            raise DataError(f"{self._path} names a step that its recipe does not have; select again.")
        reasons[rows, columns] = pc.fill_null(codes, NOT_REFUSED).to_numpy()
        taken = _placed(pool, cells, table["taken"].to_numpy(), bool)
        padding = None
        if "backfilled" in table.column_names and pc.any(table["backfilled"]).as_py():
            padding = _placed(pool, cells, table["backfilled"].to_numpy(), bool)
        chosen = _chosen(pool, taken, self.recipe)
        return Selection(pool, self.recipe, weights, reasons, chosen, self.stages, padding)


def read_selection(path: Path, pool: Pool) -> Selection:
    """Read a selection back onto the pool that it was made from.

    Raises:
        DataError: If the file is missing, is not a selection, or was made from another pool.
    """
    return SelectionFile(path, pool).whole()


def _chosen(pool: Pool, taken: Bools, recipe: Recipe) -> Ints:
    """(queries, count) columns taken, best rank first, where few of many candidates are."""
    rows, columns = np.nonzero(taken)
    counts = np.bincount(rows, minlength=len(pool))
    width = int(counts.max(initial=0))
    slots = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    found = np.full((len(pool), width), PAD, dtype=np.int32)
    found[rows, slots] = columns
    here = np.not_equal(found, PAD)
    if not pool.depth:
        return np.full((len(pool), recipe.count), PAD, dtype=np.int32)
    scores = np.where(here, np.take_along_axis(pool.score(recipe.scorer), np.maximum(found, 0), axis=1), np.nan)
    # Columns are ascending, so that equal scores stay in the order of their documents, as they do in a rank.
    order = taken_columns(here, _rank(scores, here), recipe.count)
    picked = np.take_along_axis(np.pad(found, ((0, 0), (0, 1)), constant_values=PAD), order, axis=1)
    return np.where(np.equal(order, PAD), PAD, picked).astype(np.int32)


def _rank(scores: Any, here: Bools) -> Ints:
    order = descending(scores, here)
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(order.shape[1], dtype=np.int32)[None, :], axis=1)
    return rank


def _placed(pool: Pool, cells: Cells, values: Any, kind: type) -> Any:
    found: Any = np.zeros(pool.documents.shape, dtype=kind)
    found[cells[0], cells[1]] = values
    return found


def _same_ids(table: pa.Table, pool: Pool, cells: Cells) -> bool:
    """Whether a table has the ids of these candidates, in this order."""
    rows, columns, _ = cells
    if len(table) != len(rows):
        return False
    queries = pool.dataset.queries["id"].take(pa.array(pool.queries[rows]))
    documents = pool.dataset.documents["id"].take(pa.array(pool.documents[rows, columns]))
    return bool(table["query_id"].equals(queries) and table["document_id"].equals(documents))


def _cells_by_id(table: pa.Table, pool: Pool) -> Cells:
    """Row and column of every row of a table, wherever it stands; the rank is not looked up.

    Raises:
        DataError: If one is no candidate of the pool.
    """
    places = np.full(len(pool.dataset.queries), PAD, dtype=np.int64)
    places[pool.queries] = np.arange(len(pool))
    stride = np.int64(len(pool.dataset.documents) + 1)
    cells = (np.where(pool.present, pool.documents, stride - 1) + np.arange(len(pool))[:, None] * stride).ravel()
    parts = []
    for start in range(0, len(table), LOOKED_UP):
        piece = table.slice(start, LOOKED_UP)
        asked = _rows_by_id(pool.dataset, "queries", piece["query_id"])
        rows = np.where(asked >= 0, places[asked], PAD)
        documents = _rows_by_id(pool.dataset, "documents", piece["document_id"])
        wanted = documents + rows * stride
        found = np.minimum(np.searchsorted(cells, wanted), max(len(cells) - 1, 0))
        if (rows < 0).any() or (documents < 0).any() or not len(cells) or (cells[found] != wanted).any():
            raise DataError("The selection names a pair that is no candidate of the pool; select again from it.")
        parts.append((rows, found - rows * pool.depth))
    none = np.zeros(0, dtype=np.int64)
    rows, columns = (np.concatenate(side) for side in zip(*(parts or [(none, none)]), strict=True))
    return rows.astype(np.int32), columns.astype(np.int32), np.zeros(len(rows), dtype=np.int32)


def _rows_by_id(dataset: Dataset, of: str, ids: pa.ChunkedArray) -> Any:
    """(ids,) rows of the dataset, -1 where an id is unknown."""
    known = getattr(dataset, of)["id"]
    return pc.fill_null(pc.index_in(ids.cast(known.type), value_set=known.combine_chunks()), PAD).to_numpy()
