"""Lexical search by BM25."""

from negviz.arrays import Ints
from negviz.dataset import Dataset
from negviz.lexical import index_of
from negviz.retrievers import RETRIEVERS


@RETRIEVERS.register("BM25", reference="Robertson and Zaragoza 2009; Lù 2024, bm25s, arXiv:2407.03618")
def bm25(*, dataset: Dataset, queries: Ints, depth: int) -> Ints:
    """Bring the documents that share the query's rarest words.

    Only documents that share a word with the query come. Lucene's variant with k1 1.5 and b 0.75, over words for
    spaced scripts and over pairs of characters for Chinese, Japanese, Korean, Thai, Lao, Khmer and Burmese.

    Args:
        dataset: The documents.
        queries: (queries,) rows.
        depth: Documents a query.

    Returns:
        (queries, depth) document rows, ``PAD`` where fewer share a word.
    """
    texts = [dataset.query_texts[query] for query in queries]
    return index_of(dataset).top(texts, depth)[0]
