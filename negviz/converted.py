"""Converted: a file or folder on its way into another format, gone through as often as it takes and never kept."""

import tempfile
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path
from random import Random
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from negviz.dataset import Problem
from negviz.errors import ExportError
from negviz.examples import Place, TextDocument, TextExample
from negviz.load import Opened
from negviz.loaders._cells import blank
from negviz.loaders._reading import Reading
from negviz.loaders._rows import readable
from negviz.registry import Entry
from negviz.staging import Staging, content_key
from negviz.survey import Survey

BATCH = 512
KEY_BLOCK = 1 << 24
FILLING = 4096
PROBLEMS = 10_000
SEED = "negviz"
TAKEN_OUT = {
    "negatives_that_are_positives": "negatives taken out: a positive of the same query, there or in another row",
    "negatives_that_are_the_query": "negatives taken out: the text of their query",
    "blank": "blank queries and documents taken out",
    "repeated": "documents taken out: twice in a row",
    "without_positive": "queries taken out: no positive",
    "held_out": "judgments left out: held out to evaluate with",
}
"""What a conversion takes out, and counts."""

Keys = npt.NDArray[np.int64]


@dataclass
class Converted:
    """A file or folder on its way into another format; gone through from the start as often as it takes.

    Attributes:
        opening: Opens it anew.
        gathers: Whether rows of one query are put together although each has positives of its own.
        staging: Where it lies put together by id, None where the rows can be taken as they come.
        survey: What it says, as it will be written.
        counts: What was taken out, by ``TAKEN_OUT``.
        problems: What was noticed, the first ``PROBLEMS`` of it.
        facts: Where it comes from.
    """

    opening: Callable[[], Opened]
    gathers: bool
    staging: Staging | None = None
    survey: Survey = field(default_factory=Survey)
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    _positives: Keys = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    _filling: list[TextDocument] = field(default_factory=list)
    # Whether some row has a negative that is none; where there is no such row nothing needs to be compared again.
    _mixed: bool = True

    @property
    def name(self) -> str:
        """Short name of the data."""
        return str(self.facts["name"])

    @property
    def miner(self) -> str:
        """Who mined the negatives is not known."""
        return "given"

    @property
    def count(self) -> int:
        """The commonest number of negatives."""
        return self.survey.usual

    def look(self) -> None:
        """Go through everything once: what it says, its positives, and some documents to fill up with."""
        opened = self.opening()
        rows = self._read(opened, self.counts)
        if self.staging:
            self._stage(opened, rows)
            rows = self.staging.examples()
        with tempfile.TemporaryFile() as negatives:
            self._note(rows, negatives)
            self._mixed = self._overlaps(negatives) or self.counts["negatives_that_are_the_query"] > 0
        self.facts = {**opened.facts, "name": opened.name, "format": opened.entry.name}
        self.problems = [*opened.reading.problems, *opened.source.notices]
        if self._mixed:
            self._count_cleaned()
        self.survey.facts["held_out"] = self.counts["held_out"]
        if self.staging:
            self.survey.documents = self.staging.count("documents")
            self.survey.facts["corpus"] = self.staging.unused()

    def _note(self, rows: Iterator[TextExample], negatives: IO[bytes]) -> None:
        """Keep the keys of the positives, put those of the negatives into a file, and count what the rows say."""
        keys, chance, met = array("q"), Random(SEED), 0
        for example in rows:
            own = content_key(example.query or "")
            keys.extend([_pair_key(own, content_key(each.content)) for each in example.positives])
            pushed = [content_key(each.content) for each in example.negatives]
            negatives.write(array("q", [_pair_key(own, key) for key in pushed]).tobytes())
            for each in (*example.positives, *example.negatives):
                met += 1
                _sample(self._filling, each, met, chance)
            self.counts["negatives_that_are_the_query"] += pushed.count(own)
            if example.positives:
                self.survey.add(example)
            else:
                self.counts["without_positive"] += 1
        self._positives = np.unique(np.frombuffer(keys, dtype=np.int64))

    def _overlaps(self, negatives: IO[bytes]) -> bool:
        """Whether any negative is a positive of its query somewhere."""
        negatives.seek(0)
        while block := negatives.read(KEY_BLOCK):
            if _within(np.frombuffer(block, dtype=np.int64), self._positives).any():
                return True
        return False

    def _count_cleaned(self) -> None:
        """Count again, now that it is known which negatives go."""
        self.survey = Survey()
        self.counts["without_positive"] = self.counts["negatives_that_are_the_query"] = 0
        for example in self._cleaned(self.counts):
            self.survey.add(example)

    def texts(self) -> Iterator[TextExample]:
        """Examples as they are written."""
        return self._cleaned(Counter())

    def corpus(self) -> Iterator[TextDocument]:
        """Every document once, where they were put together by id.

        Raises:
            ExportError: If they were not.
        """
        if self.staging is None:
            raise ExportError("This format wants documents by id, but does not say so; please report this.")
        return self.staging.documents()

    def filling(self, example: TextExample, wanted: int) -> tuple[TextDocument, ...]:
        """Random documents of other rows, marked as such; none that any row has as a positive of this query.

        Args:
            example: What to fill.
            wanted: How many at most.
        """
        own = content_key(example.query or "")
        refused = {own, *(content_key(each.content) for each in (*example.positives, *example.negatives))}
        found: list[TextDocument] = []
        for each in Random(f"{SEED} {example.query}").sample(self._filling, len(self._filling)):
            key = content_key(each.content)
            if key not in refused and not _within(np.array([_pair_key(own, key)]), self._positives)[0]:
                refused.add(key)
                found.append(each._replace(backfilled=True, score=None, rank=None, grade=None))
            if len(found) == wanted:
                break
        return tuple(found)

    def _stage(self, opened: Opened, rows: Iterable[TextExample]) -> None:
        """Put everything together on disk."""
        reading, staging = opened.reading, self.staging
        if staging is None:
            return
        for document, place in reading.documents:
            _noted(staging.list_document(_clean_document(document, place, reading)), place, reading)
        queries = (
            query._replace(text=readable(query.text, query.place, reading.report))
            for query in reading.queries
            if query.text is not None and not blank(query.text)
        )
        for query in queries:
            _noted(staging.list_query(query), query.place, reading)
        for example in rows:
            _noted(staging.take(example), example.place, reading)
        staging.finish()

    def _read(self, opened: Opened, counts: Counter[str]) -> Iterator[TextExample]:
        """Rows without what is blank, held out or there twice; those of one query put together where they belong."""
        clean = _readable_rows(opened.reading, counts)
        for _, rows in groupby(clean, key=lambda row: (row.query_id, row.query, row.subset)):
            for example in _gathered(rows, self.gathers):
                yield _once(example, counts)

    def _cleaned(self, counts: Counter[str]) -> Iterator[TextExample]:
        """Examples that can be trained on: each with a positive, none of its query's among its negatives."""
        rows = self.staging.examples() if self.staging else self._read(self.opening(), Counter())
        if not self._mixed:
            yield from (example for example in rows if example.positives)
            return
        while batch := list(islice(rows, BATCH)):
            own = [content_key(example.query or "") for example in batch]
            keys = [[content_key(each.content) for each in example.negatives] for example in batch]
            pairs = [_pair_key(one, key) for one, listed in zip(own, keys, strict=True) for key in listed]
            wrong = iter(_within(np.array(pairs, dtype=np.int64), self._positives).tolist())
            for example, one, listed in zip(batch, own, keys, strict=True):
                positive = [next(wrong) for _ in listed]
                itself = [key == one and not is_one for key, is_one in zip(listed, positive, strict=True)]
                if not example.positives:
                    counts["without_positive"] += 1
                    continue
                counts["negatives_that_are_positives"] += sum(positive)
                counts["negatives_that_are_the_query"] += sum(itself)
                kept = [
                    each
                    for each, *out in zip(example.negatives, positive, itself, strict=True)
                    if not any(out)
                ]  # fmt: skip
                yield example._replace(negatives=tuple(kept))


