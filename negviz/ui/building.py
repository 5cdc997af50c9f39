"""Mining candidates in the background: the form, the job, its progress, and the pool that comes out."""

import json
import os
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import streamlit as st

from negviz.dataset import Dataset
from negviz.errors import CancelledError
from negviz.load import SAMPLE, load
from negviz.pool import Pool
from negviz.retrievers import RETRIEVERS
from negviz.scorers import SCORERS
from negviz.store import save_pool
from negviz.ui import jobs, state
from negviz.ui.jobs import Job
from negviz.ui.links import page_link
from negviz.writing import file_written_beside

KIND = "pool"
OPEN = "NEGVIZ_OPEN"
POLL_SECONDS = 0.4
SHORTEST = 3
TOKENS = "late_interaction"
PAIRS = "Scoring pairs with the cross-encoder"

KEPT = "What was encoded is kept; starting again goes on from there."


@dataclass(frozen=True)
class Order:
    """How candidates are to be mined; the fields are those of ``mine.build_pool``."""

    encoder: str = "minilm"
    retrievers: tuple[str, ...] = ("dense", "bm25", "random")
    depth: int = 100
    runs: tuple[Path, ...] = ()
    seed: int = 0
    scorers: tuple[str, ...] = ()
    checkpoints: tuple[str, ...] = ()
    precision: str | None = None

    @property
    def encodes(self) -> bool:
        """Whether a retriever or a scorer asks for the encoder's vectors."""
        asked = [(RETRIEVERS, name) for name in self.retrievers]
        asked += [(SCORERS, text) for text in self.scorers if "=" not in text]
        return TOKENS in self.scorers or any("embeddings" in registry.get(name).wants for registry, name in asked)

    @property
    def pace(self) -> str:
        """What the speed of its encoder is kept under: another arithmetic has another."""
        return f"{self.encoder} {self.precision}" if self.precision else self.encoder


def start(dataset: Dataset | str, order: Order) -> Job:
    """Mine in the background and store the pool; ``dataset`` may be ``sample``, which is then read first."""
    folder = state.pools_folder()
    if not order.encodes:
        order = replace(order, precision=None)

    def work(job: Job) -> str:
        from negviz.mine import build_pool

        data = load(SAMPLE, progress=job.progress) if isinstance(dataset, str) else dataset
        pace = _Pace(job, order, data)
        measured = _agreement(data, order, folder.parent, job)
        pool = build_pool(
            data, encoder=order.encoder, retrievers=order.retrievers, depth=order.depth, runs=order.runs,
            scorers=order.scorers, checkpoints=order.checkpoints, seed=order.seed, precision=order.precision,
            agreement=measured, progress=pace, cancelled=job.stop.is_set,
        )  # fmt: skip
        job.progress("writing the pool", 0, 1)
        name = pool_name(pool)
        save_pool(pool, folder / name)
        pace.keep(folder.parent)
        return name

    name = dataset if isinstance(dataset, str) else dataset.name
    job = jobs.start(f"Mining candidates of {name}", work, KIND)
    st.query_params["job"] = job.id
    return job


def _agreement(dataset: Dataset, order: Order, home: Path, job: Job) -> Mapping[str, Any] | None:
    """How far a faster arithmetic agrees with float32 on these texts, measured unless it is known."""
    if order.precision is None:
        return None
    from negviz.precision import measured_agreement

    job.progress("opening the encoder in float32 and in the arithmetic chosen", 0, None)
    return measured_agreement(dataset, order.encoder, order.precision, home, job.progress, job.stop.is_set)


def start_sample() -> Job:
    """Mine the sample with the usual settings; where that is under way already, that job."""
    return running() or start(SAMPLE, Order())


def pool_name(pool: Pool) -> str:
    """Folder name of a pool: its data's name as far as it is harmless, and the start of its fingerprint."""
    return f"{safe_name(pool.dataset.name)}-{pool.fingerprint[:8]}"


