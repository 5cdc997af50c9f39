"""The batch of a query."""

import streamlit as st

from negviz.batches import Batches
from negviz.charts.pair_shares import pair_shares
from negviz.diagnostics.batch_view import batch_view
from negviz.diagnostics.pair_losses import PARTS, PairLosses, pair_losses
from negviz.labels import Labels
from negviz.selection import Selection
from negviz.ui.signatures import SIGNATURES
from negviz.ui.signatures._batches import composition, curves, hardest, heat_map, kept, view_of

MOST_PAIRS = 300_000


@SIGNATURES.register("Batch heat-map", reference="METHODS A1, A4, B3")
def batch_heat_map(selection: Selection, *, query: int, labels: Labels) -> None:
    """Who meets whose documents in the batch of this query, and how collisions grow with the batch."""
    st.caption(
        "Each row is a query, each column a document that some row of the batch brings. Everything but the outlined "
        "cell of a row is trained as its negative, whatever it says; look for strong colours that are not outlined."
    )
    batches = composition(selection)
    view = view_of(selection, batches, query)
    if view is not None:
        heat_map(selection, view, batches, "signature.heat_map")
        if batches.hard.shape[1]:
            _parts(selection, batches, query)
        hardest(selection, view)
    curves(selection, batches, "signature.curves")


def _parts(selection: Selection, batches: Batches, query: int) -> None:
    """Pairs and loss of the batch's parts (STAR)."""
    number = int(batches.numbers[batches.row_of(query) or 0])
    found = kept(selection.pool, ("parts", number, selection.recipe.scorer), lambda: _losses(selection, batches, query))
    if found is None:
        st.caption(f"This batch has more than {MOST_PAIRS:,} pairs, so its loss is not added up here.")
        return
    st.markdown("**What the parts of the batch add to the loss**")
    st.plotly_chart(
        pair_shares(PARTS, found.pairs, found.losses), key="signature.parts",
        alt="Shares of in-batch documents, own and other hard negatives in the pairs and in the loss of the batch",
    )  # fmt: skip
    st.caption(
        f"{int(found.pairs[0]):,} pairs with positives of other rows, {int(found.pairs[1]):,} with their hard "
        f"negatives, {int(found.pairs[2]):,} with own hard negatives. The loss is the mean of "
        f"log(1 + exp(s- - s+)) over all: {found.loss:.4g} with the pool's scores; pairs "
        "of a labelled positive are left out."
    )


def _losses(selection: Selection, batches: Batches, query: int) -> PairLosses | None:
    rows = int(batches.sizes[batches.row_of(query) or 0])
    if rows * rows * (1 + batches.hard.shape[1]) > MOST_PAIRS:
        return None
    view = batch_view(selection, batches, query, most=rows)
    return None if view is None else pair_losses(view.scores, view.own, view.negative, view.owners, view.hard)
