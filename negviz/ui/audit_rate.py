"""The view Rate of the page Audit: the measured false-negative rate, by what, and what more labels would bring."""

import math
from typing import Any

import numpy as np
import streamlit as st

from negviz.charts.rate_bars import rate_bars
from negviz.labelled_sample import ASSISTED
from negviz.labels import Labels
from negviz.rating import By, Rate, assisted_rate, labels_needed, rate, rates_by
from negviz.selection import Selection
from negviz.ui import audit_cache
from negviz.ui.links import page_link
from negviz.ui.metrics import show_metrics
from negviz.ui.tables import show_rows

GROUPS: dict[str, By] = {"Retriever": "retriever", "Rank band": "rank", "Score band": "score", "Query": "query"}
MOST_GROUPS = 40


def show(selection: Selection, labels: Labels) -> None:
    """The rate with its interval, groups, and a plan.

    Args:
        selection: Whose negatives.
        labels: What people said.
    """
    if not int(selection.taken_counts.sum()):
        st.info(
            "The recipe takes no negative, so there is no rate; loosen it on the page Mine.", icon=":material/info:"
        )
        return
    found = rate(selection, labels)
    if not found.labelled:
        _nothing(found)
        return
    _numbers(selection, labels, found)
    _groups(selection, labels, found)
    _plan(found)


def _nothing(found: Rate) -> None:
    with st.container(border=True):
        st.subheader(":material/rule: Not measured yet", anchor=False)
        st.write(
            f"None of the {found.negatives:,} negatives has a label. A few dozen answers about a random sample already "
            "give a rate with an interval: on the page Label choose a random sample and answer 100 to 300 pairs."
        )
        page_link("pages/6_Label.py", "Label a random sample", "rule")
    _plan(found)


def _numbers(selection: Selection, labels: Labels, found: Rate) -> None:
    # As short as it can be: a card of a narrow screen has room for eleven letters.
    interval = f"{100 * found.low:.1f}–{found.high:.1%}"
    metrics = [
        ("False-negative rate", f"{found.rate:.1%}", f"Share of the {found.negatives:,} negatives that answer their "
         f"query, estimated from the labels: {found.method}."),
        ("95% interval", interval, "In 95 of 100 such audits the interval contains the true rate."),
        ("Answers", f"{found.labelled:,}", f"{found.false_negatives:,} of them say false negative."),
        ("Left after cleaning", f"{found.left.rate:.1%}", "The share that stays when the labelled false negatives are "
         f"taken out, as an export does: {found.left.low:.1%} to {found.left.high:.1%}."),
    ]  # fmt: skip
    show_metrics(metrics)
    told = list(found.about)
    if found.unsure or found.dropped:
        low, high = found.widest
        told.append(
            f"{found.unsure + found.dropped:,} sampled pairs have no answer (unsure or drop); were none or all of them "
            f"false, the interval would reach from {low:.1%} to {high:.1%}."
        )
    if told:
        st.caption(" ".join(told))
    helped = assisted_rate(selection, labels, audit_cache.prior_probabilities(selection.pool))
    if helped.method == ASSISTED:
        st.caption(
            f"With the suspicion model's help, shown beside and never instead: {helped.rate:.1%} ({helped.low:.1%} to "
            f"{helped.high:.1%})."
        )


def _groups(selection: Selection, labels: Labels, whole: Rate) -> None:
    name = st.segmented_control(
        "By", list(GROUPS), default="Rank band", key="audit.by", bind="query-params", persist_state="session",
        required=True,
        help="Where the false negatives are. A group with fewer than ten answers says too little to go by.",
    )  # fmt: skip
    found = rates_by(selection, labels, GROUPS[name or "Rank band"])
    known = [group for group in found if group.labelled]
    if not known:
        st.caption("No group has an answer.")
        return
    if name == "Query":
        known.sort(key=lambda group: -group.labelled)
    shown = [whole, *known[:MOST_GROUPS]]
    names = ["all negatives", *(group.name for group in known[:MOST_GROUPS])]
    figure = rate_bars(
        names, np.array([group.rate for group in shown]), np.array([group.low for group in shown]),
        np.array([group.high for group in shown]), [group.labelled for group in shown], limit=whole.rate,
    )  # fmt: skip
    st.plotly_chart(figure, key="audit.rates", alt="False-negative rates of groups with their intervals")
    st.caption("Points are estimates, bars 95% intervals; the dotted line is the rate of all negatives.")
    show_rows([_row(name, group) for name, group in zip(names, shown, strict=True)])
    rest = len(found) - len(known)
    if rest or len(known) > MOST_GROUPS:
        st.caption(
            f"{rest:,} groups without an answer and {max(len(known) - MOST_GROUPS, 0):,} further ones are left out."
        )


def _row(name: str, group: Rate) -> dict[str, Any]:
    return {
        "group": name, "negatives": group.negatives, "answers": group.labelled, "false": group.false_negatives,
        "rate, %": _percent(group.rate), "from, %": _percent(group.low), "to, %": _percent(group.high),
        "": "too few" if group.few else "",
    }  # fmt: skip


def _percent(share: float) -> float | None:
    return round(100 * share, 1) if math.isfinite(share) else None


def _plan(found: Rate) -> None:
    """How many more answers bring the interval to a wanted width."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        points = st.number_input(
            "Wanted precision, ± points", 0.5, 20.0, 2.0, 0.5, key="audit.width", persist_state="session", width=220,
            help="Half of the width of the 95% interval, in percentage points.",
        )  # fmt: skip
        more = labels_needed(found, 2 * float(points) / 100)
        st.text(_planned(more, float(points), found))


def _planned(more: int, points: float, found: Rate) -> str:
    if not more:
        return f"The interval is within ±{points:g} points already."
    start = "more answers" if found.labelled else "answers"
    return f"About {more:,} {start} from a random sample would bring the interval to ±{points:g} points."
