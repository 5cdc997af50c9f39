"""The home page: what is loaded, and the road from data to export as cards."""

from dataclasses import dataclass

import streamlit as st

from negviz.errors import NegvizError
from negviz.home import home_folder
from negviz.labels import Labels
from negviz.pool import Pool
from negviz.selection import Selection
from negviz.ui import building, cache, counting, precision_choice, state
from negviz.ui.links import page_link
from negviz.ui.metrics import show_metrics
from negviz.ui.shortfall import takes_all


@dataclass(frozen=True)
class Stop:
    """A stop on the road.

    Attributes:
        page: File of the page.
        name: What it is called.
        icon: Name of its symbol.
        about: What one does there, in a sentence.
        done: Whether something was done there; None where nothing is kept that would say so.
        facts: What, in numbers.
    """

    page: str
    name: str
    icon: str
    about: str
    done: bool | None
    facts: tuple[str, ...]


def show_home(key: str) -> None:
    """What is loaded and the road; without a pool the way to the first one."""
    pool = _pool()
    if pool is None:
        _invitation(key)
        return
    _loaded(pool)
    stops = _road(pool)
    following = next((stop for stop in stops if stop.done is False), stops[-1])
    st.subheader("The road", anchor=False)
    for row in (stops[:3], stops[3:]):
        for place, stop in zip(st.columns(3), row, strict=True):
            with place:
                _card(stop, stop is following)


def _pool() -> Pool | None:
    try:
        return state.current_pool()
    except NegvizError as error:
        st.warning("The pool that was in use can't be opened; choose or make another.", icon=":material/warning:")
        st.text(str(error))
        return None


def _invitation(key: str) -> None:
    with st.container(border=True):
        st.subheader(":material/rocket_launch: Begin with the sample, or with your own data", anchor=False)
        st.markdown(
            "Embedding models learn from queries, documents that answer them, and *hard negatives* that nearly do. "
            "Some mined negatives do answer the query and nobody labelled them: those damage the model. Here you see "
            "them, tune the mining, label the doubtful ones and export what is left in your trainer's format."
        )
        if building.running() is not None:
            st.caption("The road begins as soon as the candidates above are mined.")
            return
        st.caption("The sample has real queries with planted false negatives; mining it takes about a minute, once.")
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Open the sample", type="primary", key=f"{key}.sample", icon=":material/science:"):
                building.start_sample()
                st.rerun()
            page_link("pages/1_Load.py", "Load your own data", "upload_file")


def _loaded(pool: Pool) -> None:
    with st.container(border=True):
        st.text(pool.dataset.name, width="stretch")
        candidates = pool.candidates
        per_query = candidates / max(len(pool), 1)
        encoder = pool.origin.get("encoder")
        metrics = [
            ("Queries", f"{len(pool):,}", "Queries with a labelled positive; only for them negatives are mined."),
            ("Documents", f"{len(pool.dataset.documents):,}", "All texts of the collection."),
            ("Candidates", f"{candidates:,}", f"What the retrievers brought: {per_query:,.1f} for a query on average."),
            ("Score layers", f"{len(pool.scores):,}", "Scorers that scored every candidate."),
        ]
        show_metrics(metrics)
        scores = ", ".join(f"{name} ({scale})" for name, scale in sorted(pool.scales.items()))
        parts = [f"Encoder: {encoder or 'none'}", f"retrievers: {', '.join(sorted(pool.ranks))}", f"scores: {scores}"]
        st.text("\n".join([" · ".join(parts), *precision_choice.facts(pool.origin)]))


def _road(pool: Pool) -> list[Stop]:
    selection, refusal = _selection(pool)
    labels = cache.labels()
    parts = (_load, _mine, _thresholds, _map, _label, _export)
    return [part(pool, selection, refusal, labels) for part in parts]


def _selection(pool: Pool) -> tuple[Selection | None, str]:
    try:
        recipe = state.current_recipe()
        found = counting.known(pool, recipe)
        return found, "" if found else f"Recipe {recipe.name}; its negatives are counted there"
    except NegvizError as error:
        return None, str(error)


def _load(pool: Pool, selection: Selection | None, refusal: str, labels: Labels) -> Stop:
    dataset = pool.dataset
    facts = (
        f"{len(dataset.positives):,} labelled positives",
        f"{len(dataset.problems):,} problems noticed in the files",
    )
    return Stop("pages/1_Load.py", "Load", "upload_file", "Read data and mine candidates.", True, facts)


def _mine(pool: Pool, selection: Selection | None, refusal: str, labels: Labels) -> Stop:
    about = "Choose a published recipe and see what it takes and why it refuses the rest."
    facts: tuple[str, ...] = (refusal,)
    if selection is not None:
        taken = int(selection.taken.sum())
        facts = (f"Recipe {selection.recipe.name}", f"{taken:,} taken of {selection.candidates:,} candidates")
    return Stop("pages/2_Mine.py", "Mine", "filter_alt", about, state.chose_recipe(), facts)


def _thresholds(pool: Pool, selection: Selection | None, refusal: str, labels: Labels) -> Stop:
    about = "Move the limits while you watch what they do to the scores."
    if selection is None:
        return Stop("pages/3_Thresholds.py", "Thresholds", "tune", about, False, ())
    starved, steps = int(selection.starved.sum()), len(selection.recipe.steps)
    short = f"{starved:,} queries get fewer than {selection.recipe.count:,}"
    left = "It takes all that is left" if selection.taken.any() else "No query gets a negative"
    facts = (
        f"{steps} step{'' if steps == 1 else 's'} on {selection.recipe.scorer} scores",
        left if takes_all(selection) else short,
    )
    return Stop("pages/3_Thresholds.py", "Thresholds", "tune", about, state.chose_recipe(), facts)


def _map(pool: Pool, selection: Selection | None, refusal: str, labels: Labels) -> Stop:
    about = "See queries, positives and negatives in the plane; pick a region and look at it."
    facts = (f"{len(pool.dataset.documents):,} documents and {len(pool):,} queries to see",)
    return Stop("pages/5_Map.py", "Map", "scatter_plot", about, None, facts)


def _label(pool: Pool, selection: Selection | None, refusal: str, labels: Labels) -> Stop:
    about = "Judge the doubtful ones, most suspect first, one key each."
    counts = {str(verdict): number for verdict, number in labels.counts().items()}
    total = sum(counts.values())
    facts: tuple[str, ...] = ("Nothing labelled yet",)
    if total:
        found = counts.get("false negative", 0)
        facts = (f"{total:,} pairs labelled", f"{found:,} of them false negatives")
    return Stop("pages/6_Label.py", "Label", "rule", about, total > 0, facts)


def _export(pool: Pool, selection: Selection | None, refusal: str, labels: Labels) -> Stop:
    about = "Write the cleaned set exactly as your trainer's code reads it."
    folder = home_folder() / "exports"
    written = sum(1 for place in folder.iterdir() if (place / "manifest.json").is_file()) if folder.is_dir() else 0
    facts = (f"{written:,} written here" if written else "Nothing written yet",)
    return Stop("pages/9_Export.py", "Export", "output", about, written > 0, facts)


def _card(stop: Stop, following: bool) -> None:
    with st.container(border=True, height="stretch"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"**:material/{stop.icon}: {stop.name}**", width="content")
            if following:
                st.badge("next", icon=":material/arrow_forward:", color="blue")
            elif stop.done:
                st.badge("done", icon=":material/check:", color="green")
        st.caption(stop.about)
        if any(stop.facts):
            st.text("\n".join(stop.facts))
        page_link(stop.page, f"Go to {stop.name}", "arrow_forward")
