"""Who is trained, and how: the student with its knobs, and what a schedule leaves open."""

import streamlit as st

from negviz.losses import LOSSES
from negviz.recipe import Step
from negviz.training.schedule import Schedule
from negviz.training.students import STUDENTS
from negviz.ui.forms import knob_inputs
from negviz.ui.texts import show_text

FIRST = "adapter"
SETTINGS, OPEN = "Settings of the student", "train.settings"


def choose_student() -> Step:
    """Choose a student and turn its knobs; what was turned is kept for each."""
    entries = {entry.name: entry for entry in STUDENTS}
    # The quickest first, whatever comes after it in the alphabet.
    names = sorted(entries, key=lambda name: (not entries[name].trait("seconds"), name))
    name = st.selectbox(
        "Student", names, key="train.student", persist_state="session",
        format_func=lambda name: f"{entries[name].label} ({name})",
        help="What is trained. It stands in for the model that you will train: small, so that a comparison takes "
        "seconds or minutes.",
    )  # fmt: skip
    entry = entries[name or FIRST]
    show_text("", about=entry.help.replace("\n\n", " ").replace("\n", " "))
    remembered = st.session_state.setdefault("train.knobs", {})
    place = st.popover(SETTINGS, icon=":material/settings:", key=OPEN, on_change="rerun")
    if place.open:
        # A browser builds what is in a popover when it is opened. Drawn before that, the widgets would forget their
        # values by then, show their lowest ones and train with them.
        with place:
            remembered[entry.name] = knob_inputs(
                entry, remembered.get(entry.name, {}), f"train.student.{entry.name}"
            )  # fmt: skip
    return Step(entry.name, dict(remembered.get(entry.name, {})), entry.name)


def choose_settings(schedule: Schedule) -> Schedule:
    """What a schedule of one stage leaves open: rounds, how often pairs are seen, with which negatives and loss.

    Raises:
        RecipeError: If a value is not allowed, which the widgets do not let happen.
    """
    stage, key = schedule.stages[0], f"train.{schedule.name}"
    grid = st.columns(3)
    with grid[0]:
        rounds = st.number_input("Number of rounds", 1, 100, stage.rounds, key=f"{key}.rounds", persist_state="session",
                                 help="After each the student is measured.")  # fmt: skip
    with grid[1]:
        epochs = st.number_input("Passes a round", 1, 100, stage.epochs, key=f"{key}.epochs", persist_state="session",
                                 help="How often each pair of query and positive is seen in a round.")  # fmt: skip
    with grid[2]:
        negatives = st.number_input("Negatives a step", 1, 100, stage.negatives, key=f"{key}.negatives",
                                    persist_state="session", help="How many of a query's negatives a pair gets in a "
                                    "step, drawn anew in each pass.")  # fmt: skip
    entries = {entry.name: entry for entry in LOSSES}
    loss = st.selectbox(
        "Loss", list(entries), index=list(entries).index(stage.loss.strategy), key=f"{key}.loss",
        persist_state="session", format_func=lambda name: entries[name].label,
        help="What the student is told to make small.",
    )  # fmt: skip
    in_batch = st.toggle(
        "Documents of other lines are negatives, too", stage.in_batch, key=f"{key}.in_batch", persist_state="session",
        help="In-batch negatives: the positives and negatives of the other queries of a step. Known answers never are.",
    )  # fmt: skip
    chosen = stage.loss if loss == stage.loss.strategy else Step(str(loss), {}, str(loss))
    return schedule.with_settings(
        rounds=int(rounds), epochs=int(epochs), negatives=int(negatives), in_batch=bool(in_batch), loss=chosen
    )
