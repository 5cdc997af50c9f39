"""Sweeps: a knob, or two against each other, over all their values: what each costs and brings, and no "best" one."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from negviz.arrays import Floats, fingerprint
from negviz.charts.sweep import Share
from negviz.charts.sweep import sweep as draw
from negviz.charts.sweep_heat_map import sweep_heat_map
from negviz.comparison import learns_from_labels
from negviz.diagnostics.sweep import Outcome
from negviz.errors import CancelledError, NegvizError
from negviz.labels import Labels
from negviz.pool import Pool
from negviz.recipe import Recipe
from negviz.selection import Selection
from negviz.sweeping import LABELS, Sweeper, few_enough, turns
from negviz.truth import Truth
from negviz.ui import building, cache, jobs, state, sweep_training
from negviz.ui.comparing_choice import judgments
from negviz.ui.sweep_axes import OTHERS, Axis, choose, title
from negviz.ui.sweep_clicks import epoch, picked, use
from negviz.ui.sweep_words import BY, MEASURED, OUTCOMES, cell, rows_of, words
from negviz.ui.tables import show_rows

HEIGHT, GRID_HEIGHT = 420, 460
ONE, TWO = "One knob", "Two knobs"
KEPT = "What was worked out is kept; starting again goes on from there."


@st.fragment
def show(selection: Selection) -> None:
    """The view "Sweep": controls, the chart, what it says in words, and the numbers.

    Args:
        selection: Outcome of the recipe at hand.
    """
    pool, recipe = origin(selection)
    if not len(pool):
        st.info("This pool has no queries, so there is nothing to sweep over.", icon=":material/info:")
        return
    if all(turn.step in OTHERS for turn in turns(recipe)):
        st.caption("No step of this recipe has a knob that is a number; what can be turned is how many are taken.")
    head, result = st.container(), st.container()
    with st.expander("Judgments to measure with", icon=":material/attach_file:", key="sweeps.files"):
        truth = judgments(pool)
    with head:
        kind = st.segmented_control(
            "Turn", [ONE, TWO], default=ONE, required=True, key="sweeps.kind", bind="query-params",
            persist_state="session", label_visibility="collapsed",
        )  # fmt: skip
        axes = choose(selection, recipe, 2 if kind == TWO else 1)
    if axes is None:
        return
    with result:
        if kind == TWO:
            _two(selection, pool, recipe, truth, axes)
        else:
            _one(selection, pool, recipe, truth, axes[0])


def origin(selection: Selection) -> tuple[Pool, Recipe]:
    """The pool before the recipe's source, with the recipe; after it, without its source, where that is not at hand."""
    recipe = selection.recipe
    if recipe.source is None:
        return selection.pool, recipe
    try:
        pool = state.current_pool()
        if pool is not None and cache.source_pool(pool, recipe).fingerprint == selection.pool.fingerprint:
            return pool, recipe
    except NegvizError:
        return selection.pool, replace(recipe, source=None)
    return selection.pool, replace(recipe, source=None)


def outcomes(
    pool: Pool,
    recipe: Recipe,
    labels: Labels,
    truth: Truth | None,
    rows: int | None,
    make: Callable[[Sweeper], list[Recipe]],
) -> tuple[Sweeper, list[Recipe], tuple[Outcome, ...]] | None:
    """Outcomes on all queries where they are known or few, else on a sample; None, with the sentence, where none are.

    Args:
        pool: Before the recipe's source.
        recipe: What is turned.
        labels: Verdicts of people, that measure.
        truth: Judgments that measure.
        rows: How many queries are sampled; None for all of them.
        make: What is to be run.
    """
    whole = cache.sweeper(pool, recipe, labels, truth, None)
    try:
        recipes = make(whole)
        used = whole if rows is None or whole.known(recipes) else cache.sweeper(pool, recipe, labels, truth, rows)
        if used.known(recipes):
            return used, recipes, used.run(recipes)
        with st.spinner("Running the recipe for every value …"):
            return used, recipes, used.run(recipes)
    except NegvizError as error:
        st.error("This sweep cannot run.", icon=":material/error:")
        st.text(str(error))
        return None


