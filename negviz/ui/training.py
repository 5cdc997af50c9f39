"""The page Train: what is compared, the trainings of this home, and what the chosen one found."""

import streamlit as st

from negviz.errors import NegvizError
from negviz.home import home_folder
from negviz.training.process import Training
from negviz.ui import training_cache, training_choice, training_live, training_queue, training_result, training_rounds
from negviz.ui.frame import Workbench

RESULT, ROUNDS = "Result", "Round by round"


def explore(bench: Workbench) -> None:
    """Draw the page."""
    home = home_folder()
    training_cache.keep_working(home)
    found = training_cache.trainings(home)
    # Each part has a place of its own, however much it holds: what draws itself anew every second must not move, or an
    # answer that is on its way would come for a place that is gone.
    with st.container():
        training_choice.show(bench, found)
    if not found:
        _nothing()
        return
    with st.container():
        chosen = training_queue.show(found)
    if chosen is None:
        return
    with st.container():
        if not chosen.waiting:
            training_queue.watch(found)
    _chosen(chosen, found, bench)


def _nothing() -> None:
    with st.container(border=True):
        st.subheader(":material/model_training: No training yet", anchor=False)
        st.write(
            "Start one above. It runs in a process of its own: this page stays quick, may be closed, and shows the "
            "training again when it is opened."
        )


def _chosen(chosen: Training, found: list[Training], bench: Workbench) -> None:
    """Everything about one training."""
    with st.container(border=True, key="train_chosen"):
        with st.container():
            training_queue.head(chosen, bench)
        if chosen.waiting:
            training_live.show(chosen, found)
            return
        training_queue.ended(chosen)
    try:
        report = training_cache.report(chosen)
    except (NegvizError, OSError, KeyError, ValueError) as error:
        st.error("What this training left cannot be read; delete it and start a new one.", icon=":material/error:")
        st.text(str(error))
        return
    if not report["before"]:
        st.info("No round was finished, so there is nothing to show yet.", icon=":material/info:")
        return
    view = st.segmented_control(
        "View", [RESULT, ROUNDS], default=RESULT, key="train.view", bind="query-params", persist_state="session",
        required=True, label_visibility="collapsed",
        help="Result: what was measured, with intervals. Round by round: what became of negatives and positives.",
    )  # fmt: skip
    if view == ROUNDS:
        training_rounds.show(chosen, report, bench)
    else:
        training_result.show(chosen, report)
