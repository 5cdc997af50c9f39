"""Mine: from a dataset to a pool. The only slow step; everything a slider moves comes after it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from negviz.arrays import PAD, Flags, Ints, Scores
from negviz.assembly import rank_layer, union
from negviz.budget import DEFAULT_MEMORY, rows_within
from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.encode import embed, open_encoder
from negviz.encoders._model import Encoder
from negviz.errors import DataError, MissingInputError, RecipeError
from negviz.home import home_folder
from negviz.leaks import LeakGuard, leak_guard
from negviz.pool import Pool
from negviz.recipe import MOST_SEED
from negviz.registry import Registry
from negviz.retrievers import RETRIEVERS
from negviz.runs import RunFile, read_run, stem
from negviz.scorers import SCORERS, Layer

Progress = Callable[[str, int, int], None]
DEFAULT_RETRIEVERS = ("dense", "bm25", "random")
DEFAULT_SCORERS = ("dense", "bm25")
# A guide beside the encoder at hand: made from the corpus in seconds, 5 % of what encoding takes on 5,000 abstracts.
GUIDE = "second_encoder"


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


# Bytes that a candidate takes while its block is made: its layers, and what the guards compare, in 64-bit integers.
PER_CANDIDATE = 96


@dataclass(frozen=True)
class Order:
    """What was asked for, checked: all that a block of queries has to know besides the dataset.

    Attributes:
        encoder: Name, local folder or Hugging Face id.
        precision: Of the encoder's arithmetic, None for its own default.
        retrievers: Whose candidates are united, in this order.
        scorers: Layers to compute, and the model of each, empty where it takes none.
        depth: Candidates that each retriever brings.
        seed: Of the random retriever.
        runs: Run files, by name of their layer.
        models: Encoders of older checkpoints, by name of their layer.
        older: Names of all checkpoints, oldest first.
        agreement: How far the precision agrees with float32 on this dataset, where that was measured.
    """

    encoder: str
    precision: str | None = None
    retrievers: tuple[str, ...] = ()
    scorers: Mapping[str, str] = field(default_factory=dict)
    depth: int = 100
    seed: int = 0
    runs: Mapping[str, Path] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    older: tuple[str, ...] = ()
    agreement: Mapping[str, Any] = field(default_factory=dict)

    def outside(self) -> tuple[str, ...]:
        """Layers that are not registered ones: runs and checkpoints."""
        return (*self.runs, *self.models)


@dataclass
class Workshop:
    """What retrievers and scorers may ask for; embeddings are made when the first of them does."""

    dataset: Dataset
    order: Order
    home: Path
    progress: Progress
    cancelled: Callable[[], bool]
    given: Embeddings | None = None
    known: dict[str, Embeddings] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    memory: int = DEFAULT_MEMORY

    @property
    def encoder(self) -> str:
        """Name of the encoder at hand."""
        return self.order.encoder

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
        if self.order.precision and name == self.order.encoder:
            return open_encoder(name, self.dataset, home=self.home, precision=self.order.precision)
        return open_encoder(name, self.dataset, home=self.home)

    def embed(self, encoder: Encoder) -> Embeddings:
        """Vectors of all queries and documents by an encoder."""
        return embed(self.dataset, encoder, home=self.home, progress=self.progress, cancelled=self.cancelled)

    def of_encoder(self, name: str) -> Embeddings:
        """Vectors of all queries and documents by an encoder that is called by its name; made once."""
        if name not in self.known:
            self.known[name] = self.embed(self.open(name))
        return self.known[name]

    def vectors(self, layer: str) -> Embeddings:
        """Vectors that a layer is made from: of its checkpoint, or of the encoder at hand."""
        return self.of_encoder(self.order.models[layer]) if layer in self.order.models else self.embeddings

    @cached_property
    def _runs(self) -> dict[str, RunFile]:
        return {}

    def _run(self, layer: str) -> RunFile:
        """A run file, read once."""
        if layer not in self._runs:
            self._runs[layer] = read_run(self.order.runs[layer], self.dataset)
        return self._runs[layer]

    def call(self, registry: Registry, layer: str, **given: Any) -> Any:
        """Call an item of a registry with what its signature asks for.

        The name of a run file calls ``run``, that of a checkpoint calls ``dense`` with the checkpoint's vectors.
        """
        run, name = None, "dense" if layer in self.order.models else layer
        if layer in self.order.runs:
            run, name = self._run(layer), "run"
        entry = registry.get(name)
        if "run" in entry.wants and run is None:
            raise MissingInputError(f"The {registry.kind} 'run' needs a run file; name one with --run FILE.trec.")
        context = {"dataset": self.dataset, "seed": self.order.seed, "run": run, "shop": self}
        context |= {"memory": self.memory, **given}
        if "embeddings" in entry.wants:
            context["embeddings"] = self.vectors(layer)
        return entry.function(**{key: value for key, value in context.items() if key in entry.wants})


@dataclass(frozen=True, eq=False)
class Mined:
    """Candidates of a block of queries, with their layers; shapes as in ``Pool``."""

    documents: Ints
    ranks: Mapping[str, Ints]
    scores: Mapping[str, Scores]
    positive_scores: Mapping[str, Scores]
    flags: Flags
    scales: Mapping[str, str]


def build_pool(
    dataset: Dataset,
    *,
    encoder: str = "minilm",
    precision: str | None = None,
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
    memory: int = DEFAULT_MEMORY,
    agreement: Mapping[str, Any] | None = None,
) -> Pool:
    """Retrieve candidates of every query that has a labelled positive, score them, and flag the leaks.

    Args:
        dataset: What was loaded.
        encoder: Name, local folder or Hugging Face id.
        precision: Of the encoder's arithmetic, such as ``bfloat16``; None for its own default.
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
        memory: Bytes that a block of queries may take while it is worked on; the pool is the same for any of them.
        agreement: What ``precision.measured_agreement`` found, to be stored with the pool.

    Returns:
        The pool.

    Raises:
        DataError: If no query has a labelled positive.
        RecipeError: If the depth or the seed is not allowed.
        UnknownNameError: If a retriever, scorer or encoder does not exist.
        CancelledError: If ``cancelled`` said so.
    """
    order = make_order(
        dataset, encoder=encoder, precision=precision, retrievers=retrievers, scorers=scorers, depth=depth, runs=runs,
        checkpoints=checkpoints, seed=seed, agreement=agreement,
    )  # fmt: skip
    queries, positives = labelled(dataset)
    shop = Workshop(dataset, order, home or home_folder(), progress, cancelled, embeddings, memory=memory)
    check_models(shop)
    size = block_size(order, positives.shape[1], memory)
    guard: LeakGuard | None = None
    blocks = []
    for start in range(0, len(queries), size):
        rows = slice(start, start + size)
        found, scales = retrieve_and_score(shop, queries[rows], positives[rows])
        if guard is None:  # after the first vectors were made, by which paraphrased queries are found
            progress("checking for leaks", start, len(queries))
            guard = leak_guard(dataset, vectors_of(shop))
        progress("checking for leaks", start, len(queries))
        flags = guard.flags(queries[rows], found["documents"], positives[rows])
        blocks.append(Mined(**found, flags=flags, scales=scales))
    progress("checking for leaks", len(queries), len(queries))
    vectors = vectors_of(shop)
    return pool_of(dataset, queries, positives, joined(blocks), origin_of(shop, vectors, blocks[0]), vectors)


def block_size(order: Order, positives: int, memory: int) -> int:
    """Queries of a block.

    Args:
        order: What is made.
        positives: Most positives of a query.
        memory: Bytes that there are.
    """
    return rows_within(memory, PER_CANDIDATE * (order.depth * len(order.retrievers) + positives))


def make_order(
    dataset: Dataset,
    *,
    encoder: str = "minilm",
    precision: str | None = None,
    retrievers: Sequence[str] = DEFAULT_RETRIEVERS,
    scorers: Sequence[str] = (),
    depth: int = 100,
    runs: Sequence[Path] = (),
    checkpoints: Sequence[str] = (),
    seed: int = 0,
    agreement: Mapping[str, Any] | None = None,
) -> Order:
    """Check what is asked for, and add what follows from it; arguments and errors are those of ``build_pool``."""
    if not 1 <= depth <= 10_000:
        raise RecipeError(f"The depth was given as {depth}, but must be a whole number from 1 to 10000.")
    if not 0 <= seed <= MOST_SEED:
        raise RecipeError(f"The seed was given as {seed}, but must be a whole number from 0 to {MOST_SEED}.")
    labelled(dataset)
    older = _checkpoint_names(checkpoints)
    files = {name: Path(model) for name, model in older.items() if Path(model).is_file()}
    run_names = _with_checkpoints(_run_names(runs), files)
    models = {name: model for name, model in older.items() if name not in files}
    outside = [*run_names, *models]
    names = _with_given(dataset, [*dict.fromkeys([*retrievers, *outside])])
    asked = [text for text in scorers or _usual_scorers(names, outside, encoder) if text not in outside]
    for name in names:
        if name not in outside:
            RETRIEVERS.get(name)
    wanted = {**_models_of(asked), **dict.fromkeys(outside, "")}
    return Order(
        encoder, precision, tuple(names), wanted, depth, seed, run_names, models, tuple(older), agreement or {}
    )


def retrieve_and_score(
    shop: Workshop, queries: Ints, positives: Ints, known: Mapping[str, Ints] | None = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Candidates of some queries with their layers, but for the flags.

    Args:
        shop: What retrievers and scorers may ask for.
        queries: (queries,) rows.
        positives: (queries, positives) rows, padded.
        known: Lists of retrievers that searched elsewhere already.

    Returns:
        The first four fields of ``Mined`` by name, and the scales.
    """
    order, brought = shop.order, dict(known or {})
    for done, name in enumerate(order.retrievers):
        if name not in brought:
            shop.progress(f"retrieving: {name}", done, len(order.retrievers))
            brought[name] = shop.call(RETRIEVERS, name, queries=queries, depth=order.depth)
    brought = {name: brought[name] for name in order.retrievers}
    documents = union(list(brought.values()))
    layers = _score(shop, queries, documents, positives)
    width = documents.shape[1]
    found = {
        "documents": documents,
        "ranks": {name: rank_layer(documents, rows) for name, rows in brought.items()},
        "scores": {name: np.ascontiguousarray(layer.scores[:, :width]) for name, layer in layers.items()},
        "positive_scores": {name: np.ascontiguousarray(layer.scores[:, width:]) for name, layer in layers.items()},
    }
    return found, {name: layer.scale for name, layer in layers.items()}


