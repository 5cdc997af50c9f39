"""Colours of the map that stand for amounts and for columns: ordered steps, or the few values of a column."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from negviz.arrays import Floats, Ints
from negviz.dataset import Dataset
from negviz.diagnostics.false_negative_density import Density
from negviz.pool import Pool
from negviz.ui.map_groups import Colouring, Look, blocks, ranked, rest

# Viridis in seven steps: ordered by lightness, so that it reads without hue; an outline keeps the ends off the paper.
STEPS = ("#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39", "#fde725")
DENSITIES = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
FEW = 50
NOT_COLUMNS = {"id", "text"}


def stepped(values: Floats, nothing: str, words: str) -> Colouring:
    """Seven steps that hold about equally many documents each; fewer where there are fewer values.

    Args:
        values: (documents,), not finite where there is none.
        nothing: What those without a value are called.
        words: What the values are.
    """
    known = np.isfinite(values)
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, len(STEPS) + 1))) if known.any() else np.zeros(0)
    if len(edges) < 2:
        names = [_number(edges[0])] if len(edges) else []
        return _ordered(names, np.where(known, 0, -1), nothing, words)
    steps = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    names = [f"{_number(low)} to {_number(high)}" for low, high in pairwise(edges.tolist())]
    return _ordered(names, np.where(known, steps, -1), nothing, words)


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.3g}"


def _ordered(names: Sequence[str], steps: Ints, nothing: str, words: str) -> Colouring:
    """Steps from few to much: brighter and larger; -1 is none of them."""
    shades = [STEPS[round(at * (len(STEPS) - 1) / max(len(names) - 1, 1))] for at in range(len(names))]
    looks = [
        Look(name, shade, "circle", 6 + at // 2, 0.95, edge=True)
        for at, (name, shade) in enumerate(zip(names, shades, strict=True))
    ]
    return Colouring((rest(nothing), *looks), (np.asarray(steps) + 1).astype(np.int32), words, quiet=True)


def by_score(pool: Pool, scorer: str, query: int | None) -> Colouring:
    """Score of each document: for one query, or the best for any of them."""
    best = np.full(len(pool.dataset.documents), -np.inf)
    for rows in blocks(pool, query):
        scores, documents = pool.score(scorer)[rows], pool.documents[rows]
        known = np.isfinite(scores) & pool.present[rows]
        np.maximum.at(best, documents[known], scores[known])
    whose = "for the chosen query" if query is not None else "for any query"
    about = f"Best score by {scorer} {whose}, in steps of about equally many documents."
    return stepped(best, "no score", about)


def by_length(words: Ints) -> Colouring:
    """Words of each document."""
    return stepped(words.astype(np.float64), "no text", "Words of the text, in steps of about equally many documents.")


def by_density(found: Density, taken: int) -> Colouring:
    """Likely false negatives a document around each document.

    Args:
        found: The density.
        taken: How many of them the recipe at hand takes.
    """
    steps = np.searchsorted(DENSITIES, found.per_document, side="left")
    names = ["none near it", *(f"up to {high:g} per document" for high in DENSITIES[1:])]
    names.append(f"above {DENSITIES[-1]:g} per document")
    about = (
        "The map is cut into cells; a colour says how many likely false negatives there are for each document of its "
        "cell. Likely false: a candidate of any query, no leak, that scores above 95% of its positive. That is a rule "
        f"of thumb, not a measurement. In all {int(found.likely.sum()):,}, of which the recipe at hand takes {taken:,}."
    )
    return _ordered(names, steps.astype(np.int32), "nothing known", about)


def columns_of(dataset: Dataset) -> dict[str, tuple[str, str]]:
    """Columns with a few values that points can be coloured by: name on the screen, table and name in it."""
    found = {}
    for side, table in (("documents", dataset.documents), ("queries", dataset.queries)):
        for name in table.column_names:
            if name not in NOT_COLUMNS and _few(table[name]):
                found[f"Column {name} of the {side}"] = (side, name)
    return found


def _few(column: pa.ChunkedArray) -> bool:
    """Whether a column has some values and not too many of them."""
    if pa.types.is_nested(column.type):
        # A list such as the answers: whether there is one.
        return bool(0 < column.null_count < len(column))
    return bool(1 < len(pc.unique(column)) <= FEW)


def by_column(dataset: Dataset, side: str, name: str) -> Colouring:
    """Values of a column, the most frequent first."""
    column = (dataset.documents if side == "documents" else dataset.queries)[name]
    if pa.types.is_nested(column.type):
        column = pc.if_else(column.is_valid(), f"with {name}", f"without {name}")
    values = [str(value) if value not in (None, "") else "" for value in column.to_pylist()]
    names, codes, counts = np.unique(np.array(values, dtype=str), return_inverse=True, return_counts=True)
    order = [int(at) for at in np.argsort(-counts, kind="stable") if names[at]]
    place = {at: rank for rank, at in enumerate(order)}
    found = ranked([str(names[at])[:60] for at in order], [place.get(int(code), -1) for code in codes])
    if side == "documents":
        return found
    plain = np.zeros(len(dataset.documents), dtype=np.int32)
    return Colouring((rest("documents"),), plain, of_queries=found)
