"""Decay: what became easier between two checkpoints."""

import numpy as np
import streamlit as st

from negviz.charts.slope import slope
from negviz.checkpoints import two_checkpoints
from negviz.diagnostics.score_change import replacement_block, score_change
from negviz.selection import Selection
from negviz.strategies.score_decay import score_decay
from negviz.ui.signatures import SIGNATURES
from negviz.ui.signatures._knobs import knobs_of

SHOWN = 24
ROUNDS = 3


@SIGNATURES.register("Decay between checkpoints", reference="METHODS B9 and 12, plot 7")
def decay(selection: Selection, *, query: int) -> None:
    """How the scores of a query's hardest candidates moved between two checkpoints, and which are no longer hard."""
    pool = selection.pool
    knobs = knobs_of(selection.recipe, "score_decay")
    older, newer = two_checkpoints(pool, "decay", knobs["older"], knobs["newer"])
    both = np.isfinite(pool.scores[older]) & np.isfinite(pool.scores[newer])
    out = pool.eligible & both & np.equal(score_decay(pool, **knobs), 0)
    here = np.flatnonzero(pool.eligible[query] & both[query])
    here = here[np.argsort(pool.rank(older)[query, here], kind="stable")][:SHOWN]
    st.plotly_chart(
        slope(
            pool.scores[older][query, here], pool.scores[newer][query, here], out[query, here].tolist(),
            (older, newer), float(knobs["floor"]), f"score ({pool.scales.get(newer, 'unknown')})",
        ),
        key="signature.decay", alt="Score of each of the query's hardest candidates at the older and newer checkpoint",
    )  # fmt: skip
    change = score_change(pool, older, newer, pool.eligible, out)
    st.caption(
        f"Drawn are the {len(here)} nearest by the older checkpoint. Over all queries {change.easier:,} of "
        f"{change.known:,} candidates became easier, {change.harder:,} harder (possible false negatives, which this "
        f"rule never looks at), and {change.replaced:,} are no longer hard."
    )
    blocks = [replacement_block(time, selection.recipe.count) for time in range(1, ROUNDS + 1)]
    told = ", then ".join(f"{first} to {last}" for first, last in blocks)
    st.caption(f"The published method would replace them by ranks {told} of the older list; here the next moves up.")
