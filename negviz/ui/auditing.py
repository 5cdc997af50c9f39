"""The page Audit: what is wrong with the negatives at hand, one finding below the other; the rate; advice."""

import json
from pathlib import Path

import streamlit as st

from negviz.audit import Audit
from negviz.audit_report import page
from negviz.errors import CancelledError, NegvizError
from negviz.findings import Case, Finding, finding_names
from negviz.held_out import HeldOut, held_out_of, read_held_out
from negviz.labels import Labels
from negviz.selection import Selection
from negviz.truth import Truth
from negviz.ui import audit_advice, audit_cache, audit_rate, cache, counting, jobs
from negviz.ui.audit_cache import Looked
from negviz.ui.building import show_running
from negviz.ui.comparing_choice import judgments
from negviz.ui.frame import Workbench
from negviz.ui.jobs import Job
from negviz.ui.links import page_link
from negviz.ui.queue import send_from_map
from negviz.ui.tables import show_paged
from negviz.ui.texts import show_text

FINDINGS, RATE, ADVICE = "Findings", "Rate", "Advice"
KIND, JOB = "audit", "audit.job"
# Sign, colour and word of a severity: never told by colour alone.
SIGNS = {
    "bad": (":material/error:", "red", "Bad"),
    "look": (":material/visibility:", "orange", "Look"),
    "good": (":material/check_circle:", "green", "Fine"),
    "unknown": (":material/help:", "gray", "Not known"),
}


@st.fragment
def explore(bench: Workbench) -> None:
    """Choose what to look at."""
    view = st.segmented_control(
        "View", [FINDINGS, RATE, ADVICE], default=FINDINGS, key="audit.view", bind="query-params",
        persist_state="session", required=True, label_visibility="collapsed", width="content",
        help="Findings: everything an audit looks at. Rate: the measured share of false negatives. Advice: which value "
        "of a knob meets a rate that you ask for.",
    )  # fmt: skip
    if view == FINDINGS:
        if counting.is_large(bench.pool):
            in_background(bench)
            return
        st.caption(about(bench.selection, bench.labels))
        findings(bench)
        return
    st.caption(about(bench.as_mined, bench.labels))
    (audit_rate if view == RATE else audit_advice).show(bench.as_mined, bench.labels)


def about(selection: Selection, labels: Labels) -> str:
    """What is audited, in a sentence."""
    taken = int(selection.taken_counts.sum())
    known = sum(len(cells) for cells in cache.verdict_cells(selection.pool, labels).values())
    by = f"with labels of {known:,} candidates" if known else "with no label yet"
    return f"Audited: the {taken:,} negatives that the recipe at hand ({selection.recipe.name}) takes, {by}."


def findings(bench: Workbench) -> None:
    """Run every finding that is not known yet, with progress, and show them all."""
    looked = _case(bench)
    found = _run(looked, finding_names())
    _report(looked.case, found)


def _report(case: Case, found: list[Finding]) -> None:
    _summary(found)
    for finding in found:
        _card(case, finding)
    _downloads(Audit(case, tuple(found)))


def in_background(bench: Workbench) -> None:
    """Audit a large pool in a job that can be stopped; what was found by then is kept for the next one."""
    truth, held_out = _files(bench)
    key = audit_cache.audit_key(bench.pool, bench.recipe, bench.labels, truth, held_out)
    job = jobs.find(st.session_state.get(f"{JOB}.{key}"))
    if job is None or isinstance(job.error, CancelledError):
        st.info(
            f"This pool is large: an audit reads all {bench.pool.candidates:,} candidates and the texts of their "
            "documents, which takes minutes. It runs in the background and can be stopped.",
            icon=":material/hourglass_empty:",
        )  # fmt: skip
        if st.button("Run the audit", type="primary", key="audit.begin"):
            begun = _begin(bench, truth, held_out, key)
            st.session_state[f"{JOB}.{key}"] = begun.id
            begun.wait(1)
            st.rerun()
    elif not job.finished:
        show_running(job, kept="What was found is kept; run it again and it goes on.")
    elif job.error is not None:
        st.error("The audit did not end well.", icon=":material/error:")
        st.text(job.message)
    else:
        looked: Looked = job.result
        st.caption(about(looked.case.selection, looked.case.labels))
        _report(looked.case, [looked.finding(name) for name in finding_names()])


