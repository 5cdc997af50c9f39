"""Ages of a cache, and what a draw from it amounts to."""

import numpy as np
import streamlit as st

from negviz.batches.caching import CachedDocuments, remembered_cache
from negviz.charts.cache_ages import cache_ages as age_chart
from negviz.diagnostics.cache_ages import cache_ages as ages_of
from negviz.diagnostics.cache_ages import score_staleness
from negviz.diagnostics.cache_loss import cache_loss, effective_sample_size
from negviz.errors import MissingInputError
from negviz.labels import Labels
from negviz.select import resolved_knobs
from negviz.selection import Selection
from negviz.strategies import STRATEGIES
from negviz.ui.metrics import show_metrics
from negviz.ui.signatures import SIGNATURES

LAYER = "cache_age"


@SIGNATURES.register("Ages of the cache", reference="METHODS B5")
def cache_ages(selection: Selection, *, query: int, labels: Labels) -> None:
    """How old the cached documents are, and among how many of them a draw really chooses."""
    cached = remembered_cache(selection.pool)
    if cached is None:
        raise MissingInputError(
            "The plot 'Ages of the cache' needs candidates from a cache, but this recipe's come from elsewhere; give "
            "the recipe the source 'cache', as 'negative_cache' has."
        )
    st.caption(
        "A cached vector was computed when its document last came by or, with LRU, when it was last used. The older it "
        "is, the more the model has changed since; here nothing is trained, so only the ages are real."
    )
    found = ages_of(cached)
    st.plotly_chart(
        age_chart(found.counts), key="signature.ages", alt="Histogram of the ages of the cached documents, in steps"
    )
    places = int(selection.pool.origin.get("source", {}).get("size", len(cached.documents)))
    st.caption(_words(cached, places, found.mean, found.oldest))
    _draws(selection, query)
    _stale(selection)


def _words(cached: CachedDocuments, places: int, mean: float, oldest: int) -> str:
    used = f", {cached.refreshed:,} entries were used and became young" if cached.policy == "lru" else ""
    return (
        f"{cached.entered:,} documents went by in {cached.steps:,} steps{used}; {cached.filled:,} of the cache's "
        f"{places:,} places hold one. Mean age {mean:.1f} steps, oldest {oldest:,}."
    )


def _draws(selection: Selection, query: int) -> None:
    """Effective sample size, and the numbers of the loss for this query."""
    weights = selection.weights
    sizes = effective_sample_size(weights)
    known = sizes[sizes > 0]
    factor = _scale(selection)
    pool, scorer = selection.pool, selection.recipe.scorer
    allowed = (weights[query] > 0) & np.isfinite(pool.scores[scorer][query])
    positive = float(pool.anchor(scorer, selection.recipe.anchor)[query])
    facts = [
        ("Chooses among", f"{sizes[query]:.1f}",
         "Effective sample size of this query, 1 / sum p^2: as many equally likely documents would give the same."),
        ("Median of all", f"{np.median(known):.1f}" if len(known) else "none", "The same over all queries."),
    ]  # fmt: skip
    if allowed.any() and np.isfinite(positive):
        loss = cache_loss(positive, pool.scores[scorer][query][allowed].astype(np.float64), factor)
        facts += [
            ("Likeliest draw", f"{loss.drawn.max():.1%}", "Probability of the nearest cached document to be drawn."),
            ("Loss monitored", f"{loss.loss:.3f}",
             f"-log of the positive's probability ({loss.positive:.1%}) against its cached candidates, scores "
             f"times {factor:g}."),
        ]  # fmt: skip
    st.markdown("**What one draw amounts to**")
    show_metrics(facts)


def _scale(selection: Selection) -> float:
    for step in selection.recipe.steps:
        if step.strategy == "softmax_weight":
            return float(resolved_knobs(STRATEGIES, step)["scale"])
    return 1.0


def _stale(selection: Selection) -> None:
    """How far apart the last two checkpoints score what is cached, where there are two."""
    pool = selection.pool
    if len(pool.checkpoints) < 2:
        st.caption(
            "How stale an entry is cannot be told from one model; build the pool with --checkpoint to compare the "
            "scores of an older one."
        )
        return
    older, newer = pool.checkpoints[-2:]
    values = score_staleness(pool, older, newer)
    known = values[np.isfinite(values)]
    if len(known):
        st.caption(
            f"Between '{older}' and '{newer}' the score of a cached candidate moved by a squared relative "
            f"{np.median(known):.3g} (median of {len(known):,} pairs that both have scored)."
        )
    else:
        st.caption(f"No cached pair has scores of both '{older}' and '{newer}'.")
