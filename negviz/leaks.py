"""Leak guards: which candidates must not become negatives, as bits of a flag (see ``pool.LEAKS``)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from negviz.arrays import PAD, Bools, Flags, Ints, Scores
from negviz.dataset import Dataset, contents_of
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
Codes: TypeAlias = npt.NDArray[np.int64]
WORD = re.compile(r"\w+")
# A sign counts as part of a number unless it joins two words or numbers, as in 2019-2020.
NUMBER = re.compile(r"(?:(?<!\w)[-\u2212])?\d+")


@dataclass(frozen=True, eq=False)
class DocumentCodes:
    """What the guards compare of documents, by row; made shard by shard where there are many.

    Attributes:
        content: (documents,) equal for equal normal forms of title and text, negative where nothing can be equal.
        text: (documents,) the same of the text without its title.
        group: (documents,) equal for documents of one group, negative without one.
        lengths: (documents,) characters of title and text.
        blank: (documents,) whether nothing can be read.
    """

    content: Codes
    text: Codes
    group: Codes
    lengths: Codes
    blank: Bools

    @classmethod
    def of(cls, documents: pa.Table, first: int = 0) -> "DocumentCodes":
        """Codes of a table of documents.

        A blank text gets a code of its own, so that two documents with a title only are not the same text.

        Args:
            documents: With title, text and group.
            first: Row of the first among all documents.
        """
        texts = documents["text"].to_pylist()
        contents = contents_of(documents)
        own = -2 - np.arange(first, first + len(texts), dtype=np.int64)
        blank = np.array([is_blank(text) for text in texts], dtype=bool)
        untitled = np.array([is_blank(content) for content in contents], dtype=bool)
        groups = documents["group"].to_pylist()
        alone = np.array([group is None for group in groups], dtype=bool)
        return cls(
            content=np.where(untitled, own, _codes(map(text_key, contents))),
            text=np.where(blank, own, _codes(map(text_key, texts))),
            group=np.where(alone, own, _codes(map(text_key, (group or "" for group in groups)))),
            lengths=np.array([len(content) for content in contents], dtype=np.int64),
            blank=blank & untitled,
        )

    def to_array(self) -> Codes:
        """One array (5, documents), to be stored."""
        parts = (self.content, self.text, self.group, self.lengths, self.blank.astype(np.int64))
        return np.stack(parts)

    @classmethod
    def from_array(cls, array: Codes) -> "DocumentCodes":
        """The inverse of ``to_array``."""
        content, text, group, lengths, blank = array
        return cls(content, text, group, lengths, np.not_equal(blank, 0))


def _codes(keys: Iterable[str]) -> Codes:
    """63 bits of each key: two different texts among a billion share one with a chance of 5 percent, somewhere."""
    found = np.frombuffer(b"".join(bytes.fromhex(key[:16]) for key in keys), dtype="<u8")
    return (found >> np.uint64(1)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class LeakGuard:
    """What the flags of any candidates of a dataset are made from, so that they can be made block by block.

    Attributes:
        dataset: Texts and judgments.
        documents: Codes of the documents.
        queries: (queries,) codes of the queries' texts.
        siblings: Pairs of a query and the positive of another query that asks the same.
    """

    dataset: Dataset
    documents: DocumentCodes
    queries: Codes
    siblings: Codes

    def flags(self, queries: Ints, documents: Ints, positives: Ints) -> Flags:
        """Flag every candidate that leaks.

        Args:
            queries: (queries,) rows.
            documents: (queries, depth) rows of the candidates, ``PAD`` where there is none.
            positives: (queries, positives) rows of the labelled positives, padded.

        Returns:
            (queries, depth) bits.
        """
        codes, given = self.documents, self.dataset.given
        present = np.not_equal(documents, PAD)
        flags = np.zeros(documents.shape, dtype=np.uint16)

        def mark(leak: str, where: Bools) -> None:
            flags[present & where] |= LEAKS[leak]

        mark("labelled positive", _any_positive(documents, positives, None))
        same = _any_positive(documents, positives, codes.content) | _any_positive(documents, positives, codes.text)
        mark("same text as a positive", same & np.equal(flags & 1, 0))
        mark("blank text", codes.blank[documents])
        itself = self.queries[queries][:, None]
        content = codes.content[documents]
        mark("is the query itself", np.equal(content, itself) | np.equal(codes.text[documents], itself))
        undecided = present & np.equal(flags, 0)
        mark("near-duplicate of a positive", _near_duplicates(_Plain(self), documents, positives, undecided))
        if (codes.group >= 0).any():
            mark("same group as a positive", _any_positive(documents, positives, codes.group))
        mark("positive of a near-identical query", _listed(queries, documents, self.siblings))
        mark("repeats another candidate", _repeats(content, present & np.equal(flags & NEVER_ALLOWED, 0)))
        flags[present & _listed(queries, documents, _pairs(given.queries, given.documents))] |= KNOWN_NEGATIVE
        return flags


def leak_guard(dataset: Dataset, embeddings: Embeddings | None = None) -> LeakGuard:
    """The guard of a dataset.

    Args:
        dataset: Texts, ids, judgments and groups.
        embeddings: Vectors of the queries, to find paraphrased queries; without them only wordings that differ in
            case, order, spacing or punctuation are found.
    """
    return LeakGuard(
        dataset, DocumentCodes.of(dataset.documents), query_codes(dataset), sibling_positives(dataset, embeddings)
    )


def query_codes(dataset: Dataset) -> Codes:
    """(queries,) codes of the queries' texts, to be compared with those of documents."""
    return _codes(dataset.query_keys)


