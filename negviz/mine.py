"""Mine: from a dataset to a pool. The only slow step; everything a slider moves comes after it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from negviz.arrays import PAD, Ints, Scores
from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.encode import embed, open_encoder
from negviz.errors import DataError, MissingInputError, RecipeError
from negviz.home import home_folder
from negviz.leaks import leak_flags
from negviz.pool import Pool
from negviz.recipe import MOST_SEED
from negviz.registry import Registry
from negviz.retrievers import RETRIEVERS
from negviz.runs import read_run, stem
from negviz.scorers import SCORERS

Progress = Callable[[str, int, int], None]
DEFAULT_RETRIEVERS = ("dense", "bm25", "random")
DEFAULT_SCORERS = ("dense", "bm25")


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


@dataclass
class Workshop:
    """What retrievers and scorers may ask for; embeddings are made when the first of them does."""

    dataset: Dataset
    encoder: str
    home: Path
    seed: int
    progress: Progress
    cancelled: Callable[[], bool]
    runs: Mapping[str, Path] = field(default_factory=dict)

    @cached_property
    def embeddings(self) -> Embeddings:
        """Vectors of all queries and documents."""
        self.progress("opening the encoder", 0, 1)
        encoder = open_encoder(self.encoder, self.dataset, home=self.home)
        return embed(self.dataset, encoder, home=self.home, progress=self.progress, cancelled=self.cancelled)

    def call(self, registry: Registry, name: str, **given: Any) -> Any:
        """Call an item of a registry with what its signature asks for; a run file's name calls ``run``."""
        run = None
        if name in self.runs:
            run, name = read_run(self.runs[name], self.dataset), "run"
        entry = registry.get(name)
        if "run" in entry.wants and run is None:
            raise MissingInputError(f"The {registry.kind} 'run' needs a run file; name one with --run FILE.trec.")
        context = {"dataset": self.dataset, "seed": self.seed, "run": run, **given}
        if "embeddings" in entry.wants:
            context["embeddings"] = self.embeddings
        return entry.function(**{key: value for key, value in context.items() if key in entry.wants})


def build_pool(
    dataset: Dataset,
    *,
    encoder: str = "minilm",
    retrievers: Sequence[str] = DEFAULT_RETRIEVERS,
    scorers: Sequence[str] = (),
    depth: int = 100,
    runs: Sequence[Path] = (),
    seed: int = 0,
    home: Path | None = None,
    progress: Progress = silent,
    cancelled: Callable[[], bool] = lambda: False,
) -> Pool:
    """Retrieve candidates of every query that has a labelled positive, score them, and flag the leaks.

    Args:
        dataset: What was loaded.
        encoder: Name, local folder or Hugging Face id.
        retrievers: Whose candidates to unite; ``given`` is added where the data brings mined negatives.
        scorers: Layers to compute; by default ``dense`` and ``bm25`` where their retriever is there, and each run.
        depth: Candidates that each retriever brings for a query.
        runs: TREC run files; each becomes a retriever and a scorer named after the file.
        seed: Seed of the random retriever.
        home: Folder of caches.
        progress: Told (stage, done, total).
        cancelled: Asked between blocks of work.

    Returns:
        The pool.

    Raises:
        DataError: If no query has a labelled positive.
        RecipeError: If the depth or the seed is not allowed.
        UnknownNameError: If a retriever, scorer or encoder does not exist.
        CancelledError: If ``cancelled`` said so.
    """
    if not 1 <= depth <= 10_000:
        raise RecipeError(f"The depth was given as {depth}, but must be a whole number from 1 to 10000.")
    if not 0 <= seed <= MOST_SEED:
        raise RecipeError(f"The seed was given as {seed}, but must be a whole number from 0 to {MOST_SEED}.")
    queries, positives = _labelled(dataset)
    run_names = _run_names(runs)
    names = _with_given(dataset, [*dict.fromkeys([*retrievers, *run_names])])
    wanted = list(dict.fromkeys([*(scorers or _usual_scorers(names)), *run_names]))
    for name in names:
        if name not in run_names:
            RETRIEVERS.get(name)
    for name in wanted:
        if name not in run_names:
            SCORERS.get(name)
    shop = Workshop(dataset, encoder, home or home_folder(), seed, progress, cancelled, run_names)
    brought: dict[str, Ints] = {}
    for done, name in enumerate(names):
        progress(f"retrieving: {name}", done, len(names))
        brought[name] = shop.call(RETRIEVERS, name, queries=queries, depth=depth)
    documents = union(list(brought.values()))
    scores, positive_scores = _score(shop, wanted, queries, documents, positives)
    progress("checking for leaks", 0, 1)
    vectors = shop.embeddings if "embeddings" in shop.__dict__ else None
    flags = leak_flags(dataset, queries, documents, positives, vectors)
    progress("checking for leaks", 1, 1)
    return Pool(
        dataset=dataset,
        queries=queries,
        documents=documents,
        ranks={name: rank_layer(documents, rows) for name, rows in brought.items()},
        scores=scores,
        positives=positives,
        positive_scores=positive_scores,
        flags=flags,
        scales={name: _scale(name, vectors, run_names) for name in wanted},
        origin=_origin(shop, vectors, names, depth),
    )


