"""Staging: examples put together on disk, for formats that name documents by id, in little memory.

SQLite keeps each document and query once, under an id of its own, and the pairs in order of their queries.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from negviz.examples import TextDocument, TextExample, TextQuery
from negviz.text import normalise

CACHE_KIBIBYTES = 262_144
UNNAMED = 10_000
SCHEMA = """
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=FILE;
CREATE TABLE documents(number INTEGER PRIMARY KEY, id TEXT, content INTEGER, title TEXT, text TEXT, part TEXT);
CREATE UNIQUE INDEX document_ids ON documents(id) WHERE id IS NOT NULL;
CREATE INDEX document_contents ON documents(content);
CREATE TABLE queries(number INTEGER PRIMARY KEY, id TEXT, content INTEGER, text TEXT, answers TEXT, prompt TEXT,
                     subset TEXT);
CREATE UNIQUE INDEX query_ids ON queries(id) WHERE id IS NOT NULL;
CREATE INDEX query_contents ON queries(content);
CREATE TABLE pairs(number INTEGER PRIMARY KEY, query INTEGER, document INTEGER, positive INTEGER, grade INTEGER,
                   score REAL, rank INTEGER, miner TEXT, UNIQUE(query, document));
"""
RELATE = """
INSERT INTO pairs(query, document, positive, grade, score, rank, miner) VALUES(?,?,?,?,?,?,?)
ON CONFLICT(query, document) DO UPDATE SET
  positive=max(positive, excluded.positive),
  grade=max(coalesce(grade, excluded.grade), coalesce(excluded.grade, grade)),
  score=coalesce(score, excluded.score), rank=coalesce(rank, excluded.rank),
  miner=coalesce(nullif(miner, ''), excluded.miner)
"""
READ = """
SELECT queries.number, queries.id, queries.text, queries.answers, queries.prompt, queries.subset,
       pairs.positive, documents.id, documents.title, documents.text, documents.part,
       pairs.grade, pairs.score, pairs.rank, pairs.miner
FROM pairs JOIN queries ON queries.number = pairs.query JOIN documents ON documents.number = pairs.document
ORDER BY pairs.query, pairs.positive DESC, pairs.number
"""


def content_key(text: str) -> int:
    """64 bits of a text's normal form, as a signed number."""
    data = normalise(text).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big", signed=True)


