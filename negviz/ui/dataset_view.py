"""What was read: counts, first rows, lengths, and every problem with its file and line."""

from collections import Counter

import pyarrow as pa
import streamlit as st

from negviz.charts.lengths import lengths
from negviz.charts.positives_per_query import positives_per_query
from negviz.dataset import Dataset, Judgments, Problem
from negviz.loaders import LOADERS
from negviz.ui.loading import COUNTED, Reading
from negviz.ui.metrics import show_metrics
from negviz.ui.tables import csv_bytes, show_paged
from negviz.ui.texts import shortened, show_text

ASKED_FOR = "It was asked for."
ROWS = 3
SHOWN = 2
QUERY, DOCUMENT = "#c2255c", "#3b5bdb"
VIEWS = ("First rows", "Lengths", "Problems")


def show_dataset(reading: Reading, key: str) -> None:
    """Counts, and a choice of views: rows, plots, problems.

    Args:
        reading: What was read.
        key: Prefix of the widgets.
    """
    dataset = reading.dataset
    with st.container(border=True):
        show_text(_read_as(dataset), title=dataset.name)
        _counts(dataset)
        _files(dataset)
    problems = f"Problems ({len(dataset.problems):,})"
    view = st.segmented_control(
        "What to look at", VIEWS, default=VIEWS[0], required=True, key=f"{key}.view", label_visibility="collapsed",
        format_func=lambda name: problems if name == "Problems" else name,
    )  # fmt: skip
    if view == "Lengths":
        _plots(reading, key)
    elif view == "Problems":
        _problems(dataset.problems, key)
    else:
        _rows(dataset, key)


def _read_as(dataset: Dataset) -> str:
    """What it was taken for, why, and what to do where that is wrong."""
    label = LOADERS.get(dataset.format).label if dataset.format in LOADERS else dataset.format
    why = str(dataset.facts.get("why") or "")
    if why == ASKED_FOR:
        return f"Read as '{label}', as it was asked for: nothing was recognised."
    return f"Read as '{label}'. {why} If that is wrong, choose the format in the options above and read again."


def _counts(dataset: Dataset) -> None:
    metrics = [
        ("Documents", len(dataset.documents), "Texts that may be retrieved."),
        ("Queries", len(dataset.queries), "Questions or search words."),
        (
            "Positives",
            len(dataset.positives),
            "Pairs of a query and a document that somebody labelled as answering it.",
        ),
        ("Negatives", len(dataset.given), "Negatives that came with the data; they can be audited."),
        ("Held out", len(dataset.held_out), "Judgments to evaluate with; mining never sees them."),
        ("Problems", len(dataset.problems), "Everything odd that was noticed while reading."),
    ]
    show_metrics((label, f"{value:,}", about) for label, value, about in metrics)


def _files(dataset: Dataset) -> None:
    facts = dataset.facts
    parts = [f"encoding: {facts.get('encoding', 'utf-8')}"]
    parts += [f"split: {facts['split']}"] if facts.get("split") else []
    columns = facts.get("columns")
    parts += (
        [f"columns: {', '.join(f'{role} = {name}' for role, name in columns.items())}"]
        if isinstance(columns, dict)
        else []
    )
    files = [str(name) for name in facts.get("files", ())]
    parts += [f"files: {', '.join(files[:8])}{' and more' if len(files) > 8 else ''}"] if files else []
    show_text("", about=" · ".join(parts))


def _rows(dataset: Dataset, key: str) -> None:
    """A few queries with their positives and given negatives, page by page."""
    if not len(dataset.queries):
        st.info("There are no queries.", icon=":material/info:")
        return
    pages = -(-len(dataset.queries) // ROWS)
    page = st.pagination(pages, key=f"{key}.rows.{dataset.name}") if pages > 1 else 1
    for row in range((page - 1) * ROWS, min(page * ROWS, len(dataset.queries))):
        with st.container(border=True):
            query, positives, given = st.columns([2, 3, 3] if len(dataset.given) else [2, 5, 0.01])
            with query:
                st.badge("query", icon=":material/star:", color="violet")
                show_text(shortened(dataset.query_text(row)), about=dataset.query_id(row))
            with positives:
                _documents(dataset, dataset.positives, row, "positive", "none labelled")
            if len(dataset.given):
                with given:
                    _documents(dataset, dataset.given, row, "given negative", "none given")


def _documents(dataset: Dataset, judged: Judgments, query: int, what: str, nothing: str) -> None:
    documents = judged.of_query(query)
    positive = what == "positive"
    icon = ":material/diamond:" if positive else ":material/close:"
    count = f"{len(documents)} {what}s" if len(documents) > 1 else what
    st.badge(count if len(documents) else nothing, icon=icon, color="green" if positive else "gray")
    for document in documents[:SHOWN].tolist():
        show_text(
            shortened(dataset.document_text(document)),
            title=dataset.document_title(document),
            about=dataset.document_id(document),
        )
    if len(documents) > SHOWN:
        st.caption(f"and {len(documents) - SHOWN:,} more")


def _plots(reading: Reading, key: str) -> None:
    places = st.columns(3)
    sampled = max(len(reading.dataset.documents), len(reading.dataset.queries)) > COUNTED
    with places[0]:
        st.markdown("**Documents** by their length in words")
        st.plotly_chart(lengths(reading.document_words, what="documents", colour=DOCUMENT), key=f"{key}.documents")
    with places[1]:
        st.markdown("**Queries** by their length in words")
        st.plotly_chart(lengths(reading.query_words, what="queries", colour=QUERY), key=f"{key}.queries")
    with places[2]:
        st.markdown("**Positives** a query has")
        st.plotly_chart(positives_per_query(reading.positives), key=f"{key}.positives")
    note = f" Lengths are counted on an even sample of {COUNTED:,} texts." if sampled else ""
    st.caption(f"In scripts without spaces, such as Chinese and Japanese, each character counts as a word.{note}")


def _problems(problems: tuple[Problem, ...], key: str) -> None:
    if not problems:
        st.success("Nothing odd was noticed.", icon=":material/check_circle:")
        return
    kinds = Counter(problem.kind for problem in problems)
    chosen = st.pills(
        "Kinds of problem", list(kinds), selection_mode="multi", key=f"{key}.kinds",
        format_func=lambda kind: f"{kind} ({kinds[kind]:,})", help="Show only some kinds; none chosen shows all.",
    )  # fmt: skip
    rows = [problem for problem in problems if not chosen or problem.kind in chosen]
    show_paged(_table(rows), f"{key}.problems.{'|'.join(chosen)}")
    st.download_button(
        f"Download all {len(problems):,} as CSV", lambda: csv_bytes(_table(problems)), "problems.csv", "text/csv",
        key=f"{key}.problems_csv", icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def _table(problems: "list[Problem] | tuple[Problem, ...]") -> pa.Table:
    columns = {name: [getattr(problem, name) for problem in problems] for name in ("file", "line", "kind", "message")}
    return pa.table({**columns, "line": pa.array(columns["line"], pa.int64())})
