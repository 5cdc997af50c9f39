"""What became of each candidate, and which of them lie in the disputed zone."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from negviz.arrays import Bools, Floats, Ints
from negviz.derived import disputed, disputed_scores, student_masked
from negviz.diagnostics import DIAGNOSTICS
from negviz.labels import CODES, Labels, Verdict
from negviz.pool import LEAKS
from negviz.selection import Selection, taken_mask

REFUSED, ALLOWED, SUSPECT = "refused", "not drawn", "suspected false negative"
TAKEN, PADDING = "taken", "padding"
POSITIVE, FALSE_NEGATIVE = "labelled positive", "labelled false negative"
# A later one stands above an earlier one.
STATES = (REFUSED, ALLOWED, SUSPECT, TAKEN, PADDING, POSITIVE, FALSE_NEGATIVE)
COSINE = "cosine"


@dataclass(frozen=True, eq=False)
class States:
    """What became of the candidates of some queries.

    Attributes:
        codes: (queries, depth) place in ``STATES``; -1 where there is no candidate.
        disputed: (queries, depth), True in the disputed zone; nowhere on a scale that is not cosine.
        anchor: (queries,) score of the positive, NaN where there is none.
    """

    codes: npt.NDArray[np.int8]
    disputed: Bools
    anchor: Floats

    def words(self, query: int, columns: Ints) -> list[str]:
        """States of some candidates of a query."""
        return [STATES[code] for code in self.codes[query, columns].tolist()]


@DIAGNOSTICS.register("What became of each candidate")
def candidate_states(selection: Selection, labels: Labels, rows: Ints) -> States:
    """Say for some queries what became of each candidate.

    A candidate is suspected where it is no leak, was not taken, and scores more than 0.1 above the positive on cosine:
    there every published positive-anchored rule refuses it (METHODS E2).

    Args:
        selection: Outcome of a recipe.
        labels: Verdicts of people.
        rows: (queries,) which queries of the pool.
    """
    pool, recipe = selection.pool, selection.recipe
    anchor = pool.anchor(recipe.scorer, recipe.anchor)[rows]
    # Of the rows alone: tables of a whole pool, worked out for some of its queries, are what a slider would wait for.
    present, taken = pool.present[rows], taken_mask(selection.columns[rows], pool.depth)
    eligible = pool.eligible[rows]
    cosine = pool.scales.get(recipe.scorer) == COSINE
    nowhere = np.zeros(present.shape, dtype=bool)
    above = _above(selection, rows, anchor) & eligible if cosine else nowhere
    zone = disputed_zone(selection, rows) & eligible if cosine else nowhere
    verdicts = labels.align_pairs(pool.dataset, pool.queries[rows][:, None], pool.documents[rows])
    codes = np.where(selection.reasons[rows] < 0, STATES.index(ALLOWED), STATES.index(REFUSED))
    for state, here in (
        (SUSPECT, above),
        (TAKEN, taken),
        (PADDING, nowhere if selection.padding is None else selection.padding[rows]),
        (POSITIVE, np.not_equal(pool.flags[rows] & LEAKS[POSITIVE], 0)),
        (FALSE_NEGATIVE, np.equal(verdicts, CODES[Verdict.FALSE_NEGATIVE])),
    ):
        codes = np.where(here, STATES.index(state), codes)
    return States(np.where(present, codes, -1).astype(np.int8), zone, anchor)


def _above(selection: Selection, rows: Ints, anchor: Floats) -> Bools:
    return student_masked(selection.pool.score(selection.recipe.scorer)[rows], anchor)


def disputed_zone(selection: Selection, rows: Ints | None = None) -> Bools:
    """(queries, depth), True in the disputed zone of the recipe's scorer; nowhere on a scale that is not cosine."""
    pool, recipe = selection.pool, selection.recipe
    if pool.scales.get(recipe.scorer) != COSINE:
        return np.zeros(pool.documents.shape if rows is None else pool.documents[rows].shape, dtype=bool)
    cache: dict[Any, Bools] = pool.__dict__.setdefault("_disputed", {})
    key = recipe.scorer, recipe.anchor
    anchor = pool.anchor(recipe.scorer, recipe.anchor)
    if rows is not None:
        return cache[key][rows] if key in cache else disputed_scores(pool.score(recipe.scorer)[rows], anchor[rows])
    if key not in cache:
        cache[key] = disputed(pool, recipe.scorer, anchor)
    return cache[key]
