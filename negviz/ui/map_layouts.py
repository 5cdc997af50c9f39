"""Where the points of the map lie: places that are kept on disk, PCA at once, UMAP in the background."""

from dataclasses import replace

import streamlit as st

from negviz.embeddings import Embeddings
from negviz.encode import embed, open_encoder
from negviz.home import home_folder
from negviz.layout import ProjectionSettings
from negviz.pool import Pool
from negviz.project import Projection, project, stored_projection
from negviz.ui import building, jobs
from negviz.ui.map_cache import vectors_of

PICTURES = {
    "UMAP": ProjectionSettings(epochs=100),
    "UMAP, finer": ProjectionSettings(epochs=500),
    "PCA": ProjectionSettings(method="pca"),
}
PCA_AT_ONCE = 60_000
KEPT = "What is drawn so far is not kept; drawing the map again starts over."


def place_points(
    pool: Pool, identity: str, picture: str, dims: int, vectors: Embeddings | None = None
) -> tuple[Projection, str]:
    """Places of all points; while UMAP is at work those of PCA, with its progress.

    Args:
        pool: Whose documents and queries.
        identity: Of the vectors.
        picture: Key of ``PICTURES``.
        dims: 2 or 3.
        vectors: What is placed where it is not the pool's own.

    Returns:
        The places, and the picture that they are.
    """
    wanted, pca = (replace(PICTURES[name], dims=dims) for name in (picture, "PCA"))
    found = _stored(pool, identity, wanted)
    if found is not None:
        return found, picture
    fallback = _stored(pool, identity, pca) or _pca_at_once(pool, pca, vectors)
    if fallback is not None and wanted == pca:
        return fallback, "PCA"
    _work(pool, identity, wanted, vectors)
    if fallback is None:
        st.info("The vectors have to be read or made first; the map appears as soon as they are there.",
                icon=":material/hourglass_top:")  # fmt: skip
        st.stop()
    return fallback, "PCA"


def _stored(pool: Pool, identity: str, settings: ProjectionSettings) -> Projection | None:
    count = len(pool.dataset.documents)
    found = stored_projection(pool.dataset.fingerprint, identity, settings, documents=count)
    return found if found is not None and len(found.queries) == len(pool.dataset.queries) else None


def _pca_at_once(pool: Pool, settings: ProjectionSettings, given: Embeddings | None) -> Projection | None:
    vectors = given or vectors_of(pool)
    if vectors is None or len(vectors.documents) > PCA_AT_ONCE:
        return None
    return project(vectors, pool.dataset.fingerprint, settings)


def _work(pool: Pool, identity: str, settings: ProjectionSettings, given: Embeddings | None) -> None:
    """Show the work on a picture; start it, unless it was stopped or went wrong."""
    kind = f"map {pool.dataset.fingerprint} {identity} {settings}"
    known = jobs.of_kind(kind)
    if known and known[-1].finished and known[-1].error is not None:
        with st.container(border=True):
            st.text(known[-1].message)
            if not st.button("Draw it again", key=f"map.again.{identity}", icon=":material/refresh:"):
                return
        known = []
    job = known[-1] if known and not known[-1].finished else _start(pool, settings, kind, given)
    if job.wait(0.3):
        st.rerun()
    building.show_running(job, kept=KEPT)


def _start(pool: Pool, settings: ProjectionSettings, kind: str, given: Embeddings | None) -> jobs.Job:
    home, vectors = home_folder(), given or vectors_of(pool)
    name = str(pool.origin.get("encoder", ""))

    def work(job: jobs.Job) -> None:
        found = vectors
        if found is None:
            job.progress("opening the encoder", 0, 1)
            encoder = open_encoder(name, pool.dataset, home=home)
            found = embed(pool.dataset, encoder, home=home, progress=job.progress, cancelled=job.stop.is_set)
        for wanted in (ProjectionSettings(method="pca", dims=settings.dims), settings):
            project(found, pool.dataset.fingerprint, wanted, home=home, progress=job.progress,
                    cancelled=job.stop.is_set)  # fmt: skip

    return jobs.start("Drawing the map", work, kind)
