"""The view Scores of the page Thresholds: how scores lie, with the recipe's limits, which are dragged there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

import numpy as np
import streamlit as st

from negviz.charts import FALSE_NEGATIVE, POSITIVE, REFUSED, TAKEN
from negviz.diagnostics.candidate_groups import By
from negviz.diagnostics.effective_number import drawn_among
from negviz.diagnostics.score_axis import KINDS, Counts, Kind, ScoreAxis
from negviz.diagnostics.score_profile import ScoreProfile
from negviz.labels import Verdict
from negviz.marks import marks_of
from negviz.selection import Selection
from negviz.ui import cache, marks, state
from negviz.ui.board import Moved, Series, board
from negviz.ui.recipe_editor import knobs_of
from negviz.ui.tables import show_rows
from negviz.ui.threshold_lines import (
    RULES,
    ZONE,
    Drawn,
    compared,
    comparison_curve,
    drawn_lines,
    handles,
    offered,
    placed_rows,
    reference,
    stretched,
    turned_to,
    weight_curve,
    zones,
)

HEIGHT = 400
# Pixels of a row of names above the plot, which many lines need several of.
ROW, FEW = 20, 2
ORIGIN = "thresholds.scores"
MARKED, TRUE_NEGATIVE = "#9c36b5", "#0c8599"
# Told apart by hue, lightness and dash: by retriever, or from the best rank to the worst.
PALETTE = (("#4c6ef5", "solid"), ("#e8590c", "longdash"), ("#0c8599", "dashdot"), ("#c2255c", "dash"),
           ("#b08900", "dot"), ("#7048e8", "longdash"))  # fmt: skip
AXES: dict[Kind, str] = {
    "score": "Score", "margin": "Minus the positive", "ratio": "Ratio to the positive",
    "percentile": "Percentile of positives",
}  # fmt: skip
AXIS_HELP = (
    "Score: as the scorer gives it. Minus the positive: how far above or below the query's labelled positive. Ratio to "
    "the positive: 1 is the positive, 0.95 is 95 percent of it. Percentile of positives: which share of all labelled "
    "positives scores lower."
)
STATE, RETRIEVER, RANK = "State", "Retriever", "Rank band"
GROUPS: dict[str, By | None] = {STATE: None, RETRIEVER: "retriever", RANK: "rank"}
GROUP_HELP = (
    "State: all candidates, the negatives taken, what people labelled, what is marked. Retriever: who brought a "
    "candidate; one that two brought counts with both. Rank band: place of the candidate in its query by this scorer, "
    "0 is the best."
)


@dataclass(frozen=True, eq=False)
class Seen:
    """What is looked at.

    Attributes:
        selection: Outcome of the recipe.
        scorer: Whose scores.
        kind: On which axis.
        profile: Its scores.
        axis: Its scores on that axis.
    """

    selection: Selection
    scorer: str
    kind: Kind
    profile: ScoreProfile
    axis: ScoreAxis

    @property
    def own(self) -> bool:
        """Whether these are the scores that the recipe compares."""
        return self.scorer == self.selection.recipe.scorer

    @property
    def taken(self) -> Counts:
        """(bins,) negatives taken."""
        return self.axis.of_rows(self.selection.taken_scores) if self.own else self.axis.at(self.selection.columns)

    @property
    def title(self) -> str:
        """Title of the axis, with its unit."""
        scale = f"{self.scorer}, {self.profile.scale}"
        return {
            "score": f"score ({scale})",
            "margin": f"score minus the positive’s score ({scale})",
            "ratio": f"score as a share of the positive’s score, 1 is equal ({scale})",
            "percentile": f"share of labelled positives that score lower, % ({scale})",
        }[self.kind]


def show(selection: Selection) -> None:
    """Distributions with lines, where the lines fall, and how many candidates the draw chooses from."""
    scorer, kind, by = _what(selection)
    recipe = selection.recipe
    profile = cache.profile(selection.pool, scorer, recipe.anchor)
    seen = Seen(selection, scorer, kind, profile, cache.score_axis(selection.pool, scorer, recipe.anchor, kind))
    rules, log = _compared(profile.scale)
    lines = drawn_lines(recipe, profile, seen.axis) if seen.own else []
    _draw(seen, by, lines, rules, log=log)
    _words(seen, lines)
    rows = placed_rows(lines, profile, "at, percentile" if kind == "percentile" else f"at, {AXES[kind].lower()}")
    with st.container():
        if rows:
            show_rows(rows)
    _drawing(selection)


def _what(selection: Selection) -> tuple[str, Kind, By | None]:
    """Whose scores, on which axis, and in which groups."""
    own = selection.recipe.scorer
    kind = st.segmented_control(
        "Measured as", KINDS, default="score", key="thresholds.axis", bind="query-params", persist_state="session",
        format_func=lambda kind: AXES[kind], required=True, help=AXIS_HELP, wrap=True,
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        # Nothing chosen is the recipe's own, whatever that becomes.
        scorer = st.selectbox(
            "Scores of", ["", *sorted(name for name in selection.pool.scores if name != own)], key="thresholds.scorer",
            bind="query-params", persist_state="session", format_func=lambda name: name or f"{own} (the recipe’s)",
            help="Whose scores are shown. The recipe's lines lie on the scores that it compares.", width=190,
        )  # fmt: skip
        by = st.segmented_control(
            "Grouped by", list(GROUPS), default=STATE, key="thresholds.groups", bind="query-params",
            persist_state="session", required=True, help=GROUP_HELP, width="content",
        )  # fmt: skip
    return scorer or own, kind or "score", GROUPS[by or STATE]


def _compared(scale: str) -> tuple[list[str], bool]:
    """Published rules that are drawn beside the recipe's own, and whether the upright axis is logarithmic."""
    options = offered(scale)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.multiselect(
            "Also show", options, default=[ZONE] if ZONE in options else None, key=f"thresholds.also.{scale}",
            bind="query-params", persist_state="session", placeholder="Published rules, for comparison", wrap=True,
            format_func=lambda name: "Disputed zone" if name == ZONE else RULES[name].label,
            help="Published rules for comparison; they change nothing. The disputed zone is where they contradict each "
            "other: NV-Retriever refuses what lies above 95% of the positive, Qwen3-Embedding keeps what lies up to "
            "0.1 above it as its best negatives. What differs from query to query is drawn for the median positive.",
        )  # fmt: skip
        log = st.toggle(
            "Logarithmic", key="thresholds.log", bind="query-params", persist_state="session",
            help="The upright axis as powers of ten, which shows the few among the many. Each group adds up to 100%.",
        )  # fmt: skip
    return list(chosen), log


