"""The Compare page's parts: the choice, the numbers side by side, what is shared, how hard it is, who is starved."""

import html
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

from negviz.charts.hardness_box import hardness_box
from negviz.charts.jaccard_heat_map import jaccard_heat_map
from negviz.charts.upset import SHOWN, upset
from negviz.comparison import FEWEST, Comparison, Contender, Standing
from negviz.comparison_report import difference_csv
from negviz.diagnostics.measured_false_negatives import Measured
from negviz.errors import NegvizError
from negviz.pool import Pool
from negviz.ui import cache, comparing_choice, comparing_differences
from negviz.ui.shortfall import TAKES_ALL, takes_all
from negviz.ui.tables import show_paged

OVERLAP, HARDNESS, STARVED, DIFFERENCES = "Overlap", "Hardness", "Starved queries", "What differs"
PER_QUERY, OVER_PAIRS = "mean over queries", "over all pairs"
NONE = "–"
ABOUT = {
    "Negatives taken": "All queries together.",
    "of them backfilled": "Taken in spite of the steps, to fill a query; drawn as the recipe's backfill says.",
    "Starved queries": "Fewer negatives than the recipe's count. 'takes all': it wants more than any query has to "
    "give.",
    "Empty queries": "No negative at all.",
    "Hardness, mean": "Score minus the labelled positive's score: 0 is as near to the query as the positive.",
    "Hardness, median": "Half of the negatives taken lie above this.",
    "Hardness, 10% to 90%": "From the first to the ninth decile of the hardness.",
    "Above 95% of the positive": "Share of negatives that score above 0.95 of the positive: likely false by "
    "NV-Retriever's rule. A rule of thumb on scores, not a measurement.",
    "In the disputed zone": "Share from 0.95 of the positive to the positive plus 0.1, where NV-Retriever refuses and "
    "Qwen3-Embedding keeps. Cosine only.",
    "Distinct documents": "Different documents among the negatives.",
    "Distinct, effective": "As many equally frequent documents would be as varied.",
    "Labelled false": "False negatives among the taken ones that people labelled, and their share of those. It speaks "
    "for all of the taken ones only where the labelled ones were drawn by chance.",
    "Labelled false, interval": "95% Wilson interval of that share.",
    "Judged false": "The same by the judgments from your file.",
    "Judged false, interval": "95% Wilson interval of that share.",
    "Time": "Choosing on a freshly opened pool, its source included; median of three runs, one run where it is slow.",
}


@st.fragment
def explore(pool: Pool) -> None:
    """Choose what is compared and see it side by side."""
    options = comparing_choice.options_of(pool)
    chosen = comparing_choice.choose(pool, options)
    comparing_choice.refuse_unreadable(options)
    scorer, anchor = comparing_choice.measure(pool)
    truth = comparing_choice.files(pool, chosen)
    if len(chosen) < FEWEST:
        comparing_choice.too_few(chosen)
        return
    with st.spinner("Running each recipe and taking its time"):
        contenders = comparing_choice.contenders(pool, options, chosen)
    problems(contenders)
    try:
        found = cache.comparison(pool, contenders, scorer, anchor, cache.labels(), truth)
    except NegvizError:
        st.info("None of these can run on this pool; choose others.", icon=":material/info:")
        return
    show_table(found)
    notes(found)
    view(found)


def problems(contenders: Sequence[Contender]) -> None:
    """What cannot run and why; the others are compared all the same."""
    for contender in contenders:
        if contender.problem:
            with st.container(border=True):
                st.text(f"{contender.name} cannot run on this pool and is left out.")
                st.text(contender.problem)


