"""The encoder's arithmetic: exact or faster, with what the faster ones give and cost on a person's own texts."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from negviz.dataset import Dataset
from negviz.errors import CancelledError
from negviz.home import home_folder
from negviz.precision import (
    DOCUMENTS,
    EXACT,
    NEAREST,
    PRECISIONS,
    QUERIES,
    compare_precisions,
    keep_agreement,
    known_agreements,
    refusals,
)
from negviz.ui import building, jobs
from negviz.ui.jobs import Job
from negviz.ui.tables import show_rows

KIND = "precision"
KEPT = "Nothing is kept of a comparison that is stopped."
ABOUT = {
    EXACT: "The usual one: what the others are compared with.",
    "bfloat16": "Coarser numbers of 16 bits, fast where the processor or the GPU computes in them by itself.",
    "int8": "Whole numbers of 8 bits, the coarsest. Their scales are measured on 300 of your documents first, which "
    "takes a minute or so, once.",
}
LID = "Arithmetic of the encoder: as usual, or faster"
FOUND, CHANGED = f"Of the {NEAREST} nearest, found again", "Decisions that change"
BUSY = "Candidates are being mined; a comparison of speeds beside that would say nothing."
MEASURES = "Some of these texts are encoded in each arithmetic, in turns."


def choose(dataset: Dataset, encoder: str, key: str) -> str | None:
    """The arithmetic that the encoder shall compute in, None for the usual one.

    Args:
        dataset: What was read.
        encoder: Name, local folder or Hugging Face id; nothing is shown while it is empty.
        key: Prefix of the widgets.
    """
    chosen: dict[str, str] = st.session_state.setdefault(f"{key}.arithmetic", {})
    if not encoder:
        return None
    now = chosen.get(encoder, EXACT)
    job = _last(encoder, dataset)
    # Its name never changes: under another one the page would take it for a new one, and close it.
    with st.expander(LID, icon=":material/speed:", key=f"{key}.arithmetic.more", on_change="rerun") as inside:
        if inside.open:
            now = _inside(dataset, encoder, now, job, key)
    chosen[encoder] = now
    return None if now == EXACT else now


def _inside(dataset: Dataset, encoder: str, now: str, job: Job | None, key: str) -> str:
    refused = {**_refusals(encoder), **_told(job)}
    offered = [precision for precision in PRECISIONS if precision not in refused]
    if len(offered) > 1:
        st.caption(
            "A faster arithmetic gives vectors that are a little different, so a few other candidates are found and "
            "refused. How many, the comparison says."
        )
        now = _radio(offered, now, encoder, key)
    _show_refused(refused)
    if len(offered) == 1:
        return EXACT
    known = _known(encoder, dataset)
    if known:
        _show_table(known)
    _compare(dataset, encoder, job, key, again=len(known) == len(offered) - 1)
    return now


def _radio(offered: list[str], now: str, encoder: str, key: str) -> str:
    chosen = st.radio(
        "Arithmetic", offered, index=offered.index(now) if now in offered else 0, label_visibility="collapsed",
        captions=[ABOUT[precision] for precision in offered], key=f"{key}.precision.{encoder}.{len(offered)}",
    )  # fmt: skip
    return chosen or EXACT


def _show_refused(refused: Mapping[str, str]) -> None:
    """Why some are not offered, by the library's own words; those with one reason together."""
    reasons: dict[str, list[str]] = {}
    for precision, reason in refused.items():
        reasons.setdefault(_half(reason), []).append(precision)
    for reason, precisions in reasons.items():
        st.text(f"Not offered here: {' and '.join(precisions)}, since {reason}.")


def _half(reason: str) -> str:
    """The part of an error that says why, without what to do instead."""
    why = re.split(r"; (?:take|leave) |, or take ", reason)[0].rstrip(".")
    return re.sub(r"^'\w+' was asked for, but ", "", why)


@st.cache_resource(max_entries=16, show_spinner="Looking what this computer offers")
def _refusals(encoder: str) -> dict[str, str]:
    return refusals(encoder)


def _told(job: Job | None) -> dict[str, str]:
    """What turned out not to be offered when the encoder was opened."""
    return dict(job.result["not_offered"]) if job is not None and job.finished and job.result else {}


def _known(encoder: str, dataset: Dataset) -> dict[str, dict[str, Any]]:
    """What was measured before, here or by the command line."""
    home = home_folder()
    files = (home / "precision").glob(f"*/{dataset.fingerprint}.json")
    stamps = tuple((str(path), path.stat().st_mtime_ns) for path in sorted(files))
    return _opened(encoder, dataset.fingerprint, stamps, dataset, home) if stamps else {}


