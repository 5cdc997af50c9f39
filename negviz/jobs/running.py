"""Running a job: stage after stage by an engine; what is there already is not made again."""

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from negviz.arrays import PAD
from negviz.block_files import Files
from negviz.budget import DEFAULT_MEMORY
from negviz.dataset import Dataset
from negviz.engines import Engine, never
from negviz.errors import CancelledError, DataError
from negviz.jobs import tasks
from negviz.jobs.job import CODES, JUDGED, PLAN, SIDES, Job, codes_name, open_job, run_name
from negviz.jobs.plan import Plan
from negviz.jobs.tasks import Piece
from negviz.mine import Mined, Order, Progress, origin_of, pool_of, silent
from negviz.pool import Pool
from negviz.store import about_dataset, save_pool
from negviz.workplace import delivered, is_remote, local_path


class Stage(NamedTuple):
    """Blocks of one kind, none of which needs another.

    Attributes:
        title: For people.
        work: What makes a block.
        pieces: The blocks, each with the name of the file that says that it is done.
    """

    title: str
    work: Callable[[Piece], int]
    pieces: list[tuple[Piece, str]]


def run_job(
    dataset: Dataset,
    plan: Plan,
    place: str,
    *,
    engine: Engine,
    memory: int = DEFAULT_MEMORY,
    progress: Progress = silent,
    cancelled: Callable[[], bool] = never,
) -> Job:
    """Mine in blocks; a job that was begun at the place goes on.

    Args:
        dataset: What is mined.
        plan: What is asked for, and in which blocks; a job that was begun keeps to its own blocks.
        place: Folder or address that all workers reach.
        engine: What runs the blocks.
        memory: Bytes that a worker may take beyond what it maps from disk.
        progress: Told (stage, done, total).
        cancelled: Asked between blocks.

    Returns:
        The job, whose blocks are all there; see ``pool_of_job``.

    Raises:
        DataError: If the place holds another job or cannot be written.
        CancelledError: If ``cancelled`` said so; what was finished is kept.
        NegvizError: Whatever a block refuses.
    """
    job = begin(dataset, plan, place)
    for stage in stages(job):
        _run(job, stage, engine, memory, progress, cancelled)
    return job


def begin(dataset: Dataset, wanted: Plan, place: str) -> Job:
    """Write down what is to be made, or find what was begun."""
    if not is_remote(place):
        place = str(local_path(place).absolute())  # workers have working directories of their own
    files = Files(place)
    if files.exists(PLAN):
        there = Plan.from_json(files.path(PLAN).read_text("utf-8"), place)
        if not there.same_as(wanted):
            raise DataError(
                f"{place} holds another job (of other data, or with other settings); name another place with --work, "
                "or remove it."
            )
        return open_job(place)
    if files.names(""):
        raise DataError(f"{place} holds files that are no job of negviz, so it is left alone; name another place.")
    _write_data(dataset, wanted.order, files)
    files.write(PLAN, Path.write_text, wanted.to_json(), "utf-8")
    open_job.cache_clear()
    return open_job(place)


def _write_data(dataset: Dataset, order: Order, files: Files) -> None:
    for side in SIDES:
        table: pa.Table = getattr(dataset, side)
        files.write(f"data/{side}.arrow", _write_table, table)
    for kind in JUDGED:
        judged = getattr(dataset, kind)
        rows = np.stack([judged.queries, judged.documents, judged.grades])
        files.write(f"data/{kind}.npy", tasks.save, rows)
    files.write("data/about.json", Path.write_text, json.dumps(about_dataset(dataset), ensure_ascii=False), "utf-8")
    for name, run in order.runs.items():
        files.write(run_name(name, run), Path.write_bytes, Path(run).read_bytes())


