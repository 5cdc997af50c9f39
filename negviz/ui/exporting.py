"""The export page: pick a trainer's format, see what it gets, write it or download it."""

import io
import json
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast, get_args

import pyarrow as pa
import streamlit as st

from negviz.export import export
from negviz.exporters import EXPORTERS
from negviz.home import home_folder
from negviz.labels import Labels
from negviz.registry import Entry
from negviz.selection import Selection
from negviz.training_set import TrainingSet, Unsure
from negviz.ui import cache, jobs
from negviz.ui.building import safe_name, show_running
from negviz.ui.forms import knob_inputs
from negviz.ui.frame import Workbench
from negviz.ui.jobs import Job
from negviz.ui.metrics import show_metrics
from negviz.ui.outlook import LOOKED_AT, Outlook
from negviz.ui.tables import csv_bytes, show_paged

KIND = "export"
FIRST = "n_tuple"
# Formats whose rows hold ids rather than texts name the document so.
ID_FIELDS = {"corpus-id", "docid"}
BESIDE = "; ids lie beside, since a column of ids would be trained on."
VIEWS = {"rows": "First rows", "changes": "Changed by labels", "left out": "Left out", "code": "Code"}


@dataclass(frozen=True, eq=False)
class Plan:
    """What is to be exported, and how."""

    selection: Selection
    labels: Labels
    entry: Entry
    knobs: Mapping[str, Any]
    unsure: Unsure

    @cached_property
    def training_set(self) -> TrainingSet:
        """What would be written."""
        return cache.training_set(self.selection, self.labels, self.unsure)

    @cached_property
    def outlook(self) -> Outlook:
        """The beginning of it, in the format."""
        return cache.outlook(self.training_set, self.labels, self.unsure, self.entry, self.knobs)

    @property
    def name(self) -> str:
        """A folder's name: data, recipe, format."""
        shown = str(self.entry.trait("name_shown") or self.entry.name)
        return safe_name(f"{self.selection.pool.dataset.name}-{self.selection.recipe.name}-{shown}", 80)

    @property
    def refusal(self) -> str:
        """Why nothing can be written, empty where something can."""
        if not self.training_set.counts["queries"]:
            return "No query has a positive left, so there is nothing to train on; load or label some."
        if not self.training_set.counts["negatives"]:
            return "No negative is left, so the training set would be empty; loosen the recipe on the page Mine."
        return self.outlook.refusal

    def write(self, folder: Path) -> dict[str, Any]:
        """Write it."""
        return export(self.selection, self.labels, self.entry.name, folder, knobs=self.knobs, unsure=self.unsure)

    def zipped(self) -> bytes:
        """Everything that would be written, as one archive with a folder in it."""
        archive = io.BytesIO()
        with tempfile.TemporaryDirectory(prefix="negviz-") as place:
            self.write(Path(place) / self.name)
            with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as pack:
                for path in sorted(Path(place).rglob("*")):
                    if path.is_file():
                        pack.write(path, path.relative_to(place).as_posix())
        return archive.getvalue()


def choose_format(bench: Workbench, key: str) -> Plan:
    """Widgets for the format, its knobs, and what becomes of pairs labelled unsure.

    Args:
        bench: Pool, recipe and selection at hand.
        key: Prefix of the widgets.
    """
    entries = {entry.name: entry for entry in EXPORTERS}
    with st.container(border=True):
        first, second = st.columns([3, 2])
        with first:
            name = st.selectbox(
                "Trainer and format", list(entries), index=list(entries).index(FIRST), key=f"{key}.format",
                format_func=lambda name: f"{entries[name].trait('trainer')} · {entries[name].label}",
                persist_state="session", help="Written exactly as that trainer's own code reads it.",
            )  # fmt: skip
            entry = entries[name or FIRST]
            st.caption(entry.summary)
            if entry.reference:
                st.link_button("Where the format is described", entry.reference, type="tertiary",
                               icon=":material/open_in_new:")  # fmt: skip
        with second:
            remembered = st.session_state.setdefault(f"{key}.knobs", {})
            knobs = knob_inputs(entry, remembered.get(entry.name, {}), f"{key}.{entry.name}")
            remembered[entry.name] = knobs
            unsure = st.selectbox(
                "Negatives labelled unsure", get_args(Unsure), key=f"{key}.unsure", persist_state="session",
                help="Whether a taken candidate that somebody was unsure about stays a negative.",
            )  # fmt: skip
    return Plan(bench.selection, bench.labels, entry, knobs, cast(Unsure, unsure))