@st.cache_resource(max_entries=16, show_spinner="Looking what was measured before")
def _opened(
    encoder: str, fingerprint: str, stamps: tuple[tuple[str, int], ...], _dataset: Dataset, _home: Path
) -> dict[str, dict[str, Any]]:
    return known_agreements(encoder, _dataset, _home)


def _show_table(known: Mapping[str, Mapping[str, Any]]) -> None:
    rows = [known[precision] for precision in PRECISIONS if precision in known]
    exact = rows[0]["float32_texts_per_second"]
    lines = {
        "Texts a second": (f"{exact:,.0f}", [f"{row['texts_per_second']:,.0f}" for row in rows]),
        "Times as fast": ("1.0", [f"{row['speed_ratio']:.1f}" for row in rows]),
        FOUND: ("all", ["all" if row["overlap_at_20"] == 1 else f"{row['overlap_at_20']:.1%}" for row in rows]),
        CHANGED: ("none", [f"{row['flipped']:.2%}" if row["flipped"] else "none" for row in rows]),
    }
    names = [str(row["precision"]) for row in rows]
    show_rows(
        [{"": label, EXACT: first, **dict(zip(names, rest, strict=True))} for label, (first, rest) in lines.items()]
    )
    st.caption(
        f"Measured on {rows[0]['documents']:,} documents and {rows[0]['queries']:,} queries of this data. *Found "
        f"again*: of the {NEAREST} documents that float32 puts nearest to a query, how many are among the {NEAREST} "
        "nearest here too. *Decisions*: of the candidates, how many would be refused instead of kept, or the other "
        "way round, by a limit of 5 % below the score of the positive. Speed is that of this computer."
    )


def _compare(dataset: Dataset, encoder: str, job: Job | None, key: str, *, again: bool) -> None:
    """The button, and how the comparison goes or why there is none."""
    if job is not None and not job.finished:
        building.show_running(job, place=f".{key}", kept=KEPT)
        return
    mining = building.running() is not None
    if st.button(
        "Compare again" if again else "Compare on these texts", key=f"{key}.compare", icon=":material/balance:",
        disabled=mining, help=BUSY if mining else MEASURES,
    ):  # fmt: skip
        _start(dataset, encoder)
    if job is not None:
        _show_failure(job)


def _show_failure(job: Job) -> None:
    if isinstance(job.error, CancelledError):
        st.info(f"The comparison was stopped. {KEPT}", icon=":material/info:")
    elif job.error is not None:
        st.error("That could not be compared.", icon=":material/error:")
        st.text(job.message)


def _start(dataset: Dataset, encoder: str) -> None:
    home = home_folder()

    def work(job: Job) -> dict[str, Any]:
        job.progress("opening the encoder in each arithmetic", 0, None)
        report = compare_precisions(
            dataset, encoder=encoder, home=home, documents=DOCUMENTS, queries=QUERIES, progress=job.progress,
            cancelled=job.stop.is_set,
        )  # fmt: skip
        keep_agreement(report, dataset, home)
        return report

    jobs.start(_title(encoder), work, _kind(dataset)).wait(1)
    st.rerun()


def _title(encoder: str) -> str:
    return f"Comparing the arithmetic of {encoder}"


def _kind(dataset: Dataset) -> str:
    return f"{KIND} {dataset.fingerprint}"


def _last(encoder: str, dataset: Dataset) -> Job | None:
    """The last comparison of an encoder on these texts, of any session: it is found again after a reload."""
    found = [job for job in jobs.of_kind(_kind(dataset)) if job.title == _title(encoder)]
    return found[-1] if found else None


def facts(origin: Mapping[str, Any]) -> list[str]:
    """Sentences on what of a pool is not exact: the encoder's arithmetic, and approximate search.

    Args:
        origin: How the pool was made.
    """
    return [*_arithmetic(origin), *(_search(name, found) for name, found in origin.get("search", {}).items())]


def _arithmetic(origin: Mapping[str, Any]) -> list[str]:
    precision = origin.get("precision")
    if not precision or precision == EXACT:
        return []
    measured = origin.get("agreement")
    if not measured:
        return [f"Encoded in {precision}; how far that agrees with float32 was not measured."]
    return [
        f"Encoded in {precision}: it finds {measured['overlap_at_20']:.1%} of the {NEAREST} documents that float32 "
        f"finds nearest, and {measured['flipped']:.2%} of the decisions change at a margin of 5 %."
    ]


def _search(name: str, found: Mapping[str, Any]) -> str:
    return (
        f"Approximate search by {name}: it found {found['recall']:.1%} of the {found['depth']:,} nearest that exact "
        f"search finds, on {found['queries']:,} queries."
    )
