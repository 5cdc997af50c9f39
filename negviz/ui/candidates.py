"""Candidates of one query: as cards or as a table, each with its verdict and the reason for it in words."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

from negviz.arrays import Ints
from negviz.diagnostics.candidate_states import disputed_zone
from negviz.diagnostics.refusal_reason import refusal_reason
from negviz.labels import CODES, Labels
from negviz.lexical import spans
from negviz.selection import NOT_REFUSED, Selection
from negviz.ui.queue import send_from_map
from negviz.ui.texts import marked

TAKEN, ALLOWED, REFUSED, DISPUTED = "taken", "not drawn", "refused", "disputed"
WORDS = {TAKEN: "● Taken", ALLOWED: "○ Allowed, not drawn", REFUSED: "✕ Refused"}
CARDS = 8
DISPUTE = (
    "◐ Disputed: scores above 95% of the positive and at most 0.1 above it; NV-Retriever refuses such a candidate, "
    "Qwen3-Embedding keeps it as one of its best."
)
PADDED = "Taken only to fill the query, in spite of the steps."
LABEL_PAGE = "pages/6_Label.py"
UNLABELLED = 0


@dataclass(frozen=True, eq=False)
class Candidates:
    """The candidates of one query, best rank first.

    Attributes:
        selection: Outcome of the recipe.
        query: Row of the query in the pool.
        columns: (candidates,) columns, best rank first.
        verdicts: What became of each: taken, allowed but not drawn, or refused.
        labels: Verdict of people on each, empty where there is none.
        knobs: All knobs of every step.
        disputed: Whether each lies in the zone on which published rules disagree.
    """

    selection: Selection
    query: int
    columns: Ints
    verdicts: Sequence[str]
    labels: Sequence[str]
    knobs: Mapping[str, Mapping[str, Any]]
    disputed: Sequence[bool]

    def reason(self, place: int) -> str:
        """What refused the candidate at a place, in words."""
        return refusal_reason(self.selection, self.query, int(self.columns[place]), self.knobs)

    def only(self, places: Sequence[int]) -> "Candidates":
        """Those at some places."""
        return Candidates(
            self.selection, self.query, self.columns[list(places)], [self.verdicts[place] for place in places],
            [self.labels[place] for place in places], self.knobs, [self.disputed[place] for place in places],
        )  # fmt: skip


def candidates_of(
    selection: Selection, query: int, labels: Labels, knobs: Mapping[str, Mapping[str, Any]]
) -> Candidates:
    """Put the candidates of a query in order of rank and say what became of each."""
    pool = selection.pool
    here = np.flatnonzero(pool.present[query])
    columns = here[np.argsort(pool.rank(selection.recipe.scorer)[query, here], kind="stable")].astype(np.int32)
    reasons, taken = selection.reasons[query, columns], selection.taken[query, columns]
    verdicts = [
        TAKEN if chosen else ALLOWED if reason == NOT_REFUSED else REFUSED
        for chosen, reason in zip(taken, reasons, strict=True)
    ]
    codes = labels.align(pool)[query, columns] if len(labels) else np.zeros(len(columns), dtype=np.int8)
    words = {code: str(verdict) for verdict, code in CODES.items()}
    said = [words.get(int(code), "") for code in codes]
    zone = disputed_zone(selection, np.array([query], dtype=np.int32))[0] & pool.eligible[query]
    return Candidates(selection, query, columns, verdicts, said, knobs, zone[columns].tolist())


def choose(shown: Candidates, key: str) -> list[int]:
    """Let a person filter by what became of the candidates; gives the places that stay."""
    options: dict[str, list[int]] = {"all": list(range(len(shown.columns)))}
    for place, verdict in enumerate(shown.verdicts):
        options.setdefault(verdict, []).append(place)
        if shown.disputed[place]:
            options.setdefault(DISPUTED, []).append(place)
        if verdict == REFUSED:
            stage = shown.selection.reason(shown.query, int(shown.columns[place]))
            options.setdefault(f"refused by {stage}", []).append(place)
    order = ["all", TAKEN, ALLOWED, REFUSED, DISPUTED, *(f"refused by {stage}" for stage in shown.selection.stages)]
    names = [name for name in order if name in options or name in {TAKEN, ALLOWED, REFUSED}]
    chosen = st.selectbox(
        "Show", names, key=key, persist_state="session", help="Only candidates with this outcome.",
        format_func=lambda name: f"{name.capitalize()} ({len(options.get(name, []))})",
    )  # fmt: skip
    return options.get(chosen or "all", [])


def show_cards(shown: Candidates, key: str) -> None:
    """Show candidates as cards, a page at a time."""
    pages = max(-(-len(shown.columns) // CARDS), 1)
    page = st.pagination(pages, key=f"{key}.{pages}.page") if pages > 1 else 1
    if not len(shown.columns):
        st.caption("No candidate of this query had this outcome.")
    for place in range((page - 1) * CARDS, min(page * CARDS, len(shown.columns))):
        with st.container(border=True, gap="xsmall"):
            line = f"negviz_line.{key}.{int(shown.columns[place])}"
            with st.container(horizontal=True, vertical_alignment="center", gap="small", key=line):
                st.html(head(shown, place))
                _label_button(shown, place, key)
            st.html(card(shown, place))


def _label_button(shown: Candidates, place: int, key: str) -> None:
    """A button that opens the candidate on the Label page."""
    pool, column = shown.selection.pool, int(shown.columns[place])
    pair = np.array([[pool.queries[shown.query], pool.documents[shown.query, column]]], dtype=np.int32)
    if st.button(
        "Label", icon=":material/rule:", type="tertiary", key=f"{key}.{column}.label",
        help="Opens this candidate on the Label page, where a judgment is kept for good.",
    ):  # fmt: skip
        send_from_map(pool, pair, "one candidate chosen on the Mine page")
        st.switch_page(LABEL_PAGE)


def head(shown: Candidates, place: int) -> str:
    """Escaped HTML of what became of one candidate, and its numbers."""
    column, verdict = int(shown.columns[place]), shown.verdicts[place]
    kind = {TAKEN: "taken", ALLOWED: "allowed", REFUSED: "refused"}[verdict]
    padding, disputed = bool(shown.selection.backfilled[shown.query, column]), shown.disputed[place]
    label = f'<span class="negviz-verdict negviz-labelled">▲ {html.escape(shown.labels[place])}</span>'
    return "".join([
        f'<div class="negviz-head"><span class="negviz-verdict negviz-{kind}">{WORDS[verdict]}</span>',
        f'<span class="negviz-verdict negviz-padding" title="{PADDED}">+ padding</span>' if padding else "",
        f'<span class="negviz-verdict negviz-disputed" title="{DISPUTE}">◐ disputed</span>' if disputed else "",
        label if shown.labels[place] else "",
        *(f"<span>{html.escape(fact)}</span>" for fact in facts(shown, column)),
        "</div>",
    ])  # fmt: skip


def card(shown: Candidates, place: int) -> str:
    """Escaped HTML of one candidate: why it was refused, its text with the query's words marked, its id."""
    pool, column = shown.selection.pool, int(shown.columns[place])
    row = int(pool.documents[shown.query, column])
    data = pool.dataset
    text, title = data.document_text(row), data.document_title(row)
    query = data.query_text(int(pool.queries[shown.query]))
    refused = shown.verdicts[place] == REFUSED
    return "".join([
        f'<div class="negviz-reason">{html.escape(shown.reason(place))}</div>' if refused else "",
        f'<div class="negviz-title">{marked(title, spans(query, title))}</div>' if title else "",
        f'<div class="negviz-text">{marked(text, spans(query, text))}</div>',
        f'<div class="negviz-faint">{html.escape(data.document_id(row))}</div>',
    ])  # fmt: skip


