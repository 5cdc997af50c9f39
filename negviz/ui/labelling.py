"""Labelling: one pair at a time, by key or by button; stored before the next one comes."""

import html
from collections.abc import Callable
from datetime import datetime

import pyarrow as pa
import streamlit as st

from negviz.labels import LabelEvent, Verdict
from negviz.pool import Pool
from negviz.queue import Walk
from negviz.ui.label_cards import Pair, pair_cards
from negviz.ui.label_desk import (
    DESK,
    Desk,
    Extra,
    give_back,
    hold,
    learn,
    look_ahead,
    renew,
    store_answers,
    take_back,
    voices,
)
from negviz.ui.label_list import begin, query_list
from negviz.ui.label_orders import title_of, why_empty
from negviz.ui.label_words import ANSWERS, BY_QUERY_KEYS, KEYS
from negviz.ui.texts import shortened

SCORES, WHOLE, LIST, LEGEND, LAST, NOTE = (
    "label.scores", "label.whole", "label.list", "label.legend", "label.last", "label.note"
)  # fmt: skip
# Puts the cursor where somebody who pressed the key for a note goes on typing; no text of a corpus is in it.
FOCUS = """<script>
let tries = 0;
const look = () => {
  const field = document.querySelector('.st-key-label_note input[type=text]');
  if (field) field.focus(); else if (tries++ < 40) setTimeout(look, 25);
};
look();
</script>"""


@st.fragment
def label_desk() -> None:
    """The pair at hand with everything that can be said about it; a press reruns this part of the page alone."""
    desk = st.session_state.get(DESK)
    if not isinstance(desk, Desk):
        st.rerun()
    learn(desk)
    # What comes and goes has a place of its own: whatever moves below it would be drawn anew.
    with st.container(gap=None):
        if desk.error:
            st.error("That did not work.", icon=":material/error:")
            st.text(desk.error)
    pair = desk.walk.current
    if st.session_state.get(LIST) and not (pair is None and desk.walk.queue.order and not len(desk.walk.queue)):
        query_list(desk, _line(desk), blind=not st.session_state.get(SCORES))
    elif pair is None:
        st.html(_line(desk))
        _end(desk)
    else:
        st.html(_line(desk) + _cards(desk, pair))
        _answer_bar(pair, desk.answer_to(pair))
        _note(desk, pair)
    _side_bar(desk)
    if st.session_state.get(LEGEND):
        _legend()
    if st.session_state.get(LAST):
        _last_answers(desk)
    # The page is drawn; what the next key needs is made while the person reads.
    look_ahead(desk)
    _prepare(desk)


def _line(desk: Desk) -> str:
    """Escaped HTML of where the person is: order, place, progress, what happened last."""
    walk, total = desk.walk, len(desk.walk.queue)
    rest = walk.queue.considered - walk.queue.labelled
    of = f"{total:,}" if rest == total else f"{total:,} (the first of {rest:,})"
    at = f"<b>Outside the queue</b> of {of}" if walk.aside else f"<b>{min(walk.place + 1, total):,}</b> of {of}"
    words = [f"{html.escape(title_of(desk.choice.order))}: {at}", f"{walk.answered:,} answered"]
    words += [f"{len(walk.skipped):,} skipped"] if walk.skipped else []
    words += [f"{len(walk.passed):,} with colleagues"] if walk.passed else []
    saved = f'<span class="negviz-saved">✓ saved {desk.saved}</span>' if desk.saved else ""
    said = f'<span class="negviz-faint">{html.escape(desk.said)}</span>' if desk.said else ""
    about = f'<div class="negviz-faint">{html.escape(desk.about)}</div>' if desk.about else ""
    share = (walk.answered + len(walk.skipped)) / total if total else 0.0
    return (
        f'<div class="negviz-place"><span>{" · ".join(words)}</span>{said}{saved}</div>'
        f'<div class="negviz-bar"><div style="width:{min(share, 1.0):.1%}"></div></div>{about}'
    )


def _cards(desk: Desk, pair: Pair) -> str:
    blind, whole = not st.session_state.get(SCORES), bool(st.session_state.get(WHOLE))
    key = pair, blind, whole
    if key not in desk.ready:
        desk.ready[key] = pair_cards(
            desk.pool, pair, None if blind else desk.known(), whole=whole, said=voices(desk, pair)
        )
    return desk.ready[key]


def _prepare(desk: Desk) -> None:
    """Make the next cards; those before are forgotten, since their texts may be long."""
    walk = desk.walk
    if st.session_state.get(LIST) or not walk.at_front:
        return
    coming = [walk.queue.pair(place) for place in walk.waiting(2)]
    desk.ready = {key: text for key, text in desk.ready.items() if isinstance(key, tuple) and key[0] in coming}
    for pair in coming:
        _cards(desk, pair)


