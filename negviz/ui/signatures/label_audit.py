"""Label audit: which labelled positives look wrong."""

import numpy as np
import pyarrow as pa
import streamlit as st

from negviz.arrays import PAD, Ints
from negviz.charts.likelihood_histogram import likelihood_histogram as draw
from negviz.diagnostics.beaten_by import beaten_by
from negviz.diagnostics.likelihood_profile import likelihood_profile
from negviz.labels import Labels
from negviz.pool import Pool
from negviz.positive_noise import PositiveNoise, positive_noise
from negviz.recipe import Recipe
from negviz.selection import Selection
from negviz.ui.metrics import show_metrics
from negviz.ui.signatures import SIGNATURES
from negviz.ui.signatures._knobs import knobs_of
from negviz.ui.tables import show_paged
from negviz.ui.texts import shortened

HEIGHT = 340
STEP = "clean_positive"
CLEAR = 2.0
# Kass and Raftery 1995: a difference of more than 10 is very strong evidence.
STRONG = 10.0
FIRST = 10
SHORT = 200


@SIGNATURES.register("Label audit", reference="METHODS 12, plot 11; E7", over_all=True)
def label_audit(selection: Selection, *, query: int | None, labels: Labels) -> None:
    """Which positives do badly even against random documents, and which score below many candidates."""
    pool, recipe, knobs = selection.pool, selection.recipe, knobs_of(selection.recipe, STEP)
    level = float(knobs.pop("posterior"))
    noise = positive_noise(pool, scorer=recipe.scorer, anchor=recipe.anchor, **knobs)
    profile = likelihood_profile(noise, level)
    own = None if query is None or not np.isfinite(noise.likelihoods[query]) else float(noise.likelihoods[query])
    st.echarts_chart(
        draw(profile.edges, profile.counts, profile.clean, profile.noisy, profile.cuts, own=own),
        key=f"signature.label_audit.{len(profile.cuts)}", height=HEIGHT,
        alt="Histogram of how badly the positives do against random documents, with two fitted Gaussians and the cut",
    )  # fmt: skip
    doubtful = np.flatnonzero(np.isfinite(noise.likelihoods) & ~noise.clean(level))
    _numbers(noise, len(doubtful))
    order = doubtful[np.lexsort((doubtful, -noise.likelihoods[doubtful]))].astype(np.int32)
    if len(order):
        st.caption("Queries to review, the worst first: read whether the positive answers the query at all.")
        show_paged(review_table(pool, recipe, noise, order), "signature.label_audit.review")
    _beaten(pool, recipe, noise)


def _numbers(noise: PositiveNoise, doubtful: int) -> None:
    found = noise.mixture
    show_metrics([
        ("To review", f"{doubtful:,}", "Queries whose positive more likely belongs to the upper Gaussian."),
        ("Separation", f"{found.separation:.2f}", "Distance of the two means in units of their spread (Ashman's D)."),
        ("Two against one", f"{found.gain:+,.0f}", "By how much the Bayesian information criterion prefers two "
         "Gaussians to one; below 0 one is enough."),
    ])  # fmt: skip
    st.caption(verdict(noise))


def verdict(noise: PositiveNoise) -> str:
    """Whether the two groups are to be believed, in a sentence."""
    found = noise.mixture
    if found.gain <= 0:
        return (
            "One Gaussian describes these queries as well as two: there is no sign of a group of wrong positives. The "
            "cut splits them all the same, as it would split any data."
        )
    if found.gain < STRONG:
        return (
            f"Two Gaussians are hardly better than one ({found.gain:+.0f}; above {STRONG:g} would be strong evidence). "
            "Take the list as an order to read in, not as a verdict."
        )
    if found.separation < CLEAR:
        return (
            "The two Gaussians overlap (separation below 2): this may be one group with a long tail rather than right "
            "and wrong positives. Take the list as an order to read in, not as a verdict."
        )
    return "The two groups are clearly apart. Hard but right pairs may still be among the doubtful ones."


def review_table(pool: Pool, recipe: Recipe, noise: PositiveNoise, rows: Ints) -> pa.Table:
    """Queries with the positive that was judged, how it does, and how many candidates beat it."""
    data, beaten = pool.dataset, beaten_by(pool, recipe.scorer, recipe.anchor)
    judged = _judged(pool, recipe, rows)
    texts = ["" if row == PAD else shortened(" ".join(data.document_text(int(row)).split()), SHORT) for row in judged]
    return pa.table({
        "neg. log-likelihood": np.round(noise.likelihoods[rows], 4),
        "probably clean": np.round(noise.posterior[rows], 4),
        "candidates above": beaten[rows],
        "query": [shortened(" ".join(data.query_text(int(pool.queries[row])).split()), SHORT) for row in rows],
        "positive": texts,
        "positive's id": ["" if row == PAD else data.document_id(int(row)) for row in judged],
    })  # fmt: skip


def _judged(pool: Pool, recipe: Recipe, rows: Ints) -> list[int]:
    """Document row of each query's positive that is nearest to the anchor's score; ``PAD`` where there is none."""
    scores = pool.positive_scores[recipe.scorer][rows].astype(np.float64)
    away = np.abs(scores - pool.anchor(recipe.scorer, recipe.anchor)[rows][:, None])
    place = np.where(np.isfinite(away), away, np.inf).argmin(axis=1)
    return [int(row) for row in pool.positives[rows, place]]


def _beaten(pool: Pool, recipe: Recipe, noise: PositiveNoise) -> None:
    """Queries whose positive is not among the first k."""
    st.markdown("**Positives below many candidates**")
    k = st.number_input(
        "Positive below the k-th candidate, k", 1, max(pool.depth, 1), min(FIRST, max(pool.depth, 1)),
        key="signature.label_audit.k", persist_state="session", width=260,
        help="On these queries every rule that measures from the positive goes wrong: it refuses nearly everything.",
    )  # fmt: skip
    counts = beaten_by(pool, recipe.scorer, recipe.anchor)
    rows = np.flatnonzero(counts >= k)
    st.caption(
        f"{len(rows):,} of {int((counts >= 0).sum()):,} queries have at least {k} unlabelled candidates above their "
        "positive: either those answer the query too, or the positive does not."
    )
    if len(rows):
        order = rows[np.lexsort((rows, -counts[rows]))].astype(np.int32)
        show_paged(review_table(pool, recipe, noise, order), f"signature.label_audit.beaten.{k}")
