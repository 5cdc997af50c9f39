"""Words: one tokeniser for every script, the BM25 index over a dataset, and the spans of shared words."""

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import regex

from negviz.arrays import PAD, Floats, Ints, Scores, frozen
from negviz.dataset import Dataset
from negviz.errors import DataError

Longs = npt.NDArray[np.int64]

K1 = 1.5
B = 0.75
COMPILE_PAYS = 20_000  # documents; below, they cost Python less than numba's start
TOGETHER = 4096  # documents counted at a time
KEPT_INDEXES = 4
FORMAT = "negviz words 1"

# Scripts written without spaces between words, and Hangul, whose particles stick to words.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\u30fc"
_WORDS = regex.compile(
    rf"(?P<unspaced>[{_UNSPACED}]+)|(?P<word>[[\p{{L}}\p{{N}}\p{{M}}]--[{_UNSPACED}]]+)", regex.VERSION1
)
_UNSPACED_SIGN = regex.compile(rf"[{_UNSPACED}]", regex.VERSION1)
_SIGN = regex.compile(r"[\p{L}\p{N}\p{M}]", regex.VERSION1)
_CLUSTER = regex.compile(r"\P{M}\p{M}*|\p{M}+")
_GRAPHEME = regex.compile(r"\X")
# With all that is no sign of a word replaced by blanks, words are what is left; the loops of ``compiled`` go by it too.
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_PLAIN = re.compile(r"[a-z0-9\x80-\U0010ffff]+")
_ASCII = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}

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
        return text.translate(_ASCII).split()
    folded = _fold(text)
    plain = _spaced(folded)
    return [token for token, _, _ in _tokens(folded)] if plain is None else _PLAIN.findall(plain)


def _spaced(folded: str) -> str | None:
    """A folded text with blanks for all foreign signs that belong to no word; None where words have no spaces."""
    for sign in set(_FOREIGN.findall(folded)):
        kind = _kind(sign)
        if kind is None:
            return None
        if not kind:
            folded = folded.replace(sign, " ")
    return folded


@lru_cache(maxsize=1 << 16)
def _kind(sign: str) -> bool | None:
    """Whether a sign belongs to words; None where it is of a script without spaces."""
    return None if _UNSPACED_SIGN.match(sign) else _SIGN.match(sign) is not None


def _as_bytes(text: str) -> bytes:
    """A text as the compiled loops take it: words apart from each other, capitals in ASCII texts alone."""
    if text.isascii():
        return text.encode()
    folded = _fold(text)
    plain = _spaced(folded)
    if plain is None:
        plain = " ".join(token for token, _, _ in _tokens(folded))
    return plain.encode("utf-8", "surrogatepass")


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
    counter, length, documents = None, 0, 0
    for texts, count in _in_parts(contents):
        counter = counter or count()
        part = counter.add(texts)
        length += int(part.total.sum())
        documents += len(texts)
    return Counts(documents, length, counter.frequencies() if counter else {})


@dataclass(frozen=True, eq=False)
class _Part:
    """The words of some documents, document by document.

    Attributes:
        words: (entries,) numbers of words.
        times: (entries,) how often the document has the word.
        entries: (documents,) different words.
        total: (documents,) words.
    """

    words: Ints
    times: Ints
    entries: Longs
    total: Longs


