"""Verdicts of a language model."""

from typing import Annotated

import numpy as np

from negviz.arrays import Floats, Scores
from negviz.errors import MissingInputError
from negviz.hints import Range
from negviz.pool import Pool
from negviz.strategies import STRATEGIES
from negviz.strategies._limits import above, below


def verdict_layer(pool: Pool, layer: str, user: str) -> Scores:
    """A layer that 'negviz judge' made.

    Raises:
        MissingInputError: If the pool has none; the text says how to get it.
    """
    if layer not in pool.scores:
        known = ", ".join(sorted(pool.scores)) or "none"
        raise MissingInputError(
            f"'{user}' needs verdicts of a language model called '{layer}', which this pool does not have (its scores: "
            f"{known}); ask for them with 'negviz judge POOL --method {layer} --address URL --model NAME'."
        )
    return pool.scores[layer]


@STRATEGIES.register("Verdict of a language model", reference="RLHN, arXiv:2505.16967; ARHN, arXiv:2604.11092")
def llm_verdict(
    pool: Pool,
    *,
    layer: str = "rlhn",
    level: Annotated[int, Range(1, 3, 1, keeps="more")] = 1,
    max_false: Annotated[int, Range(0, 1000, 1, keeps="more", scale="count")] = 7,
    drop_query: bool = False,
    unjudged: bool = False,
) -> Floats:
    """Refuse candidates that a language model found relevant, and queries with too many of them.

    Refusing them is RLHN's operation Remove-HN; ``drop_query`` is Remove; making them positives (RLHN itself) is done
    by the labels that 'negviz judge --labels-out' writes.

    Args:
        pool: Candidates to judge.
        layer: Which verdicts: ``rlhn``, ``arhn`` or ``llm_judge``.
        level: Lowest value that is refused: of rlhn 1 is worse and better, 2 better alone; of arhn 1 is excluded and
            positive; of llm_judge it is the grade.
        max_false: A query with more candidates of that value than this is dropped altogether.
        drop_query: Drop every query with any such candidate.
        unjudged: Let candidates through on which there is no verdict; they were not asked about, or answers disagree.

    Returns:
        (queries, depth) weights of 0 and 1.

    Raises:
        MissingInputError: If the pool has no such verdicts.

    References:
        METHODS F5, F6, F7.
    """
    verdicts = verdict_layer(pool, layer, "llm_verdict")
    found = np.asarray(above(verdicts, float(level), inclusive=True) > 0) & pool.present
    most = 0 if drop_query else max_false
    kept = below(verdicts, float(level), inclusive=False)
    if unjudged:
        kept = np.where(np.isfinite(verdicts), kept, 1.0)
    few: Floats = np.asarray(found.sum(axis=1) <= most, dtype=np.float64)
    return np.asarray(kept * few[:, None] * pool.present, dtype=np.float64)
