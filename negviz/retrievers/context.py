"""Passages of the article that a positive is part of."""

from negviz.arrays import Ints
from negviz.dataset import Dataset
from negviz.related import of_same_group
from negviz.retrievers import RETRIEVERS


@RETRIEVERS.register("Same article", reference="Lu et al. 2020, arXiv:2010.12523", needs="groups")
def context(*, dataset: Dataset, queries: Ints, depth: int) -> Ints:
    """Bring the other documents of a positive's group, such as the passages around it in its article.

    They share its subject and often part of its answer, so they are refused as "same group as a positive" unless a
    recipe allows that.

    Args:
        dataset: Documents with their groups.
        queries: (queries,) rows.
        depth: Documents a query.

    Returns:
        (queries, depth) document rows, nearest to the positive in order of ids first, ``PAD`` where fewer are there.

    Raises:
        MissingInputError: If no document has a group.

    References:
        METHODS B8 (i).
    """
    return of_same_group(dataset, queries, depth, "context")
