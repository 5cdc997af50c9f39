"""What of a training set is in the data that the model will be evaluated with, looked at before it is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import streamlit as st

from negviz.errors import NegvizError
from negviz.held_out import HeldOut, held_out_of
from negviz.leak_check import Leak, LeakCheck, OnLeak, rows_of_queries
from negviz.training_set import TrainingSet
from negviz.ui import export_cache
from negviz.ui.tables import csv_bytes, show_paged
from negviz.ui.texts import shortened

SHOWN = 200
FATES: Mapping[OnLeak, str] = {
    "report": "write them and report it",
    "drop": "leave them out",
    "refuse": "refuse to write",
}


@dataclass(frozen=True, eq=False)
class Held:
    """What a person said about held-out data, and what was found.

    Attributes:
        held_out: What the model will be evaluated with; None where nothing is known.
        leaks: What becomes of training queries that are held-out queries.
        check: What was found; None where nobody has looked yet.
        problem: Why the data cannot be used, empty where it can.
        without: Rows of the queries to leave out.
    """

    held_out: HeldOut | None = None
    leaks: OnLeak = "report"
    check: LeakCheck | None = None
    problem: str = ""
    without: frozenset[int] = frozenset()

    @property
    def refusal(self) -> str:
        """Why nothing can be written, empty where something can."""
        if self.problem:
            return f"The held-out data cannot be used: {self.problem}"
        if self.leaks != "refuse" or self.check is None or not self.check.queries:
            return ""
        return (
            f"{self.check.queries:,} training queries are held-out queries of '{self.check.held_out}', and you asked "
            "to refuse that; leave them out, or write them and report it."
        )


def ask(training_set: TrainingSet, training_set_key: str, key: str) -> Held:
    """Widgets for the held-out data and what becomes of leaks, and the table of those that were found.

    Args:
        training_set: What would be written.
        training_set_key: What tells it from another.
        key: Prefix of the widgets.
    """
    inside = st.expander(
        "Check against held-out data", icon=":material/policy:", key=f"{key}.leaks.more", on_change="rerun"
    )
    with inside:
        path, leaks = _given(key)
        held = _look(training_set, training_set_key, path, leaks, wanted=bool(path or inside.open or leaks != "report"))
        _show(held, f"{key}.leaks")
    return held


def _given(key: str) -> tuple[str, OnLeak]:
    first, second = st.columns([3, 2])
    path = first.text_input(
        "Held-out data", key=f"{key}.held_out", persist_state="session", placeholder="Path of a file or folder",
        help="What the model will be evaluated with: data with queries, or judgments with the ids of this data. "
        "Empty: what the data itself holds out.",
    )  # fmt: skip
    leaks = second.radio(
        "Training queries that are in it", list(FATES), key=f"{key}.on_leak", format_func=lambda name: FATES[name],
        persist_state="session",
        help="By id, by text, or nearly the same text (80% in common). Positives and negatives that are held-out "
        "answers are listed, and stay.",
    )  # fmt: skip
    place = (path or "").strip().strip("'\"")
    return place, leaks or "report"


def _look(training_set: TrainingSet, set_key: str, path: str, leaks: OnLeak, *, wanted: bool) -> Held:
    dataset = training_set.dataset
    try:
        held_out = export_cache.held_out(dataset, path, _stamp(path)) if path else held_out_of(dataset)
        if held_out is None or not wanted:
            return Held(held_out, leaks)
        check = export_cache.leak_check(training_set, held_out, f"{set_key} {path} {_stamp(path)}")
    except NegvizError as error:
        return Held(None, leaks, problem=str(error))
    rows = frozenset(rows_of_queries(training_set, check.leaks)) if leaks == "drop" else frozenset[int]()
    return Held(held_out, leaks, check, without=rows)


def _stamp(path: str) -> int:
    """When what lies there was last changed, 0 where nothing lies there."""
    if not path:
        return 0
    place = Path(path).expanduser()
    try:
        return max(each.stat().st_mtime_ns for each in (place, *place.glob("*"), *place.glob("*/*")))
    except OSError:
        return 0


def _show(held: Held, key: str) -> None:
    if held.problem:
        st.error("This held-out data cannot be used.", icon=":material/error:")
        st.text(held.problem)
    elif held.held_out is None:
        st.caption("This data holds nothing out itself; name what you evaluate with, and it is compared.")
    elif held.check is not None:
        _found(held, held.check, key)


def _found(held: Held, check: LeakCheck, key: str) -> None:
    if not check.leaks:
        st.success("Nothing of it is trained on.", icon=":material/check_circle:")
        return
    st.text(check.sentence())
    if held.without:
        st.text(f"{len(held.without):,} queries are left out.")
    show_paged(_table(check.leaks, SHOWN), f"{key}.{held.leaks}")
    st.download_button(
        f"Download all {len(check.leaks):,} as CSV", lambda: csv_bytes(_table(check.leaks)), "leaks.csv", "text/csv",
        key=f"{key}.csv", icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def _table(leaks: tuple[Leak, ...], length: int | None = None) -> pa.Table:
    """Leaks as a table, with the beginning of each text where a length is given."""

    def short(text: str) -> str:
        return text if length is None else shortened(text, length)

    return pa.table(
        {
            "what": [leak.what for leak in leaks],
            "how": [leak.how for leak in leaks],
            "in training": [leak.id for leak in leaks],
            "text": [short(leak.text) for leak in leaks],
            "held out": [leak.held_out_id for leak in leaks],
            "held-out text": [short(leak.held_out_text) for leak in leaks],
        }
    )
