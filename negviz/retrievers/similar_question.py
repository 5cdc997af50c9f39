"""Documents that answer the questions most like a query."""

from typing import Annotated

from negviz.arrays import Ints
from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.hints import Range
from negviz.related import of_similar_questions
from negviz.retrievers import RETRIEVERS


@RETRIEVERS.register("Similar questions", reference="Lu et al. 2020, arXiv:2010.12523")
def similar_question(
    *,
    dataset: Dataset,
    queries: Ints,
    depth: int,
    embeddings: Embeddings,
    neighbours: Annotated[int, Range(1, 100, 1, keeps="more", scale="count")] = 10,
) -> Ints:
    """Bring the positives of the questions whose vectors lie nearest to the query's.

    Args:
        dataset: Questions and their labelled positives.
        queries: (queries,) rows.
        depth: Documents a query.
        embeddings: Vectors of the questions.
        neighbours: How many of the nearest questions count.

    Returns:
        (queries, depth) document rows, those of the nearest question first, without the query's own positives.

    References:
        METHODS B8 (iv).
    """
    return of_similar_questions(dataset, embeddings, queries, depth, neighbours)
