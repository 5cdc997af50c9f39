"""Blocks of work: each reads files of the job, and writes one; the same block gives the same bytes wherever it runs."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from negviz.arrays import PAD, Ints, Scores
from negviz.encoders._model import Encoder
from negviz.encoders.static import Static
from negviz.errors import ModelError
from negviz.jobs.job import (
    CODES,
    QUERY_CODES,
    SIDES,
    Job,
    codes_name,
    learnt_name,
    open_job,
    tokenizer_name,
)
from negviz.jobs.plan import SHARE, Span, safe
from negviz.leaks import DocumentCodes, query_codes, sibling_positives
from negviz.lexical import Counts, LexicalIndex, count_words
from negviz.mine import Mined, retrieve_and_score
from negviz.nearest import merged, nearest

# A list of candidates as a file: their rows, and the bits of their scores, which are float32.
Found = tuple[Ints, Scores]
ABOUT = "about"
GROUPS = ("ranks", "scores", "positive_scores")


class Piece(NamedTuple):
    """A block of work.

    Attributes:
        place: Of the job.
        of: Encoder, layer or side that it is about.
        rows: Documents, or texts to encode.
        queries: Queries of the pool.
    """

    place: str
    of: str = ""
    rows: Span = Span(0, 0, 0)
    queries: Span = Span(0, 0, 0)


def codes(piece: Piece) -> int:
    """Codes of a shard's documents, by which leaks are told."""
    job, (_, start, stop) = open_job(piece.place), piece.rows
    found = DocumentCodes.of(job.dataset.documents.slice(start, stop - start), start).to_array()
    job.files.write(codes_name(piece.rows), save, found)
    return stop - start


def encoded_name(job: Job, encoder: str, side: str, rows: Span) -> str:
    """File of a block of vectors."""
    return f"{job.folder_of(encoder)}/{side}/{rows.number:05d}.npy"


def gather_codes(piece: Piece) -> int:
    """Put the codes of all documents together to one file, and those of the queries beside them."""
    job = open_job(piece.place)
    job.files.write(QUERY_CODES, save, query_codes(job.dataset))
    job.files.write(CODES, _concatenate, job, [codes_name(shard) for shard in job.plan.shards()], 1)
    return job.plan.documents


def about_name(job: Job, encoder: str) -> str:
    """File that says what an encoder is."""
    return f"{job.folder_of(encoder)}/about.json"


def about(piece: Piece) -> int:
    """What an encoder is, as the first worker that opens it has it; what it learnt from the corpus is kept."""
    job = open_job(piece.place)
    encoder = job.encoder(piece.of)
    if isinstance(encoder, Static):
        tokenizer, vectors = encoder.learnt()
        job.files.write(tokenizer_name(job, piece.of), Path.write_text, tokenizer, "utf-8")
        job.files.write(learnt_name(job, piece.of), save, vectors)
    text = json.dumps(_facts(encoder), ensure_ascii=False)
    job.files.write(about_name(job, piece.of), Path.write_text, text, "utf-8")
    return 1


def _facts(encoder: Encoder) -> dict[str, str]:
    return {"encoder": encoder.name, "identity": encoder.identity, "similarity": encoder.similarity}


def _same_encoder(job: Job, name: str) -> Encoder:
    """An encoder, if it is what the other workers have.

    Raises:
        ModelError: If its weights, its libraries or its precision are others.
    """
    encoder = job.encoder(name)
    first = json.loads(job.files.path(about_name(job, name)).read_text("utf-8"))
    if _facts(encoder) != first:
        raise ModelError(
            f"A worker's encoder '{name}' is another one ({encoder.backend}) than the job's first worker had (identity "
            f"{first['identity'][:8]}, here {encoder.identity[:8]}); give all machines the same libraries and devices."
        )
    return encoder


def encode_queries(piece: Piece) -> int:
    """Vectors of a block of queries."""
    return _encode(piece, "queries")


def encode_documents(piece: Piece) -> int:
    """Vectors of a block of documents."""
    return _encode(piece, "documents")


