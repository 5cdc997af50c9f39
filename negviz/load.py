"""Load: recognise what a person has, read it, and say everything that is odd about it with file and line.

The kinds of problem are listed in ``negviz.loaders._rows.PROBLEM_KINDS`` (here as ``PROBLEM_KINDS``).
"""

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import negviz
from negviz.dataset import Dataset, Problem
from negviz.errors import DataError
from negviz.examples import Place
from negviz.loaders import LOADERS
from negviz.loaders import _hub as hub
from negviz.loaders._reading import Reading
from negviz.loaders._rows import PROBLEM_KINDS, Rows, Shelf
from negviz.loaders._source import BYTE_ORDER_MARK, ENDINGS, Progress, Source, bare, ending, is_table
from negviz.manifest import read_manifest
from negviz.registry import Entry
from negviz.text import normalise
from negviz.writing import MANIFEST

__all__ = ["PROBLEM_KINDS", "describe", "judgments_of_the_sample", "load", "load_files", "unpacked"]

SAMPLE = "sample"
LONGEST_NAME = 120
# Folder of judgments to compare with only: mining must not even look into it.
TRUTH = "truth"
# What an export of negviz holds beside the data.
BESIDE = frozenset({
    MANIFEST, "README.md", "recipe.yaml", "ids.parquet", "left_out.jsonl", "label_changes.jsonl", "leaks.jsonl",
    "synthetic.jsonl",
})  # fmt: skip
PARTS = frozenset({"corpus", "queries"})
# How files of these names begin.
CLAIMS = {".gz": b"\x1f\x8b", ".zst": b"\x28\xb5\x2f\xfd", ".parquet": b"PAR1"}


