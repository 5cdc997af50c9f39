"""Exact search by an encoder's own similarity."""

from negviz.arrays import Ints
from negviz.budget import DEFAULT_MEMORY
from negviz.embeddings import Embeddings
from negviz.nearest import nearest
from negviz.retrievers import RETRIEVERS


@RETRIEVERS.register("Dense", reference="Johnson et al. 2017, FAISS, arXiv:1702.08734")
def dense(*, queries: Ints, depth: int, embeddings: Embeddings, memory: int = DEFAULT_MEMORY) -> Ints:
    """Bring the documents nearest to the query in the encoder's space.

    The search is exact (``nearest.nearest``): the result is the same for any number of threads and amount of memory,
    equal documents included.

    Args:
        queries: (queries,) rows.
        depth: Documents a query.
        embeddings: The vectors.
        memory: Bytes that the search may take.

    Returns:
        (queries, depth) document rows, ``PAD`` where the corpus has fewer.
    """
    return nearest(embeddings.queries[queries], embeddings.documents, depth, memory=memory)[0]
