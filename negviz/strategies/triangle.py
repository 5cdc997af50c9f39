"""Triangle: TriSampler's two weights."""

from typing import Annotated, Literal

import numpy as np

from negviz.arrays import Bools, Floats, gumbel
from negviz.bells import bell, sharpness
from negviz.hints import Range
from negviz.pool import Anchor, Pool
from negviz.strategies import STRATEGIES
from negviz.strategies._one_scale import document_similarity

# Noise of the first draw must not be that of the second, or what the first favoured would be favoured twice.
FIRST_KEYS = np.uint64(0x5851F42D4C957F2D)


@STRATEGIES.register("Triangle (TriSampler)", reference="TriSampler, Yang et al. 2024, arXiv:2402.11855")
def triangle(
    pool: Pool,
    *,
    scorer: str,
    anchor: Anchor,
    survivors: Bools,
    seed: int,
    a: Annotated[float, Range(0.0, 1000.0, 0.05, keeps="either")] = 0.25,
    width: Annotated[float, Range(0.0, 1.0, 0.01, keeps="either", scale="score")] = 0.0,
    combine: Literal["two_step", "product"] = "two_step",
    first: Annotated[int, Range(1, 1000, 1, keeps="either", scale="rank")] = 50,
) -> Floats:
    """Weigh candidates that score like the positive and resemble it more than they resemble the query.

    The first weight is SimANS' bell ``exp(-a (s - p)^2)``, the second ``max(0, s(d, d+) - s(q, d))``: only a candidate
    nearer to the positive than to the query can be drawn. It favours copies of the positive, so false negatives are
    likely among them. A query in which the second weight is 0 throughout falls back on the first.

    Args:
        pool: Candidates to judge.
        scorer: Whose scores are compared; it must be the encoder that made the pool's vectors.
        anchor: Which positive the score distance is measured from.
        survivors: What earlier steps left; only they can be drawn.
        seed: Seed of the first draw.
        a: Sharpness of the bell, in 1 / (score unit)^2; 1/4 was published for inner products. Ignored while ``width``
            is above 0.
        width: If above 0, replaces ``a``, which is then ignored: the distance at which the bell has fallen to one half.
        combine: "two_step" draws a list by the first weight and weighs what is in it by the second; "product" takes
            the product of both. The paper's way is not verified.
        first: How many candidates the first of the two steps draws; only with "two_step".

    Returns:
        (queries, depth) weights, not normalised.

    Raises:
        MissingInputError: If the pool has no vectors, or the scorer is on another scale than they are.

    References:
        METHODS D5, from a summary of the paper.
    """
    nearer = document_similarity(pool, scorer, "triangle").astype(np.float64)
    scores = pool.score(scorer).astype(np.float64)
    factor = sharpness(width) if width > 0 else a
    likely = np.where(survivors, bell(scores - pool.anchor(scorer, anchor)[:, None], factor, "gaussian", survivors), 0)
    leaning = np.maximum(np.nan_to_num(nearer - scores, nan=0.0), 0.0)
    if combine == "two_step":
        likely = np.where(_drawn(likely, pool, seed, first), likely, 0.0)
        both = np.where(likely > 0, leaning, 0.0)
    else:
        both = likely * leaning
    some = (both > 0).any(axis=1, keepdims=True)
    return np.asarray(np.where(some, both, likely))


def _drawn(weights: Floats, pool: Pool, seed: int, count: int) -> Bools:
    """(queries, depth), True for ``count`` candidates a query, drawn without replacement by weight."""
    with np.errstate(divide="ignore"):
        noisy = np.log(weights) + gumbel(pool.pair_keys ^ FIRST_KEYS, seed)
    order = np.argsort(-noisy, axis=1, kind="stable")[:, :count]
    chosen = np.zeros(weights.shape, dtype=bool)
    np.put_along_axis(chosen, order, True, axis=1)
    return np.asarray(chosen & (weights > 0))
