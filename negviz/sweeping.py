"""Sweeping: run a recipe for many values of a knob or two, over all queries or over a seeded sample of them."""

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from negviz.arrays import Ints, text_keys, uniform
from negviz.comparison import learns_from_labels
from negviz.dataset import Dataset, Judgments
from negviz.diagnostics.sweep import Outcome, outcome_of
from negviz.draws import DRAWS
from negviz.errors import CancelledError, NegvizError, RecipeError
from negviz.hints import Range
from negviz.labels import CODES, Labels, Verdict
from negviz.pool import Pool
from negviz.recipe import MOST, Recipe, published
from negviz.registry import Entry, Knob, Registry
from negviz.select import NO_LABELS, resolved_knobs, select, source_pool, step_limits
from negviz.sources import SOURCES
from negviz.strategies import STRATEGIES
from negviz.truth import Truth

COUNT = Knob("count", "int", 4, Range(1, MOST, 1, keeps="more", scale="count"), (), "Negatives taken a query.")
JUDGMENTS, LABELS = "judgments", "labels"
# Queries times depth over which a recipe runs for each value while a person waits: where a step is more than a limit or
# a bell, it takes some ten times as long.
AT_ONCE, AT_ONCE_WEIGHED = 2_000_000, 300_000
SAMPLE_SEED = 0
FEWEST_VALUES, MOST_VALUES, MOST_CELLS = 2, 1000, 10_000
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Turn:
    """A knob that is a number, and where in the recipe it is.

    Attributes:
        step: Name of the step, or ``draw``, ``source``, ``backfill``; empty for the count.
        knob: The knob.
        entry: What it belongs to; None for the count.
    """

    step: str
    knob: Knob
    entry: Entry | None = None

    @property
    def path(self) -> str:
        """How ``--set`` calls it, such as ``relative_margin.margin``."""
        return f"{self.step}.{self.knob.name}" if self.step else self.knob.name

    @property
    def whole(self) -> bool:
        """Whether it takes whole numbers alone."""
        return self.knob.kind == "int"


def turns(recipe: Recipe) -> list[Turn]:
    """Knobs that are numbers: of the steps those that move a limit first, then the count, the draw and the source.

    Raises:
        UnknownNameError: If a strategy, draw or source does not exist.
    """
    found = [turn for step in recipe.steps for turn in _numbers(STRATEGIES, step.strategy, step.name)]
    parts = [(DRAWS, recipe.draw), (SOURCES, recipe.source), (STRATEGIES, recipe.backfill)]
    rest = [turn for registry, part in parts if part for turn in _numbers(registry, part.strategy, part.name)]
    return [*sorted(found, key=_order), Turn("", COUNT), *rest]


def _numbers(registry: Registry, strategy: str, step: str) -> list[Turn]:
    entry = registry.get(strategy)
    return [Turn(step, knob, entry) for knob in entry.knobs if knob.kind in {"int", "float"}]


def _order(turn: Turn) -> int:
    if turn.knob.range is None or turn.knob.range.keeps == "either":
        return 2
    return 1 if turn.whole else 0


def find_turn(recipe: Recipe, path: str) -> Turn:
    """A knob by its path.

    Raises:
        RecipeError: If the recipe has no such knob, or it is not a number.
    """
    known = {turn.path: turn for turn in turns(recipe)}
    if path not in known:
        raise RecipeError(
            f"A sweep was asked to turn '{path}', but recipe '{recipe.name}' has no knob of that name that is a "
            f"number; it has: {', '.join(known)}."
        )
    return known[path]


def value_of(recipe: Recipe, turn: Turn) -> float:
    """Value of a knob in a recipe, the default where the recipe says nothing."""
    if turn.entry is None:
        return float(recipe.count)
    registry = {"draw": DRAWS, "source": SOURCES}.get(turn.step, STRATEGIES)
    return float(resolved_knobs(registry, recipe.step(turn.step))[turn.knob.name])


def published_value(recipe: Recipe, turn: Turn) -> float | None:
    """Value in the published recipe of that name, or of those words; None where there is none with that knob."""
    known = published()
    same = (each for each in known.values() if recipe.about and each.about == recipe.about)
    original = known.get(recipe.name) or next(same, None)
    if original is None:
        return None
    try:
        if turn.step and original.step(turn.step).strategy != recipe.step(turn.step).strategy:
            return None
        return value_of(original, turn)
    except NegvizError:
        return None


