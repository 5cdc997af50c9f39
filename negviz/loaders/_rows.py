"""Rows: what was read, put together in memory; each row knows its file and line, so that problems can say."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from negviz.dataset import Problem
from negviz.examples import Place, TextDocument, TextExample
from negviz.loaders._cells import blank
from negviz.loaders._reading import Reading

PROBLEM_KINDS = {
    "bad row": "wrong number of cells, not an object, or a key is missing; the row was left out",
    "blank text": "nothing readable: a blank query or positive is left out, another blank document is kept",
    "byte order mark": "more than the usual one at the start, or one inside a text",
    "conflicting judgment": "one pair has two different judgments; the highest holds",
    "damaged text": "replacement characters, halves of surrogate pairs, or UTF-8 that was read as Latin-1",
    "duplicate id": "an id that stands for two entries; says what was kept",
    "duplicate judgment": "the same judgment, or the same negative of one row, twice",
    "duplicate text": "two ids with the same text but for case, spacing and Unicode form; both were kept",
    "no header": "the file has no header line; its columns were taken by place",
    "no judgments": "a file of held-out judgments is empty; the rest was read",
    "no text key": "texts are under a key that their own trainer does not read; they were read, but it would see none",
    "not text": "a picture, a sound or the like in a row; it was left out, the row's texts were read",
    "query without a positive": "neither a positive nor a held-out judgment; kept",
    "stray quote": "a quotation mark that is never closed; the line was read as it stands",
    "truncated line": "the last row is cut off; it was left out",
    "unknown document": "a judgment of a document that is not there; left out",
    "unreadable answer": "a query's answers are no texts; they were left out, the row was kept",
    "unreadable score": "scores that do not fit the row's documents; they were left out, the row was kept",
    "unknown query": "a judgment of a query that is not there; left out",
}
_ODD = re.compile("[\ud800-\udfff\ufffd\ufeff]|[\u00c2-\u00f4][\u0080-\u009f]")
_HALF = re.compile("[\ud800-\udfff]")

Report: TypeAlias = Callable[[str, str, Place], None]


@dataclass
class Shelf:
    """Queries or documents in order of first appearance; a handle is a place on the shelf."""

    what: str
    ids: list[str | None] = field(default_factory=list)
    contents: list[tuple[str, ...]] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    by_id: dict[str, int] = field(default_factory=dict)
    by_content: dict[tuple[str, ...], int] = field(default_factory=dict)

    def add(self, id: str | None, content: tuple[str, ...], place: Place) -> int:
        """Put something new on the shelf."""
        handle = len(self.ids)
        self.ids.append(id)
        self.contents.append(content)
        self.places.append(place)
        if id is None:
            self.by_content[content] = handle
        else:
            self.by_id[id] = handle
        return handle

    def final_ids(self) -> list[str]:
        """Ids of all handles; what has none gets one such as ``d000001``, by order, never one that is taken."""
        number, found = 0, []
        for known in self.ids:
            name = known
            while name is None:
                number += 1
                made = f"{self.what[0]}{number:06d}"
                name = None if made in self.by_id else made
            found.append(name)
        return found


@dataclass
class Rows:
    """What was read.

    Attributes:
        queries: Shelf of (text,).
        documents: Shelf of (title, text).
        groups: Group of a document handle, where known.
        answers: Answer strings of a query handle, where known.
        positives: Grade (>= 1) of (query, document).
        judged_not_relevant: Place of (query, document) that somebody judged 0 or less.
        given: Place of (query, document) that somebody mined as a negative.
        held_out: Grade of (query, document) to evaluate with.
        problems: What was noticed.
        facts: Further facts for people.
    """

    queries: Shelf = field(default_factory=lambda: Shelf("query"))
    documents: Shelf = field(default_factory=lambda: Shelf("document"))
    groups: dict[int, str] = field(default_factory=dict)
    answers: dict[int, list[str]] = field(default_factory=dict)
    positives: dict[tuple[int, int], int] = field(default_factory=dict)
    judged_not_relevant: dict[tuple[int, int], Place] = field(default_factory=dict)
    given: dict[tuple[int, int], Place] = field(default_factory=dict)
    held_out: dict[tuple[int, int], int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, reading: Reading) -> "Rows":
        """Read all of it."""
        # One list of problems: both what reads and what puts together notice some, in the order of the file.
        rows = cls(problems=reading.problems)
        for document, place in reading.documents:
            rows.document(document, place, listed=True)
        for query in reading.queries:
            known = rows.queries.by_id.get(query.id) if query.again else None
            if known is None or rows.queries.contents[known] != (query.text,):
                rows.listed_query(query.text, query.id, query.answers, query.place)
        for example in reading.examples:
            rows.take(example)
        rows.facts |= reading.facts
        return rows

    def report(self, kind: str, message: str, place: Place) -> None:
        """Note a problem; the kind is one of ``PROBLEM_KINDS``."""
        self.problems.append(Problem(place.file, place.line, kind, message))

    def listed_query(self, text: str | None, id: str, answers: Iterable[str], place: Place) -> None:
        """Take in a query of a list; the answers of one that stands there again are not its own."""
        before = len(self.queries.ids)
        handle = self.query(text, place, id=id, listed=True)
        if handle == before:
            self.answered(handle, answers)

    def query(self, text: str | None, place: Place, *, id: str | None = None, listed: bool = False) -> int | None:
        """Take in a query.

        Args:
            text: Its text.
            place: Where it stands.
            id: Its id, None where the format has none: then the same text is the same query.
            listed: Whether the file is a list of queries, in which an id may stand only once.

        Returns:
            Its handle, None when it is blank and was left out.
        """
        if text is None or blank(text):
            self.report("blank text", f"The query{_named(id)} is blank; it was left out.", place)
            return None
        return self._put(self.queries, id, (text,), place, listed)

    def document(
        self,
        passage: TextDocument,
        place: Place,
        *,
        listed: bool = False,
    ) -> int:
        """Take in a document; ``listed`` as for queries."""
        content = (passage.title, passage.text or "")
        before = len(self.documents.ids)
        handle = self._put(self.documents, passage.id, content, place, listed)
        if handle == before and blank(content[1]) and blank(content[0]):
            self.report("blank text", f"The document{_named(passage.id)} is blank; it was kept.", place)
        if passage.group and not (listed and handle != before):
            self.groups.setdefault(handle, passage.group)
        return handle

    def judge(self, query: int, document: int, grade: int, place: Place, *, listed: bool = False) -> None:
        """Take in a judgment: 1 and more is a positive; of two the higher holds.

        Args:
            query: Handle.
            document: Handle.
            grade: Grade; 0 and less says not relevant.
            place: Where it stands.
            listed: Whether each pair should stand only once, as in a file of judgments.
        """
        pair = query, document
        old = self.positives.get(pair, 0 if pair in self.judged_not_relevant else None)
        new = max(grade, 0)
        if old is not None and old != new:
            self.report(
                "conflicting judgment", f"{self.name(pair)} is judged {old} and {new}; {max(old, new)} holds.", place
            )
        elif old is not None and listed:
            self.report("duplicate judgment", f"{self.name(pair)} is judged {new} twice; counted once.", place)
        if max(old or 0, new) > 0:
            self.positives[pair] = max(old or 0, new)
            self.judged_not_relevant.pop(pair, None)
        else:
            self.judged_not_relevant.setdefault(pair, place)

    def hold_out(self, query: int, document: int, grade: int, place: Place) -> None:
        """Take in a judgment to evaluate with; of two for one pair the higher holds."""
        pair = query, document
        old = self.held_out.get(pair)
        if old is not None:
            kind = "duplicate judgment" if old == grade else "conflicting judgment"
            self.report(kind, f"{self.name(pair)} is judged {old} and {grade}; {max(old, grade)} holds.", place)
        self.held_out[pair] = grade if old is None else max(old, grade)

    def take(self, example: TextExample) -> None:
        """Take in one example: a query with its positives, its negatives and its answers."""
        query = self._asked(example)
        found = [self._referred(example, each) for each in (*example.positives, *example.negatives)]
        if query is None:
            return
        self.answered(query, example.answers)
        seen: set[int] = set()
        for number, document in enumerate(found):
            each = (*example.positives, *example.negatives)[number]
            is_positive = number < len(example.positives)
            handle = document if each.listed else self._carried(each, example.place, is_positive)
            if handle is not None:
                self._relate(example, query, handle, each, is_positive, seen)

    def _asked(self, example: TextExample) -> int | None:
        """Handle of an example's query, None where it is blank or not in the list."""
        if not example.listed:
            return self.query(example.query, example.place, id=example.query_id)
        found = named(self.queries.by_id, example.query_id or "")
        if found is None:
            what = f"its judgment of '{_first_id(example)}'" if example.judged else "what stands there for it"
            message = f"There is no query '{example.query_id}'; {what} was left out."
            self.report("unknown query", message, example.place)
        return found

    def _referred(self, example: TextExample, document: TextDocument) -> int | None:
        """Handle of a document that an example names by id, None where it carries it or names an unknown one."""
        if not document.listed:
            return None
        found = named(self.documents.by_id, document.id or "")
        if found is None:
            what = "its judgment" if example.judged else "its place"
            message = f"There is no document '{document.id}'; {what} for '{_asking(example)}' was left out."
            self.report("unknown document", message, example.place)
        return found

    def _carried(self, document: TextDocument, place: Place, is_positive: bool) -> int | None:
        """Handle of a document that an example carries, None where there is nothing to it."""
        judged = document.grade is not None
        if document.text is None or (is_positive and not judged and blank(document.text) and blank(document.title)):
            message = (
                "A document is missing; its label was left out." if judged
                else "A positive is blank; it was left out." if is_positive
                else "A negative is missing; it was left out."
            )  # fmt: skip
            self.report("blank text", message, place)
            return None
        return self.document(document, place)

    def _relate(
        self, example: TextExample, query: int, handle: int, document: TextDocument, is_positive: bool, seen: set[int]
    ) -> None:
        """Note what an example says of a query and a document."""
        place = example.place
        if example.held_out:
            self.hold_out(query, handle, 1 if document.grade is None else document.grade, place)
        elif is_positive or document.grade is not None:
            grade = document.grade if document.grade is not None else 1
            self.judge(query, handle, grade, place, listed=example.judged)
        else:
            if handle in seen:
                self.report("duplicate judgment", "A negative stands twice in this row; counted once.", place)
            seen.add(handle)
            self.given.setdefault((query, handle), place)

    def answered(self, query: int, answers: Iterable[str]) -> None:
        """Take in texts that answer a query; those of several rows are united."""
        known = self.answers.get(query, [])
        found = list(dict.fromkeys([*known, *answers]))
        if found:
            self.answers[query] = found

    def name(self, pair: tuple[int, int]) -> str:
        """What to call a pair of handles in a problem."""
        query, document = pair
        query_name = self.queries.ids[query] or _short(self.queries.contents[query][0])
        document_name = self.documents.ids[document] or _short(self.documents.contents[document][1])
        return f"Query '{query_name}' with document '{document_name}'"

    def _put(self, shelf: Shelf, id: str | None, content: tuple[str, ...], place: Place, listed: bool) -> int:
        if id is None and (known := shelf.by_content.get(content)) is not None:
            return known
        if not (content[0].isascii() and content[-1].isascii()):
            content = tuple(readable(part, place, self.report) for part in content)
        known = shelf.by_content.get(content) if id is None else shelf.by_id.get(id)
        if known is None:
            return shelf.add(id, content, place)
        if id is None or (not listed and shelf.contents[known] == content):
            return known
        if listed:
            other = "" if shelf.contents[known] == content else " with another text"
            first = f"line {shelf.places[known].line}"
            message = f"The {shelf.what} id '{id}' stands again{other}; the first ({first}) was kept."
            self.report("duplicate id", message, place)
            return known
        return self._rename(shelf, id, content, place)

    def _rename(self, shelf: Shelf, id: str, content: tuple[str, ...], place: Place) -> int:
        """A row of training data uses an id for a second text: both are kept, or its judgment would hit the first."""
        number = 2
        while (known := shelf.by_id.get(f"{id}#{number}")) is not None:
            if shelf.contents[known] == content:
                return known
            number += 1
        message = f"The {shelf.what} id '{id}' stands for another text too; this one is kept as '{id}#{number}'."
        self.report("duplicate id", message, place)
        return shelf.add(f"{id}#{number}", content, place)


