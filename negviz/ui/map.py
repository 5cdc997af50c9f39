"""The map: documents and queries on a plane, one query shown among them, areas marked for labelling."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

from negviz.areas import inside
from negviz.arrays import Bools, Floats, Ints
from negviz.charts.map import map as draw_map
from negviz.encode import embed, open_encoder
from negviz.home import home_folder
from negviz.layout import ProjectionSettings
from negviz.pool import Pool
from negviz.project import Projection, project, stored_projection
from negviz.queue import suspicion
from negviz.ui import building, cache, jobs, query_picker, state
from negviz.ui.frame import Workbench
from negviz.ui.links import page_link
from negviz.ui.map_groups import (
    Colouring,
    Drawing,
    by_cluster,
    by_label,
    by_source,
    by_verdict,
    drawing,
    pairs_inside,
)
from negviz.ui.queue import send_from_map
from negviz.ui.recipe_editor import pool_of
from negviz.ui.tables import show_paged
from negviz.ui.texts import shortened

PCA = ProjectionSettings(method="pca")
PICTURES = {
    "UMAP": ProjectionSettings(epochs=100),
    "UMAP, finer": ProjectionSettings(epochs=500),
    "PCA": PCA,
}
COLOURINGS = ("Verdict", "Source", "Label", "Cluster")
PCA_AT_ONCE = 60_000
CLUSTERS = 8
HEIGHT = 600
LISTED_TEXT = 300


@dataclass(frozen=True)
class Choice:
    """What the controls say."""

    picture: str
    colour: str
    query: int | None


def controls(bench: Workbench) -> Choice:
    """How the map is drawn and which query is shown on it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picture = st.segmented_control(
            "Picture", list(PICTURES), default="UMAP", required=True, key="map.picture", persist_state="session",
            help="UMAP keeps neighbours together and takes a moment the first time; the finer one takes about five "
            "times as long. PCA is there at once but keeps few neighbours together. Each is kept on disk.",
        )  # fmt: skip
        colour = st.segmented_control(
            "Colour of the documents", list(COLOURINGS), default="Verdict", required=True, key="map.colour",
            persist_state="session",
            help="Verdict: what your recipe did. Source: which retrievers brought it. Label: what people said. "
            "Cluster: groups of similar vectors. Another colour resets the zoom.",
        )  # fmt: skip
        one = st.toggle(
            "One query", key="map.one", persist_state="session",
            help="Shows one query with its positives and candidates; everything else turns grey.",
        )  # fmt: skip
    query = query_picker.pick(bench.selection, "map") if one else None
    return Choice(picture or "UMAP", colour or "Verdict", query)


def vectors_or_stop(pool: Pool) -> str:
    """Identity of the vectors that the pool was made with; without any the page stops with what to do."""
    identity = pool.origin.get("encoder_identity")
    if not identity:
        with st.container(border=True):
            st.subheader(":material/scatter_plot: No vectors to draw", anchor=False)
            st.write("This pool was made without an encoder, so its documents have no place on a map. Mine it again "
                     "with the retriever `dense`, or on the command line with `--retriever dense`.")  # fmt: skip
            page_link("pages/1_Load.py", "Mine again", "upload_file")
        st.stop()
    return str(identity)


def place_points(pool: Pool, identity: str, picture: str) -> tuple[Projection, str]:
    """Places of all points; while UMAP is at work those of PCA, with its progress.

    Returns:
        The places, and the picture that they are.
    """
    wanted = PICTURES[picture]
    found = _stored(pool, identity, wanted)
    if found is not None:
        return found, picture
    fallback = _stored(pool, identity, PCA) or _pca_at_once(pool)
    if fallback is not None and wanted == PCA:
        return fallback, "PCA"
    _work(pool, identity, wanted)
    if fallback is None:
        st.info("The vectors have to be read or made first; the map appears as soon as they are there.",
                icon=":material/hourglass_top:")  # fmt: skip
        st.stop()
    return fallback, "PCA"


def _stored(pool: Pool, identity: str, settings: ProjectionSettings) -> Projection | None:
    count = len(pool.dataset.documents)
    found = stored_projection(pool.dataset.fingerprint, identity, settings, documents=count)
    return found if found is not None and len(found.queries) == len(pool.dataset.queries) else None


def _pca_at_once(pool: Pool) -> Projection | None:
    vectors = cache.embeddings(pool)
    if vectors is None or len(vectors.documents) > PCA_AT_ONCE:
        return None
    return project(vectors, pool.dataset.fingerprint, PCA)


def _work(pool: Pool, identity: str, settings: ProjectionSettings) -> None:
    """Show the work on a picture; start it, unless it was stopped or went wrong."""
    kind = f"map {pool.dataset.fingerprint} {identity} {settings}"
    known = jobs.of_kind(kind)
    if known and known[-1].finished and known[-1].error is not None:
        with st.container(border=True):
            st.text(known[-1].message)
            if not st.button("Draw it again", key="map.again", icon=":material/refresh:"):
                return
        known = []
    job = known[-1] if known and not known[-1].finished else _start(pool, settings, kind)
    if job.wait(0.3):
        st.rerun()
    building.show_running(job)


