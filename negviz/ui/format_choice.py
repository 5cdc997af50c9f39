"""Choosing a format to write: the trainer by its name first, then one of its formats, then the format's settings."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import streamlit as st

from negviz.exporters import EXPORTERS
from negviz.registry import Entry
from negviz.survey import Loss
from negviz.ui.forms import knob_inputs

FIRST = "n_tuple"
# What costs queries or negatives; everything else is only beside the texts.
COSTLY = frozenset({"counts", "empty", "negatives"})


def choose_format(key: str) -> Entry:
    """Widgets for the trainer and, where it has several, its format.

    Args:
        key: Prefix of the widgets.
    """
    groups = trainers()
    trainer = st.selectbox(
        "Trainer", list(groups), key=f"{key}.trainer", persist_state="session",
        help="What reads the files: each format is written exactly as that trainer's own code reads it.",
    )  # fmt: skip
    entries = {entry.name: entry for entry in groups[trainer]}
    names = list(entries)
    if len(names) == 1:
        st.text(entries[names[0]].label)
        return _about(entries[names[0]])
    chosen = st.radio(
        f"Formats of {trainer}", names, key=f"{key}.format.{trainer}", format_func=lambda name: entries[name].label,
        persist_state="session",
    )  # fmt: skip
    return _about(entries[chosen or names[0]])


def _about(entry: Entry) -> Entry:
    st.caption(entry.summary)
    if entry.reference:
        st.link_button("Where the format is described", entry.reference, type="tertiary", icon=":material/open_in_new:")
    return entry


def settings(entry: Entry, key: str) -> dict[str, Any]:
    """Widgets of a format's knobs, which keep what was set for each format.

    Args:
        entry: The format.
        key: Prefix of the widgets.
    """
    remembered = st.session_state.setdefault(f"{key}.knobs", {})
    remembered[entry.name] = knob_inputs(entry, remembered.get(entry.name, {}), f"{key}.{entry.name}")
    found: dict[str, Any] = remembered[entry.name]
    return found


@cache
def trainers() -> Mapping[str, tuple[Entry, ...]]:
    """Formats by the name of their trainer, that of the usual format first, the others by name.

    Of a trainer's formats that which has its name comes first.
    """
    groups: dict[str, list[Entry]] = {}
    for entry in sorted(EXPORTERS, key=_place):
        groups.setdefault(_short(entry), []).append(entry)
    ordered = sorted(groups.items(), key=lambda item: (item[1][0].name != FIRST, item[0].casefold()))
    return {_named(short, entries): tuple(entries) for short, entries in ordered}


def _place(entry: Entry) -> tuple[bool, bool, str]:
    return entry.name != FIRST, entry.name not in _short(entry).casefold(), entry.label.casefold()


def _short(entry: Entry) -> str:
    """A trainer's name without what is said about it: ``FlagEmbedding (BGE), rerankers`` gives ``FlagEmbedding``."""
    return re.split(r",|'| \(| and ", str(entry.trait("trainer")))[0].strip()


def _named(short: str, entries: Iterable[Entry]) -> str:
    """With what stands in parentheses, where all formats of the trainer say the same."""
    longer = {str(entry.trait("trainer")).partition(",")[0].strip() for entry in entries}
    return longer.pop() if len(longer) == 1 else short


def loss_lines(losses: Iterable[Loss], entry: Entry, among: str = "") -> list[str]:
    """Sentences about what a format cannot say, each with the setting that decides it.

    Args:
        losses: What the format cannot say.
        entry: The format.
        among: What was counted, where that was not everything.
    """
    return [f"{loss.message}{among}.{_hint(loss, entry)}" for loss in losses]


def _hint(loss: Loss, entry: Entry) -> str:
    knobs = {knob.name: knob for knob in entry.knobs}
    knob = knobs.get(loss.choice or loss.what)
    if knob is None:
        return ""
    named = knob.name.replace("_", " ").capitalize()
    options = f" ({', '.join(knob.choices)})" if knob.choices else ""
    return f" The setting **{named}**{options} decides it."
