"""Blocks: arrays kept on disk under names that carry the digest of their content; what was finished survives a stop."""

import contextlib
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

STALE_SECONDS = 86_400


@contextlib.contextmanager
def beside(folder: Path) -> Iterator[Path]:
    """A file of our own in the folder, gone at the end unless it was moved to its place."""
    handle, name = tempfile.mkstemp(prefix="writing-", suffix=".npy", dir=folder)
    os.close(handle)
    path = Path(name)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def place(path: Path, folder: Path, stem: str, array: npt.NDArray[Any]) -> Path:
    """Move a written file to its name, which carries the digest of its content, once the disk has it."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    return path.replace(folder / f"{stem}-{content_digest(array)}.npy")


def keep(folder: Path, stem: str, array: npt.NDArray[Any]) -> Path:
    """Write an array under a stem, whole or not at all."""
    with beside(folder) as path:
        np.save(path, array, allow_pickle=False)
        return place(path, folder, stem, array)


def read(path: Path, stem: str) -> npt.NDArray[Any] | None:
    """The array of a file as a memory map; None where the file is gone, cut short or altered."""
    try:
        array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        return array if path.stem == f"{stem}-{content_digest(array)}" else None
    except (ValueError, OSError, EOFError):
        return None


def content_digest(array: npt.NDArray[Any]) -> str:
    """Digest of an array's values; 32 hexadecimal digits."""
    flat = np.ascontiguousarray(array).reshape(-1)
    return hashlib.blake2b(flat.view(np.uint8).data, digest_size=16).hexdigest()


def sweep(folder: Path) -> None:
    """Remove what a killed run left half written; a run at work touches its files far more often."""
    for path in folder.glob("writing-*.npy"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > STALE_SECONDS:
                path.unlink(missing_ok=True)
