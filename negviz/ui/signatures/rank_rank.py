"""Rank against rank: two retrievers, and the corner that both put high."""

import numpy as np
import streamlit as st

from negviz.charts.rank_rank import rank_rank as draw
from negviz.diagnostics.candidate_states import candidate_states
from negviz.diagnostics.rank_quadrants import Quadrant, rank_quadrants
from negviz.diagnostics.wilson_interval import wilson_interval
from negviz.errors import MissingInputError
from negviz.labels import Labels
from negviz.recipe import Recipe
from negviz.selection import Selection
from negviz.ui.signatures import SIGNATURES
from negviz.ui.tables import show_rows

PAIR = ("dense", "bm25")
CUT = 20


@SIGNATURES.register("Rank against rank", reference="METHODS B11")
def rank_rank(selection: Selection, *, query: int, labels: Labels) -> None:
    """Where two retrievers rank a query's candidates; look for false negatives in what both rank high."""
    pool = selection.pool
    pair = pair_of(selection.recipe)
    for name in pair:
        if name not in pool.ranks:
            raise MissingInputError(
                f"This plot sets the ranks of two retrievers against each other, but the pool lacks '{name}'; build it "
                f"again with --retriever {name}."
            )
    here = np.flatnonzero(pool.present[query] & ((pool.ranks[pair[0]][query] >= 0) | (pool.ranks[pair[1]][query] >= 0)))
    states = candidate_states(selection, labels, np.array([query], dtype=np.int32))
    first, second = (pool.ranks[name][query, here] for name in pair)
    st.plotly_chart(
        draw(first, second, states.words(0, here.astype(np.int32)), pair, CUT), key="signature.rank_rank",
        alt="Rank of each candidate of the query by two retrievers, with what became of it",
    )  # fmt: skip
    parts = rank_quadrants(pool, selection.taken, labels.align(pool), pair, CUT)
    show_rows([_row(part, pair) for part in parts])
    both = int(((first >= 0) & (second >= 0)).sum())
    rate = "" if any(part.judged for part in parts) else " Label some candidates to see the rate of false negatives."
    st.caption(
        f"Of this query's {len(here):,} candidates {both:,} were brought by both. High means among the first {CUT}; "
        f"the table counts all queries, leaks left out.{rate}"
    )


def pair_of(recipe: Recipe) -> tuple[str, str]:
    """The two retrievers that the recipe fuses; dense and bm25 where it does not fuse two."""
    names = []
    if recipe.source is not None and recipe.source.strategy == "fused":
        names = list(dict.fromkeys(str(recipe.source.knobs.get("retrievers", "")).replace(",", " ").split()))
    return (names[0], names[1]) if len(names) >= 2 else PAIR


def _row(part: Quadrant, pair: tuple[str, str]) -> dict[str, str | int | None]:
    where = {
        (True, True): "both", (True, False): f"{pair[0]} alone", (False, True): f"{pair[1]} alone",
        (False, False): "neither",
    }[part.first_high, part.second_high]  # fmt: skip
    rate = None
    if part.judged:
        low, high = wilson_interval(part.false_negatives, part.judged)
        rate = f"{part.false_negatives / part.judged:.0%} ({low:.0%} to {high:.0%})"
    return {"ranked high by": where, "candidates": part.candidates, "taken": part.taken, "judged": part.judged,
            "false negatives": rate}  # fmt: skip
