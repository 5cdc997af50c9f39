"""Triplets for sentence-transformers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from negviz.examples import Examples, TextDocument
from negviz.exporters import EXPORTERS
from negviz.exporters import _sentence_transformers as st
from negviz.exporters._files import FileKind
from negviz.exporters._rows import (
    NO_NEGATIVE,
    UNKNOWN_SCORE,
    LeftOut,
    Row,
    contents,
    distinct,
    ids,
    known_scores,
    leave_out,
)


def _rows(examples: Examples, left_out: LeftOut, *, scores: bool = False, file: FileKind = "parquet") -> Iterator[Row]:
    for example in examples.texts():
        if not example.negatives:
            leave_out(left_out, example, NO_NEGATIVE)
        anchor = example.query
        for positive in distinct(example.positives):
            for negative in example.negatives:
                listed: list[TextDocument] = [positive, negative]
                texts, known = contents(listed), known_scores(listed)
                data = {"anchor": anchor, "positive": texts[0], "negative": texts[1]}
                sources = ids(example, [positive], [negative])
                if scores and known is None:
                    pair = {"positive_id": sources["positive_ids"][0], "negative_id": sources["negative_ids"][0]}
                    leave_out(left_out, example, UNKNOWN_SCORE, **pair)
                    continue
                yield Row(data | ({"scores": known} if scores else {}), sources)


@EXPORTERS.register(
    "Triplets: anchor, positive, negative",
    reference="https://sbert.net/docs/sentence_transformer/loss_overview.html",
    trainer="sentence-transformers",
    reads="tabular",
    holds=("negatives", "counts"),
    rows=_rows,
    snippet=st.snippet("MultipleNegativesRankingLoss"),
)
def triplet(*, examples: Examples, folder: Path, scores: bool = False, file: FileKind = "parquet") -> dict[str, Any]:
    """One row for every positive and negative of a query.

    The loss reads the columns in their order; other negatives in the batch count too. A query with more positives or
    negatives has more rows and so weighs more: n-tuples weigh every positive alike.

    Args:
        examples: What to write.
        folder: Where to write it.
        scores: Add a column with the scores of positive and negative, for distillation (MarginMSE, KL).
        file: Parquet, or JSON lines.

    Returns:
        Counts: rows, left_out, queries_left_out, and data, the path of the data.

    Raises:
        ExportError: If no row can be written.
    """
    columns = [("anchor", st.TEXT), ("positive", st.TEXT), ("negative", st.TEXT), *([st.SCORES] if scores else [])]
    return st.write("triplet", file, columns, folder, lambda left_out: _rows(examples, left_out, scores=scores))
