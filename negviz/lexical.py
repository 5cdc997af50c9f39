"""Words: one tokeniser for every script, the BM25 index over a dataset, and the spans of shared words."""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import regex

from negviz.arrays import PAD, Floats, Ints, Scores
from negviz.dataset import Dataset

K1 = 1.5
B = 0.75
COMPILE_PAYS = 50_000  # documents; below, a thousand queries cost NumPy less than numba's second of compiling
KEPT_INDEXES = 4

# Scripts written without spaces between words, and Hangul, whose particles stick to words.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\u30fc"
_WORDS = regex.compile(
    rf"(?P<unspaced>[{_UNSPACED}]+)|(?P<word>[[\p{{L}}\p{{N}}\p{{M}}]--[{_UNSPACED}]]+)", regex.VERSION1
)
_PLAIN = regex.compile(r"[a-z0-9]+")
_CLUSTER = regex.compile(r"\P{M}\p{M}*|\p{M}+")
_GRAPHEME = regex.compile(r"\X")

FUNCTION_WORDS = frozenset(
    """
    a an and are as at be been but by can could did do does for from had has have how i if in into is it its may no not
    of on or s so such t than that the their them then there these they this to was we were what when where which who
    whom whose why will with would you your
    """.split()  # noqa: SIM905 - a list of eighty quoted words reads worse
)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def tokenise(text: str) -> list[str]:
    """Split a text into words as the lexical retrievers see them.

    Words are runs of letters, digits and marks, in compatibility form and folded case. Scripts without spaces become
    overlapping pairs of characters, and a lone character stays alone, as in Lucene's CJK analyzer. Nothing is
    stemmed and no word is left out: stemming rules belong to one language, and a rare inflection or a "not" is often
    all that tells a hard negative from the positive; BM25 itself weighs frequent words down.
    """
    if text.isascii():
        return list(map(str, _PLAIN.findall(text.lower())))
    return [token for token, _, _ in _tokens(_fold(text))]


def _tokens(folded: str) -> Iterator[tuple[str, int, int]]:
    """Tokens of a folded text with their start and end in it."""
    for match in _WORDS.finditer(folded):
        if match["word"]:
            yield match["word"], *match.span()
            continue
        clusters = [(found.start(), found.end()) for found in _CLUSTER.finditer(folded, *match.span())]
        for first, last in pairwise(clusters) if len(clusters) > 1 else [(clusters[0], clusters[0])]:
            start, end = first[0], last[1]
            yield folded[start:end], start, end


def spans(query: str, text: str) -> list[tuple[int, int]]:
    """Places in a text whose words also occur in the query, for marking them.

    Args:
        query: The query.
        text: The document.

    Returns:
        (start, end) characters of ``text``, in order, apart from each other; function words are not marked.
    """
    wanted = set(tokenise(query)) - FUNCTION_WORDS
    folded, places = _folded_with_places(text)
    merged: list[tuple[int, int]] = []
    for token, start, end in _tokens(folded):
        if token not in wanted:
            continue
        begin, stop = places[start][0], places[end - 1][1]
        if merged and begin < merged[-1][1]:
            begin, stop = merged[-1][0], max(stop, merged.pop()[1])
        merged.append((begin, stop))
    return merged


