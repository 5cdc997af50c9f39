"""BM25 of a query and a document."""

from negviz.arrays import Ints, Scores
from negviz.dataset import Dataset
from negviz.lexical import scorer_of
from negviz.scorers import SCORERS


@SCORERS.register("BM25", reference="Robertson and Zaragoza 2009; Lù 2024, bm25s, arXiv:2407.03618", scale="bm25")
def bm25(*, dataset: Dataset, queries: Ints, documents: Ints) -> Scores:
    """Score by BM25: 0 where no word is shared, without an upper limit.

    Args:
        dataset: The documents.
        queries: (queries,) rows.
        documents: (queries, any) document rows, ``PAD`` where there is none.

    Returns:
        Scores of the shape of ``documents``, NaN at ``PAD``.
    """
    texts = [dataset.query_texts[query] for query in queries]
    return scorer_of(dataset).score(texts, documents)
