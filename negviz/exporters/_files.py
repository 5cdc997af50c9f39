"""Files: data in the kinds that trainers read, written row by row, and the sidecars beside it."""

import csv
import gzip
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Literal

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from negviz.errors import ExportError
from negviz.exporters._rows import IDS, UNKNOWN_SCORE, LeftOut, Row

FileKind = Literal["parquet", "jsonl", "jsonl.gz", "jsonl.zst"]
LineKind = Literal["jsonl", "jsonl.gz", "jsonl.zst"]
Schemas = Callable[[str], pa.Schema | None]
BATCH = 4096
BATCH_LETTERS = 1 << 25
# About the size of the shards on the Hugging Face hub.
SHARD_BYTES = 500 << 20
SHARD = "{shard}"
IDS_FILE = "ids.parquet"
LEFT_OUT_FILE = "left_out.jsonl"
CELL_ENDS = ("\t", "\n", "\r")

# Valid inside JSON text, but some readers end a line there; only strings can hold them, so escaping is safe.
LINE_ENDS = {"\x85": b"\\u0085", "\u2028": b"\\u2028", "\u2029": b"\\u2029"}


def json_bytes(value: Any) -> bytes:
    """JSON in UTF-8 on one line; numbers must be finite."""
    try:
        line = orjson.dumps(value)
    except orjson.JSONEncodeError:
        raise ExportError(
            f"A text cannot be written as UTF-8, because it holds half of a surrogate pair ({str(value)[:60]!a}); "
            "repair the text first."
        ) from None
    for char, escape in LINE_ENDS.items():
        line = line.replace(char.encode(), escape)
    return line


def json_line(value: Any) -> bytes:
    """One line of JSON in UTF-8, ended by a newline; numbers must be finite."""
    return json_bytes(value) + b"\n"


def write_lines(path: Path, values: Iterable[Any]) -> int:
    """Write JSON lines, compressed where the name says so, and return how many."""
    return write_data(path, values)


def write_data(path: Path, rows: Iterable[Any], schema: pa.Schema | None = None) -> int:
    """Write rows into one file, of the kind that its ending says, and return how many.

    Args:
        path: Ends in ``.parquet``, ``.jsonl`` (or ``.jsonl.gz``, ``.jsonl.zst``), ``.json`` (one array) or ``.tsv``
            (rows are lists of cells without tabs and line ends).
        rows: What to write.
        schema: Columns, for Parquet.
    """
    count = 0
    with _DataFile(path, schema) as file:
        for batch in _batches(rows):
            file.write(batch)
            count += len(batch)
    return count


def write_rows(
    rows: Callable[[LeftOut], Iterator[Row]],
    folder: Path,
    data: str,
    schema: pa.Schema | Schemas | None,
    hint: Callable[[], str] = str,
) -> dict[str, Any]:
    """Write rows, their ids beside them, and the list of what was left out.

    Args:
        rows: Makes the rows and fills the list of what was left out.
        folder: Where to write.
        data: Path of the data file inside the folder, whose ending says its kind (see ``write_data``). ``{shard}`` in
            it stands for the number of the shard, ``{part}`` for the row's part.
        schema: Columns of the data, for Parquet; by part where they differ.
        hint: Says what to do when no row could be written.

    Returns:
        Counts (rows, positives, negatives and backfilled negatives of all rows), ``data``, the path of the largest
        data file (with a star where it is in several shards), and ``data_files``, the rows of each.

    Raises:
        ExportError: If there is no row.
    """
    left_out: LeftOut = []
    counts = dict.fromkeys(("rows", "positives", "negatives", "backfilled"), 0)
    shelves: dict[str, _Shards] = {}
    with ExitStack() as stack:
        sidecar = stack.enter_context(_DataFile(folder / IDS_FILE, IDS))
        for batch in _batches(rows(left_out), lambda row: row.data):
            for row in batch:
                _count(counts, row)
            for part in dict.fromkeys(row.part for row in batch):
                if part not in shelves:
                    columns = schema(part) if callable(schema) else schema
                    made = _Shards(folder, data.replace("{part}", part), columns)
                    shelves[part] = stack.enter_context(made)
                shelves[part].write([row.data for row in batch if row.part == part])
            sidecar.write([row.ids for row in batch])
    if not counts["rows"]:
        raise _nothing(left_out, hint())
    files = {name: rows for shards in shelves.values() for name, rows in shards.finished().items()}
    largest = max(shelves.values(), key=lambda shards: shards.rows)
    return {**counts, **report(left_out, folder), "data": largest.pattern, "data_files": files}