class _Counter:
    """Numbers words in order of their first occurrence and counts them."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self._often: list[int] = []

    def add(self, texts: Sequence[str]) -> _Part:
        words: list[int] = []
        times: list[int] = []
        entries, total = np.zeros(len(texts), dtype=np.int64), np.zeros(len(texts), dtype=np.int64)
        for place, text in enumerate(texts):
            tokens = tokenise(text)
            found: dict[int, int] = {}
            for token in tokens:
                number = self.numbers.setdefault(token, len(self.numbers))
                found[number] = found.get(number, 0) + 1
            words += found.keys()
            times += found.values()
            entries[place], total[place] = len(found), len(tokens)
        self._often += [0] * (len(self.numbers) - len(self._often))
        for number in words:
            self._often[number] += 1
        return _Part(np.array(words, dtype=np.int32), np.array(times, dtype=np.int32), entries, total)

    def vocabulary(self) -> dict[str, int]:
        return self.numbers

    def often(self) -> Longs:
        return np.array(self._often, dtype=np.int64)

    def frequencies(self) -> dict[str, int]:
        return dict(zip(self.numbers, self._often, strict=True))


class _CompiledCounter:
    """The same for many documents."""

    def __init__(self) -> None:
        from negviz.compiled import _search

        self._table = _search.WordTable()

    def add(self, texts: Sequence[str]) -> _Part:
        return _Part(*self._table.add(list(map(_as_bytes, texts))))

    def vocabulary(self) -> dict[str, int]:
        words = self._table.words()
        return dict(zip(words, range(len(words)), strict=True))

    def often(self) -> Longs:
        return np.asarray(self._table.frequencies[: self._table.count], dtype=np.int64)

    def frequencies(self) -> dict[str, int]:
        return dict(zip(self._table.words(), self.often().tolist(), strict=True))


def _in_parts(contents: Iterable[str]) -> Iterator[tuple[list[str], Callable[[], _Counter | _CompiledCounter]]]:
    """Documents some thousand at a time, and what counts them: many are counted by compiled loops."""
    left = iter(contents)
    begun = list(islice(left, COMPILE_PAYS))
    count = _CompiledCounter if len(begun) == COMPILE_PAYS else _Counter
    while begun:
        part, begun = begun[:TOGETHER], begun[TOGETHER:]
        yield part, count
        begun = begun or list(islice(left, TOGETHER))


class LexicalIndex:
    """BM25 over a dataset's documents (Lucene's variant: no factor k1 + 1, idf never negative).

    A score is the float32 sum of the query's words in their order, whichever method asks, so that ``top`` and
    ``score`` agree to the last bit. An index over a part of a corpus that is given the counts of the whole corpus gives
    each document the score that one index over everything would give it, bit for bit.

    References:
        Robertson and Zaragoza 2009; Kamphuis et al. 2020 (variants); Lù 2024, bm25s, whose weights these are.
    """

    def __init__(self, contents: Iterable[str], counts: Counts | None = None) -> None:
        """Index documents by row.

        Args:
            contents: Text of each document; read once.
            counts: Of the whole corpus, where the documents are a part of it.

        Raises:
            DataError: If the counts lack a word of the documents.
        """
        counter: _Counter | _CompiledCounter = _Counter()
        parts: list[_Part] = []
        for texts, count in _in_parts(contents):
            counter = counter if parts else count()
            parts.append(counter.add(texts))
        self._documents = sum(len(part.total) for part in parts)
        self._vocabulary = counter.vocabulary()
        often = counter.often()
        if counts is None:
            length = sum(int(part.total.sum()) for part in parts)
            rarity, mean = _rarity(often, self._documents), length / max(self._documents, 1)
        else:
            rarity = _rarity(_known(self._vocabulary, counts), counts.documents)
            mean = counts.length / max(counts.documents, 1)
        self._starts: Longs = frozen(np.concatenate([[0], np.cumsum(often)]).astype(np.int64))
        self._weights: Scores = np.empty(self._starts[-1], dtype=np.float32)
        self._rows: npt.NDArray[np.uint32] = np.empty(self._starts[-1], dtype=np.uint32)
        lists, first = _Lists(rarity, mean, self._starts[:-1].copy(), self._weights, self._rows), 0
        take = lists.take_compiled if isinstance(counter, _CompiledCounter) else lists.take
        for part in _given_up(parts):
            take(part, first)
            first += len(part.total)
        frozen(self._weights)
        frozen(self._rows)

    def save(self, folder: Path) -> None:
        """Write the index into a folder, from which ``open`` maps it.

        Args:
            folder: Made where it is not there; files of an index in it are replaced.
        """
        import pyarrow as pa
        from pyarrow import feather

        folder.mkdir(parents=True, exist_ok=True)
        for name, array in (("weights", self._weights), ("rows", self._rows), ("starts", self._starts)):
            np.save(folder / f"{name}.npy", array, allow_pickle=False)
        words = pa.table({"word": pa.array(map(_order, self._vocabulary), type=pa.large_binary())})
        facts = {"format": FORMAT, "documents": str(self._documents), "k1": str(K1), "b": str(B)}
        feather.write_feather(words.replace_schema_metadata(facts), folder / "words.arrow", compression="uncompressed")

    @classmethod
    def open(cls, folder: Path) -> "LexicalIndex":
        """Open what ``save`` wrote; the lists of the words stay on disk until they are asked for.

        Raises:
            DataError: If the folder holds no index, or one of other constants.
        """
        from pyarrow import feather

        try:
            words = feather.read_table(folder / "words.arrow", memory_map=True)
            arrays = [
                np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
                for name in ("weights", "rows", "starts")
            ]
        except (OSError, EOFError, ValueError) as error:
            raise DataError(f"{folder} holds no index of words that can be read ({error}); build it again.") from error
        facts = {key.decode(): value.decode() for key, value in (words.schema.metadata or {}).items()}
        if (facts.get("format"), facts.get("k1"), facts.get("b")) != (FORMAT, str(K1), str(B)):
            raise DataError(f"{folder} holds an index of words made by another version; build it again.")
        index = cls.__new__(cls)
        index._documents = int(facts["documents"])
        known = [word.decode("utf-8", "surrogatepass") for word in words["word"].to_pylist()]
        index._vocabulary = dict(zip(known, range(len(known)), strict=True))
        index._weights, index._rows, index._starts = (frozen(np.asarray(array).view()) for array in arrays)
        return index

    def _asked(self, text: str) -> list[int]:
        """Numbers of a text's words, in their order, as often as they are said."""
        return [self._vocabulary[token] for token in tokenise(text) if token in self._vocabulary]

    def _all_asked(self, texts: Sequence[str]) -> tuple[Ints, Longs]:
        """The same of many texts, one after the other, and where each begins and the last ends."""
        asked = [self._asked(text) for text in texts]
        stops = np.cumsum([0, *map(len, asked)], dtype=np.int64)
        return np.array([word for words in asked for word in words], dtype=np.int32), stops

    def _entries(self, word: int) -> slice:
        return slice(self._starts[word], self._starts[word + 1])

    def row(self, text: str) -> Scores:
        """Scores (documents,) of a query text; 0 where no word is shared."""
        scores = np.zeros(self._documents, dtype=np.float32)
        for word in self._asked(text):
            entries = self._entries(word)
            scores[self._rows[entries]] += self._weights[entries]
        return scores

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
        if self._documents >= COMPILE_PAYS and depth:
            from negviz.compiled import _search

            lists = self._weights, self._rows, self._starts
            _search.top(*self._all_asked(texts), *lists, self._documents, documents, scores)
            return documents, scores
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

        shape = self._documents, len(self._vocabulary)
        return csc_array((self._weights, self._rows.view(np.int32), self._starts), shape=shape).tocsr()

    def score(self, texts: Sequence[str], documents: Ints) -> Scores:
        """Scores of given pairs.

        Each is looked up in the lists of the query's words, so that a row of scores is made for no query.

        Args:
            texts: Query texts.
            documents: (queries, any) document rows, ``PAD`` where there is none.

        Returns:
            Scores of the same shape, NaN at ``PAD``.
        """
        if self._documents >= COMPILE_PAYS:
            from negviz.compiled import _search

            scores = np.empty(documents.shape, dtype=np.float32)
            lists = self._weights, self._rows, self._starts
            _search.score(*self._all_asked(texts), *lists, np.ascontiguousarray(documents, dtype=np.int32), scores)
            return scores
        scores = np.full(documents.shape, np.nan, dtype=np.float32)
        for place, text in enumerate(texts):
            present = np.not_equal(documents[place], PAD)
            if present.any():
                scores[place, present] = self._of_pairs(text, documents[place, present].astype(np.uint32))
        return scores

    def _of_pairs(self, text: str, documents: npt.NDArray[np.uint32]) -> Scores:
        """Scores (documents,) of a text and some documents."""
        scores = np.zeros(len(documents), dtype=np.float32)
        for word in self._asked(text):
            entries = self._entries(word)
            rows = self._rows[entries]
            places = np.minimum(np.searchsorted(rows, documents), len(rows) - 1)
            has = np.equal(rows[places], documents)
            scores[has] += self._weights[entries][places[has]]
        return scores


