"""Pool: the one table, query x candidate, as 2-D arrays; read-only, with a content fingerprint."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from negviz.arrays import PAD, Bools, Flags, Floats, Ints, Keys, Scores, descending, fingerprint, frozen, positions
from negviz.compiled import MANY, WIDEST, score_order
from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.errors import MissingInputError

# Queries whose candidates are ranked together, so that ranking millions takes no memory beside the ranks.
RANKED = 8192
Anchor = Literal["min", "mean", "max"]

LEAKS = {
    "labelled positive": 1,
    "same text as a positive": 2,
    "near-duplicate of a positive": 4,
    "is the query itself": 8,
    "blank text": 16,
    "positive of a near-identical query": 32,
    "same group as a positive": 64,
    "repeats another candidate": 256,
}
KNOWN_NEGATIVE = 128
ALL_LEAKS = sum(LEAKS.values())


@dataclass(frozen=True, eq=False)
class Pool:
    """Candidates of every query, with a rank layer for each retriever and a score layer for each scorer.

    Attributes:
        dataset: Where the rows point to.
        queries: (queries,) rows of ``dataset.queries``.
        documents: (queries, depth) rows of ``dataset.documents``, ``PAD`` where there is no candidate; a row's
            candidates are in order of document row, that is of document id.
        ranks: For each retriever (queries, depth), 0 is best, -1 where it did not bring the candidate.
        scores: For each scorer (queries, depth), higher is nearer, NaN where unknown.
        positives: (queries, positives) rows of documents, ``PAD`` beyond a query's last.
        positive_scores: For each scorer (queries, positives), NaN where unknown.
        flags: (queries, depth) bits, see ``LEAKS`` and ``KNOWN_NEGATIVE``.
        scales: For each scorer the scale of its values: ``cosine``, ``dot``, ``bm25`` and so on.
        origin: How the pool was made (encoder identity, retrievers, depth), for people and manifests.
        embeddings: Vectors of all queries and documents of the dataset, None where no encoder was used.
    """

    dataset: Dataset
    queries: Ints
    documents: Ints
    ranks: Mapping[str, Ints]
    scores: Mapping[str, Scores]
    positives: Ints
    positive_scores: Mapping[str, Scores]
    flags: Flags
    scales: Mapping[str, str]
    origin: Mapping[str, Any] = field(default_factory=dict)
    embeddings: Embeddings | None = None
    stored_fingerprint: str | None = None

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit each other and make all of them read-only."""
        shape, wide = self.documents.shape, self.positives.shape
        for layers in ({"flags": self.flags}, self.ranks, self.scores):
            _check_shapes(layers, shape, "documents")
        _check_shapes(self.positive_scores, wide, "positives")
        if len(self.queries) != shape[0] or wide[0] != shape[0]:
            raise ValueError(f"{len(self.queries)} queries, {shape[0]} rows of candidates, {wide[0]} of positives.")
        if len(self.queries) and not 0 <= self.queries.min() <= self.queries.max() < len(self.dataset.queries):
            raise ValueError(f"a row of queries is beyond the {len(self.dataset.queries)} of the dataset")
        for array in (self.queries, self.documents, self.positives, self.flags):
            frozen(array)
        for layer in (*self.ranks.values(), *self.scores.values(), *self.positive_scores.values()):
            frozen(layer)

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the dataset, of every layer and of the scales."""
        if self.stored_fingerprint:
            return self.stored_fingerprint
        layers = [
            (name, group[name]) for group in (self.ranks, self.scores, self.positive_scores) for name in sorted(group)
        ]
        parts = [part for pair in layers for part in pair]
        return fingerprint(
            "pool 2",
            self.dataset.fingerprint,
            self.queries,
            self.documents,
            self.positives,
            self.flags,
            sorted(self.scales.items()),
            self.embeddings.identity if self.embeddings else None,
            *parts,
        )

    @property
    def depth(self) -> int:
        """Widest number of candidates a query has."""
        return int(self.documents.shape[1])

    def __len__(self) -> int:
        """Number of queries."""
        return len(self.queries)

    @cached_property
    def present(self) -> Bools:
        """(queries, depth), False for padding."""
        return np.asarray(np.not_equal(self.documents, PAD))

    @cached_property
    def candidates(self) -> int:
        """Number of candidates of all queries."""
        return int(self.present.sum())

    @cached_property
    def eligible(self) -> Bools:
        """(queries, depth), True for candidates without any leak."""
        return np.asarray(self.present & np.equal(self.flags & ALL_LEAKS, 0))

    @cached_property
    def has_positive(self) -> Bools:
        """(queries,), whether a positive is labelled."""
        return np.asarray(np.not_equal(self.positives, PAD).any(axis=1))

    @cached_property
    def pair_keys(self) -> Keys:
        """(queries, depth) 64-bit keys of the pairs, for noise."""
        return self.dataset.pair_keys(self.queries, self.documents)

    @cached_property
    def query_places(self) -> dict[str, int]:
        """Row in the pool of each query id."""
        return {self.dataset.query_id(row): place for place, row in enumerate(self.queries)}

    def score(self, scorer: str) -> Scores:
        """Score layer (queries, depth).

        Raises:
            MissingInputError: If the pool has no such scorer.
        """
        self._need(scorer)
        return self.scores[scorer]

    def anchor(self, scorer: str, which: Anchor) -> Floats:
        """Score that margins are measured from: one a query, NaN where no positive has a score.

        Args:
            scorer: Name of the scorer.
            which: ``min``, ``mean`` or ``max`` over the query's labelled positives.
        """
        self._need(scorer)
        values = self.positive_scores[scorer].astype(np.float64)
        known = np.isfinite(values)
        count = known.sum(axis=1)
        if which == "mean":
            result = np.where(known, values, 0).sum(axis=1) / np.maximum(count, 1)
        elif which == "min":
            result = np.where(known, values, np.inf).min(axis=1, initial=np.inf)
        else:
            result = np.where(known, values, -np.inf).max(axis=1, initial=-np.inf)
        return np.asarray(np.where(count > 0, result, np.nan))

    def rank(self, scorer: str) -> Ints:
        """(queries, depth) rank of each candidate by score among all candidates, positives included; 0 is best.

        Padding and unknown scores come last; ties go to the smaller document id.
        """
        cache = cast(dict[str, Ints], self.__dict__.setdefault("_ranks", {}))
        if scorer not in cache:
            cache[scorer] = self._ranked(scorer)
        return cache[scorer]

    def _ranked(self, scorer: str) -> Ints:
        """(queries, depth) ranks, a block of queries at a time; of many candidates by a compiled loop."""
        scores, found = self.score(scorer), np.empty(self.documents.shape, dtype=np.int32)
        compiled = found.size >= MANY and self.depth <= WIDEST
        for start in range(0, len(found), RANKED):
            rows = slice(start, start + RANKED)
            here = scores[rows], self.present[rows]
            found[rows] = positions(score_order(*here).astype(np.int32) if compiled else descending(*here))
        return found

    def vectors(self, user: str) -> Embeddings:
        """Vectors of queries and documents.

        Args:
            user: Who asks, for the error.

        Raises:
            MissingInputError: If the pool was built without an encoder.
        """
        if self.embeddings is None:
            raise MissingInputError(
                f"'{user}' needs vectors of queries and documents, but this pool was built without an encoder; build "
                "it again with --retriever dense or --scorer dense."
            )
        return self.embeddings

    def layer(self, name: str, user: str, wanted: str) -> Scores:
        """Score layer (queries, depth) that a step names by a knob.

        Args:
            name: Name of the scorer.
            user: Who asks, for the error.
            wanted: What it is for, such as "a cross-encoder's probabilities".

        Raises:
            MissingInputError: If the pool has no such scorer; the text says how to get it.
        """
        if name not in self.scores:
            known = ", ".join(sorted(self.scores)) or "none"
            raise MissingInputError(
                f"'{user}' needs {wanted}: scores called '{name}', which this pool does not have (it has: {known}). "
                f"Build the pool again with {scorer_hint(name)}, or name another of its scorers in this step."
            )
        return self.scores[name]

    @property
    def checkpoints(self) -> tuple[str, ...]:
        """Scorers that are checkpoints of one model, oldest first."""
        return tuple(self.origin.get("checkpoints", ()))

    def part(self, places: Ints, fingerprint: str | None = None) -> "Pool":
        """A pool of some of the queries.

        Args:
            places: (queries,) places that are kept, in this order.
            fingerprint: What it is called; worked out from its content where that is not known beforehand.
        """

        def cut(layers: Mapping[str, Any]) -> dict[str, Any]:
            return {name: rows[places] for name, rows in layers.items()}

        return replace(
            self, queries=self.queries[places], documents=self.documents[places], positives=self.positives[places],
            flags=self.flags[places], ranks=cut(self.ranks), scores=cut(self.scores),
            positive_scores=cut(self.positive_scores), stored_fingerprint=fingerprint,
        )  # fmt: skip

    def summary(self) -> dict[str, Any]:
        """Counts for people and scripts."""
        return {
            "queries": len(self),
            "depth": self.depth,
            "candidates": self.candidates,
            "retrievers": sorted(self.ranks),
            "scorers": sorted(self.scores),
            "scales": dict(self.scales),
            "encoder": self.origin.get("encoder"),
            **{name: self.origin[name] for name in ("precision", "agreement", "search") if name in self.origin},
            "leaks": {leak: int((self.flags & bit > 0).sum()) for leak, bit in LEAKS.items()},
            "fingerprint": self.fingerprint,
        }

    def _need(self, scorer: str) -> None:
        if scorer not in self.scores:
            known = ", ".join(sorted(self.scores)) or "none"
            raise MissingInputError(
                f"The pool has no scores called '{scorer}' (it has: {known}); "
                f"build it again with --scorer {scorer}, or choose one of those."
            )


MODEL_SCORERS = {
    "cross_encoder": "--scorer cross_encoder=MODEL (a local folder or a Hugging Face id)",
    "second_encoder": "--scorer second_encoder=MODEL (static, a local folder or a Hugging Face id)",
}


def scorer_hint(name: str) -> str:
    """The option that adds a scorer to a pool."""
    return MODEL_SCORERS.get(name, f"--scorer {name}")


def _check_shapes(layers: Mapping[str, npt.NDArray[Any]], shape: tuple[int, ...], of: str) -> None:
    for name, layer in layers.items():
        if layer.shape != shape:
            raise ValueError(f"Layer '{name}' has shape {layer.shape}, but {of} have {shape}.")
