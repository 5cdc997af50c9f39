"""The desk of the Label page: the queue at hand, the answers given, and which pairs nobody else is asked meanwhile."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, TypeAlias

import numpy as np
import streamlit as st

from negviz.errors import NegvizError
from negviz.labels import ADJUDICATION, LabelEvent, Labels, LabelStore, Verdict
from negviz.labels import Pair as Keys
from negviz.pool import Pool
from negviz.queue import Queue, Walk, make_queue
from negviz.select import resolved_knobs
from negviz.selection import Selection
from negviz.strategies import STRATEGIES
from negviz.suspicion import Suspicion, suspicion_model
from negviz.text import text_key
from negviz.ui import cache, jobs, state
from negviz.ui.frame import Workbench, stop_with
from negviz.ui.label_cards import Known, Pair
from negviz.ui.label_orders import (
    LEARNING,
    SAMPLES,
    Choice,
    Made,
    about_order,
    by_score,
    desk_bench,
    learned,
    lesson,
    make,
    step_before,
)
from negviz.ui.queue import FROM_MAP

DESK = "label.desk"
HISTORY = 10
LOOK_BACK = 60
# Of the pairs that wait, those that are asked for at the database at once, and how many of them are held.
WINDOW, HELD = 50, 2
BY_QUERY = "by query"
Answer: TypeAlias = tuple[Pair, LabelEvent]


class Extra(NamedTuple):
    """What goes with an answer."""

    note: str = ""
    grade: int | None = None


class Refit(NamedTuple):
    """What a fit in the background brings."""

    queue: Queue
    model: Suspicion


@dataclass
class Desk:
    """What lies in front of the person who labels; lives in the session, while the answers live in the database.

    Attributes:
        signature: What the queue was made from; another signature makes another queue.
        choice: The order.
        made: The queue as it was made.
        walk: The queue and the place in it.
        selection: The recipe's outcome when the queue was made, to show what it did with a candidate.
        annotator: Who labels.
        everybody: What counts for each pair of content keys, of all people; kept up while labelling.
        own: What this person said about each pair.
        about: What the order rests on now.
        model: The suspicion that is shown; made when it is first asked for where the order needs none.
        fitted: How many labels the order rests on, or will when the fit in the background has ended.
        part_of: How many queries the pool has of which some are looked at; None where all are.
        recent: This person's last answers about pairs of this data, newest first.
        extras: Notes and grades of pairs that have no answer yet.
        groups: Answers that were given at once, by the names of their events.
        claimed: Content keys of pairs that nobody else is asked about.
        ready: HTML of cards that were made before they are needed.
        saved: When the last answer was stored, for people.
        said: What happened last, in a sentence.
        error: Why the last answer was not stored.
        visits: Grows with every return to an earlier answer, so that the list of answers forgets its selection.
        job: The fit in the background.
    """

    signature: tuple[object, ...]
    choice: Choice
    made: Made
    walk: Walk
    selection: Selection
    annotator: str
    everybody: dict[Keys, LabelEvent]
    own: dict[Keys, LabelEvent]
    about: str = ""
    model: Suspicion | None = None
    fitted: int = 0
    part_of: int | None = None
    recent: list[Answer] = field(default_factory=list)
    extras: dict[Pair, Extra] = field(default_factory=dict)
    groups: list[frozenset[str]] = field(default_factory=list)
    claimed: set[Keys] = field(default_factory=set)
    ready: dict[object, str] = field(default_factory=dict)
    saved: str = ""
    said: str = ""
    error: str = ""
    visits: int = 0
    job: jobs.Job | None = None
    counts: Counter[Verdict] = field(default_factory=Counter)
    known_keys: dict[Pair, Keys] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Count what was said; counting thousands again after every answer would be felt."""
        self.counts.update(event.verdict for event in self.everybody.values() if event.verdict is not None)

    @property
    def pool(self) -> Pool:
        """Where the pairs come from."""
        return self.selection.pool

    @property
    def settles(self) -> bool:
        """Whether conflicts are settled here."""
        return self.choice.order == ADJUDICATION

    def keys(self, pair: Pair) -> Keys:
        """Content keys of a pair."""
        if pair not in self.known_keys:
            data = self.pool.dataset
            self.known_keys[pair] = text_key(data.query_text(pair[0])), text_key(data.content(pair[1]))
        return self.known_keys[pair]

    def answer_to(self, pair: Pair) -> LabelEvent | None:
        """What this person says of a pair."""
        return self.own.get(self.keys(pair))

    def extra(self, pair: Pair) -> Extra:
        """Note and grade of a pair: what was put down for its answer, else those of the answer."""
        answer = self.answer_to(pair)
        given = Extra(answer.note, answer.grade) if answer else Extra()
        return self.extras.get(pair, given)

    def known(self) -> Known:
        """What can be shown of a candidate besides its text; the suspicion is worked out when first asked for."""
        if self.model is None:
            self.model = cache.suspicion(self.pool, lesson(cache.labels()))
        knobs = {step.name: resolved_knobs(STRATEGIES, step) for step in self.selection.recipe.steps}
        return Known(self.selection, knobs, self.model)

    def note(self, event: LabelEvent) -> None:
        """Take note of an answer of this person."""
        old = self.everybody.get(event.pair)
        if old is not None and old.verdict is not None:
            self.counts[old.verdict] -= 1
        if event.verdict is not None:
            self.counts[event.verdict] += 1
        self.everybody[event.pair] = self.own[event.pair] = event


