"""The labelling queue of the dashboard: which order, made once, kept while answers come in."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import streamlit as st

from negviz.arrays import Bools, Floats
from negviz.diagnostics.limits import limits
from negviz.diagnostics.threshold_distance import threshold_distance
from negviz.home import home_folder
from negviz.labels import LabelEvent, Labels, LabelStore, Pair, Verdict
from negviz.pool import Pool
from negviz.queue import Queue, Walk, chance, make_queue, nearness, queue_of_pairs, suspicion, taken_first
from negviz.select import resolved_knobs
from negviz.selection import Selection
from negviz.strategies import STRATEGIES
from negviz.ui import cache, state
from negviz.ui.frame import Workbench
from negviz.writing import file_written_beside

SUSPECT, NEAR, TAKEN, RANDOM, FROM_MAP = "most suspect", "near the threshold", "taken first", "random", "map selection"
ORDERS = {
    SUSPECT: "Highest score compared with the labelled positive first, leaks left out. A candidate that scores above "
    "the positive often answers the query too. No model of suspicion is involved, only the scorer of your recipe.",
    NEAR: "Closest to a limit of your recipe first, on either side. These answers tell whether the threshold is right.",
    TAKEN: "Only what your recipe takes as a negative, the hardest first. The model would be trained on these.",
    RANDOM: "A simple random sample of the negatives taken. The only order from which a false-negative rate can be "
    "estimated without bias, so pairs that were answered in another order come again.",
    FROM_MAP: "Pairs that you sent here: a candidate from Mine, pairs on which two recipes differ from Compare, or a "
    "selection from Map. Sending others replaces them.",
}
DESK = "label.desk"
HISTORY = 10
LOOK_BACK = 60
Answer: TypeAlias = tuple[tuple[int, int], LabelEvent]


@dataclass
class Desk:
    """What lies in front of the person who labels; lives in the session, while the answers live in the database.

    Attributes:
        signature: What the queue was made from; another signature makes another queue.
        walk: The queue and the place in it.
        selection: The recipe's outcome when the queue was made, to show what it did with a candidate.
        annotator: Who labels.
        everybody: What counts for each pair of content keys, of all people; kept up while labelling.
        own: What this person said about each pair.
        recent: This person's last answers about pairs of this data, newest first.
        saved: When the last answer was stored, for people.
        said: What happened last, in a sentence.
        error: Why the last answer was not stored.
        visits: Grows with every return to an earlier answer, so that the list of answers forgets its selection.
    """

    signature: tuple[object, ...]
    walk: Walk
    selection: Selection
    annotator: str
    everybody: dict[Pair, LabelEvent]
    own: dict[Pair, LabelEvent]
    recent: list[Answer] = field(default_factory=list)
    saved: str = ""
    said: str = ""
    error: str = ""
    visits: int = 0

    @property
    def counts(self) -> Counter[Verdict]:
        """Number of pairs with each verdict."""
        return Counter(event.verdict for event in self.everybody.values() if event.verdict is not None)


def choose_order(bench: Workbench) -> tuple[str, int, int]:
    """Controls for the order of the queue.

    Returns:
        The order, and for a random sample its size and seed.
    """
    stored = str(state.workspace().get("label_order") or SUSPECT)
    order = st.segmented_control(
        "Order of the queue",
        list(ORDERS),
        default=stored if stored in ORDERS else SUSPECT,
        format_func=title_of,
        required=True,
        wrap=True,
        key="label.order",
        on_change=_remember_order,
        help="The queue holds unlabelled pairs only. It is made once and stays as it is while you answer; choosing "
        "another order, recipe or pool makes a new one.",
    )
    order = order or SUSPECT
    st.caption(_in_words(bench, order))
    if order != RANDOM:
        return order, 0, 0
    with st.container(horizontal=True):
        size = st.number_input("Sample size", 10, 10_000, 300, 10, key="label.size", width=160, persist_state="session",
                               help="How many negatives to draw; 300 give a 95 % interval of about ±3 points at a rate "
                               "of 7 %.")  # fmt: skip
        seed = st.number_input("Seed", 0, 2**31, 0, 1, key="label.seed", width=160, persist_state="session",
                               help="The same seed draws the same sample.")  # fmt: skip
    return order, int(size or 300), int(seed or 0)


def title_of(order: str) -> str:
    """What an order is called on the screen; the label database keeps the older name of what was sent."""
    return "Sent here" if order == FROM_MAP else order.capitalize()


def _remember_order() -> None:
    state.remember(label_order=st.session_state["label.order"])


def _in_words(bench: Workbench, order: str) -> str:
    if order == SUSPECT:
        return ORDERS[order] + f" Scorer: {bench.recipe.scorer}."
    return ORDERS[order]


def desk_at_hand(bench: Workbench, order: str, size: int, seed: int) -> Desk:
    """The desk of this session; made anew only where pool, recipe, order or the map's selection changed."""
    stamp = state.workspace().get("queue") if order == FROM_MAP else None
    annotator = state.annotator()
    signature = (bench.pool.fingerprint, bench.recipe.to_yaml(), order, size, seed, str(stamp), annotator)
    desk = st.session_state.get(DESK)
    if not isinstance(desk, Desk) or desk.signature != signature:
        # First, since a recipe that cannot run on this pool stops the page here, with its sentence.
        selection = bench.selection
        queue = _make(bench, order, size, seed)
        store = cache.label_store()
        own = dict(store.current(annotator))
        desk = Desk(signature, Walk(queue), selection, annotator, dict(bench.labels), own)
        desk.recent = recent_answers(store, bench.pool, annotator)
        st.session_state[DESK] = desk
    return desk


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


