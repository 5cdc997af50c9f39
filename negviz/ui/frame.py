"""The frame of every page: menu, settings that survive, and a helpful stop where there is nothing to show yet."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NoReturn

import streamlit as st

from negviz.comparison import learns_from_labels
from negviz.errors import NegvizError
from negviz.labels import Labels
from negviz.pool import Pool
from negviz.recipe import Recipe
from negviz.selection import Selection
from negviz.ui import building, cache, state
from negviz.ui.links import ROOT, page_link

ICON = Path(__file__).with_name("icon.png")
STYLE = Path(__file__).with_name("style.css")
NO_QUERY = (
    "This pool holds no query: negatives are mined for queries with a labelled positive. Load data that has both, or "
    "choose another pool on the page Load."
)
MENU = {
    "": [("app.py", "Home", "home")],
    "Data": [("pages/1_Load.py", "Load", "upload_file")],
    "Tune": [
        ("pages/2_Mine.py", "Mine", "filter_alt"),
        ("pages/3_Thresholds.py", "Thresholds", "tune"),
        ("pages/4_Compare.py", "Compare", "compare_arrows"),
        ("pages/5_Map.py", "Map", "scatter_plot"),
    ],
    "Judge": [("pages/6_Label.py", "Label", "rule"), ("pages/7_Audit.py", "Audit", "fact_check")],
    "Prove": [("pages/8_Train.py", "Train", "model_training")],
    "Ship": [("pages/9_Export.py", "Export", "output")],
}


def why_not(pool: Pool, error: NegvizError) -> str:
    """Why a recipe cannot run on a pool; where there is no query at all, that says more than what a step lacks."""
    return str(error) if len(pool) else NO_QUERY


@dataclass(frozen=True, eq=False)
class Workbench:
    """What a page works on.

    Attributes:
        pool: Candidates.
        recipe: How negatives are picked.
        part_of: How many queries the pool at hand has, where these are some of them; None where they are all.
    """

    pool: Pool
    recipe: Recipe
    part_of: int | None = None

    @property
    def labels(self) -> Labels:
        """Current labels; a database that cannot be used stops the page with its sentence."""
        try:
            return cache.labels()
        except NegvizError as error:
            stop_with(error)

    @cached_property
    def selection(self) -> Selection:
        """The recipe's selection; a recipe that does not fit stops the page with its sentence."""
        return self._selected(self.labels)

    @cached_property
    def as_mined(self) -> Selection:
        """What the recipe takes before labels take the false negatives out of it: of this they measure the rate."""
        return self.selection if learns_from_labels(self.recipe) else self._selected(Labels.of(()))

    def _selected(self, labels: Labels) -> Selection:
        try:
            return cache.selection(self.pool, self.recipe, labels)
        except NegvizError as error:
            st.error("The recipe cannot run on this pool.", icon=":material/error:")
            st.text(why_not(self.pool, error))
            page_link("pages/2_Mine.py", "Choose another recipe", "filter_alt")
            st.stop()


def open_page(title: str, caption: str) -> None:
    """Draw the frame; the first call of every page.

    Args:
        title: Name of the page.
        caption: What the page is for, in one sentence.
    """
    st.set_page_config(page_title=f"{title} · negviz", page_icon=str(ICON), layout="wide")
    st.html(STYLE)
    st.logo(str(ICON), size="large")
    building.adopt()
    _menu()
    st.title(title, anchor=False)
    st.caption(caption)
    missing = state.missing_pool()
    if missing:
        st.warning("The address names a pool that is not stored here:", icon=":material/link_off:")
        st.text(missing)


def _menu() -> None:
    with st.sidebar:
        for section, links in MENU.items():
            present = [link for link in links if (ROOT / link[0]).is_file()]
            if section and present:
                st.caption(section)
            for page, label, icon in present:
                page_link(page, label, icon)
        _at_hand()


def _at_hand() -> None:
    """What is worked on; a pool that can't be opened is for the pages to report."""
    try:
        pool = state.current_pool()
    except NegvizError:
        return
    if pool is not None:
        st.divider()
        st.text(pool.dataset.name)
        st.caption(f"{len(pool):,} queries · {pool.candidates:,} candidates")


def workbench() -> Workbench:
    """The pool and the recipe at hand; without a pool the page stops with what to do."""
    try:
        pool = state.current_pool()
    except NegvizError as error:
        stop_with(error)
    if pool is None:
        with st.container(border=True):
            stored = len(state.pools())
            st.subheader(f":material/inbox: No pool {'in use' if stored else 'yet'}", anchor=False)
            st.write(_way_to_a_pool(stored))
            st.page_link("pages/1_Load.py", label="Load data", icon=":material/upload_file:")
        st.stop()
    return Workbench(pool, state.current_recipe())


def _way_to_a_pool(stored: int) -> str:
    """What to do where no pool is in use, of so many stored ones."""
    if building.running() is not None:
        return "This page looks at mined candidates. They are being mined; the page Load shows how far that is."
    if stored:
        pools = "The pool that is stored is" if stored == 1 else f"The {stored:,} pools that are stored are"
        return f"This page looks at mined candidates. {pools} listed on the page Load: choose one there, or load data."
    return "This page looks at mined candidates. Load the sample, which takes about a minute, or your own data first."


def stop_with(error: Exception) -> NoReturn:
    """Show an error's sentence as plain text and end the page."""
    st.error("That did not work.", icon=":material/error:")
    st.text(str(error))
    st.stop()