def _begin(bench: Workbench, truth: Truth | None, held_out: HeldOut | None, key: str) -> Job:
    pool, recipe, labels, stored = bench.pool, bench.recipe, bench.labels, audit_cache.audits()

    def work(job: Job) -> Looked:
        tell = counting.told(job)
        if key not in stored:
            counting.count(pool, recipe, labels, tell)
            stored[key] = Looked(Case(cache.selection(pool, recipe, labels), labels, truth, held_out))
        # Whoever stopped an earlier run stopped that one alone.
        looked = stored[key] = stored[key].telling(tell)
        for done, name in enumerate(finding_names()):
            tell(f"looking at {name.replace('_', ' ')}", done, len(finding_names()))
            looked.finding(name)
        return looked

    return jobs.start("Auditing the negatives", work, KIND)


def _case(bench: Workbench) -> Looked:
    return audit_cache.looked(bench.selection, bench.labels, *_files(bench))


def _files(bench: Workbench) -> tuple[Truth | None, HeldOut | None]:
    with st.expander("Judgments and held-out data", icon=":material/attach_file:", key="audit.files"):
        return judgments(bench.pool), _held_out(bench)


def _held_out(bench: Workbench) -> HeldOut | None:
    dataset = bench.pool.dataset
    path = st.text_input(
        "Held-out data", key="audit.held_out", persist_state="session", placeholder="Path of a file or folder",
        help="What the model will be evaluated with: data with queries, or judgments with the ids of this data. The "
        "audit looks whether training would see any of it. Empty: what the data itself holds out.",
    )  # fmt: skip
    if not path:
        return held_out_of(dataset)
    try:
        return read_held_out(Path(path), dataset)
    except NegvizError as error:
        st.error("This held-out data cannot be used.", icon=":material/error:")
        st.text(str(error))
        return None


def _run(looked: Looked, names: list[str]) -> list[Finding]:
    bar = st.empty()
    found = []
    for done, name in enumerate(names):
        if name not in looked.found:
            bar.progress(done / len(names), text=f"Looking at {name.replace('_', ' ')}")
        found.append(looked.finding(name))
    bar.empty()
    return found


def _summary(found: list[Finding]) -> None:
    with st.container(horizontal=True, gap="small"):
        for severity, (sign, colour, word) in SIGNS.items():
            count = sum(finding.severity == severity for finding in found)
            if count:
                st.badge(f"{count} · {word}", icon=sign, color=colour)  # type: ignore[arg-type]


def _card(case: Case, finding: Finding) -> None:
    sign, colour, word = SIGNS[finding.severity]
    with st.container(border=True, key=f"audit.{finding.name}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(finding.title, anchor=False)
            st.badge(word, icon=sign, color=colour)  # type: ignore[arg-type]
        show_text(finding.sentence, about=finding.todo)
        _send(case, finding)
        if finding.figure is None and not finding.rows:
            return
        more = st.expander(_inside(finding), key=f"audit.more.{finding.name}", on_change="rerun")
        if more.open:
            with more:
                if finding.figure is not None:
                    st.plotly_chart(finding.figure, key=f"audit.figure.{finding.name}", alt=finding.title)
                if finding.rows:
                    show_paged(finding.table, f"audit.table.{finding.name}")
                if finding.more:
                    st.caption(f"and {finding.more:,} more, which the JSON does not list either")


def _inside(finding: Finding) -> str:
    parts = [
        *(["picture"] if finding.figure is not None else []),
        *([f"{len(finding.rows)} rows"] if finding.rows else []),
    ]
    return f"Show {' and '.join(parts)}"


def _send(case: Case, finding: Finding) -> None:
    if finding.pairs is None or not len(finding.pairs):
        return
    count = len(finding.pairs)
    with st.container(horizontal=True, vertical_alignment="center"):
        sent = st.button(
            f"Send {count:,} to the labelling queue", icon=":material/rule:", key=f"audit.send.{finding.name}",
            help="They become the queue on the page Label, in this order.",
        )  # fmt: skip
        if sent:
            send_from_map(case.pool, finding.pairs, f"{count:,} pairs of the audit: {finding.title}")
            page_link("pages/6_Label.py", "Label them", "rule")


def _downloads(audit: Audit) -> None:
    name = audit.case.selection.recipe.name
    with st.container(horizontal=True):
        st.download_button(
            "Report as one HTML page", lambda: page(audit).encode(), f"audit-{name}.html", "text/html",
            icon=":material/download:", key="audit.html", on_click="ignore",
            help="Everything on this page with its plots, in one file that needs nothing else. Send it to a colleague.",
        )  # fmt: skip
        st.download_button(
            "JSON", lambda: json.dumps(audit.to_json(), ensure_ascii=False, indent=1), f"audit-{name}.json",
            "application/json", icon=":material/data_object:", key="audit.json", on_click="ignore",
            help="The numbers, the tables and the pairs, for scripts.",
        )  # fmt: skip
