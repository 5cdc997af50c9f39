"""The candidates nearest to a step's threshold, readable, on both sides."""

import html
from functools import lru_cache

import streamlit as st

from negviz.arrays import PAD
from negviz.dataset import Dataset
from negviz.diagnostics.limits import limits
from negviz.diagnostics.nearest_to_threshold import Near, nearest_to_threshold
from negviz.lexical import spans
from negviz.selection import Selection
from negviz.strategies import STRATEGIES
from negviz.ui.recipe_editor import knobs_of
from negviz.ui.texts import marked, shortened

SHOWN = (3, 5, 10, 20)


def nearest(selection: Selection) -> None:
    """What a small turn of a knob would move across, for the step chosen."""
    recipe = selection.recipe
    knobs = knobs_of(recipe)
    level = selection.pool.anchor(recipe.scorer, recipe.anchor)
    lines = {step.name: limits(step.strategy, knobs[step.name], level) for step in recipe.steps}
    names = [name for name, drawn in lines.items() if drawn]
    st.subheader("Nearest to the threshold", anchor=False)
    if not names:
        st.caption("No step of this recipe draws a limit, so nothing lies next to one.")
        return
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    with left:
        name = _step(selection, names)
    with right:
        count = st.segmented_control(
            "On each side", SHOWN, default=SHOWN[1], key="thresholds.sides", persist_state="session", required=True
        )
    soft = all(line.soft for line in lines[name])
    words = ("Below half weight", "Half weight or more") if soft else ("Just refused", "Just accepted")
    unit = "ranks" if lines[name][0].axis == "rank" else "score"
    groups = nearest_to_threshold(selection, name, knobs[name], int(count or SHOWN[1]))
    for column, word, group in zip(st.columns(2), words, groups, strict=True):
        with column:
            st.markdown(f"**{word}**")
            if group:
                st.html("".join(_card(selection, near, unit) for near in group))
            else:
                st.caption("Nothing that reaches this step lies on this side.")


def _step(selection: Selection, names: list[str]) -> str:
    recipe = selection.recipe
    labels = {name: STRATEGIES.get(recipe.step(name).strategy).label for name in names}
    chosen = st.selectbox(
        "Step", names, key=f"thresholds.step.{'.'.join(names)}", format_func=lambda name: f"{labels[name]} ({name})",
        help="Only candidates that reach this step, that is that nothing before it refused, are shown.",
    )  # fmt: skip
    return str(chosen)


def _card(selection: Selection, near: Near, unit: str) -> str:
    """Escaped HTML of one candidate with its query and positive."""
    pool, scorer = selection.pool, selection.recipe.scorer
    data = pool.dataset
    query = data.query_text(int(pool.queries[near.query]))
    document = int(pool.documents[near.query, near.column])
    positive = int(pool.positives[near.query, 0])
    away = f"{abs(near.distance):.3g} {unit} {'beyond' if near.distance > 0 else 'inside'} the limit"
    score = f"{scorer} {float(pool.score(scorer)[near.query, near.column]):.4g}"
    taken = near.column in selection.columns[near.query]
    return "".join([
        '<div class="negviz-card"><div class="negviz-head">',
        '<span class="negviz-verdict negviz-taken">● Taken</span>' if taken else "",
        f"<span>{html.escape(score)}</span><span>{away}</span></div>",
        f'<div class="negviz-title negviz-query">{html.escape(shortened(query))}</div>',
        _named("Candidate", *_document(data, document), query),
        _named("Labelled positive", *_document(data, positive), query),
        "</div>",
    ])  # fmt: skip


@lru_cache(maxsize=1024)
def _named(name: str, document_id: str, title: str, text: str, query: str) -> str:
    """Escaped HTML of a document under what it is here; its title stands apart from its text."""
    short = shortened(text)
    about = f"{name} · {document_id}" if document_id else name
    return "".join([
        f'<div class="negviz-part"><div class="negviz-faint">{html.escape(about)}</div>',
        f'<div class="negviz-title">{marked(title, spans(query, title))}</div>' if title else "",
        f'<div class="negviz-text">{marked(short, spans(query, short))}</div></div>',
    ])  # fmt: skip


def _document(data: Dataset, row: int) -> tuple[str, str, str]:
    """Id, title and text of a document; nothing but a word where the query has none."""
    if row == PAD:
        return "", "", "none"
    return data.document_id(row), data.document_title(row), data.document_text(row)
