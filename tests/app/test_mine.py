"""Mine: choose a recipe, turn it, and read what became of every candidate."""

import dataclasses
import json
from collections.abc import Callable
from html import escape

import numpy as np
import pytest
import yaml
from streamlit.testing.v1 import AppTest

from negviz.errors import NegvizError
from negviz.home import home_folder
from negviz.pool import Pool
from negviz.recipe import FAMILIES, Recipe, Step, find_recipe, published, recipe_of, saved_file, saved_folder
from negviz.recipe_link import to_address
from negviz.saved_recipes import save, saved
from negviz.select import select
from negviz.store import save_pool
from negviz.ui.candidates import DISPUTE, PADDED
from negviz.ui.methods import by_family
from negviz.ui.query_picker import BELOW, EMPTY, STARVED, matching
from negviz.ui.recipe_files import read_upload
from negviz.ui.recipe_sharing import link
from negviz.ui.signatures import SIGNATURES
from tests.app.conftest import HOSTILE, words

pytestmark = pytest.mark.app
Open = Callable[..., AppTest]
PAGE = "pages/2_Mine.py"


def kept() -> dict:
    """What is stored of the work on the pool at hand."""
    stored = json.loads((home_folder() / "workspace.json").read_text("utf-8"))
    recipe = stored.get("recipes", {}).get(stored["pool"])
    return {**stored, "recipe": recipe} if recipe else stored


def use(recipe: Recipe) -> None:
    """Make a recipe the one at hand on the pool at hand."""
    stored = json.loads((home_folder() / "workspace.json").read_text("utf-8"))
    stored["recipes"] = {stored["pool"]: recipe.to_dict()}
    (home_folder() / "workspace.json").write_text(json.dumps(stored), "utf-8")


def outcome_of(pool: Pool, recipe: Recipe) -> tuple[dict, str]:
    """What a recipe gives on a pool, or why it cannot run."""
    try:
        return select(pool, recipe).summary(), ""
    except NegvizError as error:
        return {}, str(error)


def counts(app: AppTest) -> dict[str, int]:
    values = {metric.label: metric.value.replace(",", "") for metric in app.metric}
    return {label: int(value) for label, value in values.items() if value.isdigit()}


def widget(app: AppTest, kind: str, end: str):
    """Widget of a kind whose key ends like this; keys begin with the page and grow with every recipe adopted."""
    (found,) = [element for element in getattr(app, kind) if str(element.key).endswith(end)]
    return found


def slider(app: AppTest, knob: str):
    return next(element for element in app.slider if f".{knob}.slider." in str(element.key))


def opened(open_app: Open, part: str) -> AppTest:
    """The page with one of its folded parts open."""
    app = open_app(PAGE)
    app.session_state[f"mine.{part}"] = True
    return app.run()


