"""Findings: one file a thing that an audit looks at, each a function from a case to what was found, in plain words.

Module name = function name = key. A finding never changes anything. Where an input is missing it raises
``MissingInputError`` as everything else does; ``run_finding`` turns that into the answer "unknown".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import pyarrow as pa

from negviz.arrays import PAD, Ints, Scores
from negviz.dataset import Dataset
from negviz.errors import MissingInputError
from negviz.given_negatives import GIVEN
from negviz.held_out import HeldOut
from negviz.labels import Labels, Verdicts
from negviz.pool import Pool
from negviz.registry import Registry
from negviz.selection import Selection
from negviz.suspicion import Suspicion, suspicion_model
from negviz.truth import Truth

FINDINGS = Registry("finding", "negviz.findings")
Severity = Literal["good", "look", "bad", "unknown"]
Cell = str | int | float | None
Pairs = npt.NDArray[np.int32]
TOP = 50
MOST_PAIRS = 1000
LONGEST = 280
# Queries whose candidates are asked about for suspicion at a time.
SUSPECTED = 4096
# A false-negative rate that is too high; ours, since no paper gives one.
TOO_HIGH = 0.05
NO_LABELS = Labels.of(())


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, eq=False)
class Case:
    """What is audited, and what is known about it; what several findings need is worked out once.

    Attributes:
        selection: The negatives; its pool holds queries, positives and scores.
        labels: What people said.
        truth: Judgments that only measure, None where there are none.
        held_out: What the model will be evaluated with, None where that is not known.
        progress: Told (stage, done, total) by what takes long.
        known: (negatives,) P(false negative) where it was worked out before, in the order of ``taken``.
    """

    selection: Selection
    labels: Labels = field(default_factory=lambda: NO_LABELS)
    truth: Truth | None = None
    held_out: HeldOut | None = None
    progress: Callable[[str, int, int], None] = silent
    known: Scores | None = None

    @property
    def pool(self) -> Pool:
        """Whose candidates the selection is made of."""
        return self.selection.pool

    @property
    def dataset(self) -> Dataset:
        """Texts and ids."""
        return self.selection.pool.dataset

    @property
    def mined_elsewhere(self) -> bool:
        """Whether the negatives came with the data, so that nothing has guarded them."""
        return self.selection.recipe.name == GIVEN

    @property
    def scorer(self) -> str:
        """Whose scores tell how near a negative comes: the recipe's.

        Raises:
            MissingInputError: If the pool has no such scores.
        """
        name = self.selection.recipe.scorer
        self.pool.score(name)
        return name

    @cached_property
    def taken(self) -> tuple[Ints, Ints]:
        """Rows of the pool and columns of the negatives, in order of rows."""
        rows, slots = np.nonzero(np.not_equal(self.selection.columns, PAD))
        columns = self.selection.columns[rows, slots]
        order = np.lexsort((columns, rows))
        return rows[order].astype(np.int32), columns[order].astype(np.int32)

    @cached_property
    def pairs(self) -> Pairs:
        """(negatives, 2) rows of the dataset's queries and documents, in the order of ``taken``."""
        rows, columns = self.taken
        return np.stack([self.pool.queries[rows], self.pool.documents[rows, columns]], axis=1).astype(np.int32)

    @cached_property
    def suspicion(self) -> Suspicion:
        """The suspicion model, with the labels."""
        return suspicion_model(self.pool, self.labels or None)

    @cached_property
    def suspected(self) -> Scores:
        """(negatives,) P(false negative) in the order of ``taken``, NaN for leaks; a block of queries at a time."""
        if self.known is not None:
            return self.known
        rows, columns = self.taken
        found = np.full(len(rows), np.nan, dtype=np.float32)
        asked = np.unique(rows)
        for start in range(0, len(asked), SUSPECTED):
            self.progress("suspecting", start, len(asked))
            block = asked[start : start + SUSPECTED]
            low, high = np.searchsorted(rows, block[0]), np.searchsorted(rows, block[-1], "right")
            values = self.suspicion.probabilities(block)
            found[low:high] = values[np.searchsorted(block, rows[low:high]), columns[low:high]]
        self.progress("suspecting", len(asked), len(asked))
        return found

    @cached_property
    def verdicts(self) -> Verdicts:
        """(negatives,) codes of what people said about them, in the order of ``taken``."""
        queries, documents = self.pairs.T
        return self.labels.align_pairs(self.dataset, queries, documents)

    @cached_property
    def prior_probabilities(self) -> Scores:
        """(queries, depth) P(false negative) by a model that has seen no label, which an estimate from labels leans on.

        NaN for leaks and padding.
        """
        model = suspicion_model(self.pool)
        self.progress("suspecting", 0, len(self.pool))
        found = model.probabilities() if len(self.pool) else np.zeros(self.pool.documents.shape, np.float32)
        self.progress("suspecting", len(self.pool), len(self.pool))
        return found


