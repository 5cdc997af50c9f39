"""The recipe as a file: shown, downloaded, replaced by an uploaded one."""

import streamlit as st
import yaml

from negviz.draws import DRAWS
from negviz.errors import NegvizError, RecipeError
from negviz.recipe import Recipe, recipe_of
from negviz.select import resolved_knobs
from negviz.strategies import STRATEGIES
from negviz.ui.recipe_editor import adopt, epoch


def files(recipe: Recipe, key: str) -> None:
    """Show the recipe as YAML, download it, or replace it by an uploaded one."""
    text = recipe.to_yaml()
    st.code(text, language="yaml")
    name = "".join(char for char in recipe.name if char.isalnum() or char in "-_") or "recipe"
    st.download_button(
        "Download recipe",
        text,
        f"{name}.yaml",
        "application/yaml",
        icon=":material/download:",
        key=f"{key}.download",
        on_click="ignore",
        help="The command line runs this file over the full data.",
    )
    given = st.file_uploader(
        "Use a recipe file", ["yaml", "yml"], key=f"{epoch(key)}.upload", help="YAML, as downloaded here."
    )
    if given is None:
        return
    try:
        uploaded = read_upload(given.getvalue(), given.name)
    except NegvizError as error:
        st.error("This recipe cannot be used.", icon=":material/error:")
        st.text(str(error))
        return
    adopt(uploaded, base=uploaded)
    st.rerun()


def read_upload(data: bytes, file: str) -> Recipe:
    """Read an uploaded recipe and check every step, knob and draw.

    Raises:
        NegvizError: If it is not YAML, not a recipe, or names something that does not exist.
    """
    try:
        recipe = recipe_of(yaml.safe_load(data.decode("utf-8-sig")), file.rsplit(".", 1)[0])
    except (UnicodeDecodeError, yaml.YAMLError):
        raise RecipeError("The file is not YAML in UTF-8; compare it with a recipe downloaded here.") from None
    for step in recipe.steps:
        resolved_knobs(STRATEGIES, step)
    resolved_knobs(DRAWS, recipe.draw)
    return recipe
