"""Rows: what exporters write, and the ids that go beside the texts."""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import pyarrow as pa

from negviz.examples import Examples, TextDocument, TextExample

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
    """One row of a data file, where its texts come from (a row of ``IDS``), and which of several files it goes to."""

    data: Any
    ids: dict[str, Any]
    part: str = ""


def distinct(positives: Sequence[TextDocument]) -> list[TextDocument]:
    """Positives without copies: of those with the same content the first, so that no text counts twice."""
    contents: dict[str, TextDocument] = {}
    for positive in positives:
        contents.setdefault(positive.content, positive)
    return list(contents.values())


def triples(examples: Examples, left_out: LeftOut) -> Iterator[tuple[TextExample, TextDocument, TextDocument]]:
    """Every positive with every negative of its query; a query without negatives is left out."""
    for example in examples.texts():
        if not example.negatives:
            leave_out(left_out, example, NO_NEGATIVE)
        for positive in distinct(example.positives):
            for negative in example.negatives:
                yield example, positive, negative


def query_name(example: TextExample) -> str:
    """Id of a query: the user's, or one made from its text."""
    return example.query_id or _made_id(str(example.query))


def document_name(document: TextDocument) -> str:
    """Id of a document: the user's, or one made from its title and text."""
    return document.id or _made_id(f"{document.title}\0{document.text or ''}")


def _made_id(text: str) -> str:
    """64 bits of a hash, so that the same text has the same id in every row and every file."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def contents(listed: Sequence[TextDocument]) -> list[str]:
    """Content of each document."""
    return [each.content for each in listed]


def known_scores(listed: Sequence[TextDocument]) -> list[float] | None:
    """Scores, None if one of them is unknown: a trainer that reads scores needs a number for each text."""
    scores = [each.score for each in listed if each.score is not None]
    return scores if len(scores) == len(listed) else None


def ids(example: TextExample, positives: Sequence[TextDocument], negatives: Sequence[TextDocument]) -> dict[str, Any]:
    """A row of ``IDS``; what has no id has none there either."""
    return {
        "query_id": example.query_id,
        "positive_ids": [each.id for each in positives],
        "positive_grades": [1 if each.grade is None else each.grade for each in positives],
        "positive_scores": [each.score for each in positives],
        "promoted": [each.promoted for each in positives],
        "negative_ids": [each.id for each in negatives],
        "negative_ranks": [each.rank for each in negatives],
        "negative_scores": [each.score for each in negatives],
        "confirmed": [each.confirmed for each in negatives],
        "backfilled": [each.backfilled for each in negatives],
    }


def leave_out(left_out: LeftOut, example: TextExample, reason: str, **facts: Any) -> None:
    """Record a query (or a part of it, which the facts name) that the format cannot hold."""
    left_out.append({"query_id": example.query_id or str(example.query), "reason": reason, **facts})


class Keys(NamedTuple):
    """What a format of lists calls a query, its positives and its negatives."""

    query: str
    positives: str
    negatives: str


def listed_rows(examples: Examples, left_out: LeftOut, keys: Keys, *, empty: bool = False) -> Iterator[Row]:
    """A row for every query: its text, and the texts of its positives and negatives as two lists.

    Args:
        examples: What to write.
        left_out: Where queries without a negative are recorded.
        keys: What the three are called.
        empty: Whether the format takes a query without a negative.
    """
    for example in examples.texts():
        if not example.negatives and not empty:
            leave_out(left_out, example, NO_NEGATIVE)
            continue
        positives = distinct(example.positives)
        texts = (example.query, contents(positives), contents(example.negatives))
        yield Row(dict(zip(keys, texts, strict=True)), ids(example, positives, example.negatives))


NO_NEGATIVE = "it has no negative"
UNKNOWN_SCORE = "a score is unknown"