def facts(shown: Candidates, column: int) -> list[str]:
    """Numbers of a candidate: rank, scores, the ranks of the retrievers that brought it, weight."""
    pool, query = shown.selection.pool, shown.query
    scorer = shown.selection.recipe.scorer
    found = [f"rank {int(pool.rank(scorer)[query, column])}"]
    for name, layer in pool.scores.items():
        value = float(layer[query, column])
        found.append(f"{name} {value:.4g}" if np.isfinite(value) else f"{name}: no score")
    brought = [
        f"{name} #{int(ranks[query, column])}" for name, ranks in pool.ranks.items() if ranks[query, column] >= 0
    ]
    found.append(f"brought by {', '.join(brought)}" if brought else "brought by none")
    weight = float(shown.selection.weights[query, column])
    return [*found, f"weight {weight:.3g}"] if weight > 0 else found


def table(shown: Candidates) -> pa.Table:
    """The candidates as a table: outcome, reason, every rank and score, weight, label, and the text."""
    pool, query, columns = shown.selection.pool, shown.query, shown.columns
    rows = pool.documents[query, columns]
    brought = {
        f"rank {name}": pa.array(ranks[query, columns], mask=np.asarray(ranks[query, columns] < 0))
        for name, ranks in pool.ranks.items()
    }
    return pa.table({
        "rank": pool.rank(shown.selection.recipe.scorer)[query, columns],
        "outcome": list(shown.verdicts),
        "padding": shown.selection.backfilled[query, columns],
        "disputed": list(shown.disputed),
        "reason": [shown.reason(place) for place in range(len(columns))],
        **{f"score {name}": layer[query, columns] for name, layer in pool.scores.items()},
        **brought,
        "weight": shown.selection.weights[query, columns],
        "label": list(shown.labels),
        "id": [pool.dataset.document_id(int(row)) for row in rows],
        "title": [pool.dataset.document_title(int(row)) for row in rows],
        "text": [pool.dataset.document_text(int(row)) for row in rows],
    })  # fmt: skip
