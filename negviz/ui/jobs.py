"""Long work in the background: it survives reruns and reloads, shows progress, and can be stopped."""

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from negviz.errors import CancelledError, NegvizError


@dataclass
class Job:
    """One piece of long work.

    Attributes:
        title: What is being done, for people.
        kind: What sort of work it is, for whoever looks for jobs of that sort.
        stage: What it is doing now.
        done: How much of the stage is done.
        total: Of how much.
        result: What it returned.
        error: What it raised.
        seen: Whether its end was taken note of.
        after: What to do in the session that takes note of its good end.
    """

    title: str
    kind: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    stage: str = "starting"
    done: int = 0
    total: int | None = 1
    stage_started: float = field(default_factory=time.time)
    started: float = field(default_factory=time.time)
    result: Any = None
    error: BaseException | None = None
    finished: bool = False
    seen: bool = False
    after: Callable[[], None] | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def progress(self, stage: str, done: int, total: int | None = None) -> None:
        """Told by the work how far it is; without a total nobody knows how much there is."""
        if stage != self.stage:
            self.stage_started = time.time()
        self.stage, self.done, self.total = stage, done, total

    @property
    def share(self) -> float:
        """Share of the stage that is done, 0 to 1."""
        return min(max(self.done / self.total, 0.0), 1.0) if self.total else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long the stage will go on at the pace that it had so far; None while that is not known."""
        elapsed = time.time() - self.stage_started
        return elapsed / self.share * (1 - self.share) if elapsed > 2 and 0.02 < self.share < 1 else None

    def wait(self, seconds: float) -> bool:
        """Wait a moment for quick work, so that a page need not flicker; whether it is finished."""
        return self.ended.wait(seconds)

    @property
    def message(self) -> str:
        """What went wrong, in a sentence."""
        if isinstance(self.error, CancelledError):
            return "Stopped. What was encoded is kept; starting again goes on from there."
        if isinstance(self.error, NegvizError):
            return str(self.error)
        return f"This is a fault of negviz: {type(self.error).__name__}: {self.error}"


KEPT = 3


@st.cache_resource(show_spinner=False)
def _jobs() -> dict[str, Job]:
    return {}


def start(title: str, work: Callable[[Job], Any], kind: str = "") -> Job:
    """Start work in a thread of its own; ``work`` gets the job to report to and must not call Streamlit.

    Of finished jobs of a kind only the last few are kept, since their results may be large.
    """
    job = Job(title, kind)
    for old in [old for old in of_kind(kind) if kind and old.finished][:-KEPT]:
        del _jobs()[old.id]
    _jobs()[job.id] = job

    def run() -> None:
        try:
            job.result = work(job)
        except BaseException as error:
            job.error = error
            if not isinstance(error, NegvizError):
                raise
        finally:
            job.finished = True
            job.ended.set()

    threading.Thread(target=run, name=f"negviz-{job.id}", daemon=True).start()
    return job


def find(job_id: str | None) -> Job | None:
    """A job by its id, from whatever session."""
    return _jobs().get(job_id or "")


def running() -> list[Job]:
    """Jobs that are not finished, of any session."""
    return [job for job in list(_jobs().values()) if not job.finished]


def of_kind(kind: str) -> list[Job]:
    """Jobs of a kind, of any session, the latest last."""
    return [job for job in list(_jobs().values()) if job.kind == kind]