def html(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def test_without_a_pool_the_page_says_what_to_do(open_app: Open) -> None:
    app = open_app(PAGE)
    assert not app.exception
    assert "No pool yet" in words(app)


def test_totals_are_those_of_the_selection(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    assert not app.exception
    summary = select(pool, find_recipe("nv_perc")).summary()
    shown = counts(app)
    assert shown["Candidates"] == summary["candidates"]
    assert shown["Taken"] == summary["taken"]
    assert shown["Refused"] == sum(row["count"] for row in summary["refused"])
    assert shown["Starved queries"] == summary["starved"] == 1


def test_turning_a_knob_changes_the_totals_and_is_kept(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    before = counts(app)["Refused"]
    slider(app, "margin").set_value(0.5).run()
    assert not app.exception
    assert counts(app)["Refused"] > before
    assert kept()["recipe"]["steps"] == [{"relative_margin": {"margin": 0.5, "inclusive": False}}]
    assert widget(app, "number_input", "relative_margin.margin.number").value == 0.5
    again = open_app(PAGE)
    assert slider(again, "margin").value == 0.5


def test_back_to_the_published_recipe(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    assert not [button for button in app.button if str(button.key).endswith("revert")]
    slider(app, "margin").set_value(0.5).run()
    widget(app, "button", "revert").click().run()
    assert slider(app, "margin").value == 0.05
    assert recipe_of(kept()["recipe"]) == find_recipe("nv_perc")


@pytest.mark.parametrize("name", list(published()))
def test_every_published_recipe_runs_or_says_what_is_missing(pool: Pool, open_app: Open, name: str) -> None:
    app = open_app(PAGE)
    widget(app, "selectbox", ".published").set_value(name).run()
    assert not app.exception
    assert kept().get("recipe", {"name": "nv_perc"})["name"] == name
    said, recipe = words(app) + html(app), published()[name]
    assert escape(recipe.about.split(". ")[0]) in said
    expected, refusal = outcome_of(pool, recipe)
    assert ("This recipe cannot run on this pool." in said) == bool(refusal)
    assert refusal in said
    if expected:
        assert (counts(app)["Candidates"], counts(app)["Taken"]) == (expected["candidates"], expected["taken"])


@pytest.mark.parametrize("page", ["2_Mine", "3_Thresholds", "5_Map", "6_Label", "9_Export"])
@pytest.mark.parametrize("name", ["hybrid_rrf", "hybrid_convex"])
def test_pages_work_with_a_recipe_whose_source_brings_other_candidates(
    pool: Pool, open_app: Open, page: str, name: str
) -> None:
    recipe = dataclasses.replace(published()[name], steps=(Step("relative_margin", {"margin": 0.01}),))
    use(recipe)
    app = open_app(f"pages/{page}.py")
    assert not app.exception
    assert not app.error
    assert recipe.scorer == "fused"
    assert select(pool, recipe).pool is not pool


def test_queue_of_the_label_page_holds_candidates_of_the_source(pool: Pool, open_app: Open) -> None:
    use(published()["hybrid_rrf"])
    app = open_app("pages/6_Label.py")
    app.selectbox(key="label.order").set_value("taken first").run()
    assert not app.exception
    taken = int(select(pool, published()["hybrid_rrf"]).taken.sum())
    assert len(app.session_state["label.desk"].walk.queue) == taken


def test_recipe_of_another_scale_draws_a_warning(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    widget(app, "selectbox", ".published").set_value("simans").run()
    assert "chosen for dot scores; the chosen scorer gives cosine scores" in words(app)


def test_steps_are_added_moved_and_taken_out(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    widget(app, "selectbox", ".add").set_value("score_floor").run()
    assert [next(iter(step)) for step in kept()["recipe"]["steps"]] == ["relative_margin", "score_floor"]
    widget(app, "button", "step1.arrow_upward").click().run()
    assert [next(iter(step)) for step in kept()["recipe"]["steps"]] == ["score_floor", "relative_margin"]
    widget(app, "button", "step0.close").click().run()
    assert [next(iter(step)) for step in kept()["recipe"]["steps"]] == ["relative_margin"]
    assert not app.exception


def test_knob_beyond_the_scores_draws_a_warning(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    widget(app, "selectbox", ".published").set_value("nv_abs").run()
    assert "Higher than" in words(app)
    widget(app, "number_input", "ceiling.number").set_value(40.0).run()
    assert not app.exception
    assert "lies outside the scores at hand" in words(app)


def test_settings_reach_the_recipe(pool: Pool, open_app: Open) -> None:
    app = opened(open_app, "more")
    widget(app, "number_input", ".count").set_value(2).run()
    widget(app, "selectbox", ".draw").set_value("sample").run()
    widget(app, "number_input", ".seed").set_value(7).run()
    widget(app, "selectbox", ".scorer").set_value("bm25").run()
    recipe = recipe_of(kept()["recipe"])
    assert (recipe.count, recipe.draw.strategy, recipe.seed, recipe.scorer) == (2, "sample", 7, "bm25")
    assert not app.exception


def test_uploaded_recipe_is_used_and_a_bad_one_is_explained(pool: Pool, open_app: Open) -> None:
    app = opened(open_app, "file")
    mine = {"name": "mine", "steps": [{"score_ceiling": {"ceiling": 0.6}}], "draw": "top", "count": 3}
    app.file_uploader[0].set_value(("mine.yaml", yaml.safe_dump(mine).encode(), "application/yaml")).run()
    assert not app.exception
    assert (kept()["recipe"]["name"], kept()["recipe"]["count"]) == ("mine", 3)
    app.file_uploader[0].set_value(("bad.yaml", b"steps: [{score_ceilng: {}}]\ndraw: top", "application/yaml")).run()
    assert "score_ceiling" in words(app)
    assert kept()["recipe"]["name"] == "mine"


@pytest.mark.parametrize("data", [b"\xff\xfe", b"a: [", b"- 1", b"steps: [{score_ceiling: {ceiling: high}}]"])
def test_upload_that_is_no_recipe_is_refused_with_a_sentence(data: bytes) -> None:
    from negviz.errors import NegvizError

    with pytest.raises(NegvizError, match=r"\."):
        read_upload(data, "file.yaml")


def test_every_candidate_of_a_query_has_its_outcome_and_reason(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE, query="q3")
    said = html(app)
    assert "How high is tower 3?" in said
    assert "✕ Refused" in said
    assert "It is a labelled positive of this query." in said
    assert "● Taken" in said
    widget(app, "selectbox", "mine.show").set_value("taken").run()
    assert html(app).count("● Taken") == 4
    assert "✕ Refused" not in html(app)


def test_previous_next_and_search_walk_the_queries(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    widget(app, "button", "mine.forth").click().run()
    assert widget(app, "selectbox", "mine.query").value == 1
    widget(app, "button", "mine.back").click().run()
    assert widget(app, "selectbox", "mine.query").value == 0
    app.text_input(key="mine.find").set_value("TOWER 5").run()
    assert widget(app, "selectbox", "mine.query").value == 5
    app.text_input(key="mine.find").set_value("nowhere").run()
    assert "No query matches" in words(app)
    assert not app.exception


def test_groups_of_queries(pool: Pool) -> None:
    selection = select(pool, find_recipe("nv_perc"))
    assert matching(selection, "", STARVED).tolist() == [7]
    assert matching(selection, "", EMPTY).tolist() == [7]
    assert matching(selection, "q2", STARVED).tolist() == []
    assert set(matching(selection, "", BELOW)) == {
        row for row in range(8) if (pool.scores["dense"][row][pool.eligible[row]] > 0.85).any()
    }


def test_funnel_table_adds_up_and_starved_queries_are_listed(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    app.segmented_control(key="mine.view").set_value("All queries").run()
    assert not app.exception
    rows = next(frame.value for frame in app.dataframe if "left after it" in frame.value)
    outcomes = dict(zip(rows["outcome"], rows["candidates"], strict=True))
    everything = outcomes.pop("all candidates")
    assert sum(outcomes.values()) == everything == int(pool.present.sum())
    starved = next(frame.value for frame in app.dataframe if "query" in frame.value)
    assert list(starved["id"]) == ["q7"]


def test_table_of_candidates_has_every_rank_and_score(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    app.segmented_control(key="mine.form").set_value("Table").run()
    (table,) = [frame.value for frame in app.dataframe if "reason" in frame.value]
    assert {"rank", "outcome", "score dense", "score bm25", "rank dense", "rank bm25", "weight", "label"} <= set(table)
    assert len(table) == 12
    assert list(table["rank"]) == list(range(12))


def test_corpus_text_never_reaches_markdown(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    assert not app.exception
    assert HOSTILE not in words(app)
    assert "<script>" not in html(app)
    assert "&lt;script&gt;" in html(app)


def test_candidate_is_sent_to_the_label_page(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE, query="q3")
    next(button for button in app.button if str(button.key).endswith(".label")).click().run()
    assert not app.exception
    assert kept()["queue"]["count"] == 1


def test_every_published_recipe_belongs_to_a_family() -> None:
    assert {name: recipe.family for name, recipe in published().items() if recipe.family not in FAMILIES} == {}
    assert list(by_family()) == list(FAMILIES)


def test_methods_are_found_by_word_and_taken(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    app.segmented_control(key="mine.view").set_value("All methods").run()
    assert not app.exception
    windows = sum(1 for recipe in published().values() if recipe.family == "Score windows")
    assert f"{windows} of {len(published())} methods" in words(app)
    app.text_input(key="mine.methods.search").set_value("arctic").run()
    assert f"{sum('arctic' in name for name in published())} of {len(published())} methods" in words(app)
    app.button(key="mine.methods.use.arctic_v2").click().run()
    assert kept()["recipe"]["name"] == "arctic_v2"
    app.text_input(key="mine.methods.search").set_value("retriever random").run()
    assert not app.exception


def test_a_method_that_the_pool_cannot_serve_says_what_is_missing(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    app.segmented_control(key="mine.view").set_value("All methods").run()
    app.text_input(key="mine.methods.search").set_value("rocketqa").run()
    with pytest.raises(NegvizError) as refusal:
        select(pool, published()["rocketqa"])
    assert escape(f"Not on this pool. {refusal.value}") in html(app)
    app.button(key="mine.methods.use.rocketqa").click().run()
    assert "This recipe cannot run on this pool." in words(app)
    assert escape(published()["rocketqa"].about.split(". ")[0]) in html(app)


def test_the_plot_of_the_recipe_is_drawn_and_another_can_be_chosen(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    plot = next(box for box in app.selectbox if str(box.key).startswith("mine.plot."))
    assert plot.value == published()["nv_perc"].plot == "anchor_strip"
    assert "disputed zone reaches from 95%" in words(app)
    plot.set_value("rank_curve").run()
    assert "Score versus rank." in words(app)
    plot = next(box for box in app.selectbox if str(box.key).startswith("mine.plot."))
    plot.set_value("none").run()
    assert "Score versus rank." not in words(app)
    assert not app.exception


def test_a_plot_that_does_not_exist_says_so_in_a_sentence(pool: Pool, open_app: Open) -> None:
    use(dataclasses.replace(published()["nv_perc"], plot="rank_curves"))
    app = open_app(PAGE)
    assert not app.exception
    assert "There is no plot called 'rank_curves'; choose another one above, such as rank_curve." in words(app)


def test_a_plot_that_lacks_an_input_says_which(pool: Pool, open_app: Open) -> None:
    use(dataclasses.replace(published()["nv_topk"], plot="teacher_scatter"))
    app = open_app(PAGE)
    assert not app.exception
    assert "This plot cannot be drawn here." in words(app)


@pytest.mark.parametrize("name", SIGNATURES.names())
@pytest.mark.parametrize("view", ["One query", "All queries"])
def test_every_plot_is_drawn_or_says_why_not(pool: Pool, open_app: Open, name: str, view: str) -> None:
    use(dataclasses.replace(published()["nv_perc"], plot=name))
    app = open_app(PAGE)
    app.segmented_control(key="mine.view").set_value(view).run()
    assert not app.exception


def test_source_is_chosen_turned_and_taken_away(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    widget(app, "selectbox", ".source").set_value("fused").run()
    assert kept()["recipe"]["source"] == {"fused": {}}
    widget(app, "number_input", "source.fused.k.number").set_value(10).run()
    assert kept()["recipe"]["source"] == {"fused": {"k": 10}}
    app.session_state["mine.more"] = True
    app.run()
    assert "fused" in widget(app, "selectbox", ".scorer").options
    widget(app, "selectbox", ".scorer").set_value("fused").run()
    assert kept()["recipe"]["scorer"] == "fused"
    assert not app.exception
    assert not app.error
    widget(app, "selectbox", ".source").set_value("").run()
    assert "source" not in kept()["recipe"]
    assert "no scores called 'fused'" in words(app)
    assert not app.exception


def test_padding_is_offered_only_with_something_to_pad_from(pool: Pool, open_app: Open) -> None:
    app = opened(open_app, "more")
    (short,) = [box for box in app.selectbox if ".underfill." in str(box.key)]
    assert len(short.options) == 2
    widget(app, "selectbox", ".backfill").set_value("brought_by").run()
    assert not app.exception
    (short,) = [box for box in app.selectbox if ".underfill." in str(box.key)]
    assert len(short.options) == 3
    short.set_value("pad").run()
    assert (kept()["recipe"]["underfill"], list(kept()["recipe"]["backfill"])) == ("pad", ["brought_by"])
    widget(app, "selectbox", ".backfill").set_value("").run()
    assert kept()["recipe"]["underfill"] == "keep"
    assert "backfill" not in kept()["recipe"]
    assert not app.exception


def test_padding_is_marked_on_the_cards(pool: Pool, open_app: Open) -> None:
    steps = (Step("score_ceiling", {"ceiling": 0.5}),)
    backfill = Step("brought_by", {"retriever": "bm25"})
    use(Recipe("padded", steps=steps, count=8, underfill="pad", backfill=backfill))
    assert select(pool, recipe_of(kept()["recipe"])).backfilled.any()
    app = open_app(PAGE)
    assert "+ padding" in html(app)
    assert PADDED in html(app)
    app.segmented_control(key="mine.form").set_value("Table").run()
    (table,) = [frame.value for frame in app.dataframe if "padding" in frame.value]
    assert table["padding"].any()


def test_disputed_candidates_are_marked_and_explained(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    assert "◐ disputed" in html(app)
    assert DISPUTE in words(app)
    widget(app, "selectbox", "mine.show").set_value("disputed").run()
    assert html(app).count("◐ disputed</span>") == html(app).count('class="negviz-head"')
    app.segmented_control(key="mine.form").set_value("Table").run()
    (table,) = [frame.value for frame in app.dataframe if "disputed" in frame.value]
    assert table["disputed"].all()
    use(published()["bm25"])
    assert "◐ disputed" not in html(open_app(PAGE))


def test_leaks_are_let_through_on_purpose(pool: Pool, open_app: Open) -> None:
    app = opened(open_app, "more")
    widget(app, "multiselect", ".allow").set_value(["repeats another candidate"]).run()
    assert kept()["recipe"]["allow"] == ["repeats another candidate"]
    assert not app.exception


def test_recipe_is_saved_found_and_removed(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    slider(app, "margin").set_value(0.5).run()
    app.session_state["mine.file"] = True
    app.run()
    widget(app, "text_input", ".saveas").set_value("my half").run()
    app.button(key="mine.save").click().run()
    assert not app.exception
    kept_recipe = find_recipe("my-half")
    assert recipe_of(kept()["recipe"]) == kept_recipe
    assert kept_recipe.step("relative_margin").knobs["margin"] == 0.5
    chooser = widget(app, "selectbox", ".published")
    assert chooser.value == "my-half"
    chooser.set_value("nv_topk").run()
    app.button(key="mine.own.use.my-half").click().run()
    assert kept()["recipe"]["name"] == "my-half"
    app.button(key="mine.own.remove.my-half").click().run()
    assert saved_file("my-half") is None
    assert kept()["recipe"]["name"] == "my-half"
    assert not app.exception


def test_the_words_of_a_changed_recipe_say_that_they_are_the_published_ones(pool: Pool, open_app: Open) -> None:
    assert "as published" not in words(open_app(PAGE))
    use(save(published()["nv_perc"].with_knob("relative_margin", "margin", 0.5), "mine"))
    assert "Changed since: the words describe the method as published." in words(open_app(PAGE))


def save_as(app: AppTest, name: str) -> AppTest:
    """What saving under a name first shows."""
    return widget(app, "text_input", ".saveas").set_value(name).run()


@pytest.mark.parametrize("name", ["mine", "MINE", "mine.yaml"])
def test_saving_over_another_recipe_asks_first(name: str, pool: Pool, open_app: Open) -> None:
    save(dataclasses.replace(published()["nv_topk"], count=9), "mine")
    app = save_as(opened(open_app, "file"), name)
    assert not [button for button in app.button if button.key == "mine.save"]
    assert "Replace the saved recipe 'mine'?" in html(app).replace("&#x27;", "'")
    assert saved()[0]["mine"].count == 9
    next(button for button in app.button if ".replace." in str(button.key)).click().run()
    assert not app.exception
    (only,) = saved()[0].values()
    assert (only.name, only.count) == ("mine", published()["nv_perc"].count)


def test_a_recipe_that_is_saved_as_it_stands_is_not_saved_again(pool: Pool, open_app: Open) -> None:
    use(save(published()["nv_perc"], "mine"))
    app = save_as(opened(open_app, "file"), "mine")
    assert "saved under this name as it stands" in words(app)
    assert not [button for button in app.button if button.key == "mine.save" or ".replace." in str(button.key)]


def test_a_broken_file_of_that_name_is_not_replaced_unasked(pool: Pool, open_app: Open) -> None:
    saved_folder().mkdir(parents=True, exist_ok=True)
    (saved_folder() / "mine.yaml").write_text("steps: [", "utf-8")
    app = save_as(opened(open_app, "file"), "mine")
    assert not [button for button in app.button if button.key == "mine.save"]
    assert (saved_folder() / "mine.yaml").read_text("utf-8") == "steps: ["


def test_a_recipe_that_takes_all_there_is_starves_nobody(pool: Pool, open_app: Open) -> None:
    use(published()["coder"])
    app = open_app(PAGE)
    taken = select(pool, published()["coder"]).taken_counts
    shown = {metric.label: metric.value for metric in app.metric}
    assert "Starved queries" not in shown
    assert shown["Per query"] == f"{taken.min()}–{taken.max()}"
    assert f"{taken[0]} negatives taken." in words(app)
    app.segmented_control(key="mine.view").set_value("All queries").run()
    assert not app.exception
    assert "no query counts as starved" in words(app)


def test_what_cannot_run_shows_the_ways_to_what_is_missing(pool: Pool, open_app: Open) -> None:
    use(published()["rocketqa"])
    app = open_app(PAGE)
    assert "cross_encoder" in words(app)
    labels = [link.proto.label for link in app.get("page_link")]
    assert "Make a pool that has it" in labels
    assert "Label candidates" in labels


def test_a_score_of_the_positive_that_is_unknown_is_left_out(pool: Pool, open_app: Open) -> None:
    layer = np.full((len(pool), 1), np.nan, np.float32)
    made = dataclasses.replace(pool, positive_scores={**pool.positive_scores, "bm25": layer}, stored_fingerprint="")
    save_pool(made, home_folder() / "pools" / "unknown")
    (home_folder() / "workspace.json").write_text('{"pool": "unknown"}', "utf-8")
    app = open_app(PAGE)
    assert not app.exception
    assert "d00 · dense 0.85" in html(app)
    assert "bm25 nan" not in html(app)


def test_recipe_is_not_saved_under_a_published_name(pool: Pool, open_app: Open) -> None:
    app = opened(open_app, "file")
    widget(app, "text_input", ".saveas").set_value("NV_perc").run()
    assert "is a published recipe" in words(app)
    assert not [button for button in app.button if button.key == "mine.save"]


def test_the_command_names_a_published_recipe_or_the_file(pool: Pool, open_app: Open) -> None:
    app = opened(open_app, "file")
    assert any("--recipe nv_perc --out nv_perc.parquet" in block.value for block in app.code)
    slider(app, "margin").set_value(0.5).run()
    assert any("--recipe nv_perc.yaml --out" in block.value for block in app.code)


def test_a_link_opens_with_its_recipe_once(pool: Pool, open_app: Open) -> None:
    shared = dataclasses.replace(published()["arctic_v2"].with_knob("relative_margin", "margin", 0.2), count=3)
    app = open_app(PAGE, recipe=to_address(shared))
    assert not app.exception
    assert recipe_of(kept()["recipe"]) == shared
    assert "The recipe came from the address" in words(app)
    slider(app, "margin").set_value(0.3).run()
    assert recipe_of(kept()["recipe"]).step("relative_margin").knobs["margin"] == 0.3
    assert "The recipe came from the address" not in words(app)


def test_the_recipe_from_before_a_link_comes_back(pool: Pool, open_app: Open) -> None:
    use(published()["nv_abs"])
    app = open_app(PAGE, recipe=to_address(published()["simans"]))
    assert kept()["recipe"]["name"] == "simans"
    app.button(key="mine.unshare").click().run()
    assert recipe_of(kept()["recipe"]) == published()["nv_abs"]


@pytest.mark.parametrize("text", ["nonsense", "", "eJw", "x" * 9000])
def test_a_broken_link_says_so_and_changes_nothing(pool: Pool, open_app: Open, text: str) -> None:
    use(published()["nv_abs"])
    app = open_app(PAGE, recipe=text)
    assert not app.exception
    assert "The address holds a recipe that cannot be used" in words(app)
    assert kept()["recipe"]["name"] == "nv_abs"


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("http://localhost:8501/Mine", "http://localhost:8501/Mine?recipe="),
        ("https://a.example/base/Mine?query=q1#top", "https://a.example/base/Mine?recipe="),
        ("http://localhost:8501/", "http://localhost:8501/Mine?recipe="),
        ("/Mine", "/Mine?recipe="),
    ],
)
def test_link_leads_to_mine_whatever_page_it_was_made_on(here: str, there: str) -> None:
    assert link(published()["nv_perc"], here).startswith(there)
