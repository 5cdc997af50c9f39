"""Reciprocal nearest neighbours within a query's own list: evidence that a candidate is an unlabelled positive."""

from typing import TypeAlias, cast

import numpy as np
import numpy.typing as npt

from negviz.arrays import PAD, Bools, Floats, Ints, Scores
from negviz.pool import Pool

Places: TypeAlias = npt.NDArray[np.intp]

OVERLAP = 2 / 3
SHARPNESS = 2.4
BOOST = 1.222
# Similarities are compared to so many digits, so that which of two equal ones comes first is never left to rounding.
DIGITS = 6


def nearest(similarities: Floats, k: int) -> Bools:
    """Whether each item has each other one among its ``k`` nearest; an item always has itself.

    Args:
        similarities: (items, items); of equal ones the earlier item is the nearer.
        k: Number of neighbours besides the item itself.

    Returns:
        (items, items), row by row.
    """
    return _first(_ordered(similarities), k)


def _ordered(similarities: Floats) -> Places:
    """(items, items) items by similarity to each, itself first; of equal ones the earlier item is the nearer."""
    away = -similarities
    np.fill_diagonal(away, -np.inf)
    return np.argsort(away, axis=1, kind="stable")


def _first(order: Places, k: int) -> Bools:
    found = np.zeros(order.shape, dtype=bool)
    np.put_along_axis(found, order[:, : k + 1], True, axis=1)
    return found


def reciprocal(similarities: Floats, k: int) -> Bools:
    """Whether two items are among each other's ``k`` nearest; symmetric."""
    return _mutual(nearest(similarities, k))


def _mutual(near: Bools) -> Bools:
    return np.asarray(near & near.T)


def extended(similarities: Floats, k: int) -> Bools:
    """Reciprocal neighbours, and those of a neighbour whose own ``k / 2`` are mostly among them.

    A neighbour's smaller set is taken in where more than two thirds of it already belong.

    Args:
        similarities: (items, items).
        k: Number of neighbours besides the item itself.

    Returns:
        (items, items), row by row; no longer symmetric.
    """
    order = _ordered(similarities)
    own, trusted = (_mutual(_first(order, size)) for size in (k, max(k // 2, 1)))
    counted = trusted.astype(np.float32)
    shared = own.astype(np.float32) @ counted.T
    taken_in = own & (shared > OVERLAP * counted.sum(axis=1)[None, :] + 1e-4)
    return np.asarray(own | (taken_in.astype(np.float32) @ counted > 0))


def likeness(vectors: Floats, probes: Ints, k: int) -> Floats:
    """How much the neighbourhood of each item is that of a probe, 0 to 1; the largest over the probes.

    Neighbourhoods are compared by the weighted Jaccard index; a neighbour weighs ``exp(2.4 s) - 1``, where s is its
    similarity divided by the largest of the row, and the weights of an item add up to 1.

    Args:
        vectors: (items, dims).
        probes: (probes,) which items are asked for.
        k: Number of neighbours.

    Returns:
        (items,), 1 for the probes themselves.
    """
    raw = vectors @ vectors.T
    top = raw.max(axis=1, keepdims=True)
    scaled = np.round(np.divide(raw, top, out=np.zeros_like(raw), where=top > 0), DIGITS)
    weights = np.zeros_like(scaled)
    among = extended(scaled, k)
    weights[among] = np.maximum(np.expm1(SHARPNESS * scaled[among]), 0.0)
    total = weights.sum(axis=1, keepdims=True)
    weights = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    shared = np.stack([np.minimum(weights[probe], weights).sum(axis=1) for probe in probes]).max(axis=0)
    # Both sides add up to 1, so the larger of each pair adds up to 2 - shared.
    return np.asarray(shared / (2 - shared))


def evidence(pool: Pool, k: int, user: str) -> Scores:
    """Evidence for each candidate that it is an unlabelled positive, scaled from 0 to 1 within its query.

    The list of a query is the query itself, its candidates and its labelled positives. Worked out once a pool and k.

    Args:
        pool: Candidates.
        k: Number of neighbours.
        user: Who asks, for the error.

    Returns:
        (queries, depth), 1 for a labelled positive; NaN at padding and where a query has no positive.

    Raises:
        MissingInputError: If the pool has no vectors.
    """
    vectors = pool.vectors(user)
    cache = cast(dict[str, Scores], pool.__dict__.setdefault("_derived", {}))
    name = f"reciprocal evidence {k}"
    if name not in cache:
        layer = np.full(pool.documents.shape, np.nan, dtype=np.float32)
        for place, query in enumerate(pool.queries):
            columns = np.flatnonzero(pool.present[place])
            own = pool.positives[place][np.not_equal(pool.positives[place], PAD)]
            if not len(columns) or not len(own):
                continue
            rows = np.union1d(pool.documents[place, columns], own)
            items = np.concatenate([vectors.queries[[query]], vectors.documents[rows]]).astype(np.float64)
            # The query stands first, so documents start at 1.
            found = likeness(items, np.searchsorted(rows, own).astype(np.int32) + 1, k)
            low = float(found.min())
            scaled = (found - low) / (1.0 - low) if low < 1 else np.ones_like(found)
            layer[place, columns] = scaled[np.searchsorted(rows, pool.documents[place, columns]) + 1]
        layer.flags.writeable = False
        cache[name] = layer
    return cache[name]


def injected(found: Scores, among: Bools, top: int, floor: float) -> Bools:
    """Which candidates get a share of the target: the ``top`` of most evidence, where it reaches the floor.

    Args:
        found: (queries, depth) evidence, NaN where unknown.
        among: (queries, depth) what may get a share; labelled positives may not, they have theirs.
        top: How many a query.
        floor: Least evidence.

    Returns:
        (queries, depth), True where it does; of equal ones the smaller document row comes first.
    """
    values = np.where(among & np.isfinite(found), np.round(found.astype(np.float64), DIGITS), -np.inf)
    order = np.argsort(-values, axis=1, kind="stable")[:, :top]
    chosen = np.zeros(values.shape, dtype=bool)
    np.put_along_axis(chosen, order, True, axis=1)
    return np.asarray(chosen & (values >= floor))


def target_mass(labels: Floats) -> Floats:
    """Softmax of the labels of one query, as ListNet takes its target; minus infinity gets nothing.

    Args:
        labels: (items,).
    """
    powers = np.exp(labels - labels.max(initial=-np.inf, where=np.isfinite(labels)))
    return np.asarray(powers / powers.sum())
