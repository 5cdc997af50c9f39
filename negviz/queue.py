"""Queue: which pairs a person is asked about, in which order and with what probability; and the walk through them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from negviz.arrays import Bools, Floats, Ints, Keys, frozen, mix, uniform
from negviz.pool import Anchor, Pool
from negviz.text import text_key

Cells: TypeAlias = npt.NDArray[np.int64]

MOST = 10_000
NOT_ASKED = -np.inf
RANDOM, WEIGHTED = "random", "random, weighted"
EVEN = 0.3
# Halving on would only make zeros of what waits at the end of a long list.
FARTHEST_PLACE = 40
# The order in which a weighted sample is asked must not be that of its draw, where the suspect come first.
ORDER_KEYS = np.uint64(0xC2B2AE3D27D4EB4F)


class Ranked(NamedTuple):
    """Candidates with their priority.

    Attributes:
        cells: (cells,) places in the flattened table of a pool.
        values: (cells,) priorities, larger is asked first.
    """

    cells: Cells
    values: Floats


@dataclass(frozen=True, eq=False)
class Queue:
    """Pairs to judge, the first first. It is fixed when it is made, so that a verdict moves no other pair.

    Attributes:
        order: What put the pairs in this order, as it is written into the labels.
        queries: (pairs,) rows of ``dataset.queries``.
        documents: (pairs,) rows of ``dataset.documents``.
        considered: Pairs that the order is about, those included that are labelled or beyond the end.
        labelled: How many of those were left out because they are labelled.
        probability: With what probability each pair came into the queue: one number, (pairs,) of them where the
            sample was weighted, None where no chance was involved.
    """

    order: str
    queries: Ints
    documents: Ints
    considered: int
    labelled: int
    probability: float | Floats | None = None

    def __post_init__(self) -> None:
        """Make the pairs read-only."""
        frozen(self.queries)
        frozen(self.documents)
        if isinstance(self.probability, np.ndarray):
            frozen(self.probability)

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

    def probability_of(self, query: int, document: int) -> float | None:
        """With what probability a pair came into the queue; None where that is unknown."""
        if not isinstance(self.probability, np.ndarray):
            return self.probability
        place = self.place_of(query, document)
        return None if place is None else float(self.probability[place])

    def then(self, places: Sequence[int], other: "Queue") -> "Queue":
        """Some of the pairs, followed by those of another queue that are not among them.

        Args:
            places: Which pairs stay in front, in order.
            other: What comes after; its order and counts are those of the result.
        """
        kept = np.asarray(places, dtype=np.int64)
        front = {self.pair(int(place)) for place in kept}
        rest = np.array([other.pair(place) not in front for place in range(len(other))], dtype=bool)
        return Queue(
            other.order,
            np.concatenate([self.queries[kept], other.queries[rest]]),
            np.concatenate([self.documents[kept], other.documents[rest]]),
            max(other.considered - other.labelled, int(rest.sum())) + len(kept),
            0,
        )

    def only(self, places: Iterable[int]) -> "Queue":
        """The pairs at some places, as a queue of its own in the same order."""
        kept = np.array(sorted(places), dtype=np.int64)
        chances = self.probability[kept] if isinstance(self.probability, np.ndarray) else self.probability
        return Queue(self.order, self.queries[kept], self.documents[kept], self.considered, self.labelled, chances)


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


def most_suspect(pool: Pool, probabilities: npt.NDArray[np.floating]) -> Floats:
    """Priority by the probability of being a false negative.

    Args:
        pool: Candidates.
        probabilities: (queries, depth) as a model of suspicion gives them, NaN where it says nothing.
    """
    return _among(pool.eligible, np.asarray(probabilities, dtype=np.float64))


def most_informative(pool: Pool, probabilities: npt.NDArray[np.floating]) -> Floats:
    """Priority by how little is known: the variance ``p (1 - p)`` of the answer, spread over queries.

    Answers about one query say much the same, so the variance is halved for every candidate of the query that is more
    uncertain: the second of one query waits for the first of another that is half as uncertain.

    Args:
        pool: Candidates.
        probabilities: (queries, depth) as a model of suspicion gives them, NaN where it says nothing.
    """
    variance = _among(pool.eligible, np.asarray(probabilities, dtype=np.float64))
    asked = np.isfinite(variance)
    variance = np.where(asked, variance, 0.0) * (1 - np.where(asked, variance, 0.0))
    # Ties go to the earlier column, which is the smaller document row.
    order = np.argsort(np.where(asked, -variance, np.inf), axis=1, kind="stable")
    place = np.argsort(order, axis=1, kind="stable")
    return np.asarray(np.where(asked, variance * 0.5 ** np.minimum(place, FARTHEST_PLACE), NOT_ASKED))


def scorers_differ(pool: Pool, first: str, second: str) -> Floats:
    """Priority by how differently two scorers place a candidate in its query's list, in doublings of the place.

    Place 1 against place 64 counts six, place 100 against place 200 counts one: the ends of a list are where training
    takes from, and its depth says little.

    Args:
        pool: Candidates.
        first: Name of a scorer.
        second: Name of another one.

    Returns:
        (queries, depth); ``NOT_ASKED`` for leaks and where either has no score.
    """
    known = np.isfinite(pool.score(first)) & np.isfinite(pool.score(second))
    apart = np.abs(np.log2((1.0 + pool.rank(first)) / (1.0 + pool.rank(second))))
    return _among(pool.eligible & known, apart)


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
    drawn, share = chance_at(pool, np.flatnonzero(taken), seed=seed, size=size)
    priority = np.full(taken.shape, NOT_ASKED)
    priority.ravel()[drawn.cells] = drawn.values
    return priority, share


def chance_at(pool: Pool, taken: Cells, *, seed: int, size: int) -> tuple[Ranked, float]:
    """``chance`` without a table of all candidates.

    Args:
        pool: Candidates.
        taken: (taken,) places, in the flattened table, of what a recipe took.
        seed: Another seed draws another sample.
        size: Wanted number of pairs.
    """
    noise = uniform(_keys_at(pool, taken), seed)
    total = len(taken)
    if total > size:
        drawn = np.flatnonzero(noise <= np.partition(noise, size - 1)[size - 1])
        taken, noise = taken[drawn], noise[drawn]
    return Ranked(taken, -noise), min(1.0, size / total) if total else 1.0


def weighted_chance(
    pool: Pool, taken: Bools, *, suspicion: npt.NDArray[np.floating], seed: int, size: int, even: float = EVEN
) -> tuple[Floats, Floats]:
    """Draw a random sample of the negatives taken in which the suspect are likelier, in random order.

    A false negative is rare, so that a sample in which more of them are tells the rate more closely; the estimate
    undoes the weights (Horvitz and Thompson). A negative of suspicion p is drawn in proportion to the spread of what
    a judge may say about it, as seen from the mean suspicion m: the root of ``p (1 - m)^2 + (1 - p) m^2``, which is
    the best choice where the suspicion is right. Since it may be wrong, a part of the sample is spread evenly, and no
    negative is less likely than ``even`` times its chance in a simple sample of that size.

    The scheme is Pareto sampling: a fixed size, noise that belongs to the pair, and inclusion probabilities that are
    those stated to well within a percent for samples of ten or more.

    Args:
        pool: Candidates.
        taken: (queries, depth) what a recipe took.
        suspicion: (queries, depth) probabilities of being a false negative; the mean stands in where NaN.
        seed: Another seed draws another sample.
        size: Wanted number of pairs.
        even: Part of the chances that is spread evenly, 0 to 1; 1 draws as ``chance`` does.

    Returns:
        (queries, depth) priorities, ``NOT_ASKED`` outside the sample; and (queries, depth) how likely each negative
        taken is in it, 0 elsewhere; their sum is the size of the sample.

    References:
        Rosén 1997, "On sampling with probability proportional to size" (Pareto); Särndal, Swensson and Wretman 1992,
        sections 3.6 and 12.2 (chances in proportion to the spread).
    """
    cells = np.flatnonzero(taken)
    known = np.asarray(suspicion, dtype=np.float64).ravel()[cells]
    drawn, share = weighted_chance_at(pool, cells, suspicion=known, seed=seed, size=size, even=even)
    priority, probability = np.full(taken.size, NOT_ASKED), np.zeros(taken.size)
    priority[drawn.cells], probability[cells] = drawn.values, share
    return priority.reshape(taken.shape), probability.reshape(taken.shape)


def weighted_chance_at(
    pool: Pool, taken: Cells, *, suspicion: Floats, seed: int, size: int, even: float = EVEN
) -> tuple[Ranked, Floats]:
    """``weighted_chance`` without a table of all candidates.

    Args:
        pool: Candidates.
        taken: (taken,) places, in the flattened table, of what a recipe took.
        suspicion: (taken,) probabilities of being a false negative; the mean stands in where NaN.
        seed: Another seed draws another sample.
        size: Wanted number of pairs.
        even: Part of the chances that is spread evenly.

    Returns:
        The sample, and (taken,) how likely each is in it.
    """
    share = _inclusion(_spread(suspicion, even), size)
    noise = uniform(_keys_at(pool, taken), seed)
    with np.errstate(divide="ignore"):
        ranking = np.where(share < 1, noise / (1 - noise) * (1 - share) / share, -1.0)
    drawn = taken[np.argsort(ranking, kind="stable")[:size]]
    return Ranked(drawn, uniform(_keys_at(pool, drawn) ^ ORDER_KEYS, seed)), share


def _keys_at(pool: Pool, cells: Cells) -> Keys:
    """(cells,) keys of the pairs at places of the flattened table; of these alone, where a pool has millions."""
    rows, columns = np.divmod(cells, max(pool.depth, 1))
    queries, documents = pool.dataset.id_keys
    return mix(mix(queries[pool.queries[rows]]) ^ documents[pool.documents[rows, columns]])


def _spread(suspicion: Floats, even: float) -> Floats:
    """(pairs,) chances before they are scaled to a size: by the spread of the answer, a part of them even."""
    known = np.isfinite(suspicion)
    mean = float(np.clip(suspicion[known], 0, 1).mean()) if known.any() else 0.5
    likely = np.where(known, np.clip(suspicion, 0, 1), mean)
    spread = np.sqrt(likely * (1 - mean) ** 2 + (1 - likely) * mean**2)
    usual = float(spread.mean()) if len(spread) else 1.0
    return np.asarray(even + (1 - even) * (spread / usual if usual > 0 else np.ones_like(spread)))


def _inclusion(chances: Floats, size: int) -> Floats:
    """(pairs,) inclusion probabilities in proportion to chances, 1 at most, that add up to the size."""
    if size >= len(chances):
        return np.ones(len(chances))
    sure = np.zeros(len(chances), dtype=bool)
    while True:
        left = np.where(sure, 0.0, chances)
        share = np.where(sure, 1.0, left * ((size - sure.sum()) / left.sum()))
        if not (share > 1).any():
            return np.asarray(share)
        sure |= share >= 1


def make_queue(
    pool: Pool,
    priority: Floats,
    labelled: Bools,
    *,
    order: str,
    probability: float | Floats | None = None,
    most: int = MOST,
) -> Queue:
    """Put the unlabelled candidates in order of priority; ties in order of query row and document id.

    Args:
        pool: Candidates.
        priority: (queries, depth), larger is asked first, ``NOT_ASKED`` never.
        labelled: (queries, depth), what needs no answer any more.
        order: Name of the order.
        probability: With what probability each pair came into the queue: one number, or (queries, depth) of them.
        most: Longest queue; a person labels hundreds, and sorting millions of the unlikely would serve nobody.
    """
    cells = np.flatnonzero(np.isfinite(priority))
    chances = probability.ravel()[cells] if isinstance(probability, np.ndarray) else probability
    return queue_at(pool, Ranked(cells, priority.ravel()[cells]), labelled, order=order, probability=chances, most=most)


def queue_at(
    pool: Pool, asked: Ranked, labelled: Bools, *, order: str, probability: float | Floats | None = None,
    most: int = MOST,
) -> Queue:  # fmt: skip
    """``make_queue`` without a table of all candidates.

    Args:
        pool: Candidates.
        asked: Those that the order is about.
        labelled: (queries, depth), what needs no answer any more.
        order: Name of the order.
        probability: With what probability each of them came into the queue: one number, or (cells,) of them.
        most: Longest queue.
    """
    waiting = ~labelled.ravel()[asked.cells]
    places = np.flatnonzero(waiting)
    values = asked.values[places]
    if len(places) > most:
        reach = np.partition(values, len(values) - most)[len(values) - most]
        places, values = places[values >= reach], values[values >= reach]
    # Cells ascend where priorities come from a table; those of a sample are put in that order for ties.
    ordered = np.lexsort((asked.cells[places], -values))[:most]
    places = places[ordered]
    cells = asked.cells[places]
    queries = np.asarray(pool.queries[cells // max(pool.depth, 1)], dtype=np.int32)
    documents = np.asarray(pool.documents[cells // max(pool.depth, 1), cells % max(pool.depth, 1)], dtype=np.int32)
    # A drawn sample is asked as it was drawn; elsewhere nobody judges the same two texts twice.
    first = (
        np.ones(len(cells), dtype=bool) if probability is not None else _first_of_its_texts(pool, queries, documents)
    )
    return Queue(
        order,
        queries[first],
        documents[first],
        considered=int(len(waiting) - (~first).sum()),
        labelled=int((~waiting).sum()),
        probability=probability[places[first]] if isinstance(probability, np.ndarray) else probability,
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
        front: First place that was neither answered nor skipped nor passed; those before it can be gone back to.
        skipped: Places that were passed over by the person and have no answer.
        passed: Places that somebody else has before them or has answered.
        done: Places that have an answer.
        aside: A pair outside of the queue that is on the screen instead.
    """

    queue: Queue
    place: int = 0
    front: int = 0
    skipped: set[int] = field(default_factory=set)
    passed: set[int] = field(default_factory=set)
    done: set[int] = field(default_factory=set)
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
    def at_start(self) -> bool:
        """Whether there is nothing to go back to."""
        return self.aside is None and self._before() is None

    @property
    def answered(self) -> int:
        """How many places have an answer."""
        return len(self.done)

    def waiting(self, count: int) -> list[int]:
        """The next places that wait for an answer, the one at the front first."""
        found: list[int] = []
        place = self.front
        while place < len(self.queue) and len(found) < count:
            if not self._closed(place):
                found.append(place)
            place += 1
        return found

    def answer(self, pair: tuple[int, int]) -> bool:
        """Go on after an answer; False, and nothing happens, where the pair is not the one on the screen.

        A press that was on its way while the screen changed comes with the pair that it was meant for, and is dropped.
        """
        if pair != self.current:
            return False
        self.settle([pair])
        self._go_on()
        return True

    def settle(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Take note of answers to several pairs at once, wherever in the queue they are."""
        at_front = self.at_front
        for pair in pairs:
            place = self.queue.place_of(*pair)
            if place is not None:
                self.done.add(place)
                self.skipped.discard(place)
                self.passed.discard(place)
        self._go_ahead()
        if at_front:
            self.place = self.front

    def skip(self, pair: tuple[int, int]) -> bool:
        """Pass over the pair on the screen; one that has an answer already keeps it."""
        if pair != self.current:
            return False
        if self.at_front:
            self.skipped.add(self.place)
        self._go_on()
        return True

    def skip_query(self, query: int) -> None:
        """Pass over every pair of a query that waits for an answer."""
        places = np.flatnonzero(self.queue.queries == query).tolist()
        self.skipped.update(place for place in places if place >= self.front and not self._closed(place))
        self._go_on()

    def pass_over(self, places: Iterable[int]) -> None:
        """Leave places to somebody else."""
        at_front = self.at_front
        self.passed.update(place for place in places if place not in self.done)
        self._go_ahead()
        if at_front:
            self.place = self.front

    def recall(self) -> None:
        """Ask again about what was left to others, since they may have given it back."""
        self.passed.clear()
        self.front = 0
        self._go_on()

    def _closed(self, place: int) -> bool:
        return place in self.done or place in self.skipped or place in self.passed

    def _go_ahead(self) -> None:
        """Move the front behind everything that does not wait."""
        while self.front < len(self.queue) and self._closed(self.front):
            self.front += 1

    def _go_on(self) -> None:
        self._go_ahead()
        self.aside = None
        self.place = self.front

    def _before(self) -> int | None:
        return next((place for place in range(self.place - 1, -1, -1) if place not in self.passed), None)

    def back(self) -> None:
        """Show the pair before; from aside, the queue again."""
        before = self._before()
        if self.aside is None and before is not None:
            self.place = before
        self.aside = None

    def forward(self) -> None:
        """Show the next pair, up to the first that waits for an answer."""
        if self.aside is None:
            after = range(self.place + 1, self.front + 1)
            self.place = next((place for place in after if place not in self.passed), self.front)
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
        self.forget([] if answered else [pair])
        self.visit(pair)

    def forget(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Take note that answers were taken back; what lies before the front counts as skipped."""
        for pair in pairs:
            place = self.queue.place_of(*pair)
            if place is not None:
                self.done.discard(place)
                if place < self.front:
                    self.skipped.add(place)

    def follow(self, queue: Queue, keep: int) -> None:
        """Go on in another order of what waits: what was seen stays, and the next pairs stay the next ones.

        Args:
            queue: The new order.
            keep: How many of the pairs that wait stay where they are, the one on the screen included.
        """
        coming = self.waiting(keep)
        last = coming[-1] + 1 if coming else len(self.queue)
        # What is closed behind those comes next, and is passed: nobody loses what they did.
        kept = [*range(last), *sorted(place for place in self.done | self.skipped | self.passed if place >= last)]
        moved = {place: new for new, place in enumerate(kept)}
        self.queue = self.queue.then(kept, queue)
        self.done, self.skipped, self.passed = (
            {moved[place] for place in places} for places in (self.done, self.skipped, self.passed)
        )

    def again(self) -> "Walk":
        """A walk through what was skipped."""
        return Walk(self.queue.only(self.skipped))
