"""What the values of a knob cost and bring."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from negviz.arrays import PAD, Bools, Ints
from negviz.dataset import Judgments
from negviz.diagnostics import DIAGNOSTICS
from negviz.diagnostics._taken_scores import taken_scores
from negviz.diagnostics.likely_false_negatives import LikelyFalse, likely_false_negatives
from negviz.diagnostics.measured_false_negatives import Measured, measured_false_negatives
from negviz.selection import Selection


class Judge(Protocol):
    """Somebody who knows of some pairs whether they answer; such as ``negviz.truth.Truth``."""

    @property
    def judgments(self) -> Judgments:
        """What was said."""

    def verdicts(self, queries: Ints, documents: Ints, width: int) -> tuple[Bools, Bools]:
        """Whether pairs answer, and whether that is known; see ``Truth.verdicts``."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one value of a knob does.

    Attributes:
        queries: Queries that were asked.
        wanted: Negatives wanted a query.
        taken: Negatives taken, over all queries.
        starved: Queries with fewer than wanted.
        hardness: Mean of score minus the positive's over the negatives taken, NaN where none is known.
        scored: Negatives of which both scores are known.
        likely: Negatives near the positive, by a rule of thumb.
        measured: By whom it was measured, false negatives among the judged negatives.
    """

    queries: int
    wanted: int
    taken: int
    starved: int
    hardness: float
    scored: int
    likely: LikelyFalse
    measured: Mapping[str, Measured]

    @property
    def per_query(self) -> float:
        """Negatives a query, mean; 0 without queries."""
        return self.taken / self.queries if self.queries else 0.0

    @property
    def filled(self) -> float:
        """Negatives taken as a share of those wanted."""
        return self.per_query / self.wanted

    @property
    def starved_share(self) -> float:
        """Share of queries with fewer than wanted."""
        return self.starved / self.queries if self.queries else 0.0

    @property
    def likely_share(self) -> float:
        """Share of likely false negatives among the negatives whose scores are known, NaN where none is."""
        return self.likely.above / self.likely.scored if self.likely.scored else float("nan")

    def rate(self, by: str) -> float:
        """Measured share of false negatives among the judged negatives, NaN where none is judged."""
        return self.measured[by].rate if by in self.measured else float("nan")


@DIAGNOSTICS.register("Sweep of a knob", reference="METHODS 12, plot 12; D3")
def sweep(selections: Iterable[Selection], judges: Mapping[str, Judge]) -> tuple[Outcome, ...]:
    """Compare the outcomes of one recipe for several values of a knob; they may come one at a time.

    What the judges know must not have been refused beforehand: with labels a labelled false negative is refused
    whatever the knob says, and none would ever be counted.

    Args:
        selections: One a value.
        judges: By name, who measures false negatives.
    """
    return tuple(outcome_of(selection, judges) for selection in selections)


def outcome_of(selection: Selection, judges: Mapping[str, Judge]) -> Outcome:
    """The numbers of one selection, from its taken columns alone.

    Args:
        selection: Outcome of a recipe.
        judges: By name, who measures false negatives.
    """
    scorer, anchor = selection.recipe.scorer, selection.recipe.anchor
    level = selection.pool.anchor(scorer, anchor)
    total, scored = 0.0, 0
    for rows, scores in taken_scores(selection, scorer):
        away = scores - level[rows, None]
        known = np.isfinite(away)
        total, scored = total + float(away[known].sum()), scored + int(known.sum())
    return Outcome(
        queries=len(selection.pool), wanted=selection.recipe.count, taken=int(selection.taken_counts.sum()),
        starved=int(selection.starved.sum()), hardness=total / scored if scored else float("nan"), scored=scored,
        likely=likely_false_negatives(selection, scorer, anchor),
        measured={name: _measured(selection, judge) for name, judge in judges.items()},
    )  # fmt: skip


def _measured(selection: Selection, judge: Judge) -> Measured:
    """What a judge knows about the negatives of the queries that it speaks of; the others are not even looked up."""
    pool = selection.pool
    asked = np.flatnonzero(np.isin(pool.queries, judge.judgments.queries))
    columns = selection.columns[asked, : pool.depth]
    places, ranks = np.nonzero(np.not_equal(columns, PAD))
    rows = asked[places]
    documents = pool.documents[rows, columns[places, ranks]]
    found = judge.verdicts(pool.queries[rows], documents, len(pool.dataset.documents))
    return replace(measured_false_negatives(*found), taken=int(selection.taken_counts.sum()))