def _write_table(path: Path, table: pa.Table) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def stages(job: Job) -> Iterator[Stage]:
    """Everything that is to be done, in order."""
    plan, place = job.plan, job.files.place
    shards, blocks = plan.shards(), plan.blocks()
    coded = [(Piece(place, rows=shard), codes_name(shard)) for shard in shards]
    yield Stage("comparing texts", tasks.codes, coded)
    yield Stage("gathering what was compared", tasks.gather_codes, [(Piece(place), CODES)])
    if plan.encoders:
        opened = [(Piece(place, name), tasks.about_name(job, name)) for name in plan.encoders]
        yield Stage("opening encoders", tasks.about, opened)
    for encoder in plan.encoders:
        for side, work in zip(SIDES, (tasks.encode_queries, tasks.encode_documents), strict=True):
            texts = [
                (Piece(place, encoder, rows), tasks.encoded_name(job, encoder, side, rows)) for rows in plan.texts(side)
            ]
            yield Stage(f"encoding {side} with {encoder}", work, texts)
        whole = [(Piece(place, encoder), tasks.whole_name(job, encoder, "documents"))]
        yield Stage(f"gathering vectors of {encoder}", tasks.gather_vectors, whole)
    yield Stage("finding alike queries", tasks.siblings, [(Piece(place), "siblings.npy")])
    if plan.by_words():
        counted = [(Piece(place, rows=shard), f"lexical/counts/{shard.number:05d}.parquet") for shard in shards]
        yield Stage("counting words", tasks.count, counted)
        yield Stage("adding counts", tasks.add_counts, [(Piece(place), "lexical/counts.parquet")])
        indexed = [(Piece(place, rows=shard), f"lexical/{shard.number:05d}/complete.json") for shard in shards]
        yield Stage("indexing words", tasks.index, indexed)
    for layer in plan.layers():
        work = tasks.search_words if layer == "bm25" else tasks.search_vectors
        searched = [
            (Piece(place, layer, shard, block), tasks.found_name(layer, block, shard))
            for shard in plan.parts_of(layer)
            for block in blocks
        ]
        yield Stage(f"retrieving: {layer}", work, searched)
    yield Stage("scoring", tasks.finish, [(Piece(place, queries=block), tasks.block_name(block)) for block in blocks])


def _run(
    job: Job,
    stage: Stage,
    engine: Engine,
    memory: int,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> None:
    left = _left(job, stage)
    done = len(stage.pieces) - len(left)
    progress(stage.title, done, len(stage.pieces))
    if cancelled():
        raise CancelledError("The job was stopped; start it again with the same options and it goes on.")
    for _ in engine.run(stage.work, left, memory=memory, cancelled=cancelled):
        done += 1
        progress(stage.title, done, len(stage.pieces))


def _left(job: Job, stage: Stage) -> list[Piece]:
    """Blocks that are not there yet; of many a folder is asked once."""
    if len(stage.pieces) == 1:
        return [piece for piece, name in stage.pieces if not job.files.exists(name)]
    there = job.files.names(stage.pieces[0][1].split("/")[0])
    return [piece for piece, name in stage.pieces if name not in there]


def pool_of_job(job: Job, scratch: Path) -> Pool:
    """The pool that a finished job made; its arrays are put together on disk, block by block.

    Args:
        job: Whose blocks are all there.
        scratch: An empty folder on the disk where the pool will be stored, so that it need not be copied there.
    """
    queries, positives = job.labelled
    mined = _together(job, scratch)
    facts = tasks.read_block(job, job.plan.blocks()[0])[1]
    shop = job.shop
    shop.facts.update(facts)
    name = job.plan.order.encoder
    vectors = job.embeddings(name) if name in job.plan.encoders else None
    return pool_of(job.dataset, queries, positives, mined, origin_of(shop, vectors, mined), vectors)


def _together(job: Job, scratch: Path) -> Mined:
    """All blocks one below the other, as wide as the widest, as arrays mapped from files."""
    blocks = job.plan.blocks()
    first, _ = tasks.read_block(job, blocks[0])
    width = max(tasks.width_of(job, block) for block in blocks)
    fillings = {"documents": PAD, "ranks": PAD, "scores": np.nan, "flags": 0}
    made: dict[str, Any] = {}
    for place, (key, array) in enumerate(tasks.named(first).items()):
        group = key.partition(":")[0]
        columns = array.shape[1] if group == "positive_scores" else width
        whole = np.lib.format.open_memmap(
            scratch / f"{place:03d}.npy", mode="w+", dtype=array.dtype, shape=(job.plan.labelled, columns)
        )
        if group in fillings:
            whole[:] = fillings[group]
        made[key] = whole
    for block in blocks:
        for key, array in tasks.named(tasks.read_block(job, block)[0]).items():
            made[key][block.start : block.stop, : array.shape[1]] = array
    for array in made.values():
        array.flush()
    mapped = {key: np.load(array.filename, mmap_mode="r") for key, array in made.items()}
    return tasks.mined_of(mapped, first.scales)


def save_pool_of(job: Job, out: str) -> dict[str, Any]:
    """Store the pool that a finished job made, and say what is in it.

    Args:
        job: Whose blocks are all there.
        out: Folder or address of the pool.
    """
    with delivered(out) as target:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as scratch:
            made = pool_of_job(job, Path(scratch))
            save_pool(made, target)
            return made.summary()
