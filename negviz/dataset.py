"""Dataset: queries, documents, labelled positives, given negatives; frozen, rows are integers inside."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from negviz.arrays import Bytes, Ints, Keys, fingerprint, mix, text_keys
from negviz.text import text_key

# Documents from which on their contents are not kept as Python's texts, which take twice what the table takes.
MANY = 200_000
READ = 4096

QUERY_SCHEMA = pa.schema(
    [("id", pa.large_string()), ("text", pa.large_string()), ("answers", pa.list_(pa.large_string()))]
)
DOCUMENT_SCHEMA = pa.schema(
    [
        ("id", pa.large_string()),
        ("title", pa.large_string()),
        ("text", pa.large_string()),
        ("group", pa.large_string()),
    ]
)


@dataclass(frozen=True)
class Problem:
    """Something in a file that a person should know about; nothing is dropped without one.

    Attributes:
        file: File name relative to what was loaded.
        line: 1-based line (or row) number, None when it concerns the whole file.
        kind: Stable short word, such as ``unknown document`` or ``blank text``.
        message: One sentence: what is wrong and what was done with it.
    """

    file: str
    line: int | None
    kind: str
    message: str


@dataclass(frozen=True, eq=False)
class Judgments:
    """(query, document, grade) triples as three aligned arrays, sorted by query and document row."""

    queries: Ints
    documents: Ints
    grades: Ints

    @classmethod
    def of(cls, triples: Iterable[tuple[int, int, int]]) -> "Judgments":
        """Build from row triples; of a repeated (query, document) the highest grade is kept."""
        best: dict[tuple[int, int], int] = {}
        for query, document, grade in triples:
            best[query, document] = max(grade, best.get((query, document), grade))
        rows = sorted((query, document, grade) for (query, document), grade in best.items())
        table = np.array(rows, dtype=np.int32).reshape(-1, 3)
        return cls(*(np.ascontiguousarray(table[:, column]) for column in range(3)))

    def __len__(self) -> int:
        """Number of judged pairs."""
        return len(self.queries)

    def of_query(self, query: int) -> Ints:
        """Document rows judged for a query row."""
        low, high = np.searchsorted(self.queries, [query, query + 1])
        return self.documents[low:high]


@dataclass(frozen=True, eq=False)
class Dataset:
    """What a person loaded.

    Documents are sorted by id, so that a tie broken by row is a tie broken by id, whatever the order of the file.

    Attributes:
        name: Short name, shown in the interface and in exports.
        format: Name of the loader that read it.
        queries: Table (id, text, answers), in file order; answers are texts that answer it, null if unknown.
        documents: Table (id, title, text, group), sorted by id; group is null where unknown.
        positives: Labelled relevant pairs with their grades (>= 1).
        given: Negatives that somebody already mined, to audit (grade 0).
        held_out: Judgments to evaluate with. Mining never reads them.
        problems: Everything noticed while reading.
        facts: Further facts for people, such as the file names and the split that was read.
    """

    name: str
    format: str
    queries: pa.Table
    documents: pa.Table
    positives: Judgments
    given: Judgments
    held_out: Judgments
    problems: tuple[Problem, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def build(
        cls,
        *,
        name: str,
        format: str,
        queries: Sequence[tuple[str, str]],
        documents: Sequence[tuple[str, str, str]],
        positives: Iterable[tuple[str, str, int]],
        given: Iterable[tuple[str, str]] = (),
        held_out: Iterable[tuple[str, str, int]] = (),
        groups: Sequence[str | None] | None = None,
        answers: Mapping[str, Sequence[str]] | None = None,
        problems: Iterable[Problem] = (),
        facts: dict[str, Any] | None = None,
    ) -> "Dataset":
        """Build from ids and texts; ids must be unique and every judged id must exist (loaders see to both).

        Args:
            name: Short name.
            format: Name of the loader.
            queries: (id, text).
            documents: (id, title, text).
            positives: (query id, document id, grade).
            given: (query id, document id) of negatives already mined.
            held_out: (query id, document id, grade) kept for evaluation.
            groups: A group a document (its article, say), None where unknown.
            answers: Answer strings of those queries that have some, by query id.
            problems: What the loader noticed.
            facts: Further facts for people.
        """
        order = sorted(range(len(documents)), key=lambda row: documents[row][0])
        query_row = {query[0]: row for row, query in enumerate(queries)}
        document_row = {documents[old][0]: new for new, old in enumerate(order)}
        columns = list(zip(*documents, strict=True)) or [(), (), ()]
        of_group = list(groups) if groups is not None else [None] * len(documents)
        document_table = pa.table(
            [
                *(pa.array([column[old] for old in order], pa.large_string()) for column in columns),
                pa.array([of_group[old] for old in order], pa.large_string()),
            ],
            schema=DOCUMENT_SCHEMA,
        )
        known = answers or {}
        query_table = pa.table(
            [
                pa.array([query[0] for query in queries], pa.large_string()),
                pa.array([query[1] for query in queries], pa.large_string()),
                pa.array([list(known[query[0]]) if known.get(query[0]) else None for query in queries],
                         pa.list_(pa.large_string())),
            ],
            schema=QUERY_SCHEMA,
        )  # fmt: skip

        def rows(triples: Iterable[tuple[str, str, int]]) -> Judgments:
            return Judgments.of((query_row[query], document_row[document], grade) for query, document, grade in triples)

        return cls(
            name=name,
            format=format,
            queries=query_table,
            documents=document_table,
            positives=rows(positives),
            given=rows((query, document, 0) for query, document in given),
            held_out=rows(held_out),
            problems=tuple(problems),
            facts=dict(facts or {}),
        )

    @cached_property
    def fingerprint(self) -> str:
        """Digest of all that mining can depend on; held-out judgments, problems and facts are not part of it."""
        pairs = (self.positives, self.given)
        judged = [part for each in pairs for part in (each.queries, each.documents, each.grades)]
        columns = [_column_digest(self.queries, name) for name in QUERY_SCHEMA.names]
        columns += [_column_digest(self.documents, name) for name in DOCUMENT_SCHEMA.names]
        return fingerprint("dataset 1", *columns, *judged)

    def query_id(self, row: int) -> str:
        """The user's id of a query row."""
        return str(self.queries["id"][int(row)].as_py())

    def document_id(self, row: int) -> str:
        """The user's id of a document row."""
        return str(self.documents["id"][int(row)].as_py())

    def query_text(self, row: int) -> str:
        """Text of a query row."""
        return str(self.queries["text"][int(row)].as_py())

    def document_title(self, row: int) -> str:
        """Title of a document row, empty where there is none."""
        return str(self.documents["title"][int(row)].as_py() or "")

    def document_text(self, row: int) -> str:
        """Text of a document row, without its title."""
        return str(self.documents["text"][int(row)].as_py())

    def content(self, row: int) -> str:
        """What encoders and lexical retrievers read: the title and the text, joined by a space as in BEIR."""
        return f"{self.document_title(row)} {self.document_text(row)}".strip()

    @cached_property
    def contents(self) -> Sequence[str]:
        """Content of every document, by row; of very many they are read from the table whenever they are asked for."""
        return contents_of(self.documents) if len(self.documents) < MANY else Contents(self.documents)

    @cached_property
    def query_texts(self) -> list[str]:
        """Text of every query, by row."""
        return list(self.queries["text"].to_pylist())

    @cached_property
    def answers(self) -> list[list[str]]:
        """Answer strings of every query, by row; empty where none are known."""
        return [list(row or ()) for row in self.queries["answers"].to_pylist()]

    @cached_property
    def document_ids(self) -> list[str]:
        """The user's ids, by row."""
        return list(self.documents["id"].to_pylist())

    @cached_property
    def query_ids(self) -> list[str]:
        """The user's ids, by row."""
        return list(self.queries["id"].to_pylist())

    @cached_property
    def synthetic_ids(self) -> frozenset[str]:
        """Ids of the documents that a language model wrote as negatives (see ``synthesise``)."""
        return frozenset(self.facts.get("synthetic") or ())

    @cached_property
    def document_keys(self) -> list[str]:
        """Content key of every document, by row (see ``text.text_key``)."""
        return [text_key(content) for content in self.contents]

    @cached_property
    def query_keys(self) -> list[str]:
        """Content key of every query, by row."""
        return [text_key(text) for text in self.query_texts]

    def pair_keys(self, queries: Ints, documents: Ints) -> Keys:
        """64-bit key of each (query id, document id), for noise that follows the pair and not its place.

        Args:
            queries: (queries,) rows.
            documents: (queries, depth) rows; padding gets an arbitrary key.
        """
        query_keys, document_keys = self.id_keys
        return mix(mix(query_keys[queries])[:, None] ^ document_keys[documents])

    @cached_property
    def id_keys(self) -> tuple[Keys, Keys]:
        """Keys of all query ids and of all document ids, which those of the pairs are made of."""
        return _id_keys(self.queries), _id_keys(self.documents)


