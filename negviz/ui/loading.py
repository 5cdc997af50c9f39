"""Choosing and reading data: the sample, a path on this computer, or files from the browser."""

import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import streamlit as st

from negviz.arrays import Ints
from negviz.dataset import Dataset
from negviz.diagnostics.word_counts import word_counts
from negviz.errors import CancelledError, DataError, NegvizError
from negviz.load import SAMPLE, load, unpacked
from negviz.loaders import LOADERS
from negviz.loaders._columns import ROLES
from negviz.loaders._reading import Reading as FileReading
from negviz.loaders._source import Source
from negviz.loaders._table import first_record, open_table
from negviz.ui import jobs
from negviz.ui.building import show_running
from negviz.ui.jobs import Job
from negviz.ui.texts import shortened

KIND = "read"
COUNTED = 20_000
CELL = 120
SOURCES = {
    "sample": (":material/science: Sample", "The collection that comes with negviz, with false negatives to find."),
    "path": (":material/folder_open: A path on this computer", "A file or folder on the computer that runs negviz."),
    "files": (":material/upload_file: Files from the browser", "One file, or the files of one collection together."),
}  # fmt: skip
ENCODINGS = ("utf-8", "utf-16", "gb18030", "big5", "shift_jis", "euc_kr", "latin-1", "cp1252", "cp1251")
FIRST_ROLES = ("query", "positive", "negative", "label")


@dataclass(frozen=True, eq=False)
class Reading:
    """What was read, with the numbers that its preview shows.

    Attributes:
        dataset: The data.
        query_words: Words of each counted query.
        document_words: Words of each counted document.
        positives: (queries,) labelled positives of each query.
    """

    dataset: Dataset
    query_words: Ints
    document_words: Ints
    positives: Ints


@dataclass(frozen=True)
class Choice:
    """What the person wants read.

    Attributes:
        title: What it is called.
        place: Gives the path to read while it is being read.
        columns: Gives the columns of its first table, each with a cell.
        options: What the loader is told, as ``load`` takes it.
    """

    title: str
    place: Callable[[], AbstractContextManager[str | Path]]
    columns: Callable[[], dict[str, str]] = dict
    options: Mapping[str, Any] = field(default_factory=dict)


def choose(key: str, *, primary: bool) -> Choice | None:
    """Let a person choose a source and its options, and start reading.

    Args:
        key: Prefix of the widgets.
        primary: Whether reading is the main thing to do on the page now.

    Returns:
        What was chosen, None while nothing is.
    """
    with st.container(border=True):
        source = st.segmented_control(
            "Where the data is", list(SOURCES), format_func=lambda name: SOURCES[name][0], default="sample",
            required=True, key=f"{key}.source", persist_state="session",
            help="BEIR folders; JSONL, CSV, TSV or Parquet of pairs, triplets or n-tuples; FlagEmbedding, Tevatron, "
            "DPR, ms-swift and MS MARCO files; a saved Hugging Face dataset. Also compressed (.gz, .zst).",
        )  # fmt: skip
        source = source or "sample"
        st.caption(SOURCES[source][1])
        choice = {"sample": _sample, "path": _path, "files": _files}[source](key)
        if source != "sample":
            options = _options(choice, key)
            choice = choice and replace(choice, options=options)
        label = "Read the sample" if source == "sample" else "Read"
        icon = ":material/menu_book:"
        weight: Literal["primary", "secondary"] = "primary" if primary else "secondary"
        if st.button(label, type=weight, key=f"{key}.read", icon=icon, disabled=choice is None) and choice:
            _start(choice)
    return choice


def _sample(key: str) -> Choice:
    return Choice(SAMPLE, lambda: nullcontext(SAMPLE))


