"""The map: documents and queries on a plane or in space, one query shown among them, areas marked for labelling."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st

from negviz.charts.map import Frame
from negviz.charts.map import map as draw_map
from negviz.diagnostics.false_negative_density import false_negative_density
from negviz.diagnostics.likely_false_negatives import likely_false_negatives
from negviz.errors import NegvizError
from negviz.pool import Pool
from negviz.project import Projection
from negviz.recipe import Step
from negviz.ui import cache, map_beside, map_cache, map_lists, marks, query_picker
from negviz.ui.frame import Workbench, why_not
from negviz.ui.links import page_link
from negviz.ui.map_drawing import Drawing, Seen, drawing, star_of
from negviz.ui.map_groups import Colouring, by_label, by_source
from negviz.ui.map_layouts import PICTURES, place_points
from negviz.ui.map_marked import after_area, marked_documents, other_marks
from negviz.ui.map_plane import FRESH, areas_on, forget_areas, show_plane, times
from negviz.ui.map_scales import by_column, by_density, by_length, by_score, columns_of
from negviz.ui.map_search import found_by
from negviz.ui.texts import shortened

VERDICT, SOURCE, LABEL, CLUSTER = "Verdict", "Source", "Label", "Cluster"
LENGTH, DENSITY, SCORE = "Length", "Likely false negatives", "Score by "
DIMENSIONS = {"2-D": 2, "3-D": 3}
CLUSTERS = 8
HEIGHT = 600
MEANING = (
    "Verdict: what your recipe did. Source: which retrievers brought it. Label: what people said. Cluster: groups of "
    "similar vectors, named by their words. Score, length: seven ordered steps. Likely false negatives: where on the "
    "map candidates score above 95% of their positive. Another colour keeps the zoom and what is marked."
)


@dataclass(frozen=True)
class Choice:
    """What the controls say.

    Attributes:
        picture: How the points are placed.
        dims: 2 or 3.
        colour: What the colours mean.
        beside: What is shown beside the map; empty for nothing.
        wanted: What was searched for.
        query: Row of the chosen query in the pool.
    """

    picture: str
    dims: int
    colour: str
    beside: str
    wanted: str
    query: int | None


def that_runs(bench: Workbench) -> Workbench:
    """What the map works on: where the recipe cannot run, said in words, its candidates without any step."""
    try:
        cache.selection(bench.pool, bench.recipe, bench.labels)
    except NegvizError as error:
        st.warning("The recipe cannot run on this pool, so the map shows candidates without its steps.",
                   icon=":material/warning:")  # fmt: skip
        st.text(why_not(bench.pool, error))
        page_link("pages/2_Mine.py", "Choose another recipe", "filter_alt")
        return Workbench(bench.pool, replace(bench.recipe, steps=(), source=None, draw=Step("top")))
    return bench


def colours_of(pool: Pool) -> list[str]:
    """What documents can be coloured by."""
    scores = [f"{SCORE}{name}" for name in pool.scores]
    return [VERDICT, SOURCE, LABEL, CLUSTER, *scores, LENGTH, DENSITY, *columns_of(pool.dataset)]


def controls(bench: Workbench) -> Choice:
    """How the map is drawn and which query is shown on it; all of it stands in the address."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picture = st.segmented_control(
            "Picture", list(PICTURES), default="UMAP", required=True, key="map.picture", persist_state="session",
            bind="query-params",
            help="UMAP keeps neighbours together and takes a moment the first time; the finer one takes about five "
            "times as long. PCA is there at once but keeps few neighbours together. Each is kept on disk.",
        )  # fmt: skip
        seen = st.segmented_control(
            "Dimensions", list(DIMENSIONS), default="2-D", required=True, key="map.dims", persist_state="session",
            bind="query-params", help="In three dimensions dragging turns the cloud; with Shift it moves.",
        )  # fmt: skip
        colour = st.selectbox(
            "Colour", colours_of(bench.pool), key="map.colour", persist_state="session", bind="query-params",
            width=240, help=MEANING,
        )  # fmt: skip
        beside = map_beside.choose(bench.pool)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.text_input(
            "Search", key="map.search", persist_state="session", bind="query-params", live=True, width=320,
            placeholder="words of a text, or an id",
            help="Documents and queries that contain this get a ring, the others fade.",
        )  # fmt: skip
        one = st.toggle(
            "One query", key="map.one", persist_state="session", bind="query-params",
            help="Shows one query with lines to its positives, to what is taken and refused, and to labelled false "
            "negatives; everything else turns grey.",
        )  # fmt: skip
    query = query_picker.pick(bench.selection, "map") if one and len(bench.pool) else None
    return Choice(picture or "UMAP", DIMENSIONS[seen or "2-D"], colour or VERDICT, beside, wanted or "", query)


def vectors_or_stop(pool: Pool) -> str:
    """Identity of the vectors that the pool was made with; without any the page stops with what to do."""
    identity = pool.embeddings.identity if pool.embeddings is not None else pool.origin.get("encoder_identity")
    if not identity:
        with st.container(border=True):
            st.subheader(":material/scatter_plot: No vectors to draw", anchor=False)
            st.write("This pool was made without an encoder, so its documents have no place on a map. Mine it again "
                     "with the retriever `dense`, or on the command line with `--retriever dense`.")  # fmt: skip
            page_link("pages/1_Load.py", "Mine again", "upload_file")
        st.stop()
    return str(identity)