def _rarity(often: Longs, documents: int) -> Scores:
    """Inverse document frequency by how many documents have each word; in float32, as bm25s keeps it."""
    different, place = np.unique(often, return_inverse=True)
    values = [math.log(1 + (documents - count + 0.5) / (count + 0.5)) for count in different.tolist()]
    return np.array(values, dtype=np.float32)[place]


def _known(vocabulary: Mapping[str, int], counts: Counts) -> Longs:
    """How many documents of the whole corpus have each word of a part."""
    try:
        return np.array([counts.frequencies[word] for word in vocabulary], dtype=np.int64)
    except KeyError as error:
        raise DataError(
            f"The counts of the whole corpus lack the word {error}, which a document of this part has; "
            "count the words of all parts."
        ) from None


def _given_up(parts: list[_Part]) -> Iterator[_Part]:
    """Each part, which nobody holds after it was used."""
    parts.reverse()
    while parts:
        yield parts.pop()


@dataclass(frozen=True, eq=False)
class _Lists:
    """The lists of all words, one behind the other, while they are filled.

    Attributes:
        rarity: (words,) inverse document frequency.
        mean: Words of a document on average.
        heads: (words,) where the next document of each word goes.
        weights: (entries,) of a word in a document.
        rows: (entries,) documents.
    """

    rarity: Scores
    mean: float
    heads: Longs
    weights: Scores
    rows: npt.NDArray[np.uint32]

    def take(self, part: _Part, first: int) -> None:
        """Put a part's weights behind those that are there; ``first`` is the row of its first document."""
        of_document = np.repeat(np.arange(len(part.total)), part.entries)
        # Where the mean is 0 no document has an entry.
        damping = K1 * ((1.0 - B) + B * part.total / (self.mean or 1.0))
        times = part.times.astype(np.float64)
        values = self.rarity[part.words].astype(np.float64) * (times / (damping[of_document] + times))
        order = np.argsort(part.words, kind="stable")
        words = part.words[order]
        places = self.heads[words] + np.arange(len(words)) - np.searchsorted(words, words)
        self.weights[places] = values[order]
        self.rows[places] = first + of_document[order]
        np.add.at(self.heads, part.words, 1)

    def take_compiled(self, part: _Part, first: int) -> None:
        """The same by a compiled loop."""
        from negviz.compiled import _search

        _search.weigh(part.words, part.times, part.entries, part.total, first, self.rarity, self.mean, K1, B,
                      self.heads, self.weights, self.rows)  # fmt: skip


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