def load(
    path: str | Path,
    *,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    split: str | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Load a file or folder.

    Args:
        path: The file or folder, or ``sample`` for the collection that comes with negviz; where there is no such path,
            a dataset of the Hugging Face Hub as ``ORGANISATION/NAME``, or one of its configurations as
            ``ORGANISATION/NAME:CONFIG`` (of a local folder, ``FOLDER:CONFIG``).
        format: Name of a loader; None looks at the content.
        columns: Names of the person's columns by role, such as ``{"query": "frage", "positive": "antwort"}``.
        encoding: Text encoding; None is UTF-8.
        split: Which judgments are the positives; None takes ``train``, else the only file, else ``test``.
        progress: Called with (what is done, amount done, amount in all or None).

    Returns:
        The dataset, with all problems that were found.

    Raises:
        DataError: If there is nothing usable, or columns are named that the format does not read; one sentence says
            what was found and what to do.
        UnknownNameError: If there is no such format.
    """
    opened = open_data(path, format=format, columns=columns, encoding=encoding, split=split, progress=progress)
    return _dataset(opened)


class Opened(NamedTuple):
    """A file or folder whose format is known and that is about to be read."""

    reading: Reading
    source: Source
    entry: Entry
    why: str

    @property
    def name(self) -> str:
        """Short name of the data."""
        place = self.source.path
        if self.source.alias:
            return self.source.alias
        return place.resolve().name if self.source.is_folder else bare(place.name) or place.name

    @property
    def facts(self) -> dict[str, Any]:
        """What is known once it was read."""
        encoding = self.source.encoding or "utf-8"
        read = {"why": self.why, "files": sorted(self.source.read), "encoding": encoding}
        rest = [name for name in self.source.files if is_table(name) and name not in self.source.read]
        return {**self.source.about, **self.reading.facts, **read, **({"files_not_read": rest} if rest else {})}


def open_data(
    path: str | Path,
    *,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    split: str | None = None,
    progress: Progress | None = None,
) -> Opened:
    """Recognise a file or folder and begin to read it; arguments and errors as for ``load``."""
    found = None if path == SAMPLE else _by_name(str(path))
    place = found.place if found else _inner(_sample() if path == SAMPLE else _existing(path))
    files, named, export = found.files if found else (), "", None if found else read_manifest(place)
    if found is None and export is None and (found := hub.described(place)):
        files = found.files
    elif found is None:
        place = place if export else _deeper(place)
        files = _files(place)
    if export:
        named = str(export.get("reads") or "")
        files = _files_of_export(export, files)
    source = Source(
        path=place,
        files=files,
        columns=dict(columns or {}),
        encoding=encoding,
        split=split,
        progress=progress,
        alias=found.alias if found else "",
        about=found.about if found else {},
        splits=found.splits if found else {},
    )
    _refuse_empty(source)
    entry, why = _recognised(source, format or named or None)
    if named and not format:
        why = "It is an export of negviz, whose manifest says so."
    _refuse_unread_columns(source, entry)
    if found and not entry.trait("by_id"):
        hub.refuse_several(source, found)
    return Opened(entry.function(source), source, entry, why)


def load_files(uploaded: Mapping[str, bytes], **options: Any) -> Dataset:
    """Load files that somebody dropped into the interface.

    Args:
        uploaded: Content by file name. A name is never a path: only its last part is used, and only as a name.
        options: As for ``load``.

    Returns:
        The dataset: of one file alone, or of several as the folder they make together.

    Raises:
        DataError: As for ``load``, or if there are no files.
    """
    with unpacked(uploaded) as place:
        return load(place, **options)


@contextmanager
def unpacked(uploaded: Mapping[str, bytes]) -> Iterator[Path]:
    """Files from the interface in a folder that is taken away afterwards: the file, or the folder of several.

    Args:
        uploaded: Content by file name. A name is never a path: only its last part is used, and only as a name.

    Raises:
        DataError: If there are no files.
    """
    if not uploaded:
        raise DataError("No file was given; drop a file, or a corpus.jsonl, a queries.jsonl and a .tsv of judgments.")
    with tempfile.TemporaryDirectory(prefix="negviz-") as folder:
        names = _safe_names(list(uploaded))
        root = Path(folder) / "upload"
        for name, data in zip(names, uploaded.values(), strict=True):
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        yield root / names[0] if len(names) == 1 else root


def describe(dataset: Dataset) -> dict[str, Any]:
    """What was read, as plain values for JSON: counts, facts and every problem with file and line."""
    return {
        "name": dataset.name,
        "format": dataset.format,
        "why": dataset.facts.get("why", ""),
        "documents": len(dataset.documents),
        "queries": len(dataset.queries),
        "positives": len(dataset.positives),
        "given_negatives": len(dataset.given),
        "queries_with_answers": sum(map(bool, dataset.answers)),
        "held_out": len(dataset.held_out),
        "problems": [
            {"file": problem.file, "line": problem.line, "kind": problem.kind, "message": problem.message}
            for problem in dataset.problems
        ],
        "facts": dict(dataset.facts),
    }


def _sample() -> Path:
    place = Path(negviz.__file__).resolve().parents[1] / "data" / "sample"
    if not place.exists():
        raise DataError(f"The sample collection is not there: {place} is missing; it comes with negviz's repository.")
    return place


def judgments_of_the_sample(dataset: Dataset) -> Path | None:
    """File with the complete judgments of the sample that comes with negviz; None for other data.

    Args:
        dataset: What was loaded.
    """
    path = Path(negviz.__file__).resolve().parents[1] / "data" / "sample" / "truth" / "complete.tsv"
    return path if dataset.name == SAMPLE and path.is_file() else None


def _by_name(text: str) -> hub.Found | None:
    """A dataset of the Hub, or one configuration of a folder, where there is no such path; None where it is neither."""
    folder, colon, config = text.rpartition(":")
    try:
        if Path(text).expanduser().exists():
            return None
        if colon and config and Path(folder).is_dir():
            return hub.of_folder(Path(folder), config)
    except (OSError, RuntimeError, ValueError):
        # What is wrong with the path is said where it is looked for.
        return None
    return hub.fetch(text) if hub.is_id(text) else None


def _existing(path: str | Path) -> Path:
    try:
        place = Path(path).expanduser()
        if str(path) and place.exists():
            return place
    except (OSError, RuntimeError) as error:
        raise DataError(f"'{path}' cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    raise DataError(f"There is no file or folder '{path}'.")


def _inner(place: Path) -> Path:
    """The folder itself, or the only folder in it, as an archive unpacked into its own folder leaves it."""
    inside = list(_visible(place)) if place.is_dir() else []
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else place


def _is_foreign(folder: Path) -> bool:
    """Whether the files of a folder inside are not the data's own: an export of negviz, or the same files again."""
    return _leads_back(folder) or read_manifest(folder) is not None


def _leads_back(folder: Path) -> bool:
    """Whether a folder is a link to one that it lies in: its files are there already."""
    return folder.is_symlink() and folder.resolve() in folder.absolute().parent.resolve().joinpath("_").parents


def _deeper(place: Path) -> Path:
    """The folder that has the data, where those above it have none and each one folder, as ``data/en/`` on the Hub."""
    while place.is_dir():
        inside = list(_visible(place))
        folders = [part for part in inside if part.is_dir()]
        if len(folders) != 1 or any(is_table(part.name) for part in inside if part.is_file()):
            break
        if _leads_back(folders[0]) or not any(part.is_dir() for part in _visible(folders[0])):
            break
        place = folders[0]
    return place


def _files_of_export(manifest: Mapping[str, Any], files: tuple[str, ...]) -> tuple[str, ...]:
    """Data of an export of negviz without what lies beside it: its rows, or all that its documents are named in."""
    data = manifest["written"].get("data_files", {})
    if data and not manifest.get("by_id"):
        return tuple(name for name in files if name in data)
    return tuple(name for name in files if PurePosixPath(name).name not in BESIDE)


def _visible(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(
            part for part in folder.iterdir() if not part.name.startswith((".", "__")) and part.name != TRUTH
        )
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror or error}.") from None


def _files(place: Path) -> tuple[str, ...]:
    """Names of the files, of a folder also those one level below."""
    if place.is_file():
        return (place.name,)
    found = [part.name for part in _visible(place) if part.is_file()]
    for folder in (part for part in _visible(place) if part.is_dir() and not _is_foreign(part)):
        found += [f"{folder.name}/{part.name}" for part in _visible(folder) if part.is_file()]
    if not found:
        raise DataError(f"{place} is a folder with no files in it.")
    return tuple(found)


def _refuse_empty(source: Source) -> None:
    if not source.is_folder:
        start = source.magic(source.only)
        if not start or (len(start) < 16 and not start.strip(BYTE_ORDER_MARK.encode() + b" \t\r\n")):
            raise DataError(f"{source.only} is empty.")


def _recognised(source: Source, wanted: str | None) -> tuple[Entry, str]:
    """The loader to use and why: the one asked for, or the first that recognises its own."""
    if wanted is not None:
        return LOADERS.get(wanted), "It was asked for."
    entries = sorted(LOADERS, key=lambda entry: bool(entry.trait("last")))
    for entry in entries[-1:] if source.columns and source.tables else entries:
        why = entry.trait("recognise")(source)
        if why:
            return entry, str(why)
    known = ", ".join(entry.label for entry in LOADERS)
    raise DataError(
        f"{source.name} {_looks(source)}, which is none of the formats known here: {known}; turn it into a table "
        "with a query and a positive in each row (JSONL, CSV or Parquet)."
    )


def _begins(path: Path, sign: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(sign)) == sign


def _refuse_unread_columns(source: Source, entry: Entry) -> None:
    """Refuse columns named for a format that has names of its own: they would be ignored."""
    if source.columns and not entry.trait("last"):
        raise DataError(
            f"{source.path.name} is read as '{entry.label}', which has fixed names, so the column named for "
            f"'{next(iter(source.columns))}' cannot be used; leave --column out, or read a table with --format tabular."
        )


def _looks(source: Source) -> str:
    """What an unknown file or folder looks like, to complete a sentence."""
    if source.is_folder:
        several = len({ENDINGS[ending(name)] for name in source.files if is_table(name)}) > 1
        return (
            f"is a folder with {', '.join(source.files[:6])}{' and more' if len(source.files) > 6 else ''}"
            + (" (files of different kinds, which make no single table: give one of them)" if several else "")
        )  # fmt: skip
    claimed = source.path.suffix.lower()
    if claimed in CLAIMS and not _begins(source.path, CLAIMS[claimed]):
        return f"is called {claimed} but does not begin as such a file does"
    start = source.head(source.only)[:4096].lstrip()
    if start.startswith("{"):
        keys = list(dict.fromkeys(re.findall(r'"([^"\\]{1,40})"\s*:', start)))[:4]
        return f"holds JSON whose first keys are {', '.join(keys)}" if keys else "holds JSON that is damaged or empty"
    if re.fullmatch(r"\[\s*\]\s*", start):
        return "holds an empty JSON array"
    if start.startswith("["):
        return "holds a JSON array, but not of objects or of lists of texts"
    return "holds text that is no table (its lines do not fall into the same number of columns)"


def _dataset(opened: Opened) -> Dataset:
    """Read it all, give ids to what has none, look for what only the whole shows, and freeze."""
    rows, name, entry = Rows.of(opened.reading), opened.name, opened.entry
    rows.problems += opened.source.notices
    rows.facts |= opened.facts
    if not rows.positives:
        raise _nothing_usable(rows, name)
    queries, documents = rows.queries.final_ids(), rows.documents.final_ids()
    _report_duplicates(rows, rows.documents, documents)
    _report_duplicates(rows, rows.queries, queries)
    _report_lonely(rows, queries)
    _report_conflicts(rows)
    judged = {pair for pair in rows.judged_not_relevant if pair not in rows.positives}
    if judged:
        rows.facts["judged_not_relevant"] = len(judged)
    return Dataset.build(
        name=name,
        format=entry.name,
        queries=[(own, text) for own, (text,) in zip(queries, rows.queries.contents, strict=True)],
        documents=[(own, *content) for own, content in zip(documents, rows.documents.contents, strict=True)],  # type: ignore[misc]
        positives=((queries[query], documents[document], grade) for (query, document), grade in rows.positives.items()),
        given=((queries[query], documents[document]) for query, document in {**rows.given, **dict.fromkeys(judged)}),
        held_out=((queries[query], documents[document], grade) for (query, document), grade in rows.held_out.items()),
        answers={queries[query]: found for query, found in rows.answers.items()},
        groups=[rows.groups.get(handle) for handle in range(len(documents))] if rows.groups else None,
        problems=sorted(rows.problems, key=lambda problem: (problem.file, problem.line or 0)),
        facts=rows.facts,
    )


def _nothing_usable(rows: Rows, name: str) -> DataError:
    first: Problem | None = next(iter(rows.problems), None)
    if first is None:
        return DataError(f"{name} has no labelled positive: no row says which document answers which query.")
    where = f"{first.file} line {first.line}" if first.line else first.file
    return DataError(
        f"{name} has no row with a labelled positive that can be used; {len(rows.problems)} problems were found, the "
        f"first in {where}: {first.message}"
    )


def _report_duplicates(rows: Rows, shelf: Shelf, ids: list[str]) -> None:
    """Report texts that are the same but for case, spacing and Unicode form."""
    first: dict[str, int] = {}
    for handle, content in enumerate(shelf.contents):
        form = normalise(" ".join(content))
        known = first.setdefault(form, handle)
        if known != handle and form:
            message = f"The {shelf.what} '{ids[handle]}' has the same text as '{ids[known]}'; both were kept."
            rows.report("duplicate text", message, shelf.places[handle])


def _report_lonely(rows: Rows, ids: list[str]) -> None:
    """Report queries that have neither a positive nor a held-out judgment."""
    met = {query for query, _ in rows.positives} | {query for query, _ in rows.held_out}
    for handle, place in enumerate(rows.queries.places):
        if handle not in met:
            message = f"The query '{ids[handle]}' has no labelled positive; it was kept, but nothing is mined for it."
            rows.report("query without a positive", message, place)


def _report_conflicts(rows: Rows) -> None:
    """Report mined negatives that are labelled positives: an audit should show them, so they stay."""
    for pair, place in rows.given.items():
        if pair in rows.positives:
            message = f"{rows.name(pair)} is given as a negative but labelled positive; both were kept."
            rows.report("conflicting judgment", message, Place(*place))


def _safe_names(names: list[str]) -> list[str]:
    """File names to write: last part only, no odd characters; judgments of a BEIR upload go where BEIR has them."""
    safe: list[str] = []
    for number, name in enumerate(names):
        last = PurePosixPath(name.replace("\\", "/")).name
        clean = re.sub(r"[^\w.\- ]", "_", last)[-LONGEST_NAME:].lstrip("._ ") or f"file{number}"
        safe.append(clean if clean not in safe else f"{number}-{clean}")
    stems = {bare(name) for name in safe}
    if not stems >= PARTS:
        return safe
    return [f"qrels/{name}" if _is_judgments(name) else name for name in safe]


def _is_judgments(name: str) -> bool:
    return ending(name) in {".tsv", ".txt"} and bare(name) not in PARTS
