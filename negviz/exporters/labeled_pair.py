"""Labelled pairs for sentence-transformers."""

from collections.abc import Iterator
from pathlib import Path

from negviz.exporters import EXPORTERS
from negviz.exporters import _sentence_transformers as st
from negviz.exporters._files import FileKind
from negviz.exporters._rows import UNKNOWN_SCORE, LeftOut, Listed, Row, checked, distinct, ids, leave_out
from negviz.training_set import Positive, TrainingSet


def _rows(
    training_set: TrainingSet, left_out: LeftOut, *, scores: bool = False, file: FileKind = "parquet"
) -> Iterator[Row]:
    for example in checked(training_set):
        anchor = training_set.query(example.query).text
        listed: list[Listed] = [*distinct(training_set, example.positives), *example.negatives]
        for each in listed:
            document = training_set.document(each.document)
            if scores and each.score is None:
                leave_out(left_out, training_set, example, UNKNOWN_SCORE, document_id=document.id)
                continue
            label = {"score": each.score} if scores else {"label": int(isinstance(each, Positive))}
            positives = [each] if isinstance(each, Positive) else []
            negatives = [] if isinstance(each, Positive) else [each]
            data = {"anchor": anchor, "positive": document.content, **label}
            yield Row(data, ids(training_set, example, positives, negatives))


@EXPORTERS.register(
    "Labelled pairs: anchor, positive, label",
    reference="https://sbert.net/docs/cross_encoder/loss_overview.html",
    name_shown="labeled-pair",
    trainer="sentence-transformers",
    reads="tabular",
    rows=_rows,
    snippet=st.cross_encoder_snippet("BinaryCrossEntropyLoss"),
)
def labeled_pair(
    *, training_set: TrainingSet, folder: Path, scores: bool = False, file: FileKind = "parquet"
) -> dict[str, int | str]:
    """One row for every document of a query: label 1 for a positive, 0 for a negative.

    The column of the document is called positive either way. Binary cross-entropy and contrastive losses read it.

    Args:
        training_set: What to write.
        folder: Where to write it.
        scores: Write the score instead of the label, for losses on scores; a trainer takes only one of them (the other
            would be read as text).
        file: Parquet, or JSON lines.

    Returns:
        Counts: rows, left_out, queries_left_out, and data, the path of the data.

    Raises:
        ExportError: If no row can be written.
    """
    label = ("score", st.SCORE) if scores else ("label", st.LABEL)
    columns = [("anchor", st.TEXT), ("positive", st.TEXT), label]
    return st.write(
        "labeled-pair", file, columns, folder, lambda left_out: _rows(training_set, left_out, scores=scores)
    )
