"""Parts: pieces of a file that is being made, in a folder beside it; what is finished survives a stop."""

import contextlib
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from negviz.arrays import fingerprint
from negviz.block_files import Files
from negviz.errors import DataError
from negviz.workplace import is_remote, local_path

STALE_SECONDS = 7 * 86_400


@dataclass(frozen=True)
class Parts:
    """Where the pieces of a file lie.

    Attributes:
        folder: A folder of this machine, or one that fsspec opens; every worker must reach it.
        key: Digest of all that the pieces depend on.
    """

    folder: str
    key: str

    @classmethod
    def beside(cls, target: str | Path, *facts: object) -> "Parts":
        """The pieces of a file, for an outcome that depends on these facts."""
        whole = str(target) if is_remote(target) else str(local_path(target).absolute())
        above, _, name = whole.rpartition("/")
        return cls(f"{above}/.{name}.parts", fingerprint("part 1", *facts))

    @cached_property
    def files(self) -> Files:
        """The folder of these pieces."""
        return Files(f"{self.folder}/{self.key}")

    def has(self, number: int) -> bool:
        """Whether a piece is finished."""
        return self.files.exists(_name(number))

    def write(self, number: int, table: pa.Table, *, packed: bool = True) -> None:
        """Write a piece, whole or not at all, unless it is there.

        Args:
            number: Which piece.
            table: Its rows; what it says of itself is in the metadata.
            packed: Whether it is compressed; what is not can be read without being loaded.
        """

        def save(path: Path) -> None:
            options = pa.ipc.IpcWriteOptions(compression="lz4" if packed else None)
            with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema, options=options) as writer:
                writer.write_table(table)

        self.files.write(_name(number), save)

    def read(self, number: int) -> pa.Table:
        """A piece.

        Raises:
            DataError: If it is not there or damaged.
        """
        path = self.files.path(_name(number))
        try:
            return pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        except (OSError, pa.ArrowInvalid) as error:
            raise DataError(f"{path} is damaged ({error}); remove the folder {self.folder} and start again.") from None

    def clear(self) -> None:
        """Remove the pieces, and on this machine those of runs that nobody went on with for a week."""
        self.files.remove()
        if is_remote(self.folder):
            return
        folder = local_path(self.folder)
        with contextlib.suppress(OSError):
            for path in folder.iterdir():
                if time.time() - path.stat().st_mtime > STALE_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)
            folder.rmdir()


def _name(number: int) -> str:
    return f"{number:06d}.arrow"


class InOrder:
    """Pieces come as they are finished, and are passed on in their order."""

    def __init__(self, numbers: Sequence[int], take: Callable[[int], None]) -> None:
        """Begin with none.

        Args:
            numbers: All pieces, in order.
            take: Is given the number of each, in that order.
        """
        self._numbers, self._take = list(numbers), take
        self._here: set[int] = set()
        self._next = 0

    def add(self, number: int) -> None:
        """A piece is finished; one that is finished twice counts once."""
        self._here.add(number)
        while self._next < len(self._numbers) and self._numbers[self._next] in self._here:
            self._take(self._numbers[self._next])
            self._next += 1

    def check(self) -> None:
        """See whether every piece was passed on.

        Raises:
            DataError: If one never came.
        """
        if self._next < len(self._numbers):
            raise DataError(
                f"{len(self._numbers) - self._next:,} blocks of queries were not worked on; start it again, what is "
                "finished is kept."
            )