def _answer_bar(pair: Pair, answer: LabelEvent | None) -> None:
    given = answer.verdict if answer else None
    name = f"{pair[0]}-{pair[1]}"
    with st.container(horizontal=True, key="label_bar", vertical_alignment="center", gap="small"):
        for verdict, (key, label, _) in ANSWERS.items():
            # The pair is part of the key, so that a press can only mean the pair that was on the screen.
            st.button(label, key=f"label.{verdict.code}.{name}", shortcut=key, on_click=_answer,
                      args=(pair, verdict), type="primary" if verdict == given else "secondary")  # fmt: skip
        st.button("Skip", key=f"label.skip.{name}", shortcut="Space", type="tertiary", on_click=_skip, args=(pair,))
        st.button("Next query", key=f"label.query.{name}", shortcut="Q", type="tertiary", on_click=_next_query,
                  args=(pair,))  # fmt: skip
        st.button("Undo", key="label.undo", shortcut="Z", type="tertiary", on_click=_undo)
        st.button("Note", key=f"label.note.open.{name}", shortcut="N", type="tertiary", on_click=_open_note,
                  args=(pair,))  # fmt: skip


def _note(desk: Desk, pair: Pair) -> None:
    """Grade and note: a line of what was put down, or the fields for them."""
    extra = desk.extra(pair)
    with st.container(gap=None, key="label_note"):
        if st.session_state.get(NOTE) != pair:
            if extra.note or extra.grade is not None:
                grade = f"Grade {extra.grade}. " if extra.grade is not None else ""
                st.html(f'<div class="negviz-faint" dir="auto">{grade}{html.escape(extra.note)}</div>')
            return
        name = f"{pair[0]}-{pair[1]}"
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input(
                "Note", value=extra.note, max_chars=2000, key=f"label.note.{name}", on_change=_noted, args=(pair,),
                placeholder="Why? Stored with your answer.", width=420, persist_state=None,
                help="Enter puts it down and goes back to the keys, Esc goes back without it.",
            )  # fmt: skip
            st.segmented_control(
                "Grade", [0, 1, 2, 3], default=extra.grade, key=f"label.grade.{name}", on_change=_graded, args=(pair,),
                help="0 does not answer, 1 is about the matter, 2 answers partly, 3 answers fully. Stored with your "
                "answer.",
            )  # fmt: skip
            st.button("Close", key="label.note.close", shortcut="Esc", type="tertiary", on_click=_close_note)
        st.html(FOCUS, unsafe_allow_javascript=True)


def _side_bar(desk: Desk) -> None:
    walk, blind = desk.walk, not st.session_state.get(SCORES)
    listed = bool(st.session_state.get(LIST))
    with st.container(horizontal=True, vertical_alignment="center", key="label_side", gap="small"):
        st.button("Back", key="label.back", shortcut="Left", type="tertiary", on_click=_back,
                  disabled=listed or walk.at_start)  # fmt: skip
        st.button("Forward", key="label.forward", shortcut="Right", type="tertiary", on_click=_forward,
                  disabled=listed or walk.at_front)  # fmt: skip
        st.button(
            "Show scores" if blind else "Hide scores",
            key="label.toggle",
            shortcut="S",
            type="tertiary",
            on_click=_flip,
            args=(SCORES,),
            help="Suspicion, scores, origin, what the recipe did. Hidden at first, so as not to lead you.",
        )
        st.button(
            "Best parts" if st.session_state.get(WHOLE) else "Whole texts",
            key="label.fold",
            shortcut="W",
            type="tertiary",
            on_click=_flip,
            args=(WHOLE,),
            help="Long texts in full, or folded around the part with most of the query's words.",
        )
        st.button(
            "By pair" if listed else "By query",
            key="label.view",
            shortcut="B",
            type="tertiary",
            on_click=_flip_list,
            help="One pair at a time, or all candidates of a query in a list.",
        )
        st.button("Last answers", key="label.recent", shortcut="L", type="tertiary", on_click=_flip, args=(LAST,))
        st.button("Keys", key="label.keys", shortcut="H", type="tertiary", on_click=_flip, args=(LEGEND,),
                  help="What the keys do and what the answers mean.")  # fmt: skip
        st.button("New queue", key="label.renew", type="tertiary", icon=":material/refresh:", on_click=_renew,
                  help="Make the queue again from what is unlabelled now.")  # fmt: skip
    counts = desk.counts
    st.caption("All labels: " + " · ".join(f"{counts[verdict]:,} {verdict}" for verdict in Verdict))


def _end(desk: Desk) -> None:
    walk = desk.walk
    with st.container(border=True):
        if not len(walk.queue):
            reason, advice = why_empty(desk.made)
            st.subheader(":material/inbox: Nothing to label here", anchor=False)
            st.text(reason)
            st.write(advice)
        else:
            st.subheader(":material/task_alt: End of the queue", anchor=False)
            st.write(f"{walk.answered:,} of {len(walk.queue):,} pairs are answered, {len(walk.skipped):,} skipped.")
            if walk.passed:
                st.write(f"{len(walk.passed):,} are before a colleague, or a colleague answered them meanwhile.")
                st.button("Ask for those given back", key="label.recall", on_click=_recall)
            if walk.skipped:
                st.button("Go through the skipped", key="label.again", type="primary", on_click=_again)
        st.button("Undo", key="label.undo.end", shortcut="Z", on_click=_undo, type="tertiary",
                  help="Take your last answer back and show its pair again.")  # fmt: skip


