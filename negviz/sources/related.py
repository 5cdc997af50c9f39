"""The pool's candidates, passages of the positive's article, and what answers similar questions."""

from typing import Annotated

from negviz.assembly import assemble, list_of
from negviz.hints import Range
from negviz.pool import Pool
from negviz.related import of_same_group, of_similar_questions
from negviz.sources import SOURCES

WITHOUT_GROUPS = (
    "go without those passages with --set source.context=0 and, where retrievers take turns in the draw, "
    '--set "draw.strata=bm25 dense similar_question"'
)


@SOURCES.register("Same article and similar questions", reference="Lu et al. 2020, arXiv:2010.12523", across=True)
def related(
    pool: Pool,
    *,
    scorer: str,
    context: Annotated[int, Range(0, 200, 1, keeps="more", scale="count")] = 20,
    similar: Annotated[int, Range(0, 200, 1, keeps="more", scale="count")] = 20,
    neighbours: Annotated[int, Range(1, 100, 1, keeps="more", scale="count")] = 10,
) -> Pool:
    """Add passages of the positive's article and answers to similar questions to the pool's own candidates.

    Args:
        pool: Whose candidates, groups and vectors.
        scorer: The recipe's scorer.
        context: Most documents of the positive's group that are added for a query; 0 adds none.
        similar: Most documents of similar questions that are added for a query; 0 adds none.
        neighbours: How many of the nearest questions count.

    Returns:
        A pool with the rank layers of this one, and ``context`` and ``similar_question``.

    Raises:
        MissingInputError: If there are no groups or no vectors and they are asked for.

    References:
        METHODS B8.
    """
    brought = {name: list_of(pool, name) for name in pool.ranks}
    if context:
        brought["context"] = of_same_group(pool.dataset, pool.queries, context, "related", WITHOUT_GROUPS)
    if similar:
        vectors = pool.vectors("related")
        brought["similar_question"] = of_similar_questions(pool.dataset, vectors, pool.queries, similar, neighbours)
    return assemble(pool, brought, scorer=scorer)
