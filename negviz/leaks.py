"""Leak guards: which candidates must not become negatives, as bits of a flag (see ``pool.LEAKS``)."""

import re
from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from negviz.arrays import PAD, Bools, Flags, Ints, Scores
from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.pool import KNOWN_NEGATIVE, LEAKS
from negviz.text import is_blank, normalise, text_key

# Share of characters two texts must have in common, in order, to be near-duplicates; punctuation is not compared.
NEAR_DUPLICATE = 97.0
# Texts whose lengths differ more than this cannot reach it; punctuation is counted in the length, hence the slack.
SIMILAR_LENGTH = 0.85
# Rescaled cosine from which two queries are the same question, and from which they may be (``_alike_by_vectors``).
SAME_QUERY = 0.85
CLOSE_QUERY = 0.6
# Share of the other query's own score that a query must give to the other's positive to "find it too".
FINDS_TOO = 0.8
SAME_QUERY_NEIGHBOURS = 10
# Leaks that no recipe can allow; a copy of such a candidate is one itself, so it need not count as a repeat.
NEVER_ALLOWED = sum(
    LEAKS[leak] for leak in ("labelled positive", "same text as a positive", "is the query itself", "blank text")
)
Lengths: TypeAlias = npt.NDArray[np.int64]
WORD = re.compile(r"\w+")
# A sign counts as part of a number unless it joins two words or numbers, as in 2019-2020.
NUMBER = re.compile(r"(?:(?<!\w)[-\u2212])?\d+")


def leak_flags(
    dataset: Dataset, queries: Ints, documents: Ints, positives: Ints, embeddings: Embeddings | None = None
) -> Flags:
    """Flag every candidate that leaks.

    Args:
        dataset: Texts, ids, judgments and groups.
        queries: (queries,) rows.
        documents: (queries, depth) rows of the candidates, ``PAD`` where there is none.
        positives: (queries, positives) rows of the labelled positives, padded.
        embeddings: Vectors of the queries, to find paraphrased queries; without them only wordings that differ in
            case, order, spacing or punctuation are found.

    Returns:
        (queries, depth) bits.
    """
    present = np.not_equal(documents, PAD)
    content, text, of_query, blank = _codes(dataset)
    flags = np.zeros(documents.shape, dtype=np.uint16)

    def mark(leak: str, where: Bools) -> None:
        flags[present & where] |= LEAKS[leak]

    mark("labelled positive", _any_positive(documents, positives, np.arange(len(content), dtype=np.int32)))
    same = _any_positive(documents, positives, content) | _any_positive(documents, positives, text)
    mark("same text as a positive", same & np.equal(flags & 1, 0))
    mark("blank text", blank[documents])
    itself = of_query[queries][:, None]
    mark("is the query itself", np.equal(content[documents], itself) | np.equal(text[documents], itself))
    undecided = present & np.equal(flags, 0)
    mark("near-duplicate of a positive", _near_duplicates(dataset, documents, positives, undecided))
    mark("same group as a positive", _same_group(dataset, documents, positives))
    siblings = sibling_positives(dataset, embeddings)
    mark("positive of a near-identical query", _listed(queries, documents, siblings))
    mark("repeats another candidate", _repeats(content[documents], present & np.equal(flags & NEVER_ALLOWED, 0)))
    flags[present & _listed(queries, documents, _pairs(dataset.given.queries, dataset.given.documents))] |= (
        KNOWN_NEGATIVE
    )
    return flags


def _codes(dataset: Dataset) -> tuple[Ints, Ints, Ints, Bools]:
    """Equal normal forms get equal integers: of content, of text without title, of queries; and what is blank.

    A blank text gets a code of its own, so that two documents with a title only are not the same text.
    """
    import pandas as pd

    texts = dataset.documents["text"].to_pylist()
    blank = np.array([is_blank(text) for text in texts], dtype=bool)
    alone = [f"blank {row}" if blank[row] else text_key(text) for row, text in enumerate(texts)]
    codes = pd.factorize(np.array([*dataset.document_keys, *alone, *dataset.query_keys], dtype=object))[0]
    total = len(texts)
    content, text, of_query = (part.astype(np.int32) for part in np.split(codes, [total, 2 * total]))
    untitled = np.array([is_blank(content) for content in dataset.contents], dtype=bool)
    content[untitled] = -2 - np.flatnonzero(untitled).astype(np.int32)
    return content, text, of_query, np.asarray(blank & untitled)


