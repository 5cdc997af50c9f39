"""Labelling by query: all candidates of one query in one list; several are chosen and answered at once."""

import html
from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from negviz.errors import NegvizError
from negviz.labels import Verdict
from negviz.ui import cache
from negviz.ui.label_cards import Pair, answers_of, document, facts, query_cards
from negviz.ui.label_desk import DESK, Desk, claim_these, hold, store_answers, take_back
from negviz.ui.label_words import ANSWERS

SHOWN = 12
# Characters of a text in the list.
SHORT = 280
HERE = "label.list.here"
# Keeps the candidate that the keys are at in sight; no text of a corpus is in it.
FOLLOW = """<script>/* {at} */
setTimeout(() => document.querySelector('.negviz-at')?.scrollIntoView({{block: 'nearest'}}), 30);
</script>"""


@dataclass
class Here:
    """Where somebody is in the lists.

    Attributes:
        query: Row of the query in the dataset; None behind the end of the queue.
        pairs: Its candidates, best first.
        at: Place of the candidate that the keys are at.
        chosen: Pairs that the next answer is for.
        free: Pairs of the candidates on the screen that nobody else has; None before that was asked.
    """

    query: int | None
    pairs: list[Pair] = field(default_factory=list)
    at: int = 0
    chosen: set[Pair] = field(default_factory=set)
    free: dict[int, set[Pair]] = field(default_factory=dict)

    @property
    def page(self) -> int:
        """Which part of the list is on the screen."""
        return self.at // SHOWN

    @property
    def pages(self) -> int:
        """How many parts the list has."""
        return max(-(-len(self.pairs) // SHOWN), 1)

    @property
    def shown(self) -> list[Pair]:
        """Candidates on the screen."""
        return self.pairs[self.page * SHOWN : (self.page + 1) * SHOWN]


def begin(desk: Desk) -> None:
    """Open the list of the query on the screen, with the keys at the candidate that is asked about."""
    pair = desk.walk.current
    here = Here(None) if pair is None else Here(pair[0], _candidates(desk, pair[0]))
    if pair in here.pairs:
        here.at = here.pairs.index(pair)
    st.session_state[HERE] = here


def _here(desk: Desk) -> Here:
    here = st.session_state.get(HERE)
    if not isinstance(here, Here) or (here.query is None and desk.walk.current is not None):
        begin(desk)
    found: Here = st.session_state[HERE]
    return found


def _candidates(desk: Desk, query: int) -> list[Pair]:
    """All candidates of a query without a leak, the most suspect first; of a query elsewhere what the queue has."""
    pool, queue = desk.pool, desk.walk.queue
    rows = np.flatnonzero(pool.queries == query)
    listed = [(query, int(row)) for row in queue.documents[queue.queries == query]]
    if not len(rows):
        return listed
    row = int(rows[0])
    columns = np.flatnonzero(pool.eligible[row])
    model = desk.known().model
    likely = np.zeros(pool.depth) if model is None else model.probabilities(rows[:1].astype(np.int32))[0]
    columns = columns[np.argsort(-np.nan_to_num(likely[columns], nan=-1.0), kind="stable")]
    found = [(query, int(document)) for document in pool.documents[row, columns]]
    return found + [pair for pair in listed if pair not in set(found)]


def query_list(desk: Desk, line: str, *, blind: bool) -> None:
    """Draw the list of a query, with a bar of answers.

    Args:
        desk: The queue at hand.
        line: HTML of where the person is.
        blind: Whether suspicion, scores and origin are hidden.
    """
    here = _here(desk)
    if here.query is None:
        st.html(line)
        st.subheader(":material/task_alt: End of the queue", anchor=False)
        st.button("Undo", key="label.undo", shortcut="Z", type="tertiary", on_click=_undo)
        return
    st.html(line + query_cards(desk.pool, here.query))
    _about(desk, here)
    free = _free(desk, here)
    known = None if blind else desk.known()
    for place, pair in enumerate(here.shown, start=here.page * SHOWN):
        with st.container(horizontal=True, key=f"negviz_row.{pair[0]}-{pair[1]}", gap="small"):
            answer = desk.answer_to(pair)
            _box(here, place, pair, lent=pair not in free and answer is None)
            said = str(answer.verdict) if answer else "" if pair in free else "with a colleague"
            more = facts(known, pair) if known is not None else ""
            st.html(_row(desk, pair, said, more, at=place == here.at))
    _bar(here)
    st.html(FOLLOW.format(at=f"{here.query} {here.at}"), unsafe_allow_javascript=True)


def _about(desk: Desk, here: Here) -> None:
    answered = sum(desk.answer_to(pair) is not None for pair in here.pairs)
    part = f" · part {here.page + 1} of {here.pages}" if here.pages > 1 else ""
    st.caption(f"{len(here.pairs):,} candidates, most suspect first · {answered:,} answered by you · "
               f"{len(here.chosen):,} chosen{part}")  # fmt: skip


def _free(desk: Desk, here: Here) -> set[Pair]:
    """Pairs on the screen that nobody else has, asked for once for each part of the list."""
    if here.page not in here.free:
        try:
            here.free[here.page] = claim_these(desk, here.shown)
        except NegvizError as error:
            st.text(str(error))
            return set()
    return here.free[here.page]


def _box(here: Here, place: int, pair: Pair, *, lent: bool) -> None:
    chosen = pair in here.chosen
    # Whether it is chosen is part of the key: a key pressed before the browser knows of the last choice comes with the
    # state from before it, and must not be taken for a click that undoes it.
    st.checkbox(
        f"Candidate {place + 1}", value=chosen, key=f"label.pick.{pair[0]}-{pair[1]}{'.chosen' * chosen}",
        label_visibility="collapsed", disabled=lent, on_change=_ticked, args=(place, pair),
    )  # fmt: skip


def _row(desk: Desk, pair: Pair, said: str, more: str, *, at: bool) -> str:
    """Escaped HTML of a candidate in the list, with what is said of it and more that is known."""
    data = desk.pool.dataset
    badge = f'<span class="negviz-verdict negviz-labelled">▲ {html.escape(said)}</span>' if said else ""
    answers = answers_of(desk.pool, pair[0])
    text = document(desk.pool, pair[1], data.query_text(pair[0]), answers, whole=False, length=SHORT)
    return f'<div class="negviz-row{" negviz-at" if at else ""}">{badge}{text}{more}</div>'


def _bar(here: Here) -> None:
    # The query is part of the key, so that an answer is for no other. Keys come in order: what is chosen when an answer
    # arrives is what the person had chosen, even where the bar on the screen is a frame behind.
    name = here.query
    count = f" ({len(here.chosen)})" if here.chosen else ""
    with st.container(horizontal=True, key="label_bar", vertical_alignment="center", gap="small"):
        for verdict, (key, label, _) in ANSWERS.items():
            st.button(label + count, key=f"label.{verdict.code}.list.{name}", shortcut=key, on_click=_answer,
                      args=(here.query, verdict))  # fmt: skip
        st.button("Choose", key=f"label.choose.{name}", shortcut="X", type="tertiary", on_click=_choose)
        st.button("All", key="label.all", shortcut="A", type="tertiary", on_click=_choose_all)
        for label, key, by in (("Up", "Up", -1), ("Down", "Down", 1), ("More", "PageDown", SHOWN),
                               ("Before", "PageUp", -SHOWN)):  # fmt: skip
            st.button(label, key=f"label.move.{by}", shortcut=key, type="tertiary", on_click=_move, args=(by,))
        st.button("Next query", key=f"label.query.list.{here.query}", shortcut="Q", type="tertiary",
                  on_click=_next_query, args=(here.query,))  # fmt: skip
        st.button("Undo", key="label.undo", shortcut="Z", type="tertiary", on_click=_undo)


def _desk() -> tuple[Desk, Here]:
    desk: Desk = st.session_state[DESK]
    desk.error = desk.said = ""
    return desk, _here(desk)


def _answer(query: int, verdict: Verdict) -> None:
    desk, here = _desk()
    if query != here.query:
        return
    pairs = tuple(sorted(here.chosen)) or (here.pairs[here.at],)
    if not _may(desk, here, pairs):
        return
    if store_answers(desk, pairs, verdict):
        desk.walk.settle(pairs)
        if not here.chosen:
            here.at = min(here.at + 1, len(here.pairs) - 1)
        here.chosen.clear()
        desk.said = f"{len(pairs)} answered: {verdict}." if len(pairs) > 1 else ""


def _may(desk: Desk, here: Here, pairs: tuple[Pair, ...]) -> bool:
    """Whether none of some pairs is before a colleague."""
    lent = [pair for pair in pairs if pair not in here.free.get(here.pairs.index(pair) // SHOWN, set())
            and desk.answer_to(pair) is None]  # fmt: skip
    if lent:
        desk.said = "A colleague has this pair before them, or has answered it."
    return not lent


def _ticked(place: int, pair: Pair) -> None:
    _, here = _desk()
    here.at = place
    here.chosen ^= {pair}


def _choose() -> None:
    desk, here = _desk()
    pair = here.pairs[here.at]
    if _may(desk, here, (pair,)):
        here.chosen ^= {pair}
        here.at = min(here.at + 1, len(here.pairs) - 1)


def _choose_all() -> None:
    desk, here = _desk()
    open_ones = {pair for pair in here.shown if pair in here.free.get(here.page, set()) and not desk.answer_to(pair)}
    here.chosen = set() if open_ones <= here.chosen else here.chosen | open_ones


def _move(by: int) -> None:
    _, here = _desk()
    here.at = min(max(here.at + by, 0), max(len(here.pairs) - 1, 0))


def _next_query(query: int) -> None:
    desk, here = _desk()
    if query != here.query:
        return
    desk.walk.skip_query(query)
    try:
        cache.label_store().release(desk.annotator)
        desk.claimed = set()
    except NegvizError as error:
        desk.error = str(error)
    hold(desk)
    begin(desk)


def _undo() -> None:
    desk, here = _desk()
    take_back(desk)
    here.chosen.clear()
    here.free.clear()
