"""What a training found: in sentences, as points with intervals, as a table, and round by round as curves."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import streamlit as st

from negviz.charts.arm_intervals import Measured, arm_intervals
from negviz.charts.learning_curve import Curve, learning_curve
from negviz.training.process import Training
from negviz.training.report import summary, table_rows
from negviz.ui.tables import csv_bytes, show_rows
from negviz.ui.texts import show_text

MOST_LINES = 6
# With a single comparison its own sentence is as short as a summary.
FEW = 2
NONE = "–"
DIFFERENCES, MEANS = "Differences from the first", "Means"
DIFFERENCES_TOLD = (
    "Points are mean differences from '{}' over the same held-out queries, bars their 95% intervals. A bar that "
    "crosses the line means that no difference was found."
)
MEANS_TOLD = (
    "Points are means over the held-out queries, bars their 95% intervals; the dotted line is the student before "
    "training, with its interval shaded. All are measured on the same queries, so intervals that overlap do not mean "
    "that there is no difference: look at the differences for that."
)
HARD = "\u00a0"


def show(chosen: Training, report: Mapping[str, Any]) -> None:
    """Everything that was measured.

    Args:
        chosen: Which training.
        report: See ``negviz.training.report``.
    """
    _how(report)
    _sentences(report)
    st.subheader("Measured on queries that were not trained on", anchor=False)
    metric = st.segmented_control(
        "Measure", report["metrics"], default=report["metrics"][0], key="train.metric", persist_state="session",
        required=True, help="nDCG@10: are the answers near the top. MRR@10: how far up the first one is. Recall@100: "
        "are they among the first hundred at all. All from 0 to 1.",
    )  # fmt: skip
    name = metric or report["metrics"][0]
    arms = _ordered(report["arms"], name)
    done = [arm for arm in arms if arm["final"]]
    if done:
        _points(chosen, report, done, name)
    _table(chosen, report, arms, name)
    _curves(chosen, report, name)


def _ordered(arms: Sequence[Mapping[str, Any]], metric: str) -> list[Mapping[str, Any]]:
    """Many of them the best first, below the one that they are compared with; a few as they were planned."""
    if len(arms) <= MOST_LINES:
        return list(arms)
    return [arms[0], *sorted(arms[1:], key=lambda arm: -arm["final"][metric]["mean"] if arm["final"] else 1.0)]


def _how(report: Mapping[str, Any]) -> None:
    """Who was trained on and who measured, and what is still missing."""
    queries = report["queries"]
    if queries:
        show_text(
            "", about=f"{queries['how']} {queries['train']:,} others were trained on. Seeds are averaged; intervals "
            "are 95% and say how far other queries of the same kind could move a number.",
        )  # fmt: skip
    empty = [arm["name"] for arm in report["arms"] if arm["negatives"] == 0]
    if empty:
        st.info("These took no negative at all, so they learnt from the documents of other lines alone:",
                icon=":material/block:")  # fmt: skip
        st.text("\n".join(empty))
    if not report["finished"]:
        st.info(
            f"{report['rounds_done']:,} of {report['rounds']:,} rounds are finished; what follows rests on those.",
            icon=":material/info:",
        )


def _sentences(report: Mapping[str, Any]) -> None:
    """What was found: in short where several are compared, each comparison in a sentence below."""
    told, short = report["sentences"], summary(dict(report))
    if not told:
        return
    several = len(report["arms"]) > FEW and bool(short)
    with st.container(border=True):
        show_text("\n".join(f"• {sentence}" for sentence in (short if several else told)), title="What was found")
    if several:
        with st.expander("Every comparison in a sentence"):
            show_text("\n".join(f"• {sentence}" for sentence in told))


def _points(chosen: Training, report: Mapping[str, Any], arms: Sequence[Mapping[str, Any]], metric: str) -> None:
    """The differences from the first set, where there are some, or the means; as points with intervals."""
    compared = [arm for arm in arms if arm["against_first"]]
    drawn = MEANS
    if compared:
        drawn = st.segmented_control(
            "Drawn", [DIFFERENCES, MEANS], default=DIFFERENCES, key="train.drawn", persist_state="session",
            required=True, label_visibility="collapsed",
        ) or DIFFERENCES  # fmt: skip
    first = report["arms"][0]["name"]
    if drawn == DIFFERENCES:
        rows = [_measured(arm["name"], arm["against_first"][metric]) for arm in compared]
        reference, axis = Measured(first, 0.0, None, None), f"{metric} minus that of the first"
        told = DIFFERENCES_TOLD.format(first)
    else:
        rows, axis, told = [_measured(arm["name"], arm["final"][metric]) for arm in arms], metric, MEANS_TOLD
        reference = _measured("before training", report["before"][metric])
    st.plotly_chart(
        arm_intervals(rows, reference, axis, first=int(drawn == DIFFERENCES)),
        key=f"train.points.{chosen.name}.{metric}.{len(rows)}.{drawn}", config={"displayModeBar": False},
        alt=f"{axis} of each with its interval",
    )  # fmt: skip
    show_text("", about=told)


def _measured(name: str, found: Mapping[str, Any]) -> Measured:
    return Measured(name, found["mean"], found["low"], found["high"])


def _table(chosen: Training, report: Mapping[str, Any], arms: Sequence[Mapping[str, Any]], metric: str) -> None:
    rows = [_row(arm, metric) for arm in arms]
    if report["before"]:
        rows.insert(0, _row({"name": "(before training)", "final": report["before"]}, metric))
    show_rows(rows)
    st.caption(
        "Difference: from the first set, over the same queries, with p of a randomisation test adjusted for the number "
        "of comparisons. False: negatives that are known to answer, of those that are judged. Hardness: score minus "
        "the positive's, by the student before training. Pairs: of a query and a positive to learn from. These and the "
        "negatives are of the first round. Seconds: one training with all its rounds."
    )
    whole = pa.Table.from_pylist(table_rows(dict(report)))
    with st.container(horizontal=True):
        st.download_button(
            "Table as CSV", lambda: csv_bytes(whole), f"{chosen.name}.csv", "text/csv", icon=":material/download:",
            key=f"train.csv.{chosen.name}", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "Everything as JSON", lambda: json.dumps(report, ensure_ascii=False, indent=1), f"{chosen.name}.json",
            "application/json", icon=":material/data_object:", key=f"train.json.{chosen.name}", on_click="ignore",
            help="What 'negviz train --json' prints.",
        )  # fmt: skip


def _row(arm: Mapping[str, Any], metric: str) -> dict[str, Any]:
    """One line of the table, in words."""
    final, against = arm["final"], (arm.get("against_first") or {}).get(metric)
    judged = arm.get("judged")
    return {
        "negatives of": arm["name"],
        metric: _spoken(final[metric], "{:.3f}") if final else "not finished",
        "difference": _spoken(against, "{:+.3f}") if against else NONE,
        "p adjusted": f"{against['p_adjusted']:.3f}" if against and against.get("p_adjusted") is not None else NONE,
        "false": _false(arm) if judged else NONE,
        "hardness": _number(arm.get("hardness"), "{:+.3f}"),
        "negatives": _number(arm.get("negatives"), "{:,}"),
        "pairs": _number(arm.get("pairs"), "{:,}"),
        "seconds": _number(arm.get("seconds"), "{:.1f}"),
    }


def _spoken(found: Mapping[str, Any], form: str) -> str:
    """A mean with its interval."""
    if found["low"] is None:
        return form.format(found["mean"])
    # A line may end before the interval, not in it.
    interval = f"({form.format(found['low'])} to {form.format(found['high'])})".replace(" ", HARD)
    return f"{form.format(found['mean'])} {interval}"


def _false(arm: Mapping[str, Any]) -> str:
    interval = f"({arm['false_low']:.1%} to {arm['false_high']:.1%}),".replace(" ", HARD)
    return f"{arm['false_rate']:.1%} {interval} " + f"{arm['false']:,} of {arm['judged']:,}".replace(" ", HARD)


def _number(value: Any, form: str) -> str:
    return NONE if value is None else form.format(value)


def _curves(chosen: Training, report: Mapping[str, Any], metric: str) -> None:
    arms = [arm for arm in report["arms"] if len(arm["rounds"]) > 1]
    if not arms:
        return
    st.subheader("How it went from round to round", anchor=False)
    shown = arms
    if len(arms) > MOST_LINES:
        names = st.multiselect(
            "Shown", [arm["name"] for arm in arms], default=[arm["name"] for arm in arms[:MOST_LINES]],
            key=f"train.curves.{chosen.name}", max_selections=MOST_LINES,
        )  # fmt: skip
        shown = [arm for arm in arms if arm["name"] in names]
    st.plotly_chart(
        learning_curve([_curve(arm, metric) for arm in shown], metric), key=f"train.curve.{chosen.name}.{metric}",
        config={"displayModeBar": False}, alt=f"{metric} on the held-out queries after each round",
    )  # fmt: skip
    if any(each["spread_of_seeds"] for arm in shown for each in arm["rounds"]):
        st.caption(
            "Lines are means over the seeds, bands one standard deviation between them. Other queries could move them "
            "further than other seeds: whether one is above another is told by the differences in the table."
        )


def _curve(arm: Mapping[str, Any], metric: str) -> Curve:
    rounds = arm["rounds"]
    return Curve(
        arm["name"], [each["round"] for each in rounds], [each["metrics"][metric] for each in rounds],
        [each["spread_of_seeds"][metric] if each["spread_of_seeds"] else None for each in rounds],
    )  # fmt: skip