class Staging:
    """Documents, queries and pairs in a file that goes with it."""

    def __init__(self, path: Path) -> None:
        """Begin an empty one.

        Args:
            path: File to make.
        """
        self._base = sqlite3.connect(path, isolation_level=None)
        self._base.execute(f"PRAGMA cache_size=-{CACHE_KIBIBYTES}")
        self._base.executescript(SCHEMA)
        self._base.execute("BEGIN")
        self._problems: list[tuple[str, str]] = []

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def list_document(self, document: TextDocument) -> list[tuple[str, str]]:
        """Put a document of a list there; an id that stands again keeps its first text.

        Returns:
            Kind and text of each problem, for all that put something there.
        """
        if document.id is None or self._find("documents", document.id) is None:
            self._add_document(document, document.id)
        else:
            self._report("duplicate id", f"The document id '{document.id}' stands again; the first was kept.")
        return self._noticed()

    def list_query(self, query: TextQuery) -> list[tuple[str, str]]:
        """Put a query of a list there; an id that stands again keeps its first text."""
        if self._find("queries", query.id) is None:
            self._add_query(query.text or "", query.id, query.answers, "", "")
        elif not query.again:
            self._report("duplicate id", f"The query id '{query.id}' stands again; the first was kept.")
        return self._noticed()

    def _report(self, kind: str, message: str) -> None:
        self._problems.append((kind, message))

    def _noticed(self) -> list[tuple[str, str]]:
        noticed, self._problems = self._problems, []
        return noticed

    def take(self, example: TextExample) -> list[tuple[str, str]]:
        """Put an example there, with what it carries and what it names."""
        query = self._query(example)
        if query is None:
            return self._noticed()
        for place, each in enumerate((*example.positives, *example.negatives)):
            document = self._document(each, example)
            if document is not None:
                positive = place < len(example.positives)
                values = (query, document, positive, each.grade, each.score, each.rank, each.miner)
                self._base.execute(RELATE, values)
        return self._noticed()

    def finish(self) -> None:
        """Give an id to what has none, such as ``d000001``, by order, never one that is taken."""
        for table in ("documents", "queries"):
            number = 0
            for row in self._unnamed(table):
                number += 1
                while self._find(table, name := f"{table[0]}{number:06d}") is not None:
                    number += 1
                self._base.execute(f"UPDATE {table} SET id=? WHERE number=?", (name, row))
        self._base.execute("CREATE INDEX in_order ON pairs(query, positive DESC, number)")

    def _unnamed(self, table: str) -> Iterator[int]:
        """Numbers of what has no id, some at a time, for each gets one meanwhile and all would fill the memory."""
        asked = f"SELECT number FROM {table} WHERE id IS NULL AND number > ? ORDER BY number LIMIT {UNNAMED}"
        last = -1
        while rows := self._base.execute(asked, (last,)).fetchall():
            yield from (int(row) for (row,) in rows)
            last = rows[-1][0]

    def examples(self) -> Iterator[TextExample]:
        """Each query that has a pair, with all of its pairs."""
        for _, rows in groupby(self._base.cursor().execute(READ), key=itemgetter(0)):
            listed = list(rows)
            _, own, text, answers, prompt, subset = listed[0][:6]
            yield TextExample(
                text,
                tuple(_document(row) for row in listed if row[6]),
                tuple(_document(row) for row in listed if not row[6]),
                own,
                tuple(json.loads(answers)),
                prompt,
                subset,
            )

    def documents(self) -> Iterator[TextDocument]:
        """Every document once, in order of first appearance."""
        for own, title, text, part in self._base.cursor().execute(
            "SELECT id, title, text, part FROM documents ORDER BY number"
        ):
            yield TextDocument(text, title, own, part)

    def count(self, table: str) -> int:
        """Number of documents, queries or pairs."""
        return int(self._base.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def unused(self) -> int:
        """Documents that no pair names."""
        asked = "SELECT count(*) FROM documents WHERE number NOT IN (SELECT document FROM pairs)"
        return int(self._base.execute(asked).fetchone()[0])

    def _query(self, example: TextExample) -> int | None:
        if example.listed:
            found = self._named("queries", example.query_id or "")
            if found is None:
                message = f"There is no query '{example.query_id}'; what stands there for it was left out."
                self._report("unknown query", message)
            return found
        text = example.query or ""
        found = self._carried("queries", example.query_id, text, "text=?", (text,))
        if found is None:
            own = self._free("queries", example.query_id)
            return self._add_query(text, own, example.answers, example.prompt, example.subset)
        return found

    def _document(self, document: TextDocument, example: TextExample) -> int | None:
        if document.listed:
            found = self._named("documents", document.id or "")
            if found is None:
                message = f"There is no document '{document.id}'; its place for '{example.query_id}' was left out."
                self._report("unknown document", message)
            return found
        values = (document.title, document.text or "")
        found = self._carried("documents", document.id, document.content, "title=? AND text=?", values)
        return self._add_document(document, self._free("documents", document.id)) if found is None else found

    def _carried(self, table: str, own: str | None, content: str, same: str, values: tuple[str, ...]) -> int | None:
        """Number of what is there already: with this text and, where it has one, this id."""
        asked = f"SELECT number, id FROM {table} WHERE content=? AND {same}"
        rows = self._base.execute(asked, (content_key(content), *values)).fetchall()
        if own is None:
            return int(rows[0][0]) if rows else None
        return next((int(row) for row, known in rows if known == own or str(known).startswith(f"{own}#")), None)

    def _free(self, table: str, own: str | None) -> str | None:
        """An id for another text than the one it stands for already."""
        if own is None or self._find(table, own) is None:
            return own
        number = 2
        while self._find(table, f"{own}#{number}") is not None:
            number += 1
        message = f"The {table[:-1]} id '{own}' stands for another text too; this one is kept as '{own}#{number}'."
        self._report("duplicate id", message)
        return f"{own}#{number}"

    def _named(self, table: str, name: str) -> int | None:
        found = self._find(table, name)
        return self._find(table, name.strip().removeprefix('"').removesuffix('"')) if found is None else found

    def _find(self, table: str, own: str) -> int | None:
        row = self._base.execute(f"SELECT number FROM {table} WHERE id=?", (own,)).fetchone()
        return row and int(row[0])

    def _add_document(self, document: TextDocument, own: str | None) -> int:
        values = (own, content_key(document.content), document.title, document.text or "", document.group)
        added = self._base.execute("INSERT INTO documents(id, content, title, text, part) VALUES(?,?,?,?,?)", values)
        return int(added.lastrowid or 0)

    def _add_query(self, text: str, own: str | None, answers: tuple[str, ...], prompt: str, subset: str) -> int:
        values = (own, content_key(text), text, json.dumps(answers), prompt, subset)
        asked = "INSERT INTO queries(id, content, text, answers, prompt, subset) VALUES(?,?,?,?,?,?)"
        return int(self._base.execute(asked, values).lastrowid or 0)


def _document(row: tuple[Any, ...]) -> TextDocument:
    own, title, text, part, grade, score, rank, miner = row[7:]
    return TextDocument(text, title, own, part, score, grade, rank, miner or "")
