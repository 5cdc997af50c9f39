"""Labelling: one pair at a time, by key or by button; stored before the next one comes."""

from datetime import datetime

import streamlit as st

from negviz.errors import NegvizError
from negviz.labels import LabelEvent, Labels, Verdict
from negviz.pool import Pool
from negviz.queue import Walk
from negviz.text import text_key
from negviz.ui import cache, state
from negviz.ui.label_cards import Pair, show_answers, show_legend, show_pair
from negviz.ui.queue import DESK, HISTORY, Desk, recent_answers, renew, why_empty

ANSWERS = {
    Verdict.FALSE_NEGATIVE: ("1", "False negative", "It answers the query: it becomes a positive."),
    Verdict.TRUE_NEGATIVE: ("2", "True negative", "It does not answer the query: it stays a negative."),
    Verdict.DROP: ("3", "Drop", "Neither: it is used neither as a positive nor as a negative."),
    Verdict.UNSURE: ("4", "Unsure", "You cannot tell; the pair stays as it is and can be asked again."),
}


def name_field() -> None:
    """Who labels; written into every label."""
    st.text_input(
        "Your name",
        value=state.annotator(),
        max_chars=80,
        key="label.annotator",
        on_change=_rename,
        width=220,
        help="Written into your labels, so that several people's answers can be told apart. Undo takes back only "
        "answers under this name.",
    )


def _rename() -> None:
    state.remember(annotator=str(st.session_state["label.annotator"]).strip())
    st.session_state["label.annotator"] = state.annotator()


@st.fragment
def label_desk(pool: Pool) -> None:
    """The pair at hand with everything that can be said about it; a press reruns this part of the page alone."""
    desk = st.session_state.get(DESK)
    if not isinstance(desk, Desk):
        st.rerun()
    if desk.error:
        st.error("Your answer was not stored.", icon=":material/error:")
        st.text(desk.error)
    _status(desk)
    pair = desk.walk.current
    if pair is None:
        _end(desk)
    else:
        answer = desk.own.get(_keys(pool, pair))
        show_pair(pool, pair, desk.selection if st.session_state.get("label.scores") else None)
        _answer_bar(pair, answer)
        _details(pool, pair, answer)
    _side_bar(desk)
    if st.session_state.get("label.legend"):
        show_legend(ANSWERS)
    show_answers(desk.recent, desk.visits, _visit, pool)


def _status(desk: Desk) -> None:
    walk, total = desk.walk, len(desk.walk.queue)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        rest = walk.queue.considered - walk.queue.labelled
        of = f"{total:,}" if rest == total else f"{total:,} (the first of {rest:,})"
        at = f"**Outside the queue** of {of}" if walk.aside else f"**{min(walk.place + 1, total):,}** of {of}"
        words = f"{at} · {walk.answered:,} answered"
        st.markdown(words + (f" · {len(walk.skipped):,} skipped" if walk.skipped else ""), width="content")
        if desk.said:
            st.caption(desk.said, width="content")
        if desk.saved:
            st.badge(f"saved {desk.saved}", icon=":material/check:", color="green")
    st.progress(walk.front / total if total else 0.0)


def _answer_bar(pair: Pair, answer: LabelEvent | None) -> None:
    given = answer.verdict if answer else None
    name = f"{pair[0]}-{pair[1]}"
    with st.container(horizontal=True, key="label_bar", vertical_alignment="center"):
        for verdict, (key, label, help_text) in ANSWERS.items():
            # The pair is part of the key, so that a press can only mean the pair that was on the screen.
            st.button(label, key=f"label.{verdict.code}.{name}", shortcut=key, help=help_text, on_click=_answer,
                      args=(pair, verdict), type="primary" if verdict == given else "secondary")  # fmt: skip
        st.button("Skip", key=f"label.skip.{name}", shortcut="Space", type="tertiary", on_click=_skip, args=(pair,),
                  help="Pass over this pair; skipped pairs can be gone through at the end.")  # fmt: skip
        st.button("Undo", key=f"label.undo.{name}", shortcut="Z", type="tertiary", on_click=_undo,
                  help="Take your last answer back and show its pair again.")  # fmt: skip


def _details(pool: Pool, pair: Pair, answer: LabelEvent | None) -> None:
    name = f"{pair[0]}-{pair[1]}"
    grade, note = st.columns([1, 2], vertical_alignment="bottom")
    grade.segmented_control(
        "Grade (optional)", [0, 1, 2, 3], default=answer.grade if answer else None, key=f"label.grade.{name}",
        on_change=_amend, args=(pair,),
        help="0 does not answer, 1 is about the matter, 2 answers partly, 3 answers fully. Stored with your answer.",
    )  # fmt: skip
    note.text_input(
        "Note (optional)", value=answer.note if answer else "", max_chars=2000, key=f"label.note.{name}",
        on_change=_amend, args=(pair,), placeholder="Why? Stored with your answer.",
        help="Keys do nothing while you type here; leave the field with Tab to use them again.",
    )  # fmt: skip


