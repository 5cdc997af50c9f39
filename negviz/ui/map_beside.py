"""A second map beside the first: another recipe at the same places, or another encoder laid onto them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

from negviz.arrays import Bools, Floats, Ints, fingerprint
from negviz.charts.map import Frame
from negviz.charts.map import map as draw_map
from negviz.embeddings import Embeddings
from negviz.encode import encoder_name, stored_embeddings
from negviz.errors import NegvizError
from negviz.home import home_folder
from negviz.marks import Marks, marks_of
from negviz.pool import Pool
from negviz.project import Projection
from negviz.selection import Selection, taken_mask
from negviz.ui import cache, comparing_choice, map_cache, marks, state
from negviz.ui.frame import Workbench
from negviz.ui.map_drawing import Seen, drawing, star_of
from negviz.ui.map_groups import TAKEN_CODE, Colouring
from negviz.ui.map_layouts import place_points
from negviz.ui.map_marked import after_area
from negviz.ui.map_plane import areas_on, show_plane, times
from negviz.ui.tables import show_paged
from negviz.ui.texts import shortened

NOTHING, RECIPE, ENCODER = "", "recipe:", "encoder:"
HEIGHT = 480
TEXT = 200
LISTED = 1_000
RINGED = 0.05
DIFFERS, MOVED = "taken on one map only", "moved most"
ABOUT_MOVED = (
    "A ring marks the twentieth of the documents that moved most. UMAP also moves points by chance: only neighbours "
    "that changed say something."
)
LEFT, RIGHT = "map.plane", "map.beside.plane"


@dataclass(frozen=True, eq=False)
class Beside:
    """The first map.

    Attributes:
        bench: Pool and recipe.
        projection: Where its points lie.
        picture: How they were placed.
        layout: Whose places these are.
        query: Row of the chosen query in the pool.
        seen: What is emphasised on it.
        sign: What a ring means.
        bounds: Lowest and highest place on both maps, which show the same part.
    """

    bench: Workbench
    projection: Projection
    picture: str
    layout: str
    query: int | None
    seen: Seen
    sign: str = DIFFERS
    bounds: tuple[list[float], list[float]] | None = None


def choose(pool: Pool) -> str:
    """Let a person choose what stands beside the map.

    Returns:
        ``RECIPE`` or ``ENCODER`` with its key, or ``NOTHING``.
    """
    # What is chosen stands in the address as it is called here, so the names are short ones.
    choices = {"Nothing": NOTHING}
    others = [key for key in comparing_choice.options_of(pool).recipes if key != comparing_choice.AT_HAND]
    choices |= {f"Recipe {key.replace(':', ' ')}": f"{RECIPE}{key}" for key in others}
    choices |= {f"Vectors of {name}": f"{ENCODER}{key}" for key, name in encoders(pool).items()}
    chosen = st.selectbox(
        "Beside it", list(choices), key="map.beside", persist_state="session", bind="query-params", width=240,
        help="Another recipe at the same places, with a ring around the documents that only one of them takes; or the "
        "vectors of another encoder or checkpoint that this home has for the same texts, laid onto this map.",
    )  # fmt: skip
    return choices.get(str(chosen), NOTHING)


def encoders(pool: Pool) -> dict[str, str]:
    """Identities of other vectors of the same texts that this home has, with the encoder's name where it is known."""
    folder, own = home_folder() / "embeddings", pool.origin.get("encoder_identity")
    if not folder.is_dir():
        return {}
    named, home = _names(), home_folder()
    identities = sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name != own)
    wanted = [name for name in identities if pool.embeddings is None or name != pool.embeddings.identity]
    known = {name: encoder_name(name, home) or named.get(name, "") for name in wanted}
    found = {name: known[name] for name in wanted if other_vectors(pool, name) is not None}
    # The first letters of its digest tell apart what shares a name, or has none.
    alone = {name for name, told in found.items() if told and list(found.values()).count(told) == 1}
    return {
        name: Path(told).name if name in alone else f"{told or 'encoder'} {name[:8]}" for name, told in found.items()
    }


def _names() -> dict[str, str]:
    """Names of encoders by identity, as the stored pools tell them."""
    found: dict[str, str] = {}
    for name in state.pools():
        try:
            manifest = json.loads((state.pools_folder() / name / "manifest.json").read_text("utf-8"))
        except (OSError, ValueError):
            continue
        told: Mapping[str, Any] = manifest.get("embeddings") or {}
        if told.get("identity"):
            found[str(told["identity"])] = str(told.get("encoder", ""))
    return found


def other_vectors(pool: Pool, identity: str) -> Embeddings | None:
    """Vectors of a pool's texts by another encoder; None where this home has not all of them."""
    return _other_vectors(pool, pool.dataset.fingerprint, identity, str(home_folder().resolve()))