def _draw(seen: Seen, by: By | None, lines: list[Drawn], rules: list[str], *, log: bool) -> None:
    selection, profile, axis = seen.selection, seen.profile, seen.axis
    steady = [] if seen.kind == "percentile" else [line.value for line in lines if np.isfinite(line.value)]
    edges, before, after = stretched(axis.edges, steady)
    groups = [
        replace(group, counts=np.pad(np.asarray(group.counts, dtype=np.float64), (before, after)))
        for group in (states(seen) if by is None else parts(seen, by))
    ]
    published = [rule for rule in rules if rule != ZONE]
    recipe = selection.recipe
    curve = weight_curve(recipe, profile.level, axis, edges) if seen.own else None
    shown = [*reference(seen.kind), *compared(published, profile, axis), *handles(lines, profile, axis, edges)]
    board(
        edges, groups, axis=seen.title, lines=shown,
        zones=zones(recipe if seen.own else None, profile, axis, disputed=ZONE in rules),
        curve=curve or comparison_curve(published, profile.level, axis, edges),
        log=log, height=HEIGHT + ROW * max(len(shown) - FEW, 0), brush=_brush(seen), key="thresholds.board",
        alt=f"Histogram of candidates, {seen.title}, with the limits of the recipe",
        on_move=partial(answer, seen, lines),
    )  # fmt: skip


def states(seen: Seen) -> list[Series]:
    """All candidates, positives, negatives taken, and what is labelled and marked, where anything is."""
    selection, axis = seen.selection, seen.axis
    cells = cache.verdict_cells(selection.pool, cache.labels())
    # What was marked by an interval of this very plot is all that lies in it, which needs no line of its own.
    found = marks.marked(selection.pool) if _brush(seen) is None else None
    return [
        Series("Candidates", axis.counts, REFUSED),
        *_positives(seen),
        Series("Negatives taken", seen.taken, TAKEN, "line"),
        *(Series(name, axis.of_cells(cells[verdict]), colour, "line", dash)
          for name, verdict, colour, dash in (
              ("Labelled false negative", Verdict.FALSE_NEGATIVE, FALSE_NEGATIVE, "dash"),
              ("Labelled true negative", Verdict.TRUE_NEGATIVE, TRUE_NEGATIVE, "dashdot"))
          if len(cells.get(verdict, ()))),
        *([Series("Marked", axis.of_cells(found.cells), MARKED, "line", "longdash")] if found else []),
    ]  # fmt: skip


