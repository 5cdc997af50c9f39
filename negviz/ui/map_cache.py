"""Caches of the map: keyed by fingerprints, as those in ``cache``."""

import streamlit as st

from negviz.arrays import Ints, Scores
from negviz.diagnostics.cluster_words import cluster_words
from negviz.diagnostics.far_positives import PositivePairs, far_positives
from negviz.diagnostics.negatives_on_positives import TakenPairs, negatives_on_positives
from negviz.diagnostics.word_counts import word_counts
from negviz.embeddings import Embeddings
from negviz.labels import Labels
from negviz.layout import aligned
from negviz.pool import Pool
from negviz.selection import Selection
from negviz.ui import cache
from negviz.ui.map_groups import Colouring, by_cluster, by_verdict


def vectors_of(of: Pool) -> Embeddings | None:
    """Vectors of a pool's texts: its own, or those that the home still has; None where there are none."""
    return of.embeddings if of.embeddings is not None else cache.embeddings(of)


def named_clusters(of: Pool, vectors: Embeddings, count: int) -> Colouring:
    """Clusters of the documents with the words that name them."""
    return _named_clusters(of, vectors, of.dataset.fingerprint, vectors.identity, count)


@st.cache_resource(max_entries=4, show_spinner="Grouping the documents and naming the groups …")
def _named_clusters(_pool: Pool, _vectors: Embeddings, dataset_key: str, identity: str, count: int) -> Colouring:
    found = cache.clusters_of(_vectors, dataset_key, identity, count)
    return by_cluster(found, cluster_words(_pool.dataset.contents, found))


def lengths(of: Pool) -> Ints:
    """(documents,) words of each text."""
    return _lengths(of, of.dataset.fingerprint)


@st.cache_resource(max_entries=2, show_spinner=False)
def _lengths(_pool: Pool, dataset_key: str) -> Ints:
    return word_counts(_pool.dataset.documents["text"])


def verdicts(of: Selection, labels: Labels, query: int | None) -> Colouring:
    """What became of each document."""
    return _verdicts(of, labels, _key(of), labels.fingerprint, query)


@st.cache_resource(max_entries=8, show_spinner=False)
def _verdicts(_selection: Selection, _labels: Labels, key: str, labels_key: str, query: int | None) -> Colouring:
    return by_verdict(_selection, _labels, query)


def far(of: Pool, vectors: Embeddings) -> PositivePairs:
    """Labelled positives, the farthest from their query first."""
    return _far(of, vectors, of.fingerprint, vectors.identity)


@st.cache_resource(max_entries=2, show_spinner="Measuring how far positives are from their queries …")
def _far(_pool: Pool, _vectors: Embeddings, pool_key: str, identity: str) -> PositivePairs:
    return far_positives(_pool, _vectors)


def near(of: Selection, vectors: Embeddings, labels: Labels) -> TakenPairs:
    """Negatives taken, the nearest to a positive first."""
    return _near(of, vectors, _key(of), labels.fingerprint, vectors.identity)


@st.cache_resource(max_entries=4, show_spinner="Measuring how near negatives are to positives …")
def _near(_selection: Selection, _vectors: Embeddings, key: str, labels_key: str, identity: str) -> TakenPairs:
    return negatives_on_positives(_selection, _vectors)


@st.cache_resource(max_entries=4, show_spinner=False)
def laid_onto(_places: Scores, _onto: Scores, key: str) -> Scores:
    """A layout moved onto another one; ``key`` tells which two."""
    return aligned(_places, _onto)


def _key(of: Selection) -> str:
    """Which outcome it is; a selection's own fingerprint works out weights that nothing here needs."""
    return f"{of.pool.fingerprint} {of.recipe!r}"
