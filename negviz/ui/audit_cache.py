"""What the page Audit keeps: findings, and advice on knobs; keyed by fingerprints."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

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

    def telling(self, tell: Callable[[str, int, int], None]) -> "Looked":
        """The same with progress that goes elsewhere; what was worked out already stays."""
        case = replace(self.case, progress=tell)
        case.__dict__.update({name: value for name, value in vars(self.case).items() if name not in vars(case)})
        return Looked(case, self.found)


@st.cache_resource(show_spinner=False)
def audits() -> "Audits":
    """Audits of large pools, which run in the background, by what tells one from another."""
    return Audits()


class Audits(dict[str, Looked]):
    """The last two audits: each holds what was worked out of a whole pool."""

    MOST = 2

    def __setitem__(self, key: str, looked: Looked) -> None:
        while len(self) >= self.MOST and key not in self:
            self.pop(next(iter(self)), None)
        super().__setitem__(key, looked)


def audit_key(pool: Pool, recipe: Recipe, labels: Labels, truth: Truth | None, held_out: HeldOut | None) -> str:
    """What tells one audit from another."""
    judged = truth.fingerprint if truth else ""
    return f"{pool.fingerprint} {recipe!r} {labels.fingerprint} {judged} {held_out.name if held_out else ''}"


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