def _positives(seen: Seen) -> list[Series]:
    """The labelled positives, where the axis is not measured from them."""
    apart = seen.kind in {"score", "percentile"}
    return [Series("Labelled positives", seen.axis.positive_counts, POSITIVE, "line", "dot")] if apart else []


def parts(seen: Seen, by: By) -> list[Series]:
    """The candidates apart by retriever or rank, with all of them behind."""
    pool, anchor = seen.selection.pool, seen.selection.recipe.anchor
    found = cache.candidate_groups(pool, seen.scorer, anchor, seen.kind, by)
    looks = [PALETTE[place % len(PALETTE)] for place in range(len(found))]
    word = "Brought by " if by == "retriever" else "Candidates of "
    return [
        Series("All candidates", seen.axis.counts, REFUSED),
        *_positives(seen),
        *(Series(f"{word}{name}", counts, colour, "line", dash)
          for (name, counts), (colour, dash) in zip(found, looks, strict=True)),
    ]  # fmt: skip


def _brush(seen: Seen) -> tuple[float, float] | None:
    """The interval that was marked, as long as it is what is marked and the axis is the same."""
    kept = st.session_state.get(ORIGIN)
    if kept is None or not marks.marked_in(ORIGIN) or marks.marked(seen.selection.pool) is None:
        return None
    where, ends = kept
    return cast(tuple[float, float], ends) if where == _where(seen) else None


def _where(seen: Seen) -> tuple[str, ...]:
    return seen.selection.pool.fingerprint, seen.scorer, seen.kind, seen.selection.recipe.anchor


def answer(seen: Seen, lines: Sequence[Drawn], moved: Moved) -> None:
    """Do what a person did on the board: turn the knob of a line, or mark the pairs of an interval.

    Args:
        seen: What was looked at.
        lines: The recipe's lines.
        moved: What was done.
    """
    if moved.cleared:
        marks.clear(ORIGIN)
    elif moved.brush is not None:
        pool = seen.selection.pool
        low, high = moved.brush
        st.session_state[ORIGIN] = (_where(seen), moved.brush)
        about = f"{seen.scorer}, {AXES[seen.kind].lower()}: {low:.4g} to {high:.4g}"
        marks.mark(marks_of(pool, seen.axis.inside(low, high), about), ORIGIN)
    elif moved.line is not None and moved.value is not None:
        line = next((line for line in lines if line.id == moved.line), None)
        recipe = seen.selection.recipe
        if line is not None:
            for knob, value in turned_to(line, moved.value, seen.profile, seen.axis).items():
                recipe = recipe.with_knob(line.step.name, knob, value)
            state.use_recipe(recipe)


def _words(seen: Seen, lines: Sequence[Drawn]) -> None:
    """What the plot does not say by itself: how to use it, and what is not on it."""
    told = []
    if any(line.low is not None for line in lines):
        told.append("A line that differs from query to query is drawn for the median positive.")
    if not seen.own:
        told.append(f"The recipe compares the scores of {seen.selection.recipe.scorer}; its lines lie on those.")
    left = _left_out(seen)
    if left:
        told.append(left)
    move = "Drag a line, or focus it and press the arrow keys, to turn the recipe's knob. " if lines else ""
    st.caption(f"{move}Drag across the plot to mark the candidates in an interval. {' '.join(told)}")


def _left_out(seen: Seen) -> str:
    """Which queries are not on the axis, in words; empty where all are."""
    level = seen.profile.anchor
    if seen.kind not in {"margin", "ratio"}:
        return ""
    without = int(np.count_nonzero(~np.isfinite(level) | (np.equal(level, 0) if seen.kind == "ratio" else False)))
    words = f"{without:,} queries without a scored positive are left out." if without else ""
    beyond = " What lies beyond the ends counts in the first and the last bin." if seen.kind == "ratio" else ""
    return f"{words}{beyond}".strip()


def _drawing(selection: Selection) -> None:
    """Among how many candidates a query's negatives are chosen."""
    number = drawn_among(selection, knobs_of(selection.recipe))
    some = number[number > 0]
    if not some.size:
        st.caption("Nothing is left to draw from.")
        return
    low, middle, high = np.percentile(some, [5, 50, 95])
    seen = f" Looked at {len(number):,} queries." if len(number) < len(selection.pool) else ""
    st.caption(
        f"Effective number of candidates to draw from: median {middle:,.1f} a query, 90% of queries from {low:,.1f} to "
        f"{high:,.1f}.{seen}",
        help="exp(entropy of the weights): among how many equally likely candidates the draw chooses. Where nothing is "
        "weighed it is the number of candidates that nothing refused.",
    )
