"""Tevatron distillation: rows of passages with a teacher's scores."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from negviz.examples import Examples, TextDocument
from negviz.exporters import EXPORTERS
from negviz.exporters._files import SHARD, FileKind, write_rows
from negviz.exporters._rows import (
    NO_NEGATIVE,
    UNKNOWN_SCORE,
    LeftOut,
    Row,
    distinct,
    ids,
    known_scores,
    leave_out,
    query_name,
)

PASSAGES = pa.list_(pa.struct([("title", pa.string()), ("text", pa.string())]))
COLUMNS = pa.schema(
    [("query_id", pa.string()), ("query", pa.string()), ("passages", PASSAGES), ("scores", pa.list_(pa.float64()))]
)

SNIPPET = """\
import datasets

data = datasets.load_dataset("FILE", data_files="DATA", split="train")
# Tevatron's own training finds the same rows with: --dataset_name FILE --dataset_path "DATA" --train_group_size GROUP
"""


def _rows(examples: Examples, left_out: LeftOut, *, file: FileKind = "parquet") -> Iterator[Row]:
    for example in examples.texts():
        if not example.negatives:
            leave_out(left_out, example, NO_NEGATIVE)
            continue
        for positive in distinct(example.positives):
            listed: list[TextDocument] = [positive, *example.negatives]
            known = known_scores(listed)
            if known is None:
                leave_out(left_out, example, UNKNOWN_SCORE, positive_id=positive.id)
                continue
            data = {
                "query_id": query_name(example),
                "query": example.query,
                "passages": [{"title": each.title, "text": each.text or ""} for each in listed],
                "scores": known,
            }
            yield Row(data, ids(example, [positive], example.negatives))


@EXPORTERS.register(
    "Tevatron distillation: passages with a teacher's scores",
    reference="https://github.com/texttron/tevatron",
    name_shown="tevatron-teacher",
    trainer="Tevatron",
    reads="tevatron_teacher",
    holds=("titles", "scores", "negatives", "counts"),
    rows=_rows,
    snippet=SNIPPET,
)
def tevatron_teacher(*, examples: Examples, folder: Path, file: FileKind = "parquet") -> dict[str, Any]:
    """One row for every positive of a query: ``passages``, the positive first, and as many ``scores`` of a teacher.

    Nothing but its place says which passage is the positive. The loss compares all scores of a row, so a row in which
    one is unknown is left out; titles and ids are texts, and a title is there even where it is empty.

    Args:
        examples: What to write.
        folder: Where to write it.
        file: Parquet, or JSON lines.

    Returns:
        Counts: rows, left_out, queries_left_out, and data, the path of the data.

    Raises:
        ExportError: If no row has a score for each of its passages.
    """
    return write_rows(
        lambda left_out: _rows(examples, left_out), folder, f"tevatron-teacher/train-{SHARD}.{file}", COLUMNS
    )
