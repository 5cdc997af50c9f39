"""The trainings of this home: how each stands, the chosen one, and what can be done with it."""

import time
from pathlib import Path

import streamlit as st

from negviz.errors import NegvizError
from negviz.home import home_folder
from negviz.training import process
from negviz.training.process import Training
from negviz.training.report import Outcome
from negviz.ui import state, training_cache
from negviz.ui.frame import Workbench
from negviz.ui.texts import shortened, show_text

PAGE = 5
WATCH_SECONDS = 2.0
CHOSEN = "training"
# Sign, colour and word of a state: never told by colour alone.
STATES = {
    "queued": (":material/schedule:", "gray", "Waits"),
    "running": (":material/play_circle:", "blue", "Runs"),
    "stopped": (":material/stop_circle:", "orange", "Stopped"),
    "interrupted": (":material/power_off:", "orange", "Interrupted"),
    "failed": (":material/error:", "red", "Failed"),
    "done": (":material/check_circle:", "green", "Done"),
}
WHY = {
    "stopped": "It was stopped. What is finished is kept; resuming goes on from the last finished round.",
    "interrupted": "The process that ran it ended without a word, as when the computer is switched off. What is "
    "finished is kept; resuming goes on from the last finished round.",
}


def choose(name: str) -> None:
    """Look at a training from now on, also after a reload."""
    st.query_params[CHOSEN] = name
    st.session_state["train.chosen"] = name