def _any_positive(documents: Ints, positives: Ints, codes: Ints) -> Bools:
    """Whether a candidate has the code of one of its query's positives."""
    result = np.zeros(documents.shape, dtype=bool)
    for column in positives.T:
        known = np.not_equal(column, PAD)[:, None]
        result |= known & np.equal(codes[documents], codes[column][:, None])
    return result


def _repeats(codes: Ints, left: Bools) -> Bools:
    """Candidates with the text of another that is left, of smaller id: one text is one negative, not several."""
    order = np.lexsort((codes, ~left), axis=1)
    ordered = np.take_along_axis(codes, order, axis=1)
    again = np.zeros(codes.shape, dtype=bool)
    again[:, 1:] = np.equal(ordered[:, 1:], ordered[:, :-1])
    result = np.zeros(codes.shape, dtype=bool)
    np.put_along_axis(result, order, again, axis=1)
    return result & left


def _near_duplicates(dataset: Dataset, documents: Ints, positives: Ints, undecided: Bools) -> Bools:
    """Candidates that differ from a positive in punctuation or in very few characters, and in no number.

    A changed number is a contradicted fact, that is a good negative, so texts whose digits differ are not duplicates.
    """
    from rapidfuzz import fuzz, process

    result = np.zeros(documents.shape, dtype=bool)
    plain = _Plain(dataset)
    lengths = plain.lengths
    for column in positives.T:
        shorter, longer = _sorted_pair(lengths[documents], lengths[column][:, None])
        alike = (shorter > 0) & (shorter >= SIMILAR_LENGTH * longer)
        rows, places = np.nonzero(undecided & np.not_equal(column, PAD)[:, None] & alike)
        candidates, anchors = documents[rows, places], column[rows]
        ratios = process.cpdist(
            [plain[row] for row in candidates],
            [plain[row] for row in anchors],
            scorer=fuzz.ratio,
            score_cutoff=NEAR_DUPLICATE,
        )
        for place in np.flatnonzero(ratios >= NEAR_DUPLICATE):
            candidate, anchor = int(candidates[place]), int(anchors[place])
            # Two texts of signs alone have no word in which they could differ.
            alike_words = bool(plain[anchor]) and plain.numbers(candidate) == plain.numbers(anchor)
            result[rows[place], places[place]] |= alike_words
    return result


def _sorted_pair(one: Lengths, other: Lengths) -> tuple[Lengths, Lengths]:
    return np.minimum(one, other), np.maximum(one, other)


class _Plain:
    """Documents as their words alone, made when first asked for."""

    def __init__(self, dataset: Dataset) -> None:
        self._contents = dataset.contents
        self._made: dict[int, str] = {}
        self.lengths = np.array([len(content) for content in self._contents], dtype=np.int64)

    def __getitem__(self, row: int) -> str:
        row = int(row)
        if row not in self._made:
            self._made[row] = " ".join(WORD.findall(normalise(self._contents[row])))
        return self._made[row]

    def numbers(self, row: int) -> list[str]:
        return NUMBER.findall(normalise(self._contents[row]))


def _same_group(dataset: Dataset, documents: Ints, positives: Ints) -> Bools:
    """Candidates of the same group as a positive that are not the positive itself."""
    import pandas as pd

    groups = dataset.documents["group"]
    if groups.null_count == len(groups):
        return np.zeros(documents.shape, dtype=bool)
    codes = pd.factorize(np.array(groups.to_pylist(), dtype=object))[0].astype(np.int32)
    alone = codes < 0
    codes[alone] = -2 - np.flatnonzero(alone).astype(np.int32)
    return _any_positive(documents, positives, codes)


