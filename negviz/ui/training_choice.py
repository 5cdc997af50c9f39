"""What to compare: the choice, what it lacks, how long it will take, and the button that starts it."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from negviz.errors import NegvizError
from negviz.home import home_folder
from negviz.pool import Pool
from negviz.recipe import Step
from negviz.training import process
from negviz.training.pace import last_pace
from negviz.training.plan import Arm, Kind, Material
from negviz.training.planning import make_plan, title_of, too_few
from negviz.training.process import Training
from negviz.training.splitting import split_queries
from negviz.truth import Truth
from negviz.ui import state, training_cache
from negviz.ui.building import duration
from negviz.ui.comparing_choice import judgments, judgments_of_sample
from negviz.ui.frame import Workbench
from negviz.ui.texts import show_text
from negviz.ui.training_arms import PROOF, WAYS, Wanted
from negviz.ui.training_student import choose_student

EPOCH = "train.epoch"
# Parting the queries compares them all with each other; of more than so many the process of the training does it.
PARTED_HERE = 20_000
LISTED = 6


@dataclass(frozen=True, eq=False)
class Asked:
    """What is to be trained.

    Attributes:
        kind: What the outcome is shown as.
        arms: What is compared.
        student: Name of the student and its knobs.
        seeds: How often each is trained.
        share: Of the queries that only measure.
        truth: Judgments to measure with, None for the labelled positives.
    """

    kind: Kind
    arms: Sequence[Arm]
    student: Step
    seeds: int
    share: float
    truth: Truth | None


def show(bench: Workbench, found: list[Training]) -> None:
    """The form; it opens by itself where nothing was trained yet, and closes when something is started.

    Args:
        bench: What is worked on.
        found: Trainings so far, newest first.
    """
    times = int(st.session_state.get(EPOCH, 0))
    place = st.expander(
        "What to compare", expanded=not found, icon=":material/tune:", key=f"train.form.{times}", on_change="rerun"
    )
    if place.open:
        with place:
            _form(bench, found)


@st.fragment
def _form(bench: Workbench, found: list[Training]) -> None:
    way = st.segmented_control(
        "Compare", list(WAYS), default=PROOF, key="train.way", persist_state="session", required=True, wrap=True,
    )  # fmt: skip
    chosen = WAYS[way or PROOF]
    st.caption(chosen.about)
    left, right = st.columns(2, gap="large")
    with left:
        truth = _judgments(bench)
        wanted = chosen.choose(bench, truth)
    with right:
        student = choose_student()
        seeds, share = _measured(bench.pool, truth)
    asked = Asked(chosen.kind, wanted.arms, student, seeds, share, truth)
    _listed(wanted)
    problems = _problems(bench.pool, asked, wanted)
    for problem in problems:
        with st.container(border=True):
            show_text(problem, title="This cannot be trained yet")
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            "Start training", key="train.start", type="primary", icon=":material/play_arrow:", disabled=bool(problems)
        ):
            _start(bench, asked)
        if not problems:
            st.text(_estimate(asked, bench.pool, found))


def _judgments(bench: Workbench) -> Truth | None:
    """Judgments of people's own, or those that come with the sample."""
    with st.expander("Complete judgments, if there are any", icon=":material/attach_file:", key="train.files"):
        st.caption(
            "With complete judgments the measure is truer, false negatives are counted, and a proof gets an oracle. "
            "Without them the labelled positives measure."
        )
        judgments_of_sample(bench.pool)
        truth = judgments(bench.pool)
    if truth is not None:
        rest = "answer nothing" if truth.complete else "count as not judged"
        show_text("", about=f"Measured by the judgments of {truth.name}; documents that they do not list {rest}.")
    return truth


def _measured(pool: Pool, truth: Truth | None) -> tuple[int, float]:
    """How often each is trained, and who measures."""
    left, right = st.columns(2)
    with left:
        seeds = st.number_input(
            "Seeds", 1, 20, 3, key="train.seeds", persist_state="session",
            help="Each is trained so many times, with another order and other draws; the means count.",
        )  # fmt: skip
    if len(pool.dataset.held_out) and truth is None:
        with right:
            st.caption("The queries that the data hold out measure.")
        return int(seeds), 0.5
    with right:
        share = st.number_input(
            "Queries that only measure, %", 10, 90, 50, 5, key="train.share", persist_state="session",
            help="Drawn by chance; near-duplicates stay on one side. The rest is trained on.",
        )  # fmt: skip
    return int(seeds), float(share) / 100


def _listed(wanted: Wanted) -> None:
    """The names of what is compared."""
    if not wanted.arms:
        return
    names = [arm.name for arm in wanted.arms[:LISTED]]
    more = f"\n… and {len(wanted.arms) - LISTED:,} more" if len(wanted.arms) > LISTED else ""
    lines = "\n".join(f"{place}. {name}" for place, name in enumerate(names, start=1))
    show_text(f"{lines}{more}", title="Compared, all with the same student, rounds and seeds")


def _problems(pool: Pool, asked: Asked, wanted: Wanted) -> list[str]:
    if wanted.problem:
        return [too_few(pool) or wanted.problem]
    try:
        return training_cache.problems(pool, asked.arms, asked.student.strategy)
    except NegvizError as error:
        return [str(error)]


def _estimate(asked: Asked, pool: Pool, found: list[Training]) -> str:
    rounds = sum(arm.schedule.rounds for arm in asked.arms) * asked.seeds
    pace = last_pace(found, asked.student.strategy)
    each = {arm.schedule.rounds for arm in asked.arms}
    sum_of = (
        f"{_counted(len(asked.arms), 'set')} × {_counted(asked.seeds, 'seed')} × {_counted(each.pop(), 'round')} = "
        if len(each) == 1 else ""
    )  # fmt: skip
    told = f"{sum_of}{rounds:,} rounds in all"
    if pace is None:
        return f"{told}. How long that takes here shows once it runs: nothing was trained with this student yet."
    seconds = pace.seconds(asked.arms, asked.seeds, len(pool), asked.share)
    return f"{told}, about {duration(seconds)} at the pace of the last training with this student."


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what if number == 1 else f'{what}s'}"


def _start(bench: Workbench, asked: Asked) -> None:
    """Queue it and look at it."""
    pool, home = bench.pool, home_folder()
    try:
        with st.spinner("Parting the queries"):
            if len(pool) <= PARTED_HERE:
                split_queries(pool, asked.truth, share=asked.share)
            plan = make_plan(
                pool, state.pools_folder() / str(state.workspace().get("pool")), asked.arms, kind=asked.kind,
                title=title_of(asked.kind, asked.arms), student=asked.student, seeds=range(asked.seeds),
                share=asked.share,
            )  # fmt: skip
            folder = process.submit(Material(plan, pool, bench.labels, asked.truth), home)
    except NegvizError as error:
        st.error("This training could not be started.", icon=":material/error:")
        st.text(str(error))
        return
    training_cache.asked_now(home)
    st.query_params["training"] = folder.name
    st.session_state["train.chosen"] = folder.name
    st.session_state[EPOCH] = int(st.session_state.get(EPOCH, 0)) + 1
    st.rerun()
