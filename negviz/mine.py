"""Mine: from a dataset to a pool. The only slow step; everything a slider moves comes after it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from negviz.arrays import PAD, Ints
from negviz.assembly import rank_layer, union
from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.encode import embed, open_encoder
from negviz.encoders._model import Encoder
from negviz.errors import DataError, MissingInputError, RecipeError
from negviz.home import home_folder
from negviz.leaks import leak_flags
from negviz.pool import Pool
from negviz.recipe import MOST_SEED
from negviz.registry import Registry
from negviz.retrievers import RETRIEVERS
from negviz.runs import read_run, stem
from negviz.scorers import SCORERS, Layer

Progress = Callable[[str, int, int], None]
DEFAULT_RETRIEVERS = ("dense", "bm25", "random")
DEFAULT_SCORERS = ("dense", "bm25")
# A guide beside the encoder at hand: made from the corpus in seconds, 5 % of what encoding takes on 5,000 abstracts.
GUIDE = "second_encoder"


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
    checkpoints: Mapping[str, str] = field(default_factory=dict)
    given: Embeddings | None = None

    @cached_property
    def model(self) -> Encoder:
        """The encoder at hand."""
        return self.open(self.encoder)

    @cached_property
    def embeddings(self) -> Embeddings:
        """Vectors of all queries and documents: those that were given, or those of the encoder at hand."""
        return self.embed(self.model) if self.given is None else self.given

    def open(self, name: str) -> Encoder:
        """An encoder by name, folder or id."""
        self.progress("opening the encoder", 0, 1)
        return open_encoder(name, self.dataset, home=self.home)

    def embed(self, encoder: Encoder) -> Embeddings:
        """Vectors of all queries and documents by an encoder."""
        return embed(self.dataset, encoder, home=self.home, progress=self.progress, cancelled=self.cancelled)

    @cached_property
    def _of_checkpoint(self) -> dict[str, Embeddings]:
        return {}

    def vectors(self, layer: str) -> Embeddings:
        """Vectors that a layer is made from: of its checkpoint, or of the encoder at hand."""
        if layer not in self.checkpoints:
            return self.embeddings
        if layer not in self._of_checkpoint:
            self._of_checkpoint[layer] = self.embed(self.open(self.checkpoints[layer]))
        return self._of_checkpoint[layer]

    def call(self, registry: Registry, layer: str, **given: Any) -> Any:
        """Call an item of a registry with what its signature asks for.

        The name of a run file calls ``run``, that of a checkpoint calls ``dense`` with the checkpoint's vectors.
        """
        run, name = None, "dense" if layer in self.checkpoints else layer
        if layer in self.runs:
            run, name = read_run(self.runs[layer], self.dataset), "run"
        entry = registry.get(name)
        if "run" in entry.wants and run is None:
            raise MissingInputError(f"The {registry.kind} 'run' needs a run file; name one with --run FILE.trec.")
        context = {"dataset": self.dataset, "seed": self.seed, "run": run, "shop": self, **given}
        if "embeddings" in entry.wants:
            context["embeddings"] = self.vectors(layer)
        return entry.function(**{key: value for key, value in context.items() if key in entry.wants})


def build_pool(
    dataset: Dataset,
    *,
    encoder: str = "minilm",
    retrievers: Sequence[str] = DEFAULT_RETRIEVERS,
    scorers: Sequence[str] = (),
    depth: int = 100,
    runs: Sequence[Path] = (),
    checkpoints: Sequence[str] = (),
    seed: int = 0,
    home: Path | None = None,
    progress: Progress = silent,
    cancelled: Callable[[], bool] = lambda: False,
    embeddings: Embeddings | None = None,
) -> Pool:
    """Retrieve candidates of every query that has a labelled positive, score them, and flag the leaks.

    Args:
        dataset: What was loaded.
        encoder: Name, local folder or Hugging Face id.
        retrievers: Whose candidates to unite; ``given`` is added where the data brings mined negatives.
        scorers: Layers to compute, as ``name`` or ``name=model``; by default ``dense`` and ``bm25`` where the
            retriever is there, ``second_encoder`` (``static``) as a guide beside ``dense`` of another encoder,
            and each run and checkpoint.
        depth: Candidates that each retriever brings for a query.
        runs: TREC run files; each becomes a retriever and a scorer named after the file.
        checkpoints: Older checkpoints of the model, oldest first: encoders (folder or id) or run files; each becomes a
            retriever and a scorer. The encoder itself is the newest.
        seed: Seed of the random retriever.
        home: Folder of caches.
        progress: Told (stage, done, total).
        cancelled: Asked between blocks of work.
        embeddings: Vectors of another origin than the encoder, such as those of a model in training.

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
    older = _checkpoint_names(checkpoints)
    files = {name: Path(model) for name, model in older.items() if Path(model).is_file()}
    run_names = _with_checkpoints(_run_names(runs), files)
    models = {name: model for name, model in older.items() if name not in files}
    outside = [*run_names, *models]
    names = _with_given(dataset, [*dict.fromkeys([*retrievers, *outside])])
    asked = [text for text in scorers or _usual_scorers(names, outside, encoder) if text not in outside]
    wanted = {**_models_of(asked), **dict.fromkeys(outside, "")}
    for name in names:
        if name not in outside:
            RETRIEVERS.get(name)
    shop = Workshop(dataset, encoder, home or home_folder(), seed, progress, cancelled, run_names, models, embeddings)
    _check_models(shop, {name: model for name, model in wanted.items() if name not in outside})
    brought: dict[str, Ints] = {}
    for done, name in enumerate(names):
        progress(f"retrieving: {name}", done, len(names))
        brought[name] = shop.call(RETRIEVERS, name, queries=queries, depth=depth)
    documents = union(list(brought.values()))
    layers = _score(shop, wanted, queries, documents, positives)
    progress("checking for leaks", 0, 1)
    vectors = shop.embeddings if "embeddings" in shop.__dict__ else embeddings
    flags = leak_flags(dataset, queries, documents, positives, vectors)
    progress("checking for leaks", 1, 1)
    width = documents.shape[1]
    return Pool(
        dataset=dataset,
        queries=queries,
        documents=documents,
        ranks={name: rank_layer(documents, rows) for name, rows in brought.items()},
        scores={name: np.ascontiguousarray(layer.scores[:, :width]) for name, layer in layers.items()},
        positives=positives,
        positive_scores={name: np.ascontiguousarray(layer.scores[:, width:]) for name, layer in layers.items()},
        flags=flags,
        scales={name: layer.scale for name, layer in layers.items()},
        origin={
            **_origin(shop, vectors, names, depth),
            "models": {name: model for name, model in {**wanted, **models}.items() if model},
            "checkpoints": _sequence(list(older), layers),
        },
        embeddings=vectors,
    )