@st.cache_resource(max_entries=8, show_spinner=False)
def _other_vectors(_pool: Pool, dataset_key: str, identity: str, home: str) -> Embeddings | None:
    return stored_embeddings(
        _pool.dataset, encoder=identity[:8], identity=identity, similarity="cosine", home=home_folder()
    )


def show(first: Beside, chosen: str, colouring: Colouring, said: str) -> None:
    """Two maps of the same documents, side by side, and what moved between them."""
    if said:
        st.text(said)
    if chosen.startswith(RECIPE):
        _recipes(first, chosen.removeprefix(RECIPE))
    else:
        _encoders(first, chosen.removeprefix(ENCODER), colouring)


def _recipes(first: Beside, key: str) -> None:
    pool, labels = first.bench.selection.pool, first.bench.labels
    recipe = comparing_choice.options_of(pool).recipes[key]
    try:
        other = cache.selection(first.bench.pool, recipe, labels)
    except NegvizError as error:
        st.warning("The other recipe cannot run on this pool.", icon=":material/warning:")
        st.text(str(error))
        return
    ours, theirs = (map_cache.verdicts(each, labels, first.query) for each in (first.bench.selection, other))
    changed = np.not_equal(ours.codes, theirs.codes)
    only = np.equal(ours.codes, TAKEN_CODE) ^ np.equal(theirs.codes, TAKEN_CODE)
    st.caption(
        f"Left the recipe at hand, right the other one, at the same places ({first.picture}); both maps move together. "
        f"{int(changed.sum()):,} of {len(changed):,} documents have another verdict; a ring is around the "
        f"{int(only.sum()):,} that only one of them takes"
        f"{'.' if first.query is not None else ' and that are no labelled positive.'}"
    )
    rung = replace(first, seen=replace(first.seen, marked=only))
    _pair(
        (f"The recipe at hand: {first.bench.recipe.name}", _block(rung, first.bench.selection, None, ours)),
        (recipe.title or recipe.name, _block(rung, other, first.projection, theirs)),
        first,
        first.projection,
    )
    _differing(first.bench.selection, other, ours, theirs, first.query)


def _block(first: Beside, selection: Selection, second: Projection | None, colouring: Colouring) -> bytes:
    """One of the two maps; without places of its own the left one."""
    query, seen, projection = first.query, first.seen, second or first.projection
    key = LEFT if second is None else RIGHT
    stars = [] if query is None else star_of(selection, first.bench.labels, projection, query)
    drawn = drawing(selection.pool, projection, colouring, query, seen, stars)
    frame = Frame(
        alt="Map of documents and queries beside another one", layout=f"{first.layout} beside", height=HEIGHT,
        link="beside", areas=areas_on(key), times=times(), searched=seen.documents is not None, signs={1: first.sign},
        bounds=first.bounds or first.projection.bounds,
    )  # fmt: skip
    return draw_map(drawn.groups, frame, drawn.stars, drawn.names)


@st.fragment
def _pair(left: tuple[str, bytes], right: tuple[str, bytes], first: Beside, second: Projection) -> None:
    """Both maps with their titles, and what is marked on either."""
    for column, (title, block), key in zip(st.columns(2), (left, right), (LEFT, RIGHT), strict=True):
        with column:
            st.text(title)
            show_plane(block, key)
    there = bool(areas_on(RIGHT))
    after_area(first.bench, second if there else first.projection, first.query, RIGHT if there else LEFT)


def _differing(ours: Selection, other: Selection, here: Colouring, there: Colouring, query: int | None) -> None:
    rows = np.flatnonzero(np.not_equal(here.codes, there.codes))
    if not len(rows):
        st.text("No document has another verdict.")
        return
    pool = ours.pool
    data = pool.dataset
    shown = rows[np.lexsort((rows, -np.maximum(here.codes[rows], there.codes[rows])))][:LISTED]
    table = pa.table(
        {
            "here": pa.array([here.looks[here.codes[row]].name for row in shown], pa.string()),
            "there": pa.array([there.looks[there.codes[row]].name for row in shown], pa.string()),
            "id": pa.array([data.document_id(row) for row in shown], pa.string()),
            "text": pa.array([shortened(data.content(row), TEXT) for row in shown], pa.string()),
        }
    )
    st.subheader("What differs", anchor=False)
    same = ours.pool.documents.shape == other.pool.documents.shape and ours.pool is other.pool
    if same and st.button("Mark the pairs that only one of them takes", key="map.differs", icon=":material/check_box:"):
        marks.mark(differing_pairs(ours, other, query))
        st.rerun()
    if len(rows) > len(shown):
        st.caption(f"The first {len(shown):,} of {len(rows):,} documents are listed, those taken by one of them first.")
    show_paged(table, f"map.differs.{len(rows)}")


