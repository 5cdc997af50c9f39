"""Every cache of the dashboard: keyed by fingerprints, never by arrays (which Streamlit hashes from a sample)."""

from pathlib import Path

import streamlit as st

from negviz.encode import home_folder
from negviz.labels import Labels, LabelStore
from negviz.pool import Pool
from negviz.recipe import Recipe
from negviz.select import select
from negviz.selection import Selection
from negviz.store import open_pool


@st.cache_resource(max_entries=4, show_spinner=False)
def pool(folder: str, stamp: int) -> Pool:
    """Open a stored pool once for all sessions; ``stamp`` is its manifest's time, so that a rebuilt one is reopened."""
    return open_pool(Path(folder))


def selection(of: Pool, recipe: Recipe, labels: Labels) -> Selection:
    """Run a recipe, or give the result of the same run before."""
    return _selection(of, recipe, labels, of.fingerprint, recipe.to_yaml(), labels.fingerprint)


@st.cache_resource(max_entries=24, show_spinner=False)
def _selection(_pool: Pool, _recipe: Recipe, _labels: Labels, pool_key: str, recipe_key: str, labels_key: str) -> Selection:
    return select(_pool, _recipe, _labels)


def label_store() -> LabelStore:
    """The label database of this home."""
    return _label_store(str(home_folder().resolve()))


@st.cache_resource(show_spinner=False)
def _label_store(home: str) -> LabelStore:
    Path(home).mkdir(parents=True, exist_ok=True)
    return LabelStore(f"sqlite:///{Path(home) / 'labels.sqlite'}")


def labels() -> Labels:
    """Current labels; read again only when an event was added."""
    store = label_store()
    return _labels(store, str(home_folder().resolve()), store.version)


@st.cache_resource(max_entries=4, show_spinner=False)
def _labels(_store: LabelStore, home: str, version: int) -> Labels:
    return _store.current()