def _one(selection: Selection, pool: Pool, recipe: Recipe, truth: Truth | None, axis: Axis) -> None:
    rows = few_enough(selection.pool, recipe)
    found = outcomes(pool, recipe, cache.labels(), truth, rows, lambda sweeper: sweeper.recipes(axis.turn, axis.values))
    if found is None:
        return
    sweeper, recipes, results = found
    by = _measured_by(sweeper)
    place = chart(axis, results, by, scale_of(selection), f"sweeps.chart.{epoch()}", clickable=True)
    if place is not None:
        use(recipes[place])
    st.caption(words(axis, results, by))
    _beware(sweeper, results)
    _buttons(axis, recipes)
    _scope(sweeper, recipes)
    with st.expander("The numbers", icon=":material/table_rows:", key="sweeps.table", on_change="rerun") as table:
        if table.open:
            show_rows(rows_of(axis, results, by))
    sweep_training.show(pool, recipe, axis, truth)


def scale_of(selection: Selection) -> str:
    """Scorer and scale, for the title of an axis."""
    scorer = selection.recipe.scorer
    return f"{scorer}, {selection.pool.scales.get(scorer, 'unknown scale')}"


def who_measures(sweeper: Sweeper) -> str:
    """The judgments where there are any, else the labels; empty where nobody measures."""
    return next(iter(sweeper.judges), "")


def _measured_by(sweeper: Sweeper) -> str:
    """Who measures; where there are both, the one chosen."""
    names = list(sweeper.judges)
    if len(names) < 2:
        return who_measures(sweeper)
    chosen = st.segmented_control(
        "Measured by", names, default=names[0], required=True, key="sweeps.by", bind="query-params",
        persist_state="session", format_func=lambda name: BY[name],
    )  # fmt: skip
    return str(chosen or names[0])


def chart(
    axis: Axis, results: Sequence[Outcome], by: str, scale: str, key: str, *, clickable: bool = False
) -> int | None:
    """Draw a sweep of one knob.

    Args:
        axis: The knob.
        results: One outcome a value.
        by: Who measures, empty where nobody does.
        scale: Scorer and scale.
        key: Of the chart.
        clickable: Whether a click on a point counts.

    Returns:
        Place of the value that was clicked, None where none was.
    """
    measured = _share(results, by)
    option = draw(
        axis.places, per_query=_each(results, "per_query"), filled=_each(results, "filled"),
        starved=_each(results, "starved_share"), likely=_each(results, "likely_share"),
        hardness=_each(results, "hardness"), knob=title(axis.turn), scale=scale, now=axis.now, usual=axis.usual,
        measured=measured, judged=[f"of {each.measured[by].judged:,} judged" for each in results] if measured else (),
    )  # fmt: skip
    event: Any = st.echarts_chart(
        option, key=key, height=HEIGHT, on_select="rerun" if clickable else "ignore",
        alt="For each value of the knob: negatives taken, starved queries, likely and measured false negatives, "
        "and mean hardness",
    )  # fmt: skip
    return picked(event, len(results)) if clickable else None


def _each(results: Sequence[Outcome], name: str) -> Floats:
    return np.array([getattr(outcome, name) for outcome in results], dtype=np.float64)


def _share(results: Sequence[Outcome], by: str) -> Share | None:
    rates = np.array([outcome.rate(by) for outcome in results])
    if not np.isfinite(rates).any():
        return None
    low, high = (np.array([getattr(each.measured[by], end) for each in results]) for end in ("low", "high"))
    return Share(MEASURED, rates, low, high)


