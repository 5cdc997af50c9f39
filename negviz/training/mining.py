"""Mining in a round: the pool as the student sees it, the negatives that a stage takes, and what may not be pushed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from negviz.arrays import PAD, Bools, Floats, Ints
from negviz.curriculum import FAR, HARD, RELEVANT, SEMI_HARD, blocks, teacher_places
from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.errors import MissingInputError
from negviz.labels import CODES, LabelEvent, Labels, Verdict
from negviz.leaks import alike_queries
from negviz.losses import LOSSES
from negviz.mine import build_pool
from negviz.pool import ALL_LEAKS, Pool
from negviz.retrievers import RETRIEVERS
from negviz.select import NO_LABELS, resolved_knobs, select
from negviz.strategies import STRATEGIES
from negviz.training.lessons import Lessons, Listed, PairScores, lessons_of
from negviz.training.plan import Arm, Material
from negviz.training.schedule import Stage
from negviz.training.splitting import Split
from negviz.training_set import TrainingSet, make_training_set
from negviz.truth import Truth

# Labels of the released code's stages: of the most hard and of the semi hard block (METHODS C4).
BLOCK_GRADES = {1: (-0.25, -0.5), 2: (-0.25, -0.5), 3: (0.0, 0.0)}


def mined_anew(pool: Pool, embeddings: Embeddings, home: Path, stopped: Callable[[], bool]) -> Pool:
    """The pool as another model would have brought it: the same retrievers and depth, dense by the given vectors.

    Layers of other models (cross-encoders, run files, checkpoints) are not made anew; a recipe that asks for one says
    so.

    Args:
        pool: As it was mined first.
        embeddings: Of the student as it is.
        home: Folder of caches.
        stopped: Asked whether to stop.
    """
    retrievers = [name for name in pool.origin.get("retrievers", ("dense",)) if name in RETRIEVERS]
    scorers = [name for name in ("dense", "bm25") if name in pool.scores]
    return build_pool(
        pool.dataset, retrievers=retrievers or ["dense"], scorers=scorers or ["dense"],
        depth=int(pool.origin.get("depth", 100)), seed=int(pool.origin.get("seed", 0)), home=home, cancelled=stopped,
        embeddings=embeddings,
    )  # fmt: skip


def labels_of_truth(truth: Truth, dataset: Dataset, verdict: Verdict) -> Labels:
    """What complete judgments would say of every answer that is not a labelled positive.

    Labels belong to texts. What is to be left out must therefore not be said of a copy of a labelled positive: it would
    take the positive away with it, and the query out of training. Copies are leaks, which are never pushed away anyway.
    """
    rows = truth.judgments
    known = set(zip(dataset.positives.queries.tolist(), dataset.positives.documents.tolist(), strict=True))
    answers = rows.grades >= truth.relevant_from
    pairs = zip(rows.queries[answers].tolist(), rows.documents[answers].tolist(), strict=True)
    events = [
        LabelEvent.of(dataset, query, document, verdict, annotator="judgments")
        for query, document in pairs
        if (query, document) not in known
    ]
    spared = _positive_texts(dataset) if verdict == Verdict.DROP else set()
    return Labels.of(event for event in events if event.pair not in spared)


def _left_out(labels: Labels, dataset: Dataset) -> Labels:
    """The same labels, but what answers is only left out and no positive."""
    known, kept = _positive_texts(dataset), []
    for event in labels.values():
        if event.verdict != Verdict.FALSE_NEGATIVE:
            kept.append(event)
        elif event.pair not in known:
            kept.append(replace(event, verdict=Verdict.DROP))
    return Labels.of(kept)


def _positive_texts(dataset: Dataset) -> set[tuple[str, str]]:
    """Content keys of the labelled positives with their queries', which copies of them share."""
    rows = dataset.positives
    return {
        (dataset.query_keys[query], dataset.document_keys[document])
        for query, document in zip(rows.queries.tolist(), rows.documents.tolist(), strict=True)
    }


