"""Store: datasets, pools and selections on disk; written beside and renamed, opened by memory mapping."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml

from negviz import __version__
from negviz.arrays import Ints
from negviz.dataset import Dataset, Judgments, Problem
from negviz.embeddings import Embeddings
from negviz.errors import DataError, RecipeError
from negviz.pool import Pool
from negviz.recipe import recipe_of
from negviz.select import source_pool
from negviz.selection import ABSENT, NOT_REFUSED, Selection, taken_columns
from negviz.writing import MANIFEST, file_written_beside, written_beside

POOL_VERSION = 2
SELECTION_KEY = b"negviz"
Arrays = dict[str, npt.NDArray[Any]]


def save_pool(pool: Pool, folder: Path) -> None:
    """Write a pool with its dataset as a folder of ``.npy`` and Arrow files and a JSON manifest."""
    with written_beside(folder) as beside:
        _write_dataset(pool.dataset, beside)
        layers = _layers(pool)
        files = {name: f"{place:03d}.npy" for place, name in enumerate(layers)}
        for name, array in layers.items():
            np.save(beside / files[name], np.ascontiguousarray(array), allow_pickle=False)
        manifest = {
            "negviz": __version__,
            "version": POOL_VERSION,
            "fingerprint": pool.fingerprint,
            "dataset_fingerprint": pool.dataset.fingerprint,
            "layers": files,
            "scales": dict(pool.scales),
            "origin": dict(pool.origin),
            "dataset": _about(pool.dataset),
            "embeddings": _about_embeddings(pool.embeddings),
        }
        (beside / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1), "utf-8")


def _layers(pool: Pool) -> Arrays:
    layers: Arrays = {
        "queries": pool.queries,
        "documents": pool.documents,
        "positives": pool.positives,
        "flags": pool.flags,
    }
    layers |= {f"rank:{name}": array for name, array in pool.ranks.items()}
    layers |= {f"score:{name}": array for name, array in pool.scores.items()}
    layers |= {f"positive score:{name}": array for name, array in pool.positive_scores.items()}
    if pool.embeddings is not None:
        layers |= {"vectors:queries": pool.embeddings.queries, "vectors:documents": pool.embeddings.documents}
    for kind in ("positives", "given", "held_out"):
        judged: Judgments = getattr(pool.dataset, kind)
        table = np.stack([judged.queries, judged.documents, judged.grades])
        layers[f"judgments:{kind}"] = table
    return layers


def _about_embeddings(embeddings: Embeddings | None) -> dict[str, Any] | None:
    if embeddings is None:
        return None
    names = ("similarity", "encoder", "identity")
    return {name: getattr(embeddings, name) for name in names}


def _about(dataset: Dataset) -> dict[str, Any]:
    return {
        "name": dataset.name,
        "format": dataset.format,
        "facts": dataset.facts,
        "problems": [[problem.file, problem.line, problem.kind, problem.message] for problem in dataset.problems],
    }


def _write_dataset(dataset: Dataset, folder: Path) -> None:
    for name, table in (("queries", dataset.queries), ("documents", dataset.documents)):
        with pa.OSFile(str(folder / f"{name}.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)


def open_pool(folder: Path) -> Pool:
    """Open a stored pool by memory mapping; takes milliseconds whatever its size.

    Raises:
        DataError: If the folder is not a pool, or a file of it is missing or damaged.
    """
    folder = Path(folder)
    manifest = _read_manifest(folder)
    try:
        layers = {
            name: np.load(folder / Path(file).name, mmap_mode="r", allow_pickle=False)
            for name, file in manifest["layers"].items()
        }
        dataset = _read_dataset(folder, manifest, layers)
        return Pool(
            dataset=dataset,
            queries=layers["queries"],
            documents=layers["documents"],
            ranks=_group(layers, "rank:"),
            scores=_group(layers, "score:"),
            positives=layers["positives"],
            positive_scores=_group(layers, "positive score:"),
            flags=layers["flags"],
            scales=manifest["scales"],
            origin=manifest["origin"],
            embeddings=_read_embeddings(manifest, layers),
            stored_fingerprint=manifest["fingerprint"],
        )
    except (KeyError, TypeError, AttributeError, EOFError, ValueError, OSError, pa.ArrowInvalid) as error:
        raise DataError(
            f"The pool in {folder} is damaged ({type(error).__name__}: {error}); build it again with 'negviz pool'."
        ) from None


def _read_embeddings(manifest: Mapping[str, Any], layers: Arrays) -> Embeddings | None:
    about = manifest["embeddings"]
    return Embeddings(layers["vectors:queries"], layers["vectors:documents"], **about) if about else None


def _group(layers: Arrays, prefix: str) -> Arrays:
    return {name.removeprefix(prefix): array for name, array in layers.items() if name.startswith(prefix)}


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        raise DataError(
            f"{folder} is not a pool (it has no {MANIFEST}); make one with 'negviz pool DATA --out {folder}'."
        )
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise DataError(f"{path} is not readable JSON; build the pool again with 'negviz pool'.") from None
    if not isinstance(manifest, dict) or "layers" not in manifest:
        raise DataError(
            f"{folder} is not a pool (its {MANIFEST} describes something else); name a folder of 'negviz pool'."
        )
    if manifest.get("version") != POOL_VERSION:
        raise DataError(
            f"The pool in {folder} has version {manifest.get('version')}, this negviz reads version {POOL_VERSION}; "
            "build it again with 'negviz pool'."
        )
    return manifest


def _read_dataset(folder: Path, manifest: Mapping[str, Any], layers: Arrays) -> Dataset:
    tables = {
        name: pa.ipc.open_file(pa.memory_map(str(folder / f"{name}.arrow"))).read_all()
        for name in ("queries", "documents")
    }
    about = manifest["dataset"]
    judged = {
        kind: Judgments(*(layers[f"judgments:{kind}"][row] for row in range(3)))
        for kind in ("positives", "given", "held_out")
    }
    dataset = Dataset(
        name=about["name"],
        format=about["format"],
        problems=tuple(Problem(*row) for row in about["problems"]),
        facts=about["facts"],
        **tables,
        **judged,
    )
    dataset.__dict__["fingerprint"] = manifest["dataset_fingerprint"]
    return dataset


def selection_table(selection: Selection) -> pa.Table:
    """A row for each candidate: ids, rank, a column a scorer, weight, taken, refused_by; queries in order, best first.

    The recipe, the stages and the fingerprints travel in the table's metadata.
    """
    pool = selection.pool
    rank = pool.rank(selection.recipe.scorer)
    order = np.argsort(np.where(pool.present, rank, np.iinfo(np.int32).max), axis=1, kind="stable")
    rows = np.repeat(np.arange(len(pool)), pool.depth).reshape(order.shape)
    present = np.take_along_axis(pool.present, order, axis=1)
    rows, columns = rows[present], order[present]
    query_ids = pool.dataset.queries["id"].take(pa.array(pool.queries[rows]))
    document_ids = pool.dataset.documents["id"].take(pa.array(pool.documents[rows, columns]))
    data: dict[str, Any] = {"query_id": query_ids, "document_id": document_ids, "rank": rank[rows, columns]}
    for scorer, scores in pool.scores.items():
        values = scores[rows, columns]
        data[_column(scorer, data)] = pa.array(values, mask=~np.isfinite(values))
    data["weight"] = selection.weights[rows, columns]
    data["taken"] = selection.taken[rows, columns]
    if selection.recipe.underfill == "pad":
        data["backfilled"] = selection.backfilled[rows, columns]
    if pool.dataset.synthetic_ids:
        data["synthetic"] = pc.is_in(document_ids, pa.array(sorted(pool.dataset.synthetic_ids), document_ids.type))
    names = pa.array(selection.stages, pa.string())
    codes = selection.reasons[rows, columns].astype(np.int32)
    data["refused_by"] = names.take(pa.array(np.maximum(codes, 0), mask=codes < 0)) if len(names) else None
    about = {
        "recipe": selection.recipe.to_dict(),
        "stages": list(selection.stages),
        "pool": pool.fingerprint,
        "selection": selection.fingerprint,
        "summary": selection.summary(),
        "negviz": __version__,
    }
    table = pa.table(data)
    return table.replace_schema_metadata({SELECTION_KEY: json.dumps(about, ensure_ascii=False).encode()})


RESERVED = ("query_id", "document_id", "rank", "weight", "taken", "backfilled", "synthetic", "refused_by")


def _column(scorer: str, taken: Mapping[str, Any]) -> str:
    """Name of a scorer's column; a run file called 'rank' must not hide ours."""
    return f"score_{scorer}" if scorer in RESERVED or scorer in taken else scorer