def _id_keys(table: pa.Table) -> Keys:
    """Keys of a table's ids, of which only some are Python's texts at a time."""
    ids = table["id"]
    parts = [text_keys(ids.slice(start, READ).to_pylist()) for start in range(0, len(ids), READ)]
    return np.concatenate([np.zeros(0, dtype=np.uint64), *parts])


def contents_of(documents: pa.Table) -> list[str]:
    """Content of every document of a table: its title and its text, joined by a space as in BEIR."""
    titles, texts = (documents[name].to_pylist() for name in ("title", "text"))
    return [f"{title or ''} {text}".strip() for title, text in zip(titles, texts, strict=True)]


class Contents(Sequence[str]):
    """Contents of a table's documents that stay in the table, which may be mapped from disk."""

    def __init__(self, documents: pa.Table) -> None:
        """Take the table."""
        self._documents = documents.select(["title", "text"])

    def __len__(self) -> int:
        """Number of documents."""
        return len(self._documents)

    @overload
    def __getitem__(self, row: int) -> str: ...

    @overload
    def __getitem__(self, row: slice) -> list[str]: ...

    def __getitem__(self, row: int | slice) -> str | list[str]:
        """Content of a document, or of some."""
        if isinstance(row, slice):
            start, stop, step = row.indices(len(self))
            found = contents_of(self._documents.slice(start, max(stop - start, 0)))
            return found if step == 1 else [self[place] for place in range(start, stop, step)]
        place = range(len(self))[int(row)]
        return contents_of(self._documents.slice(place, 1))[0]

    def __iter__(self) -> Iterator[str]:
        """Every content, a few thousand in memory at a time."""
        for start in range(0, len(self), READ):
            yield from self[start : start + READ]


def _column_digest(table: pa.Table, name: str) -> str:
    """Digest of a column of texts, or of lists of texts: lengths (with -1 for null) and characters."""
    column = table[name]
    if pa.types.is_list(column.type):
        rows = column.to_pylist()
        column = pa.chunked_array([[None if row is None else json.dumps(row) for row in rows]], pa.large_string())
    lengths = np.concatenate(
        [np.zeros(0, np.int64), *(pc.fill_null(pc.utf8_length(part), -1).to_numpy() for part in column.chunks)]
    )
    pieces = [piece for part in column.chunks for piece in _characters(part)]
    return fingerprint(name, lengths, Bytes(sum(len(piece) for piece in pieces), pieces))


def _characters(texts: pa.Array) -> list[memoryview]:
    """The bytes of all texts, one after the other, where they lie; null has none."""
    if not len(texts):
        return []
    _, offsets, characters = texts.buffers()
    bounds = np.frombuffer(offsets, dtype=np.int64)[[texts.offset, texts.offset + len(texts)]]
    return [memoryview(characters or b"")[bounds[0] : bounds[1]]]
