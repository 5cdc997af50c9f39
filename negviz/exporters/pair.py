"""Pairs for sentence-transformers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from negviz.examples import Examples
from negviz.exporters import EXPORTERS
from negviz.exporters import _sentence_transformers as st
from negviz.exporters._files import FileKind
from negviz.exporters._rows import LeftOut, Row, distinct, ids


def _rows(examples: Examples, left_out: LeftOut, *, file: FileKind = "parquet") -> Iterator[Row]:
    for example in examples.texts():
        for positive in distinct(example.positives):
            yield Row({"anchor": example.query, "positive": positive.content}, ids(example, [positive], []))


@EXPORTERS.register(
    "Pairs: anchor, positive",
    reference="https://sbert.net/docs/sentence_transformer/loss_overview.html",
    trainer="sentence-transformers",
    reads="tabular",
    holds=(),
    rows=_rows,
    snippet=st.snippet("MultipleNegativesRankingLoss"),
)
def pair(*, examples: Examples, folder: Path, file: FileKind = "parquet") -> dict[str, Any]:
    """One row for every positive of a query, without its negatives.

    The loss takes the other positives of the batch as negatives: what to compare training on hard negatives with.

    Args:
        examples: What to write.
        folder: Where to write it.
        file: Parquet, or JSON lines.

    Returns:
        Counts: rows, left_out, queries_left_out, and data, the path of the data.

    Raises:
        ExportError: If there is no query.
    """
    columns = [("anchor", st.TEXT), ("positive", st.TEXT)]
    return st.write("pair", file, columns, folder, lambda left_out: _rows(examples, left_out))
