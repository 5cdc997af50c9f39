"""Saved recipes: names that are safe, files that come back the same, published ones untouched."""

import pytest

from negviz.errors import NegvizError, RecipeError
from negviz.recipe import find_recipe, published, saved_file, saved_folder
from negviz.saved_recipes import remove, safe_name, save, saved
from tests.pools import recipe


def test_a_saved_recipe_is_found_by_its_name_and_comes_back_the_same():
    kept = save(recipe(("relative_margin", {"margin": 0.2}), count=7), "my margin")
    assert kept.name == "my-margin"
    assert find_recipe("my-margin") == kept
    assert saved() == ({"my-margin": kept}, {})


def test_saving_again_replaces_and_removing_takes_the_file_away():
    save(recipe(count=2), "mine")
    save(recipe(count=3), "mine")
    assert find_recipe("mine").count == 3
    remove("mine")
    assert saved() == ({}, {})
    with pytest.raises(RecipeError, match="no saved recipe called 'mine'"):
        remove("mine")


@pytest.mark.parametrize("name", ["", "  ", "...", "con", "LPT1", "nv_perc", "NV_Perc", "nv_perc.yaml", "../nv_perc"])
def test_names_of_published_recipes_devices_and_nothing_are_refused(name):
    with pytest.raises(RecipeError):
        save(recipe(), name)
    assert not saved_folder().exists()


@pytest.mark.parametrize("name", ["../../etc/passwd", "/tmp/x", "a\\b", "a\0b", "日本 x", "-rf", "x" * 300, "m.yaml"])
def test_a_name_never_leaves_the_folder(name):
    kept = save(recipe(), name)
    assert saved_file(kept.name).parent == saved_folder()
    assert kept.name == safe_name(kept.name)
    assert [path.parent for path in saved_folder().iterdir()] == [saved_folder()]


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", ".", "..", "a/b"])
def test_asking_for_a_path_finds_no_saved_recipe(name, tmp_path):
    (saved_folder().parent).mkdir(parents=True, exist_ok=True)
    (saved_folder().parent / "outside.yaml").write_text("name: outside")
    assert saved_file(name) is None


def test_a_file_that_is_no_recipe_is_told_apart_and_hides_no_other():
    save(recipe(), "good")
    (saved_folder() / "bad.yaml").write_text("steps: 3")
    found, broken = saved()
    assert list(found) == ["good"]
    assert "steps that are not a list" in broken["bad"]


def test_a_file_of_a_published_name_does_not_replace_the_published_recipe():
    saved_folder().mkdir(parents=True)
    (saved_folder() / "nv_perc.yaml").write_text("name: nv_perc\nsteps: []\n")
    assert find_recipe("nv_perc") == published()["nv_perc"]
    assert saved() == ({}, {})


def test_an_unknown_name_still_says_what_there_is():
    with pytest.raises(NegvizError, match="no recipe called 'nv_prec'"):
        find_recipe("nv_prec")
