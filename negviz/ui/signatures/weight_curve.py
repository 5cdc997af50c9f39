"""Weight curve: every method as a reshaping of one curve."""

import streamlit as st

from negviz.charts import DISPUTED, Zone
from negviz.charts.weight_curve import Curve
from negviz.charts.weight_curve import weight_curve as draw
from negviz.labels import Labels
from negviz.push_shapes import COSINE, GAMMA, PushShapes, push_shapes
from negviz.selection import Selection
from negviz.ui.signatures import SIGNATURES
from negviz.ui.tables import show_rows

HEIGHT = 440
LOGARITHMIC, LINEAR = "logarithmic", "linear"


@SIGNATURES.register("Weight curve", reference="METHODS 12, plot 5")
def weight_curve(selection: Selection, *, query: int, labels: Labels) -> None:
    """How hard each loss would press on each candidate that the recipe left, all brought to the same sum."""
    found = push_shapes(selection, query)
    axis = st.segmented_control(
        "Axis of the shares", [LOGARITHMIC, LINEAR], default=LOGARITHMIC, key="signature.weight_curve.axis",
        persist_state="session", required=True, format_func=str.capitalize,
    )  # fmt: skip
    pool, scorer = selection.pool, selection.recipe.scorer
    level = found.positive
    low, high = level - 0.05 * abs(level), level + 0.1
    zone = Zone("Disputed zone", low, high, DISPUTED) if pool.scales.get(scorer) == COSINE else None
    option = draw(
        found.scores, [Curve(shape.name, shape.shares) for shape in found.shapes], f"score, {scorer}",
        positive=level, disputed=found.disputed, zone=zone, logarithmic=axis == LOGARITHMIC,
    )  # fmt: skip
    st.echarts_chart(
        option, key=f"signature.weight_curve.{axis}", height=HEIGHT,
        alt="Share of the push that each loss puts on each candidate of the query, against its score",
    )  # fmt: skip
    st.caption(_words(found))
    show_rows(rows(found))


def rows(found: PushShapes) -> list[dict[str, object]]:
    """For each method among how many candidates it presses, and how much falls on the first and the disputed ones."""
    return [
        {
            "method": shape.name,
            "effective negatives": round(shape.effective, 1),
            "on the highest score, %": round(100 * float(shape.shares[-1]), 1),
            "on the disputed zone, %": round(100 * shape.in_zone, 1),
        }
        for shape in found.shapes
    ]


def _words(found: PushShapes) -> str:
    return (
        f"A preview on {len(found.scores):,} candidates that no step refused; nothing is trained. The positive has a "
        f"probability of {found.chance:.3g} under InfoNCE, so the focal loss weighs this whole query by "
        f"(1 - p)^{GAMMA:g} = {found.focal:.3g}, which leaves the shape of InfoNCE as it is. CCR is drawn with "
        f"InfoNCE's scale of {found.scale:g}; its paper has none. Effective negatives: among how many equally pressed "
        "candidates the push amounts to, exp(entropy)."
    )
