"""The batch of one query: who meets whose documents, with what score, and what that is."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from negviz.arrays import PAD, Bools, Floats, Ints, above, below
from negviz.batches import Batches
from negviz.derived import student_masked
from negviz.diagnostics import DIAGNOSTICS
from negviz.embeddings import similarities
from negviz.pool import LEAKS, Pool
from negviz.selection import Selection

SHARE, ABOVE = 0.95, 0.1


@dataclass(frozen=True, eq=False)
class BatchView:
    """Rows of a batch and the documents that they bring, as a table.

    Attributes:
        rows: (rows,) rows of the composition that are shown.
        chosen: Which of them is the query's own.
        size: Rows of the whole batch.
        documents: (columns,) rows of the dataset: the positives of the shown rows, then their hard negatives.
        owners: (columns,) which shown row brings the document.
        hard: (columns,) True for hard negatives.
        scores: (rows, columns), NaN where unknown.
        own: (rows,) score of each row's own positive.
        positive: (rows, columns) True at a row's own positive.
        collision: (rows, columns) True where the document of another row is a labelled positive of the row's query or
            a copy of one.
        masked: (rows, columns) True where a step of the recipe refuses the pair, or a trainer's mask does.
        disputed: (rows, columns) True between 95 percent of the positive and 0.1 above it.
    """

    rows: Ints
    chosen: int
    size: int
    documents: Ints
    owners: Ints
    hard: Bools
    scores: Floats
    own: Floats
    positive: Bools
    collision: Bools
    masked: Bools
    disputed: Bools

    @property
    def whole(self) -> bool:
        """Whether all rows of the batch are shown."""
        return len(self.rows) == self.size

    @property
    def negative(self) -> Bools:
        """(rows, columns) True where a pair is trained as a negative and its score is known."""
        return np.asarray(np.isfinite(self.scores) & ~self.positive & ~self.collision)


@DIAGNOSTICS.register("Batch of a query", reference="METHODS A1, E2")
def batch_view(selection: Selection, batches: Batches, query: int, *, most: int = 64) -> BatchView | None:
    """Look at the batch in which a query is trained.

    Of a batch with more than ``most`` rows, the query's own row is shown and those whose documents score highest.

    Args:
        selection: Its pool has the scores, its recipe may have a mask.
        batches: The composition.
        query: Row of the pool.
        most: Rows to show.

    Returns:
        The table, None where the query is in no batch.
    """
    row = batches.row_of(query)
    if row is None:
        return None
    everyone = batches.rows_of(int(batches.numbers[row]))
    shown = _shown(selection, batches, row, everyone, most)
    hard = batches.hard[shown]
    documents = np.concatenate([batches.documents[shown], hard.ravel()])
    places = np.arange(len(shown), dtype=np.int32)
    owners = np.concatenate([places, np.repeat(places, hard.shape[1])])
    there = np.not_equal(documents, PAD)
    documents, owners = documents[there], owners[there]
    is_hard = np.arange(len(documents)) >= len(shown)
    queries = batches.queries[shown]
    scores = batch_scores(selection.pool, selection.recipe.scorer, queries, documents)
    own = np.asarray(scores[places, places])
    positive = np.equal(owners[None, :], places[:, None]) & ~is_hard[None, :]
    collision = collisions(selection.pool, queries, documents) & ~positive
    free = ~positive & ~collision
    return BatchView(
        rows=shown, chosen=int(np.flatnonzero(np.equal(shown, row))[0]), size=len(everyone), documents=documents,
        owners=owners, hard=is_hard, scores=scores, own=own, positive=positive, collision=collision,
        masked=_masked(selection, queries, documents, scores, own) & free,
        disputed=disputed_zone(scores, own) & free,
    )  # fmt: skip


def disputed_zone(scores: Floats, own: Floats) -> Bools:
    """Where a document lies between 95 percent of a row's positive and 0.1 above it (METHODS E2).

    Args:
        scores: (rows, columns).
        own: (rows,) score of each row's positive.
    """
    low, high = (own - np.abs(own) * (1 - SHARE))[:, None], (own + ABOVE)[:, None]
    return np.asarray((above(scores, low, inclusive=False) > 0) & (below(scores, high, inclusive=True) > 0))


def batch_scores(pool: Pool, scorer: str, queries: Ints, documents: Ints) -> Floats:
    """Score of every query with every document: by vectors, else where the pool knows it.

    Args:
        pool: Vectors and layers.
        scorer: Whose scores.
        queries: (rows,) rows of the pool.
        documents: (columns,) rows of the dataset.

    Returns:
        (rows, columns), NaN where unknown.
    """
    if scorer == "dense" and pool.embeddings is not None:
        wide = np.broadcast_to(documents, (len(queries), len(documents)))
        return similarities(pool.embeddings, pool.queries[queries], wide).astype(np.float64)
    places = cells_in(pool, queries, documents)
    layer = pool.score(scorer)[queries]
    found = np.where(places >= 0, np.take_along_axis(layer, np.maximum(places, 0), axis=1), np.nan).astype(np.float64)
    for column, values in zip(pool.positives[queries].T, pool.positive_scores[scorer][queries].T, strict=True):
        found = np.where(np.equal(documents[None, :], column[:, None]), values[:, None], found)
    return np.asarray(found)


def collisions(pool: Pool, queries: Ints, documents: Ints) -> Bools:
    """Whether a document is a labelled positive of a query or has the text of one.

    Args:
        pool: Labelled positives and texts.
        queries: (rows,) rows of the pool.
        documents: (columns,) rows of the dataset.

    Returns:
        (rows, columns).
    """
    keys = pool.dataset.document_keys
    texts = [keys[row] for row in documents]
    found = np.zeros((len(queries), len(documents)), dtype=bool)
    for place, query in enumerate(queries):
        own = {keys[row] for row in pool.positives[query] if row != PAD}
        found[place] = [text in own for text in texts]
    return found


def cells_in(pool: Pool, queries: Ints, documents: Ints) -> npt.NDArray[np.intp]:
    """Column of each document among a query's candidates, -1 where it is none.

    Args:
        pool: Candidates, in order of document row.
        queries: (rows,) rows of the pool.
        documents: (columns,) rows of the dataset.

    Returns:
        (rows, columns).
    """
    places = np.full((len(queries), len(documents)), -1, dtype=np.intp)
    for row, query in enumerate(queries):
        own = pool.documents[query][pool.present[query]]
        if len(own):
            found = np.minimum(np.searchsorted(own, documents), len(own) - 1)
            places[row] = np.where(np.equal(own[found], documents), found, -1)
    return places


def _shown(selection: Selection, batches: Batches, row: int, everyone: Ints, most: int) -> Ints:
    """The rows to show, in the order of the batch."""
    if len(everyone) <= most:
        return everyone
    query = batches.queries[row : row + 1]
    scores = batch_scores(selection.pool, selection.recipe.scorer, query, batches.documents[everyone])[0]
    scores = np.where(np.equal(everyone, row), np.inf, np.where(np.isfinite(scores), scores, -np.inf))
    return np.sort(everyone[np.argsort(-scores, kind="stable")[:most]])


def _masked(selection: Selection, queries: Ints, documents: Ints, scores: Floats, own: Floats) -> Bools:
    """Pairs that a step of the recipe refuses; those that are no candidates only where vectors decide."""
    places = cells_in(selection.pool, queries, documents)
    reasons = np.take_along_axis(selection.reasons[queries], np.maximum(places, 0), axis=1)
    steps = [step.name for step in selection.recipe.steps]
    stages = [number for number, name in enumerate(selection.stages) if name in steps and name not in LEAKS]
    masked = (places >= 0) & np.isin(reasons, stages)
    for step in selection.recipe.steps:
        if step.strategy == "student_mask":
            masked |= student_masked(scores, own, margin=float(step.knobs.get("margin", 0.1)))
    return np.asarray(masked)
