"""Comparison: several recipes or stored selections on one pool: what each takes, what it costs, where they differ."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from negviz.arrays import Floats, Ints
from negviz.diagnostics.distinct_documents import Documents, distinct_documents
from negviz.diagnostics.hardness_summary import Hardness, hardness_summary
from negviz.diagnostics.likely_false_negatives import LikelyFalse, likely_false_negatives
from negviz.diagnostics.measured_false_negatives import Measured, measured_false_negatives
from negviz.diagnostics.refusal_reason import refusal_reason
from negviz.diagnostics.selection_overlap import Overlap, selection_overlap
from negviz.diagnostics.taken_differences import Differences, taken_differences
from negviz.errors import DataError, NegvizError
from negviz.labels import CODES, Labels, Verdict
from negviz.pool import Anchor, Pool
from negviz.recipe import Recipe
from negviz.select import NO_LABELS, check_knobs, resolved_knobs, select
from negviz.selection import Selection
from negviz.store import read_selection
from negviz.strategies import STRATEGIES
from negviz.taken_pairs import column_of, columns_of, pairs_of, taken_keys
from negviz.truth import Truth

FEWEST, MOST = 2, 6
RUNS = 3
ENOUGH_SECONDS = 0.2
ELSEWHERE, NOT_DRAWN = "not among its candidates", "not drawn"
Knobs = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class Contender:
    """A recipe or a stored selection that is compared with others.

    Attributes:
        name: What it is called; no two of a comparison have one name.
        selection: What it takes; None where it cannot run.
        seconds: Wall-clock time of choosing, its source included, on a freshly opened pool; the median where it was
            run several times. None for a stored selection, which is read and not run.
        runs: How often it was run for that.
        problem: Why it cannot run, in a sentence; empty where it can.
        saw_labels: Whether it was run with people's labels, since a step of it learns from them; what they say is
            then refused beforehand and cannot be counted against it.
    """

    name: str
    selection: Selection | None = None
    seconds: float | None = None
    runs: int = 0
    problem: str = ""
    saw_labels: bool = False


@dataclass(frozen=True)
class Standing:
    """The numbers of one contender.

    Attributes:
        hardness: Score minus the positive's, None where the pool has no scores.
        likely: Negatives near the positive, None where the pool has no scores.
        documents: How varied they are.
        labelled: False negatives that people labelled, None without labels and where they were refused beforehand.
        judged: False negatives by judgments from a file, None without such a file.
    """

    hardness: Hardness | None
    likely: LikelyFalse | None
    documents: Documents
    labelled: Measured | None
    judged: Measured | None


def learns_from_labels(recipe: Recipe) -> bool:
    """Whether a step of a recipe looks at the verdicts of people."""
    known = [STRATEGIES.get(step.strategy) for step in recipe.steps if step.strategy in STRATEGIES]
    return any("verdicts" in entry.wants for entry in known)


def run(pool: Pool, recipe: Recipe, name: str = "", labels: Labels = NO_LABELS) -> Contender:
    """Run a recipe for a comparison and measure how long it takes.

    Labels are not applied, except for a recipe that learns from them: a false negative that a label had removed
    beforehand could not be counted against the recipe that takes it. Every run starts from a pool without anything
    worked out before, so that no recipe profits from another one; a fast recipe is run three times.

    Args:
        pool: Candidates.
        recipe: How to choose.
        name: What to call it, the recipe's name where not given.
        labels: Verdicts of people, for a recipe that learns from them.

    Returns:
        The contender; where the recipe cannot run on this pool, with the sentence that says why.
    """
    seconds: list[float] = []
    name = name or recipe.name
    try:
        check_knobs(recipe)
        learns = learns_from_labels(recipe)
        while len(seconds) < RUNS and sum(seconds) < ENOUGH_SECONDS:
            fresh = replace(pool)
            start = time.perf_counter()
            selection = select(fresh, recipe, labels if learns else NO_LABELS)
            seconds.append(time.perf_counter() - start)
    except NegvizError as error:
        return Contender(name, problem=str(error))
    shared = selection if recipe.source else replace(selection, pool=pool)
    return Contender(name, shared, median(seconds), len(seconds), saw_labels=learns)


def stored(pool: Pool, path: Path, name: str = "") -> Contender:
    """A selection that was written before, as a contender.

    Raises:
        DataError: If the file is no selection, or was made from another pool.
    """
    return Contender(name or Path(path).stem, read_selection(Path(path), pool))


def apart(contenders: Iterable[Contender]) -> tuple[Contender, ...]:
    """The same contenders with different names: a second 'a' becomes 'a (2)'."""
    found: list[Contender] = []
    for contender in contenders:
        name, times = contender.name, 1
        while any(name == other.name for other in found):
            times += 1
            name = f"{contender.name} ({times})"
        found.append(replace(contender, name=name))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Contenders side by side, all measured alike.

    Attributes:
        pool: What they choose from; a recipe with a source makes another pool of the same queries from it.
        contenders: In the order given, those that cannot run included.
        scorer: Who tells how hard a negative is; None where the pool has no scores.
        anchor: Which positive that is compared with.
        labels: Verdicts of people, for measuring.
        truth: Judgments from a file, for measuring.
    """

    pool: Pool
    contenders: tuple[Contender, ...]
    scorer: str | None
    anchor: Anchor
    labels: Labels
    truth: Truth | None

    @cached_property
    def ran(self) -> tuple[Contender, ...]:
        """Those that could run."""
        return tuple(each for each in self.contenders if each.selection is not None)

    @cached_property
    def selections(self) -> tuple[Selection, ...]:
        """What those take."""
        return tuple(each.selection for each in self.ran if each.selection is not None)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What those are called."""
        return tuple(each.name for each in self.ran)

    @cached_property
    def overlap(self) -> Overlap:
        """What those that ran have in common."""
        return selection_overlap(self.selections)

    @cached_property
    def standings(self) -> tuple[Standing, ...]:
        """Numbers of those that ran."""
        return tuple(
            self._standing(selection, each.saw_labels)
            for each, selection in zip(self.ran, self.selections, strict=True)
        )

    def differences(self, first: int, second: int) -> Differences:
        """What one of those that ran takes and another does not."""
        return taken_differences(self.selections[first], self.selections[second])

    def _standing(self, selection: Selection, saw_labels: bool) -> Standing:
        scorer = self.scorer
        pairs = pairs_of(selection.pool, taken_keys(selection))
        queries, documents = selection.pool.queries[pairs[:, 0]], pairs[:, 1]
        return Standing(
            None if scorer is None else hardness_summary(selection, scorer, self.anchor),
            None if scorer is None else likely_false_negatives(selection, scorer, self.anchor),
            distinct_documents(selection),
            None if saw_labels else self._labelled(queries, documents),
            self._judged(queries, documents),
        )

    def _labelled(self, queries: Ints, documents: Ints) -> Measured | None:
        if not len(self.labels):
            return None
        codes = self.labels.align_pairs(self.pool.dataset, queries, documents)
        false = np.equal(codes, CODES[Verdict.FALSE_NEGATIVE])
        return measured_false_negatives(false, false | np.equal(codes, CODES[Verdict.TRUE_NEGATIVE]))

    def _judged(self, queries: Ints, documents: Ints) -> Measured | None:
        if self.truth is None:
            return None
        return measured_false_negatives(*self.truth.verdicts(queries, documents, len(self.pool.dataset.documents)))


def check_number(contenders: int) -> None:
    """See, before long work, whether that many can be compared.

    Raises:
        DataError: If they are fewer than two or more than six.
    """
    if not FEWEST <= contenders <= MOST:
        raise DataError(
            f"{contenders} recipes and selections were given, but {FEWEST} to {MOST} can be compared; name "
            f"{'more' if contenders < FEWEST else 'fewer'} of them."
        )


def compare(
    pool: Pool,
    contenders: Sequence[Contender],
    *,
    scorer: str | None = None,
    anchor: Anchor = "min",
    labels: Labels = NO_LABELS,
    truth: Truth | None = None,
) -> Comparison:
    """Put contenders side by side.

    Args:
        pool: What they choose from.
        contenders: Two to six.
        scorer: Who tells how hard a negative is; the first one's scorer where not given.
        anchor: Which positive the score is compared with.
        labels: Verdicts of people; they only measure.
        truth: Judgments from a file; they only measure.

    Raises:
        DataError: If there are fewer than two or more than six, or none of them can run.
        MissingInputError: If the pool has no such scorer.
    """
    check_number(len(contenders))
    named = apart(contenders)
    ran = [each.selection for each in named if each.selection is not None]
    if not ran:
        raise DataError(f"None of these can run on this pool; '{named[0].name}': {named[0].problem}")
    if scorer is not None:
        pool.score(scorer)
    usual = ran[0].recipe.scorer
    chosen = scorer or (usual if usual in pool.scores else next(iter(sorted(pool.scores)), None))
    return Comparison(pool, named, chosen, anchor, labels, truth)


def all_knobs(recipe: Recipe) -> Knobs:
    """All knobs of every step, defaults included."""
    return {step.name: resolved_knobs(STRATEGIES, step) for step in recipe.steps}


def fates(selection: Selection, pairs: Ints) -> list[str]:
    """What a selection did with pairs: empty where it takes them, else what refused them.

    Args:
        selection: Outcome of a recipe.
        pairs: (pairs, 2) place of the query and document row; they need not be among its candidates.
    """
    columns = columns_of(selection.pool, pairs)
    found = []
    for place, column in zip(pairs[:, 0].tolist(), columns.tolist(), strict=True):
        if column < 0:
            found.append(ELSEWHERE)
        elif selection.taken[place, column]:
            found.append("")
        else:
            found.append(selection.reason(place, column) or NOT_DRAWN)
    return found


def fate_in_words(selection: Selection, place: int, document: int, knobs: Knobs) -> str:
    """Why a selection does not take a pair, with the numbers that decided; empty where it takes it.

    Args:
        selection: Outcome of a recipe.
        place: Place of the query in the pool.
        document: Document row.
        knobs: All knobs of every step, see ``all_knobs``.
    """
    column = column_of(selection.pool, place, document)
    if column < 0:
        source = selection.recipe.source
        return f"Its source '{source.strategy}' did not bring it." if source else "It is not among its candidates."
    if selection.taken[place, column]:
        return ""
    if selection.reason(place, column) is not None:
        return refusal_reason(selection, place, column, knobs)
    return _not_drawn(selection, place, column)


def _not_drawn(selection: Selection, place: int, column: int) -> str:
    """Words for a candidate that nothing refused and the draw left."""
    recipe, count = selection.recipe, int(selection.taken_counts[place])
    start = f"Nothing refuses it (weight {float(selection.weights[place, column]):.3g}), but the draw"
    if not count:
        return f"{start} '{recipe.draw.strategy}' takes nothing for this query."
    rank = selection.pool.rank(recipe.scorer)[place]
    taken = rank[selection.taken[place]]
    own = f"it has rank {rank[column]} by '{recipe.scorer}'"
    others = f"1 other: {own}, that one {taken.min()}"
    if count > 1:
        others = f"{count} others: {own}, they have {taken.min()} to {taken.max()}"
    return f"{start} '{recipe.draw.strategy}' took {others}."


def hardness_of(selection: Selection, pairs: Ints, scorer: str, anchor: Anchor) -> tuple[Floats, Floats]:
    """Score of pairs and the same minus the positive's score, as one selection's pool has them.

    Args:
        selection: Whose pool.
        pairs: (pairs, 2) place of the query and document row.
        scorer: Whose scores.
        anchor: Which positive.

    Returns:
        Two arrays (pairs,), NaN where unknown.
    """
    pool = selection.pool
    columns = columns_of(pool, pairs)
    scores = np.where(columns >= 0, pool.score(scorer)[pairs[:, 0], columns].astype(np.float64), np.nan)
    return scores, scores - pool.anchor(scorer, anchor)[pairs[:, 0]]
