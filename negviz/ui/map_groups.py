"""Groups of the map: which documents share a colour and a shape."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from negviz.arrays import PAD, Bools, Floats, Ints, Scores
from negviz.charts import FALSE_NEGATIVE, POSITIVE, QUERY, REFUSED, SOFT, TAKEN
from negviz.charts.map import CROSS, STAR, Group
from negviz.dataset import Dataset
from negviz.labels import CODES, Labels, Verdict
from negviz.layout import sample_rows
from negviz.pool import Pool
from negviz.project import Projection
from negviz.selection import Selection
from negviz.ui.texts import shortened

MOST_DOCUMENTS = 20_000
MOST_QUERIES = 5_000
HOVER = 90
GREY = "#adb5bd"
COLOURS = (TAKEN, FALSE_NEGATIVE, POSITIVE, QUERY, SOFT, "#9c36b5", "#f08c00", "#5c940d")
SHAPES = ("circle", "rect", "triangle", "diamond", "roundRect", "pin", "arrow", "circle")
LABEL_LOOKS = {
    Verdict.FALSE_NEGATIVE: (FALSE_NEGATIVE, "triangle"),
    Verdict.TRUE_NEGATIVE: (TAKEN, "circle"),
    Verdict.DROP: ("#9c36b5", "rect"),
    Verdict.UNSURE: ("#f08c00", "pin"),
}


@dataclass(frozen=True)
class Look:
    """How a category is drawn."""

    name: str
    colour: str
    shape: str
    size: int = 7
    opacity: float = 0.8


@dataclass(frozen=True, eq=False)
class Colouring:
    """A category for each document; the last look is drawn on top.

    Attributes:
        looks: The categories.
        codes: (documents,) place in ``looks``.
    """

    looks: tuple[Look, ...]
    codes: Ints


def rest(name: str) -> Look:
    """What a colouring is not about: grey and small, never hidden."""
    return Look(name, GREY, "circle", 5, 0.5)


def candidates_of(pool: Pool, query: int | None) -> tuple[Ints, Ints]:
    """Cells (rows, columns) of all candidates, or of those of one query."""
    rows, columns = np.nonzero(pool.present if query is None else pool.present[query : query + 1])
    return (rows + (query or 0)).astype(np.int32), columns.astype(np.int32)


def by_verdict(selection: Selection, labels: Labels, query: int | None) -> Colouring:
    """What became of each document: for one query, or the most that it became for any of them."""
    pool = selection.pool
    rows, columns = candidates_of(pool, query)
    documents = pool.documents[rows, columns]
    looks = (
        rest("no candidate"),
        Look("refused", REFUSED, CROSS, 8, 0.9),
        Look("allowed, not drawn", SOFT, "rect", 6),
        Look("taken", TAKEN, "circle", 9, 0.9),
        Look("labelled positive", POSITIVE, "diamond", 13, 1.0),
        Look("labelled false negative", FALSE_NEGATIVE, "triangle", 13, 1.0),
    )
    codes = np.zeros(len(pool.dataset.documents), dtype=np.int32)
    allowed = selection.reasons[rows, columns] < 0
    state = np.where(selection.taken[rows, columns], 3, np.where(allowed, 2, 1))
    np.maximum.at(codes, documents, state)
    codes[_positives(pool, query)] = 4
    false = np.equal(labels.align(pool)[rows, columns], CODES[Verdict.FALSE_NEGATIVE])
    codes[documents[false]] = 5
    return Colouring(looks, codes)


def by_source(pool: Pool, query: int | None) -> Colouring:
    """Which retrievers brought each document: for one query, or for any of them."""
    rows, columns = candidates_of(pool, query)
    bits = np.zeros(len(pool.dataset.documents), dtype=np.int32)
    names = list(pool.ranks)[:16]
    for place, name in enumerate(names):
        brought = pool.ranks[name][rows, columns] >= 0
        np.bitwise_or.at(bits, pool.documents[rows, columns][brought], 1 << place)
    found, codes, counts = np.unique(bits, return_inverse=True, return_counts=True)
    spelt = {int(bit): " and ".join(name for at, name in enumerate(names) if bit >> at & 1) for bit in found}
    order = sorted((bit for bit in spelt if bit), key=lambda bit: -int(counts[found == bit][0]))
    return _ranked([spelt[bit] for bit in order], [order.index(int(found[at])) if found[at] else -1 for at in codes])


def by_label(pool: Pool, labels: Labels, query: int | None) -> Colouring:
    """What people said about each document: for one query, or for any of them (false negative wins)."""
    codes = np.zeros(len(pool.dataset.documents), dtype=np.int32)
    order = (Verdict.UNSURE, Verdict.DROP, Verdict.TRUE_NEGATIVE, Verdict.FALSE_NEGATIVE)
    wanted = None if query is None else int(pool.queries[query])
    for row, document, event in labels.found(pool.dataset):
        if event.verdict is not None and wanted in (None, row):
            codes[document] = max(codes[document], order.index(event.verdict) + 1)
    looks = [Look(f"labelled {verdict}", *LABEL_LOOKS[verdict], 10, 0.95) for verdict in order]
    return Colouring((rest("not labelled"), *looks), codes)


def by_cluster(clusters: Ints) -> Colouring:
    """Groups of vectors that point the same way."""
    names = [f"cluster {number + 1}" for number in range(int(clusters.max(initial=-1)) + 1)]
    return _ranked(names, clusters)


def _ranked(names: Sequence[str], codes: Sequence[int] | Ints) -> Colouring:
    """Categories in order, as many as there are colours; the others share one look, and -1 is none of them."""
    shown = min(len(names), len(COLOURS))
    looks = [Look(names[at], COLOURS[at], SHAPES[at]) for at in range(shown)]
    other = Look("others", "#495057", "circle")
    numbers = np.asarray(codes, dtype=np.int32)
    places = np.where(numbers < 0, 0, np.where(numbers < shown, numbers + 2, 1))
    return Colouring((rest("none"), other, *looks), places.astype(np.int32))


def _positives(pool: Pool, query: int | None) -> Ints:
    rows = pool.positives if query is None else pool.positives[query]
    return np.unique(rows[rows != PAD])


@dataclass(frozen=True, eq=False)
class Drawing:
    """What goes on the map.

    Attributes:
        groups: Groups of points, the last on top.
        links: Lines from the chosen query to its positives.
        documents: How many documents are drawn.
        queries: How many queries are drawn.
    """

    groups: list[Group]
    links: list[tuple[Scores, Scores]]
    documents: int
    queries: int


def drawing(pool: Pool, projection: Projection, colouring: Colouring, query: int | None, seed: int = 0) -> Drawing:
    """Points to draw: a seeded sample where there are too many, and always all that concerns the chosen query.

    Args:
        pool: Documents and queries.
        projection: Their places.
        colouring: Colours of the documents.
        query: Row of the chosen query in the pool.
        seed: Seed of the sample.
    """
    dataset = pool.dataset
    documents = _drawn(pool, query, sample_rows(len(dataset.documents), MOST_DOCUMENTS, seed))
    groups: list[Group] = []
    for code, look in enumerate(colouring.looks):
        rows = documents[colouring.codes[documents] == code]
        if len(rows):
            texts = [hover(dataset.content(row)) for row in rows]
            name = f"{look.name} ({int((colouring.codes == code).sum()):,})"
            groups.append(
                Group(name, look.colour, look.shape, projection.documents[rows], texts, look.size, look.opacity)
            )
    stars = sample_rows(len(pool), MOST_QUERIES, seed)
    links = [] if query is None else _links(pool, projection, query)
    marks = _stars(dataset, pool.queries, projection, stars, query)
    # The star of a chosen query lies below its candidates, which crowd around it.
    groups = [*groups, *marks] if query is None else [*groups[:1], *marks, *groups[1:]]
    return Drawing(groups, links, len(documents), len(stars))


def _drawn(pool: Pool, query: int | None, sampled: Ints) -> Ints:
    if query is None:
        return sampled
    own = pool.documents[query][pool.present[query]]
    return np.unique(np.concatenate([sampled, own, _positives(pool, query)])).astype(np.int32)


def _links(pool: Pool, projection: Projection, query: int) -> list[tuple[Scores, Scores]]:
    start = projection.queries[pool.queries[query]]
    return [(start, projection.documents[row]) for row in _positives(pool, query)]


def _stars(dataset: Dataset, rows: Ints, projection: Projection, shown: Ints, query: int | None) -> list[Group]:
    others = shown if query is None else shown[shown != query]
    faint = query is not None
    stars = [
        Group(
            f"other queries ({len(others):,})" if faint else f"queries ({len(rows):,})",
            GREY if faint else QUERY,
            STAR,
            projection.queries[rows[others]],
            [hover(dataset.query_text(row), "Query: ") for row in rows[others]],
            8 if faint else 11,
            0.45 if faint else 0.85,
        )
    ]
    if query is not None:
        row = int(rows[query])
        text = [hover(dataset.query_text(row), "Query: ")]
        stars.append(Group("chosen query", QUERY, STAR, projection.queries[row : row + 1], text, 24, 1.0))
    return stars


def hover(text: str, about: str = "") -> str:
    """What hovering shows: the beginning of a text on one line."""
    return about + shortened(" ".join(text.split()), HOVER)


def pairs_inside(pool: Pool, marked: Bools, query: int | None, priority: Floats | None = None) -> Ints:
    """Pairs to judge whose document is marked, leaks left out.

    Args:
        pool: Candidates.
        marked: (documents,).
        query: Row of the chosen query in the pool, None for all queries.
        priority: (queries, depth), what a person is asked first is highest; without it the pool's order.

    Returns:
        (pairs, 2) query rows and document rows.
    """
    rows, columns = candidates_of(pool, query)
    wanted = pool.eligible[rows, columns] & marked[pool.documents[rows, columns]]
    rows, columns = rows[wanted], columns[wanted]
    if priority is not None:
        order = np.argsort(-priority[rows, columns], kind="stable")
        rows, columns = rows[order], columns[order]
    return np.stack([pool.queries[rows], pool.documents[rows, columns]], axis=1).astype(np.int32)