def _legend() -> None:
    """What the keys do and what the answers mean."""
    with st.container(border=True):
        lines = [f"- `{key}` **{label}.** {meaning}" for key, label, meaning in ANSWERS.values()]
        keys = [*KEYS, *(BY_QUERY_KEYS if st.session_state.get(LIST) else [])]
        lines += [f"- `{key}` {meaning}" for key, meaning in keys]
        lines.append("- Judge the text alone: would a person with this query be served by it?")
        st.markdown("\n".join(lines))


def _last_answers(desk: Desk) -> None:
    """The last answers, newest first; choosing one shows its pair again."""
    answers, pool = desk.recent, desk.pool
    if not answers:
        st.caption("No answer of yours yet.")
        return
    key = f"label.last.{desk.visits}"
    st.caption("Your last answers. Choose one to see it again and change it.")
    st.dataframe(_table(pool, answers), hide_index=True, key=key, on_select=_chosen(key, answers),
                 selection_mode="single-row")  # fmt: skip


def _table(pool: Pool, answers: list[tuple[Pair, LabelEvent]]) -> pa.Table:
    return pa.table({
        "Answer": [str(event.verdict) for _, event in answers],
        "Query": [shortened(pool.dataset.query_text(pair[0]), 90) for pair, _ in answers],
        "Document": [shortened(pool.dataset.content(pair[1]), 90) for pair, _ in answers],
        "Note": [shortened(event.note, 60) for _, event in answers],
        "Time": [datetime.fromisoformat(event.time).astimezone().strftime("%H:%M:%S") for _, event in answers],
    })  # fmt: skip


def _chosen(key: str, answers: list[tuple[Pair, LabelEvent]]) -> Callable[[], None]:
    def visit() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        if rows and rows[0] < len(answers):
            desk = _desk()
            desk.visits += 1
            desk.walk.visit(answers[rows[0]][0])
            st.session_state[LIST] = False

    return visit


def _desk() -> Desk:
    desk = st.session_state[DESK]
    desk.error = desk.said = ""
    return desk  # type: ignore[no-any-return]


def _answer(pair: Pair, verdict: Verdict) -> None:
    desk = _desk()
    if pair == desk.walk.current and store_answers(desk, [pair], verdict):
        desk.walk.answer(pair)
        _close_note()
        hold(desk)


def _skip(pair: Pair) -> None:
    desk = _desk()
    if desk.walk.skip(pair):
        give_back(desk, [pair])
        hold(desk)


def _next_query(pair: Pair) -> None:
    desk = _desk()
    if pair == desk.walk.current:
        desk.walk.skip_query(pair[0])
        give_back(desk, [other for other in desk.known_keys if other[0] == pair[0]])
        hold(desk)


def _undo() -> None:
    _close_note()
    take_back(_desk())


def _back() -> None:
    _desk().walk.back()


def _forward() -> None:
    desk = _desk()
    desk.walk.forward()
    hold(desk)


def _open_note(pair: Pair) -> None:
    if pair == _desk().walk.current:
        st.session_state[NOTE] = pair


def _close_note() -> None:
    st.session_state.pop(NOTE, None)


def _noted(pair: Pair) -> None:
    desk = _desk()
    _amend(desk, pair, Extra(str(st.session_state[f"label.note.{pair[0]}-{pair[1]}"] or ""), desk.extra(pair).grade))
    _close_note()


def _graded(pair: Pair) -> None:
    desk = _desk()
    _amend(desk, pair, Extra(desk.extra(pair).note, st.session_state[f"label.grade.{pair[0]}-{pair[1]}"]))


def _amend(desk: Desk, pair: Pair, extra: Extra) -> None:
    """Keep a note and a grade for the answer; store them at once where the pair has one already."""
    desk.extras[pair] = extra
    answer = desk.answer_to(pair)
    if answer is not None and answer.verdict is not None:
        store_answers(desk, [pair], answer.verdict)


def _flip(name: str) -> None:
    st.session_state[name] = not st.session_state.get(name, False)


def _flip_list() -> None:
    _flip(LIST)
    desk = _desk()
    if st.session_state[LIST]:
        begin(desk)
    else:
        hold(desk)


def _again() -> None:
    desk = _desk()
    desk.walk = Walk(desk.walk.again().queue)
    hold(desk)


def _recall() -> None:
    desk = _desk()
    desk.walk.recall()
    hold(desk)


def _renew() -> None:
    renew()
