"""A training that waits or runs: how far it is, its loss and its measure as they come, and a button that stops it."""

import numpy as np
import streamlit as st

from negviz.charts.learning_curve import Curve, learning_curve
from negviz.charts.loss_steps import loss_steps
from negviz.errors import NegvizError
from negviz.home import home_folder
from negviz.training import process
from negviz.training.evaluation import METRICS
from negviz.training.events import read_journal
from negviz.training.process import Training
from negviz.training.progress import Progress
from negviz.ui import training_cache
from negviz.ui.building import duration
from negviz.ui.training_queue import moved, place_in_queue

POLL_SECONDS = 1.0
HEIGHT = 300
# More lines cannot be told apart.
MOST_LINES = 6


def show(chosen: Training, found: list[Training]) -> None:
    """Look at a training every second until it ends; then the page is drawn anew.

    Args:
        chosen: Which.
        found: All of them; that another one stands otherwise draws the page anew, too.
    """

    @st.fragment(run_every=POLL_SECONDS)
    def draw() -> None:
        try:
            now = process.training(chosen.folder)
        except NegvizError:  # somebody deleted it meanwhile
            st.rerun()
        if moved(found):
            st.rerun()
        if now.state == "queued":
            _waits(now)
        else:
            _runs(now)

    draw()


def _waits(now: Training) -> None:
    training_cache.keep_working(home_folder())
    before = place_in_queue(now, training_cache.trainings(home_folder()))
    words = "It is next and starts within seconds." if before == "next" else f"It waits its turn: {before}."
    st.progress(0.0, text=words)
    _stop_button(now)


def _runs(now: Training) -> None:
    progress = _progress(now)
    st.progress(progress.share, text=progress.words)
    if progress.arm:
        st.text(progress.arm)
    st.caption(_far(progress))
    _stop_button(now)
    _charts(progress)


def _far(progress: Progress) -> str:
    """Rounds that are done of all trainings together, and how long the rest will take."""
    left = progress.seconds_left
    told = f"about {duration(left)} left" if left is not None else "how long it takes shows after two rounds"
    return f"{progress.done:,} of {progress.plan.rounds:,} rounds are done, {told}."


def _progress(now: Training) -> Progress:
    """What its journal told since it was begun, of which only what is new is read."""
    key = f"train.progress.{now.name}"
    kept = st.session_state.get(key)
    if kept is None:
        kept = st.session_state[key] = Progress(now.plan)
    rows, kept.offset = read_journal(now.folder, kept.offset)
    kept.add(rows)
    return kept


def _stop_button(now: Training) -> None:
    stopping = (now.folder / process.STOP).exists()
    st.button(
        "Stop", key=f"train.stop.{now.name}", icon=":material/stop_circle:", disabled=stopping, on_click=_stop,
        args=(now,), help="Stops after the step it is at. What is finished is kept, and it can be resumed.",
    )  # fmt: skip
    if stopping:
        st.caption("Stopping after this step.")


def _stop(now: Training) -> None:
    try:
        process.stop(now.folder)
    except NegvizError as error:
        st.session_state["train.problem"] = str(error)


def _charts(progress: Progress) -> None:
    row = progress.latest
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Loss by step**")
        steps = sorted(progress.losses.get((int(row["arm"]), int(row["seed"])), {}).items()) if row else []
        if row and len(steps) > 1:
            places, losses = np.array(steps, dtype=np.float64).T
            rounds = progress.plan.arms[int(row["arm"])].schedule.rounds
            st.echarts_chart(
                loss_steps(places, losses, rounds), key="train.live.loss", height=HEIGHT,
                alt="Loss of the steps of the training at hand",
            )  # fmt: skip
        else:
            st.caption("No step yet.")
    with right:
        st.markdown(f"**{METRICS[0]} on the held-out queries, by round**")
        curves = _curves(progress)
        if curves:
            st.plotly_chart(
                learning_curve(curves, METRICS[0]), key="train.live.metric", config={"displayModeBar": False},
                alt="Measure on the held-out queries after each round",
            )  # fmt: skip
        else:
            st.caption("No round yet.")


def _curves(progress: Progress) -> list[Curve]:
    """Of the sets of negatives that have come so far, the latest ones where they are many."""
    curves = []
    for number, arm in enumerate(progress.plan.arms):
        points = progress.curve(number)
        if points:
            curves.append(Curve(arm.name, [each for each, _ in points], [value for _, value in points]))
    return curves[-MOST_LINES:]
