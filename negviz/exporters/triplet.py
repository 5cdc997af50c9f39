"""Triplets for sentence-transformers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from negviz.examples import Examples, TextDocument
from negviz.exporters import EXPORTERS
from negviz.exporters import _sentence_transformers as st
from negviz.exporters._files import FileKind
from negviz.exporters._rows import UNKNOWN_SCORE, LeftOut, Row, contents, ids, known_scores, leave_out, triples


def _rows(examples: Examples, left_out: LeftOut, *, scores: bool = False, file: FileKind = "parquet") -> Iterator[Row]:
    for example, positive, negative in triples(examples, left_out):
        listed: list[TextDocument] = [positive, negative]
        texts, known = contents(listed), known_scores(listed)
        data = {"anchor": example.query, "positive": texts[0], "negative": texts[1]}
        if scores and known is None:
            leave_out(left_out, example, UNKNOWN_SCORE, positive_id=positive.id, negative_id=negative.id)
            continue
        yield Row(data | ({"scores": known} if scores else {}), ids(example, [positive], [negative]))


@EXPORTERS.register(
    "Triplets: anchor, positive, negative",
    reference="https://sbert.net/docs/sentence_transformer/loss_overview.html",
    trainer="sentence-transformers",
    reads="tabular",
    holds=("negatives", "counts"),
    rows=_rows,
    snippet=st.snippet("MultipleNegativesRankingLoss", "MarginMSELoss"),
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
