"""Source: the file or folder to read, as numbered lines of text, whatever its compression and encoding."""

import codecs
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import zstandard

from negviz.dataset import Problem
from negviz.errors import DataError

Progress = Callable[[str, int, int | None], None]

HEAD_BYTES = 1 << 22
HEADS = 16
CHUNK_BYTES = 1 << 20
# Little, for a frame may hold a thousand times as much.
FRAME_BYTES = 1 << 13
PROGRESS_LINES = 4096
BYTE_ORDER_MARK = "\ufeff"
COMPRESSED = (".gz", ".zst")
ENDINGS = {
    ".jsonl": "json", ".ndjson": "json", ".json": "json", ".csv": "delimited", ".tsv": "delimited",
    ".txt": "delimited", ".parquet": "columnar", ".arrow": "columnar",
}  # fmt: skip
ABOUT = frozenset({"meta", "dataset_info", "dataset_infos", "dataset_dict", "state", "counts", "offsets"})
FOREIGN = {
    b"PK\x03\x04": "a ZIP archive or an Office file",
    b"%PDF": "a PDF",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"SQLite format 3": "an SQLite database",
    b"\x80\x04\x95": "a Python pickle",
    b"\x93NUMPY": "a NumPy array",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
}
DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, zstandard.ZstdError)


def bare(name: str) -> str:
    """File name without folders, compression and format endings, in lower case: ``qrels/Dev.tsv.gz`` gives ``dev``."""
    stem = Path(name).name.lower()
    for ending in (*COMPRESSED, *ENDINGS):
        stem = stem.removesuffix(ending)
    return stem


def ending(name: str) -> str:
    """Format ending of a file name in lower case, below any compression: ``a.JSONL.gz`` gives ``.jsonl``."""
    path = Path(name.lower())
    return Path(path.stem).suffix if path.suffix in COMPRESSED else path.suffix


def _words(name: str) -> list[str]:
    return re.split(r"[^a-z0-9]+", name.lower())


def is_table(name: str) -> bool:
    """Whether a file may hold rows, by its name; a saved dataset has files about it beside, and caches."""
    if ending(name) not in ENDINGS or bare(name) in ABOUT:
        return False
    return not (ending(name) == ".arrow" and bare(name).startswith(("cache-", "indices-")))