def _sequence(older: list[str], layers: Mapping[str, Layer]) -> list[str]:
    """Checkpoints, oldest first; the encoder at hand is the newest."""
    return [*older, *(["dense"] if "dense" in layers else [])] if older else []


def _models_of(scorers: Sequence[str]) -> dict[str, str]:
    """Layer name of each scorer asked for, and the model after its ``=``; a second of a kind gets a number.

    Raises:
        UnknownNameError: If there is no such scorer.
    """
    found: dict[str, str] = {}
    for text in dict.fromkeys(scorers):
        name, _, model = text.partition("=")
        name, times = name.strip(), 1
        layer = name
        while layer in found:
            times += 1
            layer = f"{name}_{times}"
        found[layer] = model.strip() or str(SCORERS.get(_kind(name)).trait("model", ""))
    return found


def _kind(layer: str) -> str:
    """Registered scorer of a layer's name: ``cross_encoder_2`` is a second ``cross_encoder``."""
    base, _, number = layer.rpartition("_")
    return base if base in SCORERS and number.isdigit() else layer


def _checkpoint_names(checkpoints: Sequence[str]) -> dict[str, str]:
    """Layer name of each checkpoint: the stem of its path, or of its id.

    Every round of a training keeps its checkpoint in a folder ``model``; the number of the round tells them apart.
    """
    found: dict[str, str] = {}
    for model in map(str, checkpoints):
        path = Path(model.rstrip("/"))
        name = stem(path) or model
        if path.name == "model" and path.is_dir():
            name = f"model_{path.absolute().parent.name}"
        if name in RETRIEVERS or name in SCORERS:
            name = f"{name}_checkpoint"
        if name in found:
            raise DataError(
                f"Two checkpoints would be called '{name}' ({found[name]} and {model}); rename a folder or file."
            )
        found[name] = model
    return found


def _with_checkpoints(runs: dict[str, Path], files: Mapping[str, Path]) -> dict[str, Path]:
    """Run files with those of checkpoints among them."""
    for name, path in files.items():
        if name in runs:
            raise DataError(
                f"A run and a checkpoint would both be called '{name}' ({runs[name]} and {path}); rename one."
            )
    return {**runs, **files}


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


def _usual_scorers(retrievers: Sequence[str], outside: Sequence[str], encoder: str) -> list[str]:
    usual = [name for name in DEFAULT_SCORERS if name in retrievers]
    if not usual:
        return [] if outside else ["dense"]
    return [*usual, GUIDE] if "dense" in usual and encoder != SCORERS.get(GUIDE).trait("model") else usual


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


def _check_models(shop: Workshop, scorers: Mapping[str, str]) -> None:
    """Refuse what cannot be scored before anything is encoded, which may take hours."""
    for name, model in scorers.items():
        entry = SCORERS.get(_kind(name))
        if model and "model" not in entry.wants:
            raise RecipeError(
                f"--scorer was given '{name}={model}', but '{entry.name}' takes no model; write '{name}'."
            )
        check = entry.trait("check")
        if check:
            check(shop, model)


def _score(
    shop: Workshop, scorers: Mapping[str, str], queries: Ints, documents: Ints, positives: Ints
) -> dict[str, Layer]:
    """Every scorer scores every candidate and every positive, in one call so that both come from the same kernel."""
    both = np.concatenate([documents, positives], axis=1)
    layers = {}
    for done, (name, model) in enumerate(scorers.items()):
        shop.progress(f"scoring: {name}", done, len(scorers))
        layer = name if name in shop.runs or name in shop.checkpoints else _kind(name)
        entry = SCORERS.get("run" if name in shop.runs else "dense" if name in shop.checkpoints else layer)
        found = shop.call(SCORERS, layer, queries=queries, documents=both, model=model)
        scale = entry.trait("scale") or (shop.vectors(layer).similarity if "embeddings" in entry.wants else "unknown")
        layers[name] = found if isinstance(found, Layer) else Layer(found, str(scale))
    return layers