def renew() -> None:
    """Forget the queue, so that the next run makes it from what is unlabelled now."""
    st.session_state.pop(DESK, None)


def _make(bench: Workbench, order: str, size: int, seed: int) -> Queue:
    pool, recipe, labels = bench.selection.pool, bench.recipe, bench.labels
    if order == FROM_MAP:
        pairs = map_pairs(pool)
        answered = np.greater(labels.align_pairs(pool.dataset, pairs[:, 0], pairs[:, 1]), 0)
        if len(pairs) == 1:
            # Somebody chose this very pair, so an answer from before is what they want to see.
            answered[:] = False
        return queue_of_pairs(pairs, answered, order=order)
    labelled = np.greater(labels.align(pool), 0)
    if order == RANDOM:
        priority, probability = chance(pool, bench.selection.taken, seed=seed, size=size)
        return make_queue(pool, priority, _drawn_before(labels, pool), order=order, probability=probability)
    make: dict[str, Callable[[], Floats]] = {
        SUSPECT: lambda: suspicion(pool, scorer=recipe.scorer, anchor=recipe.anchor),
        NEAR: lambda: nearness(pool, distance_to_limits(bench.selection)),
        TAKEN: lambda: taken_first(pool, bench.selection.taken, scorer=recipe.scorer, anchor=recipe.anchor),
    }
    return make_queue(pool, make[order](), labelled, order=order)


def _drawn_before(labels: Labels, pool: Pool) -> Bools:
    """(queries, depth), True for pairs that were answered as part of a random sample."""
    drawn = {pair: event for pair, event in labels.items() if event.queue == RANDOM}
    return np.asarray(np.greater(Labels(drawn, {}).align(pool), 0))


def distance_to_limits(selection: Selection) -> Floats:
    """(queries, depth) distance to the nearest limit of the recipe in score units, NaN where there is none.

    Limits on ranks count only where the recipe has none on scores, since the two have no common unit.
    """
    pool, recipe = selection.pool, selection.recipe
    positive = pool.anchor(recipe.scorer, recipe.anchor)
    found: dict[bool, list[Floats]] = {True: [], False: []}
    for step in recipe.steps:
        knobs = resolved_knobs(STRATEGIES, step)
        distance = threshold_distance(selection, step.name, knobs)
        if distance is not None:
            on_ranks = limits(step.strategy, knobs, positive)[0].axis == "rank"
            found[on_ranks].append(np.abs(distance))
    layers = found[False] or found[True]
    if not layers:
        return np.full(pool.documents.shape, np.nan)
    return np.asarray(np.fmin.reduce(layers))


def _map_file() -> Path:
    return home_folder() / "queues" / "map.npy"


def send_from_map(pool: Pool, pairs: npt.NDArray[np.integer], about: str) -> None:
    """Keep pairs marked on the map as the queue ``map selection``, on disk, and choose that order.

    Args:
        pool: Where the pairs come from.
        pairs: (pairs, 2) query rows and document rows.
        about: What was marked, for people.
    """
    with file_written_beside(_map_file()) as beside:
        np.save(beside, pairs.astype(np.int32), allow_pickle=False)
    stamp = _map_file().stat().st_mtime_ns
    sent = {"dataset": pool.dataset.fingerprint, "count": len(pairs), "about": about, "stamp": stamp}
    state.remember(queue=sent, label_order=FROM_MAP)
    st.session_state.pop("label.order", None)


def map_pairs(pool: Pool) -> npt.NDArray[np.int32]:
    """(pairs, 2) what was marked on the map; nothing where that was another data set."""
    nothing = np.zeros((0, 2), dtype=np.int32)
    sent = state.workspace().get("queue")
    if not isinstance(sent, dict) or sent.get("dataset") != pool.dataset.fingerprint:
        return nothing
    try:
        pairs = np.load(_map_file(), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return nothing
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        return nothing
    rows = (len(pool.dataset.queries), len(pool.dataset.documents))
    return np.asarray(pairs[((pairs >= 0) & (pairs < rows)).all(axis=1)], dtype=np.int32)


def why_empty(queue: Queue, order: str) -> tuple[str, str]:
    """Why a queue has no pair, and what to do about it."""
    if queue.considered and queue.labelled:
        return (
            f"All {queue.considered:,} pairs of this order are labelled.",
            "Choose another order, or export what you have.",
        )
    return {
        SUSPECT: ("No candidate has a score that can be compared with its query's positive.",
                  "Choose a recipe with another scorer, or load data with labelled positives."),
        NEAR: ("Your recipe has no limit on scores or ranks, so nothing is near one.",
               "Choose a recipe with a threshold on the Mine page, or another order."),
        TAKEN: ("Your recipe takes no negative from this pool.",
                "Loosen it on the Mine page, or choose another order."),
        RANDOM: ("Your recipe takes no negative from this pool, so there is nothing to draw.",
                 "Loosen it on the Mine page, or choose another order."),
        FROM_MAP: ("Nothing was sent here for this data.",
                   "Send pairs from Map, Compare or Mine, or choose another order."),
    }[order]  # fmt: skip