def desk_at_hand(bench: Workbench, choice: Choice) -> Desk:
    """The desk of this session; made anew only where pool, recipe, order, name or what was sent changed."""
    stamp = state.workspace().get("queue") if choice.order == FROM_MAP else None
    annotator, store = state.annotator(), label_store()
    signature = (bench.pool.fingerprint, bench.recipe.to_yaml(), choice, str(stamp), annotator, store.url)
    desk = st.session_state.get(DESK)
    if isinstance(desk, Desk) and desk.signature == signature:
        return desk
    if isinstance(desk, Desk):
        _let_go(store, desk)
    bench = desk_bench(bench, choice.order)
    # First, since a recipe that cannot run on this pool stops the page here, with its sentence.
    selection = bench.selection
    at_first = choice.order in LEARNING and bench.part_of is not None
    made = by_score(bench, choice, annotator) if at_first else make(bench, choice, annotator)
    desk = Desk(
        signature, choice, made, Walk(made.queue), selection, annotator, dict(bench.labels),
        dict(store.current(annotator)), made.about, made.model,
        # An order by score alone rests on no model, so that one is fitted at once, in the background.
        -1 if at_first else step_before(len(bench.labels)), bench.part_of,
    )  # fmt: skip
    desk.recent = recent_answers(store, bench.pool, annotator)
    st.session_state[DESK] = desk
    hold(desk)
    return desk


def label_store() -> LabelStore:
    """The label database; one that cannot be used stops the page with its sentence."""
    try:
        return cache.label_store()
    except NegvizError as error:
        stop_with(error)


def _let_go(store: LabelStore, desk: Desk) -> None:
    """Leave the pairs of a desk to others; where that fails the claims end by themselves."""
    try:
        store.release(desk.annotator)
    except NegvizError as error:
        desk.error = str(error)


def renew() -> None:
    """Forget the queue, so that the next run makes it from what is unlabelled now."""
    desk = st.session_state.pop(DESK, None)
    if isinstance(desk, Desk):
        _let_go(label_store(), desk)


def recent_answers(store: LabelStore, pool: Pool, annotator: str) -> list[Answer]:
    """A person's last answers about pairs of this data set, newest first, without those taken back."""
    past = store.history(LOOK_BACK, annotator)
    withdrawn = {event.withdraws for event in past}
    found: list[Answer] = []
    for event in past:
        if event.verdict is not None and event.event not in withdrawn:
            rows = Labels.of([event]).found(pool.dataset)
            found += [((query, document), event) for query, document, _ in rows[:1]]
    return found[:HISTORY]


