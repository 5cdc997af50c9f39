"""Every cache of the dashboard: keyed by fingerprints, never by arrays (which Streamlit hashes from a sample)."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from negviz.arrays import Ints
from negviz.diagnostics.score_profile import ScoreProfile, score_profile
from negviz.embeddings import Embeddings
from negviz.encode import stored_embeddings
from negviz.errors import NegvizError
from negviz.home import home_folder
from negviz.labels import Labels, LabelStore
from negviz.pool import Anchor, Pool
from negviz.project import clusters
from negviz.recipe import Recipe, published
from negviz.registry import Entry
from negviz.select import check, select
from negviz.selection import Selection
from negviz.store import open_pool
from negviz.training_set import TrainingSet, Unsure, make_training_set
from negviz.ui.outlook import Outlook, look_ahead


@st.cache_resource(max_entries=4, show_spinner=False)
def pool(folder: str, stamp: int) -> Pool:
    """Open a stored pool once for all sessions; ``stamp`` is its manifest's time, so that a rebuilt one is reopened."""
    return open_pool(Path(folder))


def selection(of: Pool, recipe: Recipe, labels: Labels) -> Selection:
    """Run a recipe, or give the result of the same run before."""
    return _selection(of, recipe, labels, of.fingerprint, repr(recipe), labels.fingerprint)


@st.cache_resource(max_entries=24, show_spinner=False)
def _selection(
    _pool: Pool, _recipe: Recipe, _labels: Labels, pool_key: str, recipe_key: str, labels_key: str
) -> Selection:
    return select(_pool, _recipe, _labels)


def label_store() -> LabelStore:
    """The label database of this home."""
    return _label_store(str(home_folder().resolve()))


@st.cache_resource(show_spinner=False)
def _label_store(home: str) -> LabelStore:
    Path(home).mkdir(parents=True, exist_ok=True)
    return LabelStore(Path(home) / "labels.sqlite")


def labels() -> Labels:
    """Current labels; read again only when an event was added."""
    store = label_store()
    return _labels(store, str(home_folder().resolve()), store.version)


@st.cache_resource(max_entries=4, show_spinner=False)
def _labels(_store: LabelStore, home: str, version: int) -> Labels:
    return _store.current()


def profile(of: Pool, scorer: str, anchor: Anchor) -> ScoreProfile:
    """What no knob changes about a scorer's values: worked out once for each scorer and anchor."""
    return _profile(of, of.fingerprint, scorer, anchor)


@st.cache_resource(max_entries=12, show_spinner=False)
def _profile(_pool: Pool, pool_key: str, scorer: str, anchor: Anchor) -> ScoreProfile:
    return score_profile(_pool, scorer, anchor)


def recipe_problems(of: Pool) -> dict[str, str]:
    """Why each published recipe cannot run on a pool; empty where it can."""
    return _recipe_problems(of, of.fingerprint)


@st.cache_resource(max_entries=4, show_spinner=False)
def _recipe_problems(_pool: Pool, pool_key: str) -> dict[str, str]:
    return {name: _problem(_pool, recipe) for name, recipe in published().items()}


def _problem(of: Pool, recipe: Recipe) -> str:
    try:
        check(recipe, of)
        select(first_query(of), recipe)
    except NegvizError as error:
        return str(error)
    return ""


def first_query(of: Pool) -> Pool:
    """A pool of one query, on which a recipe shows within a millisecond what it misses."""

    def cut(layers: Mapping[str, Any]) -> dict[str, Any]:
        return {name: layer[:1] for name, layer in layers.items()}

    return replace(
        of, queries=of.queries[:1], documents=of.documents[:1], positives=of.positives[:1], flags=of.flags[:1],
        ranks=cut(of.ranks), scores=cut(of.scores), positive_scores=cut(of.positive_scores), stored_fingerprint="first",
    )  # fmt: skip


def training_set(of: Selection, labels: Labels, unsure: Unsure) -> TrainingSet:
    """A selection as labels correct it, put together once."""
    return _training_set(of, labels, of.fingerprint, labels.fingerprint, unsure)


@st.cache_resource(max_entries=4, show_spinner=False)
def _training_set(
    _selection: Selection, _labels: Labels, selection_key: str, labels_key: str, unsure: Unsure
) -> TrainingSet:
    return make_training_set(_selection, _labels, unsure=unsure)


def outlook(of: TrainingSet, labels: Labels, unsure: Unsure, entry: Entry, knobs: Mapping[str, Any]) -> Outlook:
    """What an export would write, looked at once for each setting."""
    key = f"{of.selection.fingerprint} {labels.fingerprint} {unsure} {entry.name} {sorted(knobs.items())}"
    return _outlook(of, entry, dict(knobs), key)


@st.cache_resource(max_entries=24, show_spinner=False)
def _outlook(_of: TrainingSet, _entry: Entry, _knobs: Mapping[str, Any], key: str) -> Outlook:
    return look_ahead(_of, _entry, _knobs)


def embeddings(of: Pool) -> Embeddings | None:
    """Vectors that the pool was made with, where they are still in the cache of this home."""
    home, identity = home_folder().resolve(), of.origin.get("encoder_identity")
    if not identity or not (home / "embeddings" / str(identity)).is_dir():
        return None
    found = _embeddings(of, of.dataset.fingerprint, str(identity), str(home))
    if found is None:
        _embeddings.clear(of, of.dataset.fingerprint, str(identity), str(home))
    return found


@st.cache_resource(max_entries=2, show_spinner=False)
def _embeddings(_pool: Pool, dataset_key: str, identity: str, home: str) -> Embeddings | None:
    origin = _pool.origin
    return stored_embeddings(
        _pool.dataset,
        encoder=str(origin["encoder"]),
        identity=identity,
        similarity=origin.get("similarity") or "cosine",
        home=Path(home),
    )


@st.cache_resource(max_entries=4, show_spinner=False)
def clusters_of(_embeddings: Embeddings, dataset_key: str, identity: str, count: int) -> Ints:
    """(documents,) cluster of each document; ``dataset_key`` and ``identity`` tell whose vectors they are."""
    return clusters(_embeddings.documents, count)