def show_plan(plan: Plan, key: str) -> None:
    """Counts, warnings, and the views: rows, changes, what is left out, code."""
    _counts(plan)
    _warnings(plan)
    sizes = {"changes": len(plan.training_set.changes), "left out": len(plan.outlook.left_out)}
    view = st.segmented_control(
        "What to look at", list(VIEWS), default="rows", required=True, key=f"{key}.view", label_visibility="collapsed",
        format_func=lambda name: f"{VIEWS[name]} ({sizes[name]:,})" if name in sizes else VIEWS[name],
    )  # fmt: skip
    {"rows": _rows, "changes": _changes, "left out": _left_out, "code": _code}[view or "rows"](plan, key)


def _counts(plan: Plan) -> None:
    counts, outlook = plan.training_set.counts, plan.outlook
    rows = f"{outlook.counted:,}" if outlook.whole else f"over {LOOKED_AT:,}"
    metrics = [
        ("Rows", rows, "Rows of the data file in this format."),
        ("Queries", f"{counts['queries']:,}", "Queries with a positive."),
        ("Positives", f"{counts['positives']:,}", "Labelled positives and those that labels added."),
        ("Negatives", f"{counts['negatives']:,}", "What the recipe took, less what labels took out."),
        ("Promoted", f"{counts['promoted']:,}", "False negatives that people found and that are positives now."),
        ("Confirmed", f"{counts['true_negatives_confirmed']:,}", "Negatives that people said are negatives."),
    ]
    show_metrics(metrics)


def _warnings(plan: Plan) -> None:
    """What is not as one may expect, before anything is written."""
    counts, outlook, wanted = plan.training_set.counts, plan.outlook, plan.training_set.count
    if plan.refusal:
        st.error("Nothing can be written like this.", icon=":material/error:")
        st.text(plan.refusal)
    among = "" if outlook.whole else f" among the first {LOOKED_AT:,} rows"
    notes = [
        f"{number:,} queries are left out{among}, each because {reason}." for reason, number in outlook.reasons.items()
    ]
    if counts["starved"]:
        none = counts["queries_without_negative"]
        notes.append(f"{counts['starved']:,} queries have fewer than {wanted} negatives, {none:,} of them none.")
    gone = counts["queries_without_positive"] + counts["queries_with_wrong_positives_only"]
    if gone:
        notes.append(f"{gone:,} queries have no positive (any more) and are left out.")
    if notes:
        st.warning("\n".join(f"- {note}" for note in notes), icon=":material/warning:")


def _rows(plan: Plan, key: str) -> None:
    if not plan.outlook.rows:
        st.caption("There is no row to show.")
        return
    beside = (
        "; ids lie beside, since a column of ids would be trained on"
        if not ID_FIELDS & plan.outlook.rows[0].keys()
        else ""
    )
    st.caption(f"As the data file holds them{beside}.")
    rows = [json.dumps(row, ensure_ascii=False, indent=1) for row in plan.outlook.rows]
    st.code("\n".join(rows), language="json", wrap_lines=True, height=420)


def _changes(plan: Plan, key: str) -> None:
    changes = plan.training_set.changes
    if not changes:
        st.info(
            "No label changes this training set. Label doubtful candidates on the page Label.", icon=":material/info:"
        )
        return
    counts = plan.training_set.counts
    st.caption(
        f"{counts['promoted']:,} promoted, {counts['false_negatives_taken_out']:,} false negatives and "
        f"{counts['same_text_taken_out']:,} copies of positives taken out, {counts['dropped']:,} dropped, "
        f"{counts['unsure_left_out']:,} unsure left out, {counts['wrong_positives']:,} wrong positives taken away."
    )
    table = pa.table({name: [getattr(change, name) for change in changes] for name in changes[0]._fields})
    show_paged(table, f"{key}.changes")
    _download(table, "label_changes.csv", key)


