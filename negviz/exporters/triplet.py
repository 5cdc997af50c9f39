"""Triplets for sentence-transformers."""

from collections.abc import Iterator
from pathlib import Path

from negviz.exporters import EXPORTERS
from negviz.exporters import _sentence_transformers as st
from negviz.exporters._files import FileKind
from negviz.exporters._rows import (
    NO_NEGATIVE,
    UNKNOWN_SCORE,
    LeftOut,
    Listed,
    Row,
    checked,
    contents,
    distinct,
    ids,
    known_scores,
    leave_out,
)
from negviz.training_set import TrainingSet


def _rows(
    training_set: TrainingSet, left_out: LeftOut, *, scores: bool = False, file: FileKind = "parquet"
) -> Iterator[Row]:
    for example in checked(training_set):
        if not example.negatives:
            leave_out(left_out, training_set, example, NO_NEGATIVE)
        anchor = training_set.query(example.query).text
        for positive in distinct(training_set, example.positives):
            for negative in example.negatives:
                listed: list[Listed] = [positive, negative]
                texts, known = contents(training_set, listed), known_scores(listed)
                data = {"anchor": anchor, "positive": texts[0], "negative": texts[1]}
                sources = ids(training_set, example, [positive], [negative])
                if scores and known is None:
                    pair = {"positive_id": sources["positive_ids"][0], "negative_id": sources["negative_ids"][0]}
                    leave_out(left_out, training_set, example, UNKNOWN_SCORE, **pair)
                    continue
                yield Row(data | ({"scores": known} if scores else {}), sources)


@EXPORTERS.register(
    "Triplets: anchor, positive, negative",
    reference="https://sbert.net/docs/sentence_transformer/loss_overview.html",
    trainer="sentence-transformers",
    reads="tabular",
    rows=_rows,
    snippet=st.snippet("MultipleNegativesRankingLoss"),
)
def triplet(
    *, training_set: TrainingSet, folder: Path, scores: bool = False, file: FileKind = "parquet"
) -> dict[str, int | str]:
    """One row for every positive and negative of a query.

    The loss reads the columns in their order; other negatives in the batch count too. A query with more positives or
    negatives has more rows and so weighs more: n-tuples weigh every positive alike.

    Args:
        training_set: What to write.
        folder: Where to write it.
        scores: Add a column with the scores of positive and negative, for distillation (MarginMSE, KL).
        file: Parquet, or JSON lines.

    Returns:
        Counts: rows, left_out, queries_left_out, and data, the path of the data.

    Raises:
        ExportError: If no row can be written.
    """
    columns = [("anchor", st.TEXT), ("positive", st.TEXT), ("negative", st.TEXT), *([st.SCORES] if scores else [])]
    return st.write("triplet", file, columns, folder, lambda left_out: _rows(training_set, left_out, scores=scores))
