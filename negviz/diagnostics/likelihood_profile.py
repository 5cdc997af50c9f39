"""Histogram of the positives' likelihoods with what the mixture expects."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from negviz.arrays import Floats, Ints
from negviz.diagnostics import DIAGNOSTICS
from negviz.positive_noise import PositiveNoise

BINS = 40
GRID = 2000


@dataclass(frozen=True, eq=False)
class LikelihoodProfile:
    """How the positives do, in bins.

    Attributes:
        edges: (bins + 1,) limits.
        counts: (bins,) queries.
        clean: (bins,) queries that the lower Gaussian expects.
        noisy: (bins,) queries that the upper Gaussian expects.
        cuts: Where a query stops or starts to count as clean, ascending; two where the Gaussians differ in width.
    """

    edges: Floats
    counts: Ints
    clean: Floats
    noisy: Floats
    cuts: tuple[float, ...]


@DIAGNOSTICS.register("Likelihoods of the positives", reference="Noisy Pair Corrector, arXiv:2311.03798")
def likelihood_profile(noise: PositiveNoise, posterior: float) -> LikelihoodProfile:
    """Count the queries by the likelihood of their positive, beside the two Gaussians and the cut.

    Args:
        noise: What was found.
        posterior: Probability of being clean that a clean query must exceed.

    References:
        METHODS E7.
    """
    values = noise.likelihoods[np.isfinite(noise.likelihoods)]
    counts, edges = np.histogram(values, bins=BINS)
    found = noise.mixture
    below = ndtr((edges[:, None] - found.means) / found.deviations)
    expected = len(values) * found.shares * np.diff(below, axis=0)
    grid = np.linspace(edges[0], edges[-1], GRID)
    clean = found.posterior_at(grid) > posterior
    turns = np.flatnonzero(clean[1:] != clean[:-1])
    cuts = tuple(float((grid[turn] + grid[turn + 1]) / 2) for turn in turns)
    return LikelihoodProfile(edges, counts.astype(np.int32), expected[:, 0], expected[:, 1], cuts)
