"""The export page: pick a trainer's format, see what it gets and what it cannot say, write it or download it."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast, get_args

import pyarrow as pa
import streamlit as st

from negviz.card import snippet
from negviz.errors import ExportError
from negviz.export import export, knobs_of, shown_name
from negviz.exporters._rows import NO_NEGATIVE
from negviz.home import home_folder
from negviz.labels import Labels
from negviz.pool import Pool
from negviz.registry import Entry
from negviz.selection import Selection
from negviz.survey import Loss
from negviz.training_set import TrainingSet, Unsure
from negviz.ui import cache, counting, export_cache, export_leaks, format_choice, jobs
from negviz.ui.building import safe_name, show_running
from negviz.ui.counting import Told, silent
from negviz.ui.export_leaks import Held
from negviz.ui.format_choice import COSTLY, loss_lines
from negviz.ui.frame import Workbench
from negviz.ui.jobs import Job
from negviz.ui.metrics import show_metrics
from negviz.ui.outlook import LOOKED_AT, Outlook
from negviz.ui.tables import csv_bytes, show_paged
from negviz.ui.written import archive_of, forget_check, show_written

KIND = "export"
NOBODY = Held()
VIEWS = {"rows": "First rows", "changes": "Changed by labels", "left out": "Left out", "code": "Code"}


@dataclass(frozen=True, eq=False)
class Plan:
    """What is to be exported, and how.

    Attributes:
        selection: The negatives; of a large pool a look at some of them.
        labels: What people said.
        entry: The format.
        knobs: Its knobs.
        unsure: What becomes of negatives that somebody was unsure about.
        held: Held-out data.
        whole: The pool that is written, where only some of it is looked at; None where all of it is.
    """

    selection: Selection
    labels: Labels
    entry: Entry
    knobs: Mapping[str, Any]
    unsure: Unsure
    held: Held = NOBODY
    whole: Pool | None = None

    @cached_property
    def training_set(self) -> TrainingSet:
        """What would be written."""
        return export_cache.training_set(self.selection, self.labels, self.unsure, self.held.without)

    @property
    def key(self) -> str:
        """What tells the training set from another."""
        return export_cache.training_set_key(self.selection, self.labels, self.unsure, self.held.without)

    @cached_property
    def outlook(self) -> Outlook:
        """The beginning of it, in the format."""
        return export_cache.outlook(self.training_set, self.key, self.entry, self.knobs)

    @cached_property
    def losses(self) -> tuple[list[Loss], bool]:
        """What the format cannot say, and whether everything was counted."""
        try:
            surveyed = export_cache.survey(self.training_set, self.key)
        except ExportError:
            # A positive among the negatives; the outlook says so.
            return [], True
        return surveyed.survey.losses(self.entry, self.knobs, self.training_set.count), surveyed.whole

    @property
    def name(self) -> str:
        """A folder's name: data, recipe, format."""
        parts = (self.selection.pool.dataset.name, self.selection.recipe.name, shown_name(self.entry))
        return safe_name("-".join(parts), 80)

    @property
    def refusal(self) -> str:
        """Why nothing can be written, empty where something can."""
        if not self.training_set.counts["queries"]:
            return "No query has a positive left, so there is nothing to train on; load or label some."
        if not self.training_set.counts["negatives"]:
            return "No negative is left, so the training set would be empty; loosen the recipe on the page Mine."
        return self.outlook.refusal or self.held.refusal

    def write(self, folder: Path, tell: Told = silent) -> dict[str, Any]:
        """Write it; of a large pool all of it."""
        selection, recipe = self.selection, self.selection.recipe
        if self.whole is not None:
            counting.count(self.whole, recipe, self.labels, tell)
            selection = cache.selection(self.whole, recipe, self.labels)
            tell("writing", 0, 1)
        return export(
            selection, self.labels, self.entry.name, folder, knobs=self.knobs, unsure=self.unsure,
            held_out=self.held.held_out, leaks=self.held.leaks,
        )  # fmt: skip

    def zipped(self) -> bytes:
        """Everything that would be written, as one archive with a folder in it."""
        with tempfile.TemporaryDirectory(prefix="negviz-") as place:
            self.write(Path(place) / self.name)
            return archive_of(Path(place) / self.name, self.name)


def choose_format(bench: Workbench, key: str) -> Plan:
    """Widgets for the format, its knobs, what becomes of pairs labelled unsure, and held-out data.

    Args:
        bench: Pool, recipe and selection at hand.
        key: Prefix of the widgets.
    """
    with st.container(border=True):
        first, second = st.columns([3, 2])
        with first:
            entry = format_choice.choose_format(key)
        with second:
            knobs = format_choice.settings(entry, key)
            unsure = st.selectbox(
                "Negatives labelled unsure", get_args(Unsure), key=f"{key}.unsure", persist_state="session",
                help="Whether a taken candidate that somebody was unsure about stays a negative.",
            )  # fmt: skip
        large = counting.is_large(bench.pool)
        looked_at = Workbench(counting.look_of(bench.pool), bench.recipe)
        plan = Plan(looked_at.selection, bench.labels, entry, knobs, cast(Unsure, unsure),
                    whole=bench.pool if large else None)  # fmt: skip
        return replace(plan, held=export_leaks.ask(plan.training_set, plan.key, key))


