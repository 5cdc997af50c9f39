"""Mine: choose a recipe, turn it, and read what became of every candidate."""

import json
from collections.abc import Callable

import pytest
import yaml
from streamlit.testing.v1 import AppTest

from negviz.home import home_folder
from negviz.pool import Pool
from negviz.recipe import find_recipe, published, recipe_of
from negviz.select import select
from negviz.ui.query_picker import BELOW, EMPTY, STARVED, matching
from negviz.ui.recipe_files import read_upload
from tests.app.conftest import HOSTILE, words

pytestmark = pytest.mark.app
Open = Callable[..., AppTest]
PAGE = "pages/2_Mine.py"


def kept() -> dict:
    """What is stored of the work on the pool at hand."""
    stored = json.loads((home_folder() / "workspace.json").read_text("utf-8"))
    recipe = stored.get("recipes", {}).get(stored["pool"])
    return {**stored, "recipe": recipe} if recipe else stored


def counts(app: AppTest) -> dict[str, int]:
    return {metric.label: int(metric.value.replace(",", "")) for metric in app.metric}


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
    said = words(app)
    if name == "random":
        assert "This recipe cannot run on this pool." in said
        assert "the pool has those of: bm25, dense" in said
    else:
        assert "cannot run" not in said
        assert counts(app)["Candidates"] > 0


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
