"""The orders of the Label page: which pairs are asked about, in which order, and what that rests on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from negviz.arrays import PAD, Floats, Scores
from negviz.diagnostics.limits import limits
from negviz.diagnostics.threshold_distance import threshold_distance
from negviz.errors import MissingInputError
from negviz.labels import ADJUDICATION, LabelEvent, Labels, Pair, Verdict
from negviz.pool import Pool
from negviz.queue import (
    NOT_ASKED,
    RANDOM,
    WEIGHTED,
    Cells,
    Queue,
    chance_at,
    make_queue,
    most_informative,
    most_suspect,
    nearness,
    queue_at,
    queue_of_pairs,
    scorers_differ,
    taken_first,
    weighted_chance_at,
)
from negviz.queue import suspicion as ahead_of_positive
from negviz.select import resolved_knobs
from negviz.selection import Selection
from negviz.strategies import STRATEGIES
from negviz.suspicion import Suspicion
from negviz.taken_pairs import columns_of, pairs_of, taken_keys
from negviz.ui import cache, counting, state
from negviz.ui.comparing_choice import AT_HAND, options_of
from negviz.ui.frame import Workbench
from negviz.ui.queue import FROM_MAP, ORDER, map_pairs

SUSPECT, INFORMATIVE, NEAR, TAKEN = "most suspect", "most informative", "near the threshold", "taken first"
SCORERS, RECIPES, UNSURE = "scorers differ", "recipes differ", "unsure"
ORDERS = {
    SUSPECT: "The likeliest false negatives first, as the suspicion model sees them: the quickest way to find many.",
    INFORMATIVE: "Where the suspicion model is least sure, spread over queries: these answers teach it most.",
    RANDOM: "A simple random sample of the negatives that your recipe takes. A false-negative rate is estimated from "
    "it without bias, so pairs that were answered in another order come again.",
    WEIGHTED: "A random sample in which the suspect are likelier, with the probability of each recorded: the rate is "
    "estimated from fewer answers than from a simple sample.",
    SCORERS: "Candidates that two scorers place most differently, counted in doublings of the place.",
    RECIPES: "Pairs that one of two recipes takes and the other does not, the most suspect first.",
    NEAR: "Closest to a limit of your recipe first, on either side. These answers tell whether the threshold is right.",
    TAKEN: "Only what your recipe takes as a negative, the hardest first. The model would be trained on these.",
    FROM_MAP: "Pairs that you sent here: a candidate from Mine, pairs on which two recipes differ from Compare, or a "
    "selection from Map or Thresholds. Sending others replaces them.",
    UNSURE: "Pairs of which a colleague could not tell, for you to decide.",
    ADJUDICATION: "Pairs on which people differ. What you say of them stands over the others.",
}
TITLES = {RANDOM: "Random sample", WEIGHTED: "Random sample, weighted by suspicion", FROM_MAP: "Sent here",
          SCORERS: "Two scorers differ", RECIPES: "Two recipes differ", UNSURE: "A colleague is unsure",
          ADJUDICATION: "Conflicts: people differ"}  # fmt: skip
# Labels of a collection below which the prior alone gives the better order, or none that is worth its changes.
FEWEST = 20
LEARNING = (SUSPECT, INFORMATIVE)
SAMPLES = (RANDOM, WEIGHTED)
# Pairs of a first order that another follows within seconds.
AT_FIRST = 1_000
# Orders that are about what colleagues said.
TEAM = (UNSURE, ADJUDICATION)
NO_LABELS = Labels.of(())
DOUBLE = "label.double"
FIRST_CONFLICT = "label.conflict.first"


@dataclass(frozen=True)
class Choice:
    """What somebody chose to be asked about.

    Attributes:
        order: Name of the order, as it is written into labels.
        size: Of a random sample.
        seed: Of a random sample.
        first: The first of two scorers or recipes.
        second: The second.
        double: Whether a second opinion is asked for: what colleagues answered or have before them comes, too.
    """

    order: str
    size: int = 0
    seed: int = 0
    first: str = ""
    second: str = ""
    double: bool = False


@dataclass(frozen=True)
class Made:
    """A queue and what belongs to it.

    Attributes:
        queue: The pairs.
        about: What the order rests on, for people; empty where that is plain.
        model: The suspicion that it rests on.
        again: Pairs that come although others answered them, as parts of a sample.
        voices: What people said of each pair that they differ on.
        problem: Why nothing could be made.
    """

    queue: Queue
    about: str = ""
    model: Suspicion | None = None
    again: frozenset[Pair] = frozenset()
    voices: Mapping[Pair, tuple[LabelEvent, ...]] = field(default_factory=dict)
    problem: str = ""


def title_of(order: str) -> str:
    """What an order is called on the screen."""
    return TITLES.get(order, order.capitalize())


def choose_order() -> str:
    """Controls for the order of the queue."""
    stored = str(state.workspace().get("label_order") or SUSPECT)
    names = list(ORDERS)
    return st.selectbox(
        "Order of the queue", names, index=names.index(stored) if stored in ORDERS else 0, format_func=title_of,
        key=ORDER, on_change=_remember_order, filter_mode=None, width=330,
        help="The queue holds pairs that nobody has answered. It is made once and stays while you answer; in the first "
        "two orders the suspicion model learns from your answers, and what waits is put in its new order.",
    ) or SUSPECT  # fmt: skip


def settings(bench: Workbench, order: str) -> Choice:
    """What the order is, and the settings that it has."""
    st.caption(ORDERS[order])
    pair = _sample_size(order) or _two(bench, order) or (0, 0, "", "")
    return Choice(order, *pair, double=bool(st.session_state.get(DOUBLE)) and order not in TEAM)


def _remember_order() -> None:
    state.remember(label_order=st.session_state[ORDER])


def _sample_size(order: str) -> tuple[int, int, str, str] | None:
    if order not in SAMPLES:
        return None
    with st.container(horizontal=True):
        size = st.number_input("Sample size", 10, 10_000, 300, 10, key="label.size", width=160, persist_state="session",
                               help="How many negatives to draw; 300 of a simple sample give a 95 % interval of about "
                               "±3 points at a rate of 7 %.")  # fmt: skip
        seed = st.number_input("Seed", 0, 2**31, 0, 1, key="label.seed", width=160, persist_state="session",
                               help="The same seed draws the same sample.")  # fmt: skip
    return int(size or 300), int(seed or 0), "", ""


def _two(bench: Workbench, order: str) -> tuple[int, int, str, str] | None:
    """Two scorers, two recipes, or the conflict that comes first."""
    if order == ADJUDICATION:
        return 0, 0, str(st.session_state.get(FIRST_CONFLICT, "")), ""
    if order == SCORERS:
        titles = {name: name for name in sorted(bench.selection.pool.scores)}
        usual = bench.recipe.scorer
    elif order == RECIPES:
        titles = dict(options_of(bench.pool).titles)
        usual = AT_HAND
    else:
        return None
    names = list(titles)
    if len(names) < 2:
        return 0, 0, "", ""
    with st.container(horizontal=True):
        at = names.index(usual) if usual in names else 0
        first = st.selectbox("One", names, index=at, key=f"label.{order}.first", format_func=titles.__getitem__,
                             persist_state="session", width=320)  # fmt: skip
        rest = [name for name in names if name != first]
        second = st.selectbox("The other", rest, key=f"label.{order}.second", format_func=titles.__getitem__,
                              persist_state="session", width=320)  # fmt: skip
    return 0, 0, str(first), str(second)


def second_opinion(order: str) -> None:
    """Whether pairs come that a colleague has answered or has before them."""
    st.toggle(
        "Second opinion", key=DOUBLE, persist_state="session", disabled=order in TEAM,
        help="Off: nobody is asked what a colleague has answered or has on the screen. On: you are asked about such "
        "pairs, too, so that your agreement can be measured.",
    )  # fmt: skip


def desk_bench(bench: Workbench, order: str) -> Workbench:
    """What an order is made from: of a large pool some queries, except for samples and for pairs that people named."""
    if not counting.is_large(bench.pool) or order not in {*LEARNING, NEAR, TAKEN, SCORERS, RECIPES}:
        return bench
    some = counting.look_of(bench.pool)
    return Workbench(some, bench.recipe, len(bench.pool))


def by_score(bench: Workbench, choice: Choice, annotator: str) -> Made:
    """Pairs by how far they score above the labelled positive, until suspicion has looked at them.

    Args:
        bench: Some queries of a large pool.
        choice: The order that is asked for.
        annotator: Who will be asked.
    """
    pool, recipe = bench.selection.pool, bench.recipe
    asked = cache.label_store().current(annotator) if choice.double else bench.labels
    ahead = ahead_of_positive(pool, scorer=recipe.scorer, anchor=recipe.anchor)
    queue = make_queue(pool, ahead, np.greater(asked.align(pool), 0), order=choice.order, most=AT_FIRST)
    about = "For a moment by score alone, what scores above the labelled positive first; suspicion is being worked out."
    return Made(queue, f"{about} {_among(bench.part_of, len(pool))}".strip())


def about_order(model: Suspicion, part_of: int | None) -> str:
    """What an order by suspicion rests on, and of which queries its pairs are, for people."""
    return f"{rests_on(model)} {_among(part_of, len(model.pool))}".strip()


def _among(part_of: int | None, queries: int) -> str:
    return "" if part_of is None else f"Of {queries:,} of the {part_of:,} queries, chosen by their ids."


def make(bench: Workbench, choice: Choice, annotator: str) -> Made:
    """Make the queue of an order.

    Args:
        bench: Pool, recipe and labels.
        choice: The order and its settings.
        annotator: Who will be asked.
    """
    own = cache.label_store().current(annotator)
    asked = own if choice.double else bench.labels
    special: dict[str, Callable[[], Made]] = {
        FROM_MAP: lambda: Made(_sent(bench, asked)),
        UNSURE: lambda: Made(_unsure(bench, own, annotator)),
        ADJUDICATION: lambda: _conflicts(bench, choice),
        RECIPES: lambda: _recipes_differ(bench, choice, asked),
        **dict.fromkeys(SAMPLES, lambda: _sample(bench, choice, own)),
        **dict.fromkeys(LEARNING, lambda: _by_model(bench, choice.order, asked)),
    }
    if choice.order in special:
        return special[choice.order]()
    answered = np.greater(asked.align(bench.selection.pool), 0)
    pool = bench.selection.pool
    queue = make_queue(pool, _priority(bench, choice), answered, order=choice.order)
    return Made(queue, _among(bench.part_of, len(pool)))


def _priority(bench: Workbench, choice: Choice) -> Floats:
    pool, recipe = bench.selection.pool, bench.recipe
    make: dict[str, Callable[[], Floats]] = {
        NEAR: lambda: nearness(pool, distance_to_limits(bench.selection)),
        TAKEN: lambda: taken_first(pool, bench.selection.taken, scorer=recipe.scorer, anchor=recipe.anchor),
        SCORERS: lambda: (
            scorers_differ(pool, choice.first, choice.second)
            if choice.second
            else np.full(pool.documents.shape, NOT_ASKED)
        ),
    }
    return make[choice.order]()


def _by_model(bench: Workbench, order: str, asked: Labels) -> Made:
    pool, labels = bench.selection.pool, lesson(bench.labels)
    answered = np.greater(asked.align(pool), 0)
    model = cache.suspicion(pool, labels)
    queue = make_queue(pool, learned(order, pool, cache.suspected(pool, labels)), answered, order=order)
    return Made(queue, rests_on(model), model)


def lesson(labels: Labels) -> Labels:
    """The labels that an order learns from: the first so many, up to the last step at which it learnt anew.

    So the order is the same after a reload, and a model is not fitted again for every single answer.
    """
    count = step_before(len(labels))
    first = sorted(labels.items(), key=lambda item: (item[1].time, item[1].event))[:count]
    kept = dict(first)
    return Labels(kept, {}, {pair: event for pair, event in labels.drawn.items() if pair in kept})


def step_before(count: int) -> int:
    """The last step at which an order learns, with so many labels; steps grow by a quarter, and by 20 at first."""
    step = 0
    while (following := step + max(FEWEST, step // 4)) <= count:
        step = following
    return step


def learned(order: str, pool: Pool, probabilities: Scores) -> Floats:
    """(queries, depth) priorities of an order that follows the suspicion model."""
    return (most_suspect if order == SUSPECT else most_informative)(pool, probabilities)


def rests_on(model: Suspicion) -> str:
    """What an order by suspicion rests on, a sentence for people."""
    some = f" {_among(len(model.pool), cache.SUSPECTED)}" if len(model.pool) > cache.SUSPECTED else ""
    prior = f"A prior, {model.prior.about}; answers of this collection count from {FEWEST} labels on."
    return (model.about if model.labelled else prior) + some


def _sample(bench: Workbench, choice: Choice, own: Labels) -> Made:
    """A sample of what the recipe takes without labels, which have removed false negatives already."""
    selection = _without_labels(bench)
    pool, taken = selection.pool, taken_cells(selection)
    drawn = (own if choice.double else bench.labels).drawn
    before = np.greater(Labels(dict(drawn), {}).align(pool), 0)
    probability: float | Floats
    if choice.order == RANDOM:
        sample, probability = chance_at(pool, taken, seed=choice.seed, size=choice.size)
    else:
        suspicion = cache.suspected_at(pool, NO_LABELS, taken)
        sample, share = weighted_chance_at(pool, taken, suspicion=suspicion, seed=choice.seed, size=choice.size)
        probability = share[np.searchsorted(taken, sample.cells)]
    queue = queue_at(pool, sample, before, order=choice.order, probability=probability)
    again = frozenset(pair for pair in bench.labels if pair not in bench.labels.drawn)
    return Made(queue, again=again)


def taken_cells(selection: Selection) -> Cells:
    """(taken,) places of the negatives taken in the flattened table, ascending."""
    rows, slots = np.nonzero(np.not_equal(selection.columns, PAD))
    return np.sort(rows * np.int64(selection.pool.depth) + selection.columns[rows, slots])


def _without_labels(bench: Workbench) -> Selection:
    try:
        return cache.selection(bench.pool, bench.recipe, NO_LABELS)
    except MissingInputError:
        # The recipe learns from labels; without any there is nothing to draw from.
        return bench.selection


def _sent(bench: Workbench, labels: Labels) -> Queue:
    data = bench.selection.pool.dataset
    pairs = map_pairs(bench.selection.pool)
    answered = np.greater(labels.align_pairs(data, pairs[:, 0], pairs[:, 1]), 0)
    if len(pairs) == 1:
        # Somebody chose this very pair, so an answer from before is what they want to see.
        answered[:] = False
    return queue_of_pairs(pairs, answered, order=FROM_MAP)


def _unsure(bench: Workbench, own: Labels, annotator: str) -> Queue:
    data = bench.pool.dataset
    found = [
        (query, document)
        for query, document, event in bench.labels.found(data)
        if event.verdict is Verdict.UNSURE and event.annotator != annotator
    ]
    pairs = np.array(found, dtype=np.int32).reshape(-1, 2)
    return queue_of_pairs(pairs, np.greater(own.align_pairs(data, pairs[:, 0], pairs[:, 1]), 0), order=UNSURE)


def _conflicts(bench: Workbench, choice: Choice) -> Made:
    voices = dict(bench.labels.conflicts)
    last = Labels({pair: said[-1] for pair, said in voices.items()}, {})
    found = [row[:2] for row in last.found(bench.pool.dataset)]
    found.sort(key=lambda pair: (f"{pair[0]}-{pair[1]}" != choice.first, pair))
    pairs = np.array(found, dtype=np.int32).reshape(-1, 2)
    queue = queue_of_pairs(pairs, np.zeros(len(pairs), dtype=bool), order=ADJUDICATION)
    return Made(queue, voices=voices)


def _recipes_differ(bench: Workbench, choice: Choice, labels: Labels) -> Made:
    recipes = options_of(bench.pool).recipes
    # Stored selections have no recipe; they can be compared, and sent here, on the page Compare.
    runs = [cache.contender(bench.pool, recipes[name], name, bench.labels)
            for name in (choice.first, choice.second) if name in recipes]  # fmt: skip
    nothing = queue_of_pairs(np.zeros((0, 2), dtype=np.int32), np.zeros(0, dtype=bool), order=RECIPES)
    problem = next((run.problem for run in runs if run.problem), "" if len(runs) == 2 else "Choose two recipes.")
    one, other = (run.selection for run in (*runs, *runs)[:2]) if runs else (None, None)
    if problem or one is None or other is None:
        return Made(nothing, problem=problem)
    pool = bench.selection.pool
    pairs = pairs_of(pool, np.setxor1d(taken_keys(one), taken_keys(other)))
    columns = columns_of(pool, pairs)
    labelled = lesson(bench.labels)
    likely = np.nan_to_num(cache.suspected(pool, labelled)[pairs[:, 0], columns], nan=-1.0)
    pairs = pairs[np.argsort(-np.where(columns < 0, -1.0, likely), kind="stable")]
    pairs[:, 0] = pool.queries[pairs[:, 0]]
    answered = np.greater(labels.align_pairs(pool.dataset, pairs[:, 0], pairs[:, 1]), 0)
    about = about_order(cache.suspicion(pool, labelled), bench.part_of)
    return Made(queue_of_pairs(pairs, answered, order=RECIPES), about)


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


def why_empty(made: Made) -> tuple[str, str]:
    """Why a queue has no pair, and what to do about it."""
    queue = made.queue
    if made.problem:
        return made.problem, "Choose others, or another order."
    if queue.considered and queue.labelled:
        return (
            f"All {queue.considered:,} pairs of this order are labelled.",
            "Choose another order, or export what you have.",
        )
    return {
        SUSPECT: ("Every candidate of this pool is a known positive or a copy of one.",
                  "Load data with more candidates, or choose another order."),
        INFORMATIVE: ("Every candidate of this pool is a known positive or a copy of one.",
                      "Load data with more candidates, or choose another order."),
        SCORERS: ("No candidate has scores of two scorers.",
                  "Mine again with another retriever or scorer, or choose another order."),
        RECIPES: ("The two recipes take the same negatives.", "Compare two others, or choose another order."),
        NEAR: ("Your recipe has no limit on scores or ranks, so nothing is near one.",
               "Choose a recipe with a threshold on the Mine page, or another order."),
        TAKEN: ("Your recipe takes no negative from this pool.",
                "Loosen it on the Mine page, or choose another order."),
        RANDOM: ("Your recipe takes no negative from this pool, so there is nothing to draw.",
                 "Loosen it on the Mine page, or choose another order."),
        WEIGHTED: ("Your recipe takes no negative from this pool, so there is nothing to draw.",
                   "Loosen it on the Mine page, or choose another order."),
        FROM_MAP: ("Nothing was sent here for this data.",
                   "Send pairs from Map, Compare or Mine, or choose another order."),
        UNSURE: ("No colleague left a pair of this data undecided.", "Choose another order."),
        ADJUDICATION: ("Nobody contradicts anybody on this data.", "Choose another order."),
    }[queue.order]  # fmt: skip