def vectors_of(shop: Workshop) -> Embeddings | None:
    """Vectors that the pool keeps: those which somebody asked for, or which were given."""
    return shop.embeddings if "embeddings" in shop.__dict__ else shop.given


def joined(blocks: Sequence[Mined]) -> Mined:
    """Blocks of queries one below the other, as wide as the widest."""
    if len(blocks) == 1:
        return blocks[0]
    width = max(block.documents.shape[1] for block in blocks)

    def stack(parts: Sequence[Any], filling: float) -> Any:
        padded = [np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=filling) for part in parts]
        return np.concatenate(padded)

    first = blocks[0]
    return replace(
        first,
        documents=stack([block.documents for block in blocks], PAD),
        ranks={name: stack([block.ranks[name] for block in blocks], PAD) for name in first.ranks},
        scores={name: stack([block.scores[name] for block in blocks], np.nan) for name in first.scores},
        positive_scores={
            name: np.concatenate([block.positive_scores[name] for block in blocks]) for name in first.positive_scores
        },
        flags=stack([block.flags for block in blocks], 0),
    )


def pool_of(
    dataset: Dataset,
    queries: Ints,
    positives: Ints,
    mined: Mined,
    origin: Mapping[str, Any],
    embeddings: Embeddings | None,
) -> Pool:
    """The pool of everything that was mined."""
    return Pool(
        dataset=dataset, queries=queries, documents=mined.documents, ranks=mined.ranks, scores=mined.scores,
        positives=positives, positive_scores=mined.positive_scores, flags=mined.flags, scales=mined.scales,
        origin=origin, embeddings=embeddings,
    )  # fmt: skip