def _buttons(axis: Axis, recipes: Sequence[Recipe]) -> None:
    """Choose a value without a mouse on the chart."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = _value(axis, "Value", "sweeps.value", "Or click a point of the first line.")
        if st.button("Use this value", key="sweeps.use", icon=":material/check:"):
            use(recipes[place])


def _value(axis: Axis, label: str, key: str, text: str) -> int:
    """Place of a value that is chosen from a list, the one at hand at first."""
    chosen = st.selectbox(
        label, range(len(axis.values)), index=axis.at, key=f"{key}.{axis.turn.path}.{hash(axis.values)}.{axis.at}",
        format_func=axis.named, width=220, help=text,
    )  # fmt: skip
    return int(chosen or 0)


def _beware(sweeper: Sweeper, results: Sequence[Outcome]) -> None:
    """What the numbers do not say."""
    same = {(each.taken, each.starved, each.likely.above, round(each.hardness, 9)) for each in results}
    if len(same) == 1 and len(results) > 1:
        st.caption(":material/info: Every value gives the same here: nothing in this recipe hangs on it.")
    if learns_from_labels(sweeper.recipe):
        st.caption("This recipe learns from labels and refuses what they call false, so labels cannot measure it.")
    elif LABELS in sweeper.judges:
        st.caption("Labels only measure here: unlike elsewhere, what people called false is not refused beforehand.")


def _scope(sweeper: Sweeper, recipes: Sequence[Recipe]) -> None:
    """On how many queries the numbers rest; where it is a sample, the way to all of them."""
    total = len(sweeper.pool)
    if sweeper.queries >= total:
        st.caption(f"Over all {total:,} queries.")
        return
    st.caption(
        f"On a seeded sample of {sweeper.queries:,} of {total:,} queries, the same ones each time; steps that learn "
        "from all queries see only these."
    )
    whole = cache.sweeper(sweeper.pool, sweeper.recipe, sweeper.labels, sweeper.truth, None)
    kind = f"sweep {fingerprint(*map(whole.key, recipes))}"
    known = jobs.of_kind(kind)
    job = known[-1] if known else None
    if job is not None and not job.finished:
        building.show_running(job, kept=KEPT)
        return
    if job is not None and job.error is not None:
        stopped = isinstance(job.error, CancelledError)
        st.text(f"Stopped. {KEPT}" if stopped else job.message)
    if st.button("Run on all queries", key="sweeps.all", icon=":material/play_arrow:"):
        job = jobs.start(
            "Sweeping over all queries", lambda job: whole.run(recipes, job.progress, job.stop.is_set), kind
        )
        job.wait(0.3)
        st.rerun()


def _two(selection: Selection, pool: Pool, recipe: Recipe, truth: Truth | None, axes: Sequence[Axis]) -> None:
    across, down = axes
    rows = few_enough(selection.pool, recipe)
    found = outcomes(
        pool, recipe, cache.labels(), truth, rows,
        lambda sweeper: sweeper.grid(across.turn, across.values, down.turn, down.values),
    )  # fmt: skip
    if found is None:
        return
    sweeper, recipes, results = found
    by = _measured_by(sweeper)
    coloured = st.selectbox(
        "Coloured by", [name for name in OUTCOMES if by or name != MEASURED], key=f"sweeps.coloured.{bool(by)}",
        bind="query-params", persist_state="session", width=280,
        help="Hover over a cell to read all numbers; click it to use its values.",
    )  # fmt: skip
    unit, value = OUTCOMES[str(coloured)]
    shape = (len(down.values), len(across.values))
    numbers = np.array([value(outcome, by) for outcome in results]).reshape(shape)
    told = np.array([cell(outcome, by) for outcome in results], dtype=object).reshape(*shape, -1)
    published = None if across.usual is None or down.usual is None else (across.usual, down.usual)
    event: Any = st.echarts_chart(
        sweep_heat_map(
            across.places, down.places, numbers, names=(title(across.turn), title(down.turn)), axis=unit,
            told=told.tolist(), now=(across.now, down.now), usual=published,
        ),
        key=f"sweeps.grid.{epoch()}", height=GRID_HEIGHT, on_select="rerun",
        alt=f"{coloured} for every pair of values of two knobs",
    )  # fmt: skip
    place = picked(event, len(results))
    if place is not None:
        use(recipes[place])
    if not np.isfinite(numbers).all():
        st.caption("Cells without a colour: nothing is taken, or what is taken has no known score or judgment.")
    _beware(sweeper, results)
    _choose_cell(across, down, recipes)
    _scope(sweeper, recipes)


def _choose_cell(across: Axis, down: Axis, recipes: Sequence[Recipe]) -> None:
    """Choose a pair of values without a mouse on the chart."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        column, row = (
            _value(axis, title(axis.turn), f"sweeps.cell{place}", "Or click a cell.")
            for place, axis in enumerate((across, down))
        )
        if st.button("Use these values", key="sweeps.use2", icon=":material/check:"):
            use(recipes[row * len(across.values) + column])
