"""Examples: rows of training data written out, with their texts and ids; what loaders make and exporters write.

A dataset holds everything at once and by row; an example stands for itself, so that files of any size can go through
one by one.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol


class Place(NamedTuple):
    """Where something stands."""

    file: str
    line: int | None


NOWHERE = Place("", None)


class TextDocument(NamedTuple):
    """A document as a row of training data carries it.

    Attributes:
        text: Its text without the title; None is a cell with nothing in it.
        title: Its title, empty where there is none.
        id: The user's id, None where there is none.
        group: What it belongs to (its article, say), None where unknown.
        score: What a teacher or a retriever gave the pair, higher is nearer; None where unknown.
        grade: How relevant somebody judged it to be, 0 and less for not relevant; None where nobody did.
        rank: Place in the list that it was mined from, from 0; None where unknown.
        miner: What mined it, empty where unknown.
        listed: Whether this only names it: its text stands in the list of documents, under this id.
        promoted: Whether labels made it a positive.
        confirmed: Whether labels say that it is a negative.
        backfilled: Whether it is only there to fill its query.
    """

    text: str | None
    title: str = ""
    id: str | None = None
    group: str | None = None
    score: float | None = None
    grade: int | None = None
    rank: int | None = None
    miner: str = ""
    listed: bool = False
    promoted: bool = False
    confirmed: bool = False
    backfilled: bool = False

    @property
    def content(self) -> str:
        """What encoders read: the title and the text, joined by a space as in BEIR."""
        return f"{self.title} {self.text or ''}".strip()


class TextQuery(NamedTuple):
    """A query of a list of queries.

    Attributes:
        text: Its text, None where there is none.
        id: The user's id.
        answers: Texts that answer it.
        again: Whether the list may name it more than once.
        place: Where it stands.
    """

    text: str | None
    id: str
    answers: tuple[str, ...] = ()
    again: bool = False
    place: Place = NOWHERE


class TextExample(NamedTuple):
    """A query with positives and negatives, as a row of training data or a line of judgments holds them.

    Attributes:
        query: Its text; None is a cell with nothing in it.
        positives: What answers it.
        negatives: What does not; with a grade where somebody judged it, without where somebody mined it.
        query_id: The user's id, None where there is none.
        answers: Texts that answer the query.
        prompt: Instruction that goes with the query, empty where there is none.
        subset: Part of a mixture that it belongs to, empty where there is none.
        listed: Whether this only names the query: its text stands in the list of queries, under this id.
        judged: Whether it is a line of a list of judgments, in which a pair should stand only once.
        held_out: Whether it is there to evaluate with.
        place: Where it stands.
    """

    query: str | None
    positives: tuple[TextDocument, ...] = ()
    negatives: tuple[TextDocument, ...] = ()
    query_id: str | None = None
    answers: tuple[str, ...] = ()
    prompt: str = ""
    subset: str = ""
    listed: bool = False
    judged: bool = False
    held_out: bool = False
    place: Place = NOWHERE


class Examples(Protocol):
    """What an exporter writes: a training set of a pool, or a file on its way into another format."""

    @property
    def name(self) -> str:
        """Short name of the data."""

    @property
    def miner(self) -> str:
        """What chose the negatives: a recipe's name."""

    @property
    def count(self) -> int:
        """Negatives that are wanted for each query."""

    def texts(self) -> Iterator[TextExample]:
        """Examples, each with at least one positive and none of its positives among its negatives.

        For a format that names documents by id, each document and query has an id, one for each content.
        """

    def corpus(self) -> Iterator[TextDocument]:
        """Every document once: those of the examples and those that nobody refers to."""

    def filling(self, example: TextExample, wanted: int) -> tuple[TextDocument, ...]:
        """So many other documents at most to fill a query with, marked as such: none of them one of its positives."""