def _noted(problems: Iterable[tuple[str, str]], place: Place, reading: Reading) -> None:
    for kind, message in problems:
        reading.report(kind, message, place)


def _readable_rows(reading: Reading, counts: Counter[str]) -> Iterator[TextExample]:
    """Rows without what is blank or held out; halves of surrogate pairs replaced."""
    for example in reading.examples:
        if len(reading.problems) > PROBLEMS:
            # A file of millions of odd rows must not fill the memory with complaints.
            del reading.problems[PROBLEMS:]
        listed = example.positives, example.negatives
        if example.held_out:
            counts["held_out"] += sum(map(len, listed))
            continue
        if not example.listed and (example.query is None or blank(example.query)):
            counts["blank"] += 1
            continue
        positives, negatives = (
            tuple(_clean_document(each, example.place, reading) for each in part if _is_there(each)) for part in listed
        )
        counts["blank"] += sum(map(len, listed)) - len(positives) - len(negatives)
        query = example.query if example.query is None else readable(example.query, example.place, reading.report)
        yield example._replace(query=query, positives=positives, negatives=negatives)


def _is_there(document: TextDocument) -> bool:
    return document.listed or not (blank(document.text or "") and blank(document.title))


def _clean_document(document: TextDocument, place: Place, reading: Reading) -> TextDocument:
    text, title = document.text or "", document.title
    if text.isascii() and title.isascii():
        return document if document.text is not None or document.listed else document._replace(text="")
    return document._replace(
        text=readable(text, place, reading.report), title=readable(title, place, reading.report)
    )  # fmt: skip


