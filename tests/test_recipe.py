import pytest
import yaml

from negviz.errors import RecipeError, UnknownNameError
from negviz.pool import ALL_LEAKS
from negviz.recipe import Recipe, Step, find_recipe, leak_names, published, read_recipe, recipe_of, stages
from tests.pools import recipe


def test_steps_that_come_twice_get_a_number():
    twice = recipe("score_ceiling", "rank_window", "score_ceiling")
    assert [step.name for step in twice.steps] == ["score_ceiling", "rank_window", "score_ceiling_2"]
    assert twice.step("score_ceiling_2").strategy == "score_ceiling"
    assert twice.step("draw").strategy == "top"


def test_turning_a_knob_leaves_the_old_recipe_as_it_was():
    old = recipe(("score_ceiling", {"ceiling": 0.7}), "score_ceiling")
    new = old.with_knob("score_ceiling_2", "ceiling", 0.5)
    assert [dict(step.knobs) for step in new.steps] == [{"ceiling": 0.7}, {"ceiling": 0.5}]
    assert dict(old.steps[1].knobs) == {}
    assert new.with_knob("draw", "skip", 2).draw.knobs == {"skip": 2}


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("count=7", lambda found: found.count == 7),
        ("seed = 12", lambda found: found.seed == 12),
        ("anchor=max", lambda found: found.anchor == "max"),
        ("scorer=bm25", lambda found: found.scorer == "bm25"),
        ("underfill=drop", lambda found: found.underfill == "drop"),
        ("rank_window.start=10", lambda found: found.step("rank_window").knobs["start"] == "10"),
        ("draw.skip=1", lambda found: found.draw.knobs["skip"] == "1"),
    ],
)
def test_settings_of_the_command_line(text, check):
    assert check(recipe("rank_window").with_setting(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("count", "wants step.knob=value"),
        ("count=", "wants step.knob=value"),
        ("=3", "wants step.knob=value"),
        ("count=0", "whole number from 1"),
        ("count=1001", "whole number from 1 to 1000"),
        ("count=many", "count 'many'"),
        ("count=²", "count '²'"),
        ("count=--5", "count '--5'"),
        ("seed=-1", "whole number from 0"),
        ("anchor=median", "one of min, mean, max"),
        ("underfill=pad", "says not with what; give it a backfill"),
        ("underfill=fill", "one of keep, drop, pad"),
        ("ceiling=3", "wants step.knob=value, or one of"),
        ("window.start=3", "no step called 'window'; its steps are: rank_window, draw"),
    ],
)
def test_settings_that_make_no_sense_say_what_is_wanted(text, message):
    with pytest.raises(RecipeError, match=message):
        recipe("rank_window").with_setting(text)


@pytest.mark.parametrize("leak", ["labelled positive", "same text as a positive", "is the query itself", "blank text"])
def test_true_leaks_cannot_be_allowed(leak):
    with pytest.raises(RecipeError, match="only these can be allowed"):
        recipe(allow=(leak,))


def test_allowed_leaks_leave_the_stages_and_the_bits():
    loose = recipe("score_ceiling", allow=("near-duplicate of a positive",))
    assert "near-duplicate of a positive" not in stages(loose)
    assert stages(loose)[-1] == "score_ceiling"
    assert loose.refused_flags == ALL_LEAKS - 4
    assert leak_names(5) == ["labelled positive", "near-duplicate of a positive"]


def test_yaml_round_trip_of_everything_set(tmp_path):
    full = Recipe(
        "mine: it's",
        scorer="bm25",
        anchor="mean",
        steps=(Step("rank_window", {"start": 3, "among": "survivors"}), Step("score_ceiling", {"ceiling": 0.55})),
        draw=Step("sample", {"skip": 2}),
        count=9,
        seed=2**62,
        underfill="drop",
        allow=("same group as a positive",),
        title="Tïtle",
        paper="none",
        scale="dot",
        needs=("a", "b"),
        notes="long\nnotes",
    )
    path = tmp_path / "recipe.yaml"
    path.write_text(full.to_yaml(), "utf-8")
    assert read_recipe(path) == full
    assert find_recipe(str(path)) == full


