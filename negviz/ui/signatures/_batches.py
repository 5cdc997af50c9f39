"""What the plots of batches share: the composition that is looked at, the heat-map, and the curves over batch size."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import streamlit as st

from negviz.arrays import PAD
from negviz.batches import Batches, remembered
from negviz.batches.composing import compose
from negviz.charts.batch_heat_map import batch_heat_map
from negviz.charts.collision_curve import collision_curve as collision_chart
from negviz.charts.hardest_curve import hardest_curve
from negviz.diagnostics.batch_view import BatchView, batch_view
from negviz.diagnostics.hardest_in_batch import hardest_in_batch
from negviz.diagnostics.in_batch_collisions import collision_curve, in_batch_collisions
from negviz.pool import Pool
from negviz.selection import Selection
from negviz.ui.texts import shortened, show_text

T = TypeVar("T")
USUAL = 32
KEPT = 24
SMALLEST, LARGEST = 8, 4096
HARDEST = 3
NOT_IN_A_BATCH = "This query is in no batch: it has no labelled positive, or its batch was not full and was left out."


def kept(pool: Pool, key: tuple[Any, ...], make: Callable[[], T]) -> T:
    """What no knob of a step changes, worked out once a pool and kept beside it."""
    made = cast(dict[tuple[Any, ...], T], pool.__dict__.setdefault("_batch_plots", {}))
    if key not in made:
        while len(made) >= KEPT:
            made.pop(next(iter(made)))
        made[key] = make()
    return made[key]


def composition(selection: Selection) -> Batches:
    """The batches that the selection's candidates come from; else batches of the usual size, and a word about it."""
    pool, seed = selection.pool, selection.recipe.seed
    found = remembered(pool)
    if found is not None:
        return found
    st.caption(
        f"This recipe's candidates are not those of a batch; shown are batches of {USUAL} rows of the same data."
    )
    return kept(pool, ("batches", seed), lambda: compose(pool, seed=seed, batch_size=USUAL))


def heat_map(selection: Selection, view: BatchView, batches: Batches, key: str) -> None:
    """The batch as a table of scores, and what its marks mean, in numbers."""
    pool = selection.pool
    data = pool.dataset
    asked = [data.query_id(int(pool.queries[batches.queries[row]])) for row in view.rows]
    rows = [f"query {name}" for name in asked]
    columns = [
        f"document {data.document_id(int(document))}, {'hard negative' if hard else 'positive'} of {asked[owner]}"
        for document, owner, hard in zip(view.documents, view.owners, view.hard, strict=True)
    ]
    figure = batch_heat_map(
        view.scores, positive=view.positive, collision=view.collision, masked=view.masked, disputed=view.disputed,
        axis=f"score, {selection.recipe.scorer}", rows=rows, columns=columns, chosen=view.chosen,
    )  # fmt: skip
    st.plotly_chart(
        figure, key=key, theme="streamlit",
        alt="Heat-map of the scores of every query of the batch with every document of it; own positives are outlined",
    )  # fmt: skip
    st.caption(told(view, selection.pool.scales.get(selection.recipe.scorer, "")))


def told(view: BatchView, scale: str) -> str:
    """The numbers of a heat-map in words."""
    part = (
        f"All {view.size:,} rows of the batch."
        if view.whole
        else f"{len(view.rows)} of the batch's {view.size:,} rows: this query's and those whose documents score "
        "highest for it."
    )
    disputed = int(view.disputed.sum())
    zone = f" Pairs in the disputed zone, between 95% of the row's positive and 0.1 above it: {disputed:,}."
    masked = int(view.masked.sum())
    return (
        f"{part} Of {int((~view.positive).sum()):,} pairs with other documents {int(view.collision.sum()):,} are "
        f"collisions (the document is a labelled positive of the row's query, or a copy of one)."
        f"{f' {masked:,} are masked by a step of the recipe.' if masked else ''}"
        f"{zone if scale == 'cosine' else ''}"
    )


def hardest(selection: Selection, view: BatchView) -> None:
    """The documents of other rows that score highest for this query, readable; each once."""
    data = selection.pool.dataset
    scores = view.scores[view.chosen]
    others = np.flatnonzero(np.isfinite(scores) & ~view.positive[view.chosen])
    ordered = others[np.argsort(-scores[others], kind="stable")]
    first = np.sort(np.unique(view.documents[ordered], return_index=True)[1])[:HARDEST]
    best = [int(place) for place in ordered[first]]
    if not best:
        return
    st.markdown("**What scores highest for this query in its batch**")
    for place in best:
        row = int(view.documents[place])
        what = (
            "collision" if view.collision[view.chosen, place] else "masked" if view.masked[view.chosen, place] else ""
        )
        about = f"{data.document_id(row)} · {scores[place]:.4g} (own positive {view.own[view.chosen]:.4g})"
        with st.container(border=True):
            show_text(
                shortened(data.document_text(row)), title=data.document_title(row),
                about=" · ".join(part for part in (about, what) if part),
            )  # fmt: skip


def curves(selection: Selection, batches: Batches, key: str) -> None:
    """Collisions and the hardest negative against batch size."""
    pool, scorer, seed = selection.pool, selection.recipe.scorer, selection.recipe.seed
    sizes = doubling(int(np.not_equal(pool.positives, PAD).sum()))
    if not sizes:
        return
    now = min(batches.batch_size * batches.total_workers, max(sizes))
    found = kept(pool, ("collisions", seed), lambda: collision_curve(pool, sizes, seed))
    hard = kept(pool, ("hardest", scorer, seed), lambda: hardest_in_batch(pool, scorer, sizes, seed))
    own = kept(pool, ("own", seed), lambda: in_batch_collisions(pool, batches))
    left, right = st.columns(2)
    with left:
        st.markdown("**Rows that meet one of their own positives**")
        st.plotly_chart(
            collision_chart(found.sizes, found.expected, found.counted, now=now), key=f"{key}.collisions",
            alt="Share of rows with a collision against batch size, expected and counted",
        )  # fmt: skip
        mask = "The trainer masks them." if batches.masked else "A trainer without a mask trains against them."
        st.caption(
            f"In these batches {int((own > 0).sum()):,} of {len(batches):,} rows have a collision, {int(own.sum()):,} "
            f"in all. {mask} negviz never takes one."
        )
    with right:
        st.markdown("**The hardest document of the batch**")
        st.plotly_chart(
            hardest_curve(hard.sizes, hard.score, hard.percentile, hard.positive, f"score, {scorer}", now=now),
            key=f"{key}.hardest", alt="Median score of the hardest in-batch negative against batch size",
        )  # fmt: skip
        st.caption(f"Medians over {hard.rows:,} rows; labelled positives are left out, unlabelled ones are not.")


def doubling(rows: int) -> list[int]:
    """Batch sizes 8, 16, ... up to one that holds all rows, 4,096 at most."""
    sizes = [SMALLEST] if rows > 1 else []
    while sizes and sizes[-1] < min(rows, LARGEST):
        sizes.append(2 * sizes[-1])
    return sizes


def view_of(selection: Selection, batches: Batches, query: int, most: int = 64) -> BatchView | None:
    """The query's batch as a table; a sentence where it has none."""
    view = batch_view(selection, batches, query, most=most)
    if view is None:
        st.caption(NOT_IN_A_BATCH)
    return view