def _folded_with_places(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The folded text, and for each of its characters the (start, end) it came from."""
    pieces: list[str] = []
    places: list[tuple[int, int]] = []
    for match in _GRAPHEME.finditer(text):
        piece = _fold(match.group())
        pieces.append(piece)
        places.extend([match.span()] * len(piece))
    return "".join(pieces), places


class LexicalIndex:
    """BM25 over a dataset's documents (Lucene's variant: no factor k1 + 1, idf never negative).

    A score is the float32 sum of the query's words in their order, whichever method asks, so that ``top`` and
    ``score`` agree to the last bit.

    References:
        Robertson and Zaragoza 2009; Kamphuis et al. 2020 (variants); Lù 2024, bm25s.
    """

    def __init__(self, contents: Sequence[str]) -> None:
        """Index documents by row.

        Args:
            contents: Text of each document.
        """
        import bm25s

        vocabulary: dict[str, int] = {}
        ids = [[vocabulary.setdefault(token, len(vocabulary)) for token in tokenise(text)] for text in contents]
        self._documents = len(ids)
        self._vocabulary = vocabulary
        self._bm25: Any = None
        if vocabulary:
            backend = "numba" if len(ids) >= COMPILE_PAYS else "numpy"
            self._bm25 = bm25s.BM25(k1=K1, b=B, method="lucene", backend=backend)
            self._bm25.index((ids, vocabulary), create_empty_token=False, show_progress=False)
            if backend == "numba":  # bm25s compiles by itself only where NUMBA_DISABLE_JIT is set
                self._bm25.compile(activate_numba=True, warmup=False)

    def row(self, text: str) -> Scores:
        """Scores (documents,) of a query text; 0 where no word is shared."""
        known = [self._vocabulary[token] for token in tokenise(text) if token in self._vocabulary]
        if not known:
            return np.zeros(self._documents, dtype=np.float32)
        return np.asarray(self._bm25.get_scores_from_ids(known), dtype=np.float32)

    def top(self, texts: Sequence[str], depth: int) -> tuple[Ints, Scores]:
        """Best documents of each query text; only documents that share a word with it.

        Args:
            texts: Query texts.
            depth: Most documents a query.

        Returns:
            (queries, depth) document rows from high to low score, ties by row, ``PAD`` where fewer; and their scores,
            NaN at ``PAD``.
        """
        documents = np.full((len(texts), depth), PAD, dtype=np.int32)
        scores = np.full((len(texts), depth), np.nan, dtype=np.float32)
        for place, text in enumerate(texts):
            row = self.row(text)
            best = best_rows(row, depth)
            documents[place, : len(best)] = best
            scores[place, : len(best)] = row[best]
        return documents, scores

    def of_words(self, text: str, documents: Ints) -> Floats:
        """Summed weights that some documents have for the words of a text, each word once, however often it is said.

        Where the text is long, as that of a document, this asks for the documents' own words and not for everything
        that the whole corpus has.

        Args:
            text: Whose words.
            documents: (documents,) rows.

        Returns:
            (documents,), 0 where no word is shared.
        """
        words = sorted({self._vocabulary[token] for token in tokenise(text) if token in self._vocabulary})
        if not words:
            return np.zeros(len(documents))
        wanted = np.zeros(len(self._vocabulary))
        wanted[words] = 1.0
        return np.asarray(self._by_document[documents] @ wanted, dtype=np.float64)

    @cached_property
    def _by_document(self) -> Any:
        """(documents, words) weights of the index, by document."""
        from scipy.sparse import csc_array

        parts = self._bm25.scores
        shape = self._documents, len(self._vocabulary)
        return csc_array((parts["data"], parts["indices"], parts["indptr"]), shape=shape).tocsr()

    def score(self, texts: Sequence[str], documents: Ints) -> Scores:
        """Scores of given pairs.

        Args:
            texts: Query texts.
            documents: (queries, any) document rows, ``PAD`` where there is none.

        Returns:
            Scores of the same shape, NaN at ``PAD``.
        """
        scores = np.full(documents.shape, np.nan, dtype=np.float32)
        for place, text in enumerate(texts):
            present = np.not_equal(documents[place], PAD)
            if present.any():
                scores[place, present] = self.row(text)[documents[place, present]]
        return scores


def best_rows(scores: Scores, depth: int) -> Ints:
    """Rows with the highest scores above 0, from high to low, ties by row; at most ``depth``."""
    rows = np.flatnonzero(scores > 0)
    if len(rows) > depth > 0:
        limit = np.partition(scores[rows], len(rows) - depth)[len(rows) - depth]
        rows = rows[scores[rows] >= limit]
    order = np.lexsort((rows, -scores[rows]))
    return rows[order[:depth]].astype(np.int32)


def index_of(dataset: Dataset) -> LexicalIndex:
    """The index over a dataset's documents, built once for the same content."""
    return _index(_ByContent(dataset))


class _ByContent:
    """A dataset that equals another of the same fingerprint, so that an index is found again by content."""

    def __init__(self, dataset: Dataset) -> None:
        self.contents = dataset.contents
        self._fingerprint = dataset.fingerprint

    def __hash__(self) -> int:
        return hash(self._fingerprint)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByContent) and self._fingerprint == other._fingerprint


@lru_cache(maxsize=KEPT_INDEXES)
def _index(dataset: _ByContent) -> LexicalIndex:
    return LexicalIndex(dataset.contents)
