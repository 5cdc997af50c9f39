"""The view Advice of the page Audit: which value of a knob meets a wanted rate, how sure that is, and what it costs."""

import math
from typing import Any

import numpy as np
import streamlit as st

from negviz.charts.rate_curve import rate_curve
from negviz.errors import NegvizError
from negviz.labels import Labels
from negviz.rate_advice import Offer, RateAdvice
from negviz.selection import Selection
from negviz.sweeping import Turn, turned
from negviz.ui import audit_cache, state, sweep_axes
from negviz.ui.links import page_link
from negviz.ui.sweeps import origin
from negviz.ui.tables import show_rows


def show(selection: Selection, labels: Labels) -> None:
    """Controls, the sentence, the curve and the numbers.

    Args:
        selection: Outcome of the recipe at hand.
        labels: What people said.
    """
    pool, recipe = origin(selection)
    if not len(pool):
        st.info("This pool has no queries, so there is nothing to advise on.", icon=":material/info:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.number_input(
            "Wanted rate, at most %", 0.5, 50.0, 5.0, 0.5, key="audit.wanted", persist_state="session", width=180,
            help="Share of the negatives that may be false.",
        )  # fmt: skip
    axes = sweep_axes.choose(selection, recipe, 1)
    if axes is None:
        return
    turn, values = axes[0].turn, axes[0].values
    try:
        with st.spinner("Running the recipe for every value …"):
            advice = audit_cache.rate_advice(pool, recipe, labels, turn, values, float(wanted) / 100)
    except NegvizError as error:
        with st.container(border=True):
            st.subheader(":material/rule: No advice yet", anchor=False)
            st.text(str(error))
            page_link("pages/6_Label.py", "Label a random sample", "rule")
        return
    _words(advice, turn)
    _chart(advice, turn)
    show_rows([_row(offer, turn) for offer in advice.offers])


def _words(advice: RateAdvice, turn: Turn) -> None:
    name = sweep_axes.title(turn)
    sure, likely = advice.sure, advice.likely
    with st.container(border=True):
        if sure is not None:
            st.subheader(f":material/check_circle: {name} = {sure.value:.6g}", anchor=False)
            st.write(
                f"The loosest value of those tried that stays within {advice.wanted:.1%} with {advice.confidence:.0%} "
                f"confidence: measured {sure.rate.rate:.1%}, at most {sure.ceiling:.1%}. {_cost(advice, sure)}"
            )
            _take(turn, sure)
        else:
            st.subheader(":material/help: No value is sure", anchor=False)
            st.write(f"No value tried stays within {advice.wanted:.1%} with {advice.confidence:.0%} confidence.")
        if likely is not None and likely is not sure:
            more = f" About {advice.more_labels:,} more answers could make it sure." if advice.more_labels else ""
            st.write(
                f"By the estimate alone, {name} = {likely.value:.6g} would do: {likely.rate.rate:.1%} "
                f"({likely.rate.low:.1%} to {likely.rate.high:.1%}). {_cost(advice, likely)}{more}"
            )
        for sentence in advice.about:
            st.caption(sentence)


def _take(turn: Turn, offer: Offer) -> None:
    st.button(
        "Take this value", icon=":material/tune:", key="audit.take", on_click=_turn, args=(turn, offer.value),
        help="Sets the knob of the recipe at hand.",
    )  # fmt: skip


def _turn(turn: Turn, value: float) -> None:
    state.use_recipe(turned(state.current_recipe(), turn, value))


def _cost(advice: RateAdvice, offer: Offer) -> str:
    cost = advice.cost(offer)
    starved = f"{offer.starved:,} queries get fewer than wanted."
    if cost > 0:
        return f"It gives up {cost:,} of {advice.now.negatives:,} negatives; {starved}"
    return f"It takes {-cost:,} more negatives than now; {starved}" if cost else f"It takes as many as now; {starved}"


def _chart(advice: RateAdvice, turn: Turn) -> None:
    offers = advice.offers
    numbers = [_shares(offer) for offer in offers]
    rates, low, high, ceiling = 100 * np.array(numbers, dtype=np.float64).reshape(-1, 4).T
    figure = rate_curve(
        np.array([offer.value for offer in offers], dtype=np.float64), rates, low, high, ceiling,
        np.array([offer.negatives for offer in offers]), axis=sweep_axes.title(turn), wanted=100 * advice.wanted,
        now=advice.now.value,
    )  # fmt: skip
    st.plotly_chart(figure, key="audit.curve", alt="False-negative rate and negatives kept for each value of the knob")


def _shares(offer: Offer) -> list[float]:
    """Rate, both ends of its interval and its ceiling; unknown where the draw did not reach what is taken."""
    known = [offer.rate.rate, offer.rate.low, offer.rate.high, offer.ceiling]
    return known if offer.measured else [math.nan] * len(known)


def _row(offer: Offer, turn: Turn) -> dict[str, Any]:
    rate, low, high, ceiling = map(_percent, _shares(offer))
    value = float(f"{offer.value:.6g}")
    return {
        turn.knob.name.replace("_", " ") if turn.entry else "count": int(value) if turn.whole else value,
        "negatives": offer.negatives,
        "starved": offer.starved,
        "answers": offer.rate.labelled,
        "rate, %": rate,
        "from, %": low,
        "to, %": high,
        "at most, %": ceiling,
        "": "" if offer.measured and not offer.rate.few else "too few answers" if offer.measured else "not measured",
    }


def _percent(share: float) -> float | None:
    return round(100 * share, 1) if math.isfinite(share) else None
