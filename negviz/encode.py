"""Embedding a dataset: each distinct text once, in blocks that survive a stop, under a key that knows the model."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from negviz import blocks
from negviz.arrays import Scores
from negviz.dataset import Dataset
from negviz.embeddings import Embeddings, Similarity
from negviz.encoders import ENCODERS
from negviz.encoders._adapter import AdaptedEncoder, about_adapter, is_adapter
from negviz.encoders._model import Encoder
from negviz.errors import CancelledError, ModelError
from negviz.writing import file_written_beside

Progress = Callable[[str, int, int], None]
Cancelled = Callable[[], bool]
Rows: TypeAlias = npt.NDArray[np.int64]

# Texts of a block, which is what a stop loses: so many that every core has batches to work on until nearly its end.
BLOCK = 256 * max(2, min(os.cpu_count() or 1, 32))
NAME = "encoder.txt"
DOCUMENTS_OF = "documents_of.txt"


def open_encoder(name: str, dataset: Dataset, *, home: Path, over: tuple[Path, ...] = (), **knobs: Any) -> Encoder:
    """Open an encoder by the name of a registered one, by a local folder, or by an id of the Hugging Face Hub.

    A folder may also hold a query adapter that was trained over another encoder, which is opened first.

    Args:
        name: What the person gave.
        dataset: The corpus, for encoders that learn from it.
        home: Where converted models are kept.
        over: Adapters that are opened already and lie over the one that is asked for.
        knobs: Settings of the encoder, as its signature has them.

    Raises:
        ModelError: If there is no such encoder, it cannot be read, or it does not offer the precision.
        RecipeError: If a knob is unknown or its value not allowed.
    """
    registered = name in ENCODERS and name != "huggingface"
    if not registered and is_adapter(Path(name)):
        if Path(name).resolve() in over:
            raise ModelError(f"'{name}' is an adapter that lies over itself, by way of another one; train it again.")
        under = about_adapter(Path(name))["encoder"]
        base = open_encoder(under, dataset, home=home, over=(*over, Path(name).resolve()), **knobs)
        return AdaptedEncoder(name, base, Path(name))
    if not registered and not name.strip():
        raise ModelError("No encoder was named; give 'minilm', 'static', a folder or a Hugging Face id.")
    entry = ENCODERS.get(name if registered else "huggingface")
    if "precision" in knobs and "precision" not in {knob.name for knob in entry.knobs}:
        raise ModelError(f"'{name}' computes in one precision only; name another encoder for the others.")
    given = {key: entry.knob(key).parse(value, entry.name) for key, value in knobs.items()}
    context = {"dataset": dataset, "path": name, "home": home}
    encoder: Encoder = entry.function(**{key: context[key] for key in entry.wants}, **given)
    return encoder


def embed(
    dataset: Dataset,
    encoder: Encoder,
    *,
    home: Path,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Embeddings:
    """Embed a dataset's queries and documents, taking from the cache what was embedded before.

    Args:
        dataset: The texts.
        encoder: The model.
        home: Folder whose ``embeddings`` part is the cache.
        progress: Called with what is being done, the texts done and their total, after each block.
        cancelled: Asked before each block.

    Returns:
        The vectors by row; those of documents may be a memory map.

    Raises:
        CancelledError: If ``cancelled`` said so; finished blocks are kept, and the next call goes on from there.
        ModelError: If the encoder fails or gives vectors of another shape.
    """
    kept = home / "embeddings"
    # A model whose documents are encoded by another one finds the vectors which that one made.
    documents_of = getattr(encoder, "document_identity", encoder.identity)
    queries = _Side("queries", encoder.encode_queries, kept / encoder.identity, encoder, progress, cancelled)
    documents = _Side("documents", encoder.encode_documents, kept / documents_of, encoder, progress, cancelled)
    if documents_of != encoder.identity:
        _leave(kept / encoder.identity / DOCUMENTS_OF, documents_of)
    return Embeddings(
        queries=queries.embed(dataset.query_texts),
        documents=documents.embed(dataset.contents),
        similarity=encoder.similarity,
        encoder=encoder.name,
        identity=encoder.identity,
    )


def _leave(file: Path, text: str) -> None:
    """Write a note once."""
    if not file.is_file():
        with file_written_beside(file) as beside:
            beside.write_text(text, "utf-8")


def encoder_name(identity: str, home: Path) -> str:
    """What people call the encoder whose vectors are kept under an identity; empty where that was not noted."""
    return _note(home / "embeddings" / identity / NAME)


def _note(file: Path) -> str:
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


@dataclass(frozen=True)
class _Side:
    """Queries or documents: how they are encoded, and where their vectors are kept."""

    name: str
    encode: Callable[[Sequence[str]], Scores]
    folder: Path
    encoder: Encoder
    progress: Progress | None
    cancelled: Cancelled | None

    def embed(self, texts: Sequence[str]) -> Scores:
        """Vectors (texts, dims), mapped from disk; a text that occurs twice is encoded once."""
        shape = (len(texts), self.encoder.dims)
        if not len(texts):
            return np.empty(shape, dtype=np.float32)
        folder = self.folder / f"{self.name}-{_digest(texts)}"
        found = _read(folder, "vectors", shape)
        if found is None:
            found = self._encode_all(texts, folder, shape)
        self._report(len(texts), len(texts))
        return found

    def _encode_all(self, texts: Sequence[str], folder: Path, shape: tuple[int, int]) -> Scores:
        """Fill one file block by block, longest texts first, so that a batch holds texts of one length."""
        folder.mkdir(parents=True, exist_ok=True)
        # A folder is called by a digest; its encoder's name is for people.
        _leave(self.folder / NAME, self.encoder.name)
        blocks.sweep(folder)
        wanted = _Distinct.of(texts)
        with blocks.beside(folder) as path:
            vectors = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
            for start in range(0, len(wanted), BLOCK):
                self._report(start, len(wanted))
                chosen = slice(start, start + BLOCK)
                found = self._block([texts[int(row)] for row in wanted.first[chosen]], folder)
                for rows, vector in zip(wanted.rows(chosen), found, strict=True):
                    vectors[rows] = vector
            vectors.flush()
            blocks.place(path, folder, "vectors", vectors)
        for block in folder.glob("block*-*.npy"):
            block.unlink(missing_ok=True)
        kept = _read(folder, "vectors", shape)
        return np.array(vectors) if kept is None else kept

    def _block(self, texts: list[str], folder: Path) -> Scores:
        # Under its texts and not its number: another machine or release may cut the corpus into other blocks.
        stem = f"block{_digest(texts)}"
        shape = (len(texts), self.encoder.dims)
        kept = _read(folder, stem, shape)
        if kept is not None:
            return kept
        if self.cancelled and self.cancelled():
            raise CancelledError(f"Encoding {self.name} was stopped; what was finished is kept for the next time.")
        vectors = np.ascontiguousarray(self.encode(texts), dtype=np.float32)
        if vectors.shape != shape:
            raise ModelError(f"'{self.encoder.name}' gave vectors of shape {vectors.shape}, but {shape} was wanted.")
        blocks.keep(folder, stem, vectors)
        return vectors

    def _report(self, done: int, total: int) -> None:
        if self.progress:
            self.progress(f"Encoding {self.name}", done, total)


@dataclass(frozen=True, eq=False)
class _Distinct:
    """The distinct texts among texts, the longest first; arrays alone, so that a large corpus is not held twice.

    Attributes:
        first: (distinct,) row of each one's first occurrence.
        members: (texts,) all rows, those of one text side by side.
        starts: (distinct,) where the rows of each begin among the members.
        counts: (distinct,) how many there are.
    """

    first: Rows
    members: Rows
    starts: Rows
    counts: Rows

    @classmethod
    def of(cls, texts: Sequence[str]) -> "_Distinct":
        keys, lengths = np.empty((len(texts), 2), dtype=np.uint64), np.empty(len(texts), dtype=np.int64)
        for row, text in enumerate(texts):
            key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
            keys[row] = np.frombuffer(key, dtype="<u8")
            lengths[row] = len(text)
        members = np.lexsort((keys[:, 1], keys[:, 0]))
        is_new = np.ones(len(texts), dtype=bool)
        is_new[1:] = (keys[members[1:]] != keys[members[:-1]]).any(axis=1)
        starts = np.flatnonzero(is_new)
        counts = np.diff(starts, append=len(texts))
        first = members[starts]  # the sort is stable, so that the first row of a text stands first
        order = np.lexsort((first, -lengths[first]))
        return cls(first[order], members, starts[order], counts[order])

    def __len__(self) -> int:
        """Number of distinct texts."""
        return len(self.first)

    def rows(self, chosen: slice) -> Iterator[Rows]:
        """All rows of each of some distinct texts."""
        for start, count in zip(self.starts[chosen], self.counts[chosen], strict=True):
            yield self.members[start : start + count]


def _digest(texts: Sequence[str]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


def _read(folder: Path, stem: str, shape: tuple[int, int]) -> Scores | None:
    """Vectors kept under a stem as a memory map; files that are cut short or altered are removed."""
    for path in sorted(folder.glob(f"{stem}-*.npy")):
        vectors = blocks.read(path, stem)
        if vectors is not None and vectors.dtype == np.float32 and vectors.shape == shape:
            return vectors
        path.unlink(missing_ok=True)
    return None


def stored_embeddings(
    dataset: Dataset, *, encoder: str, identity: str, similarity: Similarity, home: Path
) -> Embeddings | None:
    """Read vectors that were made before, without opening the model that made them.

    Args:
        dataset: The texts.
        encoder: Name of the encoder, for people.
        identity: Identity of the encoder, as a pool's origin has it.
        similarity: Its similarity function.
        home: Folder whose ``embeddings`` part is the cache.

    Returns:
        The vectors by row, None where they are not all there.
    """
    kept = home / "embeddings"
    documents_of = _note(kept / identity / DOCUMENTS_OF) or identity
    queries = _stored_side("queries", dataset.query_texts, kept / identity)
    documents = _stored_side("documents", dataset.contents, kept / documents_of)
    if queries is None or documents is None:
        return None
    return Embeddings(queries, documents, similarity, encoder, identity)


def _stored_side(name: str, texts: Sequence[str], folder: Path) -> Scores | None:
    found = _stored(folder / f"{name}-{_digest(texts)}", len(texts))
    return _stored_once(name, texts, folder) if found is None else found


def _stored(folder: Path, rows: int) -> Scores | None:
    for path in sorted(folder.glob("vectors-*.npy")):
        dims = int(np.load(path, mmap_mode="r", allow_pickle=False).shape[-1])
        vectors = _read(folder, "vectors", (rows, dims))
        if vectors is not None:
            return vectors
    return None


def _stored_once(name: str, texts: Sequence[str], folder: Path) -> Scores | None:
    """Vectors as earlier releases stored them, of distinct texts alone."""
    places: dict[str, int] = {}
    rows = [places.setdefault(text, len(places)) for text in texts]
    if len(places) == len(rows):
        return None
    vectors = _stored(folder / f"{name}-{_digest(list(places))}", len(places))
    return None if vectors is None else vectors[rows]