def hold(desk: Desk) -> None:
    """See to it that nobody else is asked about the pair on the screen; what others have is passed over."""
    walk = desk.walk
    while walk.at_front and (pair := walk.current) is not None and desk.keys(pair) not in desk.claimed:
        if not _claim_next(desk):
            return


def look_ahead(desk: Desk) -> None:
    """Hold the next pair, too, so that no answer waits for it."""
    coming = [desk.walk.queue.pair(place) for place in desk.walk.waiting(HELD)]
    if desk.walk.at_front and any(desk.keys(pair) not in desk.claimed for pair in coming):
        _claim_next(desk)


def _claim_next(desk: Desk) -> bool:
    """Claim the next pairs that are free and pass over those before them; whether that could be done."""
    walk = desk.walk
    places = walk.waiting(WINDOW)
    keys = {place: desk.keys(walk.queue.pair(place)) for place in places}
    try:
        store = cache.label_store()
        got = store.claim(desk.annotator, list(keys.values()), most=HELD, double=desk.choice.double or desk.settles,
                          again=desk.made.again)  # fmt: skip
        got -= _drawn_meanwhile(desk, store, got & desk.made.again)
    except NegvizError as error:
        desk.error = str(error)
        return False
    last = max((place for place, key in keys.items() if key in got), default=places[-1] if places else -1)
    walk.pass_over([place for place, key in keys.items() if place <= last and key not in got])
    desk.claimed = got
    return True


def _drawn_meanwhile(desk: Desk, store: LabelStore, pairs: set[Keys]) -> set[Keys]:
    """Pairs of the sample that somebody else answered as such since the queue was made."""
    if desk.choice.double or desk.choice.order not in SAMPLES:
        return set()
    found = set()
    for query, document in pairs:
        drawn = Labels.of(store.events(query_key=query, document_key=document)).drawn.get((query, document))
        if drawn is not None and drawn.annotator != desk.annotator:
            store.release(desk.annotator, (query, document))
            found.add((query, document))
    return found


def claim_these(desk: Desk, pairs: Sequence[Pair]) -> set[Pair]:
    """Claim pairs outside of the order of the queue; those that nobody else has.

    Raises:
        NegvizError: If the database cannot be asked.
    """
    keys = {pair: desk.keys(pair) for pair in pairs}
    double = desk.choice.double or desk.settles
    got = cache.label_store().claim(desk.annotator, list(keys.values()), double=double, again=desk.made.again)
    desk.claimed |= got
    return {pair for pair, key in keys.items() if key in got}


def give_back(desk: Desk, pairs: Sequence[Pair]) -> None:
    """Leave skipped pairs to others."""
    try:
        for key in {desk.keys(pair) for pair in pairs} & desk.claimed:
            cache.label_store().release(desk.annotator, key)
            desk.claimed.discard(key)
    except NegvizError as error:
        desk.error = str(error)


def store_answers(desk: Desk, pairs: Sequence[Pair], verdict: Verdict) -> bool:
    """Write answers, all or none; only when they are on disk are they called saved."""
    try:
        events = cache.label_store().add([_event(desk, pair, verdict) for pair in pairs])
    except NegvizError as error:
        desk.error = str(error)
        return False
    for pair, event in zip(pairs, events, strict=True):
        desk.note(event)
        desk.extras.pop(pair, None)
        desk.claimed.discard(event.pair)
    asked = set(pairs)
    others = [answer for answer in desk.recent if answer[0] not in asked]
    desk.recent = [*reversed(list(zip(pairs, events, strict=True))), *others][: max(HISTORY, len(pairs))]
    if len(events) > 1:
        desk.groups.append(frozenset(event.event for event in events))
    desk.saved = datetime.now().astimezone().strftime("%H:%M:%S")
    return True


def _event(desk: Desk, pair: Pair, verdict: Verdict) -> LabelEvent:
    extra, queue = desk.extra(pair), desk.walk.queue
    earlier = desk.answer_to(pair)
    inside = queue.place_of(*pair) is not None
    # A corrected answer still came from the queue that first asked; a rate is estimated from random ones.
    source = earlier if earlier is not None and not inside else None
    asked_by = queue.order if inside or pair == desk.walk.current else BY_QUERY
    return LabelEvent.of(
        desk.pool.dataset,
        *pair,
        verdict,
        annotator=desk.annotator,
        note=extra.note,
        grade=extra.grade,
        queue=source.queue if source else asked_by,
        probability=source.probability if source else queue.probability_of(*pair) if inside else None,
    )


