"""Reading: what a loader hands back, in the words of no format: examples one by one, and what was noticed meanwhile."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from negviz.dataset import Problem
from negviz.examples import Place, TextDocument, TextExample, TextQuery
from negviz.loaders._cells import BadRowError, answers_of


@dataclass
class Reading:
    """A file or folder that is being read.

    The three parts are gone through once and in this order; what is in a list is known to the examples by its id.

    Attributes:
        documents: A list of documents, each with where it stands.
        queries: A list of queries.
        examples: Rows of training data, or judgments.
        problems: What was noticed so far.
        facts: Further facts for people, complete at the end.
    """

    documents: Iterable[tuple[TextDocument, Place]] = ()
    queries: Iterable[TextQuery] = ()
    examples: Iterable[TextExample] = ()
    problems: list[Problem] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def report(self, kind: str, message: str, place: Place) -> None:
        """Note a problem; the kind is one of ``PROBLEM_KINDS``."""
        self.problems.append(Problem(place.file, place.line, kind, message))

    def answers(self, value: Any, place: Place) -> tuple[str, ...]:
        """Answer strings of a cell; what is no text is reported and left out, for the row is good without."""
        try:
            return tuple(answers_of(value))
        except BadRowError as error:
            self.report("unreadable answer", f"The answer {error}; it was left out.", place)
            return ()
