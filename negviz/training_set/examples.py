"""The training set and its parts, and what makes two documents the same text."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from random import Random
from typing import NamedTuple, TypeAlias

import numpy as np

from negviz.arrays import PAD, Bools, Ints
from negviz.dataset import Dataset
from negviz.errors import ExportError
from negviz.examples import TextDocument, TextExample
from negviz.pool import Pool
from negviz.selection import Selection
from negviz.text import is_blank, normalise

Forms: TypeAlias = frozenset[tuple[str, str]]
RECENT = 4096
LOOKED_AT = 10_000


class Positive(NamedTuple):
    """A positive of a query; ``promoted`` where a label made it one, score None where unknown."""

    document: int
    grade: int
    promoted: bool
    score: float | None


class Negative(NamedTuple):
    """A negative of a query.

    ``rank`` starts at 0, ``confirmed`` where a label says true negative, ``backfilled`` where it only fills its query.
    """

    document: int
    rank: int
    score: float | None
    confirmed: bool
    backfilled: bool = False


class Example(NamedTuple):
    """A query row with its positives (labelled ones, then promoted ones) and its negatives, best rank first."""

    query: int
    positives: tuple[Positive, ...]
    negatives: tuple[Negative, ...]


class Change(NamedTuple):
    """What labels did to one pair."""

    query_id: str
    document_id: str
    what: str


class QueryText(NamedTuple):
    """A query for people and files."""

    id: str
    text: str


class DocumentText(NamedTuple):
    """A document for people and files; ``content`` is title and text, joined by a space."""

    id: str
    title: str
    text: str
    content: str


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Queries that have a positive, each with its positives and negatives.

    Attributes:
        selection: What the recipe took.
        places: (queries,) rows of the pool that are left, in order.
        positives: (queries, positives) rows of documents, ``PAD`` beyond the last: labelled and not taken away.
        promoted: Positives that labels added, by row of the pool.
        columns: (queries, count) columns of the pool, ``PAD`` beyond the last; best rank first.
        ranks: (queries, count) rank of each by the recipe's scorer; anything where there is padding.
        confirmed: (queries, count), True where a label says that the negative is one.
        counts: Numbers of everything; ``taken`` is the sum of what became of the taken candidates.
        changes: What labels changed, pair by pair, for people.
    """

    selection: Selection
    places: Ints
    positives: Ints
    promoted: Mapping[int, tuple[Positive, ...]]
    columns: Ints
    ranks: Ints
    confirmed: Bools
    counts: Mapping[str, int]
    changes: tuple[Change, ...]

    @property
    def pool(self) -> Pool:
        """Where the rows come from."""
        return self.selection.pool

    @property
    def dataset(self) -> Dataset:
        """Where the texts come from."""
        return self.selection.pool.dataset

    @property
    def count(self) -> int:
        """Negatives that the recipe wants for each query."""
        return self.selection.recipe.count

    @property
    def name(self) -> str:
        """Name of the dataset."""
        return self.dataset.name

    @property
    def miner(self) -> str:
        """Name of the recipe."""
        return self.selection.recipe.name

    def texts(self) -> Iterator[TextExample]:
        """Examples with their texts and ids, each seen to have no positive among its negatives, by id or by text.

        Raises:
            ExportError: If one has; nothing of an export is kept then.
        """
        for example in self:
            self._refuse_overlap(example)
            query = self.query(example.query)
            yield TextExample(
                query.text,
                tuple(self._positive(each) for each in example.positives),
                tuple(self._negative(each) for each in example.negatives),
                query.id,
                tuple(self.dataset.answers[example.query]),
            )

    def corpus(self) -> Iterator[TextDocument]:
        """Every document of the dataset, less those that a language model wrote and that are nobody's negative."""
        data = self.dataset
        unused = data.synthetic_ids - {row["document_id"] for row in self.synthetic()}
        columns = (data.documents[name].to_pylist() for name in ("id", "title", "text", "group"))
        for own, title, text, group in zip(*columns, strict=True):
            if own not in unused:
                yield TextDocument(text, title or "", own, group)

    def filling(self, example: TextExample, wanted: int) -> tuple[TextDocument, ...]:
        """Random documents that no retriever brought for the query, so that hardly any can answer it.

        The same for the same query and seed, whatever else is written.

        Args:
            example: What to fill.
            wanted: How many at most.
        """
        near = self._near(str(example.query_id))
        refused = {normalise(each.content) for each in (*example.positives, *example.negatives)}
        refused.add(normalise(example.query or ""))
        chance = Random(f"{self.selection.recipe.seed} {example.query_id}")
        found: list[TextDocument] = []
        for row in chance.sample(range(len(self.dataset.documents)), min(len(self.dataset.documents), LOOKED_AT)):
            document = self.document(row)
            form = normalise(document.content)
            if form and form not in refused and row not in near and document.id not in self.dataset.synthetic_ids:
                refused.add(form)
                found.append(TextDocument(document.text, document.title, document.id, backfilled=True))
            if len(found) == wanted:
                break
        return tuple(found)

    def _near(self, query: str) -> frozenset[int]:
        """Candidates and positives of a query, by its id."""
        place = self._place_of.get(query)
        if place is None:
            return frozenset()
        return frozenset((*self.pool.documents[place].tolist(), *self.pool.positives[place].tolist()))

    @cached_property
    def _place_of(self) -> dict[str, int]:
        """Row of the pool of each query that is written."""
        return {self.dataset.query_id(int(self.pool.queries[place])): place for place in self.places.tolist()}

    def _refuse_overlap(self, example: Example) -> None:
        positives = {positive.document for positive in example.positives}
        forms = frozenset[tuple[str, str]]().union(*(self.forms(row) for row in positives))
        for negative in example.negatives:
            if negative.document in positives or not forms.isdisjoint(self.forms(negative.document)):
                raise ExportError(
                    f"Query '{self.query(example.query).id}' has document '{self.document(negative.document).id}' "
                    "among its negatives, but that is one of its positives or has the same text, so nothing was "
                    "written; build the pool again, so that its leaks are flagged, and select again."
                )

    def _positive(self, each: Positive) -> TextDocument:
        document = self.document(each.document)
        return TextDocument(
            document.text, document.title, document.id, score=each.score, grade=each.grade, promoted=each.promoted
        )

    def _negative(self, each: Negative) -> TextDocument:
        document = self.document(each.document)
        return TextDocument(
            document.text, document.title, document.id, score=each.score, rank=each.rank, miner=self.miner,
            confirmed=each.confirmed, backfilled=each.backfilled,
        )  # fmt: skip

    def __len__(self) -> int:
        """Number of queries."""
        return len(self.places)

    def __iter__(self) -> Iterator[Example]:
        """Examples in order of the pool."""
        for row, place in enumerate(self.places.tolist()):
            yield Example(int(self.pool.queries[place]), self._positives(row, place), self._negatives(row, place))

    def _positives(self, row: int, place: int) -> tuple[Positive, ...]:
        scores = self.pool.positive_scores.get(self.selection.recipe.scorer)
        found = []
        for column in np.flatnonzero(np.not_equal(self.positives[row], PAD)).tolist():
            document = int(self.positives[row, column])
            score = None if scores is None else plain(scores[place, column])
            found.append(Positive(document, self._grade(int(self.pool.queries[place]), document), False, score))
        return (*found, *self.promoted.get(place, ()))

    def _negatives(self, row: int, place: int) -> tuple[Negative, ...]:
        scorer = self.selection.recipe.scorer
        scores, documents, padding = self.pool.score(scorer)[place], self.pool.documents[place], self.selection.padding
        return tuple(
            Negative(
                document=int(documents[column]),
                rank=int(rank),
                score=plain(scores[column]),
                confirmed=bool(confirmed),
                backfilled=padding is not None and bool(padding[place, column]),
            )
            for column, rank, confirmed in zip(
                self.columns[row].tolist(), self.ranks[row], self.confirmed[row], strict=True
            )
            if column != PAD
        )

    @property
    def backfilled(self) -> int:
        """Negatives that the recipe's steps did not choose: they only fill queries that would have had too few."""
        if self.selection.padding is None:
            return 0
        rows, places = np.nonzero(np.not_equal(self.columns, PAD))
        columns = self.columns[rows, places]
        return int(self.selection.padding[self.places[rows], columns].sum())

    def synthetic(self) -> Iterator[dict[str, str]]:
        """Negatives that a language model wrote: query_id, document_id and the document, for the list of an export."""
        written = self.dataset.synthetic_ids
        for example in self if written else ():
            for negative in example.negatives:
                document = self.document(negative.document)
                if document.id in written:
                    yield {
                        "query_id": self.query(example.query).id, "document_id": document.id,
                        "document": document.content,
                    }  # fmt: skip

    def _grade(self, query: int, document: int) -> int:
        """Grade of a labelled positive, 1 where the data gives none."""
        judged = self.dataset.positives
        low, high = np.searchsorted(judged.queries, [query, query + 1])
        at = low + np.searchsorted(judged.documents[low:high], document)
        return int(judged.grades[at]) if at < high and judged.documents[at] == document else 1

    def query(self, row: int) -> QueryText:
        """Id and text of a query row."""
        return QueryText(self.dataset.query_id(row), self.dataset.query_text(row))

    def document(self, row: int) -> DocumentText:
        """Id, title, text and content of a document row."""
        return self._recent(row)[0]

    def forms(self, row: int) -> Forms:
        """What a document's text is compared by; documents that share a form have the same text."""
        return self._recent(row)[1]

    @cached_property
    def _recent(self) -> Callable[[int], tuple[DocumentText, Forms]]:
        """Look-up of a document that keeps the last ones: each is asked for several times in a row."""
        data = self.dataset

        @lru_cache(maxsize=RECENT)
        def look_up(row: int) -> tuple[DocumentText, Forms]:
            title, text = data.document_title(row), data.document_text(row)
            document = DocumentText(data.document_id(row), title, text, f"{title} {text}".strip())
            return document, text_forms(document)

        return look_up


def plain(score: np.float32) -> float | None:
    """The shortest decimal that is this score: 0.41 and not 0.4099999964; None where unknown."""
    return float(str(score)) if np.isfinite(score) else None


def text_forms(document: DocumentText) -> Forms:
    """Normal forms of a document's content and of its text without title; blank ones are like nothing."""
    if is_blank(document.content):
        return frozenset()
    content = normalise(document.content)
    if not document.title:
        return frozenset((("content", content), ("text", content)))
    if is_blank(document.text):
        return frozenset((("content", content),))
    return frozenset((("content", content), ("text", normalise(document.text))))