@dataclass(frozen=True, eq=False)
class Finding:
    """What one look found.

    Attributes:
        severity: ``good``, ``look`` (a person should look), ``bad``, or ``unknown`` (an input is missing).
        sentence: What was found, with numbers, in plain words; of ``unknown`` what is missing and how to get it.
        todo: What to do about it, one sentence; empty where there is nothing to do.
        columns: Names of the table's columns.
        rows: Rows of the table, with the person's own ids and texts, what matters most first; at most ``TOP``.
        more: How many further rows were left out.
        pairs: (any, 2) rows of the dataset's queries and documents: what can be sent to the labelling queue, in order.
        figure: A picture, None where there is none.
        facts: The numbers, as JSON has them, with keys that stay.
        name: Key of the finding; filled in by ``run_finding``.
        title: Its title; filled in by ``run_finding``.
    """

    severity: Severity
    sentence: str
    todo: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    more: int = 0
    pairs: Pairs | None = None
    figure: go.Figure | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    title: str = ""

    @property
    def table(self) -> pa.Table:
        """The rows as an Arrow table."""
        columns = list(zip(*self.rows, strict=True)) if self.rows else [()] * len(self.columns)
        return pa.table({name: _column(values) for name, values in zip(self.columns, columns, strict=True)})


def _column(values: Sequence[Cell]) -> pa.Array:
    """A column of one kind; text where the kinds are mixed, and without halves of characters, which Arrow refuses."""
    if any(isinstance(value, str) for value in values):
        cells = [None if value is None else str(value).encode("utf-8", "replace").decode() for value in values]
        return pa.array(cells, pa.string())
    return pa.array(list(values), from_pandas=True)


def run_finding(name: str, case: Case) -> Finding:
    """Look at one thing.

    Args:
        name: Key of the finding.
        case: What is audited.

    Returns:
        What was found; ``unknown`` where an input is missing.

    Raises:
        UnknownNameError: If there is no such finding.
    """
    entry = FINDINGS.get(name)
    try:
        found: Finding = entry.function(case)
    except MissingInputError as error:
        found = Finding("unknown", str(error))
    return replace(found, name=entry.name, title=entry.label)


def finding_names() -> list[str]:
    """Keys of all findings in the order in which a report tells them."""
    return [entry.name for entry in sorted(FINDINGS, key=lambda entry: (entry.trait("place", 1000), entry.name))]


def need_negatives(case: Case) -> int:
    """Number of negatives.

    Raises:
        MissingInputError: If there is none.
    """
    if not len(case.pairs):
        raise MissingInputError("There is no negative to look at; loosen the recipe, or audit another selection.")
    return len(case.pairs)


def shown(text: str) -> str:
    """A text short enough for a table; it is cut with an ellipsis."""
    text = text.strip()
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rstrip()} …"


def query_cells(case: Case, query: int) -> tuple[str, str]:
    """Id and text of a query row of the dataset."""
    return case.dataset.query_id(query), shown(case.dataset.query_text(query))


def document_cells(case: Case, document: int) -> tuple[str, str]:
    """Id and content of a document row."""
    return case.dataset.document_id(document), shown(case.dataset.content(document))


def by_id(case: Case, pairs: Pairs) -> tuple[npt.NDArray[np.int64], Ints]:
    """Sort keys of pairs that follow the ids: places of the queries among all ids, and document rows.

    Args:
        case: Whose dataset.
        pairs: (pairs, 2) query rows and document rows.
    """
    place = np.empty(len(case.dataset.query_ids), dtype=np.int64)
    place[np.argsort(np.array(case.dataset.query_ids, dtype=object), kind="stable")] = np.arange(len(place))
    return place[pairs[:, 0]], pairs[:, 1]


def some(number: int, one: str, several: str = "") -> str:
    """A number with its noun, such as 1 query or 2 queries."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def percent(part: float, whole: float) -> str:
    """A share in words, such as 4.2%."""
    return f"{part / whole:.1%}" if whole else "0%"
