"""False negatives per query, as a language model found them."""

import streamlit as st

from negviz.charts.false_negative_counts import false_negative_counts as draw
from negviz.diagnostics.false_negative_counts import PUBLISHED
from negviz.diagnostics.false_negative_counts import false_negative_counts as count
from negviz.labels import Labels
from negviz.select import resolved_knobs
from negviz.selection import Selection
from negviz.strategies import STRATEGIES
from negviz.ui.signatures import SIGNATURES
from negviz.ui.signatures._verdicts import facts_of, known_layer, layer_of, told


@SIGNATURES.register("False negatives per query", reference="METHODS F5; section 12, plot 6")
def false_negative_counts(selection: Selection, *, labels: Labels) -> None:
    """How many queries have none, one, two or more candidates that a language model found relevant."""
    pool, recipe = selection.pool, selection.recipe
    layer = known_layer(pool, layer_of(recipe))
    steps = [step for step in recipe.steps if step.strategy == "llm_verdict"]
    knobs = resolved_knobs(STRATEGIES, steps[0]) if steps else {"level": 1}
    found = count(pool, layer, int(knobs["level"]))
    limit = 0 if knobs.get("drop_query") else knobs.get("max_false")
    st.plotly_chart(
        draw(found.queries, PUBLISHED, limit), key="signature.false_negative_counts",
        alt="Number of queries, on a logarithmic axis, for each number of candidates found relevant",
    )  # fmt: skip
    judged = int((found.judged > 0).sum())
    dropped = 0 if limit is None else int(((found.judged > 0) & (found.found > limit)).sum())
    share = f" ({found.affected / judged:.0%})" if judged else ""
    st.caption(
        f"{found.affected:,} of {judged:,} judged queries{share} have at least one candidate of level "
        f"{knobs['level']} or more; {dropped:,} have so many that they are dropped. The dotted line spreads these "
        "queries as RLHN found it in other training data; it is no target."
    )
    st.caption(told(facts_of(pool, layer)))
