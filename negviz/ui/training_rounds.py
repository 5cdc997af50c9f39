"""Round by round: what becomes of the negatives, where the positives move, and what the student came to prefer."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

from negviz.charts.rank_bands import rank_bands, shares_of
from negviz.charts.round_negatives import round_negatives
from negviz.dataset import Dataset
from negviz.errors import NegvizError
from negviz.home import home_folder
from negviz.pool import Pool
from negviz.retrievers import RETRIEVERS
from negviz.training.checkpoints import kept_rounds, named_model, spread_rounds
from negviz.training.observing import LISTED
from negviz.training.process import Training
from negviz.training.report import Outcome
from negviz.ui import building, cache
from negviz.ui.building import Order
from negviz.ui.frame import Workbench
from negviz.ui.links import page_link
from negviz.ui.tables import show_paged
from negviz.ui.texts import shortened

ANSWERS = {True: "answers", False: "does not answer", None: "not judged"}


def show(chosen: Training, report: Mapping[str, Any], bench: Workbench) -> None:
    """Rounds of one set of negatives, of the first seed.

    Args:
        chosen: Which training.
        report: See ``negviz.training.report``.
        bench: What is worked on.
    """
    found = Outcome(chosen.folder, chosen.plan)
    numbers = [number for number, arm in enumerate(report["arms"]) if len(arm["rounds"]) > 1]
    if not numbers:
        st.info("No round is finished yet.", icon=":material/info:")
        return
    arm = numbers[0]
    if len(numbers) > 1:
        arm = st.selectbox(
            "Negatives of", numbers, key=f"train.arm.{chosen.name}", persist_state="session",
            format_func=lambda number: report["arms"][number]["name"],
        )  # fmt: skip
    seeds = " The first seed is shown." if len(chosen.plan.seeds) > 1 else ""
    st.caption(f"What each round did, seen by the student before it learnt from it.{seeds}")
    _negatives(chosen, arm, [each for each in report["arms"][arm]["rounds"] if each["round"] > 0])
    _positives(found, arm)
    dataset = _dataset(chosen, bench)
    _preferred(found, arm, dataset)
    _look(found, arm, chosen, bench)


def _negatives(chosen: Training, arm: int, rounds: Sequence[Mapping[str, Any]]) -> None:
    numbers = [int(each["round"]) for each in rounds]
    curves: dict[str, list[float | None]] = {
        "shared with the round before": [each["overlap_before"] for each in rounds],
        "shared with the first round": [each["overlap_first"] for each in rounds],
        "still among the student's first 100": [each.get("still_near") for each in rounds],
        "likely false (above 95% of the positive)": [_of(each["likely_false"], each["negatives"]) for each in rounds],
        "false, of those that are judged": [_of(each["false"], each["judged"]) for each in rounds],
    }
    known = {name: values for name, values in curves.items() if any(value is not None for value in values)}
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("The negatives", anchor=False)
        st.plotly_chart(
            round_negatives(numbers, known, "share of the negatives"), key=f"train.shares.{chosen.name}.{arm}",
            config={"displayModeBar": False}, alt="Overlap, staleness and false negatives of each round",
        )  # fmt: skip
        st.caption(_moving(rounds))
    with right:
        st.subheader("How hard they are", anchor=False)
        hard = {"score minus the positive's": [each["hardness"] for each in rounds]}
        st.plotly_chart(
            round_negatives(numbers, hard, "hardness, mean", shares=False), key=f"train.hard.{chosen.name}.{arm}",
            config={"displayModeBar": False}, alt="Mean hardness of the negatives of each round",
        )  # fmt: skip
        st.caption("0 is as near to the query as its positive. Falling: the student has learnt to keep them apart.")


def _of(count: int | None, total: int | None) -> float | None:
    return count / total if count is not None and total else None


def _moving(rounds: Sequence[Mapping[str, Any]]) -> str:
    """Whether the negatives follow the student, in words."""
    overlaps = [each["overlap_first"] for each in rounds if each["overlap_first"] is not None]
    if not overlaps:
        return "There is one round, so nothing can have changed."
    if min(overlaps) >= 1.0:
        return "These negatives were chosen once and stay the same in every round."
    return (
        f"{overlaps[-1]:.0%} of the last round's negatives were there in the first, too; the others came as the "
        "student moved."
    )


def _positives(found: Outcome, arm: int) -> None:
    ranks = {number: found.ranks(arm, number) for number in range(found.rounds(arm, found.plan.seeds[0]) + 1)}
    kept = {number: each for number, each in ranks.items() if each is not None and len(each)}
    st.subheader("Where the positives stand", anchor=False)
    if len(kept) < 2:
        st.caption(
            "Ranks were not kept: only a training of some recipes or schedules and a proof keep them, of the first "
            "seed."
        )
        return
    st.plotly_chart(
        rank_bands(list(kept), np.stack([shares_of(each) for each in kept.values()])),
        key=f"train.bands.{found.folder.name}.{arm}", config={"displayModeBar": False},
        alt="Share of the positives that stand first, in the first ten, in the first hundred and beyond",
    )  # fmt: skip
    first, last = kept[min(kept)], kept[max(kept)]
    up, down = int((last < first).sum()), int((last > first).sum())
    st.caption(
        f"Of the {len(first):,} labelled positives that were trained on, {up:,} stand further up after the last round "
        f"than before training, {down:,} further down, {len(first) - up - down:,} where they were. Mean reciprocal "
        f"rank {_reciprocal(first):.3f}, then {_reciprocal(last):.3f}."
    )


def _reciprocal(ranks: Any) -> float:
    return float((1.0 / (1.0 + np.asarray(ranks, dtype=np.float64))).mean())


def _dataset(chosen: Training, bench: Workbench) -> Dataset | None:
    """Texts of the training's pool, where it is still the same."""
    pool = _pool(chosen, bench)
    return pool.dataset if pool is not None else None


