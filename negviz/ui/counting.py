"""A pool of very many candidates: a page begins with a look at some of its queries while all of them are counted.

What a page shows of a look it shows of a pool of these queries, with a line above that says so; when the whole is
counted the page is drawn again, of the whole. Nothing is shown as a number of the whole that is one of the look.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import streamlit as st

from negviz.arrays import PAD, Floats
from negviz.errors import CancelledError, NegvizError
from negviz.labels import Labels
from negviz.one_pass import order_of
from negviz.pool import Pool
from negviz.recipe import Recipe
from negviz.select import check, check_knobs, choose, looks_across, select
from negviz.selection import Selection, groups_of
from negviz.ui import cache, jobs, warming
from negviz.ui.jobs import Job

# Queries of a look; with 100 candidates each they are few enough for loops that need no compiling.
LOOKED_AT = 4_000
KIND = "count"
# Drawing the first page goes before counting, which would hold the interpreter now and then.
HEAD_START = 1.0
POLL_SECONDS = 0.7
Told = Callable[[str, int, int], None]


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Groundwork:
    """What a recipe needs counted before its knobs answer at once: the same for all values of them.

    Attributes:
        pool: Fingerprint.
        recipe: Everything of a recipe that decides which loops run, as a text.
    """

    pool: str
    recipe: str

    @classmethod
    def of(cls, pool: Pool, recipe: Recipe) -> "Groundwork":
        """That of a recipe on a pool."""
        steps = [step.strategy for step in recipe.steps]
        parts = recipe.scorer, recipe.anchor, recipe.source, recipe.allow, recipe.underfill, recipe.draw.strategy, steps
        return cls(pool.fingerprint, repr(parts))


def is_large(pool: Pool) -> bool:
    """Whether a page would be waited for if it looked at the whole pool first."""
    return bool(pool.documents.size >= warming.LARGE)


def look_of(pool: Pool) -> Pool:
    """Some queries of a large pool, chosen by their ids; a small pool itself."""
    return cache.look_at(pool, min(LOOKED_AT, len(pool))) if is_large(pool) else pool


def at_hand(pool: Pool, recipe: Recipe) -> Pool:
    """The pool, if what the recipe needs of it is counted; else a look at it, and a line that says so.

    Args:
        pool: Which is opened.
        recipe: What the page is about.
    """
    try:
        if not is_large(pool) or counted(pool, recipe):
            return pool
        job = _begun(pool, recipe)
    except NegvizError:
        # Labels that cannot be read, which the page says where it needs them.
        return pool
    if job.finished and isinstance(job.error, NegvizError) and not isinstance(job.error, CancelledError):
        # The recipe cannot run on this pool, which the page finds out as fast and says in its own way.
        return pool
    look = look_of(pool)
    _line(job, look, pool)
    return look


def counted(pool: Pool, recipe: Recipe) -> bool:
    """Whether a selection of a recipe costs no more than a moment."""
    if not is_large(pool) or cache.kept_selection(pool, recipe, cache.labels()) is not None:
        return True
    return _quick().get(Groundwork.of(pool, recipe), False)


def known(pool: Pool, recipe: Recipe) -> Selection | None:
    """The outcome of a recipe where it costs no more than a moment."""
    return cache.selection(pool, recipe, cache.labels()) if counted(pool, recipe) else None


@st.cache_resource(show_spinner=False)
def _quick() -> dict[Groundwork, bool]:
    """Whether the knobs of a recipe answer at once, of those for which the groundwork is done."""
    return {}


@st.cache_resource(show_spinner=False)
def _begun_jobs() -> dict[tuple[object, ...], Job]:
    return {}


def _begun(pool: Pool, recipe: Recipe) -> Job:
    """The job that counts for a recipe; begun where there is none yet, and any other of the pool is stopped."""
    labels, begun, quick = cache.labels(), _begun_jobs(), _quick()
    key = cache.selection_key(pool, recipe, labels)
    if key not in begun:
        for job in begun.values():
            job.stop.set()
        begun.clear()

        def work(job: Job) -> None:
            job.stop.wait(HEAD_START)
            quick[Groundwork.of(pool, recipe)] = count(pool, recipe, labels, told(job))

        begun[key] = jobs.start("Counting all candidates", work, KIND)
    return begun[key]


def told(job: Job) -> Told:
    """Progress that ends the work when somebody stops it."""

    def tell(stage: str, done: int, total: int) -> None:
        if job.stop.is_set():
            raise CancelledError("Counting was stopped.")
        job.progress(stage, done, total)

    return tell


def count(pool: Pool, recipe: Recipe, labels: Labels, tell: Told) -> bool:
    """Run a recipe over a large pool and count its scores, a block at a time; everything is kept for the pages.

    Args:
        pool: Candidates.
        recipe: What is run.
        labels: Verdicts of people.
        tell: Told (stage, done, total).

    Returns:
        Whether other values of the recipe's knobs will answer at once.
    """
    tell("preparing", 0, 1)
    few = cache.first_queries(pool, warming.queries_enough(pool))
    quick = recipe.source is None and callable(select(few, recipe, labels).drawn_from)
    if quick:
        order_of(pool, recipe.scorer, lambda done, total: tell("putting scores in order", done, total))
    tell("running the recipe", 0, 1)
    apart = not quick and recipe.source is None and not looks_across(recipe)
    made = in_groups(pool, recipe, labels, tell) if apart else select(pool, recipe, labels)
    made.summary()
    cache.keep_selection(pool, recipe, labels, made)
    tell("counting scores", 0, 1)
    axis = cache.score_axis(made.pool, recipe.scorer, recipe.anchor, "score")
    axis.counts.sum(), axis.of_rows(made.taken_scores)
    tell("preparing for other recipes", 0, 1)
    warming.run_each(few)
    return quick


def in_groups(pool: Pool, recipe: Recipe, labels: Labels, tell: Told) -> Selection:
    """The outcome of a recipe for which queries do not matter to each other, a group of them at a time.

    Weights, which nothing but a plot of one query asks for, are worked out when they are.
    """
    check_knobs(recipe)
    check(recipe, pool)
    reasons = np.empty(pool.documents.shape, dtype=np.int8)
    columns = np.full((len(pool), recipe.count), PAD, dtype=np.int32)
    padding = np.zeros(pool.documents.shape, dtype=bool) if recipe.underfill == "pad" else None
    stages: tuple[str, ...] = ()
    for rows in groups_of(len(pool), pool.depth):
        tell("running the recipe", int(rows[0]), len(pool))
        found = choose(pool.part(rows, f"rows from {rows[0]} of {pool.fingerprint}"), recipe, labels)
        reasons[rows], columns[rows], stages = found.reasons, found.columns, found.stages
        if padding is not None:
            padding[rows] = found.backfilled

    def weights() -> Floats:
        return select(pool, recipe, labels).weights

    return Selection(pool, recipe, weights, reasons, columns, stages, padding)


def _line(job: Job, look: Pool, pool: Pool) -> None:
    """What is looked at and how far the counting is; when it ends the page is drawn again."""

    @st.fragment(run_every=None if job.finished else POLL_SECONDS)
    def draw() -> None:
        if job.finished and job.error is None:
            st.rerun()
        with st.container(border=True, key="counting" if not job.finished else "not_counted"):
            st.caption(
                f":material/visibility: **A look at {len(look):,} of {len(pool):,} queries**, chosen by their ids: all "
                "numbers and figures below are of these alone."
            )
            if not job.finished:
                st.progress(job.share, text=f"All {pool.candidates:,} candidates are being counted: {job.stage}")
                return
            st.text(f"The others were not counted. {job.message}")
            st.button("Count them", key=f"count.{job.id}", on_click=_again, icon=":material/refresh:")

    draw()


def _again() -> None:
    _begun_jobs().clear()
