"""Recount: whether the files of an export hold as many positives and negatives as its manifest says."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from negviz.errors import DataError, UnknownNameError
from negviz.examples import TextExample
from negviz.exporters._files import IDS_FILE
from negviz.load import open_data

SIDES = ("positives", "negatives")


def recount(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Compare counts: rows of the data with rows of the ids beside it, and what a loader finds in the data.

    Args:
        folder: An export whose files are as they were written.
        manifest: Its manifest.

    Returns:
        One sentence for each count that does not agree.
    """
    written = manifest["written"]
    problems = [
        f"{name} has {found} rows, but the manifest counts {wanted}." for name, found, wanted in _rows(manifest)
        if found != wanted
    ]  # fmt: skip
    reads = manifest.get("reads")
    if problems or not reads or "positives" not in written:
        return problems
    try:
        found = _counted(_examples(folder, str(reads)))
    except (DataError, UnknownNameError) as error:
        return [f"The data cannot be read back: {error}"]
    return [
        f"The data holds {found[side]} {side}, but the manifest counts {written[side]}."
        for side in SIDES
        if found[side] != written[side]
    ]


def _rows(manifest: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
    """Name of a file, its rows, and how many the manifest counts."""
    files, written = manifest["files"], manifest["written"]
    data: Mapping[str, int] = written.get("data_files") or {str(written["data"]): written["rows"]}
    for name, rows in data.items():
        if name in files and name.endswith((".parquet", ".jsonl", ".trec")):
            yield name, files[name]["rows"], rows
    if IDS_FILE in files:
        yield IDS_FILE, files[IDS_FILE]["rows"], written["rows"]


def _examples(folder: Path, reads: str) -> Iterator[TextExample]:
    """What a loader finds."""
    reading = open_data(folder, format=reads).reading
    for listed in (reading.documents, reading.queries):
        for _ in listed:
            pass
    yield from reading.examples


def _counted(examples: Iterator[TextExample]) -> dict[str, int]:
    counts = dict.fromkeys(SIDES, 0)
    for example in examples:
        if not example.held_out:
            counts["positives"] += len(example.positives)
            counts["negatives"] += len(example.negatives)
    return counts
