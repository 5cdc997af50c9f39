"""What goes on the map: points in groups with their texts, the star of the chosen query, and the words of clusters."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from negviz.arrays import Bools, Floats, Ints, Scores
from negviz.charts import FALSE_NEGATIVE, POSITIVE, QUERY, REFUSED, TAKEN
from negviz.charts.map import FOUND, MARKED, Group, Name, Star, States
from negviz.dataset import Dataset
from negviz.labels import CODES, Labels, Verdict
from negviz.layout import sample_rows
from negviz.pool import Pool
from negviz.project import Projection
from negviz.selection import Selection
from negviz.ui.map_groups import GREY, Colouring, Look, blocks, positives_of
from negviz.ui.texts import shortened

MOST_DOCUMENTS = 50_000
MOST_QUERIES = 5_000
MOST_FOUND = 5_000
HOVER = 90
READ = 600
QUIET = Look("queries", GREY, "star", 9, 0.9, edge=True)


@dataclass(frozen=True, eq=False)
class Seen:
    """What is emphasised on the map.

    Attributes:
        marked: (documents,) in the linked selection.
        documents: (documents,) found by the search; None where nothing is searched for.
        queries: (queries,) of the dataset, likewise.
    """

    marked: Bools | None = None
    documents: Bools | None = None
    queries: Bools | None = None


@dataclass(frozen=True, eq=False)
class Drawing:
    """What goes on the map.

    Attributes:
        groups: Groups of points, the last on top.
        stars: Lines from the chosen query.
        names: Words at places.
        documents: How many documents are drawn.
        queries: How many queries are drawn.
    """

    groups: list[Group]
    stars: list[Star]
    names: list[Name]
    documents: int
    queries: int


def drawing(
    pool: Pool,
    projection: Projection,
    colouring: Colouring,
    query: int | None,
    seen: Seen = Seen(),
    stars: Sequence[Star] = (),
) -> Drawing:
    """Points to draw: a seeded sample where there are too many, and always all that concerns the chosen query.

    Args:
        pool: Documents and queries.
        projection: Their places.
        colouring: Colours of the documents, and of the queries where they differ.
        query: Row of the chosen query in the pool.
        seen: What is emphasised.
        stars: Lines to draw.
    """
    dataset = pool.dataset
    documents = _drawn(pool, query, seen, sample_rows(len(dataset.documents), MOST_DOCUMENTS))
    groups = _groups(dataset, documents, colouring, projection, seen)
    shown = _queries(pool, seen, sample_rows(len(pool), MOST_QUERIES))
    marks = _stars(pool, projection, shown, query, colouring, seen)
    # The star of a chosen query lies below its candidates, which crowd around it; quiet ones below all.
    below = query is not None or colouring.quiet
    groups = [*groups[:1], *marks, *groups[1:]] if below else [*groups, *marks]
    return Drawing(groups, list(stars), _names(colouring, projection), len(documents), len(shown))


def _drawn(pool: Pool, query: int | None, seen: Seen, sampled: Ints) -> Ints:
    parts = [sampled]
    if query is not None:
        parts += [pool.documents[query][pool.present[query]], positives_of(pool, query)]
    for mask in (seen.marked, seen.documents):
        if mask is not None:
            parts.append(np.flatnonzero(mask)[:MOST_FOUND].astype(np.int32))
    return np.unique(np.concatenate(parts)).astype(np.int32)


def _queries(pool: Pool, seen: Seen, sampled: Ints) -> Ints:
    if seen.queries is None:
        return sampled
    found = np.flatnonzero(seen.queries[pool.queries])[:MOST_FOUND]
    return np.unique(np.concatenate([sampled, found])).astype(np.int32)


def _groups(dataset: Dataset, drawn: Ints, colouring: Colouring, projection: Projection, seen: Seen) -> list[Group]:
    groups = []
    counts = np.bincount(colouring.codes, minlength=len(colouring.looks))
    for code, look in enumerate(colouring.looks):
        rows = drawn[np.equal(colouring.codes[drawn], code)]
        if len(rows):
            texts = document_texts(dataset, rows)
            groups.append(_group(look, projection.documents[rows], texts, int(counts[code]), _states(seen, rows)))
    return groups


def _group(look: Look, places: Scores, texts: Sequence[str], count: int, states: States | None) -> Group:
    return Group(
        look.name, look.colour, look.shape, places, texts, look.size, look.opacity, count, states, look.edge
    )  # fmt: skip


def _states(seen: Seen, rows: npt.NDArray[np.integer]) -> States | None:
    if seen.marked is None and seen.documents is None:
        return None
    states = np.zeros(len(rows), dtype=np.uint8)
    for mask, bit in ((seen.marked, MARKED), (seen.documents, FOUND)):
        if mask is not None:
            states[mask[rows]] |= bit
    return states


def _stars(
    pool: Pool, projection: Projection, shown: Ints, query: int | None, documents: Colouring, seen: Seen
) -> list[Group]:
    """The queries; where one is chosen the others step back."""
    dataset = pool.dataset
    if query is not None:
        row = pool.queries[query : query + 1]
        text = query_texts(dataset, row)
        others = pool.queries[shown[shown != query]]
        back = Look("other queries", GREY, "star", 8, 0.45)
        own = Group("chosen query", QUERY, "star", projection.queries[row], text, 24, 1.0, kept=True)
        return [_queries_of(back, dataset, projection, others, len(pool) - 1, seen), own]
    rows = pool.queries[shown]
    colouring = documents.of_queries
    if colouring is None:
        look = QUIET if documents.quiet else Look("queries", QUERY, "star", 11, 0.85)
        return [_queries_of(look, dataset, projection, rows, len(pool), seen)]
    found = []
    for code, look in enumerate(colouring.looks):
        own_rows = rows[np.equal(colouring.codes[rows], code)]
        count = int(np.equal(colouring.codes[pool.queries], code).sum())
        star = Look(f"queries: {look.name}", look.colour, "star", 11, 0.9, edge=True)
        found.append(_queries_of(star, dataset, projection, own_rows, count, seen))
    return found


def _queries_of(look: Look, dataset: Dataset, places: Projection, rows: Ints, count: int, seen: Seen) -> Group:
    states = None if seen.queries is None else np.where(seen.queries[rows], FOUND, 0).astype(np.uint8)
    group = _group(look, places.queries[rows], query_texts(dataset, rows), count, states)
    return replace(group, last=True)


def _names(colouring: Colouring, projection: Projection) -> list[Name]:
    """Words of clusters at the middle of each; a name such as '1: wing, flow' says whose they are."""
    found = []
    for code, look in enumerate(colouring.looks):
        words = look.name.partition(": ")[2]
        rows = np.flatnonzero(np.equal(colouring.codes, code))
        if words and colouring.words and len(rows):
            middle = np.median(projection.documents[rows], axis=0).astype(np.float32)
            found.append(Name(words, middle, look.name))
    return found


def star_of(selection: Selection, labels: Labels, projection: Projection, query: int) -> list[Star]:
    """Lines from a query to what it takes, refuses, has as positives, and to what people labelled for it."""
    pool = selection.pool
    start = projection.queries[pool.queries[query]]
    (rows,) = blocks(pool, query)
    documents, reasons = pool.documents[rows][0], selection.reasons[rows][0]
    columns = selection.columns[query]
    taken = documents[columns[columns >= 0]]
    refused = np.setdiff1d(documents[reasons >= 0], taken)
    positives = positives_of(pool, query)
    row = int(pool.queries[query])
    false = labelled(labels, pool.dataset, row)
    return [
        Star(REFUSED, (2, 5), start, projection.documents[np.setdiff1d(refused, positives)], 0.6),
        Star(TAKEN, (), start, projection.documents[taken], 1.2),
        Star(FALSE_NEGATIVE, (6, 3), start, projection.documents[false], 1.8),
        Star(POSITIVE, (8, 4), start, projection.documents[positives], 2.0),
    ]


def labelled(labels: Labels, dataset: Dataset, query: int) -> Ints:
    """Rows of the documents that people called false negatives of a query of the dataset."""
    rows = np.arange(len(dataset.documents), dtype=np.int32)
    if not len(labels):
        return rows[:0]
    return rows[np.equal(labels.align_pairs(dataset, query, rows), CODES[Verdict.FALSE_NEGATIVE])]


def document_texts(dataset: Dataset, rows: Ints) -> list[str]:
    """What hovering over documents shows."""
    table = dataset.documents.select(["title", "text"]).take(pa.array(rows))
    titles = table["title"].to_pylist()
    texts = pc.utf8_slice_codeunits(table["text"], 0, READ).to_pylist()
    return [hover(f"{title or ''} {text or ''}") for title, text in zip(titles, texts, strict=True)]


def query_texts(dataset: Dataset, rows: Ints) -> list[str]:
    """What hovering over queries shows."""
    texts = pc.utf8_slice_codeunits(dataset.queries["text"].take(pa.array(rows)), 0, READ).to_pylist()
    return [hover(text or "", "Query: ") for text in texts]


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
    rows, columns = np.nonzero(cells_inside(pool, marked, query))
    if priority is not None:
        order = np.argsort(-priority[rows, columns], kind="stable")
        rows, columns = rows[order], columns[order]
    return np.stack([pool.queries[rows], pool.documents[rows, columns]], axis=1).astype(np.int32)


def cells_inside(pool: Pool, marked: Bools, query: int | None) -> Bools:
    """(queries, depth), True at candidates without a leak whose document is marked."""
    if not len(marked):
        return np.zeros(pool.documents.shape, dtype=bool)
    mask = marked[pool.documents] & pool.eligible
    if query is not None:
        mask[:query] = False
        mask[query + 1 :] = False
    return np.asarray(mask)
