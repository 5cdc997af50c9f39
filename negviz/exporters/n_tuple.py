"""N-tuples for sentence-transformers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from negviz.exporters import EXPORTERS
from negviz.exporters import _sentence_transformers as st
from negviz.exporters._files import FileKind
from negviz.exporters._rows import (
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
from negviz.hints import Range
from negviz.training_set import TrainingSet


def _rows(
    training_set: TrainingSet,
    left_out: LeftOut,
    *,
    negatives: int = 0,
    scores: bool = False,
    file: FileKind = "parquet",
) -> Iterator[Row]:
    count = negatives or training_set.count
    for example in checked(training_set):
        if len(example.negatives) < count:
            reason = f"it has fewer than {count} negatives"
            leave_out(left_out, training_set, example, reason, negatives=len(example.negatives))
            continue
        taken = example.negatives[:count]
        for positive in distinct(training_set, example.positives):
            listed: list[Listed] = [positive, *taken]
            texts, known = contents(training_set, listed), known_scores(listed)
            sources = ids(training_set, example, [positive], taken)
            if scores and known is None:
                leave_out(left_out, training_set, example, UNKNOWN_SCORE, positive_id=sources["positive_ids"][0])
                continue
            data = {"anchor": training_set.query(example.query).text, **dict(zip(_names(count), texts, strict=True))}
            yield Row(data | ({"scores": known} if scores else {}), sources)


def _names(count: int) -> list[str]:
    return ["positive", *(f"negative_{place}" for place in range(1, count + 1))]


@EXPORTERS.register(
    "N-tuples: anchor, positive, negative_1 to negative_n",
    reference="https://sbert.net/docs/sentence_transformer/loss_overview.html",
    name_shown="n-tuple",
    trainer="sentence-transformers",
    reads="tabular",
    rows=_rows,
    snippet=st.snippet("MultipleNegativesRankingLoss"),
)
def n_tuple(
    *,
    training_set: TrainingSet,
    folder: Path,
    negatives: Annotated[int, Range(0, 1000, 1)] = 0,
    scores: bool = False,
    file: FileKind = "parquet",
) -> dict[str, int | str]:
    """One row for every positive of a query, with all of its negatives in columns of their own.

    Each row must have the same number of negatives, so a query that has fewer cannot be held: it is counted and listed
    in ``left_out.jsonl``. Ask for fewer negatives to keep more queries.

    Args:
        training_set: What to write.
        folder: Where to write it.
        negatives: Negatives in a row, the hardest first; 0 is the count of the recipe.
        scores: Add a column with the scores of the positive and of each negative, for distillation (MarginMSE, KL).
        file: Parquet, or JSON lines.

    Returns:
        Counts: rows, negatives, left_out, queries_left_out, and data, the path of the data.

    Raises:
        ExportError: If no query has enough negatives; the text says how many would be possible.
    """
    count = negatives or training_set.count
    columns = [("anchor", st.TEXT), *((name, st.TEXT) for name in _names(count)), *([st.SCORES] if scores else [])]

    def hint() -> str:
        most = max((len(example.negatives) for example in training_set), default=0)
        if not 0 < most < count:
            return ""
        return f"The most that a query has is {most}: set the knob negatives to {most} or less."

    def rows(left_out: LeftOut) -> Iterator[Row]:
        return _rows(training_set, left_out, negatives=negatives, scores=scores)

    return {"negatives": count, **st.write("n-tuple", file, columns, folder, rows, hint)}
