"""What the page Audit keeps: findings, and advice on knobs; keyed by fingerprints."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from negviz.arrays import Scores
from negviz.findings import Case, Finding, run_finding
from negviz.held_out import HeldOut
from negviz.labels import Labels
from negviz.pool import Pool
from negviz.rate_advice import RateAdvice, thresholds_for_rate
from negviz.recipe import Recipe
from negviz.selection import Selection
from negviz.suspicion import suspicion_model
from negviz.sweeping import Turn
from negviz.truth import Truth


@dataclass(eq=False)
class Looked:
    """A case with what was found of it so far."""

    case: Case
    found: dict[str, Finding] = field(default_factory=dict)

    def finding(self, name: str) -> Finding:
        """What was found, looked at once."""
        if name not in self.found:
            self.found[name] = run_finding(name, self.case)
        return self.found[name]


def looked(selection: Selection, labels: Labels, truth: Truth | None, held_out: HeldOut | None) -> Looked:
    """The case of a selection with what is known about it."""
    key = f"{selection.pool.fingerprint} {selection.recipe!r} {labels.fingerprint} {truth.fingerprint if truth else ''}"
    return _looked(selection, labels, truth, held_out, key, held_out)


@st.cache_resource(max_entries=3, show_spinner=False, hash_funcs={HeldOut: repr})
def _looked(
    _selection: Selection, _labels: Labels, _truth: Truth | None, _held_out: HeldOut | None, key: str,
    held_out: HeldOut | None,
) -> Looked:  # fmt: skip
    return Looked(Case(_selection, _labels, _truth, _held_out))


def prior_probabilities(pool: Pool) -> Scores:
    """(queries, depth) P(false negative) by the model that has seen no label."""
    return _prior_probabilities(pool, pool.fingerprint)


@st.cache_resource(max_entries=2, show_spinner="Working out how suspect each candidate is …")
def _prior_probabilities(_pool: Pool, pool_key: str) -> Scores:
    return suspicion_model(_pool).probabilities()


def rate_advice(
    pool: Pool, recipe: Recipe, labels: Labels, turn: Turn, values: Sequence[float], wanted: float
) -> RateAdvice:
    """Which value of a knob meets a rate; worked out once."""
    key = f"{pool.fingerprint} {recipe!r} {labels.fingerprint} {turn.path} {tuple(values)} {wanted}"
    return _rate_advice(pool, recipe, labels, turn, tuple(values), wanted, key)


@st.cache_resource(max_entries=16, show_spinner=False)
def _rate_advice(
    _pool: Pool, _recipe: Recipe, _labels: Labels, _turn: Turn, _values: Sequence[float], _wanted: float, key: str
) -> RateAdvice:
    return thresholds_for_rate(_pool, _recipe, _labels, _turn, _values, _wanted)
