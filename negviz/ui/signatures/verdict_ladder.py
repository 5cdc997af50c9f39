"""Verdicts: where in the list they lie, and what became of one query's candidates."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import streamlit as st

from negviz.arrays import PAD
from negviz.charts.verdict_ladder import verdict_ladder as draw
from negviz.diagnostics.verdicts_by_rank import verdicts_by_rank
from negviz.judges import JUDGES
from negviz.labels import Labels
from negviz.selection import Selection
from negviz.ui.signatures import SIGNATURES
from negviz.ui.signatures._verdicts import facts_of, known_layer, layer_of, told
from negviz.ui.texts import shortened, show_text

STRETCHES = (0, 1, 3, 5, 10, 20, 50, 100, 1_000_000)
MOST = 5


@SIGNATURES.register("Verdicts along the list", reference="METHODS F6, F7")
def verdict_ladder(selection: Selection, *, query: int, labels: Labels) -> None:
    """Where in the list the candidates lie that a language model found relevant, and this query's one by one."""
    pool, recipe = selection.pool, selection.recipe
    layer = known_layer(pool, layer_of(recipe))
    names = _names(layer)
    counts = verdicts_by_rank(pool, layer, recipe.scorer, STRETCHES)
    used = int(np.flatnonzero(counts.sum(axis=0)).max(initial=0)) + 1
    st.plotly_chart(
        draw(_stretches()[:used], [name.partition(":")[0] for name in names.values()], counts[: len(names), :used]),
        key="signature.verdict_ladder", alt="Candidates judged, by stretch of ranks, stacked by verdict",
    )  # fmt: skip
    facts = facts_of(pool, layer)
    st.caption(" · ".join(part for part in (f"Ranks by {recipe.scorer}; 0 is the nearest", told(facts)) if part))
    _ladder(selection, query, layer, names, dict(facts.get("snippets") or {}))


def _names(layer: str) -> dict[int, str]:
    values = JUDGES.get(layer).trait("values") if layer in JUDGES else None
    return dict(values or {value: f"verdict {value}" for value in range(4)})


def _stretches() -> list[str]:
    names = [f"{low}" if high == low + 1 else f"{low} to {high - 1}" for low, high in pairwise(STRETCHES)]
    return [*names[:-1], f"{STRETCHES[-2]} or more"]


def _ladder(
    selection: Selection, query: int, layer: str, names: Mapping[int, str], snippets: Mapping[str, Mapping[str, str]]
) -> None:
    """The rungs: positives, then each verdict from the highest to the lowest, with the words that answer marked."""
    pool = selection.pool
    data = pool.dataset
    own = [int(row) for row in pool.positives[query] if row != PAD]
    words = snippets.get(data.query_id(int(pool.queries[query])), {})
    st.markdown(f"**Labelled positives: {len(own)}**")
    for row in own[:MOST]:
        show_text(shortened(data.document_text(row)), title=data.document_title(row), about=data.document_id(row))
    verdicts = pool.scores[layer][query]
    rank = pool.rank(selection.recipe.scorer)[query]
    for value in sorted(names, reverse=True):
        columns = np.flatnonzero(np.equal(verdicts, value) & pool.present[query])
        st.markdown(f"**{names[value].capitalize()} ({len(columns)})**")
        for column in columns[np.argsort(rank[columns], kind="stable")][:MOST]:
            row = int(pool.documents[query, column])
            text, spans = with_words(data.document_text(row), words.get(data.document_id(row), ""))
            state = "taken" if selection.taken[query, column] else selection.reason(query, int(column)) or "not drawn"
            about = f"{data.document_id(row)} · rank {int(rank[column])} · {state}"
            show_text(text, title=data.document_title(row), spans=spans, about=about)


def with_words(text: str, words: str) -> tuple[str, list[tuple[int, int]]]:
    """The part of a text around some words, and where they stand in it; its beginning where they are not there."""
    place = text.find(words) if words else -1
    if place < 0:
        return shortened(text), []
    start = max(place - 120, 0)
    end = place + len(words) + 200
    part = ("… " if start else "") + text[start:end] + (" …" if end < len(text) else "")
    at = part.find(words)
    return part, [(at, at + len(words))]
