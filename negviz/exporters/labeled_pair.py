"""Labelled pairs for sentence-transformers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from negviz.examples import Examples
from negviz.exporters import EXPORTERS
from negviz.exporters import _sentence_transformers as st
from negviz.exporters._files import FileKind
from negviz.exporters._rows import UNKNOWN_SCORE, LeftOut, Row, distinct, ids, leave_out


def _rows(examples: Examples, left_out: LeftOut, *, scores: bool = False, file: FileKind = "parquet") -> Iterator[Row]:
    for example in examples.texts():
        anchor = example.query
        positives = distinct(example.positives)
        for place, each in enumerate([*positives, *example.negatives]):
            if scores and each.score is None:
                leave_out(left_out, example, UNKNOWN_SCORE, document_id=each.id)
                continue
            is_positive = place < len(positives)
            label = {"score": each.score} if scores else {"label": int(is_positive)}
            data = {"anchor": anchor, "positive": each.content, **label}
            yield Row(data, ids(example, [each] if is_positive else [], [] if is_positive else [each]))


@EXPORTERS.register(
    "Labelled pairs: anchor, positive, label",
    reference="https://sbert.net/docs/cross_encoder/loss_overview.html",
    name_shown="labeled-pair",
    trainer="sentence-transformers",
    reads="tabular",
    holds=("positives", "negatives", "counts", "empty"),
    rows=_rows,
    snippet=st.cross_encoder_snippet("BinaryCrossEntropyLoss", "MSELoss"),
)
def labeled_pair(
    *, examples: Examples, folder: Path, scores: bool = False, file: FileKind = "parquet"
) -> dict[str, Any]:
    """One row for every document of a query: label 1 for a positive, 0 for a negative.

    The column of the document is called positive either way. Binary cross-entropy and contrastive losses read it.

    Args:
        examples: What to write.
        folder: Where to write it.
        scores: Write the score instead of the label, for losses on scores; a trainer takes only one of them (the other
            would be read as text). Binary cross-entropy takes scores from 0 to 1 only; for others take MSELoss and give
            the cross-encoder an identity as its activation.
        file: Parquet, or JSON lines.

    Returns:
        Counts: rows, left_out, queries_left_out, data, the path of the data, and with scores an empty ``reads``.

    Raises:
        ExportError: If no row can be written.
    """
    label = ("score", st.SCORE) if scores else ("label", st.LABEL)
    columns = [("anchor", st.TEXT), ("positive", st.TEXT), label]
    counts = st.write("labeled-pair", file, columns, folder, lambda left_out: _rows(examples, left_out, scores=scores))
    # A score does not say what is a positive, so no loader reads these rows back.
    return counts | ({"reads": ""} if scores else {})