def _side_bar(desk: Desk) -> None:
    walk = desk.walk
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Back", key="label.back", shortcut="Left", icon=":material/arrow_back:", type="tertiary",
                  on_click=walk.back, disabled=walk.place == 0 and walk.aside is None,
                  help="The pair before.")  # fmt: skip
        st.button("Forward", key="label.forward", shortcut="Right", icon=":material/arrow_forward:", type="tertiary",
                  on_click=walk.forward, disabled=walk.at_front,
                  help="The next pair, up to the first unanswered.")  # fmt: skip
        shown = bool(st.session_state.get("label.scores"))
        st.button("Hide scores" if shown else "Show scores", key="label.toggle", shortcut="S", type="tertiary",
                  on_click=_flip, args=("label.scores",),
                  help="Scores, ranks and what the recipe did. Hidden at first, so as not to lead you.")  # fmt: skip
        st.button("Keys", key="label.keys", shortcut="H", type="tertiary", on_click=_flip, args=("label.legend",),
                  help="What the keys do and what the answers mean.")  # fmt: skip
        st.button("New queue", key="label.renew", type="tertiary", icon=":material/refresh:", on_click=_renew,
                  help="Make the queue again from what is unlabelled now.")  # fmt: skip
    counts = desk.counts
    st.caption("All labels: " + " · ".join(f"{counts[verdict]:,} {verdict}" for verdict in Verdict))


def _end(desk: Desk) -> None:
    walk = desk.walk
    with st.container(border=True):
        if not len(walk.queue):
            reason, advice = why_empty(walk.queue, walk.queue.order)
            st.subheader(":material/inbox: Nothing to label here", anchor=False)
            st.write(f"{reason} {advice}")
        else:
            st.subheader(":material/task_alt: End of the queue", anchor=False)
            st.write(f"{walk.answered:,} of {len(walk.queue):,} pairs are answered, {len(walk.skipped):,} skipped.")
            if walk.skipped:
                st.button("Go through the skipped", key="label.again", type="primary", on_click=_again)
        st.button("Undo", key="label.undo.end", shortcut="Z", on_click=_undo, type="tertiary",
                  help="Take your last answer back and show its pair again.")  # fmt: skip


def _keys(pool: Pool, pair: Pair) -> tuple[str, str]:
    return text_key(pool.dataset.query_text(pair[0])), text_key(pool.dataset.content(pair[1]))


def _desk() -> Desk:
    desk = st.session_state[DESK]
    desk.error = desk.said = ""
    return desk  # type: ignore[no-any-return]


def _answer(pair: Pair, verdict: Verdict) -> None:
    desk = _desk()
    if pair == desk.walk.current and _store(desk, pair, verdict):
        desk.walk.answer(pair)


def _store(desk: Desk, pair: Pair, verdict: Verdict) -> bool:
    """Write an answer with its note and grade; only when it is on disk is it called saved."""
    name, earlier = f"{pair[0]}-{pair[1]}", desk.own.get(_keys(desk.selection.pool, pair))
    # A corrected answer still came from the queue that first asked; a rate is estimated from random ones.
    source = earlier if earlier is not None and desk.walk.aside else None
    queue = desk.walk.queue
    event = LabelEvent.of(
        desk.selection.pool.dataset,
        *pair,
        verdict,
        annotator=desk.annotator,
        note=str(st.session_state.get(f"label.note.{name}") or ""),
        grade=st.session_state.get(f"label.grade.{name}"),
        queue=source.queue if source else queue.order,
        probability=source.probability if source else queue.probability,
    )
    try:
        event = cache.label_store().add(event)
    except NegvizError as error:
        desk.error = str(error)
        return False
    desk.everybody[event.pair] = desk.own[event.pair] = event
    others = [answer for answer in desk.recent if answer[0] != pair]
    desk.recent = [(pair, event), *others][:HISTORY]
    desk.saved = datetime.now().astimezone().strftime("%H:%M:%S")
    return True


def _amend(pair: Pair) -> None:
    """Store a changed note or grade at once where the pair has an answer already."""
    desk = _desk()
    answer = desk.own.get(_keys(desk.selection.pool, pair))
    if answer is not None and answer.verdict is not None:
        _store(desk, pair, answer.verdict)


def _skip(pair: Pair) -> None:
    _desk().walk.skip(pair)


def _undo() -> None:
    desk = _desk()
    store, pool = cache.label_store(), desk.selection.pool
    try:
        answers = recent_answers(store, pool, desk.annotator)
        if not answers:
            desk.said = "There is no answer of yours to take back for this data."
            return
        pair, event = answers[0]
        store.withdraw([event])
        _read_again(desk, event)
        desk.recent = recent_answers(store, pool, desk.annotator)
    except NegvizError as error:
        desk.error = str(error)
        return
    old = desk.own.get(event.pair)
    desk.walk.reopen(pair, answered=old is not None)
    desk.said = f"Took back: {event.verdict}." + (f" Your answer before counts again: {old.verdict}." if old else "")
    for field in ("note", "grade"):
        st.session_state.pop(f"label.{field}.{pair[0]}-{pair[1]}", None)


def _read_again(desk: Desk, event: LabelEvent) -> None:
    """Read from the database what counts for a pair now."""
    said = cache.label_store().events(query_key=event.query_key, document_key=event.document_key)
    for view, annotator in ((desk.everybody, None), (desk.own, desk.annotator)):
        now = Labels.of(said, annotator).get(event.pair)
        view.pop(event.pair, None)
        if now is not None:
            view[event.pair] = now


def _visit(pair: Pair) -> None:
    desk = _desk()
    desk.visits += 1
    desk.walk.visit(pair)


def _flip(name: str) -> None:
    st.session_state[name] = not st.session_state.get(name, False)


def _again() -> None:
    desk = _desk()
    desk.walk = Walk(desk.walk.again().queue)


def _renew() -> None:
    renew()
