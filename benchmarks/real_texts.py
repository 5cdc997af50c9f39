"""Real texts in one heap: BEIR folders put together until there are enough documents and queries.

Judged queries come first, each with its best-judged documents (three at most, so that a query with ninety does not
deepen everybody's list). Where they are too few, titles and first sentences of documents are queries whose positive is
that document. Texts that differ only in case or spacing are taken once: the peer compares exact strings, and what it
makes of such copies is another matter than speed.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

from negviz.dataset import Dataset
from negviz.load import load
from negviz.text import is_blank, text_key

POSITIVES = 3
WORDS = (3, 40)
SENTENCE = re.compile(r"(?<=[.!?])\s+")
# A query and the keys of its best-judged documents.
Asked: TypeAlias = tuple[str, list[str]]


@dataclass(frozen=True)
class Texts:
    """What is mined: rows are numbers, and ids sort as rows do.

    Attributes:
        queries: Text of each query.
        documents: Title and text of each document.
        positives: Rows of documents that answer each query, the best judged first.
        judged: How many queries are judged ones; the others are titles and first sentences.
        folders: Names of the collections.
    """

    queries: list[str]
    documents: list[tuple[str, str]]
    positives: list[list[int]]
    judged: int
    folders: list[str]

    @property
    def contents(self) -> list[str]:
        """What an encoder reads of each document."""
        return [f"{title} {text}".strip() for title, text in self.documents]

    def dataset(self) -> Dataset:
        """As negviz has it."""
        return Dataset.build(
            name="texts",
            format="beir",
            queries=[(f"q{row:08d}", text) for row, text in enumerate(self.queries)],
            documents=[(f"d{row:08d}", title, text) for row, (title, text) in enumerate(self.documents)],
            positives=[(f"q{q:08d}", f"d{d:08d}", 1) for q, rows in enumerate(self.positives) for d in rows],
        )

    def pairs(self) -> dict[str, list[str]]:
        """As the peer has it: a row for each positive of a query."""
        contents = self.contents
        rows = [(query, contents[row]) for query, own in zip(self.queries, self.positives, strict=True) for row in own]
        return {"query": [query for query, _ in rows], "answer": [answer for _, answer in rows]}

    def told(self) -> str:
        """A sentence for people."""
        made = len(self.queries) - self.judged
        return (
            f"{len(self.queries):,} queries ({self.judged:,} judged ones; {made:,} are titles or first sentences of "
            f"documents) and {len(self.documents):,} documents of {', '.join(self.folders)}"
        )

    def save(self, path: Path) -> None:
        """Write as JSON."""
        path.write_text(json.dumps(asdict(self)), "utf-8")

    @classmethod
    def read(cls, path: Path) -> "Texts":
        """Read what ``save`` wrote."""
        return cls(**json.loads(path.read_text("utf-8")))


@dataclass(frozen=True)
class Found:
    """A document or a query of a collection, by its key."""

    title: str
    text: str

    @property
    def content(self) -> str:
        """What an encoder reads."""
        return f"{self.title} {self.text}".strip()


def collect(folders: Sequence[Path], documents: int, queries: int) -> Texts:
    """Put collections together.

    Args:
        folders: BEIR folders.
        documents: How many documents.
        queries: How many queries.
    """
    if not folders:
        raise SystemExit("Name BEIR folders (corpus.jsonl, queries.jsonl, qrels/) to take texts from.")
    known, asked = _read(folders)
    chosen, taken = _answered(asked, documents, queries)
    for key in sorted(known):
        if len(taken) < documents:
            taken.setdefault(key, len(taken))
    judged = len(chosen)
    for text, key in _made(known, taken, chosen):
        if len(chosen) < queries:
            chosen.append((text, [key]))
    if len(taken) < documents or len(chosen) < queries:
        raise SystemExit(
            f"The folders have {len(taken):,} documents and {len(chosen):,} queries at most, but {documents:,} and "
            f"{queries:,} were asked for; name more folders, or give --documents and --queries."
        )
    return Texts(
        queries=[text for text, _ in chosen],
        documents=[(known[key].title, known[key].text) for key in taken],
        positives=[[taken[key] for key in answers] for _, answers in chosen],
        judged=judged,
        folders=[folder.name for folder in folders],
    )


def _answered(asked: list[Asked], documents: int, queries: int) -> tuple[list[Asked], dict[str, int]]:
    """Judged queries as far as they and their documents are wanted, and the rows of those documents."""
    taken: dict[str, int] = {}
    chosen: list[Asked] = []
    for text, answers in sorted(asked, key=lambda each: text_key(each[0])):
        more = [key for key in answers if key not in taken]
        if len(chosen) < queries and len(taken) + len(more) <= documents:
            chosen.append((text, answers))
            taken.update((key, len(taken) + place) for place, key in enumerate(more))
    return chosen, taken


def _read(folders: Sequence[Path]) -> tuple[dict[str, Found], list[Asked]]:
    """Distinct documents by key, and judged queries with the keys of their best documents."""
    known: dict[str, Found] = {}
    asked: dict[str, Asked] = {}
    alone: set[str] = set()
    for folder in folders:
        data = load(folder)
        keys = [_keep(known, alone, data, row) for row in range(len(data.documents))]
        for text, rows in _judged(data):
            answers = list(dict.fromkeys(key for key in (keys[row] for row in rows) if key))[:POSITIVES]
            if answers and not is_blank(text):
                asked.setdefault(text_key(text), (text, answers))
    return known, [each for key, each in asked.items() if key not in known and key not in alone]


def _keep(known: dict[str, Found], alone: set[str], data: Dataset, row: int) -> str:
    """Key of a document that is new by its content and by its text, and empty for one that is not."""
    found = Found(data.document_title(row), data.document_text(row))
    key, of_text = text_key(found.content), text_key(found.text)
    if is_blank(found.content) or key in known or (not is_blank(found.text) and of_text in alone):
        return ""
    known[key] = found
    alone.add(of_text)
    return key


def _judged(data: Dataset) -> Iterator[tuple[str, list[int]]]:
    """Queries of the training split or, where there is none, of the one that is held out."""
    judged = data.positives if len(data.positives) else data.held_out
    rows: dict[int, list[tuple[int, int]]] = {}
    for query, document, grade in zip(judged.queries, judged.documents, judged.grades, strict=True):
        if grade > 0:
            rows.setdefault(int(query), []).append((-int(grade), int(document)))
    for query, answers in rows.items():
        yield data.query_text(query), [document for _, document in sorted(answers)]


def _made(known: dict[str, Found], taken: Iterable[str], chosen: list[Asked]) -> Iterator[tuple[str, str]]:
    """Titles and first sentences that are no document and no query yet, and the document that each comes from."""
    whole = set(known) | {text_key(found.text) for found in known.values()}
    used = {text_key(text) for text, _ in chosen}
    answering = {key for _, answers in chosen for key in answers}
    for key in [key for key in taken if key not in answering]:
        found = known[key]
        text = found.title if found.title.strip() else SENTENCE.split(found.text.strip(), maxsplit=1)[0]
        own = text_key(text)
        if WORDS[0] <= len(text.split()) <= WORDS[1] and own not in used and own not in whole:
            used.add(own)
            yield text, key
