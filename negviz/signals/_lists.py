"""What signals share: whose scores count, the positives of a query, and cosines by the same sums in the same order."""

import numpy as np

from negviz.arrays import PAD, Floats, Ints, Scores
from negviz.derived import LAYER
from negviz.pool import Pool

# Layers that say something else than how well a candidate answers the query.
NO_SCORES = frozenset({"verdict", "bm25"})
LEXICAL = "bm25"


def main_scorer(pool: Pool) -> str | None:
    """Whose scores a pool is mined by: ``dense`` where it is there, else the first of a vector model, else any."""
    named = [name for name in sorted(pool.scores) if name != LAYER and pool.scales.get(name) != "verdict"]
    by_vectors = [name for name in named if pool.scales.get(name) in {"cosine", "dot"}]
    ordered = [*(name for name in ("dense",) if name in named), *by_vectors, *named]
    return ordered[0] if ordered else None


def other_scorers(pool: Pool) -> list[str]:
    """Scorers beside the main one that judge a pair anew: neither BM25 nor older checkpoints of the same model."""
    left_out = {main_scorer(pool), LAYER, LEXICAL, *pool.checkpoints}
    return [name for name in sorted(pool.scores) if name not in left_out and pool.scales.get(name) not in NO_SCORES]


def unknown(pool: Pool, rows: Ints) -> Floats:
    """(rows, depth) of NaN."""
    return np.full((len(rows), pool.depth), np.nan)


def own_positives(pool: Pool, row: int) -> Ints:
    """(positives,) document rows of a query's positives, without padding."""
    found = pool.positives[row]
    return np.asarray(found[np.not_equal(found, PAD)])


def unit(vectors: Scores) -> Floats:
    """(any, dims) vectors of length 1, so that encoders whose similarity is the dot product are comparable, too."""
    found = np.asarray(vectors, dtype=np.float64)
    lengths = np.sqrt(np.einsum("nd,nd->n", found, found))
    return np.asarray(found / np.maximum(lengths, 1e-12)[:, None])


def cosines(left: Floats, right: Floats) -> Floats:
    """(left, right) inner products, summed pair by pair: the same for any number of threads and any other pairs."""
    return np.asarray(np.einsum("kd,pd->kp", left, right))
