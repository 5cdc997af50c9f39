"""Evidence that candidates of a query are unlabelled positives, and the training target it makes."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import Bools, Floats
from negviz.diagnostics import DIAGNOSTICS
from negviz.pool import LEAKS
from negviz.reciprocal import BOOST, evidence, injected, target_mass
from negviz.selection import Selection


@dataclass(frozen=True, eq=False)
class Evidence:
    """Evidence about the candidates of one query.

    Attributes:
        found: (depth,) evidence from 0 to 1, NaN where unknown.
        injected: (depth,), True for candidates that get a share of the target.
        mass: (depth,) share of the target; 0 where none.
        positive_mass: Share of the target that each labelled positive keeps.
    """

    found: Floats
    injected: Bools
    mass: Floats
    positive_mass: float


@DIAGNOSTICS.register("Reciprocal evidence", reference="METHODS B6; Zerveas et al. 2023, arXiv:2305.15720")
def reciprocal_evidence(selection: Selection, query: int, *, k: int, top: int, floor: float) -> Evidence:
    """Tell how much evidence there is for each candidate of a query, and what a smoothed target would give it.

    The target is the softmax of the labels: 1.222 for a labelled positive, the evidence for the ``top`` candidates that
    reach the floor, nothing for the others.

    Args:
        selection: Outcome of a recipe.
        query: Row of the pool.
        k: Number of nearest neighbours.
        top: How many candidates may get a share.
        floor: Evidence from which on they do.

    Raises:
        MissingInputError: If the pool has no vectors.
    """
    pool = selection.pool
    layer = evidence(pool, k, "reciprocal_evidence")[query : query + 1]
    among = pool.eligible[query : query + 1]
    chosen = injected(layer, among, top, floor)[0]
    found = np.where(pool.flags[query] & LEAKS["labelled positive"], np.nan, layer[0].astype(np.float64))
    positives = int((pool.positives[query] >= 0).sum())
    columns = np.flatnonzero(chosen)
    mass = np.zeros(pool.depth)
    if not positives:
        return Evidence(found, chosen, mass, 0.0)
    share = target_mass(np.concatenate([np.full(positives, BOOST), found[columns]]))
    mass[columns] = share[positives:]
    return Evidence(found, chosen, mass, float(share[0]))