@dataclass(frozen=True, eq=False)
class Miner:
    """Mines for one arm.

    Attributes:
        material: Pool, labels, judgments.
        arm: Whose schedule and cleaning.
        split: Who is trained on.
        seed: Seed of this training; a recipe's own seed is added.
    """

    material: Material
    arm: Arm
    split: Split
    seed: int

    @cached_property
    def labels(self) -> Labels:
        """Verdicts that clean this arm, of the queries that are trained on: what is known of others only measures."""
        keys = self.material.pool.dataset.query_keys
        trained = {keys[row] for row in self._trained.tolist()}
        return Labels.of(event for event in self._said.values() if event.query_key in trained)

    @cached_property
    def _trained(self) -> Ints:
        """Rows of the queries that are trained on."""
        return self.material.pool.queries[self.split.train]

    @property
    def _said(self) -> Labels:
        """Verdicts of this arm on all queries."""
        verdict = Verdict.FALSE_NEGATIVE if self.arm.promote else Verdict.DROP
        if self.arm.cleaned == "judgments" and self.material.truth is not None:
            return labels_of_truth(self.material.truth, self.material.pool.dataset, verdict)
        if self.arm.cleaned == "labels":
            labels = self.material.labels
            return labels if self.arm.promote else _left_out(labels, self.material.pool.dataset)
        return NO_LABELS

    def training_set(self, stage: Stage, pool: Pool) -> TrainingSet:
        """What an export of this stage would hold.

        Args:
            stage: Its recipe, or the selection at hand.
            pool: Candidates, as first mined or as the student sees them.

        Raises:
            MissingInputError: If the pool lacks an input of the recipe.
        """
        if stage.recipe is None:
            return make_training_set(self.material.selections[self.arm.selection], self.labels)
        seed = (stage.recipe.seed + self.seed) % 2**63
        if stage.recipe.source is not None:
            # A batch or a cache has positives of other queries as negatives; those that measure must not be among them.
            pool = pool.part(np.flatnonzero(np.isin(pool.queries, self._trained)).astype(np.int32))
        try:
            return make_training_set(select(pool, replace(stage.recipe, seed=seed), self.labels), self.labels)
        except MissingInputError as error:
            if stage.mined != "newest":
                raise
            raise MissingInputError(
                f"{error} (This stage is mined anew by the student each round, which has only the scores of its own "
                "vectors and of bm25; mine it by 'first' to use the pool's other scores.)"
            ) from None

    def lessons(self, stage: Stage, made: TrainingSet, number: int) -> Lessons:
        """What a round learns from, pairs without a negative included (see ``Lessons.usable``).

        Args:
            stage: Of the round.
            made: Queries with positives and negatives.
            number: Of the round, for the seed of its draws.
        """
        pool = self.material.pool
        # By row of the query: a pool that was made anew need not have its queries in the same places.
        places = np.flatnonzero(np.isin(made.pool.queries, self._trained)).astype(np.int32)
        found = lessons_of(made, places, self.shielded, stage.loss)
        window = _step(stage, "rank_window")
        depth = int(window["stop"]) if window else made.count
        return replace(
            found,
            in_batch=stage.in_batch, count=stage.negatives, epochs=stage.epochs,
            each=stage.each, rate=stage.rate,
            seed=self.seed * 10_007 + number, guide=pool.embeddings, teacher=self._teacher(stage),
            lists=self._lists(stage, made.pool, found.answers), search=depth if stage.mined == "step" else 0,
        )  # fmt: skip

    @cached_property
    def shielded(self) -> Mapping[int, Ints]:
        """Documents that no query may push away: leaks, and what labels took out; by query row.

        The pool flags the leaks among its candidates; what would be one further away can come up as another line's
        document, or when the student searches anew.
        """
        pool = self.material.pool
        leaking = pool.present & np.not_equal(pool.flags & ALL_LEAKS, 0)
        found = {int(pool.queries[place]): pool.documents[place][leaking[place]] for place in self.split.train.tolist()}
        told = {query: list(rows) for query, rows in _leaks_anywhere(pool).items()}
        for query, document, event in self.labels.found(pool.dataset):
            if event.verdict in {Verdict.FALSE_NEGATIVE, Verdict.DROP}:
                told.setdefault(query, []).append(document)
        return {
            query: np.union1d(rows, np.array(told.get(query, ()), dtype=np.int32)).astype(np.int32)
            for query, rows in found.items()
        }

    def _teacher(self, stage: Stage) -> PairScores | None:
        """Scores of a cross-encoder, or of whatever the recipe names as its teacher."""
        name = asked_teacher(stage)
        pool = self.material.pool
        return PairScores(pool, name) if name in pool.scores else None

    def _lists(self, stage: Stage, pool: Pool, answers: Mapping[int, Ints]) -> dict[int, Listed]:
        """Graded lists, where the recipe's last word is a teacher's order and the loss learns one (CL-DRD)."""
        knobs = _step(stage, "teacher_order")
        if not knobs or "grades" not in LOSSES.get(stage.loss.strategy).wants:
            return {}
        name = str(knobs["teacher"])
        scores = pool.layer(name, "teacher_order", "the teacher's scores")
        told = np.isin(self.labels.align(pool), [CODES[Verdict.FALSE_NEGATIVE], CODES[Verdict.DROP]])
        places = teacher_places(pool, scores, pool.eligible & _near(pool, stage) & ~told)
        places = _after_answers(pool, places, answers)
        block = blocks(places, int(knobs["stage"]), int(knobs["relevant"]), int(knobs["length"]))
        hard, semi = BLOCK_GRADES[int(knobs["stage"])]
        by_rank = 1.0 / (1.0 + places.astype(np.float64))
        kinds = [np.equal(block, RELEVANT), np.equal(block, HARD), np.equal(block, SEMI_HARD)]
        grades = np.select(kinds, [by_rank, hard, semi], np.nan)
        return {
            query: _listed(answers[query], pool.documents[place], grades[place])
            for place, query in enumerate(pool.queries.tolist())
            if query in answers
        }


