"""Lessons: what a student learns from in a round, and the batches that it comes in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np

from negviz.arrays import PAD, Bools, Floats, Ints, Keys, mix, uniform
from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.pool import Pool
from negviz.recipe import Step
from negviz.training_set import TrainingSet

# What a loss may ask for, and how a person gets it.
HOW = {
    "guide": "vectors of a guide; build the pool with --retriever dense",
    "teacher": "scores of a teacher; build the pool with --scorer cross_encoder=MODEL, or name another of its scorers "
    "in the schedule as the teacher",
    "grades": "graded lists; use a schedule whose recipe orders candidates by a teacher, such as cl_drd",
    "similarity_to_positive": "vectors of a guide; build the pool with --retriever dense",
}
Each = Literal["query", "pair"]
NONE: Ints = np.zeros(0, dtype=np.int32)


@dataclass(frozen=True, eq=False)
class Batch:
    """Queries against the documents of one step.

    Attributes:
        queries: (lines,) rows of queries; a query with several positives may come twice.
        documents: (documents,) rows, each once.
        own: (lines,) column of the line's own positive.
        positive: (lines, documents), True for every known answer of the line's query.
        hard: (lines, documents), True for negatives that were mined for the line's query.
        present: (lines, documents), False for pairs that have no score in the loss: documents of other lines where
            those do not count, and what must not be pushed away although no answer is known to be in it.
    """

    queries: Ints
    documents: Ints
    own: Ints
    positive: Bools
    hard: Bools
    present: Bools


@dataclass(frozen=True, eq=False)
class Listed:
    """A query's documents in a teacher's order, for a loss that learns an order.

    Attributes:
        documents: Rows.
        grades: Their grades, larger is better.
    """

    documents: Ints
    grades: Floats


@dataclass(frozen=True, eq=False)
class Lessons:
    """Pairs to learn from, with their negatives.

    Attributes:
        dataset: Where the rows point to.
        pairs: (pairs, 2) rows of a query and of a document that answers it.
        answers: Every known answer of a query, which is never pushed away.
        negatives: Negatives of a query, the ones that its steps draw from.
        shielded: Further documents that must not be pushed away from a query: leaks, and what people took out.
        loss: Name of the loss and its knobs.
        in_batch: Whether documents of the other lines of a batch are negatives, too.
        count: Negatives that a pair gets in a step, drawn anew in each epoch.
        epochs: How often every pair, or every query, is seen in the round.
        each: Whether an epoch sees every pair once, or every query once with one of its answers, drawn anew; the second
            makes as many steps however many answers are known.
        rate: What the student's learning rate is multiplied by.
        seed: Seed of order and draws.
        guide: Vectors of the guide, for losses that ask one.
        teacher: Scores of a teacher, for losses that ask one: the pool and the name of the layer.
        lists: Graded lists by query, for losses that learn an order; they replace the negatives.
        search: How many documents a step retrieves anew with the student as it is; 0 for the given negatives.
    """

    dataset: Dataset
    pairs: Ints
    answers: Mapping[int, Ints]
    negatives: Mapping[int, Ints]
    shielded: Mapping[int, Ints]
    loss: Step
    in_batch: bool = True
    count: int = 4
    epochs: int = 1
    each: Each = "pair"
    rate: float = 1.0
    seed: int = 0
    guide: Embeddings | None = None
    teacher: "PairScores | None" = None
    lists: Mapping[int, Listed] = field(default_factory=dict)
    search: int = 0

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.pairs)

    @cached_property
    def keys(self) -> Keys:
        """(pairs,) keys of the pairs, by their ids."""
        queries, documents = self.dataset.id_keys
        return mix(queries[self.pairs[:, 0]] ^ mix(documents[self.pairs[:, 1]]))

    @cached_property
    def usable(self) -> "Lessons":
        """The pairs from which something can be learnt: without documents of others, those that have a negative."""
        if self.in_batch or self.search:
            return self
        taught = {query for query, rows in self.negatives.items() if len(rows)} - set(self.lists)
        taught |= {query for query, listed in self.lists.items() if len(listed.documents) > 1}
        kept = [query in taught for query in self.pairs[:, 0].tolist()]
        return replace(self, pairs=self.pairs[np.array(kept, dtype=bool)])

    @property
    def lines(self) -> int:
        """Lines of an epoch."""
        return len(self.pairs) if self.each == "pair" else len(np.unique(self.pairs[:, 0]))

    def steps(self, size: int) -> int:
        """Number of batches of all epochs."""
        return self.epochs * -(-self.lines // size)

    def order(self, epoch: int) -> Ints:
        """(lines,) pairs in the order in which an epoch sees them: a function of ids and seed alone."""
        noise = uniform(self.keys, self._seed(epoch))
        order = np.argsort(noise, kind="stable").astype(np.int32)
        if self.each == "query":
            # The first of a query's pairs in this order: one of its answers, each as likely as the others.
            first = np.unique(self.pairs[order, 0], return_index=True)[1]
            order = order[np.sort(first)]
        return order

    def drawn(self, pair: int, epoch: int) -> Ints:
        """Negatives of a pair in an epoch, at most ``count``: drawn without replacement, ascending."""
        query = int(self.pairs[pair, 0])
        rows = self.negatives.get(query, NONE)
        if len(rows) <= self.count:
            return np.sort(rows)
        noise = uniform(self.dataset.id_keys[1][rows] ^ self.keys[pair], self._seed(epoch))
        return np.sort(rows[np.argsort(noise, kind="stable")[: self.count]])

    def batches(self, epoch: int, size: int) -> Iterator[Batch]:
        """Batches of an epoch; the last one may be smaller."""
        order = self.order(epoch)
        for start in range(0, len(order), size):
            lines = order[start : start + size]
            yield self.batch(self.pairs[lines], [self._own(int(line), epoch) for line in lines])

    def batch(self, pairs: Ints, negatives: list[Ints]) -> Batch:
        """One batch.

        Args:
            pairs: (lines, 2) rows of query and positive.
            negatives: Rows of each line's negatives.
        """
        documents = np.unique(np.concatenate([pairs[:, 1], *negatives])).astype(np.int32)
        shape = (len(pairs), len(documents))
        positive, hard, present = np.zeros(shape, bool), np.zeros(shape, bool), np.full(shape, self.in_batch)
        own = np.searchsorted(documents, pairs[:, 1]).astype(np.int32)
        for line, query in enumerate(pairs[:, 0].tolist()):
            positive[line] = np.isin(documents, self.answers[query])
            hard[line, np.searchsorted(documents, negatives[line])] = True
            # Answers are shielded, too, where they were candidates; they stay as positives all the same.
            present[line] &= positive[line] | ~np.isin(documents, self.shielded.get(query, NONE))
        lines = np.arange(len(pairs))
        # An answer comes among a line's own documents only in a graded list, and has its place there.
        present |= hard
        hard &= ~positive
        positive[lines, own] = present[lines, own] = True
        if not self.in_batch:
            positive &= present
        return Batch(pairs[:, 0].astype(np.int32), documents, own, positive, hard, present)

    def layers(self, batch: Batch) -> dict[str, Floats]:
        """What else a loss may ask for, each (lines, documents) and NaN where unknown."""
        found: dict[str, Floats] = {}
        if self.guide is not None:
            queries, documents = self.guide.queries[batch.queries], self.guide.documents[batch.documents]
            found["guide"] = np.asarray(queries, np.float64) @ np.asarray(documents, np.float64).T
            positives = np.asarray(self.guide.documents[batch.documents[batch.own]], np.float64)
            found["similarity_to_positive"] = positives @ np.asarray(documents, np.float64).T
        if self.teacher is not None:
            found["teacher"] = self.teacher.of(batch.queries, batch.documents)
        if self.lists:
            found["grades"] = self._grades(batch)
        return found

    def _grades(self, batch: Batch) -> Floats:
        grades = np.full((len(batch.queries), len(batch.documents)), np.nan)
        for line, query in enumerate(batch.queries.tolist()):
            listed = self.lists.get(query)
            if listed is not None:
                grades[line, np.searchsorted(batch.documents, listed.documents)] = listed.grades
        return grades

    def _own(self, pair: int, epoch: int) -> Ints:
        listed = self.lists.get(int(self.pairs[pair, 0]))
        return self.drawn(pair, epoch) if listed is None else np.sort(listed.documents)

    def _seed(self, epoch: int) -> int:
        return self.seed * 1_000_003 + epoch


@dataclass(frozen=True, eq=False)
class PairScores:
    """Scores of a pool's layer, looked up by pair.

    Attributes:
        pool: Candidates.
        layer: Name of the scorer.
    """

    pool: Pool
    layer: str

    def of(self, queries: Ints, documents: Ints) -> Floats:
        """(queries, documents) scores, NaN for pairs that the pool does not have."""
        found = np.full((len(queries), len(documents)), np.nan)
        for line, query in enumerate(queries.tolist()):
            place = self._places.get(query)
            if place is not None:
                found[line] = self._row(place, documents)
        return found

    def _row(self, place: int, documents: Ints) -> Floats:
        pool, row = self.pool, np.full(len(documents), np.nan)
        for rows, scores in (
            (pool.documents[place], pool.scores[self.layer][place]),
            (pool.positives[place], pool.positive_scores[self.layer][place]),
        ):
            known = np.flatnonzero(np.not_equal(rows, PAD))
            order = known[np.argsort(rows[known], kind="stable")]
            at = np.searchsorted(rows[order], documents)
            inside = np.flatnonzero(at < len(order))
            here = inside[np.equal(rows[order[at[inside]]], documents[inside])]
            row[here] = scores[order[at[here]]]
        return row

    @cached_property
    def _places(self) -> dict[int, int]:
        return {int(row): place for place, row in enumerate(self.pool.queries)}


def lessons_of(made: TrainingSet, places: Ints, shielded: Mapping[int, Ints], loss: Step) -> Lessons:
    """Lessons of a training set: exactly what an export of it would hold, for some of its queries.

    Args:
        made: Queries with positives and negatives after labels had their say.
        places: (queries,) places of the pool that are trained on.
        shielded: Further documents that must not be pushed away, by query row.
        loss: Name of the loss and its knobs.
    """
    rows = {int(made.pool.queries[place]) for place in places}
    pairs: list[tuple[int, int]] = []
    answers: dict[int, Ints] = {}
    negatives: dict[int, Ints] = {}
    for example in made:
        if example.query in rows:
            own = [positive.document for positive in example.positives]
            pairs += [(example.query, document) for document in own]
            answers[example.query] = np.array(sorted(own), dtype=np.int32)
            negatives[example.query] = np.array([each.document for each in example.negatives], dtype=np.int32)
    return Lessons(made.dataset, np.array(pairs, dtype=np.int32).reshape(-1, 2), answers, negatives, shielded, loss)