def save_selection(selection: Selection, path: Path) -> None:
    """Write a selection as Parquet."""
    with file_written_beside(path) as beside:
        pq.write_table(selection_table(selection), beside, compression="zstd")


def read_selection(path: Path, pool: Pool) -> Selection:
    """Read a selection back onto the pool that it was made from.

    Raises:
        DataError: If the file is missing, is not a selection, or was made from another pool.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"There is no selection file {path}; make one with 'negviz select POOL --out {path}'.")
    try:
        table = pq.read_table(path)
        about = json.loads((table.schema.metadata or {})[SELECTION_KEY])
        recipe = recipe_of(about["recipe"])
    except (pa.ArrowInvalid, KeyError, json.JSONDecodeError, RecipeError, OSError, yaml.YAMLError):
        raise DataError(
            f"{path} is not a selection of negviz; make one with 'negviz select POOL --out {path}'."
        ) from None
    pool = source_pool(pool, recipe)
    if about["pool"] != pool.fingerprint:
        raise DataError(
            f"{path} was made from another pool (fingerprint {about['pool'][:8]}, this pool's is "
            f"{pool.fingerprint[:8]}); select again from this pool."
        )
    rows, columns = _cells(table, pool)
    stages = tuple(about["stages"])
    weights = np.zeros(pool.documents.shape)
    weights[rows, columns] = table["weight"].to_numpy()
    reasons = np.where(pool.present, NOT_REFUSED, ABSENT).astype(np.int8)
    codes = {stage: code for code, stage in enumerate(stages)}
    names = table["refused_by"].to_pylist()
    reasons[rows, columns] = [NOT_REFUSED if name is None else codes[name] for name in names]
    taken = np.zeros(pool.documents.shape, dtype=bool)
    taken[rows, columns] = table["taken"].to_numpy()
    padding = np.zeros(pool.documents.shape, dtype=bool)
    if "backfilled" in table.column_names:
        padding[rows, columns] = table["backfilled"].to_numpy()
    chosen = taken_columns(taken, pool.rank(recipe.scorer), recipe.count)
    return Selection(pool, recipe, weights, reasons, chosen, stages, padding)


def _cells(table: pa.Table, pool: Pool) -> tuple[Ints, Ints]:
    """Cell of the pool of every row of a selection table."""
    query_rows = {query: place for place, query in enumerate(pool.dataset.query_id(row) for row in pool.queries)}
    document_rows = {name: row for row, name in enumerate(pool.dataset.document_ids)}
    rows = np.array([query_rows[name] for name in table["query_id"].to_pylist()], dtype=np.int64)
    wanted = np.array([document_rows[name] for name in table["document_id"].to_pylist()], dtype=np.int64)
    stride = np.int64(len(pool.dataset.document_ids) + 1)
    cells = np.where(pool.present, pool.documents, stride - 1) + np.arange(len(pool))[:, None] * stride
    columns = np.searchsorted(cells.ravel(), wanted + rows * stride) - rows * pool.depth
    return rows.astype(np.int32), columns.astype(np.int32)
