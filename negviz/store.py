"""Store: datasets, pools and selections on disk; written beside and renamed, opened by memory mapping."""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from negviz import __version__
from negviz.dataset import Dataset, Judgments, Problem
from negviz.embeddings import Embeddings
from negviz.errors import DataError
from negviz.pool import Pool
from negviz.selection_file import read_selection, save_selection, selection_table
from negviz.writing import MANIFEST, written_beside

__all__ = ["open_pool", "read_selection", "save_pool", "save_selection", "selection_table"]

POOL_VERSION = 2
Arrays = dict[str, npt.NDArray[Any]]


def save_pool(pool: Pool, folder: Path) -> None:
    """Write a pool with its dataset as a folder of ``.npy`` and Arrow files and a JSON manifest."""
    with written_beside(folder) as beside:
        _write_dataset(pool.dataset, beside)
        layers = _layers(pool)
        files = {name: f"{place:03d}.npy" for place, name in enumerate(layers)}
        for name, array in layers.items():
            _put(array, beside / files[name])
        manifest = {
            "negviz": __version__,
            "version": POOL_VERSION,
            "fingerprint": pool.fingerprint,
            "dataset_fingerprint": pool.dataset.fingerprint,
            "layers": files,
            "scales": dict(pool.scales),
            "origin": dict(pool.origin),
            "dataset": about_dataset(pool.dataset),
            "embeddings": _about_embeddings(pool.embeddings),
        }
        (beside / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1), "utf-8")


def _put(array: npt.NDArray[Any], path: Path) -> None:
    """Write an array, or give its file a second name where it is one: vectors of many documents need not be copied."""
    whole = _file_of(array)
    if whole is not None:
        with contextlib.suppress(OSError):  # another disk, or one that knows no second names
            os.link(whole, path)
            return
    np.save(path, np.ascontiguousarray(array), allow_pickle=False)


def _file_of(array: npt.NDArray[Any]) -> Path | None:
    """File that an array is mapped from, whole and as it is; None where it is in memory or a part of a file."""
    if not isinstance(array, np.memmap) or array.filename is None or not array.flags.c_contiguous:
        return None
    path = Path(str(array.filename))
    if path.suffix != ".npy" or not path.is_file():
        return None
    stored = np.load(path, mmap_mode="r", allow_pickle=False)
    return path if (stored.dtype, stored.shape) == (array.dtype, array.shape) else None


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


def about_dataset(dataset: Dataset) -> dict[str, Any]:
    """What is known of a dataset besides its texts and judgments, as JSON has it."""
    return {
        "name": dataset.name,
        "format": dataset.format,
        "facts": dataset.facts,
        "problems": [[problem.file, problem.line, problem.kind, problem.message] for problem in dataset.problems],
    }


def told_of(about: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of ``about_dataset``: arguments of ``Dataset``."""
    return {**about, "problems": tuple(Problem(*row) for row in about["problems"])}


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
    judged = {
        kind: Judgments(*(layers[f"judgments:{kind}"][row] for row in range(3)))
        for kind in ("positives", "given", "held_out")
    }
    given: dict[str, Any] = {**told_of(manifest["dataset"]), **tables, **judged}
    dataset = Dataset(**given)
    dataset.__dict__["fingerprint"] = manifest["dataset_fingerprint"]
    return dataset
