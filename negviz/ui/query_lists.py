"""Lists of queries that are worth a look; a button each, which marks their candidates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt
import streamlit as st

from negviz.arrays import Bools
from negviz.diagnostics.query_difficulty import QueryDifficulty
from negviz.errors import MissingInputError
from negviz.marks import marks_of_queries
from negviz.pool import Pool
from negviz.positive_noise import PositiveNoise, positive_noise
from negviz.recipe import Recipe, Step
from negviz.select import resolved_knobs
from negviz.selection import Selection
from negviz.strategies import STRATEGIES
from negviz.ui import cache, marks
from negviz.ui.shortfall import takes_all

ORIGIN = "per_query.lists"
# Cells of a pool from which on the lists that run recipes or fit a mixture wait until somebody asks.
MANY = 5_000_000
APART = 2.0


@dataclass(frozen=True, eq=False)
class QueryList:
    """Queries that have something in common.

    Attributes:
        name: What the button says.
        about: What the sign is, in a sentence or two.
        rows: Rows of the pool; None where they are not known.
        missing: Why they are not known.
    """

    name: str
    about: str
    rows: npt.NDArray[np.intp] | None
    missing: str = ""


def show(selection: Selection, numbers: QueryDifficulty) -> None:
    """A button a list, and what each of them means.

    Args:
        selection: Outcome of a recipe.
        numbers: Difficulty of its queries.
    """
    slow = f"per_query.slow.{selection.pool.fingerprint}"
    if selection.pool.documents.size < MANY:
        st.session_state[slow] = True
    lists = quick_lists(selection, numbers)
    lists += slow_lists(selection) if st.session_state.get(slow) else []
    with st.container(horizontal=True, gap="small", key="per_query_lists"):
        for place, each in enumerate(lists):
            _button(selection, each, place)
        if not st.session_state.get(slow):
            st.button(
                "Work out two more lists", icon=":material/hourglass_top:", key="per_query.slow", on_click=_ask,
                args=(slow,), help="Runs the published rules over all queries and judges all positives; takes a while "
                "on a pool of this size.",
            )  # fmt: skip
    with st.expander("What these lists say", icon=":material/info:"):
        for each in lists:
            st.markdown(f"**{each.name}**")
            st.text(" ".join(filter(None, [each.about, each.missing])))


def quick_lists(selection: Selection, numbers: QueryDifficulty) -> list[QueryList]:
    """The lists that follow from numbers at hand."""
    wanted = selection.recipe.count
    all_short = is_short(selection)
    about = f"Queries with fewer than the {wanted:,} negatives that the recipe at hand wants."
    none = "" if all_short else "This recipe takes all there is, so nothing counts as starved."
    return [
        QueryList("Starved by this recipe", about, np.flatnonzero(selection.starved) if all_short else None, none),
        QueryList(
            "Positive below most candidates",
            "The sign is the rank: more than half of the query's candidates without a leak score above its labelled "
            "positive. Either the positive is a wrong one, or the scorer does not understand the query.",
            np.flatnonzero(numbers.outranked),
        ),
        QueryList(
            "Positive not among the candidates",
            "A positive is labelled, but no retriever of this pool brought any: rules that measure from the positive "
            "behave oddly there.",
            np.flatnonzero(cache.unretrieved_positives(selection.pool)),
        ),
    ]


def is_short(selection: Selection) -> bool:
    """Whether fewer negatives than the recipe's count mean anything."""
    return not (bool(selection.starved.all()) and takes_all(selection))


def slow_lists(selection: Selection) -> list[QueryList]:
    """The lists that run recipes over the pool, or fit a mixture to it."""
    return [_by_every_rule(selection.pool), _by_noise(selection)]


def _by_every_rule(pool: Pool) -> QueryList:
    labels = cache.labels()
    rules, others = cache.threshold_rules(pool, labels)
    name, about = "Starved by every rule", "Queries that each of these published threshold rules leaves short: "
    left_out = "Left out, since they do not run here or have numbers for another scale: " + _titles(others)
    if not rules:
        return QueryList(name, "Queries that every published threshold rule leaves short.", None, left_out)
    found = cache.starved_by_all(pool, rules, labels)
    return QueryList(name, about + _titles(rules), np.flatnonzero(found), left_out if others else "")


def _titles(rules: Sequence[Recipe]) -> str:
    return "; ".join(f"{rule.title} ({rule.count})" for rule in rules) + "."


def _by_noise(selection: Selection) -> QueryList:
    name = "Positive no better than random"
    about = (
        "The sign is the Noisy Pair Corrector's: the labelled positive does so badly against random documents that it "
        "more likely belongs to the worse of two groups of queries."
    )
    recipe, knobs = selection.recipe, resolved_knobs(STRATEGIES, Step("clean_positive"))
    asked = {key: knobs[key] for key in ("retriever", "scale")}
    try:
        found = positive_noise(selection.pool, scorer=recipe.scorer, anchor=recipe.anchor, **asked)
    except MissingInputError as error:
        return QueryList(name, about, None, str(error))
    return QueryList(name, f"{about} {_apart(found)}", np.flatnonzero(doubtful(found, float(knobs["posterior"]))))


def doubtful(found: PositiveNoise, posterior: float) -> Bools:
    """(queries,), True where the positive was judged and is not clean."""
    return np.asarray(np.isfinite(found.posterior) & ~found.clean(posterior))


def _apart(found: PositiveNoise) -> str:
    distance = found.mixture.separation
    if found.mixture.gain > 0 and distance > APART:
        return f"The two groups are clearly apart here ({distance:.1f} spreads)."
    return (
        f"The two groups are not clearly apart here ({distance:.1f} spreads, {APART:g} would be): data without any "
        "wrong positive is split as well, so read it as an order of what to look at."
    )


def _button(selection: Selection, each: QueryList, place: int) -> None:
    count = "–" if each.rows is None else f"{len(each.rows):,}"
    found = marks.marked(selection.pool)
    active = found is not None and found.about == each.name and marks.marked_in(ORIGIN)
    act: Callable[[], None] = marks.clear if active else partial(_mark, selection.pool, each)
    look: Literal["primary", "secondary"] = "primary" if active else "secondary"
    st.button(
        f"{each.name} · {count}", key=f"per_query.list.{place}", on_click=act, type=look,
        disabled=each.rows is None or not len(each.rows),
        help="Marks all candidates of these queries; once more marks nothing.",
    )  # fmt: skip


def _mark(pool: Pool, each: QueryList) -> None:
    if each.rows is not None:
        marks.mark(marks_of_queries(pool, each.rows, each.name), ORIGIN)


def _ask(place: str) -> None:
    st.session_state[place] = True