def _pool(chosen: Training, bench: Workbench) -> Pool | None:
    if chosen.plan.fingerprint == bench.pool.fingerprint:
        return bench.pool
    folder = Path(chosen.plan.pool)
    try:
        pool = cache.pool(f"{folder}", (folder / "manifest.json").stat().st_mtime_ns)
    except (NegvizError, OSError):
        return None
    return pool if pool.fingerprint == chosen.plan.fingerprint else None


def _preferred(found: Outcome, arm: int, dataset: Dataset | None) -> None:
    st.subheader("What the student came to prefer", anchor=False)
    last = found.rounds(arm, found.plan.seeds[0])
    rows = found.preferred(arm, last)
    if not rows:
        st.caption("No candidate that stood below its query's positive before training stands above it now.")
        return
    if dataset is None:
        st.caption("The pool of this training is not there any more, so its texts cannot be shown.")
        return
    false = sum(row["answers"] is True for row in rows)
    judged = sum(row["answers"] is not None for row in rows)
    told = f" Of {judged:,} that are judged {false:,} answer their query: false negatives." if judged else ""
    st.caption(
        "Candidates of all queries, trained on or not, that stood below the labelled positive before training and "
        f"stand above it now, those that rose most first: {len(rows):,} are shown, {LISTED} at most.{told} Where one "
        "answers, the student is right and the labels miss an answer. Before and now: its score minus the positive's."
    )
    table = pa.table({
        "known": [ANSWERS[row["answers"]] for row in rows],
        "trained on": ["yes" if row.get("trained", True) else "no" for row in rows],
        "before": [round(row["before"], 3) for row in rows],
        "now": [round(row["now"], 3) for row in rows],
        "query": [shortened(dataset.query_text(row["query"]), 160) for row in rows],
        "document": [_document(dataset, row["document"]) for row in rows],
    })  # fmt: skip
    show_paged(table, f"train.preferred.{found.folder.name}.{arm}.{last}")


def _document(dataset: Dataset, row: int) -> str:
    return shortened(" · ".join(filter(None, [dataset.document_title(row), dataset.document_text(row)])), 240)


def _look(found: Outcome, arm: int, chosen: Training, bench: Workbench) -> None:
    """Build a pool from the checkpoints, for the other pages."""
    st.subheader("Look at these checkpoints", anchor=False)
    rounds = spread_rounds(kept_rounds(found, arm))
    pool = _pool(chosen, bench)
    if not rounds:
        st.caption("No checkpoint of these rounds is kept.")
        return
    if pool is None:
        st.caption("The pool of this training is not there any more, so no other can be built from its data.")
        return
    older = f", with round{'s' if len(rounds) > 2 else ''} {_listed(rounds[:-1])} beside it" if len(rounds) > 1 else ""
    st.caption(
        f"Mines the same data with the student after round {rounds[-1]}{older}. The new pool becomes the one at hand, "
        "so that Mine, Thresholds and Map show how candidates and scores moved; the old one stays on the page Load."
    )
    job = building.running()
    if job is not None:
        building.show_running(job, place=".train")
        return
    if st.button("Look at these checkpoints in a pool", key=f"train.look.{arm}", icon=":material/database:"):
        _build(found, arm, rounds, pool)
    building.show()
    if building.running() is None and str(bench.pool.origin.get("encoder") or "").startswith(
        str((home_folder() / "checkpoints" / found.folder.name).absolute())
    ):
        with st.container(horizontal=True):
            st.text("A pool of these checkpoints is at hand:")
            page_link("pages/3_Thresholds.py", "Thresholds", "tune")
            page_link("pages/5_Map.py", "Map", "scatter_plot")


def _listed(rounds: Sequence[int]) -> str:
    return " and ".join(map(str, rounds))


def _build(found: Outcome, arm: int, rounds: Sequence[int], pool: Pool) -> None:
    try:
        models = [named_model(found, arm, number, home_folder()) for number in rounds]
    except NegvizError as error:
        st.error("That did not work.", icon=":material/error:")
        st.text(str(error))
        return
    retrievers = tuple(name for name in pool.origin.get("retrievers", ("dense",)) if name in RETRIEVERS)
    order = Order(
        encoder=str(models[-1]), checkpoints=tuple(map(str, models[:-1])),
        retrievers=tuple(dict.fromkeys(["dense", *retrievers])), depth=int(pool.origin.get("depth", 100)),
        seed=int(pool.origin.get("seed", 0)),
    )  # fmt: skip
    building.start(pool.dataset, order)
    st.rerun()