def colour(bench: Workbench, choice: Choice, projection: Projection) -> Colouring:
    """Categories of the documents by what was chosen."""
    selection = bench.selection
    pool, recipe = selection.pool, bench.recipe
    ways: dict[str, Callable[[], Colouring | None]] = {
        SOURCE: lambda: by_source(pool, choice.query),
        LABEL: lambda: by_label(pool, bench.labels, choice.query),
        CLUSTER: lambda: _clusters(pool),
        LENGTH: lambda: by_length(map_cache.lengths(pool)),
        DENSITY: lambda: _density(bench, projection),
    }
    columns = columns_of(pool.dataset)
    name = choice.colour.removeprefix(SCORE)
    if choice.colour in ways:
        found = ways[choice.colour]()
    elif choice.colour in columns:
        found = by_column(pool.dataset, *columns[choice.colour])
    elif choice.colour != VERDICT and name in pool.scores:
        found = by_score(pool, name, choice.query)
    else:
        found = map_cache.verdicts(selection, bench.labels, choice.query)
    if found is None:
        st.caption(f"What this colour needs is not at hand for the recipe {recipe.name}; verdicts are shown.")
    return found or map_cache.verdicts(selection, bench.labels, choice.query)


def _clusters(pool: Pool) -> Colouring | None:
    vectors = map_cache.vectors_of(pool)
    return None if vectors is None else map_cache.named_clusters(pool, vectors, CLUSTERS)


def _density(bench: Workbench, projection: Projection) -> Colouring | None:
    recipe, selection = bench.recipe, bench.selection
    if recipe.scorer not in selection.pool.scores:
        return None
    found = false_negative_density(selection.pool, recipe.scorer, recipe.anchor, projection.documents)
    return by_density(found, likely_false_negatives(selection, recipe.scorer, recipe.anchor).above)


def show_map(bench: Workbench, choice: Choice, identity: str) -> None:
    """The map with everything that can be done on it."""
    pool = bench.selection.pool
    if not st.session_state.get(FRESH) and other_marks():
        # Something else was marked since, on another page or in a list: an area here is not the linked selection.
        forget_areas()
    projection, picture = place_points(pool, identity, choice.picture, choice.dims)
    seen, said = _seen(pool, choice)
    layout = f"{identity} {picture} {choice.dims}"
    if choice.beside:
        found = map_beside.Beside(bench, projection, picture, layout, choice.query, seen)
        map_beside.show(found, choice.beside, colour(bench, choice, projection), said)
    else:
        colouring = colour(bench, choice, projection)
        stars = [] if choice.query is None else star_of(bench.selection, bench.labels, projection, choice.query)
        drawn = drawing(pool, projection, colouring, choice.query, seen, stars)
        st.caption(_in_words(pool, drawn, picture, choice, colouring))
        if said:
            st.text(said)
        frame = Frame(
            alt="Map of documents and queries; near points have similar vectors", layout=layout, height=HEIGHT,
            areas=areas_on("map.plane"), times=times(), searched=seen.documents is not None, bounds=projection.bounds,
        )  # fmt: skip
        # Put together once for a run of the page: marking an area reruns the fragment alone, so nothing is sent again.
        _plane(draw_map(drawn.groups, frame, drawn.stars, drawn.names), bench, projection, choice)
    map_lists.show(bench.selection, bench.labels)


def _seen(pool: Pool, choice: Choice) -> tuple[Seen, str]:
    """What is emphasised, and what the search found, in words."""
    marked = marked_documents(pool, marks.marked(pool))
    found = found_by(pool.dataset, choice.wanted)
    if found is None:
        return Seen(marked), ""
    documents, queries = found
    asked = queries[pool.queries]
    words = f"{int(documents.sum()):,} of {len(documents):,} documents"
    words += f" and {int(asked.sum()):,} of {len(asked):,} queries contain “{shortened(choice.wanted.strip(), 60)}”."
    return Seen(marked, documents, queries), words


def _in_words(pool: Pool, drawn: Drawing, picture: str, choice: Choice, colouring: Colouring) -> str:
    words = f"{picture} of the vectors. Near means similar; the directions have no meaning. "
    total, queries = len(pool.dataset.documents), len(pool)
    if drawn.documents < total or drawn.queries < queries:
        words += (
            f"Drawn is a seeded sample of {drawn.documents:,} of {total:,} documents and {drawn.queries:,} of "
            f"{queries:,} queries; an area that you mark applies to all of them. "
        )
    if choice.query is None and choice.colour == VERDICT:
        words += "Over all queries: a document counts as taken if any query takes it and none has it as its positive. "
    if choice.query is not None:
        words += "Lines: green dashes to positives, blue to what is taken, grey dots to what is refused, orange to "
        words += "labelled false negatives. "
    return words + colouring.words


@st.fragment
def _plane(block: bytes, bench: Workbench, projection: Projection, choice: Choice) -> None:
    show_plane(block, "map.plane")
    after_area(bench, projection, choice.query, "map.plane")
