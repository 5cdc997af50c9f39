"""Provenance: can the source of a candidate be told from its vector or its score?"""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import Bools, Floats, Ints, uniform
from negviz.diagnostics import DIAGNOSTICS
from negviz.errors import MissingInputError
from negviz.pool import Pool

BINS = 10
EDGES = 41
FOLDS = 5
FEWEST = 2 * FOLDS
MOST = 2000


@dataclass(frozen=True, eq=False)
class Provenance:
    """How far apart mined and synthetic candidates lie.

    Attributes:
        edges: (bins + 1,) limits of score bins.
        mined: (bins,) mined candidates in each.
        synthetic: (bins,) synthetic candidates in each.
        auc: Area under the curve of a classifier of the source on the documents' vectors, cross-validated: 0.5 cannot
            tell, 1 always can; None where there are too few or no vectors.
        information: Mutual information of source and score bin, in bits; 0 where scores say nothing about the source.
        entropy: Entropy of the source in bits, the most that the information can be.
    """

    edges: Floats
    mined: Ints
    synthetic: Ints
    auc: float | None
    information: float
    entropy: float


@DIAGNOSTICS.register("Provenance health", reference="CausalNeg, arXiv:2606.01304; METHODS F2, F3")
def provenance(pool: Pool, scorer: str, retriever: str = "synthetic") -> Provenance:
    """Compare the synthetic candidates with the mined ones of the queries that have synthetic ones; leaks are left out.

    Score bins are tenths of all these candidates. The estimate of the information is the plain one of counted
    frequencies, which is a little too high where there are few candidates. The classifier is a logistic regression on
    as many distinct documents of each source, 2,000 at most, in five folds.

    Args:
        pool: Candidates.
        scorer: Whose scores.
        retriever: What the synthetic candidates were brought by.

    Raises:
        MissingInputError: If the pool has no synthetic candidates.
    """
    if retriever not in pool.ranks:
        raise MissingInputError(
            f"The pool has no synthetic candidates (of the retriever '{retriever}'), so there is nothing to compare; "
            "have them written with 'negviz synthesise'."
        )
    brought: Bools = np.asarray(pool.ranks[retriever] >= 0)
    written: Bools = np.asarray(brought & pool.eligible)
    mined: Bools = np.asarray(pool.eligible & ~brought & written.any(axis=1, keepdims=True))
    scores = pool.score(scorer).astype(np.float64)
    one, other = (scores[inside & np.isfinite(scores)] for inside in (mined, written))
    edges = _edges(np.concatenate([one, other]))
    first, second = (np.histogram(values, edges)[0].astype(np.int32) for values in (one, other))
    information, entropy = information_of(one, other)
    return Provenance(edges, first, second, _auc(pool, mined, written), information, entropy)


def _edges(values: Floats) -> Floats:
    """Limits of score bins; one bin where all values are one."""
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    return np.linspace(low, high, EDGES) if high > low else np.linspace(low - 0.5, high + 0.5, 2)


def information_of(mined: Floats, synthetic: Floats) -> tuple[float, float]:
    """Mutual information of source and score bin, and the entropy of the source, in bits.

    Args:
        mined: (candidates,) scores of one source.
        synthetic: (candidates,) scores of the other.
    """
    from sklearn.metrics import mutual_info_score

    both = np.concatenate([mined, synthetic])
    if not len(mined) or not len(synthetic):
        return 0.0, 0.0
    source = np.repeat([0, 1], [len(mined), len(synthetic)])
    limits = np.unique(np.quantile(both, np.linspace(0, 1, BINS + 1)[1:-1]))
    share = len(synthetic) / len(both)
    entropy = -(share * np.log2(share) + (1 - share) * np.log2(1 - share))
    bits = mutual_info_score(source, np.searchsorted(limits, both, side="right")) / np.log(2)
    return max(float(bits), 0.0), float(entropy)


def _auc(pool: Pool, mined: Bools, written: Bools) -> float | None:
    if pool.embeddings is None:
        return None
    sources = [np.unique(pool.documents[inside]) for inside in (mined, written)]
    count = min(MOST, *(len(rows) for rows in sources))
    if count < FEWEST:
        return None
    everything = np.arange(len(pool.dataset.documents), dtype=np.int32)
    keys = pool.dataset.pair_keys(np.zeros(1, dtype=np.int32), everything[None, :])[0]
    drawn = [np.sort(rows[np.argsort(uniform(keys[rows], 0), kind="stable")[:count]]) for rows in sources]
    rows = np.concatenate(drawn)
    # In order of noise that follows ids, so that folds do not follow the source or the order of a file.
    order = np.argsort(uniform(keys[rows], 1), kind="stable")
    return auc_of(
        np.asarray(pool.embeddings.documents[rows[order]], dtype=np.float64), np.repeat([0, 1], [count, count])[order]
    )


def auc_of(vectors: Floats, source: Ints) -> float:
    """Area under the curve of a logistic regression that tells the source, each fold by the others.

    Args:
        vectors: (documents, dims).
        source: (documents,) 0 or 1, both often enough for the folds.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    told = cross_val_predict(model, vectors, source, cv=StratifiedKFold(FOLDS), method="decision_function")
    # Folds have scales of their own, so each is judged by itself.
    folds = [test for _, test in StratifiedKFold(FOLDS).split(vectors, source)]
    return float(np.mean([roc_auc_score(source[test], told[test]) for test in folds]))
