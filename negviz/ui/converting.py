"""Only convert: data as it is named on the page Load, written in another trainer's format without mining."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from negviz.convert import convert
from negviz.converted import TAKEN_OUT
from negviz.errors import CancelledError
from negviz.export import find_format, shown_name
from negviz.home import home_folder
from negviz.loaders._source import bare
from negviz.survey import Loss
from negviz.ui import format_choice, jobs
from negviz.ui.building import safe_name, show_running
from negviz.ui.format_choice import loss_lines
from negviz.ui.jobs import Job
from negviz.ui.loading import Choice
from negviz.ui.written import forget_check, show_written

KIND = "convert"
KEPT = "Nothing is kept; what lies in the folder stays as it is."
READ = {"queries": "queries", "positives": "positives", "negatives": "negatives"}


def show(choice: Choice | None, key: str) -> None:
    """A folded form: format, folder and the button that converts; how it goes, and what came out.

    Args:
        choice: What is converted, None while nothing is chosen.
        key: Prefix of the widgets.
    """
    job = jobs.find(st.session_state.get(f"{key}.job"))
    with st.expander(
        "Only convert it: write it for another trainer, without mining", icon=":material/swap_horiz:",
        expanded=job is not None, key=f"{key}.more", on_change="rerun",
    ) as inside:  # fmt: skip
        if not inside.open:
            return
        if choice is None:
            st.caption("Name the data above first; it need not be read for this.")
        else:
            _form(choice, key)
        if job is not None:
            _outcome(job, key)


def _form(choice: Choice, key: str) -> None:
    st.text(f"Converts {choice.title} row by row, so it may be of any size and need not be read above.")
    first, second = st.columns([3, 2])
    with first:
        entry = format_choice.choose_format(key)
    with second:
        knobs = format_choice.settings(entry, key)
    name = f"{safe_name(bare(choice.title), 60).rstrip('-._')}-{safe_name(shown_name(entry))}"
    default = home_folder().resolve() / "exports" / name
    typed = st.text_input(
        "Folder on this computer", f"{default}", key=f"{key}.folder.{name}",
        help="An older export there is replaced; a folder with anything else in it is left alone.",
    )  # fmt: skip
    folder = Path((typed or "").strip() or default).expanduser().resolve()
    if st.button("Convert", type="primary", key=f"{key}.start", icon=":material/swap_horiz:"):
        _start(choice, entry.name, knobs, folder, key)


def _start(choice: Choice, format: str, knobs: Mapping[str, Any], folder: Path, key: str) -> None:
    options = {("reads" if name == "format" else name): value for name, value in choice.options.items()}

    def work(job: Job) -> tuple[str, dict[str, Any]]:
        def progress(stage: str, done: int, total: int | None) -> None:
            job.progress(stage, done, total)
            if job.stop.is_set():
                raise CancelledError("The conversion was stopped.")

        with choice.place() as place:
            return str(folder), convert(place, format, folder, knobs=knobs, progress=progress, **options)

    forget_check(key)
    job = jobs.start(f"Converting {choice.title}", work, KIND)
    st.session_state[f"{key}.job"] = job.id
    job.wait(2)
    st.rerun()


def _outcome(job: Job, key: str) -> None:
    if not job.finished:
        show_running(job, place=f".{key}", kept=KEPT)
    elif isinstance(job.error, CancelledError):
        st.info(f"The conversion was stopped. {KEPT}", icon=":material/info:")
    elif job.error is not None:
        st.error("That could not be converted.", icon=":material/error:")
        st.text(job.message)
    else:
        folder, manifest = job.result
        _converted(folder, manifest, key)


def _converted(folder: str, manifest: Mapping[str, Any], key: str) -> None:
    """What came out, what was taken out, and what the format could not say."""
    source, counts = manifest["converted_from"], manifest["counts"]
    found = ", ".join(f"{counts[name]:,} {what}" for name, what in READ.items())
    show_written(folder, manifest, key, archive=True)
    st.text(f"Read as '{source['format']}': {source['why']} {found}.")
    entry = find_format(str(manifest["exporter"]))
    lines = [f"{counts[name]:,} {what}." for name, what in TAKEN_OUT.items() if counts[name]]
    lines += loss_lines((Loss(**loss) for loss in manifest["losses"]), entry)
    problems = sum(manifest["problems"].values())
    if problems:
        lines.append(f"{problems:,} rows or files were odd; read the data above to see each with file and line.")
    if lines:
        st.info("What is not in it:\n" + "\n".join(f"- {line}" for line in lines), icon=":material/info:")
