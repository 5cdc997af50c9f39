"""What the page Export keeps: training sets, looks at what would be written, and what of it is held out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from negviz.dataset import Dataset
from negviz.held_out import HeldOut, read_held_out
from negviz.labels import Labels
from negviz.leak_check import LeakCheck, check_leaks
from negviz.registry import Entry
from negviz.selection import Selection
from negviz.training_set import TrainingSet, Unsure, make_training_set
from negviz.ui.outlook import Outlook, Surveyed, look_ahead
from negviz.ui.outlook import survey as surveyed
from negviz.ui.outlook import trial as written_trial


def training_set(of: Selection, labels: Labels, unsure: Unsure, without: frozenset[int] = frozenset()) -> TrainingSet:
    """A selection as labels correct it, put together once; some queries may be left out."""
    return _training_set(of, labels, training_set_key(of, labels, unsure, without), unsure, without)


def training_set_key(of: Selection, labels: Labels, unsure: Unsure, without: frozenset[int] = frozenset()) -> str:
    """What tells one training set from another."""
    left_out = f" {hash(tuple(sorted(without)))}" if without else ""
    return f"{of.fingerprint} {labels.fingerprint} {unsure}{left_out}"


@st.cache_resource(max_entries=4, show_spinner=False)
def _training_set(
    _selection: Selection, _labels: Labels, key: str, unsure: Unsure, without: frozenset[int]
) -> TrainingSet:
    return make_training_set(_selection, _labels, unsure=unsure, without=without)


def outlook(of: TrainingSet, key: str, entry: Entry, knobs: Mapping[str, Any]) -> Outlook:
    """What an export would write, looked at once for each setting; ``key`` is that of the training set."""
    return _outlook(of, entry, dict(knobs), _setting(key, entry, knobs))


def _setting(key: str, entry: Entry, knobs: Mapping[str, Any]) -> str:
    return f"{key} {entry.name} {sorted(knobs.items())}"


@st.cache_resource(max_entries=24, show_spinner=False)
def _outlook(_of: TrainingSet, _entry: Entry, _knobs: Mapping[str, Any], key: str) -> Outlook:
    return look_ahead(_of, _entry, _knobs)


def survey(of: TrainingSet, key: str) -> Surveyed:
    """What a training set says, counted once; ``key`` is that of the training set."""
    return _survey(of, key)


@st.cache_resource(max_entries=8, show_spinner=False)
def _survey(_of: TrainingSet, key: str) -> Surveyed:
    return surveyed(_of)


def trial(of: TrainingSet, key: str, entry: Entry, knobs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where the data of an export would lie, tried once for each setting; ``key`` is that of the training set."""
    return _trial(of, entry, dict(knobs), _setting(key, entry, knobs))


@st.cache_resource(max_entries=24, show_spinner=False)
def _trial(_of: TrainingSet, _entry: Entry, _knobs: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return written_trial(_of, _entry, _knobs)


def held_out(dataset: Dataset, path: str, stamp: int) -> HeldOut:
    """Data to evaluate with, read once; again when it was changed.

    Raises:
        DataError: If it can't be used.
    """
    return _held_out(dataset, dataset.fingerprint, path, stamp)


@st.cache_resource(max_entries=3, show_spinner="Reading the held-out data …")
def _held_out(_dataset: Dataset, dataset_key: str, path: str, stamp: int) -> HeldOut:
    return read_held_out(Path(path).expanduser(), _dataset)


def leak_check(of: TrainingSet, against: HeldOut, key: str) -> LeakCheck:
    """What of a training set is held out, looked at once; ``key`` tells the set and the held-out data."""
    return _leak_check(of, against, key)


@st.cache_resource(max_entries=4, show_spinner="Comparing with the held-out data …")
def _leak_check(_of: TrainingSet, _against: HeldOut, key: str) -> LeakCheck:
    return check_leaks(_of, _against)
