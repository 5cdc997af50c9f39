"""How near a document is to what is known to answer the query."""

import numpy as np

from negviz.arrays import PAD, Floats, Ints, Scores
from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.scorers import SCORERS


@SCORERS.register("Similarity to the positive", reference="TriSampler, Yang et al. 2024, arXiv:2402.11855", scale=None)
def similarity_to_positive(*, dataset: Dataset, queries: Ints, documents: Ints, embeddings: Embeddings) -> Scores:
    """Score by the largest similarity of a document to a labelled positive of its query: s(d, d+).

    Args:
        dataset: Which documents are labelled positives.
        queries: (queries,) rows.
        documents: (queries, any) document rows, ``PAD`` where there is none.
        embeddings: The vectors.

    Returns:
        Scores of the shape of ``documents``. A positive is not compared with itself; NaN at ``PAD``, where the query
        has no positive, and for the only positive itself.
    """
    scores = np.full(documents.shape, np.nan, dtype=np.float32)
    for place, query in enumerate(queries):
        positives = dataset.positives.of_query(int(query))
        here = np.flatnonzero(np.not_equal(documents[place], PAD))
        if len(here) and len(positives):
            scores[place, here] = _nearest(embeddings, documents[place, here], positives)
    return scores


def _nearest(embeddings: Embeddings, documents: Ints, positives: Ints) -> Floats:
    """(documents,) largest similarity to another document among the positives, NaN where there is none."""
    found = np.asarray(embeddings.documents[documents], dtype=np.float64)
    best = np.full(len(documents), -np.inf)
    for positive in positives:
        # A sum for each pair by itself, as for every similarity: a matrix product depends on the shape.
        vector = np.asarray(embeddings.documents[positive], dtype=np.float64)
        alike = np.einsum("kd,d->k", found, vector)
        best = np.maximum(best, np.where(np.equal(documents, positive), -np.inf, alike))
    return np.where(np.isfinite(best), best, np.nan)
