"""Splitting: which queries are trained on and which are kept to measure with; the two share no near-duplicate."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import Bools, Ints, fingerprint, text_keys, uniform
from negviz.dataset import Dataset, Judgments
from negviz.errors import DataError
from negviz.leaks import alike_queries
from negviz.near_texts import near_pairs
from negviz.pool import Pool
from negviz.truth import Truth

QUERY_PIECE = 5
FEWEST = 2
# Groups may make the queries to measure with more than were asked for, by one in so many.
SLACK = 10


@dataclass(frozen=True, eq=False)
class Split:
    """Queries to train on, and queries with their judgments to measure with.

    Attributes:
        train: (queries,) places of the pool, ascending.
        dev: (queries,) rows of the dataset's queries, ascending; none of them is trained on.
        judged: Judgments of the dev queries, grades of 0 included.
        relevant_from: Smallest grade that counts as an answer.
        left_out: Queries of the pool that are in neither: they resemble a dev query.
        how: How it came about, in a sentence for people.
    """

    train: Ints
    dev: Ints
    judged: Judgments
    relevant_from: int
    left_out: int
    how: str

    @property
    def fingerprint(self) -> str:
        """Digest of who trains and who measures."""
        rows = self.judged
        return fingerprint(
            "split 1", self.train, self.dev, rows.queries, rows.documents, rows.grades, self.relevant_from
        )


def split_queries(pool: Pool, truth: Truth | None = None, *, share: float = 0.5, seed: int = 0) -> Split:
    """Part the queries of a pool.

    Held-out judgments of the dataset measure where there are some, and everything that resembles their queries is left
    out of training. Elsewhere queries are drawn by chance, in groups of near-duplicates that stay together.

    Args:
        pool: Whose queries are parted.
        truth: Judgments to measure with instead of the labelled positives; only queries that they judge can be in dev.
        share: Share of the queries that is kept to measure with, where nothing is held out.
        seed: Another one draws other queries.

    Raises:
        DataError: If too few queries would be left on either side.
    """
    dataset = pool.dataset
    if len(dataset.held_out) and truth is None:
        return _checked(_by_held_out(pool))
    judged = dataset.positives if truth is None else truth.judgments
    least = 1 if truth is None else truth.relevant_from
    groups = query_groups(pool)
    answered = np.isin(pool.queries, judged.queries[judged.grades >= least])
    dev = _drawn(pool, groups, answered, share, seed)
    beside = np.isin(groups[pool.queries], groups[pool.queries[dev]]) & ~dev
    rows = np.sort(pool.queries[dev]).astype(np.int32)
    by = "their labelled positives" if truth is None else f"the judgments of {truth.name}"
    return _checked(
        Split(
            np.flatnonzero(~dev & ~beside).astype(np.int32), rows, _of_queries(judged, rows), least, int(beside.sum()),
            f"{dev.sum():,} of {len(pool):,} queries were drawn to measure with, by {by}; near-duplicates stay on "
            "one side.",
        )
    )  # fmt: skip


def _by_held_out(pool: Pool) -> Split:
    held = pool.dataset.held_out
    rows = np.unique(held.queries[held.grades >= 1]).astype(np.int32)
    groups = query_groups(pool)
    known = np.isin(groups[pool.queries], groups[rows])
    left = int((known & ~np.isin(pool.queries, rows)).sum())
    return Split(
        np.flatnonzero(~known).astype(np.int32), rows, _of_queries(held, rows), 1, left,
        f"{len(rows):,} queries are held out by the data and measure; {left:,} queries that resemble one of them are "
        "not trained on.",
    )  # fmt: skip


def query_groups(pool: Pool) -> Ints:
    """(queries of the dataset,) group of each query: queries that ask the same thing, directly or by steps, share one.

    Alike are wordings that differ in case, order or punctuation, texts that share four fifths of their pieces of five
    characters, and, where the pool has vectors, paraphrases (see ``leaks.alike_queries``).
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    data = pool.dataset
    pairs = np.array(alike_queries(data, pool.embeddings), dtype=np.int32).reshape(-1, 2)
    pairs = np.concatenate([pairs, near_pairs(data.query_texts, size=QUERY_PIECE)[0]])
    number = len(data.queries)
    graph = coo_matrix((np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])), shape=(number, number))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int32)


def _drawn(pool: Pool, groups: Ints, answered: Bools, share: float, seed: int) -> Bools:
    """(queries,) whether a query of the pool is drawn to measure with: whole groups, in order of their noise.

    Wordings of one pattern can make up most of the data: a group that is too large for the share is left to be trained
    on, unless too few others are there to measure with.
    """
    of_row = groups[pool.queries]
    noise = uniform(text_keys([pool.dataset.query_ids[row] for row in pool.queries]), seed)
    least = np.full(int(groups.max(initial=0)) + 1, np.inf)
    np.minimum.at(least, of_row, noise)
    order = np.lexsort((noise, least[of_row]))
    wanted = round(share * len(pool))
    drawn = np.zeros(len(pool), dtype=bool)
    for short in (False, True):
        for group in dict.fromkeys(of_row[order].tolist()):
            more = drawn | (np.equal(of_row, group) & answered)
            beyond, missing = int(more.sum()) - wanted, wanted - int(drawn.sum())
            if missing > 0 and beyond <= (missing if short else max(1, wanted // SLACK)):
                drawn = more
    return drawn


def _of_queries(judged: Judgments, rows: Ints) -> Judgments:
    kept = np.isin(judged.queries, rows)
    return Judgments(judged.queries[kept], judged.documents[kept], judged.grades[kept])


def _checked(split: Split) -> Split:
    if len(split.train) < FEWEST or len(split.dev) < FEWEST:
        raise DataError(
            f"Training needs queries to learn from and others to measure with, but of these {len(split.train):,} and "
            f"{len(split.dev):,} would be left (near-duplicates stay on one side); load data with more queries, or "
            "give another share or other judgments."
        )
    return split


def answers_of(dataset: Dataset, query: int) -> Ints:
    """Rows of the labelled positives of a query."""
    return dataset.positives.of_query(query)
