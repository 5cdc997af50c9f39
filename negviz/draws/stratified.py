"""Stratified draw."""

from typing import Annotated

import numpy as np
import numpy.typing as npt

from negviz.arrays import PAD, Bools, Floats, Ints, Keys, Scores, gumbel
from negviz.draws import DRAWS
from negviz.draws._order import window
from negviz.errors import MissingInputError
from negviz.hints import Range
from negviz.pool import Pool


@DRAWS.register("Stratified by retriever", reference="a mixture of sources: Lu et al. 2020, arXiv:2010.12523")
def stratified(
    weights: Floats,
    *,
    pool: Pool,
    scores: Scores,
    keys: Keys,
    count: int,
    seed: int,
    strata: str = "",
    skip: Annotated[int, Range(0, 1000, 1)] = 0,
    limit: Annotated[int, Range(0, 1000, 1)] = 0,
) -> Ints:
    """Let the retrievers take turns; each takes one of its candidates, drawn in proportion to the weights.

    A candidate that several brought counts for the first that takes it. A retriever with nothing left gives its turns
    to the others; what none of them brought comes only when all are exhausted.

    Args:
        weights: (queries, depth), 0 where refused.
        pool: Whose rank layers say what each retriever brought.
        scores: (queries, depth) of the recipe's scorer; only ``skip`` and ``limit`` look at them.
        keys: (queries, depth) key of each pair.
        count: Negatives a query.
        seed: Seed of the draw.
        strata: Names of the retrievers in the order of their turns, with spaces or commas between them; empty is all
            of the pool's, by name.
        skip: How many of the highest-scoring survivors to pass over first.
        limit: Consider only that many of the highest-scoring survivors; 0 is all.

    Returns:
        (queries, count) columns in the order drawn, ``PAD`` where fewer are left.

    Raises:
        MissingInputError: If the pool has no candidates of a retriever that is named.

    References:
        METHODS B8.
    """
    weights = window(weights, scores, skip, limit)
    with np.errstate(divide="ignore"):
        noisy = np.where(weights > 0, np.log(weights) + gumbel(keys, seed), -np.inf)
    left = weights > 0
    found = np.full((len(weights), count), PAD, dtype=np.int32)
    filled = np.zeros(len(weights), dtype=np.int64)
    layers = [pool.ranks[name] >= 0 for name in _names(pool, strata)]
    for turns in (layers, [np.ones(weights.shape, dtype=bool)]):
        while sum(_turn(layer, noisy, left, found, filled) for layer in turns):
            continue
    return found


def _turn(layer: Bools, noisy: Floats, left: Bools, found: Ints, filled: npt.NDArray[np.int64]) -> int:
    """Let each query that is not full take the best that a layer has left; how many did."""
    open_ = left & layer
    rows = np.flatnonzero(open_.any(axis=1) & (filled < found.shape[1]))
    if len(rows):
        columns = np.where(open_[rows], noisy[rows], -np.inf).argmax(axis=1)
        found[rows, filled[rows]] = columns
        left[rows, columns] = False
        filled[rows] += 1
    return len(rows)


def _names(pool: Pool, strata: str) -> list[str]:
    names = list(dict.fromkeys(strata.replace(",", " ").split())) or sorted(pool.ranks)
    for name in names:
        if name not in pool.ranks:
            known = ", ".join(sorted(pool.ranks)) or "none"
            raise MissingInputError(
                f"'stratified' takes turns between retrievers, one of them '{name}', but the candidates here were "
                f"brought by: {known}; build the pool again with --retriever {name}, or name others in draw.strata."
            )
    return names
