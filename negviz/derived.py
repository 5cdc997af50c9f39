"""Derived layers: values of a pool's pairs that follow from its vectors, worked out once a pool and kept beside it."""

from typing import cast

import numpy as np

from negviz.arrays import PAD, Bools, Floats, Scores
from negviz.pool import Pool

LAYER = "similarity_to_positive"


def similarity_to_positive(pool: Pool, user: str) -> Scores:
    """Largest similarity of each candidate to a labelled positive of its query: s(d, d+).

    Args:
        pool: Candidates; its layer of that name is used where it has one, else its vectors.
        user: Who asks, for the error.

    Returns:
        (queries, depth), NaN at padding and where a query has no positive.

    Raises:
        MissingInputError: If the pool has neither.
    """
    if LAYER in pool.scores:
        return pool.scores[LAYER]
    cache = cast(dict[str, Scores], pool.__dict__.setdefault("_derived", {}))
    if LAYER not in cache:
        vectors = pool.vectors(user)
        layer = np.full(pool.documents.shape, np.nan, dtype=np.float32)
        for place in range(len(pool)):
            here = np.flatnonzero(pool.present[place])
            own = pool.positives[place][np.not_equal(pool.positives[place], PAD)]
            if len(here) and len(own):
                found = np.asarray(vectors.documents[pool.documents[place, here]], dtype=np.float64)
                anchors = np.asarray(vectors.documents[own], dtype=np.float64)
                layer[place, here] = (found @ anchors.T).max(axis=1)
        layer.flags.writeable = False
        cache[LAYER] = layer
    return cache[LAYER]


def disputed(pool: Pool, scorer: str, anchor: Floats, *, share: float = 0.95, above: float = 0.1) -> Bools:
    """Whether a candidate lies in the disputed zone: above ``share`` of the positive, up to ``above`` more than it.

    NV-Retriever refuses all above 0.95 of the positive, Qwen3-Embedding keeps all up to the positive plus 0.1; what one
    calls dangerous is best to the other (METHODS E2).

    Args:
        pool: Candidates.
        scorer: Whose scores; the zone is meant for cosine.
        anchor: (queries,) score of the positive.
        share: Lower limit as a share of the positive's score (sign-safe).
        above: Upper limit above the positive's score.

    Returns:
        (queries, depth), True inside; False where a score is unknown.
    """
    scores = pool.score(scorer).astype(np.float64)
    positive = anchor[:, None]
    with np.errstate(invalid="ignore"):
        low = positive - np.abs(positive) * (1 - share)
        return np.asarray(np.isfinite(scores) & (scores > low) & (scores <= positive + above))