@dataclass(frozen=True, eq=False)
class Source:
    """What a loader reads from.

    Attributes:
        path: The file or folder that was asked for.
        files: Names relative to the folder, sorted; of a file, its own name.
        columns: The person's names for roles, such as ``{"query": "frage"}``.
        encoding: Name of the text encoding, None for UTF-8.
        split: Split that was asked for.
        progress: Called with (what is read, bytes done, bytes in all).
        notices: Problems found while turning bytes into text.
        heads: Beginnings of files that were looked at, a few at a time.
        read: Names of the files that were read whole.
        alias: Short name of the data where the path does not say it, as in a cache.
        about: Facts about where the data comes from.
        splits: Files of each split, where a card says so.
        rows: First rows of files that were looked at.
    """

    path: Path
    files: tuple[str, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    split: str | None = None
    progress: Progress | None = None
    notices: list[Problem] = field(default_factory=list)
    heads: dict[str, str] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    alias: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)
    splits: Mapping[str, frozenset[str]] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What to call the file or folder."""
        return self.alias or self.path.name

    @property
    def is_folder(self) -> bool:
        """Whether a folder was asked for."""
        return self.path.is_dir()

    @property
    def only(self) -> str:
        """Name of the single file that was asked for."""
        return self.files[0]

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """Files that make one table: the file, or those of a folder (of its ``train`` split, if names tell splits).

        Empty if the folder holds files of different kinds, which make no single table.
        """
        if not self.is_folder:
            return self.files
        found = [name for name in self.files if is_table(name)]
        if len({ENDINGS[ending(name)] for name in found}) != 1:
            return ()
        split = self.split or "train"
        said = self.splits.get(split, frozenset())
        wanted = [name for name in found if name in said or (not said and split in _words(name))]
        return tuple(wanted or ([] if self.split else found))

    def file(self, name: str) -> Path:
        """Where a file lies."""
        return self.path / name if self.is_folder else self.path

    def magic(self, name: str) -> bytes:
        """First bytes of a file below its compression."""
        with self._opened(name) as (handle, _):
            return handle.read(16)

    def is_columnar(self, name: str) -> bool:
        """Whether a file is Parquet, an Arrow file or an Arrow stream, by its first bytes."""
        return self.magic(name).startswith((b"PAR1", b"ARROW1", b"\xff\xff\xff\xff"))

    def random_access(self, name: str) -> IO[bytes]:
        """Open for reading here and there, as Parquet needs; what is compressed is unpacked into memory."""
        with self._opened(name) as (handle, raw):
            return self.file(name).open("rb") if handle is raw else io.BytesIO(handle.read())

    def head(self, name: str) -> str:
        """Decoded beginning of a file without its byte order mark; read once.

        Raises:
            DataError: If it is not text in the encoding.
        """
        if name not in self.heads:
            with self._opened(name) as (handle, _):
                start = _read_some(handle, HEAD_BYTES)
                complete = not handle.read(1)
            self._refuse_foreign(name, start)
            try:
                text = codecs.getincrementaldecoder(self.codec)().decode(start, final=complete)
            except UnicodeDecodeError as error:
                raise self._undecodable(name, start.count(b"\n", 0, error.start) + 1, error) from None
            while len(self.heads) >= HEADS:
                # A folder of thousands of parts must not fill the memory with their beginnings.
                self.heads.pop(next(iter(self.heads)), None)
            self.heads[name] = text.lstrip(BYTE_ORDER_MARK)
        return self.heads[name]

    def lines(self, name: str, *, keep_ends: bool = False) -> Iterator[tuple[int, str]]:
        """Numbered lines of a text file, the first is 1; only line feeds (and carriage returns before them) end a line.

        Args:
            name: Which file.
            keep_ends: Leave the line ends on.

        Raises:
            DataError: If the file is damaged or is not text in the encoding; names the line.
        """
        self.read.add(name)
        size = self.file(name).stat().st_size
        with self._opened(name) as (handle, raw):
            for number, text in enumerate(self._decoded(name, handle), start=1):
                line = self._without_mark(name, text) if number == 1 else text
                if self.progress and number % PROGRESS_LINES == 0:
                    self.progress(f"Reading {name}", raw.tell(), size)
                yield number, line if keep_ends else line.removesuffix("\n").removesuffix("\r")

    def chunks(self, name: str) -> Iterator[str]:
        """Pieces of a text file, cut anywhere; for what may be gigabytes without a line end.

        Raises:
            DataError: If the file is damaged or is not text in the encoding; names the line.
        """
        self.read.add(name)
        size, line, first = self.file(name).stat().st_size, 1, True
        decoder = codecs.getincrementaldecoder(self.codec)()
        with self._opened(name) as (handle, raw):
            while True:
                data = handle.read(CHUNK_BYTES)
                try:
                    text = decoder.decode(data, final=not data)
                except UnicodeDecodeError as error:
                    raise self._undecodable(name, line + error.object.count(b"\n", 0, error.start), error) from None
                if first and text:
                    text, first = self._without_mark(name, text), False
                line += text.count("\n")
                if self.progress:
                    self.progress(f"Reading {name}", raw.tell(), size)
                if not data:
                    return
                yield text

    @property
    def codec(self) -> str:
        """Name of the encoding that Python knows.

        Raises:
            DataError: If there is no such text encoding.
        """
        try:
            found = codecs.lookup(self.encoding or "utf-8")
            b"a".decode(found.name) if "utf-16" not in found.name and "utf-32" not in found.name else ""
        except (LookupError, UnicodeDecodeError):
            raise DataError(
                f"There is no text encoding called '{self.encoding}'; --encoding takes names such as utf-8, gb18030, "
                "latin-1 or shift_jis."
            ) from None
        return found.name

    @contextmanager
    def _opened(self, name: str) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """Open below the compression, which is known by content and not by name; also gives the file on disk."""
        try:
            with self.file(name).open("rb") as raw:
                start = raw.peek(4)[:4]
                if start.startswith(b"\x1f\x8b"):
                    with gzip.GzipFile(fileobj=raw) as handle:
                        yield io.BufferedReader(handle), raw
                elif start == b"\x28\xb5\x2f\xfd":
                    yield io.BufferedReader(_Frames(raw)), raw
                else:
                    yield raw, raw
        except DAMAGE as error:
            raise DataError(f"{name} is compressed but damaged or cut off ({error}); make or fetch it again.") from None
        except OSError as error:
            raise DataError(f"{name} cannot be read: {error.strerror or error}.") from None

    def _decoded(self, name: str, handle: IO[bytes]) -> Iterator[str]:
        codec, number = self.codec, 0
        wide = codec.startswith(("utf-16", "utf-32"))
        # A file of carriage returns alone (old Macintosh) has no line feed to split its bytes at.
        start = handle.peek(1 << 16) if hasattr(handle, "peek") else b""
        try:
            if wide or (b"\r" in start and b"\n" not in start):
                for number, line in enumerate(io.TextIOWrapper(handle, codec, newline=None), start=1):  # noqa: B007
                    yield line
            else:
                for number, raw in enumerate(handle, start=1):  # noqa: B007
                    yield raw.decode(codec)
        except UnicodeDecodeError as error:
            raise self._undecodable(name, number if not wide else number + 1, error) from None

    def _without_mark(self, name: str, line: str) -> str:
        clean = line.lstrip(BYTE_ORDER_MARK)
        if len(line) - len(clean) > 1:
            message = "The file starts with more than one byte order mark; they were taken off."
            self.notices.append(Problem(name, 1, "byte order mark", message))
        return clean

    def _refuse_foreign(self, name: str, start: bytes) -> None:
        for magic, what in FOREIGN.items():
            if start.startswith(magic):
                raise DataError(f"{name} is {what}, not text or Parquet; unpack or export it first.")

    def _undecodable(self, name: str, line: int, error: UnicodeDecodeError) -> DataError:
        if self.encoding:
            return DataError(f"{name} line {line} is not {self.encoding} text; give the file's own --encoding.")
        if error.start == 0 and error.object[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            return DataError(f"{name} line {line} is not UTF-8 but looks like UTF-16; give --encoding utf-16.")
        byte, likely = error.object[error.start], "gb18030" if _in_pairs(error.object) else "latin-1"
        return DataError(
            f"{name} line {line} is not UTF-8 (byte 0x{byte:02X}); if it is text in another encoding, name it, "
            f"as in --encoding {likely}."
        )


def _in_pairs(data: bytes) -> bool:
    """Whether bytes beyond ASCII mostly follow each other, as in Chinese and Japanese, and not alone, as in French."""
    runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", data)]
    return sum(run for run in runs if run > 1) * 2 > sum(runs)


class _Frames(io.RawIOBase):
    """Zstandard frames one after the other; the package's own reader takes an end inside a frame for the end."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._packed, self._ready = b"", memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready and (data := self._packed or self._raw.read(FRAME_BYTES)):
            frame = self._frame or zstandard.ZstdDecompressor().decompressobj()
            self._ready = memoryview(frame.decompress(data))
            self._packed, self._frame = (frame.unused_data, None) if frame.eof else (b"", frame)
        if not self._ready and self._frame:
            raise zstandard.ZstdError("it ends inside a frame")
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count


def _read_some(handle: IO[bytes], wanted: int) -> bytes:
    """Up to so many bytes; compressed streams may return fewer at a time."""
    parts: list[bytes] = []
    while wanted > 0 and (part := handle.read(wanted)):
        parts.append(part)
        wanted -= len(part)
    return b"".join(parts)
