"""Margins before and after balancing, and topical batches beside random ones."""

import numpy as np
import streamlit as st

from negviz.batches import Batches, remembered
from negviz.batches.clustering import cluster_count, compose_clustered
from negviz.batches.composing import compose
from negviz.charts.compared_histograms import compared_histograms
from negviz.charts.margin_bins import margin_bins as margin_chart
from negviz.diagnostics.binned import binned, even_edges
from negviz.diagnostics.in_batch_scores import in_batch_scores
from negviz.diagnostics.margin_balance import margin_balance
from negviz.diagnostics.threshold_distance import reached
from negviz.labels import Labels
from negviz.pool import Pool
from negviz.recipe import Step
from negviz.select import resolved_knobs
from negviz.selection import Selection
from negviz.strategies import STRATEGIES
from negviz.ui.signatures import SIGNATURES
from negviz.ui.signatures._batches import USUAL, heat_map, kept, view_of

MOST_CLUSTERS = 200


@SIGNATURES.register("Margins before and after balancing", reference="METHODS C3")
def margin_bins(selection: Selection, *, query: int, labels: Labels) -> None:
    """What balancing does to this query's margins, and what clusters of queries do to a batch."""
    st.caption(
        "The teacher's margin of a candidate is its score of the positive minus that of the candidate. Drawn "
        "uniformly, the many easy ones with a large margin win; balanced, each range that is not empty "
        "is as likely as any other."
    )
    step = next((step for step in selection.recipe.steps if step.strategy == "balanced_margins"), None)
    if step is None:
        st.caption("This recipe has no step balanced_margins, so there are no bins to show.")
    else:
        _bins(selection, step, query)
    _batches(selection, query)


def _bins(selection: Selection, step: Step, query: int) -> None:
    knobs = resolved_knobs(STRATEGIES, step)
    pool, teacher = selection.pool, str(knobs["teacher"])
    positive = float(pool.anchor(teacher, selection.recipe.anchor)[query])
    margins = positive - pool.scores[teacher][query].astype(np.float64)
    counted = reached(selection, step.name)[query]
    found = margin_balance(margins, counted, selection.weights[query], int(knobs["bins"]))
    if found is None:
        st.caption(f"No candidate of this query has a margin: '{teacher}' knows its positive or its candidates not.")
        return
    st.plotly_chart(
        margin_chart(found.edges, found.counts, found.before, found.after, f"margin by {teacher}"),
        key="signature.margins", alt="Probability of each range of margins, unbalanced and balanced",
    )  # fmt: skip
    total = int(found.counts.sum())
    st.caption(
        f"{total:,} candidates in {int((found.counts > 0).sum())} of {len(found.counts)} bins. The likeliest single "
        f"candidate is drawn with {found.largest:.1%}, where uniform drawing would give {1 / total:.1%}: an outlier "
        "alone in its bin, a mislabelled one too, is drawn that often."
    )


def _batches(selection: Selection, query: int) -> None:
    """A batch of one cluster beside a random one."""
    pool, seed, scorer = selection.pool, selection.recipe.seed, selection.recipe.scorer
    st.markdown("**A topical batch beside a random one**")
    if pool.embeddings is None:
        st.caption(
            "Clusters of queries need vectors, but this pool was built without an encoder; build it again with "
            "--retriever dense or --scorer dense."
        )
        return
    usual = cluster_count(len(pool))
    count = usual
    if len(pool) > usual:
        count = st.slider(
            "Clusters of queries", 1, min(MOST_CLUSTERS, len(pool)), min(usual, MOST_CLUSTERS),
            key="signature.clusters",
            help="The paper has clusters of about 200 queries (not verified), which is where this starts.",
        )  # fmt: skip
    random, topical = kept(pool, ("topical", seed, count), lambda: _compositions(pool, seed, count))
    names = ("Random batches", "Topical batches")
    scores = [
        kept(pool, ("scores", name, scorer, seed, count), lambda each=each: in_batch_scores(pool, each, scorer))  # type: ignore[misc]
        for name, each in zip(names, (random, topical), strict=True)
    ]
    edges = even_edges(*scores)
    groups = [
        (name, binned(values, np.ones(values.shape, dtype=bool), edges).counts())
        for name, values in zip(names, scores, strict=True)
    ]
    st.echarts_chart(
        compared_histograms(edges, groups, f"score of in-batch negatives, {scorer}"), key="signature.topical",
        height=280, alt="Histograms of in-batch negative scores in random and in topical batches",
    )  # fmt: skip
    middles = [f"{np.median(values):.3f}" if len(values) else "unknown" for values in scores]
    st.caption(
        f"Median in-batch score {middles[0]} in random batches and {middles[1]} in topical ones, of "
        f"{topical.batch_size} rows each, from {count:,} clusters of queries ({len(pool):,} queries). The explicit "
        "negatives above do not depend on this."
    )
    view = view_of(selection, topical, query)
    if view is not None:
        st.markdown("**The topical batch of this query**")
        heat_map(selection, view, topical, "signature.heat_map")


def _compositions(pool: Pool, seed: int, clusters: int) -> tuple[Batches, Batches]:
    size = (remembered(pool) or _usual(pool, seed)).batch_size
    topical = compose_clustered(pool, seed=seed, batch_size=size, clusters=clusters)
    return compose(pool, seed=seed, batch_size=size), topical


def _usual(pool: Pool, seed: int) -> Batches:
    return compose(pool, seed=seed, batch_size=USUAL)
