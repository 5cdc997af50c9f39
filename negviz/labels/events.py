"""One label event: who said what about which pair, when, and how the pair came up."""

import math
import operator
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias

from negviz.dataset import Dataset
from negviz.errors import LabelError
from negviz.text import text_key

Pair: TypeAlias = tuple[str, str]
ADJUDICATION = "adjudication"  # the queue of verdicts that settle what others differ on
HIGHEST_GRADE = 3
LONGEST = {"query_key": 64, "document_key": 64, "event": 64, "withdraws": 64, "annotator": 255, "queue": 255}
TEXTS = (*LONGEST, "query_id", "document_id", "query", "document", "note")


class Verdict(StrEnum):
    """What a person says about a candidate."""

    FALSE_NEGATIVE = "false negative"
    TRUE_NEGATIVE = "true negative"
    DROP = "drop"
    UNSURE = "unsure"

    @property
    def code(self) -> int:
        """Number of the verdict in arrays; 0 stands for no verdict."""
        return CODES[self]

    @classmethod
    def parse(cls, text: str) -> "Verdict":
        """Read a verdict as people spell it: ``false_negative``, ``FN``, ``not relevant`` and so on.

        Raises:
            LabelError: If it is none of the four.
        """
        word = re.sub(r"[\s_-]+", "", str(text)).casefold()
        if word not in _SPELLINGS:
            raise LabelError(f"The verdict '{text}' is unknown; write one of: {', '.join(cls)}.")
        return _SPELLINGS[word]


CODES: dict[Verdict, int] = {verdict: code for code, verdict in enumerate(Verdict, start=1)}
_SPELLINGS: dict[str, Verdict] = {
    spelling: verdict
    for verdict, spellings in {
        Verdict.FALSE_NEGATIVE: "falsenegative falseneg fn relevant",
        Verdict.TRUE_NEGATIVE: "truenegative trueneg tn irrelevant notrelevant nonrelevant",
        Verdict.DROP: "drop dropped neither",
        Verdict.UNSURE: "unsure uncertain notsure maybe ?",
    }.items()
    for spelling in spellings.split()
}


def now() -> str:
    """This moment in UTC, ISO 8601 with milliseconds."""
    return _stamp(datetime.now(UTC))


def later(time: str) -> str:
    """The millisecond after a time in our form."""
    try:
        return _stamp(datetime.fromisoformat(time) + timedelta(milliseconds=1))
    except OverflowError:
        return time


def new_event() -> str:
    """Random name of an event, unique among all stores."""
    return uuid.uuid4().hex


@dataclass(frozen=True, kw_only=True)
class LabelEvent:
    """One thing that somebody said about one pair; it is never changed, only followed by another.

    Attributes:
        query_key: Content key of the query (``text.text_key``).
        document_key: Content key of the document's title and text.
        query_id: The query's id at the time, for people.
        document_id: The document's id at the time, for people.
        query: The query's text, so that a label can be read alone.
        document: The document's title and text.
        verdict: What was said; None takes something back (see ``withdraws``).
        grade: Degree of relevance from 0 to 3, if one was given.
        annotator: Who said it.
        note: Why, in their words.
        time: UTC, ISO 8601 with milliseconds; another offset is converted, a time without offset is taken as UTC.
        queue: What showed the pair: ``most suspect``, ``random``, ``map selection`` and so on; what is said from the
            queue ``adjudication`` stands over the verdicts of others.
        probability: With what probability the queue drew the pair, None where that is unknown.
        withdraws: The event that an undo takes back. A None verdict that names no event clears the annotator's
            verdict of the pair, and can be undone in turn.
        id: Number in the store that it was read from, None outside of a store.
        event: Unique name, the same in every store and file.
    """

    query_key: str
    document_key: str
    verdict: Verdict | None
    query_id: str = ""
    document_id: str = ""
    query: str = ""
    document: str = ""
    grade: int | None = None
    annotator: str = ""
    note: str = ""
    time: str = field(default_factory=now)
    queue: str = ""
    probability: float | None = None
    withdraws: str = ""
    id: int | None = field(default=None, compare=False)
    event: str = field(default_factory=new_event)

    def __post_init__(self) -> None:
        """Bring verdict, grade, probability and time into their one form, and refuse what no store could keep."""
        for name in TEXTS:
            _check_text(name, getattr(self, name))
        for name in ("query_key", "document_key", "event"):
            if not getattr(self, name):
                raise LabelError(f"A label has no {name.replace('_', ' ')}; without it the pair is not known.")
        if self.withdraws and self.verdict is not None:
            raise LabelError(f"Label event {self.event} both withdraws a label and gives one; it must do one of them.")
        verdict = None if self.verdict is None else Verdict.parse(self.verdict)
        for name, value in {
            "verdict": verdict,
            "grade": _grade(self.grade),
            "probability": _probability(self.probability),
            "time": _utc(self.time),
        }.items():
            object.__setattr__(self, name, value)

    @classmethod
    def of(cls, dataset: Dataset, query: int, document: int, verdict: Verdict | None, **details: Any) -> "LabelEvent":
        """Label a pair of a dataset.

        Args:
            dataset: Where the rows point to.
            query: Row of the query.
            document: Row of the document.
            verdict: What is said about the pair.
            **details: Further fields, such as ``annotator``, ``note``, ``grade``, ``queue`` and ``probability``.
        """
        text, content = dataset.query_text(query), dataset.content(document)
        return cls(
            query_key=text_key(text),
            document_key=text_key(content),
            query_id=dataset.query_id(query),
            document_id=dataset.document_id(document),
            query=text,
            document=content,
            verdict=verdict,
            **details,
        )

    @property
    def pair(self) -> Pair:
        """Content keys of query and document."""
        return self.query_key, self.document_key


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise LabelError(f"The {name} of a label must be text, but is {value!r}.")
    if len(value) > LONGEST.get(name, len(value)):
        raise LabelError(f"The {name} of a label has {len(value)} characters, but may have {LONGEST[name]} at most.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise LabelError(
            f"The {name} of a label holds half of a surrogate pair ({value[:40]!a}), which is no character and cannot "
            "be stored; repair the text first."
        ) from None


def _grade(value: Any) -> int | None:
    if value is None:
        return None
    try:
        grade = operator.index(value)
    except TypeError:
        grade = -1
    if not 0 <= grade <= HIGHEST_GRADE:
        raise LabelError(f"The grade of a label is {value!r}, but must be a whole number from 0 to {HIGHEST_GRADE}.")
    return grade


def _probability(value: Any) -> float | None:
    if value is None:
        return None
    try:
        probability = float(value)
    except (TypeError, ValueError):
        probability = math.nan
    if not 0 <= probability <= 1:
        raise LabelError(f"The probability of a label is {value!r}, but must be a number from 0 to 1.")
    return probability


def _stamp(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _utc(value: str) -> str:
    try:
        moment = datetime.fromisoformat(value)
        return _stamp(moment if moment.tzinfo is None else moment.astimezone(UTC))
    except (TypeError, ValueError, OverflowError):
        raise LabelError(
            f"The time of a label is {value!r}, but must be written as 2026-01-31T12:00:00.000Z."
        ) from None
