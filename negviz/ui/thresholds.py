"""The Thresholds page's parts: histograms with the recipe's limits, what they cost, and what lies next to them."""

import numpy as np
import streamlit as st

from negviz.charts.margin_histogram import margin_histogram
from negviz.charts.score_histogram import score_histogram
from negviz.diagnostics.effective_number import effective_number
from negviz.diagnostics.score_profile import ScoreProfile
from negviz.errors import NegvizError
from negviz.limits import Limit
from negviz.pool import Pool
from negviz.recipe import published
from negviz.selection import Selection
from negviz.ui import cache
from negviz.ui.metrics import show_metrics
from negviz.ui.mining import edit, outcome
from negviz.ui.near_threshold import nearest
from negviz.ui.shortfall import short_of, takes_all
from negviz.ui.tables import show_rows
from negviz.ui.threshold_lines import disputed_scores, drawn_limits, line_of, placed_rows, weight_curve, zones

HEIGHT = 320


@st.fragment
def explore(pool: Pool) -> None:
    """Everything that follows a slider; the rest of the page stays as it is."""
    head = st.container()
    charts, knobs = st.columns([5, 3], gap="large")
    with knobs:
        edited = edit(pool, "thresholds")
    with head:
        selection = outcome(pool, edited.recipe)
        if selection is None:
            return
        metrics(selection, pool)
    edited.tell(selection)
    profile = cache.profile(selection.pool, selection.recipe.scorer, selection.recipe.anchor)
    with charts:
        histograms(selection, profile)
    nearest(selection)


def metrics(selection: Selection, pool: Pool) -> None:
    """What the recipe takes and refuses of a pool, with the change against the published recipe's defaults."""
    now, before = _counts(selection), _published_counts(selection, pool)
    words = {
        "Taken": "Negatives over all queries.",
        "Refused": "Candidates refused by leak guards, labels and steps.",
        "Starved queries": f"Queries with fewer than {selection.recipe.count} negatives.",
        "Queries with none": "Queries that are left without any negative.",
    }
    changes = {name: now[name] - before[name] for name in now} if before else {}
    shown = [
        (name, f"{now[name]:,}", f"{text} The change is against the recipe as published.")
        for name, text in words.items()
    ]
    if takes_all(selection):
        shown[2] = short_of(selection)
    show_metrics(
        shown,
        changes={name: f"{change:+,} against published" for name, change in changes.items() if change},
        bad=("Starved queries", "Queries with none"),
    )  # fmt: skip


def _counts(selection: Selection) -> dict[str, int]:
    summary = selection.summary()
    return {
        "Taken": summary["taken"],
        "Refused": sum(row["count"] for row in summary["refused"]),
        "Starved queries": summary["starved"],
        "Queries with none": summary["empty"],
    }


def _published_counts(selection: Selection, pool: Pool) -> dict[str, int] | None:
    original = published().get(selection.recipe.name)
    if original is None:
        return None
    try:
        return _counts(cache.selection(pool, original, cache.labels()))
    except NegvizError:
        return None


def histograms(selection: Selection, profile: ScoreProfile) -> None:
    """Scores, and distances to the positive, each with the recipe's limits; with a key a chart is redrawn in place."""
    recipe = selection.recipe
    drawn = drawn_limits(recipe, profile)
    zone = profile.scale == "cosine" and st.toggle(
        "Disputed zone", True, key="thresholds.zone", persist_state="session",
        help="From 95% of the positive to the positive + 0.1: NV-Retriever refuses what lies there, Qwen3-Embedding "
        "keeps it as its best negatives. It differs from query to query and is shown for the median positive.",
    )  # fmt: skip
    st.subheader("Scores", anchor=False)
    bins = profile.scores
    on_scores = [line_of(limit) for _, limit in drawn if limit.axis == "score"]
    st.echarts_chart(
        score_histogram(bins.edges, bins.counts, bins.positive_counts, bins.at(selection.columns),
                        f"score, {recipe.scorer} ({profile.scale})", on_scores,
                        zones=disputed_scores(profile) if zone else ()),
        key="thresholds.scores", height=HEIGHT,
        alt="Histogram of the scores of candidates, positives and taken negatives, with the limits",
    )  # fmt: skip
    st.subheader("Distance to the positive", anchor=False)
    away = profile.distances
    st.echarts_chart(
        margin_histogram(
            away.edges, away.counts, away.at(selection.columns), "score minus positive",
            lines=[line_of(limit) for _, limit in drawn if limit.axis == "margin"],
            zones=zones(recipe, profile, disputed=bool(zone)), curve=weight_curve(recipe, away.edges),
        ),
        key="thresholds.distances", height=HEIGHT,
        alt="Histogram of the distances to the positive, of candidates and of taken negatives",
    )  # fmt: skip
    _placed(drawn, profile)
    _drawing(selection)


def _placed(drawn: list[tuple[str, Limit]], profile: ScoreProfile) -> None:
    """For each line the share of candidates and of positives below it."""
    rows = placed_rows(drawn, profile)
    with st.container():
        if rows:
            show_rows(rows)


def _drawing(selection: Selection) -> None:
    """Among how many candidates the draw chooses, where weights differ."""
    number = effective_number(selection.weights)
    some = number[number > 0]
    if some.size:
        low, middle, high = np.percentile(some, [5, 50, 95])
        st.caption(
            f"Effective number of candidates to draw from, exp(entropy of the weights): median {middle:.1f} a query, "
            f"90% of queries from {low:.1f} to {high:.1f}."
        )
