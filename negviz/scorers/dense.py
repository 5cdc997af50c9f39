"""An encoder's own similarity of a query and a document."""

from negviz.arrays import Ints, Scores
from negviz.embeddings import Embeddings, similarities
from negviz.scorers import SCORERS


@SCORERS.register("Dense", scale=None)
def dense(*, queries: Ints, documents: Ints, embeddings: Embeddings) -> Scores:
    """Score by the cosine or the inner product of the vectors, whichever the model was trained for.

    Args:
        queries: (queries,) rows.
        documents: (queries, any) document rows, ``PAD`` where there is none.
        embeddings: The vectors.

    Returns:
        Scores of the shape of ``documents``, NaN at ``PAD``.
    """
    return similarities(embeddings, queries, documents)
