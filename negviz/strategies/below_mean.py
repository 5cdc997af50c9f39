"""Below the mean: the passage sieve."""

import numpy as np

from negviz.arrays import Bools, Floats, below, gumbel
from negviz.derived import mean_with_positive
from negviz.pool import Anchor, Pool
from negviz.strategies import STRATEGIES


@STRATEGIES.register("Below the mean (passage sieve)", reference="Passage sieve, Wang et al. 2024, arXiv:2401.00165")
def below_mean(
    pool: Pool, *, scorer: str, anchor: Anchor, survivors: Bools, seed: int, keep_one: bool = True
) -> Floats:
    """Accept candidates that score below the mean of the query's candidates and its positive.

    The sieve keeps what is less likely than the average, ``-log P > mean(-log P)``; as a softmax only shifts
    logarithms, that is a comparison of scores with their mean. The mean depends on what else is there: one easy
    candidate lowers it and most hard ones go.

    Args:
        pool: Candidates to judge.
        scorer: Whose scores are compared; the paper's are of a model trained with its own loss.
        anchor: Which positive enters the mean.
        survivors: What earlier steps left; these and the positive make the mean.
        seed: Decides which one is kept where none is below the mean.
        keep_one: Keep one at random where none is below the mean, as the authors' code does.

    Returns:
        (queries, depth) weights of 0 and 1.

    References:
        METHODS E6; negative_train.py of wangskyGit/passage-sieve.
    """
    scores = pool.score(scorer).astype(np.float64)
    positive = pool.anchor(scorer, anchor)
    counted = survivors & np.isfinite(scores) & np.isfinite(positive)[:, None]
    mean = mean_with_positive(scores, positive, counted)
    kept = counted & (below(scores, mean[:, None], inclusive=False) > 0)
    if keep_one:
        noise = np.where(counted, gumbel(pool.pair_keys, seed), -np.inf)
        lucky = counted & np.equal(noise, noise.max(axis=1, keepdims=True, initial=-np.inf))
        kept |= lucky & ~kept.any(axis=1, keepdims=True)
    return np.asarray(kept, dtype=np.float64)