def turned(recipe: Recipe, turn: Turn, value: float) -> Recipe:
    """The recipe with a knob turned.

    Raises:
        RecipeError: If the value is not allowed.
    """
    given = round(value) if turn.whole else float(value)
    return recipe.with_knob(turn.step, turn.knob.name, given) if turn.step else replace(recipe, count=int(given))


def spread(turn: Turn, low: float, high: float, number: int, marks: Sequence[float | None] = ()) -> tuple[float, ...]:
    """Values of a knob from low to high, equally far apart, with those marks that lie between.

    Args:
        turn: The knob; whole numbers stay whole, so that there may be fewer of them.
        low: First value.
        high: Last value.
        number: How many.
        marks: Values that must be among them, such as the published one.

    Raises:
        RecipeError: If the ends are the wrong way round, or the number of values makes no sense.
    """
    if not low < high:
        raise RecipeError(f"A sweep of {turn.path} was given the ends {low:g} and {high:g}; the second must be larger.")
    if not FEWEST_VALUES <= number <= MOST_VALUES:
        raise RecipeError(
            f"A sweep of {turn.path} was given {number} values, but takes {FEWEST_VALUES} to {MOST_VALUES}."
        )
    values = {float(f"{value:.6g}") for value in np.linspace(low, high, number).tolist()}
    values = {float(round(value)) for value in values} if turn.whole else values
    return tuple(sorted(values | {float(mark) for mark in marks if mark is not None and low <= mark <= high}))