def _encode(piece: Piece, side: str) -> int:
    """Encode a block, each distinct text once and long ones first."""
    job, (_, start, stop) = open_job(piece.place), piece.rows
    encoder = _same_encoder(job, piece.of)
    texts = (job.dataset.query_texts if side == "queries" else job.dataset.contents)[start:stop]
    places: dict[str, int] = {}
    of_row = [places.setdefault(text, len(places)) for text in texts]
    distinct = list(places)
    order = sorted(range(len(distinct)), key=lambda place: -len(distinct[place]))
    encode = encoder.encode_queries if side == "queries" else encoder.encode_documents
    vectors = np.empty((len(distinct), encoder.dims), dtype=np.float32)
    if order:
        vectors[order] = encode([distinct[place] for place in order])
    job.files.write(encoded_name(job, piece.of, side, piece.rows), save, vectors[of_row])
    return stop - start


def gather_vectors(piece: Piece) -> int:
    """Put the blocks of an encoder's vectors together to one file, which machines map from their disks."""
    job = open_job(piece.place)
    for side in SIDES:
        names = [encoded_name(job, piece.of, side, rows) for rows in job.plan.texts(side)]
        whole = whole_name(job, piece.of, side)
        job.files.write(whole, _concatenate, job, names)
    return len(job.plan.texts("documents"))


def whole_name(job: Job, encoder: str, side: str) -> str:
    """File of all vectors of an encoder."""
    return f"{job.folder_of(encoder)}/{side}.npy"


def _concatenate(path: Path, job: Job, names: list[str], axis: int = 0) -> None:
    """Write arrays one after the other, along their first or second axis, without holding more than one."""
    parts = [job.array(name) for name in names]
    shape = list(parts[0].shape)
    shape[axis] = sum(part.shape[axis] for part in parts)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file,
            {
                "descr": np.lib.format.dtype_to_descr(parts[0].dtype),
                "fortran_order": False,
                "shape": tuple(shape),
            },
        )
        for row in range(shape[0]) if axis else (slice(None),):
            for part in parts:
                np.ascontiguousarray(part[row]).tofile(file)


def siblings(piece: Piece) -> int:
    """Pairs of a query and the positive of another query that asks the same."""
    job = open_job(piece.place)
    at_hand = job.embeddings(job.plan.order.encoder) if job.plan.order.encoder in job.plan.encoders else None
    found = sibling_positives(job.dataset, at_hand)
    job.files.write("siblings.npy", save, found)
    return len(found)


def count(piece: Piece) -> int:
    """How often words occur in a shard."""
    job, (number, start, stop) = open_job(piece.place), piece.rows
    found = count_words(job.dataset.contents[start:stop])
    job.files.write(f"lexical/counts/{number:05d}.parquet", _save_counts, found)
    return stop - start


def add_counts(piece: Piece) -> int:
    """How often words occur in all shards."""
    job = open_job(piece.place)
    total = Counts(0, 0, {})
    for shard in job.plan.shards():
        total = total.plus(Counts.open(job.files.path(f"lexical/counts/{shard.number:05d}.parquet")))
    job.files.write("lexical/counts.parquet", _save_counts, total)
    return total.documents


def index(piece: Piece) -> int:
    """The lexical index of a shard, with the counts of the whole corpus."""
    job, (number, start, stop) = open_job(piece.place), piece.rows
    made = LexicalIndex(job.dataset.contents[start:stop], job.counts)
    folder = f"lexical/{number:05d}"
    with tempfile.TemporaryDirectory(prefix="negviz-") as beside:
        made.save(Path(beside) / "index")
        written = sorted(path for path in (Path(beside) / "index").iterdir() if path.is_file())
        for path in written:
            job.files.write(f"{folder}/{path.name}", Path.write_bytes, path.read_bytes())
        names = json.dumps([path.name for path in written])
        job.files.write(f"{folder}/complete.json", Path.write_text, names, "utf-8")
    return stop - start


def found_name(layer: str, queries: Span, shard: Span) -> str:
    """File of what a shard has for a block of queries."""
    return f"found/{safe(layer)}/{queries.number:05d}-{shard.number:05d}.npy"


