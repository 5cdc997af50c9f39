"""Queue: which pairs a person is asked about, in which order and with what probability; and the walk through them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from negviz.arrays import Bools, Floats, Ints, frozen, uniform
from negviz.pool import Anchor, Pool
from negviz.text import text_key

MOST = 10_000
NOT_ASKED = -np.inf


@dataclass(frozen=True, eq=False)
class Queue:
    """Pairs to judge, the first first. It is fixed when it is made, so that a verdict moves no other pair.

    Attributes:
        order: What put the pairs in this order, as it is written into the labels.
        queries: (pairs,) rows of ``dataset.queries``.
        documents: (pairs,) rows of ``dataset.documents``.
        considered: Pairs that the order is about, those included that are labelled or beyond the end.
        labelled: How many of those were left out because they are labelled.
        probability: With what probability each pair came into the queue; None where no chance was involved.
    """

    order: str
    queries: Ints
    documents: Ints
    considered: int
    labelled: int
    probability: float | None = None

    def __post_init__(self) -> None:
        """Make the pairs read-only."""
        frozen(self.queries)
        frozen(self.documents)

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.queries)

    def pair(self, place: int) -> tuple[int, int]:
        """Query row and document row at a place."""
        return int(self.queries[place]), int(self.documents[place])

    def place_of(self, query: int, document: int) -> int | None:
        """Place of a pair, None where it is not in the queue."""
        found = np.flatnonzero((self.queries == query) & (self.documents == document))
        return int(found[0]) if len(found) else None

    def only(self, places: Iterable[int]) -> "Queue":
        """The pairs at some places, as a queue of its own in the same order."""
        kept = np.array(sorted(places), dtype=np.int64)
        return Queue(
            self.order, self.queries[kept], self.documents[kept], self.considered, self.labelled, self.probability
        )


def suspicion(pool: Pool, *, scorer: str, anchor: Anchor) -> Floats:
    """Priority by score minus the positive's score: who scores above the labelled answer may well be one too.

    Args:
        pool: Candidates.
        scorer: Whose scores are compared.
        anchor: Which positive is compared with.

    Returns:
        (queries, depth); ``NOT_ASKED`` for leaks and where a score is unknown.
    """
    ahead = pool.score(scorer).astype(np.float64) - pool.anchor(scorer, anchor)[:, None]
    return _among(pool.eligible, ahead)


def nearness(pool: Pool, distance: Floats) -> Floats:
    """Priority by nearness to a threshold, on either side.

    Args:
        pool: Candidates.
        distance: (queries, depth) to the threshold, NaN where unknown.

    Returns:
        (queries, depth); ``NOT_ASKED`` for leaks and where the distance is unknown.
    """
    return _among(pool.eligible, -np.abs(distance))


def taken_first(pool: Pool, taken: Bools, *, scorer: str, anchor: Anchor) -> Floats:
    """Priority among the negatives taken: the hardest first, those of unknown score last.

    Args:
        pool: Candidates.
        taken: (queries, depth) what a recipe took.
        scorer: Whose scores tell how hard a negative is.
        anchor: Which positive is compared with.
    """
    priority = suspicion(pool, scorer=scorer, anchor=anchor)
    lowest = float(priority[np.isfinite(priority)].min(initial=0.0)) - 1.0
    return np.asarray(np.where(taken, np.where(np.isfinite(priority), priority, lowest), NOT_ASKED))


def chance(pool: Pool, taken: Bools, *, seed: int, size: int) -> tuple[Floats, float]:
    """Draw a simple random sample of the negatives taken, in random order: what a rate can be estimated from.

    The noise belongs to the pair, so the sample stays nearly the same when a few negatives come or go.

    Args:
        pool: Candidates.
        taken: (queries, depth) what a recipe took.
        seed: Another seed draws another sample.
        size: Wanted number of pairs.

    Returns:
        (queries, depth) priorities, ``NOT_ASKED`` outside the sample; and how likely each negative taken is in it.
    """
    noise = np.where(taken, uniform(pool.pair_keys, seed), np.inf)
    total = int(taken.sum())
    if total > size:
        last = np.partition(noise.ravel(), size - 1)[size - 1]
        noise = np.where(noise <= last, noise, np.inf)
    return np.asarray(-noise), min(1.0, size / total) if total else 1.0


def make_queue(
    pool: Pool, priority: Floats, labelled: Bools, *, order: str, probability: float | None = None, most: int = MOST
) -> Queue:
    """Put the unlabelled candidates in order of priority; ties in order of query row and document id.

    Args:
        pool: Candidates.
        priority: (queries, depth), larger is asked first, ``NOT_ASKED`` never.
        labelled: (queries, depth), what needs no answer any more.
        order: Name of the order.
        probability: With what probability each pair came into the queue.
        most: Longest queue; a person labels hundreds, and sorting millions of the unlikely would serve nobody.
    """
    asked = np.isfinite(priority)
    waiting = asked & ~labelled
    cells = np.flatnonzero(waiting)
    values = priority.ravel()[cells]
    if len(cells) > most:
        reach = np.partition(values, len(values) - most)[len(values) - most]
        cells, values = cells[values >= reach], values[values >= reach]
    cells = cells[np.argsort(-values, kind="stable")][:most]
    queries = np.asarray(pool.queries[cells // pool.depth], dtype=np.int32)
    documents = np.asarray(pool.documents.ravel()[cells], dtype=np.int32)
    # A drawn sample is asked as it was drawn; elsewhere nobody judges the same two texts twice.
    first = (
        np.ones(len(cells), dtype=bool) if probability is not None else _first_of_its_texts(pool, queries, documents)
    )
    return Queue(
        order,
        queries[first],
        documents[first],
        considered=int(asked.sum() - (~first).sum()),
        labelled=int((asked & labelled).sum()),
        probability=probability,
    )


def _first_of_its_texts(pool: Pool, queries: Ints, documents: Ints) -> Bools:
    """(pairs,), False where an earlier pair has the same texts, since one answer counts for both."""
    data = pool.dataset
    query_keys = {row: text_key(data.query_text(row)) for row in np.unique(queries).tolist()}
    document_keys = {row: text_key(data.content(row)) for row in np.unique(documents).tolist()}
    first, seen = np.ones(len(queries), dtype=bool), set()
    for place, (query, document) in enumerate(zip(queries.tolist(), documents.tolist(), strict=True)):
        pair = query_keys[query], document_keys[document]
        first[place] = pair not in seen
        seen.add(pair)
    return first


def queue_of_pairs(pairs: npt.NDArray[np.integer], labelled: Bools, *, order: str) -> Queue:
    """Queue of given pairs, in their order.

    Args:
        pairs: (pairs, 2) query rows and document rows.
        labelled: (pairs,), what needs no answer any more.
        order: Name of the order.
    """
    waiting = np.asarray(pairs[~labelled], dtype=np.int32).reshape(-1, 2)
    queries, documents = (np.ascontiguousarray(waiting[:MOST, side]) for side in range(2))
    return Queue(order, queries, documents, considered=len(pairs), labelled=int(labelled.sum()))


def _among(asked: Bools, values: Floats) -> Floats:
    return np.asarray(np.where(asked & np.isfinite(values), values, NOT_ASKED))


@dataclass
class Walk:
    """Where a person is in a queue: on a place of it, or aside on a pair that they went back to.

    Attributes:
        queue: What is walked through.
        place: Place that is on the screen.
        front: First place that was neither answered nor skipped; everything before it can be gone back to.
        skipped: Places that were passed over and have no answer.
        aside: A pair outside of the queue that is on the screen instead.
    """

    queue: Queue
    place: int = 0
    front: int = 0
    skipped: set[int] = field(default_factory=set)
    aside: tuple[int, int] | None = None

    @property
    def current(self) -> tuple[int, int] | None:
        """Query row and document row on the screen; None behind the end."""
        if self.aside is not None:
            return self.aside
        return self.queue.pair(self.place) if self.place < len(self.queue) else None

    @property
    def at_front(self) -> bool:
        """Whether the pair on the screen is the next one that waits for an answer."""
        return self.aside is None and self.place == self.front

    @property
    def answered(self) -> int:
        """Places that have an answer."""
        return self.front - len(self.skipped)

    def answer(self, pair: tuple[int, int]) -> bool:
        """Go on after an answer; False, and nothing happens, where the pair is not the one on the screen.

        A press that was on its way while the screen changed comes with the pair that it was meant for, and is dropped.
        """
        if pair != self.current:
            return False
        if self.aside is None:
            self.skipped.discard(self.place)
        self._go_on()
        return True

    def skip(self, pair: tuple[int, int]) -> bool:
        """Pass over the pair on the screen; one that has an answer already keeps it."""
        if pair != self.current:
            return False
        if self.at_front:
            self.skipped.add(self.place)
        self._go_on()
        return True

    def _go_on(self) -> None:
        if self.at_front:
            self.front += 1
        self.aside = None
        self.place = self.front

    def back(self) -> None:
        """Show the pair before; from aside, the queue again."""
        if self.aside is None:
            self.place = max(self.place - 1, 0)
        self.aside = None

    def forward(self) -> None:
        """Show the next pair, up to the first that waits for an answer."""
        if self.aside is None:
            self.place = min(self.place + 1, self.front)
        self.aside = None

    def visit(self, pair: tuple[int, int]) -> None:
        """Show a pair again, wherever it came from; the answer leads back to where the person was."""
        place = self.queue.place_of(*pair)
        known = place is not None and place <= self.front
        self.aside = None if known else pair
        self.place = place if known and place is not None else self.front

    def reopen(self, pair: tuple[int, int], *, answered: bool = False) -> None:
        """Show a pair whose answer was taken back; without an answer from before it counts as skipped until it has one.

        Args:
            pair: Query row and document row.
            answered: Whether an earlier answer counts again.
        """
        self.visit(pair)
        if self.aside is None and self.place < self.front and not answered:
            self.skipped.add(self.place)

    def again(self) -> "Walk":
        """A walk through what was skipped."""
        return Walk(self.queue.only(self.skipped))