def _gathered(rows: Iterable[TextExample], gathers: bool) -> Iterator[TextExample]:
    """Rows of one query that belong together, as one: those with the same positives, and those that lack a side.

    Args:
        rows: Rows of one query that follow each other.
        gathers: Whether those with different positives belong together too.
    """
    held: TextExample | None = None
    for row in rows:
        if held is None:
            held = row
        elif gathers or not (_whole(held) and _whole(row)) or _same(held.positives, row.positives):
            held = held._replace(
                positives=held.positives + row.positives,
                negatives=held.negatives + row.negatives,
                answers=tuple(dict.fromkeys((*held.answers, *row.answers))),
            )
        else:
            yield held
            held = row
    if held is not None:
        yield held


def _whole(row: TextExample) -> bool:
    """Whether a row has both sides; a line of labelled pairs has one."""
    return bool(row.positives) and bool(row.negatives)


def _same(some: tuple[TextDocument, ...], others: tuple[TextDocument, ...]) -> bool:
    return {(each.id, each.title, each.text) for each in some} == {(each.id, each.title, each.text) for each in others}


def _once(example: TextExample, counts: Counter[str]) -> TextExample:
    """An example in which each document of a side stands once."""
    positives, negatives = _distinct(example.positives), _distinct(example.negatives)
    twice = len(example.positives) + len(example.negatives) - len(positives) - len(negatives)
    if not twice:
        return example
    counts["repeated"] += twice
    return example._replace(positives=positives, negatives=negatives)


def _distinct(side: tuple[TextDocument, ...]) -> tuple[TextDocument, ...]:
    if len(side) < 2:
        return side
    known: dict[tuple[str | None, str, str | None], TextDocument] = {}
    for each in side:
        known.setdefault((each.id, each.title, each.text), each)
    return side if len(known) == len(side) else tuple(known.values())


def _pair_key(query: int, document: int) -> int:
    """64 bits of a query's and a document's key; the hash of whole numbers is the same in every process."""
    return hash((query, document))


def _within(keys: Keys, known: Keys) -> npt.NDArray[np.bool_]:
    """Which keys are among the known ones, which are sorted."""
    if not len(known):
        return np.zeros(len(keys), dtype=np.bool_)
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.equal(known[places], keys)


def _sample(kept: list[TextDocument], document: TextDocument, met: int, chance: Random) -> None:
    """Keep each document that was met with the same chance.

    References:
        Vitter 1985, "Random sampling with a reservoir", algorithm R.
    """
    if len(kept) < FILLING:
        kept.append(document)
    elif (place := chance.randrange(met)) < FILLING:
        kept[place] = document


def begin(opening: Callable[[], Opened], entry: Entry, stack: ExitStack, beside: Path) -> Converted:
    """Go through the input once, so that it is known what it says and what the format cannot say of it.

    Args:
        opening: Opens the input anew.
        entry: The exporter.
        stack: Closes what was opened.
        beside: Folder for a temporary file.
    """
    converted = Converted(opening, gathers="positives" in entry.trait("holds", ()))
    reading = opening().reading
    if entry.trait("by_id") or reading.documents != () or reading.queries != ():
        place = stack.enter_context(tempfile.TemporaryDirectory(prefix=".negviz-", dir=beside))
        converted.staging = Staging(Path(place) / "staging.sqlite")
        stack.callback(converted.staging.close)
    converted.look()
    return converted