def differing_pairs(ours: Selection, other: Selection, query: int | None) -> Marks:
    """Marks at the candidates that exactly one of two recipes takes."""
    depth = ours.pool.depth
    mask = taken_mask(ours.columns, depth) ^ taken_mask(other.columns, depth)
    if query is not None:
        only = np.zeros_like(mask)
        only[query] = mask[query]
        mask = only
    return marks_of(ours.pool, mask, f"Taken by only one of {ours.recipe.name} and {other.recipe.name}")


def _encoders(first: Beside, identity: str, colouring: Colouring) -> None:
    pool = first.bench.selection.pool
    vectors = other_vectors(pool, identity)
    if vectors is None:
        st.warning("The vectors of the other encoder are not at hand any more.", icon=":material/warning:")
        return
    dims = first.projection.documents.shape[1]
    placed, picture = place_points(pool, identity, first.picture, dims, vectors)
    second = onto(placed, first.projection, f"{first.layout} {identity} {picture}")
    moved = movement(first.projection, second)
    far = moved >= np.quantile(moved, 1 - RINGED) if len(moved) and moved.any() else np.zeros(len(moved), dtype=bool)
    name, done = encoders(pool).get(identity, identity[:8]), picture == first.picture
    st.caption(
        f"Left {first.picture} of the pool's vectors, right {picture} of the other ones, turned and brought to "
        "the same size to lie on the left as well as it can (Procrustes). "
        + (ABOUT_MOVED if done else f"What moved is told as soon as the right one is {first.picture}, too.")
    )
    rung = replace(
        first,
        seen=replace(first.seen, marked=far if done else None),
        sign=MOVED,
        bounds=around(first.projection, second),
        layout=f"{first.layout} {identity} {picture}",
    )
    _pair(
        ("The pool's vectors", _block(rung, first.bench.selection, None, colouring)),
        (f"Vectors of {name}", _block(rung, first.bench.selection, second, colouring)),
        first,
        second,
    )
    if done:
        _moved(pool, moved)


def around(*maps: Projection) -> tuple[list[float], list[float]] | None:
    """Lowest and highest place of all points of several maps."""
    every = [each.bounds for each in maps if each.bounds is not None]
    if not every:
        return None
    lows, highs = (np.array([ends[side] for ends in every]) for side in (0, 1))
    return lows.min(axis=0).tolist(), highs.max(axis=0).tolist()


def onto(placed: Projection, first: Projection, key: str) -> Projection:
    """A projection moved, turned, mirrored and scaled to lie on another one of the same points."""
    theirs, ours = (np.concatenate([each.documents, each.queries]) for each in (placed, first))
    laid = map_cache.laid_onto(theirs, ours, fingerprint(key))
    return Projection(laid[: len(placed.documents)], laid[len(placed.documents) :])


def movement(first: Projection, second: Projection) -> Floats:
    """(documents,) distance between the two places of each, as a share of the first map's width."""
    if not len(first.documents):
        return np.zeros(0)
    size = float(np.linalg.norm(np.ptp(first.documents, axis=0))) or 1.0
    return np.asarray(np.linalg.norm(first.documents - second.documents, axis=1) / size, dtype=np.float64)


def _moved(pool: Pool, moved: Floats) -> None:
    rows = np.lexsort((np.arange(len(moved)), -moved))[:LISTED]
    st.subheader("What moved most", anchor=False)
    data = pool.dataset
    table = pa.table(
        {
            "moved (share of the map)": pa.array([round(float(moved[row]), 3) for row in rows], pa.float64()),
            "id": pa.array([data.document_id(row) for row in rows], pa.string()),
            "text": pa.array([shortened(data.content(row), TEXT) for row in rows], pa.string()),
        }
    )
    documents = rows[: max(int(RINGED * len(moved)), 1)].astype(np.int32)
    if st.button(f"Mark the candidates among the {len(documents):,} that moved most", key="map.moved",
                 icon=":material/check_box:"):  # fmt: skip
        marks.mark(moved_pairs(pool, documents))
        st.rerun()
    show_paged(table, f"map.moved.{len(moved)}")


def moved_pairs(pool: Pool, documents: Ints) -> Marks:
    """Marks at the candidates, without leaks, that are any of these documents."""
    wanted: Bools = np.zeros(len(pool.dataset.documents), dtype=bool)
    wanted[documents] = True
    return marks_of(pool, wanted[pool.documents] & pool.eligible, f"{len(documents):,} documents that moved most")