def _path(key: str) -> Choice | None:
    typed = st.text_input(
        "Path of a file or folder", key=f"{key}.path", persist_state="session", placeholder="~/data/scifact",
        help="Large collections are best read from here: nothing is copied through the browser. A dataset of the "
        "Hugging Face hub goes by its name, org/name or org/name:configuration, and is fetched once.",
    )  # fmt: skip
    place = (typed or "").strip().strip("'\"")
    if not place:
        return None
    # A name on the Hugging Face hub stays as it was typed.
    path = str(Path(place).expanduser()) if place.startswith("~") else place
    return Choice(Path(path).name or place, lambda: nullcontext(path), lambda: columns_found(Path(path)))


def _files(key: str) -> Choice | None:
    given = st.file_uploader(
        "Files", accept_multiple_files=True, key=f"{key}.files",
        help="Plain or compressed (.gz, .zst), Parquet and Arrow too. Several files make a folder: of BEIR for "
        "instance corpus.jsonl, queries.jsonl and the .tsv files of judgments; or the shards of one table.",
    )  # fmt: skip
    if not given:
        return None
    return Choice(
        given[0].name,
        lambda: unpacked({file.name: file.getvalue() for file in given}),
        lambda: columns_of_upload(given[0].name, given[0].getvalue()),
    )


def _options(choice: Choice | None, key: str) -> dict[str, Any]:
    """Widgets of what the loader can be told; None or left out where it is to find out itself."""
    failed = last()
    message = failed.message if failed is not None and failed.error else ""
    columns_unknown, encoding_unknown = "--column" in message, "--encoding" in message
    asked = f"{key}.columns_asked"
    st.session_state[asked] = by_hand_first = bool(st.session_state.get(asked)) or columns_unknown
    overruled = bool(st.session_state.get(f"{key}.format"))
    with st.expander("Options: format, encoding, split, columns", icon=":material/settings:",
                     expanded=columns_unknown or encoding_unknown or overruled):  # fmt: skip
        first, second, third = st.columns([2, 1, 1])
        with first:
            wanted = _format(key)
        encoding = second.selectbox(
            "Text encoding", ENCODINGS, accept_new_options=True, key=f"{key}.encoding",
            help="Text is UTF-8 unless you say otherwise; any encoding that Python knows can be typed.",
        )  # fmt: skip
        split = third.text_input(
            "Split", key=f"{key}.split", placeholder="train",
            help="Which judgments are the labelled positives; empty takes train, else the only one, else test. The "
            "others are held out and never seen by mining.",
        )  # fmt: skip
        by_hand = st.toggle(
            "Name the columns by hand", value=by_hand_first, key=f"{key}.by_hand.{by_hand_first}",
            help="For tables whose columns have unusual names.",
        )  # fmt: skip
        columns = _column_form(choice, key) if by_hand and choice else {}
    return {
        "format": wanted or None,
        "encoding": None if encoding in {None, "", "utf-8"} else encoding,
        "split": (split or "").strip() or None,
        "columns": columns or None,
    }


def _format(key: str) -> str:
    """Box in which the guess is overruled; empty where the format is to be recognised."""
    entries = {entry.name: entry for entry in sorted(LOADERS, key=lambda entry: entry.label.casefold())}
    wanted = st.selectbox(
        "Format", ["", *entries], key=f"{key}.format",
        format_func=lambda name: entries[name].label if name else "recognise it",
        help="Recognised by looking at the content; choose one where that goes wrong.",
    )  # fmt: skip
    if wanted:
        st.caption(f"{entries[wanted].trait('title') or entries[wanted].label}. It is read like this, whatever it is.")
    return wanted or ""


def _column_form(choice: Choice, key: str) -> dict[str, str]:
    """A box for each role, made from the columns of the file; what is left alone is recognised."""
    try:
        cells = choice.columns()
    except NegvizError as error:
        st.text(str(error))
        return {}
    if not cells:
        st.caption("No table with columns was found here; name a single file rather than a folder.")
        return {}
    names = list(cells)
    st.dataframe({"column": names, "first row": list(cells.values())}, hide_index=True, width="stretch")
    grid = st.columns(4)
    others = [role for role in ROLES if role not in FIRST_ROLES]
    found = {}
    for place, role in enumerate((*FIRST_ROLES, *others)):
        with grid[place % 4]:
            column = _column(role, names, f"{key}.column.{role}.{hash(tuple(names))}")
        if column is not None:
            found[role] = column
    return found