def _start(pool: Pool, settings: ProjectionSettings, kind: str) -> jobs.Job:
    home, vectors = home_folder(), cache.embeddings(pool)
    name = str(pool.origin["encoder"])

    def work(job: jobs.Job) -> None:
        found = vectors
        if found is None:
            job.progress("opening the encoder", 0, 1)
            encoder = open_encoder(name, pool.dataset, home=home)
            found = embed(pool.dataset, encoder, home=home, progress=job.progress, cancelled=job.stop.is_set)
        for wanted in (PCA, settings):
            project(found, pool.dataset.fingerprint, wanted, home=home, progress=job.progress,
                    cancelled=job.stop.is_set)  # fmt: skip

    return jobs.start("Drawing the map", work, kind)


def colour(bench: Workbench, choice: Choice, identity: str) -> Colouring:
    """Categories of the documents by what was chosen."""
    pool = bench.pool
    if choice.colour == "Source":
        return by_source(pool_of(pool, bench.recipe), choice.query)
    if choice.colour == "Label":
        return by_label(pool, bench.labels, choice.query)
    vectors = cache.embeddings(pool) if choice.colour == "Cluster" else None
    if vectors is not None:
        return by_cluster(cache.clusters_of(vectors, pool.dataset.fingerprint, identity, CLUSTERS))
    if choice.colour == "Cluster":
        st.caption("The vectors are not at hand, so there are no clusters; verdicts are shown.")
    return by_verdict(bench.selection, bench.labels, choice.query)


def show_map(bench: Workbench, choice: Choice, identity: str) -> None:
    """The map with everything that can be done on it."""
    projection, picture = place_points(bench.pool, identity, choice.picture)
    pool = pool_of(bench.pool, bench.recipe)
    drawn = drawing(pool, projection, colour(bench, choice, identity), choice.query)
    st.caption(_in_words(pool, drawn, picture, choice.query))
    # Built once for a run of the page: marking an area reruns the fragment alone, so the zoom stays.
    _chart(draw_map(drawn.groups, drawn.links), pool, projection, choice)


def _in_words(pool: Pool, drawn: Drawing, picture: str, query: int | None) -> str:
    words = f"{picture} of the vectors. Near means similar; the directions have no meaning. "
    total, queries = len(pool.dataset.documents), len(pool)
    if drawn.documents < total or drawn.queries < queries:
        words += (
            f"Drawn is a seeded sample of {drawn.documents:,} of {total:,} documents and {drawn.queries:,} of "
            f"{queries:,} queries; an area that you mark applies to all of them. "
        )
    if query is None:
        words += "Over all queries: a document counts as taken if any query takes it. "
    return words + "Scroll to zoom, drag to move; mark an area with the box or the lasso above the map."


@st.fragment
def _chart(option: dict[str, Any], pool: Pool, projection: Projection, choice: Choice) -> None:
    times = int(st.session_state.get("map.cleared", 0))
    event = st.echarts_chart(
        option, key=f"map.chart.{times}", on_select="rerun", height=HEIGHT,
        alt="Map of documents and queries; near points have similar vectors",
    )  # fmt: skip
    areas = event["selection"]["areas"]
    marked = inside(projection.documents, areas)
    if not areas:
        st.caption("Nothing is marked. What you mark is listed here and can be sent to the labelling queue.")
        return
    _marked(pool, marked, choice)


def _marked(pool: Pool, marked: Bools, choice: Choice) -> None:
    rows = np.flatnonzero(marked).astype(np.int32)
    pairs = pairs_inside(pool, marked, choice.query)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{len(rows):,} of {len(marked):,}** documents selected", width="content")
        st.button("Clear", key="map.clear", icon=":material/close:", type="tertiary", on_click=_clear,
                  help="Forgets the area and resets the zoom. Double-click on the map clears it in place.")  # fmt: skip
    whose = "the chosen query" if choice.query is not None else "all queries"
    label = f"Send {len(pairs):,} pairs to the labelling queue"
    if st.button(label, key="map.send", type="primary", icon=":material/rule:", disabled=not len(pairs),
                 help=f"Candidates of {whose} with a selected document, no leaks; most suspect first."):  # fmt: skip
        pairs = pairs_inside(pool, marked, choice.query, _priority(pool))
        send_from_map(pool, pairs, f"{len(rows)} documents, {whose}")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(f"{len(pairs):,} pairs are in the queue 'Sent here'", icon=":material/check:", color="green")
            page_link("pages/6_Label.py", "Label them", "rule")
    show_paged(_listed(pool, rows), f"map.listed.{hash(rows.tobytes())}")


def _priority(pool: Pool) -> Floats | None:
    """What to ask first of many marked pairs: the highest score compared with the labelled positive."""
    recipe = state.current_recipe()
    if recipe.scorer not in pool.scores:
        return None
    return suspicion(pool, scorer=recipe.scorer, anchor=recipe.anchor)


def _listed(pool: Pool, rows: Ints) -> pa.Table:
    dataset = pool.dataset
    return pa.table(
        {
            "id": pa.array([dataset.document_id(row) for row in rows], pa.string()),
            "text": pa.array([shortened(dataset.content(row), LISTED_TEXT) for row in rows], pa.string()),
        }
    )


def _clear() -> None:
    st.session_state["map.cleared"] = int(st.session_state.get("map.cleared", 0)) + 1
