"""Candidates of several retrievers with one fused score."""

from typing import Annotated, Literal

import numpy as np

from negviz.arrays import Floats
from negviz.assembly import assemble, list_of, with_layer
from negviz.errors import MissingInputError, RecipeError
from negviz.hints import Range
from negviz.pool import Pool
from negviz.sources import SOURCES

LAYER = "fused"


@SOURCES.register(
    "Fused retrievers", reference="Cormack et al. 2009 (reciprocal rank fusion); Bruch et al. 2022", across=True
)
def fused(
    pool: Pool,
    *,
    scorer: str,
    method: Literal["rrf", "convex"] = "rrf",
    retrievers: str = "dense bm25",
    k: Annotated[int, Range(0, 1000, 1, scale="none")] = 60,
    alpha: Annotated[float, Range(0.0, 1.0, 0.05, scale="none")] = 0.5,
) -> Pool:
    """Unite the candidates of some retrievers and score them by all of them together, as the layer ``fused``.

    Reciprocal ranks need no common scale; the convex sum keeps how far apart scores lie. A positive's ranks are known
    where a retriever brought it.

    Args:
        pool: Whose candidates, ranks and scores.
        scorer: The recipe's scorer.
        method: "rrf" adds ``1 / (k + rank)`` over the retrievers, the first rank being 1; "convex" adds the first
            scorer's values times ``alpha`` and the second's times ``1 - alpha``, each scaled to 0..1 within a query.
        retrievers: Names of the retrievers, with spaces or commas between them; convex needs exactly two, with scores
            of the same names.
        k: How little the first ranks stand out in rrf.
        alpha: Weight of the first of two scorers in the convex sum.

    Returns:
        A pool with the candidates and rank layers of these retrievers alone.

    Raises:
        MissingInputError: If the pool lacks one of the retrievers or scorers.
        RecipeError: If no retriever is named, or not two for a convex sum.

    References:
        METHODS B11; ranx fusion/rrf.py for the formula.
    """
    names = list(dict.fromkeys(retrievers.replace(",", " ").split()))
    _check(pool, names, method)
    united = assemble(pool, {name: list_of(pool, name) for name in names}, scorer=scorer)
    if method == "rrf":
        scores, positives = _reciprocal(united, names, k)
    else:
        scores, positives = _convex(united, names, alpha)
    return with_layer(united, LAYER, scores.astype(np.float32), positives.astype(np.float32), method)


def _check(pool: Pool, names: list[str], method: str) -> None:
    if not names or (method == "convex" and len(names) != 2):
        wanted = "exactly two retrievers" if method == "convex" else "at least one retriever"
        raise RecipeError(f"source.retrievers was given '{' '.join(names)}', but '{method}' fuses {wanted}.")
    for name in names:
        if name not in pool.ranks:
            known = ", ".join(sorted(pool.ranks)) or "none"
            raise MissingInputError(
                f"'fused' needs candidates of the retriever '{name}', but the pool has those of: {known}; build the "
                f"pool again with --retriever {name}."
            )
        if method == "convex":
            pool.layer(name, "fused", f"scores of what '{name}' brought")


def _reciprocal(pool: Pool, names: list[str], k: int) -> tuple[Floats, Floats]:
    """Sum of reciprocal ranks of each candidate and of each positive that is a candidate."""
    total = np.zeros(pool.documents.shape)
    for name in names:
        ranks = pool.ranks[name]
        total += np.where(ranks >= 0, 1.0 / (k + np.maximum(ranks, 0) + 1.0), 0.0)
    scores = np.where(pool.present, total, np.nan)
    positives = np.full(pool.positives.shape, np.nan)
    for place, column in enumerate(pool.positives.T):
        same = np.equal(pool.documents, column[:, None]) & pool.present
        positives[:, place] = np.where(same.any(axis=1), np.where(same, total, 0.0).sum(axis=1), np.nan)
    return scores, positives


def _convex(pool: Pool, names: list[str], alpha: float) -> tuple[Floats, Floats]:
    """Weighted sum of two scores, each scaled by the smallest and largest of the query's candidates."""
    scores, positives = np.zeros(pool.documents.shape), np.zeros(pool.positives.shape)
    for name, share in zip(names, (alpha, 1.0 - alpha), strict=True):
        own = pool.scores[name].astype(np.float64)
        known = np.isfinite(own)
        low = np.where(known, own, np.inf).min(axis=1, keepdims=True, initial=np.inf)
        high = np.where(known, own, -np.inf).max(axis=1, keepdims=True, initial=-np.inf)
        scores += share * _scaled(own, low, high)
        positives += share * _scaled(pool.positive_scores[name].astype(np.float64), low, high)
    return scores, positives


def _scaled(values: Floats, low: Floats, high: Floats) -> Floats:
    """Values with ``low`` at 0 and ``high`` at 1; 0 where the two are equal, NaN where a value or they are unknown."""
    known = np.isfinite(values) & (low <= high)
    span = np.where(high > low, high - low, np.inf)
    return np.where(known, (np.where(known, values, 0.0) - np.where(low <= high, low, 0.0)) / span, np.nan)