def safe_name(text: str, length: int = 40) -> str:
    """What of a text can be a folder's name on every system; ``data`` where nothing can."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:length] or "data"


class _Pace:
    """Passes progress on and remembers how fast the slow stages went, for the next estimate on this machine."""

    def __init__(self, job: Job, order: Order, dataset: Dataset) -> None:
        self.job, self.order = job, order
        self.texts = len(dataset.documents) + len(dataset.queries)
        self.seconds: dict[str, list[float]] = {}
        self.pairs: dict[str, int] = {}

    def __call__(self, stage: str, done: int, total: int | None = None) -> None:
        self.job.progress(stage, done, total)
        if stage.startswith(("Encoding", "Scoring pairs")):
            now = time.time()
            self.seconds.setdefault(stage, [now, now])[1] = now
            self.pairs[stage] = max(self.pairs.get(stage, 0), done)

    def keep(self, home: Path) -> None:
        """Write the pace down; runs that took no time came out of the cache and say nothing."""
        found = _paces(home)
        encoding = [stage for stage in self.seconds if stage in {"Encoding queries", "Encoding documents"}]
        # With a second encoder both go by in the same stages, and nobody can tell whose seconds they were.
        if not self._several():
            _note(found, self.order.pace, self.texts, sum(self._took(stage) for stage in encoding))
        for stage in self.seconds.keys() & {PAIRS}:
            models = [_model_of(text) for text in self.order.scorers if text.startswith("cross_encoder=")]
            if len(models) == 1:
                _note(found, f"{PAIRS} {models[0]}", self.pairs[stage], self._took(stage))
        if found != _paces(home):
            with file_written_beside(home / "pace.json") as beside:
                beside.write_text(json.dumps(found, ensure_ascii=False), "utf-8")

    def _several(self) -> bool:
        models = {_model_of(text) for text in self.order.scorers if text.startswith("second_encoder=")}
        return bool(models - {"static"}) or bool(self.order.checkpoints)

    def _took(self, stage: str) -> float:
        begin, end = self.seconds[stage]
        return end - begin


def _note(paces: dict[str, float], name: str, amount: int, seconds: float) -> None:
    if seconds >= SHORTEST:
        paces[name] = round(amount / seconds, 1)


def _model_of(scorer: str) -> str:
    return scorer.partition("=")[2].strip()


def _paces(home: Path) -> dict[str, float]:
    try:
        found = json.loads((home / "pace.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): float(pace) for name, pace in found.items()} if isinstance(found, dict) else {}


def running() -> Job | None:
    """The mining that is under way, if any."""
    return next((job for job in jobs.of_kind(KIND) if not job.finished), None)


def adopt() -> None:
    """Work on the pool of a job that has ended since a page was last drawn; the first call of every page."""
    for job in jobs.of_kind(KIND):
        if job.finished and not job.seen:
            job.seen = True
            if job.error is None and job.result in state.pools():
                state.use_pool(job.result)
                if job.after is not None:
                    job.after()


def open_sample_if_wanted() -> None:
    """Where the environment asks for it and there is no pool at all, start mining the sample; once a process."""
    if os.environ.get(OPEN) == SAMPLE and not state.pools() and not jobs.of_kind(KIND):
        start_sample()


def show() -> bool:
    """Show how the mining goes or how it ended, also after a reload; whether one is under way."""
    asked = st.query_params.get("job")
    job = running() or jobs.find(asked)
    if job is None or job.kind != KIND:
        if asked:
            del st.query_params["job"]
            gone = "That mining is not under way any more, since the dashboard was restarted. Start it again: what was "
            st.info(f"{gone}encoded is kept.", icon=":material/info:")
        return False
    st.query_params["job"] = job.id
    if not job.finished:
        show_running(job)
        return True
    show_result(job)
    return False


def show_result(job: Job) -> None:
    """How a mining ended, and where to go from there."""
    if isinstance(job.error, CancelledError):
        st.info("The mining was stopped. What was encoded is kept; starting again goes on from there.",
                icon=":material/info:")  # fmt: skip
    elif job.error is not None:
        st.error("The mining did not end well.", icon=":material/error:")
        st.text(job.message)
    elif job.result in state.pools():
        with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(":material/check_circle: The pool is ready and in use.", width="content")
            page_link("pages/2_Mine.py", "Choose negatives", "arrow_forward")


def show_again() -> None:
    """What ``show`` has shown, once more, beside the button that a person has just pressed."""
    job = running() or jobs.find(st.query_params.get("job"))
    if job is None or job.kind != KIND:
        return
    if job.finished:
        show_result(job)
    else:
        show_running(job, place=".again")


def show_running(job: Job, *, can_stop: bool = True, place: str = "", kept: str = KEPT) -> None:
    """Progress of a job with a button that stops it; when it ends the page is drawn again.

    Args:
        job: Whose progress.
        can_stop: Whether it can be stopped.
        place: Tells several of them on one page apart.
        kept: What stopping leaves, in a sentence.
    """

    @st.fragment(run_every=POLL_SECONDS)
    def draw() -> None:
        if job.finished:
            st.rerun()
        with st.container(border=True):
            st.text(job.title)
            st.progress(job.share, text=_stage(job))
            stopping, icon = job.stop.is_set(), ":material/stop_circle:"
            if can_stop and st.button("Stop", key=f"stop.{job.id}{place}", icon=icon, disabled=stopping, help=kept):
                job.stop.set()
                st.rerun(scope="fragment")

    draw()


def _stage(job: Job) -> str:
    """What a job does now, in words that no corpus has a part in, safe as markdown."""
    stage = re.sub(r"[^\w ,.:'()-]", " ", job.stage)
    amount = f" · {job.done:,} of {job.total:,}" if job.total and job.total > 1 else ""
    left = job.seconds_left
    end = f" · about {duration(left)} left in this stage" if left is not None else ""
    stopping = "Stopping after this block. " if job.stop.is_set() else ""
    spent = f" · {duration(time.time() - job.started)} so far"
    return f"{stopping}{stage[:1].upper()}{stage[1:]}{amount}{end or spent}"


def duration(seconds: float) -> str:
    """A length of time for people."""
    if seconds < 90:
        return f"{max(round(seconds / 5) * 5, 5)} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def estimate(dataset: Dataset, order: Order, home: Path) -> str:
    """How long encoding and scoring will take, from the paces of the last times on this machine; honest without one.

    Args:
        dataset: What is mined.
        order: How.
        home: Where paces are kept.
    """
    paces, parts = _paces(home), []
    texts = len(dataset.documents) + len(dataset.queries)
    if order.encodes:
        what = f"texts to encode in {order.precision}" if order.precision else "texts to encode"
        parts.append(_time_of(texts, what, paces.get(order.pace)))
        if order.precision:
            parts.append(f"How far {order.precision} agrees with float32 is measured first, unless it was.")
    for text in order.scorers:
        name, _, model = text.partition("=")
        if name == "cross_encoder":
            pairs = min(order.depth * max(len(order.retrievers), 1), len(dataset.documents)) * _asking(dataset)
            parts.append(_time_of(pairs, "pairs at most for the cross-encoder", paces.get(f"{PAIRS} {model}")))
        elif name == "late_interaction":
            parts.append("The tokens of all candidates are encoded as well: about as long again as encoding the texts.")
        elif name == "second_encoder" and model not in {"", "static"}:
            parts.append(_time_of(texts, "texts for the second encoder", paces.get(model)))
    if order.checkpoints:
        count = len(order.checkpoints)
        parts.append(f"{count:,} older checkpoint{'s' if count > 1 else ''}: each model encodes all texts once, too.")
    return " ".join(parts) or "No encoder is needed for these retrievers; scores come from BM25 or the run files."


def _asking(dataset: Dataset) -> int:
    """Queries that are mined for."""
    return len(set(dataset.positives.queries.tolist()))


def _time_of(amount: int, what: str, pace: float | None) -> str:
    if pace:
        return f"About {duration(amount / pace)} for {amount:,} {what}, at the pace of the last time here."
    return (
        f"{amount:,} {what}. How long that takes on this computer shows after the first seconds; what was done once is "
        "kept."
    )


def remove_pool(name: str) -> None:
    """Take a stored pool away for good; it is moved aside first, so that no half of it is ever found."""
    if name not in state.pools():
        return
    place = state.pools_folder() / name
    aside = place.with_name(f".removed-{name}-{time.time_ns()}")
    place.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)


def kept_runs(names: Sequence[str], contents: Sequence[bytes], home: Path) -> tuple[Path, ...]:
    """Write run files that came through the browser where the job can read them; names are never paths."""
    folder = home / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    places = []
    for name, content in zip(names, contents, strict=True):
        safe = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(name.replace("\\", "/")).name).lstrip(".-") or "run.trec"
        with file_written_beside(folder / safe[-80:]) as beside:
            beside.write_bytes(content)
        places.append(folder / safe[-80:])
    return tuple(places)


def with_runs(order: Order, typed: str, uploaded: Sequence[Any], home: Path) -> Order:
    """The order with its run files: typed paths, one a line, and those from the browser."""
    return replace(order, runs=(*map(Path, _lines(typed)), *_kept(uploaded, home)))


def with_checkpoints(order: Order, typed: str, uploaded: Sequence[Any], home: Path) -> Order:
    """The order with its older checkpoints: typed folders, ids or run files, one a line; then files of the browser."""
    return replace(order, checkpoints=(*_lines(typed), *map(str, _kept(uploaded, home))))


def _lines(typed: str) -> list[str]:
    """What was typed, a line each; ``~`` is the person's own folder."""
    found = [line.strip() for line in typed.splitlines() if line.strip()]
    return [str(Path(line).expanduser()) if line.startswith("~") else line for line in found]


def _kept(uploaded: Sequence[Any], home: Path) -> tuple[Path, ...]:
    return kept_runs([file.name for file in uploaded], [file.getvalue() for file in uploaded], home)