def _sequence(older: Sequence[str], layers: Collection[str]) -> list[str]:
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
        found[layer] = model.strip() or str(SCORERS.get(kind_of(name)).trait("model", ""))
    return found


def kind_of(layer: str) -> str:
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


def origin_of(shop: Workshop, vectors: Embeddings | None, block: Mined) -> dict[str, Any]:
    """How a pool was made, for people and manifests."""
    order = shop.order
    return {
        "encoder": vectors.encoder if vectors else None,
        "encoder_identity": vectors.identity if vectors else None,
        "similarity": vectors.similarity if vectors else None,
        "retrievers": list(order.retrievers),
        "depth": order.depth,
        "seed": order.seed,
        "models": {name: model for name, model in {**order.scorers, **order.models}.items() if model},
        "checkpoints": _sequence(order.older, block.scores),
        **({"precision": order.precision} if order.precision else {}),
        **({"agreement": dict(order.agreement)} if order.agreement else {}),
        **({"search": shop.facts} if shop.facts else {}),
    }


def labelled(dataset: Dataset) -> tuple[Ints, Ints]:
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
    searched = {"dense" if _is_approximate(name) else name for name in retrievers}
    usual = [name for name in DEFAULT_SCORERS if name in searched]
    if not usual:
        return [] if outside else ["dense"]
    return [*usual, GUIDE] if "dense" in usual and encoder != SCORERS.get(GUIDE).trait("model") else usual


def _is_approximate(name: str) -> bool:
    """Whether a retriever stands in for the exact search by vectors."""
    return name in RETRIEVERS and bool(RETRIEVERS.get(name).trait("approximate"))


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


def check_models(shop: Workshop) -> None:
    """Refuse what cannot be scored before anything is encoded, which may take hours."""
    for name, model in shop.order.scorers.items():
        if name in shop.order.outside():
            continue
        entry = SCORERS.get(kind_of(name))
        if model and "model" not in entry.wants:
            raise RecipeError(
                f"--scorer was given '{name}={model}', but '{entry.name}' takes no model; write '{name}'."
            )
        check = entry.trait("check")
        if check:
            check(shop, model)


def _score(shop: Workshop, queries: Ints, documents: Ints, positives: Ints) -> dict[str, Layer]:
    """Every scorer scores every candidate and every positive, in one call so that both come from the same kernel."""
    both = np.concatenate([documents, positives], axis=1)
    order, layers = shop.order, {}
    for done, (name, model) in enumerate(order.scorers.items()):
        shop.progress(f"scoring: {name}", done, len(order.scorers))
        layer = name if name in order.outside() else kind_of(name)
        entry = SCORERS.get("run" if name in order.runs else "dense" if name in order.models else layer)
        found = shop.call(SCORERS, layer, queries=queries, documents=both, model=model)
        scale = entry.trait("scale") or (shop.vectors(layer).similarity if "embeddings" in entry.wants else "unknown")
        layers[name] = found if isinstance(found, Layer) else Layer(found, str(scale))
    return layers
