"""What one takes and another refuses, and why, down to the texts; and the way to the labelling queue."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

from negviz.arrays import PAD, Floats, Ints
from negviz.comparison import Comparison, Knobs, all_knobs, fate_in_words, hardness_of
from negviz.diagnostics.taken_differences import Differences
from negviz.labels import CODES
from negviz.lexical import spans
from negviz.selection import Selection
from negviz.taken_pairs import column_of
from negviz.ui.links import page_link
from negviz.ui.queue import send_from_map
from negviz.ui.tables import PAGE
from negviz.ui.texts import marked, shortened, show_text

FIRST, SECOND, BOTH = "first", "second", "both"
LISTED = 200
CARDS = 6
TEXT = 300
UNKNOWN = "–"
WIDTHS = {"query": 240, "document": 300}


@dataclass(frozen=True, eq=False)
class Duel:
    """Two of the contenders side by side.

    Attributes:
        found: The comparison.
        first: Place of the one.
        second: Place of the other.
    """

    found: Comparison
    first: int
    second: int

    @cached_property
    def differences(self) -> Differences:
        """What the one takes and the other does not."""
        return self.found.differences(self.first, self.second)

    @cached_property
    def selections(self) -> Mapping[str, Selection]:
        """Both of them."""
        return {FIRST: self.found.selections[self.first], SECOND: self.found.selections[self.second]}

    @cached_property
    def names(self) -> Mapping[str, str]:
        """What they are called."""
        return {FIRST: self.found.names[self.first], SECOND: self.found.names[self.second]}

    @cached_property
    def knobs(self) -> Mapping[str, Knobs]:
        """All knobs of their steps."""
        return {side: all_knobs(selection.recipe) for side, selection in self.selections.items()}

    def pairs(self, side: str) -> Ints:
        """(pairs, 2) what only the one, only the other, or both take."""
        parts = {FIRST: self.differences.only_first, SECOND: self.differences.only_second, BOTH: self.differences.both}
        return parts[side]

    def taker(self, side: str) -> Selection:
        """Who takes those pairs; its pool has their scores."""
        return self.selections[SECOND if side == SECOND else FIRST]

    def scores(self, side: str, pairs: Ints) -> tuple[Floats, Floats]:
        """Score and hardness of pairs, NaN where unknown."""
        if self.found.scorer is None:
            return np.full(len(pairs), np.nan), np.full(len(pairs), np.nan)
        return hardness_of(self.taker(side), pairs, self.found.scorer, self.found.anchor)

    def hardest_first(self, side: str) -> Ints:
        """The pairs of a side, the hardest first, unknown ones last."""
        pairs = self.pairs(side)
        apart = self.scores(side, pairs)[1]
        return pairs[np.argsort(-np.nan_to_num(apart, nan=-np.inf), kind="stable")]

    def why(self, side: str, place: int, document: int) -> str:
        """Why the other one does not take a pair; empty where both take it."""
        if side == BOTH:
            return ""
        other = SECOND if side == FIRST else FIRST
        return fate_in_words(self.selections[other], place, document, self.knobs[other])

    @property
    def key(self) -> str:
        """What widgets are named after: who is compared."""
        return f"{self.selections[FIRST].fingerprint[:8]}.{self.selections[SECOND].fingerprint[:8]}"


def explore(found: Comparison) -> None:
    """Choose two of them and see what the one takes and the other refuses."""
    if len(found.names) < 2:
        st.caption("Only one of them can run, so there is nothing to compare it with.")
        return
    duel = choose_two(found)
    if duel is None:
        return
    side = choose_side(duel)
    pairs = duel.hardest_first(side)
    if not len(pairs):
        st.info("No pair belongs here." if side != BOTH else "They share no pair.", icon=":material/check:")
    else:
        send(duel, side, pairs)
        pair_table(duel, side, pairs)
    one_query(duel)


def choose_two(found: Comparison) -> Duel | None:
    """Which two."""
    names = list(found.names)
    left, right = st.columns(2)
    sides = []
    for column, label, default in ((left, "This one", 0), (right, "compared with", 1)):
        key = f"compare.{label}"
        if st.session_state.get(key) not in names:
            st.session_state[key] = names[default]
        sides.append(names.index(str(column.selectbox(label, names, key=key, persist_state="session"))))
    if sides[0] == sides[1]:
        st.info("Both are the same; choose two different ones.", icon=":material/info:")
        return None
    return Duel(found, sides[0], sides[1])


def choose_side(duel: Duel) -> str:
    """Whether to look at what only the one, only the other, or both take."""
    counts = {side: len(duel.pairs(side)) for side in (FIRST, SECOND, BOTH)}
    words = {
        FIRST: f"Only the first ({counts[FIRST]:,})",
        SECOND: f"Only the second ({counts[SECOND]:,})",
        BOTH: f"Both ({counts[BOTH]:,})",
    }
    chosen = st.segmented_control(
        "Pairs taken by", list(words), default=FIRST, format_func=lambda side: words[side], key="compare.side",
        persist_state="session", required=True,
    )  # fmt: skip
    same = int(np.equal(duel.differences.differing, 0).sum())
    st.text(
        f"{duel.names[FIRST]} and {duel.names[SECOND]} take the same for {same:,} of {len(duel.found.pool):,} queries."
    )
    return chosen or FIRST


def send(duel: Duel, side: str, pairs: Ints, query: int | None = None) -> None:
    """A button that sends pairs to the labelling queue."""
    pool = duel.found.pool
    about = {
        FIRST: f"only {duel.names[FIRST]} takes, not {duel.names[SECOND]}",
        SECOND: f"only {duel.names[SECOND]} takes, not {duel.names[FIRST]}",
        BOTH: f"{duel.names[FIRST]} and {duel.names[SECOND]} both take",
    }[side]
    name = "all" if query is None else str(query)
    with st.container(horizontal=True, vertical_alignment="center"):
        sent = st.button(
            f"Send {len(pairs):,} {'pair' if len(pairs) == 1 else 'pairs'} to the labelling queue",
            icon=":material/rule:", key=f"compare.send.{name}.{side}",
            help="The hardest first. Judging what two recipes disagree about tells which of them is right.",
        )  # fmt: skip
        if sent:
            rows = np.stack([pool.queries[pairs[:, 0]], pairs[:, 1]], axis=1)
            send_from_map(pool, rows, f"{len(pairs)} pairs that {about}")
            st.badge(f"{len(pairs):,} are in the queue", icon=":material/check:", color="green")
            page_link("pages/6_Label.py", "Label them", "rule")


def pair_table(duel: Duel, side: str, pairs: Ints) -> None:
    """The pairs, a page at a time; choosing a row opens its query below."""
    base = f"compare.pairs.{duel.key}.{side}.{duel.found.scorer}.{duel.found.anchor}"
    pages = -(-len(pairs) // PAGE)
    page = st.pagination(pages, key=f"{base}.page") if pages > 1 else 1
    rows = pairs[(page - 1) * PAGE : page * PAGE]
    key = f"{base}.{page}"

    def chosen() -> None:
        picked = st.session_state[key]["selection"]["rows"]
        if picked and picked[0] < len(rows):
            st.session_state["compare.query"] = int(rows[picked[0], 0])

    table = pair_rows(duel, side, rows)
    widths = {name: st.column_config.TextColumn(width=WIDTHS.get(name, "medium")) for name in table.column_names[:3]}
    st.dataframe(
        table, hide_index=True, column_config=widths if side != BOTH else {}, key=key, on_select=chosen,
        selection_mode="single-row", height=min(38 + 35 * len(rows), 420),
    )  # fmt: skip
    first = (page - 1) * PAGE + 1
    st.caption(
        f"Pairs {first:,} to {first + len(rows) - 1:,} of {len(pairs):,}, the hardest first. Choose a row to read its "
        "query below."
    )


def pair_rows(duel: Duel, side: str, pairs: Ints) -> pa.Table:
    """Query, document, score, hardness and the other one's reason for each pair."""
    pool = duel.found.pool
    data = pool.dataset
    scores, apart = duel.scores(side, pairs)
    columns: dict[str, Any] = {
        "query": [shortened(data.query_text(int(pool.queries[place])), TEXT) for place, _ in pairs],
        "document": [shortened(data.content(int(document)), TEXT) for _, document in pairs],
    }
    if side != BOTH:
        other = duel.names[SECOND if side == FIRST else FIRST]
        columns[f"why {other} does not"] = [duel.why(side, int(place), int(document)) for place, document in pairs]
    columns |= {"label": verdicts(duel.found, pairs), "judged": grades(duel.found, pairs)}
    columns["minus positive"] = pa.array(np.round(apart, 4), mask=~np.isfinite(apart))
    columns[f"score {duel.found.scorer}"] = pa.array(np.round(scores, 4), mask=~np.isfinite(scores))
    columns["query id"] = [data.query_id(int(pool.queries[place])) for place, _ in pairs]
    columns["document id"] = [data.document_id(int(document)) for _, document in pairs]
    return pa.table({name: values for name, values in columns.items() if not _bare(name, values)})