def _left_out(plan: Plan, key: str) -> None:
    left_out = plan.outlook.left_out
    if not left_out:
        st.success("The format holds every query.", icon=":material/check_circle:")
        return
    names = list(dict.fromkeys(name for each in left_out for name in each))
    table = pa.table({name: [None if name not in each else str(each[name]) for each in left_out] for name in names})
    show_paged(table, f"{key}.left_out.{plan.entry.name}")
    _download(table, "left_out.csv", key)


def _download(table: pa.Table, name: str, key: str) -> None:
    st.download_button(
        f"Download all {len(table):,} as CSV", lambda: csv_bytes(table), name, "text/csv", key=f"{key}.{name}",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def _code(plan: Plan, key: str) -> None:
    done = _last(key)
    written = done.result[1]["written"] if done and done.finished and done.error is None else {}
    same = bool(written) and done is not None and done.result[2] == plan.entry.name
    data = str(written["data"]) if same else "DATA"
    file = "parquet" if (data.endswith(".parquet") or plan.knobs.get("file") == "parquet") else "json"
    where = "Run it in the folder of the export"
    st.caption(f"{where}." if same else f"{where}; DATA stands for the path of the data file, which its README names.")
    st.code(str(plan.entry.trait("snippet", "")).replace("FILE", file).replace("DATA", data), language="python")


def write_form(plan: Plan, key: str) -> None:
    """Where to write, the button that does, a download, and what became of the last one."""
    with st.container(border=True):
        default = home_folder().resolve() / "exports" / plan.name
        typed = st.text_input(
            "Folder on this computer", f"{default}", key=f"{key}.folder.{plan.name}", persist_state="session",
            help="An older export there is replaced; a folder with anything else in it is left alone.",
        )  # fmt: skip
        folder = Path((typed or "").strip() or default).expanduser().resolve()
        if (folder / "manifest.json").is_file():
            st.caption("There is an export in this folder; writing replaces it.")
        with st.container(horizontal=True):
            blocked = bool(plan.refusal)
            if st.button("Write", type="primary", key=f"{key}.write", icon=":material/save:", disabled=blocked):
                _start(plan, folder, key)
            st.download_button(
                "Download as .zip", plan.zipped, f"{plan.name}.zip", "application/zip", key=f"{key}.zip",
                icon=":material/download:", on_click="ignore", disabled=blocked,
                help="Built when you click; large sets are better written to a folder.",
            )  # fmt: skip
        _outcome(key)


def _start(plan: Plan, folder: Path, key: str) -> None:
    def work(job: Job) -> tuple[str, dict[str, Any], str]:
        job.progress("writing", 0, 1)
        return str(folder), plan.write(folder), plan.entry.name

    job = jobs.start("Writing the training set", work, KIND)
    st.session_state[f"{key}.job"] = job.id
    job.wait(2)
    st.rerun()


def _last(key: str) -> Job | None:
    return jobs.find(st.session_state.get(f"{key}.job"))


def _outcome(key: str) -> None:
    job = _last(key)
    if job is None:
        return
    if not job.finished:
        show_running(job, can_stop=False)
    elif job.error is not None:
        st.error("Nothing was written.", icon=":material/error:")
        st.text(job.message)
    else:
        _written(*job.result)


def _written(folder: str, manifest: Mapping[str, Any], name: str) -> None:
    written = manifest["written"]
    left_out = f" {written['queries_left_out']:,} queries were left out." if written.get("queries_left_out") else ""
    st.success(f"{written['rows']:,} rows were written.{left_out}", icon=":material/check_circle:")
    st.code(folder, language=None)
    files = manifest["files"]
    table = {
        "file": list(files),
        "rows or lines": [facts["rows"] for facts in files.values()],
        "bytes": [facts["bytes"] for facts in files.values()],
        "SHA-256": [facts["sha256"] for facts in files.values()],
    }
    st.dataframe(table, hide_index=True, width="stretch")
