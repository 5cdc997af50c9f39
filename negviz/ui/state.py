"""What a person is working on: the pool, the recipe and their name; kept on disk, so that a reload loses nothing."""

import json
from pathlib import Path
from typing import Any

import streamlit as st

from negviz.errors import NegvizError
from negviz.home import home_folder
from negviz.pool import Pool
from negviz.recipe import Recipe, find_recipe, recipe_of
from negviz.ui import cache
from negviz.writing import file_written_beside

FIRST_RECIPES = ("nv_perc", "bm25")


def _file() -> Path:
    return home_folder() / "workspace.json"


def _stored() -> dict[str, Any]:
    """The workspace as it was last written; an unreadable file counts as none, since it only spares a few clicks."""
    try:
        stored = json.loads(_file().read_text("utf-8"))
    except (OSError, json.JSONDecodeError, UnicodeDecodeError):
        return {}
    return stored if isinstance(stored, dict) else {}


def workspace() -> dict[str, Any]:
    """The session's workspace; a new session starts from the stored one, and from ``?pool=`` where given."""
    if "workspace" not in st.session_state:
        stored = _stored()
        wanted = st.query_params.get("pool")
        if wanted and wanted in pools():
            stored["pool"] = wanted
        elif wanted:
            st.session_state["workspace.missing"] = wanted
        st.session_state["workspace"] = stored
    return dict(st.session_state["workspace"])


def missing_pool() -> str | None:
    """Name of a pool that the address asked for and that is not stored here; told once."""
    workspace()
    missing = st.session_state.pop("workspace.missing", None)
    return None if missing is None else str(missing)


def remember(**values: Any) -> None:
    """Change the workspace, in the session and on disk."""
    changed = {**workspace(), **values}
    st.session_state["workspace"] = changed
    with file_written_beside(_file()) as beside:
        beside.write_text(json.dumps(changed, ensure_ascii=False, indent=1), "utf-8")


def pools_folder() -> Path:
    """Where pools made in the dashboard live."""
    return home_folder() / "pools"


def pools() -> list[str]:
    """Names of the stored pools, newest first."""
    folder = pools_folder()
    inside = list(folder.iterdir()) if folder.is_dir() else []
    # Names with a leading dot are pools that are being written, or were when the process was killed.
    found = [path for path in inside if (path / "manifest.json").is_file() and not path.name.startswith(".")]
    return [path.name for path in sorted(found, key=lambda path: -path.stat().st_mtime)]


def current_pool() -> Pool | None:
    """The pool at hand, or None where there is none (yet, or any more)."""
    name = workspace().get("pool")
    if not name or name not in pools():
        return None
    folder = pools_folder() / str(name)
    stamp = (folder / "manifest.json").stat().st_mtime_ns
    return cache.pool(f"{folder}", stamp)


def use_pool(name: str) -> None:
    """Work on a stored pool from now on."""
    remember(pool=name)


def _own_recipe() -> Any:
    """What was stored as the recipe of the pool at hand; every pool has its own, since numbers belong to its scores."""
    return dict(workspace().get("recipes") or {}).get(str(workspace().get("pool")))


def chose_recipe() -> bool:
    """Whether a recipe was chosen for the pool at hand."""
    return bool(_own_recipe())


def current_recipe() -> Recipe:
    """The recipe at hand."""
    stored = _own_recipe()
    if stored:
        try:
            return recipe_of(stored)
        except NegvizError:
            return _first_recipe()
    return _first_recipe()


def _first_recipe() -> Recipe:
    """A recipe to begin with: the usual one, or where the pool lacks its scores one whose scores it has."""
    try:
        pool = current_pool()
    except NegvizError:
        pool = None
    candidates = [find_recipe(name) for name in FIRST_RECIPES]
    return next((recipe for recipe in candidates if pool is None or recipe.scorer in pool.scores), candidates[0])


def use_recipe(recipe: Recipe) -> None:
    """Work with a recipe from now on, on the pool at hand."""
    here = workspace()
    remember(recipes={**dict(here.get("recipes") or {}), str(here.get("pool")): recipe.to_dict()})


def annotator() -> str:
    """Name under which labels are written."""
    return str(workspace().get("annotator") or "me")
