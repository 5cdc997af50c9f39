"""Categories of the map: which documents share a colour and a shape."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from negviz.arrays import PAD, Ints
from negviz.charts import FALSE_NEGATIVE, POSITIVE, QUERY, REFUSED, SOFT, TAKEN
from negviz.labels import Labels, Verdict
from negviz.pool import Pool
from negviz.selection import NOT_REFUSED, Selection

GREY = "#adb5bd"
COLOURS = (TAKEN, FALSE_NEGATIVE, POSITIVE, QUERY, SOFT, "#9c36b5", "#f08c00", "#5c940d")
SHAPES = ("circle", "rect", "triangle", "diamond", "drop", "plus", "cross", "circle")
LABEL_LOOKS = {
    Verdict.FALSE_NEGATIVE: (FALSE_NEGATIVE, "triangle"),
    Verdict.TRUE_NEGATIVE: (TAKEN, "circle"),
    Verdict.DROP: ("#9c36b5", "rect"),
    Verdict.UNSURE: ("#f08c00", "drop"),
}
ROWS = 32_768
# Place of what is taken among the looks of ``by_verdict``.
TAKEN_CODE = 3


@dataclass(frozen=True)
class Look:
    """How a category is drawn."""

    name: str
    colour: str
    shape: str
    size: int = 7
    opacity: float = 0.8
    edge: bool = False


@dataclass(frozen=True, eq=False)
class Colouring:
    """A category for each document; the last look is drawn on top.

    Attributes:
        looks: The categories.
        codes: (documents,) place in ``looks``.
        words: What the colours mean, in a sentence; empty where the names say it.
        of_queries: The same for the queries of the dataset, None where all look alike.
        quiet: Whether the queries step back, since the colours mean something else than they do for a verdict.
    """

    looks: tuple[Look, ...]
    codes: Ints
    words: str = ""
    of_queries: "Colouring | None" = None
    quiet: bool = False


def rest(name: str) -> Look:
    """What a colouring is not about: grey and small, never hidden."""
    return Look(name, GREY, "circle", 5, 0.5)


def blocks(pool: Pool, query: int | None) -> Iterator[slice]:
    """Rows of the pool, some at a time; those of one query where one is chosen."""
    if query is not None:
        yield slice(query, query + 1)
        return
    for start in range(0, len(pool), ROWS):
        yield slice(start, start + ROWS)


def by_verdict(selection: Selection, labels: Labels, query: int | None) -> Colouring:
    """What became of each document: for one query, or the most that it became for any of them."""
    pool = selection.pool
    looks = (
        rest("no candidate"),
        Look("refused", REFUSED, "cross", 8, 0.9),
        Look("allowed, not drawn", SOFT, "rect", 6),
        Look("taken", TAKEN, "circle", 9, 0.9),
        Look("labelled positive", POSITIVE, "diamond", 13, 1.0),
        Look("labelled false negative", FALSE_NEGATIVE, "triangle", 13, 1.0),
    )
    refused, allowed, taken = (np.zeros(len(pool.dataset.documents), dtype=bool) for _ in range(3))
    for rows in blocks(pool, query):
        documents, reasons = pool.documents[rows], selection.reasons[rows]
        refused[documents[reasons >= 0]] = True
        allowed[documents[np.equal(reasons, NOT_REFUSED)]] = True
        taken[taken_documents(selection, rows)] = True
    codes = np.where(taken, TAKEN_CODE, np.where(allowed, 2, refused)).astype(np.int32)
    codes[positives_of(pool, query)] = 4
    wanted = None if query is None else int(pool.queries[query])
    for row, document, event in labels.found(pool.dataset):
        if event.verdict == Verdict.FALSE_NEGATIVE and wanted in (None, row):
            codes[document] = 5
    return Colouring(looks, codes)


def taken_documents(selection: Selection, rows: slice) -> Ints:
    """Rows of the documents that some queries take, repeated where several take one."""
    columns = selection.columns[rows]
    found = np.take_along_axis(selection.pool.documents[rows], np.maximum(columns, 0), axis=1)
    return np.asarray(found[np.not_equal(columns, PAD)])


def by_source(pool: Pool, query: int | None) -> Colouring:
    """Which retrievers brought each document: for one query, or for any of them."""
    bits = np.zeros(len(pool.dataset.documents), dtype=np.int32)
    names = list(pool.ranks)[:16]
    for place, name in enumerate(names):
        brought = np.zeros(len(bits), dtype=bool)
        for rows in blocks(pool, query):
            brought[pool.documents[rows][pool.ranks[name][rows] >= 0]] = True
        bits |= np.where(brought, 1 << place, 0).astype(np.int32)
    found, codes, counts = np.unique(bits, return_inverse=True, return_counts=True)
    spelt = {int(bit): " and ".join(name for at, name in enumerate(names) if bit >> at & 1) for bit in found}
    order = sorted((bit for bit in spelt if bit), key=lambda bit: -int(counts[found == bit][0]))
    return ranked([spelt[bit] for bit in order], [order.index(int(found[at])) if found[at] else -1 for at in codes])


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


def by_cluster(clusters: Ints, words: Sequence[Sequence[str]] = ()) -> Colouring:
    """Groups of vectors that point the same way, with the words that name them."""
    total = int(clusters.max(initial=-1)) + 1
    told = [", ".join(words[number]) if number < len(words) else "" for number in range(total)]
    names = [f"{number + 1}: {text}" if text else f"cluster {number + 1}" for number, text in enumerate(told)]
    about = (
        "Clusters are groups of similar vectors (spherical k-means, seeded); each is named by the words that are "
        "frequent in it and rare in the others (class-based TF-IDF)."
    )
    found = ranked(names, clusters)
    return Colouring(found.looks, found.codes, about, quiet=True)


def ranked(names: Sequence[str], codes: Sequence[int] | npt.NDArray[np.integer]) -> Colouring:
    """Categories in order, as many as there are colours; the others share one look, and -1 is none of them."""
    shown = min(len(names), len(COLOURS))
    looks = [Look(names[at], COLOURS[at], SHAPES[at]) for at in range(shown)]
    other = Look("others", "#495057", "circle", edge=True)
    numbers = np.asarray(codes, dtype=np.int32)
    places = np.where(numbers < 0, 0, np.where(numbers < shown, numbers + 2, 1))
    return Colouring((rest("none"), other, *looks), places.astype(np.int32), quiet=True)


def positives_of(pool: Pool, query: int | None) -> Ints:
    """Rows of the labelled positives: of one query, or of all."""
    rows = pool.positives if query is None else pool.positives[query]
    return np.unique(rows[rows != PAD])
