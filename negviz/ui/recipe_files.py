"""The recipe as a file: saved under a name, shown, downloaded, replaced by a saved or an uploaded one."""

import shlex
from dataclasses import replace

import streamlit as st
import yaml

from negviz.errors import NegvizError, RecipeError
from negviz.recipe import Recipe, published, recipe_of
from negviz.saved_recipes import remove, safe_name, save, saved, saved_names
from negviz.select import check_knobs
from negviz.ui import state
from negviz.ui.recipe_editor import adopt, epoch
from negviz.ui.texts import show_text


def files(recipe: Recipe, key: str) -> None:
    """Save the recipe, take a saved or an uploaded one, read and run it."""
    save_form(recipe, key)
    library(recipe, key)
    run_words(recipe, key)
    upload(key)


def save_form(recipe: Recipe, key: str) -> None:
    """Save the recipe at hand under a name."""
    own = saved_names()
    given = st.text_input(
        "Save under the name", recipe.name if recipe.name in own else f"my_{recipe.name}", max_chars=80,
        key=f"{epoch(key)}.saveas", help="Letters, digits, - and _; what else is typed becomes a -.",
    )  # fmt: skip
    try:
        name = _as_saved(safe_name(given or ""))
    except NegvizError as error:
        st.text(str(error))
        return
    if _may_save(recipe, name, key):
        try:
            kept = save(recipe, name)
        except NegvizError as error:
            st.text(str(error))
            return
        adopt(kept, base=kept)
        st.session_state[f"{key}.said"] = f"Saved as {name}: it is in the list of recipes now."
        st.rerun()
    said = st.session_state.pop(f"{key}.said", "")
    if said:
        st.success(said, icon=":material/check:")


def _may_save(recipe: Recipe, name: str, key: str) -> bool:
    """A button that saves; where another recipe has that name, one that first asks whether to replace it."""
    if name not in saved_names():
        return st.button("Save recipe", icon=":material/save:", key=f"{key}.save")
    if saved()[0].get(name) == replace(recipe, name=name):
        st.caption("It is saved under this name as it stands.")
        return False
    # The name stands in the keys, so that a question about one name is never answered for another.
    with st.popover("Save recipe", icon=":material/save:", key=f"{key}.saveover.{name}",
                    help="There is a saved recipe of this name; you are asked first."):  # fmt: skip
        show_text("What is saved there now is lost.", title=f"Replace the saved recipe '{name}'?")
        return st.button("Replace it", icon=":material/save:", key=f"{key}.replace.{name}", type="primary")


def _as_saved(name: str) -> str:
    """The name as a saved recipe has it, where one has it in other case, which some file systems take for the same."""
    return next((other for other in saved_names() if other.casefold() == name.casefold()), name)


def library(recipe: Recipe, key: str) -> None:
    """The saved recipes: take one, or take it away."""
    own, broken = saved()
    for name, why in broken.items():
        show_text(why, title=f"{name} cannot be read")
    if not own:
        return
    st.caption("Saved here")
    for name, each in own.items():
        with st.container(horizontal=True, vertical_alignment="center", key=f"negviz_line.{key}.own.{name}"):
            show_text(name, about=each.title)
            st.button("Use", key=f"{key}.own.use.{name}", disabled=each == recipe, on_click=adopt, args=(each,),
                      kwargs={"base": each}, type="tertiary")  # fmt: skip
            with st.popover("", icon=":material/delete:", help="Takes the file away."):
                st.write("This takes the saved recipe away for good; pools, labels and exports stay.")
                if st.button("Remove it", key=f"{key}.own.remove.{name}", type="primary"):
                    remove(name)
                    st.rerun()


def run_words(recipe: Recipe, key: str) -> None:
    """The recipe as YAML, to copy and to download, and the command that runs it over the full data."""
    text = recipe.to_yaml()
    st.caption("The recipe as a file, to copy")
    st.code(text, language="yaml", height=220)
    st.download_button(
        "Download recipe", text, f"{file_name(recipe)}.yaml", "application/yaml", icon=":material/download:",
        key=f"{key}.download", on_click="ignore", help="The command line runs this file over the full data.",
    )  # fmt: skip
    st.caption("The command that runs it")
    st.code(command(recipe), language="bash", wrap_lines=True)


def file_name(recipe: Recipe) -> str:
    """The recipe's name as far as it is harmless in a file's name."""
    return "".join(char for char in recipe.name if char.isalnum() or char in "-_") or "recipe"


def command(recipe: Recipe) -> str:
    """What to type to run the recipe on the pool at hand: by name where it is published or saved, else by its file."""
    kept = {**saved()[0], **published()}.get(recipe.name)
    which = recipe.name if kept == recipe else f"{file_name(recipe)}.yaml"
    pool = state.pools_folder() / str(state.workspace().get("pool") or "POOL")
    words = ["negviz", "select", str(pool), "--recipe", which, "--out", f"{file_name(recipe)}.parquet"]
    return " ".join(shlex.quote(word) for word in words)


def upload(key: str) -> None:
    """Replace the recipe by one from a file."""
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
    """Read an uploaded recipe and check every step, knob, source and draw.

    Raises:
        NegvizError: If it is not YAML, not a recipe, or names something that does not exist.
    """
    try:
        recipe = recipe_of(yaml.safe_load(data.decode("utf-8-sig")), file.rsplit(".", 1)[0])
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError):
        raise RecipeError("The file is not YAML in UTF-8; compare it with a recipe downloaded here.") from None
    check_knobs(recipe)
    return recipe
