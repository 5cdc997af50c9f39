"""Columnar files: Parquet and Arrow, row by row; a line is then a row, counted from 1."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from negviz.errors import DataError
from negviz.loaders._source import Source

# Rows of training data may hold a hundred passages each.
BATCH = 512
# Without it a column of a whole group of rows, often of the whole file, is read at once.
BUFFER_BYTES = 1 << 16


def first_row(source: Source, name: str) -> dict[str, Any] | None:
    """First row of a file, None if it has none.

    Raises:
        DataError: If the file is damaged.
    """
    try:
        return next((batch.slice(0, 1).to_pylist()[0] for batch in _batches(source, name) if len(batch)), None)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(name, error) from None


def columns_of(source: Source, name: str) -> list[str]:
    """Names of the columns.

    Raises:
        DataError: If the file is damaged.
    """
    try:
        with source.random_access(name) as handle:
            is_parquet = source.magic(name).startswith(b"PAR1")
            return list(pq.read_schema(handle).names if is_parquet else _arrow(handle).schema.names)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(name, error) from None


def rows_of(source: Source, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows with their numbers.

    Raises:
        DataError: If the file is damaged.
    """
    source.read.add(name)
    number = 0
    try:
        for batch in _batches(source, name):
            for row in batch.to_pylist():
                number += 1
                yield number, row
            if source.progress:
                source.progress(f"Reading {name}", number, None)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(name, error) from None


def _batches(source: Source, name: str, size: int = BATCH) -> Iterator[pa.RecordBatch]:
    with source.random_access(name) as handle:
        if source.magic(name).startswith(b"PAR1"):
            yield from pq.ParquetFile(handle, buffer_size=BUFFER_BYTES, pre_buffer=False).iter_batches(size)
            return
        reader = _arrow(handle)
        if isinstance(reader, pa.ipc.RecordBatchFileReader):
            batches: Iterator[pa.RecordBatch] = map(reader.get_batch, range(reader.num_record_batches))
        else:
            batches = iter(reader)
        for batch in batches:
            yield from (batch.slice(start, BATCH) for start in range(0, len(batch), BATCH))


def _arrow(handle: Any) -> Any:
    """Reader of an Arrow file, or of a stream, as a saved Hugging Face dataset has."""
    start = handle.read(6)
    handle.seek(0)
    return pa.ipc.open_file(handle) if start == b"ARROW1" else pa.ipc.open_stream(handle)


def _damaged(name: str, error: Exception) -> DataError:
    why = str(error).split("\n")[0][:120]
    return DataError(f"{name} is a Parquet or Arrow file but damaged or cut off ({why}); make or fetch it again.")
