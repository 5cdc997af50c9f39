"""Source mix: what each retriever gives."""

from dataclasses import replace

import numpy as np
import streamlit as st

from negviz.arrays import Bools
from negviz.charts.hardness_box import hardness_box
from negviz.charts.source_bars import source_bars
from negviz.charts.upset import upset
from negviz.diagnostics.margins import margins
from negviz.diagnostics.source_mix import Mixed
from negviz.diagnostics.source_mix import source_mix as mixed
from negviz.selection import Selection
from negviz.ui.signatures import SIGNATURES

SEVERAL, NONE = "several of them", "none of them"
DECILES = np.arange(0.1, 0.95, 0.1)


@SIGNATURES.register("Source mix", reference="METHODS B8 and 12, plot 10", over_all=True)
def source_mix(selection: Selection, *, query: int | None) -> None:
    """Which retrievers brought the candidates and the taken negatives, how they overlap, and how hard each is."""
    names = sources_of(selection)
    everything = mixed(selection.pool, selection.taken, names)
    rows = ["all candidates", "taken"]
    found = [_alone(everything, names)]
    if query is not None:
        rows += ["this query's candidates", "this query's taken"]
        found.append(_alone(_of_query(selection, query, names), names))
    parts = [(name, [count for part in found for count in part.get(name, (0, 0))]) for name in found[0]]
    st.plotly_chart(
        source_bars(rows, parts), key=f"signature.source_mix.bars.{len(rows)}",
        alt="Share of candidates and of taken negatives that each retriever brought alone, or several together",
    )  # fmt: skip
    _overlaps(selection, names, everything)
    _hardness(selection, names)


def sources_of(selection: Selection) -> list[str]:
    """The strata of the recipe's draw where it names some, else the pool's retrievers by name."""
    strata = str(selection.recipe.draw.knobs.get("strata", ""))
    named = [name for name in dict.fromkeys(strata.replace(",", " ").split()) if name in selection.pool.ranks]
    return named or sorted(selection.pool.ranks)


def _alone(parts: list[Mixed], names: list[str]) -> dict[str, tuple[int, int]]:
    """Candidates and taken ones that each retriever brought alone, several brought, and none of them did."""
    found = {f"{name} alone": (0, 0) for name in names} | {SEVERAL: (0, 0), NONE: (0, 0)}
    for part in parts:
        key = SEVERAL if len(part.sources) > 1 else f"{part.sources[0]} alone" if part.sources else NONE
        found[key] = (found[key][0] + part.candidates, found[key][1] + part.taken)
    return {name: counts for name, counts in found.items() if name != NONE or counts[0]}


def _of_query(selection: Selection, query: int, names: list[str]) -> list[Mixed]:
    pool = selection.pool
    row = slice(query, query + 1)
    one = replace(
        pool, queries=pool.queries[row], documents=pool.documents[row], positives=pool.positives[row],
        flags=pool.flags[row], ranks={name: pool.ranks[name][row] for name in names}, scores={}, positive_scores={},
        stored_fingerprint=None,
    )  # fmt: skip
    return mixed(one, selection.taken[row], names)


def _overlaps(selection: Selection, names: list[str], parts: list[Mixed]) -> None:
    taken = [(tuple(names.index(name) for name in part.sources), part.taken) for part in parts if part.sources]
    taken = sorted([part for part in taken if part[1]], key=lambda part: -part[1])
    if not taken:
        st.caption("Nothing was taken.")
        return
    sizes = [int((selection.taken & _brought(selection, name)).sum()) for name in names]
    st.plotly_chart(
        upset(names, sizes, taken), key="signature.source_mix.upset",
        alt="Taken negatives by the exact set of retrievers that brought them",
    )  # fmt: skip
    st.caption("Taken negatives by exactly which retrievers brought them; hatched bars are those that one alone found.")


def _hardness(selection: Selection, names: list[str]) -> None:
    scorer = selection.recipe.scorer
    away = margins(selection.pool, scorer, selection.recipe.anchor)
    known = np.isfinite(away) & selection.taken
    found = [(name, away[known & _brought(selection, name)]) for name in names]
    found = [(name, values) for name, values in found if values.size]
    if found:
        deciles = [np.quantile(values, DECILES).tolist() for _, values in found]
        st.plotly_chart(
            hardness_box([name for name, _ in found], deciles, [float(values.mean()) for _, values in found], scorer),
            key="signature.source_mix.hardness", alt="Score minus the positive's of the taken negatives, by retriever",
        )  # fmt: skip
        st.caption("How hard the taken negatives of each retriever are; one that several brought counts for each.")


def _brought(selection: Selection, name: str) -> Bools:
    return np.asarray(selection.pool.ranks[name] >= 0)