def readable(text: str, place: Place, report: Report) -> str:
    """Report characters that are no text; halves of surrogate pairs, which no file can hold, are replaced.

    Args:
        text: Any text.
        place: Where it stands.
        report: Notes a problem.
    """
    found = None if text.isascii() else _ODD.search(text)
    if found is None:
        return text
    if found[0] == "\ufeff":
        report("byte order mark", "A byte order mark stands inside a text; it was left there.", place)
    elif _HALF.search(text):
        report("damaged text", "Half a surrogate pair was replaced by U+FFFD.", place)
    elif found[0] == "\ufffd":
        report("damaged text", "The text holds U+FFFD, the sign for a lost character; kept.", place)
    else:
        message = f"The text looks like UTF-8 that was read as Latin-1 ({found[0]!a}); kept as it is."
        report("damaged text", message, place)
    return _HALF.sub("\ufffd", text)


def _named(id: str | None) -> str:
    return f" '{id}'" if id else ""


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


def _first_id(example: TextExample) -> str:
    return next((each.id or "" for each in (*example.positives, *example.negatives)), "")


def _asking(example: TextExample) -> str:
    return example.query_id or _short(example.query or "")


def named(by_id: Mapping[str, int], name: str) -> int | None:
    """Look an id up as it stands, else without spaces around it or the quotation marks of a CSV writer."""
    found = by_id.get(name)
    if found is None:
        bare_name = name.strip()
        if len(bare_name) > 1 and bare_name[0] == bare_name[-1] == '"':
            bare_name = bare_name[1:-1].replace('""', '"')
        found = by_id.get(bare_name)
    return found
