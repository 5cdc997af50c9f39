"""Labelled lists for sentence-transformers."""

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
            continue
        for positive in distinct(example.positives):
            listed: list[TextDocument] = [positive, *example.negatives]
            known = known_scores(listed)
            sources = ids(example, [positive], example.negatives)
            if scores and known is None:
                leave_out(left_out, example, UNKNOWN_SCORE, positive_id=sources["positive_ids"][0])
                continue
            label = {"scores": known} if scores else {"labels": [1] + [0] * len(example.negatives)}
            texts = {"anchor": example.query, "positive": contents(listed)}
            yield Row(texts | label, sources)


@EXPORTERS.register(
    "Labelled lists: anchor, list of documents, list of labels",
    reference="https://sbert.net/docs/cross_encoder/loss_overview.html",
    name_shown="labeled-list",
    trainer="sentence-transformers",
    reads="tabular",
    holds=("negatives", "counts"),
    rows=_rows,
    snippet=st.cross_encoder_snippet("LambdaLoss", "ListNetLoss"),
)
def labeled_list(
    *, examples: Examples, folder: Path, scores: bool = False, file: FileKind = "parquet"
) -> dict[str, Any]:
    """One row for every positive of a query: that positive, then the negatives, with labels 1, 0, 0 and so on.

    Lists may differ in length. Listwise losses of rerankers (LambdaLoss, ListNet, RankNet) read it.

    Args:
        examples: What to write.
        folder: Where to write it.
        scores: Write scores instead of labels, for distillation; a trainer takes only one of them (the other would be
            read as text). Give the cross-encoder an identity as its activation then, or its sigmoid is learnt away.
        file: Parquet, or JSON lines.

    Returns:
        Counts: rows, left_out, queries_left_out, and data, the path of the data.

    Raises:
        ExportError: If no row can be written.
    """
    label = st.SCORES if scores else ("labels", st.LABELS)
    columns = [("anchor", st.TEXT), ("positive", st.TEXTS), label]
    return st.write("labeled-list", file, columns, folder, lambda left_out: _rows(examples, left_out, scores=scores))
