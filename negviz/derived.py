"""Derived layers: values of a pool's pairs that follow from its vectors, worked out once a pool and kept beside it."""

from typing import Literal, cast

import numpy as np

from negviz.arrays import PAD, Bools, Floats, Scores
from negviz.arrays import above as scored_above
from negviz.arrays import below as scored_below
from negviz.pool import Pool

LAYER = "similarity_to_positive"
MaskMode = Literal["absolute", "relative"]


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
    return disputed_scores(pool.score(scorer), anchor, share=share, above=above)


def disputed_scores(scores: Scores, anchor: Floats, *, share: float = 0.95, above: float = 0.1) -> Bools:
    """``disputed`` for (rows, columns) scores and the (rows,) scores of their positives."""
    beyond = above_share(scores, anchor, share)
    return np.asarray(beyond & (scored_below(scores, anchor[:, None] + above, inclusive=True) > 0))


def above_share(scores: Scores | Floats, anchor: Floats, share: float) -> Bools:
    """Whether a candidate scores above a share of the positive: what NV-Retriever refuses (METHODS D1).

    Args:
        scores: (queries, depth).
        anchor: (queries,) score of the positive.
        share: Limit as a share of the positive's score (sign-safe).

    Returns:
        (queries, depth), True above; False where a score is unknown.
    """
    positive = anchor[:, None]
    low = positive - np.abs(positive) * (1 - share)
    return np.asarray(scored_above(scores, low, inclusive=False) > 0)


def guide_masked(
    guide: Floats | Scores, positive: Floats, *, margin: float = 0.0, mode: MaskMode = "absolute"
) -> Bools:
    """Whether a guide takes a document for a false negative: it scores it above the row's own positive less a margin.

    The positive itself is not looked after here: whoever masks leaves its column alone, also where the guide scores it
    lowest of all.

    Args:
        guide: (rows, columns) scores of the guide.
        positive: (rows,) the guide's own score of the row's positive.
        margin: Distance below the positive from which on documents are masked, on the guide's scale; with ``relative``
            a share of the positive's magnitude.
        mode: ``absolute`` for ``g - margin``, ``relative`` for ``g - |g| margin``.

    Returns:
        (rows, columns), True strictly above the limit; False where a score is unknown.

    References:
        METHODS E1; GISTEmbed, arXiv:2402.16829.
    """
    room = np.abs(positive) * margin if mode == "relative" else margin
    return np.asarray(scored_above(guide, (positive - room)[:, None], inclusive=False) > 0)


def student_masked(scores: Floats | Scores, positive: Floats, *, margin: float = 0.1) -> Bools:
    """Whether the student itself scores a document so far above the positive that it counts as a false negative.

    Args:
        scores: (rows, columns) scores of the student.
        positive: (rows,) the student's score of the row's positive.
        margin: Distance above the positive from which on documents are masked, on the student's scale.

    Returns:
        (rows, columns), True strictly above the limit; False where a score is unknown.

    References:
        METHODS E2; Qwen3-Embedding, arXiv:2506.05176.
    """
    return np.asarray(scored_above(scores, (positive + margin)[:, None], inclusive=False) > 0)


def mean_with_positive(scores: Floats | Scores, positive: Floats, counted: Bools) -> Floats:
    """Mean score of a row's candidates and its positive: the passage sieve's line.

    Args:
        scores: (rows, columns).
        positive: (rows,) score of the row's positive.
        counted: (rows, columns), which candidates enter the mean.

    Returns:
        (rows,), NaN where the positive's score is unknown.

    References:
        METHODS E6; Wang et al. 2024, arXiv:2401.00165.
    """
    total = np.where(counted, scores, 0.0).sum(axis=1, dtype=np.float64) + positive
    return np.asarray(total / (1 + counted.sum(axis=1)))