def take_back(desk: Desk) -> None:
    """Take the last answer back, or those that were given with it at once, and show its pair again."""
    store = cache.label_store()
    try:
        answers = recent_answers(store, desk.pool, desk.annotator)
        if not answers:
            desk.said = "There is no answer of yours to take back for this data."
            return
        pair, event = answers[0]
        group = next((names for names in desk.groups if event.event in names), frozenset({event.event}))
        mine = [answer for answer in desk.recent if answer[1].event in group] or [(pair, event)]
        store.withdraw([said for _, said in mine])
        for _, said in mine:
            _read_again(desk, said)
        desk.recent = recent_answers(store, desk.pool, desk.annotator)
        desk.groups = [names for names in desk.groups if names != group]
        _reopen(desk, [pair for pair, _ in mine])
    except NegvizError as error:
        desk.error = str(error)
        return
    old = desk.own.get(event.pair)
    desk.said = f"Took back: {event.verdict}." if len(mine) == 1 else f"Took back {len(mine)} answers: {event.verdict}."
    if len(mine) == 1 and old:
        desk.said += f" Your answer before counts again: {old.verdict}."


def _reopen(desk: Desk, pairs: Sequence[Pair]) -> None:
    unanswered = [pair for pair in pairs if desk.answer_to(pair) is None]
    desk.walk.forget(unanswered)
    if len(pairs) == 1:
        desk.walk.reopen(pairs[0], answered=not unanswered)
        desk.extras.pop(pairs[0], None)
    claim_these(desk, unanswered)


def _read_again(desk: Desk, event: LabelEvent) -> None:
    """Read from the database what counts for a pair now."""
    said = cache.label_store().events(query_key=event.query_key, document_key=event.document_key)
    for view, annotator in ((desk.everybody, None), (desk.own, desk.annotator)):
        now = Labels.of(said, annotator).get(event.pair)
        gone = view.pop(event.pair, None)
        if now is not None:
            view[event.pair] = now
        if annotator is None:
            desk.counts.subtract([gone.verdict] if gone is not None and gone.verdict else [])
            desk.counts.update([now.verdict] if now is not None and now.verdict else [])


def voices(desk: Desk, pair: Pair) -> Sequence[LabelEvent]:
    """What people said of a pair that is to be settled."""
    said: Mapping[Keys, tuple[LabelEvent, ...]] = desk.made.voices
    return said.get(desk.keys(pair), ()) if desk.settles else ()


def learn(desk: Desk) -> None:
    """Fit the suspicion anew in the background when there are enough new labels; take over what a fit has brought."""
    job = desk.job
    if job is not None and job.finished:
        desk.job = None
        if isinstance(job.result, Refit):
            desk.walk.follow(job.result.queue, HELD)
            desk.model, desk.about = job.result.model, about_order(job.result.model, desk.part_of)
            desk.ready.clear()
        elif job.error is not None:
            desk.said = f"The suspicion model could not learn: {job.message}"
    step = step_before(len(desk.everybody))
    if desk.job is None and step > desk.fitted and desk.choice.order in LEARNING:
        desk.fitted = step
        desk.job = jobs.start("Suspicion learns from your answers", _fit(desk), kind="label.fit")


def _fit(desk: Desk) -> Callable[[jobs.Job], Refit]:
    """The work of a fit; it must not look at the desk, which goes on meanwhile."""
    store, pool, choice, annotator = cache.label_store(), desk.pool, desk.choice, desk.annotator

    def work(_: jobs.Job) -> Refit:
        labels = store.current()
        model = suspicion_model(pool, lesson(labels))
        priority = learned(choice.order, pool, cache.probabilities(model))
        answered = np.greater((store.current(annotator) if choice.double else labels).align(pool), 0)
        return Refit(make_queue(pool, priority, answered, order=choice.order), model)

    return work
