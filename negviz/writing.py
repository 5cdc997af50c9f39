"""Writing beside and renaming: whatever is written appears whole or not at all."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from negviz.errors import DataError

MANIFEST = "manifest.json"


@contextmanager
def written_beside(target: Path) -> Iterator[Path]:
    """Give a new folder next to the target; on success it takes the target's place, on failure it vanishes.

    A crash leaves the old content or nothing, never a part.

    Raises:
        DataError: If the target exists and is not a folder that negviz wrote (or an empty one).
    """
    target = Path(target)
    check_folder(target)
    with _readable_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            yield beside
            beside.chmod(0o755)
            _replace_folder(beside, target)
        finally:
            shutil.rmtree(beside, ignore_errors=True)


@contextmanager
def _readable_errors(target: Path) -> Iterator[None]:
    """Say in one sentence that a place cannot be written: no permission, no space left, a file where a folder is."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{target} could not be written ({error.strerror or error}); see to the place or name another."
        ) from error


def check_folder(target: Path) -> None:
    """See, before long work, whether a folder may be written at a place.

    Raises:
        DataError: If a file is there, or a folder with files that negviz did not write.
    """
    target = Path(target)
    _refuse_odd_name(target)
    if target.is_dir() and any(target.iterdir()) and not _is_ours(target):
        raise DataError(
            f"The folder {target} holds files that negviz did not write, so it is left alone; name another folder."
        )
    if target.exists() and not target.is_dir():
        raise DataError(f"{target} is a file, but a folder is to be written there; name another place.")
    above = next(folder for folder in target.absolute().parents if folder.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        reason = "may not be written to" if above.is_dir() else "is a file"
        raise DataError(f"{target} cannot be written, because {above} {reason}; name another place.")


def _refuse_odd_name(target: Path) -> None:
    """Arrow can only open files whose names are UTF-8."""
    try:
        str(target).encode()
    except UnicodeEncodeError:
        raise DataError(
            f"The name {str(target)!a} is not UTF-8, so nothing can be written there; name another."
        ) from None


def _is_ours(folder: Path) -> bool:
    """Whether negviz wrote a folder; a ``manifest.json`` alone does not say so, web sites have one too."""
    try:
        return "negviz" in dict(json.loads((folder / MANIFEST).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return False


def _replace_folder(new: Path, target: Path) -> None:
    """Put a folder in the place of another; the old one is moved aside first and removed last."""
    if not target.exists():
        new.rename(target)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent)) / "old"
    target.rename(aside)
    try:
        new.rename(target)
    except OSError:
        aside.rename(target)
        raise
    finally:
        shutil.rmtree(aside.parent, ignore_errors=True)


@contextmanager
def file_written_beside(target: Path) -> Iterator[Path]:
    """Give a path next to the target; on success the file there takes the target's place."""
    target = Path(target)
    _refuse_odd_name(target)
    if target.is_dir():
        raise DataError(f"{target} is a folder, but a file is to be written there; name a file.")
    with _readable_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=target.suffix, dir=target.parent)
        os.close(handle)
        beside = Path(name)
        try:
            yield beside
            beside.chmod(0o644)
            with beside.open("rb+") as file:
                os.fsync(file.fileno())
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