def _column(role: str, names: list[str], key: str) -> str | None:
    """Box in which a role gets its column; columns go by their place, and the box shows their names as plain text."""
    titles: dict[int | None, str] = {None: "recognise it", -1: "there is none", **dict(enumerate(names))}
    chosen = st.selectbox(role.replace("_", " "), list(titles), format_func=lambda place: titles[place], key=key)
    if chosen is None:
        return None
    return "none" if chosen < 0 else names[chosen]


def columns_found(path: Path) -> dict[str, str]:
    """Columns of a table, each with its first cell; none where the path is a folder or nothing.

    Raises:
        DataError: If the file is damaged or no text in UTF-8.
    """
    if not path.is_file():
        return {}
    source = Source(path=path, files=(path.name,))
    first = first_record(source, path.name)
    if first is None:
        table = open_table(source, path.name, FileReading())
        first = dict.fromkeys(table.columns) | next((row for _, row in table.records), {})
    return {name: shortened(str(cell if cell is not None else ""), CELL) for name, cell in first.items()}


def columns_of_upload(name: str, content: bytes) -> dict[str, str]:
    """Columns of a table that was dropped into the browser."""
    with tempfile.TemporaryDirectory(prefix="negviz-") as folder:
        path = Path(folder) / f"table{''.join(Path(name).suffixes[-2:])}"
        path.write_bytes(content)
        return columns_found(path)


def _start(choice: Choice) -> None:
    """Read in the background, and wait a moment in case it is quick."""

    def work(job: Job) -> Reading:
        def progress(stage: str, done: int, total: int | None) -> None:
            job.progress(stage, done, total)
            if job.stop.is_set():
                raise CancelledError("Reading was stopped.")

        with choice.place() as place:
            return reading_of(load(place, **choice.options, progress=progress))

    job = jobs.start(f"Reading {choice.title}", work, KIND)
    st.session_state["load.job"] = job.id
    st.session_state[f"load.asked.{job.id}"] = choice.options.get("format") or ""
    st.query_params["data"] = job.id
    job.wait(1.5)
    st.rerun()


def reading_of(dataset: Dataset) -> Reading:
    """Count what the preview shows; of very many texts an even sample."""
    positives = np.bincount(dataset.positives.queries, minlength=len(dataset.queries)).astype(np.int32)
    return Reading(dataset, _words(dataset.queries["text"]), _words(dataset.documents["text"]), positives)


def _words(texts: pa.ChunkedArray) -> Ints:
    rows = np.unique(np.linspace(0, len(texts) - 1, min(COUNTED, len(texts))).astype(np.int64))
    return word_counts(texts.take(pa.array(rows)))


def last() -> Job | None:
    """The session's last reading; after a reload the one that the address names."""
    return jobs.find(st.query_params.get("data") or st.session_state.get("load.job"))


def reading() -> Reading | None:
    """What was read last; while reading goes on its progress is shown, and where it failed why."""
    job = last()
    if job is None or job.kind != KIND:
        st.query_params.pop("data", None)
        return None
    st.query_params["data"] = job.id
    if not job.finished:
        show_running(job)
        return None
    if job.error is not None:
        st.error("That could not be read.", icon=":material/error:")
        st.text("Reading was stopped." if isinstance(job.error, CancelledError) else job.message)
        if isinstance(job.error, DataError) and "--column" in job.message:
            st.caption("Name the columns in the options above, then read again.")
        elif isinstance(job.error, DataError) and "--encoding" in job.message:
            st.caption("Choose the text encoding in the options above, then read again.")
        elif st.session_state.get(f"load.asked.{job.id}"):
            st.caption("You chose the format; choose another in the options above, or let it be recognised.")
        return None
    result: Reading = job.result
    return result
