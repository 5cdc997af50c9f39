"""Observing: what a round does to the negatives, to the answers among them, and to the positives."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from negviz.arrays import PAD, Floats, Ints, uniform
from negviz.derived import above_share
from negviz.embeddings import Embeddings, similarities
from negviz.labels import Labels, Verdict
from negviz.pool import Pool
from negviz.training.lessons import Lessons
from negviz.training.splitting import Split
from negviz.truth import Truth

# Ranks and candidates are looked at for so many training queries at most; a mean over them is near enough.
MOST_QUERIES = 2_000
NEAR = 100
LISTED = 50
Negatives = Mapping[int, Ints]


@dataclass(frozen=True, eq=False)
class Observer:
    """Looks at one training from outside; nothing that it finds is ever trained on.

    Attributes:
        pool: As first mined.
        split: Who is trained on.
        truth: Judgments, None where there are none.
        labels: What people said.
    """

    pool: Pool
    split: Split
    truth: Truth | None
    labels: Labels

    @cached_property
    def places(self) -> Ints:
        """Places of the pool that are looked at: all that are trained on, or a seeded sample of them."""
        return _sample(self.pool, self.split.train)

    @cached_property
    def watched(self) -> Ints:
        """Places of the pool whose candidates are looked at, of queries that measure, too; or a seeded sample."""
        return _sample(self.pool, np.arange(len(self.pool), dtype=np.int32))

    @cached_property
    def pairs(self) -> Ints:
        """(pairs, 2) rows of the queries looked at and of their labelled positives."""
        rows = [
            (int(self.pool.queries[place]), int(document))
            for place in self.places.tolist()
            for document in self.pool.positives[place]
            if document != PAD
        ]
        return np.array(rows, dtype=np.int32).reshape(-1, 2)

    def ranks(self, embeddings: Embeddings) -> Ints:
        """(pairs,) rank of each positive of ``pairs`` in the whole corpus, 0 is best; ties by document row."""
        found = np.zeros(len(self.pairs), dtype=np.int32)
        documents = np.asarray(embeddings.documents, dtype=np.float32)
        rows = np.arange(len(documents))
        for query in np.unique(self.pairs[:, 0]).tolist():
            scores = documents @ np.asarray(embeddings.queries[query], dtype=np.float32)
            for pair in np.flatnonzero(np.equal(self.pairs[:, 0], query)).tolist():
                own = self.pairs[pair, 1]
                above = (scores > scores[own]) | (np.equal(scores, scores[own]) & (rows < own))
                found[pair] = int(above.sum())
        return found

    def gaps(self, embeddings: Embeddings) -> Floats:
        """(watched, depth) score of each candidate minus that of the best positive; NaN for leaks and padding."""
        queries = self.pool.queries[self.watched]
        candidates = np.where(self.pool.eligible[self.watched], self.pool.documents[self.watched], PAD)
        scores = similarities(embeddings, queries, candidates).astype(np.float64)
        own = similarities(embeddings, queries, self.pool.positives[self.watched]).astype(np.float64)
        best = np.where(np.isfinite(own), own, -np.inf).max(axis=1, initial=-np.inf)
        return scores - np.where(np.isfinite(best), best, np.nan)[:, None]

    def negatives(self, lessons: Lessons, embeddings: Embeddings) -> dict[str, Any]:
        """What a round's negatives are to the student before it learns from them."""
        queries, documents = table(lessons.negatives)
        scores = similarities(embeddings, queries, documents).astype(np.float64)
        own = similarities(embeddings, queries, _answers(lessons, queries)).astype(np.float64)
        anchor = np.where(np.isfinite(own), own, np.inf).min(axis=1, initial=np.inf)
        gap = scores - np.where(np.isfinite(anchor), anchor, np.nan)[:, None]
        known = np.isfinite(gap)
        likely = above_share(scores, np.where(np.isfinite(anchor), anchor, np.nan), 0.95) & known
        false, judged = self.known_false(queries, documents)
        number = int(np.not_equal(documents, PAD).sum())
        return {
            "negatives": number,
            "queries": len(queries),
            "hardness": float(gap[known].mean()) if known.any() else None,
            "likely_false": int(likely.sum()),
            "false": false,
            "judged": judged,
        }

    def known_false(self, queries: Ints, documents: Ints) -> tuple[int, int]:
        """How many of some negatives answer their query, and of how many that is known."""
        rows = np.broadcast_to(queries[:, None], documents.shape)[np.not_equal(documents, PAD)]
        columns = documents[np.not_equal(documents, PAD)]
        relevant, judged = self.known(rows, columns)
        return int((relevant & judged).sum()), int(judged.sum())

    def known(self, queries: Ints, documents: Ints) -> tuple[Any, Any]:
        """Whether pairs are answers, and whether that is known: by the judgments, else by people's labels."""
        if self.truth is not None:
            return self.truth.verdicts(queries, documents, len(self.pool.dataset.documents))
        codes = self.labels.align_pairs(self.pool.dataset, queries, documents)
        answers = np.equal(codes, Verdict.FALSE_NEGATIVE.code)
        return answers, answers | np.equal(codes, Verdict.TRUE_NEGATIVE.code)

    def still_near(self, negatives: Negatives, embeddings: Embeddings) -> float | None:
        """Share of some negatives that stand among the student's first ``NEAR`` documents now; None without any."""
        queries, rows = table(negatives)
        if not rows.size:
            return None
        near = 0
        documents = np.asarray(embeddings.documents, dtype=np.float32)
        for query, own in zip(queries.tolist(), rows, strict=True):
            scores = documents @ np.asarray(embeddings.queries[query], dtype=np.float32)
            last = max(len(scores) - NEAR, 0)
            near += int((scores[own[np.not_equal(own, PAD)]] >= np.partition(scores, last)[last]).sum())
        return near / int(np.not_equal(rows, PAD).sum())

    def preferred(self, first: Floats, now: Floats) -> list[dict[str, Any]]:
        """Candidates that the student has come to score above the positive, those that rose most first.

        Args:
            first: ``gaps`` before training.
            now: ``gaps`` now.
        """
        rose = np.where(np.isfinite(now) & np.isfinite(first) & (now > 0) & (first <= 0), now - first, -np.inf)
        order = np.argsort(-rose, axis=None, kind="stable")[:LISTED]
        places, columns = np.unravel_index(order, rose.shape)
        risen = np.isfinite(rose[places, columns])
        places, columns = places[risen], columns[risen]
        rows = self.watched[places]
        queries, documents = self.pool.queries[rows], self.pool.documents[rows, columns]
        trained = np.isin(rows, self.split.train)
        relevant, judged = self.known(queries, documents)
        return [
            {
                "query": int(query), "document": int(document), "before": round(float(first[place, column]), 6),
                "now": round(float(now[place, column]), 6),
                "answers": bool(answer) if known else None, "trained": bool(was),
            }
            for query, document, place, column, answer, known, was in zip(
                queries, documents, places, columns, relevant, judged, trained, strict=True
            )
        ]  # fmt: skip