def _origin(shop: Workshop, vectors: Embeddings | None, names: Sequence[str], depth: int) -> dict[str, Any]:
    return {
        "encoder": vectors.encoder if vectors else None,
        "encoder_identity": vectors.identity if vectors else None,
        "similarity": vectors.similarity if vectors else None,
        "retrievers": list(names),
        "depth": depth,
        "seed": shop.seed,
    }


def _labelled(dataset: Dataset) -> tuple[Ints, Ints]:
    """Rows of the queries that have a positive, and their positives, padded."""
    judged = dataset.positives
    queries, starts, counts = np.unique(judged.queries, return_index=True, return_counts=True)
    if not len(queries):
        raise DataError(
            f"No query of '{dataset.name}' has a labelled positive; negatives are mined for pairs of a query and a "
            "document that answers it, so load a file that has them."
        )
    positives = np.full((len(queries), int(counts.max())), PAD, dtype=np.int32)
    for row, (start, count) in enumerate(zip(starts, counts, strict=True)):
        positives[row, :count] = judged.documents[start : start + count]
    return queries.astype(np.int32), positives


def _with_given(dataset: Dataset, names: list[str]) -> list[str]:
    if "given" in names and not len(dataset.given):
        raise MissingInputError(
            f"The retriever 'given' needs negatives that somebody already mined, but '{dataset.name}' has none; load a "
            "file with a column of negatives, or take another retriever."
        )
    if len(dataset.given) and "given" not in names:
        names.append("given")
    return names


def _usual_scorers(retrievers: Sequence[str]) -> list[str]:
    usual = [name for name in DEFAULT_SCORERS if name in retrievers]
    return usual or ["dense"]


def _run_names(runs: Sequence[Path]) -> dict[str, Path]:
    names: dict[str, Path] = {}
    for path in runs:
        name = stem(Path(path))
        if name in RETRIEVERS or name in SCORERS:
            name = f"{name}_run"
        if name in names:
            raise DataError(f"Two run files would be called '{name}' ({names[name]} and {path}); rename one of them.")
        names[name] = Path(path)
    return names


def _score(
    shop: Workshop, scorers: Sequence[str], queries: Ints, documents: Ints, positives: Ints
) -> tuple[dict[str, Scores], dict[str, Scores]]:
    """Every scorer scores every candidate and every positive, in one call so that both come from the same kernel."""
    both = np.concatenate([documents, positives], axis=1)
    width = documents.shape[1]
    scores, positive_scores = {}, {}
    for done, name in enumerate(scorers):
        shop.progress(f"scoring: {name}", done, len(scorers))
        layer = shop.call(SCORERS, name, queries=queries, documents=both)
        scores[name] = np.ascontiguousarray(layer[:, :width])
        positive_scores[name] = np.ascontiguousarray(layer[:, width:])
    return scores, positive_scores


def _scale(scorer: str, vectors: Embeddings | None, runs: Mapping[str, Path]) -> str:
    if scorer in runs:
        return "run"
    declared = SCORERS.get(scorer).trait("scale")
    return str(declared) if declared else str(vectors.similarity if vectors else "unknown")


def union(brought: Sequence[Ints]) -> Ints:
    """Unite the candidates of several retrievers; each row in order of document row, padding last.

    Args:
        brought: Arrays (queries, any width), ``PAD`` where there is none.

    Returns:
        (queries, depth), depth being the widest union.
    """
    absent = np.iinfo(np.int32).max
    rows = np.concatenate(brought, axis=1)
    rows = np.sort(np.where(np.equal(rows, PAD), absent, rows), axis=1)
    rows[:, 1:][np.equal(rows[:, 1:], rows[:, :-1])] = absent
    rows = np.sort(rows, axis=1)
    depth = max(int(np.not_equal(rows, absent).sum(axis=1).max(initial=0)), 1)
    return np.where(np.equal(rows, absent), PAD, rows)[:, :depth].astype(np.int32)


def rank_layer(documents: Ints, brought: Ints) -> Ints:
    """Place of each candidate in a retriever's list, -1 where it is not in it.

    Args:
        documents: (queries, depth) the union; each row sorted, padding last.
        brought: (queries, width) the retriever's list, best first.
    """
    total = len(documents)
    stride = np.int64(max(int(documents.max(initial=0)), int(brought.max(initial=0))) + 2)
    offset = np.arange(total, dtype=np.int64)[:, None] * stride
    cells = (np.where(np.equal(documents, PAD), stride - 1, documents) + offset).ravel()
    rows, places = np.nonzero(np.not_equal(brought, PAD))
    found = np.searchsorted(cells, brought[rows, places] + offset[rows, 0])
    layer = np.full(documents.size, PAD, dtype=np.int32)
    # From the last to the first, so that of a document listed twice the better place stays.
    layer[found[::-1]] = places[::-1]
    return layer.reshape(documents.shape)