@pytest.mark.parametrize("name", sorted(published()))
def test_published_recipes_survive_the_round_trip(name):
    found = published()[name]
    assert recipe_of(yaml.safe_load(found.to_yaml())) == found
    assert find_recipe(name) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n- b", "holds a list, but a recipe is a mapping"),
        ("", "holds nothing, but a recipe is a mapping"),
        ("hello", "holds a single value, but a recipe is a mapping"),
        ("steps: ''", "steps that are not a list"),
        ("steps: 0", "steps that are not a list"),
        ("scorer: [dense]", "scorer .* must be a text"),
        ("draw: {stratified: {strata: [bm25, dense]}}", "several names go into one text"),
        ("draw: {stratified: {strata: }}", "gives stratified.strata nothing"),
        ("steps: [{rank_window: {start: &a [*a]}}]", "a knob takes one number"),
        ("name: 2024-99-99", "not valid YAML"),
        (f"seed: {'9' * 6000}", "not valid YAML"),
        (f"name: {'[' * 5000}{']' * 5000}", "not valid YAML"),
        ("count: 1\ncount: 2", r"line 2 is not valid YAML \('count' comes twice\)"),
        ("draw: {sample: {skip: 1, skip: 2}}", "'skip' comes twice"),
        ('name: "\\uD83D"', "half of a surrogate pair"),
        ('draw: {stratified: {strata: "\\uD83D"}}', "half of a surrogate pair"),
        ("stpes: []", "unknown key 'stpes'. Did you mean 'steps'"),
        ("steps: top", "steps that are not a list"),
        ("steps: [{a: 1, b: 2}]", "but a step is a strategy's name"),
        ("steps: [{rank_window: 3}]", "but a step is a strategy's name"),
        ("count: 2.5", "count '2.5'"),
        ("count: true", "count 'True'"),
        ("anchor: middle", "anchor 'middle'"),
        ("a: b: c", "line 1 is not valid YAML"),
        ("x: !!python/object/apply:os.system ['true']", "not valid YAML"),
    ],
)
def test_files_that_are_no_recipes_are_refused_with_the_reason(tmp_path, text, message):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=message):
        read_recipe(path)


def test_a_file_that_is_not_utf_8_says_how_to_save_it(tmp_path):
    path = tmp_path / "old.yaml"
    path.write_bytes("name: café\n".encode("latin-1"))
    with pytest.raises(RecipeError, match="is not UTF-8; save it as UTF-8"):
        read_recipe(path)


def test_a_scorer_or_knob_that_looks_like_a_number_or_a_date_is_a_text():
    found = recipe_of(yaml.safe_load("scorer: 2020\ndraw: {stratified: {strata: 2024-01-01}}"))
    assert found.scorer == "2020"
    assert found.draw.knobs == {"strata": "2024-01-01"}
    assert recipe().with_setting("scorer=2020").scorer == "2020"


def test_a_name_is_one_line():
    assert recipe_of({"name": "a\n  b\tc"}).name == "a b c"


@pytest.mark.parametrize("part", ["source", "backfill"])
def test_a_knob_of_a_part_that_is_not_there_says_how_to_have_it(part):
    with pytest.raises(RecipeError, match=f"has no {part}, .* give it one in a YAML file"):
        recipe().with_setting(f"{part}.retriever=random")


def test_a_recipe_without_a_name_is_called_like_its_file(tmp_path):
    path = tmp_path / "mine.yml"
    path.write_text("\ufeffsteps: [score_floor]\n", "utf-8")
    assert find_recipe(str(path)).name == "mine"
    assert find_recipe(str(path)).steps[0].strategy == "score_floor"


def test_unknown_and_missing_recipes_say_what_there_is(tmp_path):
    with pytest.raises(UnknownNameError, match="Did you mean 'nv_perc'"):
        find_recipe("nv_prec")
    with pytest.raises(RecipeError, match="could not be read"):
        find_recipe(str(tmp_path / "none.yaml"))


def test_what_yaml_reads_as_a_date_or_nothing_is_a_text(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("name:\npaper: 2024-01-01\nnotes: 3\ntitle:\nsteps: [score_ceiling]\n")
    read = read_recipe(file)
    assert (read.name, read.paper, read.notes, read.title) == ("mine", "2024-01-01", "3", "")


@pytest.mark.parametrize("line", ["allow: 5", "needs: {a: b}", "title: {a: 1}", "name: [x]", "scale: [cosine]"])
def test_a_text_or_a_list_that_is_none_is_refused(line):
    with pytest.raises(RecipeError, match=line.split(":", maxsplit=1)[0]):
        recipe_of(yaml.safe_load(line))
