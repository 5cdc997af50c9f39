"""Files of blocks: whole or not there, written once, wherever fsspec reaches."""

import contextlib
import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from negviz.errors import DataError
from negviz.workplace import is_remote, local_path, node_folder, opened, reachable


@dataclass(frozen=True)
class Files:
    """The folder of a job, on this machine or remote.

    A file appears whole under its name, and the first one that appears stays: a task that runs twice, or two copies of
    it at once, write once. A remote file is read from a copy that this machine keeps while the job is there.

    Attributes:
        place: Folder or address of the job.
    """

    place: str

    @cached_property
    def _system(self) -> tuple[Any, str]:
        system, root = opened(self.place)
        return system, root.rstrip("/")

    @cached_property
    def _kept(self) -> Path:
        """Where this machine keeps copies of the job's files."""
        return node_folder() / "jobs" / hashlib.blake2b(self.place.encode(), digest_size=12).hexdigest()

    def exists(self, name: str) -> bool:
        """Whether a file was written."""
        if not is_remote(self.place):
            return (local_path(self.place) / name).exists()
        system, root = self._system
        with reachable(self.place):
            return bool(system.exists(f"{root}/{name}"))

    def names(self, folder: str) -> set[str]:
        """Names of all files that were written into a folder of the job; asked once instead of for each file."""
        if not is_remote(self.place):
            above = local_path(self.place)
            found = (above / folder).rglob("*") if (above / folder).is_dir() else []
            return {path.relative_to(above).as_posix() for path in found if not path.name.startswith(".")}
        system, root = self._system
        system.invalidate_cache()
        with reachable(self.place):
            paths = system.find(f"{root}/{folder}") if system.exists(f"{root}/{folder}") else []
        return {str(path).split(f"{root}/", 1)[1] for path in paths}

    def write(self, name: str, save: Callable[..., object], *given: Any) -> None:
        """Write a file, unless it is there already.

        Args:
            name: Its name within the job.
            save: Writes the file; called with a path and whatever is given.
            given: What is written.
        """
        if self.exists(name):
            return
        with self._beside(name) as path:
            save(path, *given)
            self._put(path, name)

    @contextlib.contextmanager
    def _beside(self, name: str) -> Iterator[Path]:
        """A path of our own: next to the target where that is on this machine, so that a rename puts it there."""
        target = local_path(self.place) / name
        folder = Path(tempfile.mkdtemp(prefix="negviz-")) if is_remote(self.place) else target.parent
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f".{uuid.uuid4().hex}-{target.name}"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)
            if is_remote(self.place):
                shutil.rmtree(folder, ignore_errors=True)

    def _put(self, path: Path, name: str) -> None:
        with path.open("rb+") as file:
            os.fsync(file.fileno())
        if not is_remote(self.place):
            _first(path, local_path(self.place) / name)
            return
        system, root = self._system
        target = f"{root}/{name}"
        with reachable(self.place):
            system.makedirs(target.rsplit("/", 1)[0], exist_ok=True)
            system.put_file(str(path), target)

    def path(self, name: str) -> Path:
        """A file as a path of this machine.

        Raises:
            DataError: If it is not there.
        """
        if not is_remote(self.place):
            found = local_path(self.place) / name
            if not found.exists():
                raise DataError(
                    f"{found} is not on this machine; the place of a job must be one that all workers reach (--work), "
                    "and a block that was lost is made anew when the job is started again."
                )
            return found
        kept = self._kept / name
        if not kept.exists():
            self._fetch(name, kept)
        return kept

    def _fetch(self, name: str, kept: Path) -> None:
        system, root = self._system
        kept.parent.mkdir(parents=True, exist_ok=True)
        beside = kept.with_name(f".{uuid.uuid4().hex}-{kept.name}")
        try:
            with reachable(f"{self.place}/{name}"):
                system.get_file(f"{root}/{name}", str(beside))
            beside.replace(kept)
        finally:
            beside.unlink(missing_ok=True)

    def remove(self, folder: str = "") -> None:
        """Remove a folder of the job, or the job, and this machine's copies."""
        shutil.rmtree(self._kept / folder, ignore_errors=True)
        if not is_remote(self.place):
            shutil.rmtree(local_path(self.place) / folder, ignore_errors=True)
            return
        system, root = self._system
        with reachable(self.place):
            if system.exists(f"{root}/{folder}".rstrip("/")):
                system.rm(f"{root}/{folder}".rstrip("/"), recursive=True)


def _first(path: Path, target: Path) -> None:
    """Give a written file its name, unless a copy of the task was faster, with the same bytes."""
    try:
        os.link(path, target)
    except FileExistsError:
        return
    except OSError:  # a disk that knows no second names
        path.replace(target)