def write_ids(rows: Callable[[LeftOut], Iterator[Row]], folder: Path, hint: Callable[[], str] = str) -> dict[str, Any]:
    """Write what lies beside rows that an exporter writes itself: their ids, and the list of what was left out.

    Args:
        rows: Makes the rows and fills the list of what was left out.
        folder: Where to write.
        hint: Says what to do when there is no row.

    Returns:
        Counts: rows, positives, negatives and backfilled negatives of all rows, left_out and queries_left_out.

    Raises:
        ExportError: If there is no row.
    """
    left_out: LeftOut = []
    counts = dict.fromkeys(("rows", "positives", "negatives", "backfilled"), 0)

    def sources() -> Iterator[dict[str, Any]]:
        for row in rows(left_out):
            _count(counts, row)
            yield row.ids

    write_data(folder / IDS_FILE, sources(), IDS)
    if not counts["rows"]:
        raise _nothing(left_out, hint())
    return {**counts, **report(left_out, folder)}


def write_list(rows: Iterable[Any], folder: Path, name: str, schema: pa.Schema | None = None) -> dict[str, int]:
    """Write a list of its own, such as the corpus, in one file or several; a list of nothing makes an empty file.

    Args:
        rows: What to write.
        folder: Where to write.
        name: Path inside the folder, in which ``{shard}`` stands for the number of the shard.
        schema: Columns, for Parquet.

    Returns:
        Rows of each file.
    """
    with _Shards(folder, name, schema) as shards:
        for batch in _batches(rows):
            shards.write(batch)
        if not shards.rows:
            shards.write([])
    return shards.finished()


def report(left_out: LeftOut, folder: Path) -> dict[str, int]:
    """Write the list of what was left out, if anything was, and count it."""
    if left_out:
        write_lines(folder / LEFT_OUT_FILE, left_out)
    return {"left_out": len(left_out), "queries_left_out": len({each["query_id"] for each in left_out})}


def one_line(text: str) -> str:
    """A text for a cell that no quotation marks protect: its tabs and line ends become spaces."""
    return text.translate(_FLAT) if any(char in text for char in CELL_ENDS) else text


_FLAT = str.maketrans(dict.fromkeys(CELL_ENDS, " "))


def refuse_odd_ids(names: Iterable[str]) -> Iterator[str]:
    """Pass ids on.

    Raises:
        ExportError: If one holds a tab or a line end, which no TSV file can.
    """
    for name in names:
        if any(char in name for char in CELL_ENDS):
            raise ExportError(
                f"The id {name!r} holds a tab or a line end, which a TSV file cannot; change it in the data, or "
                "choose a format without ids, such as n-tuple."
            )
        yield name


def _count(counts: dict[str, int], row: Row) -> None:
    counts["rows"] += 1
    counts["positives"] += len(row.ids["positive_ids"])
    counts["negatives"] += len(row.ids["negative_ids"])
    counts["backfilled"] += sum(row.ids["backfilled"])


def _nothing(left_out: LeftOut, hint: str) -> ExportError:
    reasons = sorted({each["reason"] for each in left_out})
    why = f" ({'; '.join(reasons)})" if reasons else ""
    fix = NO_SCORES if UNKNOWN_SCORE in reasons else hint or NO_ROWS
    return ExportError(f"No query can be written in this format{why}. {fix}")


NO_SCORES = (
    "It needs a score for every text: a recipe gives one to each candidate, and a file that is converted has to hold "
    "them. Or choose a format without scores."
)
NO_ROWS = (
    "Loosen the recipe so that more candidates are taken (a file that is converted has to hold the negatives), or "
    "choose another format."
)