def _sample(pool: Pool, places: Ints) -> Ints:
    """Some places of a pool, ascending: all of them, or ``MOST_QUERIES`` by the noise of their ids."""
    if len(places) <= MOST_QUERIES:
        return places
    noise = uniform(pool.dataset.id_keys[0][pool.queries[places]], 0)
    return np.sort(places[np.argsort(noise, kind="stable")[:MOST_QUERIES]])


def table(negatives: Negatives) -> tuple[Ints, Ints]:
    """(queries,) rows in order, and (queries, most) their negatives, padded."""
    queries = np.array(sorted(negatives), dtype=np.int32)
    width = max((len(rows) for rows in negatives.values()), default=0)
    found = np.full((len(queries), width), PAD, dtype=np.int32)
    for place, query in enumerate(queries.tolist()):
        rows = np.sort(negatives[query])
        found[place, : len(rows)] = rows
    return queries, found


def overlap(one: Negatives, other: Negatives) -> float | None:
    """Jaccard index of two sets of (query, negative) pairs; None where both are empty."""
    sets = [{(query, row) for query, rows in each.items() for row in rows.tolist()} for each in (one, other)]
    both = sets[0] | sets[1]
    return len(sets[0] & sets[1]) / len(both) if both else None


def _answers(lessons: Lessons, queries: Ints) -> Ints:
    return table({query: lessons.answers[query] for query in queries.tolist()})[1]