def _near(pool: Pool, stage: Stage) -> Bools:
    """Candidates in the window of the stage's recipe."""
    knobs = _step(stage, "rank_window")
    if stage.recipe is None or not knobs:
        return pool.present
    rank = pool.rank(stage.recipe.scorer)
    return np.asarray((rank >= int(knobs["start"])) & (rank < int(knobs["stop"])))


def _step(stage: Stage, strategy: str) -> dict[str, Any]:
    """Knobs of the first step of a strategy in the stage's recipe; empty where there is none."""
    steps = stage.recipe.steps if stage.recipe else ()
    return next((resolved_knobs(STRATEGIES, step) for step in steps if step.strategy == strategy), {})


def _after_answers(pool: Pool, places: Ints, answers: Mapping[int, Ints]) -> Ints:
    """Places in the teacher's lists behind the answers that labels left, instead of behind the labelled positives."""
    more = np.array([len(answers.get(query, ())) for query in pool.queries.tolist()], dtype=np.int32)
    more -= np.not_equal(pool.positives, PAD).sum(axis=1).astype(np.int32)
    return np.where(places < FAR, places + more[:, None], FAR).astype(np.int32)


def _leaks_anywhere(pool: Pool) -> Mapping[int, list[int]]:
    """By query row, every document that is a copy of a labelled positive, or the positive of a query that is alike."""
    kept: dict[int, list[int]] = pool.__dict__.setdefault("_leaks_anywhere", {})
    if kept:
        return kept
    data = pool.dataset
    copies: dict[str, list[int]] = {}
    for row, key in enumerate(data.document_keys):
        copies.setdefault(key, []).append(row)
    for query, document in zip(data.positives.queries.tolist(), data.positives.documents.tolist(), strict=True):
        kept.setdefault(query, []).extend(copies[data.document_keys[document]])
    for query, other in alike_queries(data, pool.embeddings):
        kept.setdefault(query, []).extend(data.positives.of_query(other).tolist())
    return kept


def _listed(own: Ints, candidates: Ints, grades: Floats) -> Listed:
    """A query's list.

    Args:
        own: Its known answers, which lead it.
        candidates: (depth,) documents of the pool.
        grades: (depth,) grades of those that the teacher's blocks hold, NaN for the others.
    """
    inside = np.isfinite(grades)
    documents = np.concatenate([own, candidates[inside]])
    every = np.concatenate([1.0 / (1.0 + np.arange(len(own))), grades[inside]])
    order = np.argsort(documents, kind="stable")
    return Listed(documents[order].astype(np.int32), every[order])


def asked_teacher(stage: Stage) -> str:
    """Name of the scores that a stage's loss is taught by: those that its recipe names, else a cross-encoder's."""
    steps = stage.recipe.steps if stage.recipe else ()
    knobs = [resolved_knobs(STRATEGIES, step) for step in steps]
    return next((str(each["teacher"]) for each in knobs if "teacher" in each), "cross_encoder")
