"""Scores of a row of several documents: one for each, or differences from the positive, in the cell of the label."""

from typing import Any, NamedTuple

import orjson

from negviz.loaders._cells import BadRowError, as_number
from negviz.loaders._columns import key

EACH = "one for the positive and one for each negative"
MARGINS = "differences, positive minus negative: the positive counts as 0, a negative as minus its difference"
FIRST = "one for each document of a list: the first is the positive, the others are negatives"
WHOLE_ROW = "one label for a row of several documents, which says nothing of any of them: not read"


class Scored(NamedTuple):
    """Scores of the documents of a row.

    Attributes:
        values: Of the positives, then of the negatives; None where unknown.
        meaning: What they are.
    """

    values: list[float | None]
    meaning: str


def of_tuple(label: Any, positives: int, negatives: int) -> Scored:
    """Scores of a row that says which documents are negatives.

    MarginMSE's label holds the difference of each negative from the positive (one number where there is one
    negative), or a score for each document. A difference is kept as a score that is relative to the positive's, which
    makes the positive 0 and leaves the differences as they are.

    Args:
        label: The cell: a list, or a number.
        positives: How many positives the row has.
        negatives: How many negatives.

    Returns:
        Scores and what they mean; without values where the label is none of the documents'.

    Raises:
        BadRowError: If there are neither scores nor differences for all of them, or one is no number; completes "the
            row ...".
    """
    values = cells(label)
    if not isinstance(values, list):
        margin = as_number(values)
        if (positives, negatives) != (1, 1) or margin is None or margin in {0, 1}:
            return Scored([], WHOLE_ROW if values is not None else "")
        values = [margin]
    numbers = [_number(value) for value in values]
    if len(numbers) == positives + negatives:
        return Scored(numbers, EACH)
    if positives == 1 and len(numbers) == negatives:
        return Scored([0.0, *(None if number is None else 0.0 - number for number in numbers)], MARGINS)
    raise BadRowError(f"has {len(numbers)} scores for {positives} positives and {negatives} negatives")


def _number(value: Any) -> float | None:
    """A score, None where there is nothing (null, NaN, an infinity)."""
    number = as_number(value)
    if number is None and value is not None and not isinstance(value, float):
        raise BadRowError(f"has the score '{value}', which is not a number")
    return number


def are_scores(column: str, values: list[Any]) -> bool:
    """Whether the labels of a list are scores and no judgments: parts of whole numbers, or by the column's name.

    Args:
        column: Name of the label's column.
        values: Labels of a row's documents.
    """
    numbers = [number for number in map(as_number, values) if number is not None]
    named = key(column) in {"score", "scores"} and not set(numbers) <= {0, 1}
    return named or any(not number.is_integer() for number in numbers)


def cells(label: Any) -> Any:
    """A cell of delimited text that holds a JSON list, as that list."""
    if isinstance(label, str) and label.lstrip().startswith("["):
        try:
            return orjson.loads(label)
        except ValueError:
            return label
    return label
