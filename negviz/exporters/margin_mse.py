"""N-tuples with margins for sentence-transformers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa

from negviz.examples import Examples, TextDocument
from negviz.exporters import EXPORTERS
from negviz.exporters import _sentence_transformers as st
from negviz.exporters._counts import count_of, counted, what_would_do
from negviz.exporters._files import SHARD, FileKind, write_rows
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
from negviz.hints import Range

# To fill up is no choice: what fills has no score.
Short = Literal["drop", "split"]
Label = Literal["margins", "scores"]


def _rows(
    examples: Examples,
    left_out: LeftOut,
    *,
    negatives: int = 0,
    short: Short = "drop",
    label: Label = "margins",
    file: FileKind = "parquet",
) -> Iterator[Row]:
    for example, taken, part in counted(examples, left_out, negatives or examples.count, short):
        if not taken:
            leave_out(left_out, example, NO_NEGATIVE)
            continue
        for positive in distinct(example.positives):
            listed: list[TextDocument] = [positive, *taken]
            known = known_scores(listed)
            if known is None:
                leave_out(left_out, example, UNKNOWN_SCORE, positive_id=positive.id)
                continue
            texts = dict(zip(st.names(len(taken)), contents(listed), strict=True))
            told = known if label == "scores" else [known[0] - score for score in known[1:]]
            yield Row({"anchor": example.query, **texts, "label": told}, ids(example, [positive], taken), part)


@EXPORTERS.register(
    "N-tuples with margins: anchor, positive, negatives, label",
    reference="https://sbert.net/docs/package_reference/sentence_transformer/losses.html#marginmseloss",
    name_shown="margin-mse",
    trainer="sentence-transformers",
    reads="tabular",
    holds=("scores", "negatives"),
    rows=_rows,
    snippet=st.snippet("MarginMSELoss"),
)
def margin_mse(
    *,
    examples: Examples,
    folder: Path,
    negatives: Annotated[int, Range(0, 1000, 1)] = 0,
    short: Short = "drop",
    label: Label = "margins",
    file: FileKind = "parquet",
) -> dict[str, Any]:
    """One row for every positive of a query, with all of its negatives in columns and a teacher's margins as ``label``.

    MarginMSE learns by how much the teacher prefers the positive to each negative. Rows of a file have the same number
    of negatives, as in n-tuples; one in which a score is unknown is left out. The student's scores are dot products, so
    the teacher's should be of that size: those of a cross-encoder rather than cosines.

    Args:
        examples: What to write.
        folder: Where to write it.
        negatives: Negatives in a row, the hardest first; 0 is the count of the recipe.
        short: What becomes of a query with fewer negatives: ``drop`` leaves it out, ``split`` writes a folder for each
            number.
        label: ``margins`` are the positive's score less each negative's, ``scores`` the scores themselves, the
            positive's first; the loss tells them apart by their number.
        file: Parquet, or JSON lines.

    Returns:
        Counts: rows, negatives, left_out, queries_left_out, and data, the path of the data.

    Raises:
        ExportError: If no query has enough negatives with scores.
    """
    count = negatives or examples.count

    def columns(part: str) -> pa.Schema:
        return st.schema(count_of(part, count), [("label", pa.list_(st.SCORE))])

    def rows(left_out: LeftOut) -> Iterator[Row]:
        return _rows(examples, left_out, negatives=negatives, short=short, label=label)

    path = f"margin-mse{{part}}/train-{SHARD}.{file}"
    written = write_rows(rows, folder, path, columns, lambda: what_would_do(examples, count))
    return {"negatives_in_a_row": count, **written}
