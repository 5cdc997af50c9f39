"""N-tuples for sentence-transformers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa

from negviz.examples import Examples, TextDocument
from negviz.exporters import EXPORTERS
from negviz.exporters import _sentence_transformers as st
from negviz.exporters._counts import Short, count_of, counted, what_would_do
from negviz.exporters._files import SHARD, FileKind, write_rows
from negviz.exporters._rows import UNKNOWN_SCORE, LeftOut, Row, contents, distinct, ids, known_scores, leave_out
from negviz.hints import Range


def _rows(
    examples: Examples,
    left_out: LeftOut,
    *,
    negatives: int = 0,
    short: Short = "drop",
    scores: bool = False,
    file: FileKind = "parquet",
) -> Iterator[Row]:
    for example, taken, part in counted(examples, left_out, negatives or examples.count, short):
        for positive in distinct(example.positives):
            listed: list[TextDocument] = [positive, *taken]
            texts, known = contents(listed), known_scores(listed)
            sources = ids(example, [positive], taken)
            if scores and known is None:
                leave_out(left_out, example, UNKNOWN_SCORE, positive_id=positive.id)
                continue
            data = {"anchor": example.query, **dict(zip(st.names(len(taken)), texts, strict=True))}
            yield Row(data | ({"scores": known} if scores else {}), sources, part)


@EXPORTERS.register(
    "N-tuples: anchor, positive, negative_1 to negative_n",
    reference="https://sbert.net/docs/sentence_transformer/loss_overview.html",
    name_shown="n-tuple",
    trainer="sentence-transformers",
    reads="tabular",
    holds=("negatives",),
    rows=_rows,
    snippet=st.snippet("MultipleNegativesRankingLoss", "MarginMSELoss"),
)
def n_tuple(
    *,
    examples: Examples,
    folder: Path,
    negatives: Annotated[int, Range(0, 1000, 1)] = 0,
    short: Short = "drop",
    scores: bool = False,
    file: FileKind = "parquet",
) -> dict[str, Any]:
    """One row for every positive of a query, with all of its negatives in columns of their own.

    The rows of a file must have the same number of negatives. A query that has fewer is left out (counted, and listed
    in ``left_out.jsonl``), or filled up, or goes into a file of its own number of negatives, as a data set of its own.

    Args:
        examples: What to write.
        folder: Where to write it.
        negatives: Negatives in a row, the hardest first; 0 is the count of the recipe.
        short: What becomes of a query with fewer negatives: ``drop`` leaves it out, ``pad`` fills it with random
            documents (marked as ``backfilled`` in ``ids.parquet``), ``split`` writes a folder for each number.
        scores: Add a column with the scores of the positive and of each negative, for distillation (MarginMSE, KL).
        file: Parquet, or JSON lines.

    Returns:
        Counts: rows, negatives, left_out, queries_left_out, and data, the path of the data.

    Raises:
        ExportError: If no query has enough negatives; the text says how many would be possible.
    """
    count = negatives or examples.count

    def columns(part: str) -> pa.Schema:
        return st.schema(count_of(part, count), [st.SCORES] if scores else [])

    def rows(left_out: LeftOut) -> Iterator[Row]:
        return _rows(examples, left_out, negatives=negatives, short=short, scores=scores)

    return {
        "negatives_in_a_row": count,
        **write_rows(
            rows, folder, f"n-tuple{{part}}/train-{SHARD}.{file}", columns, lambda: what_would_do(examples, count)
        ),
    }