def _pairs(queries: Ints, documents: Ints) -> npt.NDArray[np.int64]:
    """One sorted integer a (query, document)."""
    return np.unique(queries.astype(np.int64) << 32 | documents.astype(np.int64))


def _listed(queries: Ints, documents: Ints, pairs: npt.NDArray[np.int64]) -> Bools:
    """Whether a candidate's (query, document) is in a sorted list of pairs."""
    keys = queries.astype(np.int64)[:, None] << 32 | documents.astype(np.int64)
    return np.asarray(np.isin(keys, pairs))


def sibling_positives(dataset: Dataset, embeddings: Embeddings | None) -> npt.NDArray[np.int64]:
    """Pairs of a query and a document that is the positive of another query asking the same thing."""
    found: list[tuple[int, int]] = []
    for query, other in alike_queries(dataset, embeddings):
        own = set(dataset.positives.of_query(query).tolist())
        found += [(query, row) for row in dataset.positives.of_query(other).tolist() if row not in own]
    table = np.array(found, dtype=np.int32).reshape(-1, 2)
    return _pairs(table[:, 0], table[:, 1])


def alike_queries(dataset: Dataset, embeddings: Embeddings | None) -> list[tuple[int, int]]:
    """Ordered pairs of query rows that ask the same thing, both ways, sorted."""
    pairs = set(_alike_by_words(dataset))
    if embeddings is not None:
        pairs |= set(_alike_by_vectors(dataset, embeddings))
    return sorted(pairs)


def _alike_by_words(dataset: Dataset) -> Iterable[tuple[int, int]]:
    """Queries with the same words, whatever their case, order and punctuation."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for row, text in enumerate(dataset.query_texts):
        words = tuple(sorted(WORD.findall(normalise(text))))
        if words:
            groups.setdefault(words, []).append(row)
    for rows in groups.values():
        yield from ((one, other) for one in rows for other in rows if one != other)


def _alike_by_vectors(dataset: Dataset, embeddings: Embeddings) -> Iterable[tuple[int, int]]:
    """Queries whose vectors nearly coincide, or whose vectors are close and which find each other's positive.

    The cosine is rescaled so that 0 is what two arbitrary queries of this dataset have and 1 is identity: a fixed
    cosine would mean something else for every encoder and every subject. Cosine alone does not tell a paraphrase from
    another question about the same thing; that each query scores the other's positive nearly as high as the one it
    belongs to does, on the sample for 8 of 12 planted paraphrases with 2 pairs too many.
    """
    import faiss

    total = len(embeddings.queries)
    if total < 2:
        return
    unit = _unit(embeddings.queries)
    centre = unit.astype(np.float64).mean(axis=0)
    usual = max((float(centre @ centre) * total - 1.0) / (total - 1), 0.0)
    cosines, rows = faiss.knn(unit, unit, min(SAME_QUERY_NEIGHBOURS + 1, total), faiss.METRIC_INNER_PRODUCT)
    closeness = (cosines - usual) / max(1.0 - usual, 1e-9)
    for one, place in zip(*np.nonzero(closeness >= CLOSE_QUERY), strict=True):
        query, other = int(one), int(rows[one, place])
        same = closeness[one, place] >= SAME_QUERY
        if other != query and (same or _find_each_other(dataset, embeddings, query, other)):
            yield query, other
            yield other, query


def _unit(vectors: Scores) -> Scores:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.ascontiguousarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


def _find_each_other(dataset: Dataset, embeddings: Embeddings, one: int, other: int) -> bool:
    """Whether each of two queries scores the other's best positive nearly as high as the query it belongs to."""
    own, foreign = dataset.positives.of_query(one), dataset.positives.of_query(other)
    if not len(own) or not len(foreign):
        return False
    queries = embeddings.queries[[one, other]].astype(np.float64)
    to_own = queries @ embeddings.documents[own].T.astype(np.float64)
    to_foreign = queries @ embeddings.documents[foreign].T.astype(np.float64)
    pairs = ((to_foreign[0], to_foreign[1]), (to_own[1], to_own[0]))
    return all(home.max() > 0 and visitor.max() >= FINDS_TOO * home.max() for visitor, home in pairs)
