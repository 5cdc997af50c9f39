"""Rows: what exporters write, checked: no positive is among the negatives, and the ids go beside the texts."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from negviz.arrays import PAD
from negviz.errors import ExportError
from negviz.training_set import Example, Negative, Positive, TrainingSet

Listed = Positive | Negative
LeftOut = list[dict[str, Any]]

IDS = pa.schema(
    [
        ("query_id", pa.string()),
        ("positive_ids", pa.list_(pa.string())),
        ("positive_grades", pa.list_(pa.int64())),
        ("positive_scores", pa.list_(pa.float64())),
        ("promoted", pa.list_(pa.bool_())),
        ("negative_ids", pa.list_(pa.string())),
        ("negative_ranks", pa.list_(pa.int64())),
        ("negative_scores", pa.list_(pa.float64())),
        ("confirmed", pa.list_(pa.bool_())),
        ("backfilled", pa.list_(pa.bool_())),
    ]
)


class Row(NamedTuple):
    """One row of a data file, and where its texts come from (a row of ``IDS``)."""

    data: dict[str, Any]
    ids: dict[str, Any]


def checked(training_set: TrainingSet) -> Iterator[Example]:
    """Examples, each seen to have no positive among its negatives, neither by id nor by text.

    Raises:
        ExportError: If one has; nothing of the export is kept then.
    """
    for example in training_set:
        positives = {positive.document for positive in example.positives}
        forms = frozenset[tuple[str, str]]().union(*(training_set.forms(row) for row in positives))
        for negative in example.negatives:
            if negative.document in positives or not forms.isdisjoint(training_set.forms(negative.document)):
                raise ExportError(
                    f"Query '{training_set.query(example.query).id}' has document "
                    f"'{training_set.document(negative.document).id}' among its negatives, but that is one of its "
                    "positives or has the same text, so nothing was written; build the pool again, so that its leaks "
                    "are flagged, and select again."
                )
        yield example


def backfilled(training_set: TrainingSet) -> int:
    """Negatives that the recipe's steps did not choose: they only fill queries that would have had too few."""
    rows, places = np.nonzero(np.not_equal(training_set.columns, PAD))
    columns = training_set.columns[rows, places]
    return int(training_set.selection.backfilled[training_set.places[rows], columns].sum())


def distinct(training_set: TrainingSet, positives: Sequence[Positive]) -> list[Positive]:
    """Positives without copies: of those with the same content the first, so that no text counts twice."""
    contents: dict[str, Positive] = {}
    for positive in positives:
        contents.setdefault(training_set.document(positive.document).content, positive)
    return list(contents.values())


def contents(training_set: TrainingSet, listed: Sequence[Listed]) -> list[str]:
    """Content of each document."""
    return [training_set.document(each.document).content for each in listed]


def known_scores(listed: Sequence[Listed]) -> list[float] | None:
    """Scores, None if one of them is unknown: a trainer that reads scores needs a number for each text."""
    scores = [each.score for each in listed if each.score is not None]
    return scores if len(scores) == len(listed) else None


def ids(
    training_set: TrainingSet, example: Example, positives: Sequence[Positive], negatives: Sequence[Negative]
) -> dict[str, Any]:
    """A row of ``IDS``."""
    return {
        "query_id": training_set.query(example.query).id,
        "positive_ids": [training_set.document(each.document).id for each in positives],
        "positive_grades": [each.grade for each in positives],
        "positive_scores": [each.score for each in positives],
        "promoted": [each.promoted for each in positives],
        "negative_ids": [training_set.document(each.document).id for each in negatives],
        "negative_ranks": [each.rank for each in negatives],
        "negative_scores": [each.score for each in negatives],
        "confirmed": [each.confirmed for each in negatives],
        "backfilled": [each.backfilled for each in negatives],
    }


def leave_out(left_out: LeftOut, training_set: TrainingSet, example: Example, reason: str, **facts: Any) -> None:
    """Record a query (or a part of it, which the facts name) that the format cannot hold."""
    left_out.append({"query_id": training_set.query(example.query).id, "reason": reason, **facts})


NO_NEGATIVE = "it has no negative"
UNKNOWN_SCORE = "a score is unknown"
