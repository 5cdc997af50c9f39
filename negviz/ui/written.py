"""A folder that was written: its files, a check that reads them back, and the whole of it as one archive."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import streamlit as st

from negviz.export import verify
from negviz.ui import jobs
from negviz.ui.building import show_running
from negviz.ui.tables import show_paged

CHECK = "check"
CHECKS = (
    "Reads every file again, compares rows, sizes and SHA-256 with what was written, and counts positives and "
    "negatives in the data. After the folder was copied, 'negviz verify FOLDER' does the same."
)


def show_written(folder: str, manifest: Mapping[str, Any], key: str, *, archive: bool = False) -> None:
    """What lies in a folder now, and a button that reads it back.

    Args:
        folder: Where it was written.
        manifest: Its manifest.
        key: Prefix of the widgets.
        archive: Whether it is offered as one archive.
    """
    written = manifest["written"]
    left_out = f" {written['queries_left_out']:,} queries were left out." if written.get("queries_left_out") else ""
    st.success(
        f"{written['rows']:,} rows were written as {manifest['format']}.{left_out}", icon=":material/check_circle:"
    )
    if queries := (manifest.get("leaks") or {}).get("queries", 0) - (manifest.get("leaks") or {}).get("dropped", 0):
        st.warning(
            f"{queries:,} training queries are held-out queries; leaks.jsonl lists them.", icon=":material/policy:"
        )
    st.code(folder, language=None, wrap_lines=True)
    with st.container(horizontal=True):
        if st.button("Read it back", key=f"{key}.check", icon=":material/fact_check:", help=CHECKS):
            _check(folder, key)
        if archive:
            _download(Path(folder), key)
    _checked(folder, len(manifest["files"]), key)
    with st.expander(f"Files ({len(manifest['files']):,})", icon=":material/folder:"):
        show_paged(_files(manifest["files"]), f"{key}.files")


def _files(files: Mapping[str, Mapping[str, Any]]) -> pa.Table:
    return pa.table(
        {
            "file": list(files),
            "rows or lines": [facts["rows"] for facts in files.values()],
            "bytes": [facts["bytes"] for facts in files.values()],
            "SHA-256": [facts["sha256"] for facts in files.values()],
        }
    )


def _download(place: Path, key: str) -> None:
    st.download_button(
        "Download as .zip", lambda: archive_of(place, place.name), f"{place.name}.zip", "application/zip",
        key=f"{key}.zip", icon=":material/download:", on_click="ignore",
        help="Built when you click; large sets are better copied from the folder.",
    )  # fmt: skip


def _check(folder: str, key: str) -> None:
    job = jobs.start("Reading it back", lambda job: verify(Path(folder)), CHECK)
    st.session_state[f"{key}.check_job"] = job.id, folder
    job.wait(2)


def _checked(folder: str, files: int, key: str) -> None:
    """What came of reading this folder back since it was written."""
    job_id, checked = st.session_state.get(f"{key}.check_job", (None, ""))
    job = jobs.find(job_id)
    if job is None or checked != folder:
        return
    if not job.finished:
        show_running(job, can_stop=False)
    elif job.error is None and not job.result:
        st.success(f"All {files:,} files are as they were written; their counts agree.", icon=":material/check_circle:")
    else:
        st.error("The folder is not as it was written.", icon=":material/error:")
        for problem in [job.message] if job.error is not None else job.result:
            st.text(problem)


def forget_check(key: str) -> None:
    """Something new is written: what was read back before says nothing about it."""
    st.session_state.pop(f"{key}.check_job", None)


def archive_of(place: Path, name: str) -> bytes:
    """A folder as one archive with a folder of that name in it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as pack:
        for path in sorted(place.rglob("*")):
            if path.is_file():
                pack.write(path, f"{name}/{path.relative_to(place).as_posix()}")
    return archive.getvalue()