def show_table(found: Comparison) -> None:
    """The numbers, a column for each."""
    heads = zip(found.names, found.selections, strict=True)
    head = "".join(_head(name, selection.recipe.title) for name, selection in heads)
    body = "".join(_table_row(label, cells) for label, cells in table_rows(found))
    st.html(
        f'<div class="negviz-rows"><table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _head(name: str, title: str) -> str:
    return f'<th class="negviz-number" title="{html.escape(title)}">{html.escape(name)}</th>'


def _table_row(label: str, cells: Sequence[str]) -> str:
    """Escaped HTML of a row; what the number means appears when one rests on its label."""
    about, name = html.escape(ABOUT[label]), html.escape(label)
    shown = "".join(f'<td class="negviz-number" style="white-space:nowrap">{html.escape(cell)}</td>' for cell in cells)
    return f'<tr><td title="{about}">{name}</td>{shown}</tr>'


def table_rows(found: Comparison) -> list[tuple[str, list[str]]]:
    """Label and one cell for each contender that ran; rows that say nothing about any of them are left out."""
    cells: list[dict[str, str]] = [
        {**_counts(contender), **_numbers(standing), **_time(contender)}
        for contender, standing in zip(found.ran, found.standings, strict=True)
    ]
    rows = [(label, [own.get(label, NONE) for own in cells]) for label in ABOUT]
    return [(label, shown) for label, shown in rows if set(shown) != {NONE}]


def _counts(contender: Contender) -> dict[str, str]:
    if contender.selection is None:
        return {}
    summary = contender.selection.summary()
    found = {
        "Negatives taken": f"{summary['taken']:,}",
        "Starved queries": TAKES_ALL if takes_all(contender.selection) else f"{summary['starved']:,}",
        "Empty queries": f"{summary['empty']:,}",
    }
    return {**found, "of them backfilled": f"{summary['backfilled']:,}"} if summary["backfilled"] else found


def _numbers(standing: Standing) -> dict[str, str]:
    documents = standing.documents
    found = {"Distinct documents": f"{documents.distinct:,}", "Distinct, effective": f"{documents.effective:,.0f}"}
    hardness, likely = standing.hardness, standing.likely
    if hardness is not None and hardness.known:
        found["Hardness, mean"] = f"{hardness.mean:+.3f}"
        found["Hardness, median"] = f"{hardness.median:+.3f}"
        found["Hardness, 10% to 90%"] = f"{hardness.deciles[0]:+.2f} to {hardness.deciles[-1]:+.2f}"
    if likely is not None and likely.scored:
        found["Above 95% of the positive"] = f"{likely.above / likely.scored:.1%}"
        if likely.disputed is not None:
            found["In the disputed zone"] = f"{likely.disputed / likely.scored:.1%}"
    for label, measured in (("Labelled false", standing.labelled), ("Judged false", standing.judged)):
        if measured is not None:
            found |= in_words(label, measured)
    return found


def in_words(label: str, measured: Measured) -> dict[str, str]:
    """Count and share of measured false negatives, and the interval of the share."""
    if not measured.judged:
        return {label: "none judged"}
    return {
        label: f"{measured.false_negatives:,} of {measured.judged:,}: {measured.rate:.1%}",
        f"{label}, interval": f"{measured.low:.1%} to {measured.high:.1%}",
    }


def _time(contender: Contender) -> dict[str, str]:
    if contender.seconds is None:
        return {"Time": "read from a file"}
    shown = f"{contender.seconds * 1000:,.0f} ms" if contender.seconds < 1 else f"{contender.seconds:,.1f} s"
    return {"Time": shown if contender.runs > 1 else f"{shown}, one run"}


def notes(found: Comparison) -> None:
    """What the numbers mean, and what they do not."""
    words = (
        "Hardness is a negative's score minus its positive's: higher is harder, and more often false; above 0 it "
        "scores better than its positive. Labels and judgments only measure here: recipes run without them, so that a "
        "false negative still counts against the "
        "recipe that takes it."
    )
    unknown = [
        f"{name} ({standing.hardness.unknown:,})"
        for name, standing in zip(found.names, found.standings, strict=True)
        if standing.hardness is not None and standing.hardness.unknown
    ]
    st.caption(words)
    if unknown:
        st.text(f"Negatives without a known hardness by {found.scorer}, left out of it: {', '.join(unknown)}.")
    saw = [contender.name for contender in found.ran if contender.saw_labels]
    if saw and len(found.labels):
        st.text(f"Learns from your labels, so they cannot measure it: {', '.join(saw)}.")
    truth = found.truth
    if truth is not None:
        noun = "judgment" if len(truth.judgments) == 1 else "judgments"
        left_out = f" {truth.unknown:,} name other ids and are left out." if truth.unknown else ""
        bad = f" {truth.unreadable:,} lines are no judgments." if truth.unreadable else ""
        rest = "unlisted pairs do not answer" if truth.complete else "unlisted pairs are not judged"
        st.text(
            f"{len(truth.judgments):,} {noun} of {truth.name}; a grade of {truth.relevant_from} or more answers the "
            f"query, {rest}.{left_out}{bad}"
        )


def view(found: Comparison) -> None:
    """The part that a person looks at."""
    parts: dict[str, Callable[[Comparison], None]] = {
        OVERLAP: overlap, HARDNESS: hardness, STARVED: starved, DIFFERENCES: comparing_differences.explore,
    }  # fmt: skip
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        chosen = st.segmented_control(
            "View", list(parts), default=OVERLAP, key="compare.view", persist_state="session", required=True,
            label_visibility="collapsed", wrap=True,
        )  # fmt: skip
        st.download_button(
            "Download pairs", lambda: difference_csv(found).encode("utf-8", "surrogatepass"), "comparison.csv",
            "text/csv", icon=":material/download:", key="compare.download", on_click="ignore",
            help="CSV: every pair that at least one takes, who takes it, and what refuses it elsewhere.",
        )  # fmt: skip
    parts[chosen or OVERLAP](found)


def overlap(found: Comparison) -> None:
    """What is shared: the heat-map of Jaccard indices and the UpSet plot."""
    if not found.overlap.union:
        st.info("None of them takes a pair here, so there is nothing to share.", icon=":material/inbox:")
        return
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.subheader("Shared, two by two", anchor=False)
        kind = st.segmented_control(
            "Jaccard index", [OVER_PAIRS, PER_QUERY], default=OVER_PAIRS, key="compare.jaccard", required=True,
            persist_state="session", format_func=str.capitalize,
            help="Pairs that both take, divided by pairs that at least one takes. Over all pairs every pair counts the "
            "same; as a mean every query counts the same (queries for which neither takes any are left out).",
        )  # fmt: skip
        values = found.overlap.per_query if kind == PER_QUERY else found.overlap.over_pairs
        st.plotly_chart(
            jaccard_heat_map(found.names, values), key=f"compare.heat.{kind}", config={"displayModeBar": False},
            alt="Jaccard index of what every two take",
        )  # fmt: skip
    with right:
        st.subheader("Taken by exactly these", anchor=False)
        parts = found.overlap.intersections
        drawn = [(part.members, part.count) for part in parts]
        st.plotly_chart(
            upset(found.names, found.overlap.sizes.tolist(), drawn), key="compare.upset",
            config={"displayModeBar": False}, alt="Number of pairs that exactly some of them take",
        )  # fmt: skip
        rest = sum(part.count for part in parts[SHOWN:])
        more = f" The {SHOWN} largest are drawn; {len(parts) - SHOWN:,} more hold {rest:,} pairs." if rest else ""
        st.caption(
            f"Each bar counts the pairs that exactly the marked ones take, so all bars together are the "
            f"{found.overlap.union:,} pairs that anyone takes. Hatched: taken by one alone.{more}"
        )


def hardness(found: Comparison) -> None:
    """How near to the positive the negatives of each come."""
    known = [
        (name, standing.hardness)
        for name, standing in zip(found.names, found.standings, strict=True)
        if standing.hardness is not None and standing.hardness.known
    ]
    if not known or found.scorer is None:
        st.caption("Nothing is known about the hardness of what is taken: no score of it and its positive is known.")
        return
    st.plotly_chart(
        hardness_box([name for name, _ in known], [own.deciles for _, own in known], [own.mean for _, own in known],
                     f"{found.scorer} ({found.pool.scales.get(found.scorer, 'unknown scale')})"),
        key=f"compare.hardness.{found.scorer}.{found.anchor}", config={"displayModeBar": False},
        alt="Distribution of the score minus the positive's score for each",
    )  # fmt: skip
    st.caption(
        "Whiskers reach from the 10th to the 90th percentile, the box from the 30th to the 70th; the line is the "
        "median, the diamond the mean. Right of the dotted line negatives score above their positive."
    )


def starved(found: Comparison) -> None:
    """Queries that get fewer negatives than wanted from at least one of them."""
    table = starved_table(found)
    if not len(table):
        st.caption(_nobody_starved(found))
        return
    counts = [
        f"{name} {TAKES_ALL if takes_all(own) else f'{int(own.starved.sum()):,}'}"
        for name, own in zip(found.names, found.selections, strict=True)
    ]
    st.text(f"Queries with fewer negatives than wanted: {', '.join(counts)}.")
    show_paged(table, f"compare.starved.{hash(found.names)}.{len(table)}")


def _nobody_starved(found: Comparison) -> str:
    """Why no query stands in the list."""
    greedy = [name for name, own in zip(found.names, found.selections, strict=True) if takes_all(own)]
    if not len(found.pool):
        return "This pool holds no query."
    if not greedy:
        return "Every query gets all the negatives that each of them asks for."
    return f"No query counts as starved: {len(greedy):,} of them ask for more than any query has to give, and take all."


def starved_table(found: Comparison) -> pa.Table:
    """Negatives taken for each query that is starved by any of them, the emptiest first."""
    counts = np.stack([selection.taken_counts for selection in found.selections], axis=1)
    # What takes all there is wants more than any query has: by that measure every query would stand here.
    starved = [selection.starved & (not takes_all(selection)) for selection in found.selections]
    any_starved = np.stack(starved, axis=1).any(axis=1)
    rows = np.flatnonzero(any_starved)
    rows = rows[np.lexsort((rows, counts[rows].sum(axis=1), counts[rows].min(axis=1)))]
    data, queries = found.pool.dataset, found.pool.queries
    columns: dict[str, Any] = {
        "query": pa.array([data.query_text(int(queries[row])) for row in rows], pa.string()),
        "id": pa.array([data.query_id(int(queries[row])) for row in rows], pa.string()),
    }
    for place, (name, own) in enumerate(zip(found.names, found.selections, strict=True)):
        columns[f"{name} (of {own.recipe.count})"] = counts[rows, place]
    return pa.table(columns)