def leak_flags(
    dataset: Dataset, queries: Ints, documents: Ints, positives: Ints, embeddings: Embeddings | None = None
) -> Flags:
    """Flag every candidate that leaks, see ``LeakGuard.flags``."""
    return leak_guard(dataset, embeddings).flags(queries, documents, positives)


def _any_positive(documents: Ints, positives: Ints, codes: Codes | None) -> Bools:
    """Whether a candidate has the code of one of its query's positives; without codes, whether it is one of them."""
    result = np.zeros(documents.shape, dtype=bool)
    of_candidate = documents if codes is None else codes[documents]
    for column in positives.T:
        of_positive = column if codes is None else codes[column]
        result |= np.not_equal(column, PAD)[:, None] & np.equal(of_candidate, of_positive[:, None])
    return result


def _repeats(codes: Codes, left: Bools) -> Bools:
    """Candidates with the text of another that is left, of smaller id: one text is one negative, not several."""
    order = np.lexsort((codes, ~left), axis=1)
    ordered = np.take_along_axis(codes, order, axis=1)
    again = np.zeros(codes.shape, dtype=bool)
    again[:, 1:] = np.equal(ordered[:, 1:], ordered[:, :-1])
    result = np.zeros(codes.shape, dtype=bool)
    np.put_along_axis(result, order, again, axis=1)
    return result & left


def _near_duplicates(plain: "_Plain", documents: Ints, positives: Ints, undecided: Bools) -> Bools:
    """Candidates that differ from a positive in punctuation or in very few characters, and in no number.

    A changed number is a contradicted fact, that is a good negative, so texts whose digits differ are not duplicates.
    """
    from rapidfuzz import fuzz, process

    result = np.zeros(documents.shape, dtype=bool)
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


def _sorted_pair(one: Codes, other: Codes) -> tuple[Codes, Codes]:
    return np.minimum(one, other), np.maximum(one, other)


class _Plain:
    """Documents as their words alone, made when first asked for."""

    def __init__(self, guard: LeakGuard) -> None:
        self._contents = guard.dataset.contents
        self._made: dict[int, str] = {}
        self.lengths = guard.documents.lengths

    def __getitem__(self, row: int) -> str:
        row = int(row)
        if row not in self._made:
            self._made[row] = " ".join(WORD.findall(normalise(self._contents[row])))
        return self._made[row]

    def numbers(self, row: int) -> list[str]:
        return NUMBER.findall(normalise(self._contents[row]))


def _pairs(queries: Ints, documents: Ints) -> Codes:
    """One sorted integer a (query, document)."""
    return np.unique(queries.astype(np.int64) << 32 | documents.astype(np.int64))


def _listed(queries: Ints, documents: Ints, pairs: Codes) -> Bools:
    """Whether a candidate's (query, document) is in a sorted list of pairs."""
    keys = queries.astype(np.int64)[:, None] << 32 | documents.astype(np.int64)
    return np.asarray(np.isin(keys, pairs))


def sibling_positives(dataset: Dataset, embeddings: Embeddings | None) -> Codes:
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
