"""A sweep by training: a student is trained at some values of the knob, and measured on held-out queries."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from negviz.arrays import Floats
from negviz.charts.sweep_trained import sweep_trained
from negviz.errors import DataError, NegvizError
from negviz.home import home_folder
from negviz.pool import Pool
from negviz.recipe import Recipe, Step
from negviz.sweeping import spread, turned
from negviz.training import planning, process
from negviz.training.events import read_journal
from negviz.training.pace import last_pace
from negviz.training.plan import Material, Plan, read_plan
from negviz.training.process import Training
from negviz.training.progress import Progress
from negviz.training.report import MAIN, Outcome, sweep_share
from negviz.training.schedule import find_schedule
from negviz.training.students import STUDENTS
from negviz.training.swept import is_sweep_of
from negviz.truth import Truth
from negviz.ui import cache, state, training_cache
from negviz.ui.building import duration
from negviz.ui.links import page_link
from negviz.ui.sweep_axes import Axis, title
from negviz.ui.sweep_clicks import epoch, picked, use
from negviz.writing import MANIFEST

KEY = "sweeps.train"
PAGE = "pages/8_Train.py"
POLL_SECONDS = 1.0
HEIGHT, WIDTH = 300, 130
VALUES, MOST_VALUES, SEEDS, MOST_SEEDS, SHARE = 5, 25, 3, 20, 0.5
SCHEDULE = "fixed"
# Of those that are called different at this level about one in twenty is not.
LEVEL = 0.05
ABOUT = (
    "Trains a small retriever on the negatives of every value, once for each seed, and measures "
    f"{MAIN} on queries that it did not learn from. It runs in the background, in a process of its own; "
    "your own model is never changed."
)
ENDED = {
    "stopped": "This sweep by training was stopped; what is finished is kept.",
    "failed": "This sweep by training did not end well; what is finished is kept.",
    "interrupted": "The process of this sweep by training has ended before its time; what is finished is kept.",
}


def show(pool: Pool, recipe: Recipe, axis: Axis, truth: Truth | None) -> None:
    """The newest training at values of this knob, as far as it is, and the form that starts one.

    Args:
        pool: Before the recipe's source.
        recipe: At hand.
        axis: The knob.
        truth: Judgments that measure.
    """
    found = sweeps_found(pool, recipe, axis)
    if found:
        _newest(found, recipe, axis)
    with st.expander(
        "Train at each value", icon=":material/model_training:", key=KEY, on_change="rerun"
    ) as part:  # fmt: skip
        if part.open:
            _offer(pool, recipe, axis, truth, under_way=bool(found) and found[0].waiting)


def sweeps_found(pool: Pool, recipe: Recipe, axis: Axis) -> list[Training]:
    """Trainings that turned this knob of this recipe on this pool: those under way, those with numbers, the newest.

    A sweep that was started on the command line in the same home counts like one that was started here.
    """
    plans = [(path.parent, _plan(str(path), path.stat().st_mtime_ns)) for path in _manifests()]
    folders = [folder for folder, plan in plans if plan and is_sweep_of(plan, pool.fingerprint, recipe, axis.turn)]
    found = [each for each in map(_training, folders) if each is not None]
    return sorted(found, key=lambda each: (each.waiting, any(_seeds(each)), each.queued, each.name), reverse=True)


def _manifests() -> list[Path]:
    return [path for path in process.trainings_folder(home_folder()).glob(f"*/{MANIFEST}") if path.is_file()]


@st.cache_resource(max_entries=512, show_spinner=False)
def _plan(path: str, stamp: int) -> Plan | None:
    """The plan of a sweep; None for whatever else lies there, so that no student need be loaded for it."""
    try:
        if json.loads(Path(path).read_text("utf-8")).get("kind") != "sweep":
            return None
        return read_plan(Path(path).parent)[0]
    except (OSError, ValueError, AttributeError, NegvizError):  # another version's, or one that is being deleted
        return None


def _training(folder: Path) -> Training | None:
    try:
        return process.training(folder)
    except DataError:  # it was deleted meanwhile
        return None


def _seeds(training: Training) -> tuple[int, ...]:
    """How many seeds of each value are finished."""
    outcome = Outcome(training.folder, training.plan)
    return tuple(len(outcome.seeds(number)) for number in range(len(training.plan.arms)))


def _newest(found: Sequence[Training], recipe: Recipe, axis: Axis) -> None:
    """How a sweep stands; drawn again and again by itself while it is under way."""
    training, others = found[0], len(found) - 1

    @st.fragment(run_every=POLL_SECONDS if training.waiting else None)
    def draw() -> None:
        now = _training(training.folder)
        if now is None or now.waiting != training.waiting:
            st.rerun()
        st.markdown("#### Trained at each value")
        if now.waiting:
            _progress(now)
        elif now.state != "done":
            _ended(now)
        _drawn(now, recipe, axis)
        with st.container(horizontal=True):
            page_link(PAGE, "Its details on the page Train", "arrow_forward", training=now.name)
        if others:
            st.caption(f"The newest of {others + 1:,} trainings of this knob; the page Train has the others, too.")

    draw()


def _progress(training: Training) -> None:
    """How far it is, and the button that stops it."""
    if training.state == "queued":
        training_cache.keep_working(home_folder())
        share, words = 0.0, "Waiting for its turn: trainings run one after the other"
    else:
        share, words = _told(training)
    with st.container(border=True):
        st.progress(share, text=words)
        if st.button("Stop", key=f"{KEY}.stop", icon=":material/stop_circle:", help="What is finished is kept."):
            process.stop(training.folder)
            st.rerun()


def _told(training: Training) -> tuple[float, str]:
    """Share that is done and what is being done; the journal is read from where the last look ended."""
    known = st.session_state.get(f"{KEY}.progress")
    if known is None or known[0] != training.name:
        known = (training.name, Progress(training.plan))
        st.session_state[f"{KEY}.progress"] = known
    progress: Progress = known[1]
    rows, progress.offset = read_journal(training.folder, progress.offset)
    progress.add(rows)
    return progress.share, f"{progress.done:,} of {training.plan.rounds:,} rounds are done. {progress.words}"


def _ended(training: Training) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(width="content"):
            st.markdown(f":material/info: {ENDED[training.state]}")
            if training.message:
                st.text(training.message)
        if st.button("Resume", key=f"{KEY}.resume", icon=":material/play_arrow:"):
            process.enqueue(training.folder, home_folder())
            st.rerun()


def _drawn(training: Training, recipe: Recipe, axis: Axis) -> None:
    """The chart and its words; nothing before the first value is finished."""
    share = measured(training, axis.now)
    if share is None:
        if training.waiting:
            st.caption("A value is drawn as soon as it is finished with one seed.")
        return
    values = _floats(share["values"])
    gaps = [row or {} for row in share["differences"]]
    option = sweep_trained(
        values, *(_floats(share[name]) for name in ("mean", "low", "high")),
        differences=(_floats([row.get("low") for row in gaps]), _floats([row.get("high") for row in gaps])),
        at=share["at"], metric=MAIN, knob=title(axis.turn), now=axis.now, usual=axis.usual,
        ends=(axis.values[0], axis.values[-1]),
    )  # fmt: skip
    event: Any = st.echarts_chart(
        option, key=f"{KEY}.chart.{epoch()}", height=HEIGHT, on_select="rerun",
        alt=f"{MAIN} after training at each value of the knob, with intervals",
    )  # fmt: skip
    place = picked(event, len(values))
    if place is not None:
        use(turned(recipe, axis.turn, share["values"][place]))
    unfinished = len(share["values"]) < len(training.plan.arms) or min(share["seeds"]) < len(training.plan.seeds)
    st.caption(_where(training, share))
    empty = _without(training)
    if empty:
        st.caption(f"No negative at all is taken at {', '.join(f'{value:.4g}' for value in empty)}: there the student "
                   "learnt from the documents of other lines alone.")  # fmt: skip
    st.caption(f"{'So far: ' if unfinished else ''}{words(share)}")


def _without(training: Training) -> list[float]:
    """Values at which nothing is taken, of those whose first round is finished."""
    found, first = Outcome(training.folder, training.plan), training.plan.seeds[0]
    return [
        arm.value
        for number, arm in enumerate(training.plan.arms)
        if arm.value is not None and found.rounds(number, first) and not found.about(number, first, 1)["negatives"]
    ]


def measured(training: Training, now: float) -> dict[str, Any] | None:
    """What a sweep has measured so far, against the trained value that is nearest to the one at hand."""
    seeds = _seeds(training)
    values = [arm.value for arm, number in zip(training.plan.arms, seeds, strict=True) if number]
    done = [value for value in values if value is not None]
    return _measured(str(training.folder), seeds, min(done, key=lambda value: abs(value - now))) if done else None


@st.cache_resource(max_entries=64, show_spinner=False)
def _measured(folder: str, seeds: tuple[int, ...], at: float) -> dict[str, Any] | None:
    return sweep_share(Path(folder), at)


def _floats(values: Sequence[float | None]) -> Floats:
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)


def _where(training: Training, share: dict[str, Any]) -> str:
    """On what the numbers rest."""
    least, most = min(share["seeds"]), max(share["seeds"])
    seeds = f"{most}" if least == most else f"{least} to {most}"
    missing = len(training.plan.arms) - len(share["values"])
    rest = f" {_counted(missing, 'value')} not finished yet." if missing else ""
    return (
        f"{training.plan.student.strategy.capitalize()}, over {_counted(share['queries'], 'held-out query')}, "
        f"{seeds} of {_counted(len(training.plan.seeds), 'seed')}; before training {share['before']:.3f}.{rest} The "
        "dotted interval is wide because queries differ much; the bars compare query by query. Click a point to use "
        "its value."
    )


def words(share: dict[str, Any]) -> str:
    """Which values differ from the value at hand; none is called best.

    Args:
        share: See ``report.sweep_share``, with what the values were compared with.
    """
    compared = [(value, row) for value, row in zip(share["values"], share["differences"], strict=True) if row]
    if not compared:
        return "There is nothing to compare yet: only one value is finished."
    at = f"{share['at']:.4g}"
    apart = [(value, row) for value, row in compared if _differs(row)]
    if not apart:
        told = "none of them can" if len(compared) > 1 else f"{compared[0][0]:.4g} cannot"
        return f"No difference was found between the values: {told} be told from {at} by a paired test of the queries."
    told = "; ".join(
        f"{value:.4g} is {abs(row['mean']):.3f} {'above' if row['mean'] > 0 else 'below'} it (95% interval "
        f"{row['low']:+.3f} to {row['high']:+.3f})"
        for value, row in apart
    )
    rest = len(compared) - len(apart)
    ending = f" No difference was found for {_counted(rest, 'other value')}." if rest else ""
    tests = f" The test is adjusted for {len(compared):,} comparisons." if len(compared) > 1 else ""
    return f"Compared with {at}, query by query: {told}.{ending}{tests}"


def _differs(row: dict[str, Any]) -> bool:
    """Whether the interval leaves 0 out and the test agrees, adjusted for the number of values."""
    sure = row["low"] is not None and (row["low"] > 0 or row["high"] < 0)
    return bool(sure and row["p_adjusted"] < LEVEL)


def _counted(number: int, what: str) -> str:
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{number:,} {what if number == 1 else plural}"


def _offer(pool: Pool, recipe: Recipe, axis: Axis, truth: Truth | None, *, under_way: bool) -> None:
    """The form that starts a training."""
    st.write(ABOUT)
    folder = _folder(pool)
    if folder is None:
        st.caption("Training needs the whole pool, with this recipe's source before it; open the pool that it is of.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        students = {entry.name: entry.label for entry in STUDENTS}
        student = st.selectbox(
            "Student", list(students), index=list(students).index("adapter" if pool.embeddings else "static"),
            key=f"{KEY}.student", format_func=lambda name: f"{students[name]} ({name})", width=260,
            persist_state="session", help="What is trained, with its usual settings; the page Train has them all.",
        )  # fmt: skip
        number = st.number_input(
            "Values to train at", 2, MOST_VALUES, VALUES, key=f"{KEY}.values", width=WIDTH, persist_state="session",
            help="Equally far apart between the ends of the sweep; the one at hand and the published one are added.",
        )  # fmt: skip
        seeds = st.number_input(
            "Seeds", 1, MOST_SEEDS, SEEDS, key=f"{KEY}.seeds", width=WIDTH, persist_state="session",
            help="How often each value is trained; more seeds say better what is chance.",
        )  # fmt: skip
        started = st.button("Start training", key=f"{KEY}.start", icon=":material/play_arrow:", disabled=under_way,
                            help="One at a time: stop the one that is under way to start another."
                            if under_way else None)  # fmt: skip
    try:
        values = spread(axis.turn, axis.values[0], axis.values[-1], int(number), (axis.now, axis.usual))
        arms = planning.sweep_arms(recipe, axis.turn, values, find_schedule(SCHEDULE))
        plan = planning.make_plan(
            pool, folder, arms, kind="sweep", title=f"Sweep: {recipe.name}, {axis.turn.path}",
            student=Step(str(student), {}, str(student)), seeds=range(int(seeds)), share=SHARE, knob=axis.turn.path,
        )  # fmt: skip
    except NegvizError as error:
        st.text(str(error))
        return
    st.caption(_cost(plan, len(pool)))
    if started:
        _start(pool, plan, truth)


def _cost(plan: Plan, queries: int) -> str:
    """How much is trained, and roughly how long that takes."""
    arms, seeds = plan.arms, len(plan.seeds)
    values = ", ".join(f"{arm.value:.4g}" for arm in arms)
    pace = last_pace(process.trainings(home_folder()), plan.student.strategy)
    if pace is None:
        time = "How long that takes on this computer shows after the first rounds."
    else:
        time = f"About {duration(pace.seconds(arms, seeds, queries, plan.share))}, at the pace of the last one here."
    return (
        f"{len(arms):,} values ({values}) × {_counted(seeds, 'seed')} = {_counted(len(arms) * seeds, 'training')} of "
        f"{_counted(arms[0].schedule.rounds, 'round')} each. {time}"
    )


def _start(pool: Pool, plan: Plan, truth: Truth | None) -> None:
    """Queue a plan, or say what it lacks."""
    problems = planning.lacks(pool, plan.arms, plan.student.strategy)
    try:
        if not problems:
            process.submit(Material(plan, pool, cache.labels(), truth), home_folder())
            training_cache.asked_now(home_folder())
            st.rerun()
    except NegvizError as error:
        problems = [str(error)]
    st.error("This training cannot start.", icon=":material/error:")
    for problem in problems:
        st.text(problem)


def _folder(pool: Pool) -> Path | None:
    """Where the pool lies; None for one that is only a part of a stored one, or what comes after a source."""
    try:
        stored = state.current_pool()
    except NegvizError:
        return None
    if stored is None or stored.fingerprint != pool.fingerprint:
        return None
    return state.pools_folder() / str(state.workspace()["pool"])