def show_plan(plan: Plan, key: str) -> None:
    """Counts, warnings, what the format cannot say, and the views: rows, changes, what is left out, code."""
    if plan.whole is not None:
        st.info(
            f"A look at {len(plan.selection.pool):,} of {len(plan.whole):,} queries, chosen by their ids: what you see "
            "here is of these alone. All of them are written, and counted in the manifest.",
            icon=":material/visibility:",
        )  # fmt: skip
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
    if plan.refusal:
        st.error("Nothing can be written like this.", icon=":material/error:")
        st.text(plan.refusal)
    losses, whole = plan.losses
    among = "" if whole else f" (among the first {LOOKED_AT:,} queries)"
    costly = [loss for loss in losses if loss.what in COSTLY]
    told = sum(loss.number for loss in costly if loss.what in {"counts", "empty"})
    notes = [*_notes(plan, told), *loss_lines(costly, plan.entry, among)]
    if notes:
        st.warning(_listed(notes), icon=":material/warning:")
    beside = loss_lines((loss for loss in losses if loss.what not in COSTLY), plan.entry, among)
    if beside:
        st.info(f"This format cannot say:\n{_listed(beside)}", icon=":material/info:")


def _listed(lines: list[str]) -> str:
    return lines[0] if len(lines) == 1 else "\n".join(f"- {line}" for line in lines)


def _notes(plan: Plan, told: int) -> list[str]:
    """What is left out or filled up.

    Args:
        plan: What is to be exported.
        told: Queries with too few negatives of which the losses tell, with the setting that decides it.
    """
    counts, outlook, wanted = plan.training_set.counts, plan.outlook, plan.training_set.count
    among = "" if outlook.whole else f" among the first {LOOKED_AT:,} rows"
    notes = [
        f"{number:,} queries are left out{among}, each because {reason}."
        for reason, number in outlook.reasons.items()
        if not told or (reason != NO_NEGATIVE and "fewer than" not in reason)
    ]
    if counts["starved"] > told:
        none = counts["queries_without_negative"]
        notes.append(f"{counts['starved']:,} queries have fewer than {wanted} negatives, {none:,} of them none.")
    gone = counts["queries_without_positive"] + counts["queries_with_wrong_positives_only"]
    if gone:
        notes.append(f"{gone:,} queries have no positive (any more) and are left out.")
    if plan.held.without:
        notes.append(f"{len(plan.held.without):,} queries are left out, since the held-out data has them.")
    if plan.held.leaks == "report" and plan.held.check is not None and plan.held.check.queries:
        number = plan.held.check.queries
        notes.append(f"{number:,} training queries are held-out queries; a model that saw them is flattered.")
    if outlook.filled:
        notes.append(f"{outlook.filled:,} negatives{among} only fill up their row; ids.parquet marks them backfilled.")
    return notes


def _rows(plan: Plan, key: str) -> None:
    if not plan.outlook.rows:
        st.caption("There is no row to show.")
        return
    has_ids = plan.entry.trait("by_id") or plan.entry.trait("beside")
    st.caption(f"As the data file holds them{'' if has_ids else '; ids lie beside, since they would be trained on'}.")
    rows = [json.dumps(row, ensure_ascii=False, indent=1) for row in plan.outlook.rows]
    st.code("\n".join(rows), language="json", wrap_lines=True, height=420)
    filled = [
        f"Row {place}: {len(filling):,} of its negatives only fill it up ({', '.join(filling)})."
        for place, filling in enumerate(plan.outlook.padding, start=1)
        if filling
    ]
    if filled:
        st.text("\n".join(filled))


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
    written = _same_written(plan, key) or export_cache.trial(plan.training_set, plan.key, plan.entry, plan.knobs)
    language = str(plan.entry.trait("language", "python"))
    unknown = "" if written else " DATA stands for the path of the data file."
    st.caption(f"Run it in the folder of the export; its README holds the same.{unknown}")
    count = int(written.get("negatives_in_a_row", plan.training_set.count))
    st.code(snippet(plan.entry, str(written.get("data", "DATA")), plan.knobs, count), language=language)


def _same_written(plan: Plan, key: str) -> Mapping[str, Any]:
    """What the exporter said the last time, if that was in this format and with these settings."""
    done = _last(key)
    if done is None or not done.finished or done.error is not None:
        return {}
    _, manifest, name = done.result
    same = name == plan.entry.name and manifest["knobs"] == {**knobs_of(plan.entry, plan.knobs), "unsure": plan.unsure}
    written: Mapping[str, Any] = manifest["written"] if same else {}
    return written


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
            large = plan.whole is not None
            if st.button("Write", type="primary", key=f"{key}.write", icon=":material/save:", disabled=blocked):
                _start(plan, folder, key)
            st.download_button(
                "Download as .zip", plan.zipped, f"{plan.name}.zip", "application/zip", key=f"{key}.zip",
                icon=":material/download:", on_click="ignore", disabled=blocked or large,
                help="Too much for one answer to the browser: write it to a folder." if large else
                "Built when you click; large sets are better written to a folder.",
            )  # fmt: skip
        _outcome(key)


def _start(plan: Plan, folder: Path, key: str) -> None:
    def work(job: Job) -> tuple[str, dict[str, Any], str]:
        job.progress("writing", 0, 1)
        return str(folder), plan.write(folder, counting.told(job)), plan.entry.name

    forget_check(key)
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
        folder, manifest, _ = job.result
        show_written(folder, manifest, key)