def _bare(name: str, values: Any) -> bool:
    """Whether a column of verdicts is empty from top to bottom."""
    return name in {"label", "judged"} and not any(values)


def verdicts(found: Comparison, pairs: Ints) -> list[str]:
    """What people said about pairs, empty where nothing."""
    words = {code: str(verdict) for verdict, code in CODES.items()}
    codes = found.labels.align_pairs(found.pool.dataset, found.pool.queries[pairs[:, 0]], pairs[:, 1])
    return [words.get(int(code), "") for code in codes]


def grades(found: Comparison, pairs: Ints) -> list[str]:
    """What the judgments from a file say about pairs, empty where nothing."""
    if found.truth is None:
        return [""] * len(pairs)
    queries, width = found.pool.queries[pairs[:, 0]], len(found.pool.dataset.documents)
    relevant, judged = found.truth.verdicts(queries, pairs[:, 1], width)
    return ["an answer" if yes else "no answer" if known else "" for yes, known in zip(relevant, judged, strict=True)]


def one_query(duel: Duel) -> None:
    """One query with its positives, and what each of the two takes for it; those that differ most come first."""
    st.subheader("Query by query", anchor=False)
    order = duel.differences.most_different
    order = order[duel.differences.differing[order] > 0]
    if not len(order):
        st.caption("They take the same for every query.")
        return
    place = pick(duel, order)
    asked(duel, place)
    columns = st.columns(3 if len(_own(duel.pairs(BOTH), place)) else 2)
    sides = [FIRST, BOTH, SECOND] if len(columns) == 3 else [FIRST, SECOND]
    for column, side in zip(columns, sides, strict=True):
        with column:
            cards(duel, side, place)