def show(found: list[Training]) -> Training | None:
    """List the trainings, newest first, and give the chosen one.

    Args:
        found: At least one.
    """
    chosen = _chosen(found)
    st.subheader(f"Trainings ({len(found):,})", anchor=False)
    pages = -(-len(found) // PAGE)
    at = next((place for place, each in enumerate(found) if chosen and each.name == chosen.name), 0)
    page = 1
    if pages > 1:
        page = st.pagination(pages, default=at // PAGE + 1, key=f"train.pages.{len(found)}")
    for each in found[(page - 1) * PAGE : page * PAGE]:
        _row(each, chosen, place_in_queue(each, found))
    return chosen


def moved(found: list[Training]) -> bool:
    """Whether one of those that waited or ran stands otherwise by now."""
    return any(_state(each.folder) != each.state for each in found if each.waiting)


def watch(found: list[Training]) -> None:
    """Draw the page anew when one of those that wait or run stands otherwise, and see that somebody works on them."""
    if not any(each.waiting for each in found):
        return

    @st.fragment(run_every=WATCH_SECONDS)
    def look() -> None:
        training_cache.keep_working(home_folder())
        if moved(found):
            st.rerun()

    look()


def _state(folder: Path) -> str:
    """How a training stands now; empty where somebody has deleted it."""
    try:
        return process.training(folder).state
    except NegvizError:
        return ""


def _chosen(found: list[Training]) -> Training | None:
    asked = st.query_params.get(CHOSEN) or st.session_state.get("train.chosen")
    chosen = next((each for each in found if each.name == asked), None)
    if asked and chosen is None:
        st.warning("The training that was asked for is not there any more; the newest is shown.",
                   icon=":material/link_off:")  # fmt: skip
    chosen = chosen or found[0]
    choose(chosen.name)
    return chosen


def _row(each: Training, chosen: Training | None, place: str) -> None:
    here = chosen is not None and each.name == chosen.name
    with st.container(border=here, horizontal=True, vertical_alignment="center", key=f"negviz_line.train.{each.name}"):
        with st.container(gap=None):
            show_text(shortened(each.plan.title, 140), about=facts(each, place))
        badge(each)
        st.button(
            "Show", key=f"train.show.{each.name}", on_click=choose, args=(each.name,), disabled=here, type="tertiary",
        )  # fmt: skip


def badge(each: Training) -> None:
    """How a training stands, in a word."""
    sign, colour, word = STATES[each.state]
    st.badge(word, icon=sign, color=colour)  # type: ignore[arg-type]


def facts(each: Training, place: str = "") -> str:
    """Rounds done, student and time of a training, in a line."""
    plan = each.plan
    done = Outcome(each.folder, plan).done
    told = [
        place,
        # While it runs the bar below tells; a number here would stand still.
        f"{plan.rounds:,} rounds" if each.waiting else f"{done:,} of {plan.rounds:,} rounds",
        f"{len(plan.arms):,} compared" if len(plan.arms) > 1 else "one set of negatives",
        f"{len(plan.seeds)} seeds" if len(plan.seeds) > 1 else "one seed",
        f"student {plan.student.strategy}",
        moment(each.queued),
    ]
    return " · ".join(filter(None, told))


def moment(seconds: float) -> str:
    """A time for people: today's without a date."""
    then, now = time.localtime(seconds), time.localtime()
    today = then[:3] == now[:3]
    return time.strftime("today %H:%M" if today else "%Y-%m-%d %H:%M", then)


def place_in_queue(each: Training, found: list[Training]) -> str:
    """How many come before a training that waits; empty for others."""
    if each.state != "queued":
        return ""
    own = each.queued, each.name
    older = sum(other.state == "queued" and (other.queued, other.name) < own for other in found)
    ahead = older + sum(other.state == "running" for other in found)
    return f"{ahead} before it" if ahead else "next"


def head(chosen: Training, bench: Workbench) -> None:
    """Title of the chosen training with what can be done with it, and a word where it is of another pool."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(width="stretch", gap=None):
            show_text("", title=shortened(chosen.plan.title, 200))
        with st.container(horizontal=True, width="content"):
            if chosen.state in {"stopped", "interrupted", "failed"}:
                st.button(
                    "Resume", key=f"train.resume.{chosen.name}", icon=":material/play_arrow:", type="primary",
                    on_click=_resume, args=(chosen.folder,), help="Goes on from the last finished round.",
                )  # fmt: skip
            if chosen.state != "running":
                _delete(chosen)
    if chosen.plan.fingerprint != bench.pool.fingerprint:
        _other_pool(chosen)


def _other_pool(chosen: Training) -> None:
    pool = Path(chosen.plan.pool)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge("another pool", icon=":material/swap_horiz:", color="gray",
                 help="It was made on another pool than the one at hand. Its numbers stay true.")  # fmt: skip
        st.text(f"Trained on {pool.name}, not on the pool at hand.")
        if pool.parent.resolve() == state.pools_folder().resolve() and pool.name in state.pools():
            st.button("Work on that pool", key="train.pool", type="tertiary", icon=":material/swap_horiz:",
                      on_click=state.use_pool, args=(pool.name,))  # fmt: skip


def _resume(folder: Path) -> None:
    try:
        process.enqueue(folder, home_folder())
        training_cache.asked_now(home_folder())
    except NegvizError as error:
        st.session_state["train.problem"] = str(error)


def _delete(chosen: Training) -> None:
    with st.popover("Delete", icon=":material/delete:", help="Takes the training and its checkpoints away."):
        st.write(
            "This takes the training, its numbers and its checkpoints away for good. Pools that were built from its "
            "checkpoints stay."
        )
        st.button("Delete it", key=f"train.delete.{chosen.name}", type="primary", icon=":material/delete_forever:",
                  on_click=_remove, args=(chosen.folder,))  # fmt: skip


def _remove(folder: Path) -> None:
    try:
        process.remove(folder)
    except NegvizError as error:
        st.session_state["train.problem"] = str(error)
        return
    st.query_params.pop(CHOSEN, None)
    st.session_state.pop("train.chosen", None)


def ended(chosen: Training) -> None:
    """Why a training did not come to its end, and what went wrong with the last button."""
    problem = st.session_state.pop("train.problem", None)
    if problem:
        st.error("That did not work.", icon=":material/error:")
        st.text(problem)
    if chosen.state in WHY:
        st.info(WHY[chosen.state], icon=":material/info:")
    elif chosen.state == "failed":
        st.error("This training could not go on:", icon=":material/error:")
        st.text(chosen.message or "No reason was left; the log of the trainings may tell more.")
