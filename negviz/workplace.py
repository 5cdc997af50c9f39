"""Places of files: a folder of this machine, or whatever fsspec opens (s3://, gs://, memory://)."""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from negviz.errors import DataError, MissingInputError
from negviz.writing import check_folder

Place = str | Path
FETCHED = "fetched"
REMOTE = "://"


def is_remote(place: Place) -> bool:
    """Whether a place is not a path of this machine: it has a protocol, and that is not ``file``."""
    text = str(place)
    return REMOTE in text and not text.startswith("file://")


def local_path(place: Place) -> Path:
    """Path of a place on this machine."""
    return Path(str(place).removeprefix("file://"))


def opened(place: Place) -> tuple[Any, str]:
    """File system of a place and the path in it.

    Raises:
        MissingInputError: If the protocol is unknown or its library is not installed.
        DataError: If the place cannot be reached.
    """
    import fsspec

    text = str(place)
    try:
        system, path = fsspec.core.url_to_fs(text)
    except ImportError as error:
        raise MissingInputError(f"{text} needs a library that is not installed: {error}.") from None
    except ValueError as error:
        raise MissingInputError(f"{text} could not be opened: {error}; give a folder, s3://… or gs://….") from None
    return system, str(path)


@contextlib.contextmanager
def reachable(place: Place) -> Iterator[None]:
    """Say in one sentence that a place cannot be read or written."""
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"There is nothing at {place}; see to the spelling.") from None
    except (OSError, PermissionError) as error:
        raise DataError(f"{place} could not be reached ({error}); see to the place and your rights to it.") from error
    except Exception as error:  # every protocol's library has errors of its own
        if type(error).__module__.startswith("negviz"):
            raise
        raise DataError(f"{place} could not be reached ({type(error).__name__}: {error}); see to the place.") from error


def fetched(place: Place, home: Path) -> Path:
    """A file or folder as a path of this machine; a remote one is copied once for each of its states.

    Args:
        place: Where it is.
        home: Folder whose ``fetched`` part keeps the copies.

    Raises:
        DataError: If there is nothing, or it cannot be reached.
    """
    if not is_remote(place):
        return local_path(place)
    with reachable(place):
        system, path = opened(place)
        state = _state(system, path)
        kept = home / FETCHED / state / (path.rstrip("/").rsplit("/", 1)[-1] or "root")
        if kept.exists():
            return kept
        kept.parent.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".fetching-", dir=kept.parent.parent))
        try:
            system.get(path, str(beside / kept.name), recursive=system.isdir(path))
            with contextlib.suppress(FileExistsError, OSError):  # another process was faster, with the same bytes
                beside.rename(kept.parent)
            if not kept.exists():
                raise DataError(f"{place} was fetched, but {kept} is not there; see to the space on this disk.")
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        return kept


def _state(system: Any, path: str) -> str:
    """Digest of what a file or folder is made of: names, sizes and whatever the store says of the content."""
    system.invalidate_cache()
    if not system.exists(path):
        raise FileNotFoundError(path)
    found = system.find(path, detail=True) if system.isdir(path) else {path: system.info(path)}
    marks = ("size", "ETag", "etag", "mtime", "LastModified", "created", "md5Hash")
    facts = [[str(name), *(str(about.get(mark)) for mark in marks)] for name, about in sorted(found.items())]
    where = getattr(system, "protocol", "")
    return hashlib.blake2b(json.dumps([where, path, facts]).encode(), digest_size=12).hexdigest()


@contextlib.contextmanager
def delivered(place: Place) -> Iterator[Path]:
    """Give a path to write a file or folder to; a remote place gets it at the end, whole, manifest last.

    Nothing is sent where the work fails.
    """
    if not is_remote(place):
        yield local_path(place)
        return
    system, path = opened(place)
    with tempfile.TemporaryDirectory(prefix="negviz-") as folder:
        written = Path(folder) / (path.rstrip("/").rsplit("/", 1)[-1] or "root")
        yield written
        with reachable(place):
            _send(system, written, path.rstrip("/"))


def _send(system: Any, written: Path, path: str) -> None:
    """Files first and their manifest last, so that a folder which was not sent whole is not taken for one that was."""
    if written.is_file():
        system.put_file(str(written), path)
        return
    if system.exists(path):
        system.rm(path, recursive=True)
    files = sorted(each for each in written.rglob("*") if each.is_file())
    for each in sorted(files, key=lambda file: file.name == "manifest.json"):
        target = f"{path}/{each.relative_to(written).as_posix()}"
        system.makedirs(target.rsplit("/", 1)[0], exist_ok=True)
        system.put_file(str(each), target)


def node_folder() -> Path:
    """Folder of this machine where a worker keeps copies of what it reads often; ``NEGVIZ_NODE`` names another."""
    return Path(os.environ.get("NEGVIZ_NODE") or Path(tempfile.gettempdir()) / f"negviz-{os.getuid()}")


def check_out(place: Place) -> None:
    """See, before long work, whether a folder may be written at a place.

    Raises:
        DataError: If not; see ``writing.check_folder``. Of a remote place only that its protocol is known is seen.
        MissingInputError: If the protocol is unknown or its library is not installed.
    """
    if is_remote(place):
        opened(place)
    else:
        check_folder(local_path(place))
