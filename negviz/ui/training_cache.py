"""What the page Train keeps: reports, which recipes can run, and when a worker was last asked for."""

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from negviz.pool import Pool
from negviz.recipe import Recipe
from negviz.training import process
from negviz.training.plan import Arm
from negviz.training.planning import lacks, runnable
from negviz.training.process import Training
from negviz.training.report import Outcome
from negviz.training.report import report as report_of

# How long a worker that was just started is given before it shows that it is at work, in seconds.
STARTING = 15.0


@st.cache_resource(show_spinner=False)
def _asked() -> dict[str, float]:
    return {}


def keep_working(home: Path) -> None:
    """See that somebody works on the queue; a worker that is still starting is not started twice."""
    now, place = time.monotonic(), str(home.resolve())
    if now - _asked().get(place, -math.inf) >= STARTING and process.keep_working(home):
        _asked()[place] = now


def asked_now(home: Path) -> None:
    """Note that a worker was started just now."""
    _asked()[str(home.resolve())] = time.monotonic()


def trainings(home: Path) -> list[Training]:
    """Trainings of a home, the newest first."""
    return process.trainings(home)


def report(of: Training) -> dict[str, Any]:
    """What a training has found, worked out again when it has got further.

    Raises:
        DataError: If it is no training any more.
    """
    found = Outcome(of.folder, of.plan)
    return _report(str(of.folder), of.queued, found.done, of.state)


@st.cache_resource(max_entries=12, show_spinner="Putting the numbers together …")
def _report(folder: str, queued: float, done: int, state: str) -> dict[str, Any]:
    return report_of(Path(folder))


def runnable_recipes(of: Pool) -> tuple[list[Recipe], dict[str, str]]:
    """Published recipes that can run on a pool, and what the others lack; tried once a pool."""
    return _runnable(of, of.fingerprint)


@st.cache_resource(max_entries=4, show_spinner="Trying which recipes can run here …")
def _runnable(_pool: Pool, pool_key: str) -> tuple[list[Recipe], dict[str, str]]:
    return runnable(_pool)


def problems(of: Pool, arms: Sequence[Arm], student: str) -> list[str]:
    """Why some arms cannot be trained on a pool; tried once for each choice."""
    stages = repr([(arm.name, arm.schedule.stages) for arm in arms])
    return _problems(of, tuple(arms), of.fingerprint, stages, student)


@st.cache_resource(max_entries=64, show_spinner="Looking whether this can run here …")
def _problems(_pool: Pool, _arms: tuple[Arm, ...], pool_key: str, stages: str, student: str) -> list[str]:
    return lacks(_pool, _arms, student)