def search_vectors(piece: Piece) -> int:
    """Nearest documents of a shard, by vectors, for a block of queries."""
    job, (_, start, stop) = open_job(piece.place), piece.rows
    encoder = job.plan.encoder_of(piece.of)
    rows = job.labelled[0][piece.queries.start : piece.queries.stop]
    vectors = np.asarray(job.vectors(encoder, "queries")[rows])
    documents = job.vectors(encoder, "documents")[start:stop]
    found = nearest(vectors, documents, job.plan.order.depth, memory=job.plan.memory // SHARE)
    return _keep(job, piece, found)


def search_words(piece: Piece) -> int:
    """Best documents of a shard, by words, for a block of queries."""
    job = open_job(piece.place)
    rows = job.labelled[0][piece.queries.start : piece.queries.stop]
    texts = [job.dataset.query_texts[row] for row in rows]
    return _keep(job, piece, job.index(piece.rows).top(texts, job.plan.order.depth))


def _keep(job: Job, piece: Piece, found: Found) -> int:
    documents, scores = found
    rows = np.where(np.equal(documents, PAD), PAD, documents + piece.rows.start).astype(np.int32)
    bits = np.ascontiguousarray(scores, dtype=np.float32).view(np.int32)
    job.files.write(found_name(piece.of, piece.queries, piece.rows), save, np.stack([rows, bits]))
    return len(rows)


def _list_of(job: Job, layer: str, queries: Span) -> Ints:
    """What all shards have for a block of queries, the best of them."""
    tables = [job.array(found_name(layer, queries, shard)) for shard in job.plan.parts_of(layer)]
    rows = [np.asarray(table[0]) for table in tables]
    scores = [np.asarray(table[1]).view(np.float32) for table in tables]
    return merged(rows, scores, job.plan.order.depth)[0]


def block_name(queries: Span) -> str:
    """File of a block of the pool."""
    return f"blocks/{queries.number:05d}.npz"


def finish(piece: Piece) -> int:
    """A block of the pool: candidates of all retrievers, their scores, and the leaks among them."""
    job, rows = open_job(piece.place), slice(piece.queries.start, piece.queries.stop)
    queries, positives = (array[rows] for array in job.labelled)
    known = {layer: _list_of(job, layer, piece.queries) for layer in job.plan.layers()}
    found, scales = retrieve_and_score(job.shop, queries, positives, known)
    flags = job.guard.flags(queries, found["documents"], positives)
    said = json.dumps({"scales": scales, "facts": job.shop.facts}, ensure_ascii=False)
    arrays = {**named(Mined(**found, flags=flags, scales=scales)), ABOUT: np.array(said)}
    job.files.write(block_name(piece.queries), _save_all, arrays)
    return len(queries)


def named(mined: Mined) -> dict[str, Any]:
    """Arrays of a block, each by one name: ``documents``, ``flags``, ``ranks:dense`` and so on."""
    arrays: dict[str, Any] = {"documents": mined.documents, "flags": mined.flags}
    for group in GROUPS:
        arrays |= {f"{group}:{name}": array for name, array in getattr(mined, group).items()}
    return arrays


def mined_of(arrays: Mapping[str, Any], scales: Mapping[str, str]) -> Mined:
    """The inverse of ``named``."""
    groups: dict[str, dict[str, Any]] = {group: {} for group in GROUPS}
    for key, array in arrays.items():
        group, colon, name = key.partition(":")
        if colon:
            groups[group][name] = array
    return Mined(arrays["documents"], **groups, flags=arrays["flags"], scales=scales)


def read_block(job: Job, queries: Span) -> tuple[Mined, dict[str, Any]]:
    """A block of the pool as it was written, and what the retrievers had to say."""
    with np.load(job.files.path(block_name(queries)), allow_pickle=False) as stored:
        arrays = {key: stored[key] for key in stored.files}
    said = json.loads(str(arrays.pop(ABOUT)))
    return mined_of(arrays, said["scales"]), said["facts"]


def width_of(job: Job, queries: Span) -> int:
    """Most candidates of a query of a block."""
    with np.load(job.files.path(block_name(queries)), allow_pickle=False) as stored:
        return int(stored["documents"].shape[1])


def _save_counts(path: Path, counts: Counts) -> None:
    counts.save(path)


def save(path: Path, array: Any) -> None:
    """Write an array."""
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def _save_all(path: Path, arrays: Mapping[str, Any]) -> None:
    with path.open("wb") as file:
        np.savez(file, **arrays)
