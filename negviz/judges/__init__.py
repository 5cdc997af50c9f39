"""Judges: one file a way of asking a language model about candidates; each knows what to ask and how to read answers.

A judge is ``name(*, pool, cells, seed, both_orders, promote) -> Hearing``, registered with the traits ``scale`` (of
its layer), ``prompt`` (all of its wording, whose digest is kept with the verdicts), ``values`` (what each value of the
layer means), ``promote`` (from which value a verdict makes a candidate a positive) and ``most`` (candidates a query).
It sends nothing itself. ``whole_list`` marks those that rank the head of a list, labelled positives among it.

Wording is our own. Texts of the corpus are data: they stand in JSON strings, which they cannot end, and the model is
told so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from negviz.arrays import Scores, fingerprint
from negviz.labels import Verdict
from negviz.llm import Answer, Request
from negviz.registry import Entry, Registry


class Question(NamedTuple):
    """One request to come.

    Attributes:
        place: Row of the pool.
        documents: Document rows in the order in which the model sees them; ``Doc (n)`` is the n-th, from 1.
        kind: Which of the judge's prompts.
        turn: 0, or 1 for the same in reversed order.
    """

    place: int
    documents: tuple[int, ...]
    kind: str = ""
    turn: int = 0


class Said(NamedTuple):
    """A verdict that can become a label: row of the pool, document row, verdict, grade and a note for people."""

    place: int
    document: int
    verdict: Verdict
    grade: int | None
    note: str


@dataclass(frozen=True, eq=False)
class Ruling:
    """What the answers come to.

    Attributes:
        layer: (queries, depth) values; NaN where nothing was asked or nothing is known.
        said: Verdicts on which every order that was asked agrees.
        counts: How many answers or pairs were ``unparsable``, ``disagreeing``, ``refused``, ``failed``, ``flagged``.
        snippets: By (row of the pool, document row) the words in the document that answer the query.
    """

    layer: Scores
    said: tuple[Said, ...]
    counts: Mapping[str, int]
    snippets: Mapping[tuple[int, int], str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Hearing:
    """What is asked, as which request, and how the answers (one a question, in order) are read."""

    questions: tuple[Question, ...]
    request: Callable[[Question], Request]
    read: Callable[[Sequence[Answer]], Ruling]


JUDGES = Registry("judge", "negviz.judges", context=frozenset({"pool", "cells", "seed", "both_orders", "promote"}))


def prompt_digest(entry: Entry) -> str:
    """Eight digits that change whenever a judge's wording does."""
    return fingerprint(str(entry.trait("prompt")))[:8]
