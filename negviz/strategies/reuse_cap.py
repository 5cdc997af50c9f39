"""Reuse cap."""

from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt

from negviz.arrays import Bools, Floats, uniform
from negviz.hints import Range
from negviz.pool import Pool
from negviz.strategies import STRATEGIES


@STRATEGIES.register("Reuse cap", reference="ours; hubs: Radovanovic et al. 2010, JMLR 11", across=True)
def reuse_cap(
    pool: Pool,
    *,
    scorer: str,
    survivors: Bools,
    count: int,
    seed: int,
    cap: Annotated[int, Range(1, 1000, 1, keeps="more", scale="count")] = 10,
    counts: Literal["all", "best"] = "all",
    keeps: Literal["nearest", "noise"] = "nearest",
) -> Floats:
    """Let a document be a negative of at most so many queries.

    The step is ours, not a published method; that some documents are near to everything (hubs) is well known. A
    document that is asked for too often stays with the queries for which it scores best, and is refused for the others.
    Equal ones are told apart by query id, so the order of the queries in a file does not matter.

    Args:
        pool: Candidates to judge.
        scorer: Whose scores tell for which queries a document is best, and which are a query's best.
        survivors: What earlier steps left.
        count: Negatives a query.
        seed: Of the noise.
        cap: Queries that a document may serve. Raising it refuses fewer.
        counts: Where a document counts as asked for. "all": in every query where it is still allowed, so that the cap
            holds whatever the draw takes, and shared candidates are refused wherever they might be drawn. "best": only
            among the best of a query, as many as are wanted, the next ones moving up; that refuses the least, and the
            cap holds for a draw from the top by the same scores.
        keeps: Who keeps a document. "nearest": the queries for which it scores best. "noise": queries drawn by chance,
            which does not favour those with near documents.

    Returns:
        (queries, depth) weights of 0 and 1.

    References:
        "best" is deferred acceptance, Gale and Shapley 1962: queries ask for their best documents, a document keeps
        its best queries, and who is refused asks for the next.
    """
    scores = pool.score(scorer).astype(np.float64)
    allowed = np.asarray(survivors & pool.present & np.isfinite(scores))
    preference = scores if keeps == "nearest" else uniform(pool.pair_keys, seed)
    place = _places_by_id(pool)
    if counts == "all":
        return np.asarray(allowed & ~_beyond(pool, allowed, preference, place, cap), dtype=np.float64)
    order = np.lexsort((pool.documents, -np.where(allowed, scores, -np.inf)), axis=1)
    left = allowed.copy()
    while True:
        asked = _first(left, order, count)
        refused = _beyond(pool, asked, preference, place, cap)
        if not refused.any():
            return left.astype(np.float64)
        left &= ~refused


def _places_by_id(pool: Pool) -> npt.NDArray[np.int64]:
    """(queries,) place of each query in the order of ids."""
    ids = np.array([pool.dataset.query_id(row) for row in pool.queries], dtype=object)
    place = np.empty(len(ids), dtype=np.int64)
    place[np.argsort(ids, kind="stable")] = np.arange(len(ids))
    return place


def _first(left: Bools, order: npt.NDArray[np.intp], count: int) -> Bools:
    """(queries, depth), True for the first so many that are left, in a given order of columns."""
    ordered = np.take_along_axis(left, order, axis=1)
    ordered &= np.cumsum(ordered, axis=1) <= count
    found = np.zeros(left.shape, dtype=bool)
    np.put_along_axis(found, order, ordered, axis=1)
    return found


def _beyond(pool: Pool, asked: Bools, preference: Floats, place: npt.NDArray[np.int64], cap: int) -> Bools:
    """(queries, depth), True where a document is asked for and prefers at least ``cap`` other queries that ask."""
    rows, columns = np.nonzero(asked)
    documents = pool.documents[rows, columns]
    order = np.lexsort((place[rows], -preference[rows, columns], documents))
    documents = documents[order]
    starts = np.flatnonzero(np.concatenate([[True], documents[1:] != documents[:-1]])) if len(documents) else documents
    sizes = np.diff(np.append(starts, len(documents)))
    late = order[np.arange(len(documents)) - np.repeat(starts, sizes) >= cap]
    found = np.zeros(asked.shape, dtype=bool)
    found[rows[late], columns[late]] = True
    return found
