"""Files: Parquet in batches, JSON lines that every reader splits alike, and the sidecars beside the data."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from negviz.errors import ExportError
from negviz.exporters._rows import IDS, LeftOut, Row

FileKind = Literal["parquet", "jsonl"]
BATCH = 4096
IDS_FILE = "ids.parquet"
LEFT_OUT_FILE = "left_out.jsonl"

# Valid inside JSON text, but some readers end a line there; only strings can hold them, so escaping is safe.
LINE_ENDS = {"\x85": b"\\u0085", "\u2028": b"\\u2028", "\u2029": b"\\u2029"}


def json_line(value: dict[str, Any]) -> bytes:
    """One line of JSON in UTF-8, ended by a newline; numbers must be finite."""
    try:
        line = orjson.dumps(value)
    except orjson.JSONEncodeError:
        raise ExportError(
            f"A text cannot be written as UTF-8, because it holds half of a surrogate pair ({str(value)[:60]!a}); "
            "repair the text first."
        ) from None
    for char, escape in LINE_ENDS.items():
        line = line.replace(char.encode(), escape)
    return line + b"\n"


def write_lines(path: Path, values: Iterable[dict[str, Any]]) -> int:
    """Write JSON lines and return how many."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with path.open("wb") as file:
        for value in values:
            file.write(json_line(value))
            count += 1
    return count


def write_rows(
    rows: Callable[[LeftOut], Iterator[Row]],
    folder: Path,
    data: str,
    schema: pa.Schema | None,
    hint: Callable[[], str] = str,
) -> dict[str, int | str]:
    """Write rows, their ids beside them, and the list of what was left out.

    Args:
        rows: Makes the rows and fills the list of what was left out.
        folder: Where to write.
        data: Path of the data file inside the folder; its ending says Parquet or JSON lines.
        schema: Columns of the data, for Parquet.
        hint: Says what to do when no row could be written.

    Returns:
        Counts and the path of the data.

    Raises:
        ExportError: If there is no row.
    """
    left_out: LeftOut = []
    made = rows(left_out)
    batch = list(islice(made, BATCH))
    if not batch:
        raise _nothing(left_out, hint())
    count = 0
    table = schema if data.endswith(".parquet") else None
    with (
        _DataFile(folder / data, table) as main,
        _DataFile(folder / IDS_FILE, IDS) as sidecar,
    ):
        while batch:
            main.write([row.data for row in batch])
            sidecar.write([row.ids for row in batch])
            count += len(batch)
            batch = list(islice(made, BATCH))
    return {"rows": count, **report(left_out, folder), "data": data}


def report(left_out: LeftOut, folder: Path) -> dict[str, int]:
    """Write the list of what was left out, if anything was, and count it."""
    if left_out:
        write_lines(folder / LEFT_OUT_FILE, left_out)
    return {"left_out": len(left_out), "queries_left_out": len({each["query_id"] for each in left_out})}


def _nothing(left_out: LeftOut, hint: str) -> ExportError:
    why = "; ".join(sorted({each["reason"] for each in left_out}))
    return ExportError(
        f"No query can be written in this format{f' ({why})' if why else ''}. "
        f"{hint or 'Loosen the recipe so that more candidates are taken, or choose another format.'}"
    )


class _DataFile:
    """A data file that rows are appended to: Parquet with a row group a batch, or JSON lines."""

    def __init__(self, path: Path, schema: pa.Schema | None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._schema = schema
        self._file = path.open("wb")
        self._writer = pq.ParquetWriter(self._file, schema, compression="zstd") if schema else None

    def write(self, rows: list[dict[str, Any]]) -> None:
        """Append rows."""
        if self._writer:
            self._writer.write_table(pa.Table.from_pylist(rows, self._schema))
        else:
            self._file.writelines(json_line(row) for row in rows)

    def __enter__(self) -> "_DataFile":
        """The open file."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        if self._writer:
            self._writer.close()
        self._file.close()