def few_enough(pool: Pool, recipe: Recipe) -> int | None:
    """How many queries a recipe can run on for every value of a knob while a person waits; None for all of them.

    Args:
        pool: What it chooses from, after its source.
        recipe: How.
    """
    rows = max((AT_ONCE if _in_one_pass(recipe) else AT_ONCE_WEIGHED) // max(pool.depth, 1), 1)
    return rows if rows < len(pool) else None


def _in_one_pass(recipe: Recipe) -> bool:
    """Whether all steps draw limits or a bell, which large pools run in one compiled pass."""
    drawn = [(STRATEGIES.get(step.strategy), step_limits(step, np.zeros(1))) for step in recipe.steps]
    known = all(entry.trait("bell") or (lines and not any(line.soft for line in lines)) for entry, lines in drawn)
    return known and recipe.draw.strategy != "stratified" and recipe.underfill != "pad"


def sampled(pool: Pool, rows: int, seed: int = SAMPLE_SEED) -> Pool:
    """A pool of some of the queries, drawn by their ids and a seed; the pool itself where it has no more.

    Args:
        pool: Candidates.
        rows: How many queries.
        seed: Another one draws other queries.
    """
    if rows >= len(pool):
        return pool
    kept: dict[tuple[int, int], Pool] = pool.__dict__.setdefault("_sampled", {})
    if (rows, seed) not in kept:
        kept.clear()
        kept[rows, seed] = pool.part(_drawn(pool, rows, seed), f"{rows} by {seed} of {pool.fingerprint}")
    return kept[rows, seed]


def _drawn(pool: Pool, number: int, seed: int) -> Ints:
    ids = np.asarray(pool.dataset.query_ids, dtype=object)[pool.queries]
    order = np.argsort(uniform(text_keys(ids), seed), kind="stable")
    return np.sort(order[:number]).astype(np.int32)


def labels_as_judgments(labels: Labels, dataset: Dataset) -> Truth | None:
    """What people said, as judgments: 1 for a false negative, 0 for a true one; None where they said neither."""
    grades = {CODES[Verdict.FALSE_NEGATIVE]: 1, CODES[Verdict.TRUE_NEGATIVE]: 0}
    triples = [
        (query, document, grades[CODES[event.verdict]])
        for query, document, event in labels.found(dataset)
        if event.verdict is not None and CODES[event.verdict] in grades
    ]
    return Truth(LABELS, Judgments.of(triples), 1) if triples else None


@dataclass(frozen=True, eq=False)
class Sweeper:
    """Runs one recipe for many values of its knobs, and remembers the outcomes.

    Attributes:
        pool: Candidates, before the recipe's source.
        recipe: Knobs that are not turned stay as they are.
        labels: Verdicts of people. They only measure, except for a recipe that learns from them.
        truth: Judgments from a file; they only measure.
        rows: How many queries are sampled; None for all of them.
        kept: Outcomes by key, in which what is known is looked up.
    """

    pool: Pool
    recipe: Recipe
    labels: Labels = field(default_factory=lambda: NO_LABELS)
    truth: Truth | None = None
    rows: int | None = None
    kept: MutableMapping[str, Outcome] | None = None

    @cached_property
    def judges(self) -> dict[str, Truth]:
        """Who measures: judgments, then labels; not the labels that a recipe has seen."""
        said = None if learns_from_labels(self.recipe) else labels_as_judgments(self.labels, self.pool.dataset)
        return {name: judge for name, judge in ((JUDGMENTS, self.truth), (LABELS, said)) if judge is not None}

    @cached_property
    def queries(self) -> int:
        """Number of queries that it runs on."""
        return len(self.pool) if self.rows is None else min(self.rows, len(self.pool))

    @cached_property
    def _about(self) -> str:
        names = (judge.fingerprint for judge in self.judges.values())
        seen = self.labels.fingerprint if learns_from_labels(self.recipe) else ""
        number = self.queries if self.queries < len(self.pool) else "all"
        return " ".join([self.pool.fingerprint, str(number), seen, *names])

    def key(self, recipe: Recipe) -> str:
        """What the outcome of a recipe is kept under."""
        # The words of a recipe change nothing; its name could not.
        bare = replace(recipe, name="", title="", about="", notes="", paper="", plot="")
        return f"{self._about} {bare!r}"

    def known(self, recipes: Sequence[Recipe]) -> bool:
        """Whether all of these were run before."""
        return self.kept is not None and all(self.key(recipe) in self.kept for recipe in recipes)

    def outcome(self, recipe: Recipe) -> Outcome:
        """Outcome of one recipe, looked up or run.

        Raises:
            NegvizError: If the recipe cannot run on the pool.
        """
        kept, key = self.kept if self.kept is not None else {}, self.key(recipe)
        found = kept.get(key)
        if found is None:
            # A source makes batches of all queries; the sample is of what comes after it.
            part = sampled(source_pool(self.pool, recipe), self.queries)
            labels = self.labels if learns_from_labels(recipe) else NO_LABELS
            found = outcome_of(select(part, replace(recipe, source=None), labels), self.judges)
            kept[key] = found
        return found

    def recipes(self, turn: Turn, values: Sequence[float]) -> list[Recipe]:
        """The recipe at each value of a knob."""
        return [turned(self.recipe, turn, value) for value in values]

    def grid(self, across: Turn, values: Sequence[float], down: Turn, others: Sequence[float]) -> list[Recipe]:
        """The recipe at each pair of values of two knobs, the first one running fastest.

        Raises:
            RecipeError: If both are the same knob, or there are too many pairs.
        """
        if across.path == down.path:
            raise RecipeError(f"Two knobs are swept against each other, but both are {across.path}; name another.")
        if len(values) * len(others) > MOST_CELLS:
            raise RecipeError(
                f"{len(values)} values against {len(others)} are more than {MOST_CELLS:,} cells; take fewer."
            )
        return [turned(row, across, value) for row in self.recipes(down, others) for value in values]

    def run(
        self, recipes: Sequence[Recipe], progress: Progress | None = None, cancelled: Callable[[], bool] | None = None
    ) -> tuple[Outcome, ...]:
        """Outcomes of some recipes; what was run before a stop is kept.

        Args:
            recipes: What to run.
            progress: Told how many are done.
            cancelled: Asked before each whether to stop.

        Raises:
            CancelledError: If it was stopped.
            NegvizError: If a recipe cannot run on the pool.
        """
        found = []
        for place, recipe in enumerate(recipes):
            if cancelled is not None and cancelled():
                raise CancelledError("The sweep was stopped; what it had worked out is kept.")
            if progress is not None:
                progress("Running the recipe for each value", place, len(recipes))
            found.append(self.outcome(recipe))
        return tuple(found)
