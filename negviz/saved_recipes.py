"""Library: recipes that a person saved under a name of their own, as YAML files in the home."""

import re
from dataclasses import replace
from pathlib import Path

from negviz.errors import NegvizError, RecipeError
from negviz.recipe import Recipe, published, read_recipe, saved_file, saved_folder
from negviz.writing import file_written_beside

LONGEST = 60
# Names that mean a device to Windows, whatever their ending.
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def safe_name(text: str) -> str:
    """A name under which a recipe can be saved, made from what a person typed: letters, digits, ``-`` and ``_``.

    Raises:
        RecipeError: If nothing is left of it, or the name is that of a published recipe.
    """
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", re.sub(r"\.ya?ml$", "", text.strip(), flags=re.IGNORECASE)).strip("-_")
    name = name[:LONGEST].rstrip("-_")
    if not name or RESERVED.match(name):
        raise RecipeError(f"A recipe cannot be saved as '{text[:80]}'; take a name of letters, digits, '-' and '_'.")
    # Some file systems take upper and lower case for the same.
    if name.casefold() in {known.casefold() for known in published()}:
        raise RecipeError(f"'{name}' is a published recipe, which stays as it is; save yours under another name.")
    return name


def saved_names() -> list[str]:
    """Names of the saved recipes, sorted; files that people put there count, too."""
    folder = saved_folder()
    if not folder.is_dir():
        return []
    found = (path.stem for path in folder.glob("*.yaml"))
    return sorted(name for name in found if saved_file(name) is not None and name not in published())


def saved() -> tuple[dict[str, Recipe], dict[str, str]]:
    """Saved recipes by name, and for those that cannot be read the sentence that says why."""
    found, broken = {}, {}
    for name in saved_names():
        try:
            found[name] = _read(name)
        except NegvizError as error:
            broken[name] = str(error)
    return found, broken


def _read(name: str) -> Recipe:
    # The file's name is what one asks for; what stands inside may be older.
    return replace(read_recipe(saved_folder() / f"{name}.yaml"), name=name)


def save(recipe: Recipe, name: str) -> Recipe:
    """Save a recipe under a name; one of that name is replaced.

    Args:
        recipe: What to save.
        name: What a person typed; see ``safe_name``.

    Returns:
        The recipe under its new name.

    Raises:
        RecipeError: If the name cannot be used.
        DataError: If the file cannot be written.
    """
    named = replace(recipe, name=safe_name(name))
    with file_written_beside(saved_folder() / f"{named.name}.yaml") as beside:
        beside.write_text(named.to_yaml(), "utf-8")
    return named


def remove(name: str) -> None:
    """Take a saved recipe away for good.

    Raises:
        RecipeError: If there is none of that name.
    """
    file: Path | None = saved_file(name)
    if file is None:
        raise RecipeError(f"There is no saved recipe called '{name}'; saved are: {', '.join(saved_names()) or 'none'}.")
    file.unlink()
