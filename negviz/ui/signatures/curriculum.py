"""Curriculum: what each stage of CL-DRD treats as relevant."""

import numpy as np
import streamlit as st

from negviz.arrays import PAD
from negviz.charts.curriculum import curriculum as draw
from negviz.curriculum import RELEVANT, STAGES, sizes
from negviz.diagnostics.curriculum import Passage, ordered_pairs
from negviz.diagnostics.curriculum import curriculum as stage_of
from negviz.selection import Selection
from negviz.ui.signatures import SIGNATURES
from negviz.ui.signatures._knobs import knobs_of
from negviz.ui.signatures._passages import asked_of
from negviz.ui.tables import show_rows
from negviz.ui.texts import shortened

HEIGHT = 400
KEY = "signature.curriculum.stage"


@SIGNATURES.register("Curriculum", reference="METHODS C4")
def curriculum(selection: Selection, *, query: int) -> None:
    """What a teacher's order adds to the student's: each stage treats a longer top of the list as relevant."""
    knobs = knobs_of(selection.recipe, "teacher_order")
    own = int(knobs["stage"])
    stage = int(st.segmented_control(
        "Stage", list(STAGES), default=own, key=f"{KEY}.{own}", required=True,
        help="Looks at another stage; what the recipe takes is set in its step.",
    ) or own)  # fmt: skip
    among = asked_of(selection, "teacher_order")
    relevant, length, teacher = int(knobs["relevant"]), int(knobs["length"]), str(knobs["teacher"])
    lists = {
        each: stage_of(selection.pool, query, among, teacher=teacher, stage=each, relevant=relevant, length=length)
        for each in STAGES
    }
    passages = lists[stage]
    first = sizes(stage, relevant, length)[0]
    st.echarts_chart(
        draw(
            np.array([_student_rank(selection, query, each) for each in passages], dtype=np.float64),
            np.array([each.place for each in passages], dtype=np.int32),
            np.array([each.block for each in passages], dtype=np.int32),
            np.array([each.label for each in passages]), first, length,
        ),
        key="signature.curriculum", height=HEIGHT,
        alt="The teacher's place of each passage against the student's rank, with the part treated as relevant shaded",
    )  # fmt: skip
    pairs = {each: ordered_pairs([passage.label for passage in found]) for each, found in lists.items()}
    told = ", ".join(f"stage {each}: {count:,}" for each, count in pairs.items())
    hidden = sum(not np.isfinite(_student_rank(selection, query, each)) for each in passages)
    more = f" {hidden} labelled positive(s) of the list were not retrieved and have no rank to draw." if hidden else ""
    short = f" The list holds only {len(passages)} of {length} passages." if len(passages) < length else ""
    st.caption(f"Ordered pairs to learn from, {told}.{more}{short}")
    _listed(selection, passages, first)


def _student_rank(selection: Selection, query: int, passage: Passage) -> float:
    """Rank by the student; of a labelled positive, where it is a candidate, too."""
    pool = selection.pool
    column = passage.column
    if column == PAD:
        at = np.flatnonzero(np.equal(pool.documents[query], passage.document))
        if not len(at):
            return float("nan")
        column = int(at[0])
    return float(pool.rank(selection.recipe.scorer)[query, column])


def _listed(selection: Selection, passages: list[Passage], first: int) -> None:
    """The passages around the end of the relevant part as a table."""
    data = selection.pool.dataset
    words = {RELEVANT: "relevant", RELEVANT + 1: "most hard", RELEVANT + 2: "semi hard"}
    around = passages[max(first - 4, 0) : first + 4]
    if around:
        show_rows([
            {
                "place": each.place, "label": round(each.label, 3), "treated as": words[each.block],
                "passage": shortened(f"{data.document_title(each.document)} {data.document_text(each.document)}", 140),
            }
            for each in around
        ])  # fmt: skip