def _batches(rows: Iterable[Any], data: Callable[[Any], Any] = lambda row: row) -> Iterator[list[Any]]:
    """Cut into lists that fit into memory, whatever the length of the texts."""
    batch: list[Any] = []
    letters = 0
    for row in rows:
        batch.append(row)
        letters += _letters(data(row))
        if len(batch) >= BATCH or letters >= BATCH_LETTERS:
            yield batch
            batch, letters = [], 0
    if batch:
        yield batch


def _letters(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_letters, value.values()))
    return sum(map(_letters, value)) if isinstance(value, list | tuple) else 8


class _Shards:
    """A data file in one piece, or in as many shards as it takes; the number of all is in the names at the end."""

    def __init__(self, folder: Path, name: str, schema: pa.Schema | None) -> None:
        self._folder, self._name, self._schema = folder, name, schema
        self._counts: list[int] = []
        self._file: _DataFile | None = None

    @property
    def rows(self) -> int:
        """Rows written."""
        return sum(self._counts)

    @property
    def pattern(self) -> str:
        """Path of the file, with a star where it is in several shards."""
        return self._named("*" if len(self._counts) > 1 else "00000-of-00001")

    def write(self, rows: list[Any]) -> None:
        """Append rows."""
        if self._file is None or (SHARD in self._name and self._file.size >= SHARD_BYTES):
            self.close()
            self._file = _DataFile(self._folder / self._named(f"{len(self._counts):05d}"), self._schema)
            self._counts.append(0)
        self._file.write(rows)
        self._counts[-1] += len(rows)

    def finished(self) -> dict[str, int]:
        """Give each shard its final name; the rows of each."""
        if SHARD not in self._name:
            return {self._name: self.rows}
        found = {}
        for number, count in enumerate(self._counts):
            name = self._named(f"{number:05d}-of-{len(self._counts):05d}")
            (self._folder / self._named(f"{number:05d}")).rename(self._folder / name)
            found[name] = count
        return found

    def close(self) -> None:
        """Close the shard that is open."""
        if self._file is not None:
            self._file.close()

    def _named(self, shard: str) -> str:
        return self._name.replace(SHARD, shard)

    def __enter__(self) -> "_Shards":
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close what is open."""
        self.close()


class _DataFile:
    """One data file that rows are appended to; its ending says of which kind it is."""

    def __init__(self, path: Path, schema: pa.Schema | None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._schema = schema
        self._raw = path.open("wb")
        self._file = _compressing(path.name, self._raw)
        self._writer = pq.ParquetWriter(self._raw, schema, compression="zstd") if path.suffix == ".parquet" else None
        self._kind = path.name.removesuffix(".gz").removesuffix(".zst").rpartition(".")[2]
        self._started = False

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._raw.tell()

    def write(self, rows: list[Any]) -> None:
        """Append rows."""
        if self._writer:
            self._writer.write_table(pa.Table.from_pylist(rows, self._schema))
        elif self._kind == "json":
            for row in rows:
                self._file.write((b",\n" if self._started else b"[") + json_bytes(row))
                self._started = True
        elif self._kind == "tsv":
            text = io.StringIO(newline="")
            csv.writer(text, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None).writerows(
                rows
            )
            self._file.write(text.getvalue().encode())
        else:
            for row in rows:
                self._file.write(json_line(row))

    def close(self) -> None:
        """End the file."""
        if self._writer:
            self._writer.close()
        elif self._kind == "json" and not self._raw.closed:
            self._file.write(b"]\n" if self._started else b"[]\n")
        if self._file is not self._raw:
            self._file.close()
        self._raw.close()

    def __enter__(self) -> "_DataFile":
        """The open file."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()


def _compressing(name: str, raw: IO[bytes]) -> IO[bytes]:
    """What to write bytes into, so that the file is compressed as its name says; the same bytes at any time."""
    if name.endswith(".gz"):
        return gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0)  # type: ignore[return-value]
    if name.endswith(".zst"):
        return zstandard.ZstdCompressor().stream_writer(raw, closefd=False)
    return raw
