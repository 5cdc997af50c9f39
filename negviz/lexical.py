"""Words: one tokeniser for every script, the BM25 index over a dataset, and the spans of shared words."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import count, pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import regex

from negviz.arrays import PAD, Floats, Ints, Scores, frozen
from negviz.dataset import Dataset
from negviz.errors import DataError

K1 = 1.5
B = 0.75
COMPILE_PAYS = 50_000  # documents; below, a thousand queries cost NumPy less than numba's start
# Documents beyond those wanted that a search brings, so that equal scores are seldom cut off; queries at a time.
SPARE = 32
TOGETHER = 4096
KEPT_INDEXES = 4
FORMAT = "negviz words 1"

# Scripts written without spaces between words, and Hangul, whose particles stick to words.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\u30fc"
_WORDS = regex.compile(
    rf"(?P<unspaced>[{_UNSPACED}]+)|(?P<word>[[\p{{L}}\p{{N}}\p{{M}}]--[{_UNSPACED}]]+)", regex.VERSION1
)
_UNSPACED_SIGN = regex.compile(rf"[{_UNSPACED}]", regex.VERSION1)
# The same words where all are spaced, and where all is ASCII.
_SPACED = regex.compile(r"[\p{L}\p{N}\p{M}]+")
_PLAIN = re.compile(r"[a-z0-9]+")
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
        return _PLAIN.findall(text.lower())
    folded = _fold(text)
    if _UNSPACED_SIGN.search(folded):
        return [token for token, _, _ in _tokens(folded)]
    found: list[str] = _SPACED.findall(folded)
    return found


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


@dataclass(frozen=True)
class Counts:
    """What BM25 has to know of a whole corpus, of which a process may hold a part only.

    Attributes:
        documents: How many there are.
        length: Words of all documents together.
        frequencies: For each word the number of documents that have it.
    """

    documents: int
    length: int
    frequencies: Mapping[str, int]

    def plus(self, other: "Counts") -> "Counts":
        """Counts of both together, which share no document."""
        smaller, larger = sorted((self.frequencies, other.frequencies), key=len)
        summed = dict(larger)
        for word, often in smaller.items():
            summed[word] = summed.get(word, 0) + often
        return Counts(self.documents + other.documents, self.length + other.length, summed)

    def save(self, path: Path) -> None:
        """Write to a file, in order of the words."""
        import pyarrow as pa
        from pyarrow import parquet

        words = sorted(self.frequencies, key=_order)
        columns = {
            "word": pa.array([_order(word) for word in words], type=pa.large_binary()),
            "documents": pa.array([self.frequencies[word] for word in words], type=pa.int64()),
        }
        facts = {"format": FORMAT, "documents": str(self.documents), "length": str(self.length)}
        parquet.write_table(pa.table(columns).replace_schema_metadata(facts), path)

    @classmethod
    def open(cls, path: Path) -> "Counts":
        """Read what ``save`` wrote.

        Raises:
            DataError: If the file holds no counts.
        """
        from pyarrow import parquet

        table = parquet.read_table(path)
        facts = table.schema.metadata or {}
        if facts.get(b"format") != FORMAT.encode():
            raise DataError(f"{path} holds no counts of words; count them again.")
        words = (word.decode("utf-8", "surrogatepass") for word in table["word"].to_pylist())
        frequencies = dict(zip(words, table["documents"].to_pylist(), strict=True))
        return cls(int(facts[b"documents"]), int(facts[b"length"]), frequencies)


def _order(word: str) -> bytes:
    return word.encode("utf-8", "surrogatepass")


def count_words(contents: Iterable[str]) -> Counts:
    """Count the words of documents, for ``LexicalIndex`` over parts of them.

    Args:
        contents: Text of each document; read once.
    """
    frequencies: Counter[str] = Counter()
    documents = length = 0
    for text in contents:
        words = tokenise(text)
        frequencies.update(set(words))
        documents, length = documents + 1, length + len(words)
    return Counts(documents, length, dict(frequencies))


class LexicalIndex:
    """BM25 over a dataset's documents (Lucene's variant: no factor k1 + 1, idf never negative).

    A score is the float32 sum of the query's words in their order, whichever method asks, so that ``top`` and
    ``score`` agree to the last bit. An index over a part of a corpus that is given the counts of the whole corpus gives
    each document the score that one index over everything would give it, bit for bit.

    References:
        Robertson and Zaragoza 2009; Kamphuis et al. 2020 (variants); Lù 2024, bm25s.
    """

    def __init__(self, contents: Iterable[str], counts: Counts | None = None) -> None:
        """Index documents by row.

        Args:
            contents: Text of each document; read once.
            counts: Of the whole corpus, where the documents are a part of it.

        Raises:
            DataError: If the counts lack a word of the documents.
        """
        numbers: defaultdict[str, int] = defaultdict(count().__next__)
        ids = [list(map(numbers.__getitem__, tokenise(text))) for text in contents]
        self._documents = len(ids)
        self._vocabulary = dict(numbers)
        self._bm25: Any = None
        if self._vocabulary:
            settings = {
                "k1": K1, "b": B, "method": "lucene", "csc_backend": "scipy",
                "backend": "numba" if len(ids) >= COMPILE_PAYS else "numpy",
            }  # fmt: skip
            made = _plain(settings) if counts is None else _part(settings, counts, self._vocabulary)
            made.index((ids, self._vocabulary), create_empty_token=False, show_progress=False)
            self._bm25 = self._ready(made)

    def _ready(self, made: Any) -> Any:
        """An index that is asked by numbers of words; read-only, so that numba compiles for one kind of arrays."""
        made.vocab_dict, made.unique_token_ids_set = {}, range(len(self._vocabulary))
        for name in ("data", "indices", "indptr"):
            made.scores[name] = frozen(np.asarray(made.scores[name]).view())
        return made

    def save(self, folder: Path) -> None:
        """Write the index into a folder, from which ``open`` maps it.

        Args:
            folder: Made where it is not there; files of an index in it are replaced.
        """
        import pyarrow as pa
        from pyarrow import feather

        folder.mkdir(parents=True, exist_ok=True)
        if self._bm25 is not None:
            self._bm25.save(folder, allow_pickle=False, show_progress=False)
        # bm25s would keep the words as JSON, which cannot hold half a surrogate pair.
        words = pa.table({"word": pa.array(map(_order, self._vocabulary), type=pa.large_binary())})
        facts = {"format": FORMAT, "documents": str(self._documents), "k1": str(K1), "b": str(B)}
        feather.write_feather(words.replace_schema_metadata(facts), folder / "words.arrow", compression="uncompressed")

    @classmethod
    def open(cls, folder: Path) -> "LexicalIndex":
        """Open what ``save`` wrote; the lists of the words stay on disk until they are asked for.

        Raises:
            DataError: If the folder holds no index, or one of other constants.
        """
        import bm25s
        from pyarrow import feather

        index = cls.__new__(cls)
        try:
            words = feather.read_table(folder / "words.arrow", memory_map=True)
            kept = bm25s.BM25.load(folder, mmap=True, allow_pickle=False, load_vocab=False) if len(words) else None
        except (OSError, EOFError, ValueError, TypeError) as error:
            raise DataError(f"{folder} holds no index of words that can be read ({error}); build it again.") from error
        facts = {key.decode(): value.decode() for key, value in (words.schema.metadata or {}).items()}
        if (facts.get("format"), facts.get("k1"), facts.get("b")) != (FORMAT, str(K1), str(B)):
            raise DataError(f"{folder} holds an index of words made by another version; build it again.")
        index._documents = int(facts["documents"])
        known = [word.decode("utf-8", "surrogatepass") for word in words["word"].to_pylist()]
        index._vocabulary = dict(zip(known, range(len(known)), strict=True))
        index._bm25 = None if kept is None else index._ready(kept)
        return index

    def _asked(self, text: str) -> list[int]:
        """Numbers of a text's words, in their order, as often as they are said."""
        return [self._vocabulary[token] for token in tokenise(text) if token in self._vocabulary]

    def row(self, text: str) -> Scores:
        """Scores (documents,) of a query text; 0 where no word is shared."""
        return self._row(self._asked(text))

    def _row(self, words: list[int]) -> Scores:
        if not words:
            return np.zeros(self._documents, dtype=np.float32)
        return np.asarray(self._bm25.get_scores_from_ids(words), dtype=np.float32)

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
        asked = {place: words for place, text in enumerate(texts) if (words := self._asked(text))}
        places = list(asked) if depth else []
        for start in range(0, len(places), TOGETHER):
            block = places[start : start + TOGETHER]
            best, near = self._best([asked[place] for place in block], depth)
            documents[block, : best.shape[1]], scores[block, : best.shape[1]] = best, near
        return documents, scores

    def _best(self, asked: list[list[int]], depth: int) -> tuple[Ints, Scores]:
        """``top`` for numbers of words, one at least a query, and not wider than there are documents."""
        brought, wanted = min(depth + SPARE, self._documents), min(depth, self._documents)
        found, near = self._bm25.retrieve(asked, k=brought, show_progress=False, **_how(self._bm25.backend))
        order = np.lexsort((found, -near), axis=1)
        found, near = np.take_along_axis(found, order, axis=1), np.take_along_axis(near, order, axis=1)
        # Where what was brought ends among equals of the last one wanted, smaller rows may be left outside.
        doubtful = (near[:, -1] > 0) & (near[:, -1] == near[:, wanted - 1]) if brought < self._documents else []
        shared = near[:, :wanted] > 0
        documents = np.where(shared, found[:, :wanted], PAD).astype(np.int32)
        scores = np.where(shared, near[:, :wanted], np.float32(np.nan))
        for place in np.flatnonzero(doubtful):
            row = self._row(asked[place])
            documents[place] = best_rows(row, wanted)
            scores[place] = row[documents[place]]
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
        words = sorted(set(self._asked(text)))
        if not words:
            return np.zeros(len(documents))
        wanted = np.zeros(len(self._vocabulary))
        wanted[words] = 1.0
        return np.asarray(self._by_document[documents] @ wanted, dtype=np.float64)

    @cached_property
    def _by_document(self) -> Any:
        """(documents, words) weights of the index, by document."""
        from scipy.sparse import csc_array

        lists = self._bm25.scores
        shape = self._documents, len(self._vocabulary)
        return csc_array((lists["data"], lists["indices"], lists["indptr"]), shape=shape).tocsr()

    def score(self, texts: Sequence[str], documents: Ints) -> Scores:
        """Scores of given pairs.

        Each is looked up in the lists of the query's words, so that a row of scores is made for no query.

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
                scores[place, present] = self._of_pairs(text, documents[place, present])
        return scores

    def _of_pairs(self, text: str, documents: Ints) -> Scores:
        """Scores (documents,) of a text and some documents: what ``row`` sums, in the same order."""
        scores = np.zeros(len(documents), dtype=np.float32)
        for word in self._asked(text):
            lists = self._bm25.scores
            entries = slice(*lists["indptr"][word : word + 2])
            rows = lists["indices"][entries]
            places = np.minimum(np.searchsorted(rows, documents), len(rows) - 1)
            has = np.equal(rows[places], documents)
            scores[has] += lists["data"][entries][places[has]]
        return scores


def _plain(settings: dict[str, Any]) -> Any:
    import bm25s

    return bm25s.BM25(**settings)


def _part(settings: dict[str, Any], counts: Counts, vocabulary: Mapping[str, int]) -> Any:
    """An index whose weights go by the counts of a whole corpus and not by those of its own documents."""
    import bm25s
    from bm25s import scoring
    from scipy.sparse import csc_matrix

    try:
        everywhere = {number: counts.frequencies[word] for word, number in vocabulary.items()}
    except KeyError as error:
        raise DataError(
            f"The counts of the whole corpus lack the word {error}, which a document of this part has; "
            "count the words of all parts."
        ) from None

    class Part(bm25s.BM25):  # type: ignore[misc] # bm25s comes without types
        """What bm25s does, with the statistics given."""

        def build_index_from_ids(
            self, unique_token_ids: list[int], corpus_token_ids: list[list[int]], **_: Any
        ) -> dict[str, Any]:
            """Weigh the words of documents, see ``bm25s.BM25.build_index_from_ids``."""
            self.nonoccurrence_array = None
            rarity = scoring._build_idf_array(
                everywhere, counts.documents, scoring._select_idf_scorer(self.idf_method), self.dtype
            )
            here = scoring._calculate_doc_freqs(corpus_token_ids, unique_token_ids, show_progress=False)
            weights, rows, words = scoring._build_scores_and_indices_for_matrix(
                corpus_token_ids, rarity,
                # A NumPy number, as bm25s has it: with one of Python the sums would be of float32.
                np.float64(counts.length / counts.documents),
                here, self.k1, self.b, self.delta, None, self.method, self.dtype, self.int_dtype, show_progress=False,
            )  # fmt: skip
            shape = len(corpus_token_ids), len(unique_token_ids)
            lists = csc_matrix((weights, (rows, words)), shape=shape, dtype=self.dtype)
            return {"data": lists.data, "indices": lists.indices, "indptr": lists.indptr, "num_docs": shape[0]}

    return Part(**settings)


def _how(backend: str) -> dict[str, Any]:
    """How bm25s is to search: in all threads where it is compiled; never by JAX, which it takes where it is there."""
    if backend == "numpy":
        return {"backend_selection": "numpy"}
    from numba import get_num_threads

    _keep_compiled()
    return {"backend_selection": "numba", "n_threads": get_num_threads()}


@cache
def _keep_compiled() -> None:
    """Have numba keep what it compiles of bm25s' search: it takes seconds, and in every process otherwise.

    That for one thread stays as it is, as numba would take the one for the other.
    """
    from bm25s.numba import retrieve_utils

    retrieve_utils._retrieve_internal_jitted_parallel.enable_caching()


def best_rows(scores: Scores, depth: int) -> Ints:
    """Rows with the highest scores above 0, from high to low, ties by row; at most ``depth``."""
    rows = np.flatnonzero(scores > 0)
    if len(rows) > depth > 0:
        limit = np.partition(scores[rows], len(rows) - depth)[len(rows) - depth]
        rows = rows[scores[rows] >= limit]
    order = np.lexsort((rows, -scores[rows]))
    return rows[order[:depth]].astype(np.int32)


class Scorer(Protocol):
    """What scores pairs of a text and a document: an index, or the indexes of all shards."""

    def score(self, texts: Sequence[str], documents: Ints) -> Scores:
        """Scores of given pairs, see ``LexicalIndex.score``."""
        ...


def scorer_of(dataset: Dataset) -> Scorer:
    """What scores pairs of a dataset: what ``provide`` named, else the index over its documents."""
    provided: Scorer | None = dataset.__dict__.get("_scorer")
    return index_of(dataset) if provided is None else provided


def provide(dataset: Dataset, scorer: Scorer) -> None:
    """Name what scores the pairs of a dataset whose documents are indexed elsewhere, such as in shards."""
    dataset.__dict__["_scorer"] = scorer


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
