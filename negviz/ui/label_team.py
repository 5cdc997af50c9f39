"""Several people who label: names, the database they share, how far they agree, and where they differ."""

import pyarrow as pa
import streamlit as st

from negviz.errors import NegvizError
from negviz.labels import ADJUDICATION, Labels, in_words
from negviz.labels.agreement import Agreement, Coefficient
from negviz.pool import Pool
from negviz.ui import cache, state
from negviz.ui.frame import stop_with
from negviz.ui.label_desk import label_store
from negviz.ui.label_orders import FIRST_CONFLICT
from negviz.ui.queue import ORDER
from negviz.ui.texts import shortened

NAME = "label.annotator"
OPEN = "label.team"
FEW = 30


def name_field() -> None:
    """Who labels; written into every label."""
    st.text_input(
        "Your name",
        value=state.annotator(),
        max_chars=80,
        key=NAME,
        on_change=_rename,
        width=170,
        help="Written into your labels, so that several people's answers can be told apart. Undo takes back only "
        "answers under this name.",
    )


def _rename() -> None:
    state.remember(annotator=str(st.session_state[NAME]).strip())
    st.session_state[NAME] = state.annotator()


def team_panel(pool: Pool) -> None:
    """Where the labels are kept, how far people agree, and the list of conflicts."""
    store = label_store()
    st.divider()
    shown = st.toggle("Team: agreement and conflicts", key=OPEN, persist_state="session",
                      help="What several people said of the same pairs.")  # fmt: skip
    with st.container(horizontal=True, gap="small"):
        st.caption("Labels are kept in", width="content")
        st.text(store.url, width="content")
    if not shown:
        return
    try:
        found, labels = cache.label_agreement(), cache.labels()
    except NegvizError as error:
        stop_with(error)
    _agreement(found)
    _conflicts(pool, labels)


def _agreement(found: Agreement) -> None:
    st.subheader("Agreement", anchor=False)
    if not found.pairs:
        st.write("No pair has been judged by two people yet. With *Second opinion* on, you are asked about pairs that "
                 "a colleague has answered.")  # fmt: skip
        return
    share = found.agreed / found.pairs
    st.write(f"Of {found.pairs:,} pairs with two opinions or more, people agree on {found.agreed:,} ({share:.0%}). "
             f"Krippendorff's alpha {_coefficient(found.alpha)}: 1 is perfect, 0 is what chance would give."
             + (" That is few pairs; the interval says how little is known." if found.pairs < FEW else ""))  # fmt: skip
    rows = [
        {"One": two.first, "The other": two.second, "Pairs": two.pairs, "Agreed": f"{two.agreed / two.pairs:.0%}",
         "Cohen's kappa": _coefficient(two.kappa)}
        for two in found.two
    ]  # fmt: skip
    st.dataframe(pa.Table.from_pylist(rows), hide_index=True, key="label.agreement")


def _coefficient(found: Coefficient) -> str:
    if found.value is None:
        return "not defined, since everybody said the same"
    if found.low is None or found.high is None:
        return f"{found.value:.2f}"
    return f"{found.value:.2f} (95% interval {found.low:.2f} to {found.high:.2f})"


def _conflicts(pool: Pool, labels: Labels) -> None:
    st.subheader("Conflicts", anchor=False)
    last = Labels({pair: said[-1] for pair, said in labels.conflicts.items()}, {})
    rows = last.found(pool.dataset)
    elsewhere = len(labels.conflicts) - len({event.pair for _, _, event in rows})
    if not rows:
        st.write("Nobody contradicts anybody on this data.")
    else:
        st.caption("Choose one to settle it, or go through all of them: your answer then stands over the others.")
        table = pa.table({
            "What was said": [in_words(labels.conflicts[event.pair]) for _, _, event in rows],
            "Query": [shortened(pool.dataset.query_text(query), 90) for query, _, _ in rows],
            "Document": [shortened(pool.dataset.content(document), 90) for _, document, _ in rows],
        })  # fmt: skip
        key = f"label.conflicts.{len(rows)}"

        def settle() -> None:
            chosen = st.session_state[key]["selection"]["rows"]
            if chosen:
                _settle(f"{rows[chosen[0]][0]}-{rows[chosen[0]][1]}")

        st.dataframe(table, hide_index=True, key=key, on_select=settle, selection_mode="single-row")
        st.button(f"Settle {len(rows):,} conflicts", key="label.settle", on_click=_settle)
    if elsewhere:
        st.caption(f"{elsewhere:,} more are about other data.")


def _settle(first: str = "") -> None:
    """Choose the order of conflicts; ``first`` is the pair that comes first, as ``query-document`` rows."""
    state.remember(label_order=ADJUDICATION)
    st.session_state[ORDER] = ADJUDICATION
    st.session_state[FIRST_CONFLICT] = first
