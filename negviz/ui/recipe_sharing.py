"""A link that opens with the recipe at hand, and the opening of such a link."""

from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from negviz.errors import NegvizError
from negviz.recipe import Recipe
from negviz.recipe_link import from_address, to_address
from negviz.ui import state
from negviz.ui.recipe_editor import adopt

PARAMETER = "recipe"
POOL = "pool"
PAGE = "/Mine"


def share(recipe: Recipe, key: str) -> None:
    """A link to copy; whoever opens it on this dashboard, or puts it behind their own address, has the same recipe."""
    st.caption("A link that opens with this recipe")
    try:
        st.code(link(recipe, st.context.url or PAGE), language=None, wrap_lines=True)
    except NegvizError as error:
        st.text(str(error))


def link(recipe: Recipe, here: str) -> str:
    """Address of the page Mine with the recipe in it.

    Args:
        recipe: The recipe.
        here: Address of any page of this dashboard.
    """
    parts = urlsplit(here)
    path = f"{parts.path.rstrip('/').rpartition('/')[0]}{PAGE}"
    return urlunsplit((parts.scheme, parts.netloc, path, f"{PARAMETER}={to_address(recipe)}", ""))


def share_view(recipe: Recipe, pool: str) -> None:
    """A link to this page as it stands: the pool, the view, and the recipe.

    Args:
        recipe: The recipe at hand.
        pool: Name of the pool at hand.
    """
    with st.popover("Share", icon=":material/link:", help="A link that opens this view with this recipe."):
        view = {name: st.query_params.get_all(name) for name in st.query_params if name not in {PARAMETER, POOL}}
        parts = urlsplit(st.context.url or "")
        try:
            asked = urlencode({POOL: pool, **view, PARAMETER: to_address(recipe)}, doseq=True)
        except NegvizError as error:
            st.text(str(error))
        else:
            st.code(urlunsplit((parts.scheme, parts.netloc, parts.path, asked, "")), language=None, wrap_lines=True)


def open_shared(key: str) -> None:
    """Work with the recipe in the address, once; a broken one says so and changes nothing."""
    text = st.query_params.get(PARAMETER)
    if text is not None:
        del st.query_params[PARAMETER]
        try:
            shared = from_address(text)
        except NegvizError as error:
            st.session_state[f"{key}.shared"] = str(error)
        else:
            st.session_state[f"{key}.before"] = (shared, state.current_recipe())
            adopt(shared, base=shared)
    why = st.session_state.pop(f"{key}.shared", "")
    if why:
        st.warning("The address holds a recipe that cannot be used; yours stays.", icon=":material/link_off:")
        st.text(why)


def way_back(recipe: Recipe, key: str) -> None:
    """While the recipe is the one from the address: a word on it, and a button that brings back the one before."""
    shared, before = st.session_state.get(f"{key}.before", (None, None))
    if shared is None or shared == before or shared != recipe:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(":material/link: The recipe came from the address; it is the recipe at hand now.")
        st.button("Back to the one before", key=f"{key}.unshare", type="tertiary", on_click=adopt, args=(before,))