def _own(pairs: Ints, place: int) -> Ints:
    return pairs[np.equal(pairs[:, 0], place)]


def pick(duel: Duel, order: Ints) -> int:
    """Walk the queries on which the two differ, from the most different one."""
    pool, key = duel.found.pool, "compare.query"
    found = np.flatnonzero(np.equal(order, st.session_state.get(key, -1)))
    at = int(found[0]) if len(found) else 0
    first = max(min(at - LISTED // 2, len(order) - LISTED), 0)
    listed = [int(place) for place in order[first : first + LISTED]]
    if st.session_state.get(key) not in listed:
        st.session_state[key] = int(order[at])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for icon, text, to in (("arrow_back", "Previous query", at - 1), ("arrow_forward", "Next query", at + 1)):
            inside = 0 <= to < len(order)
            st.button("", icon=f":material/{icon}:", key=f"compare.{icon}", help=text, disabled=not inside,
                      on_click=_go, args=(int(order[to]) if inside else 0,))  # fmt: skip
        differing = duel.differences.differing
        chosen = st.selectbox(
            f"Query {at + 1:,} of {len(order):,} on which they differ", listed, key=key,
            format_func=lambda place: (
                f"{int(differing[place]):,} differ · "
                f"{shortened(pool.dataset.query_text(int(pool.queries[place])), 110)}"
            ),
            help="Those with the most differing pairs come first.",
        )  # fmt: skip
    return int(chosen)


def _go(place: int) -> None:
    st.session_state["compare.query"] = place


def asked(duel: Duel, place: int) -> None:
    """The query and its labelled positives."""
    pool = duel.found.pool
    data, row = pool.dataset, int(pool.queries[place])
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.caption("Query")
        show_text(data.query_text(row), about=data.query_id(row))
    with right.container(border=True, height="stretch"):
        own = [int(document) for document in pool.positives[place] if document != PAD]
        st.caption("Labelled positive" if len(own) == 1 else f"{len(own)} labelled positives")
        for column, document in enumerate(own):
            scores = ((name, float(layer[place, column])) for name, layer in pool.positive_scores.items())
            known = [f"{name} {score:.4g}" for name, score in scores if np.isfinite(score)]
            show_text(data.document_text(document), title=data.document_title(document),
                      about=" · ".join([data.document_id(document), *known]))  # fmt: skip


def cards(duel: Duel, side: str, place: int) -> None:
    """What one side takes for a query, as cards, the hardest first."""
    pairs = _own(duel.hardest_first(side), place)
    name = {FIRST: f"Only {duel.names[FIRST]}", SECOND: f"Only {duel.names[SECOND]}", BOTH: "Both"}[side]
    st.text(f"{name} ({len(pairs)})")
    if not len(pairs):
        st.caption("Nothing for this query.")
        return
    pages = -(-len(pairs) // CARDS)
    page = st.pagination(pages, key=f"compare.cards.{duel.key}.{side}.{place}") if pages > 1 else 1
    shown = pairs[(page - 1) * CARDS : page * CARDS]
    said, judged = verdicts(duel.found, shown), grades(duel.found, shown)
    for number, (_, document) in enumerate(shown.tolist()):
        with st.container(border=True, gap="xsmall"):
            facts = facts_of(duel, side, place, document)
            st.html(card(duel, place, document, duel.why(side, place, document), facts, (said[number], judged[number])))
    if side != BOTH:
        send(duel, side, pairs, place)


def facts_of(duel: Duel, side: str, place: int, document: int) -> list[str]:
    """Numbers of a candidate by the pool of who takes it."""
    pool = duel.taker(side).pool
    column = column_of(pool, place, document)
    scorer, found = duel.found.scorer, []
    if scorer is not None:
        apart = float(pool.score(scorer)[place, column] - pool.anchor(scorer, duel.found.anchor)[place])
        found = [f"{apart:+.3f} to the positive"] if np.isfinite(apart) else []
    for name, layer in pool.scores.items():
        value = float(layer[place, column])
        found.append(f"{name} {value:.4g}" if np.isfinite(value) else f"{name} {UNKNOWN}")
    brought = [
        f"{name} #{int(ranks[place, column])}" for name, ranks in pool.ranks.items() if ranks[place, column] >= 0
    ]
    return [*found, f"brought by {', '.join(brought)}"] if brought else found


def card(duel: Duel, place: int, document: int, why: str, facts: list[str], said: tuple[str, str]) -> str:
    """Escaped HTML of one candidate: its numbers, why the other one does not take it, its text, its id."""
    data = duel.found.pool.dataset
    query = data.query_text(int(duel.found.pool.queries[place]))
    text, title = data.document_text(document), data.document_title(document)
    label, judged = said
    marks = [f"▲ {label}"] if label else []
    marks += [f"judged: {judged}"] if judged else []
    return "".join([
        '<div class="negviz-head">',
        *(f'<span class="negviz-verdict negviz-labelled">{html.escape(mark)}</span>' for mark in marks),
        *(f"<span>{html.escape(fact)}</span>" for fact in facts),
        "</div>",
        f'<div class="negviz-reason">The other: {html.escape(why)}</div>' if why else "",
        f'<div class="negviz-title">{marked(title, spans(query, title))}</div>' if title else "",
        f'<div class="negviz-text">{marked(text, spans(query, text))}</div>',
        f'<div class="negviz-faint">{html.escape(data.document_id(document))}</div>',
    ])  # fmt: skip
