"""The view "Sweep": what is turned, what it shows, and how a value is taken over; drawn alone, without its page."""

import json
import time
from collections.abc import Callable

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from negviz import sweeping
from negviz.home import home_folder
from negviz.labels import LabelEvent, LabelStore, Verdict
from negviz.pool import Pool
from negviz.recipe import Recipe, find_recipe
from negviz.select import select
from negviz.store import save_pool
from negviz.ui import jobs
from negviz.ui.sweep_axes import Axis, ends, title
from negviz.ui.sweeps import picked
from tests.app.conftest import NAME, words
from tests.app.test_mine import html, kept, use, widget
from tests.pools import make_pool, recipe, rich_pool

pytestmark = pytest.mark.app
Show = Callable[..., AppTest]


def page() -> None:
    import streamlit as st

    from negviz.ui import cache, state, sweeps

    pool = state.current_pool()
    selection = cache.selection(pool, state.current_recipe(), cache.labels())
    sweeps.show(selection)
    st.text("drawn to the end")


def shown(**memory: object) -> AppTest:
    app = AppTest.from_function(page, default_timeout=60)
    for key, value in memory.items():
        app.session_state[key.replace("__", ".")] = value
    app.run()
    assert not app.exception
    assert app.text[-1].value == "drawn to the end"
    return app


def store(pool: Pool) -> None:
    save_pool(pool, home_folder() / "pools" / NAME)
    (home_folder() / "workspace.json").write_text(json.dumps({"pool": NAME}), "utf-8")


def option(app: AppTest) -> dict:
    (chart,) = app.get("echarts_chart")
    return json.loads(chart.proto.spec)


def names(app: AppTest) -> list[str]:
    return [series["name"] for series in option(app)["series"]]


def margin() -> float:
    return float(kept()["recipe"]["steps"][0]["relative_margin"]["margin"])


def test_it_shows_the_first_limit_with_the_value_at_hand_and_the_published_one(pool: Pool) -> None:
    use(find_recipe("nv_perc").with_setting("relative_margin.margin=0.1"))
    app = shown()
    assert {"Now, 0.1", "Published, 0.05"} <= set(names(app))
    values = [row[0] for row in option(app)["series"][0]["data"]]
    assert (values[0], values[-1]) == (0, 0.2)
    assert {0.1, 0.05} <= set(values)
    chosen = select(pool, find_recipe("nv_perc").with_setting("relative_margin.margin=0.1"))
    assert f"At 0.1, the value at hand: {chosen.taken_counts.mean():.2f} of 4 negatives a query" in words(app)
    assert "None of these negatives is judged" in words(app)
    assert "Over all 8 queries." in words(app)
    assert "best" not in words(app).lower()


def test_ends_and_number_of_values_can_be_set(pool: Pool) -> None:
    app = shown()
    widget(app, "number_input", ".from").set_value(0.1)
    widget(app, "number_input", ".to").set_value(0.3)
    widget(app, "number_input", "values1.of1").set_value(3).run()
    assert [row[0] for row in option(app)["series"][0]["data"]] == [0.1, 0.2, 0.3]
    widget(app, "number_input", ".from").set_value(0.4).run()
    assert not app.exception
    assert "the second must be larger" in words(app)


def test_the_button_takes_a_value_over(pool: Pool) -> None:
    app = shown()
    box = next(box for box in app.selectbox if str(box.key).startswith("sweeps.value"))
    box.set_value(0).run()
    app.button(key="sweeps.use").click().run()
    assert margin() == 0
    assert "Now, 0" in names(app)


def test_a_click_on_a_point_takes_its_value_over_once(pool: Pool) -> None:
    place = {"selection": {"selected": [{"series_index": 0, "data_indices": [3]}], "areas": []}}
    app = shown(sweeps__chart__0=place)
    assert margin() == pytest.approx(0.03)
    assert app.session_state["sweeps.epoch"] == 1
    use(find_recipe("nv_perc"))
    assert app.run().session_state["sweeps.epoch"] == 1


def test_only_points_of_the_first_series_that_exist_count() -> None:
    def event(series: int, place: object) -> dict:
        return {"selection": {"selected": [{"series_index": series, "data_indices": [place]}]}}

    assert picked(event(0, 2), 3) == 2
    assert [picked(each, 3) for each in (event(1, 2), event(0, 3), event(0, -1), event(0, "x"), {}, None)] == [None] * 6


def test_two_knobs_colour_a_cell_for_every_pair(pool: Pool) -> None:
    app = shown(sweeps__kind="Two knobs")
    cells, now, published = option(app)["series"]
    across, down = (len(option(app)[axis]["data"]) for axis in ("xAxis", "yAxis"))
    assert len(cells["data"]) == across * down
    assert now["data"] == published["data"] != []
    assert "hardness" in cells["data"][0]["value"][7]
    at = now["data"][0]
    here = next(cell["value"] for cell in cells["data"] if cell["value"][:2] == at)
    assert here[2] == pytest.approx(select(pool, find_recipe("nv_perc")).taken_counts.mean(), abs=1e-3)
    widget(app, "selectbox", "coloured.False").set_value("Mean hardness").run()
    assert option(app)["visualMap"]["text"][1].startswith("score minus positive")


def test_a_click_on_a_cell_takes_both_values_over(pool: Pool) -> None:
    app = shown(sweeps__kind="Two knobs", sweeps__grid__0={"selection": {"selected": [
        {"series_index": 0, "data_indices": [0]}]}})  # fmt: skip
    assert (margin(), kept()["recipe"]["count"]) == (0, 1)
    assert option(app)["series"][1]["data"] == [[0, 0]]


def test_values_of_two_knobs_can_be_taken_without_a_mouse(pool: Pool) -> None:
    app = shown(sweeps__kind="Two knobs")
    for box in [box for box in app.selectbox if str(box.key).startswith("sweeps.cell")]:
        box.set_value(1)
    app.run()
    app.button(key="sweeps.use2").click().run()
    assert margin() == pytest.approx(0.04)
    assert kept()["recipe"]["count"] == 3


def test_labels_and_judgments_measure_and_one_can_choose(pool: Pool) -> None:
    labels = LabelStore(home_folder() / "labels.sqlite")
    labels.add([
        LabelEvent.of(pool.dataset, row, int(pool.documents[row, column]), verdict, annotator="a")
        for row in range(4) for column, verdict in ((4, Verdict.FALSE_NEGATIVE), (5, Verdict.TRUE_NEGATIVE))
    ])  # fmt: skip
    app = shown()
    assert "By people's labels, " in words(app)
    assert "Labels only measure here" in words(app)
    assert "Measured false negatives, %" in names(app)
    folder = home_folder() / "judgments"
    folder.mkdir(parents=True)
    (folder / "a.qrels").write_text("query-id\tcorpus-id\tscore\nq1\td05\t1\nq2\td06\t0\n")
    stored = json.loads((home_folder() / "workspace.json").read_text("utf-8"))
    stored["judgments"] = {pool.dataset.fingerprint: {"file": "a.qrels", "name": "truth.tsv"}}
    (home_folder() / "workspace.json").write_text(json.dumps(stored), "utf-8")
    app = shown()
    assert "By the judgments, " in words(app)
    app.segmented_control(key="sweeps.by").set_value("labels").run()
    assert "By people's labels, " in words(app)


def test_the_numbers_stand_in_a_table(pool: Pool) -> None:
    app = shown(sweeps__table=True)
    assert "0.05 (now, published)" in html(app)
    assert "starved queries" in html(app)


def test_a_large_pool_is_sampled_and_all_queries_run_in_the_background(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "AT_ONCE", 3 * pool.depth)
    app = shown()
    assert "On a seeded sample of 3 of 8 queries" in words(app)
    app.button(key="sweeps.all").click().run()
    (job,) = [job for job in jobs._jobs().values() if job.kind.startswith("sweep ")]
    assert job.wait(20)
    assert job.error is None
    app.run()
    assert not app.exception
    assert "Over all 8 queries." in words(app)


def test_a_stopped_job_says_so_and_goes_on(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "AT_ONCE", 3 * pool.depth)
    run = sweeping.outcome_of

    def slow(*given: object) -> object:
        if len(given[0].pool) == 8:
            time.sleep(0.2)
        return run(*given)

    monkeypatch.setattr(sweeping, "outcome_of", slow)
    app = shown()
    app.button(key="sweeps.all").click().run()
    (job,) = [job for job in jobs._jobs().values() if job.kind.startswith("sweep ")]
    job.stop.set()
    assert job.wait(20)
    app.run()
    assert "Stopped. What was worked out is kept" in words(app)
    assert "On a seeded sample" in words(app)


def test_a_recipe_without_such_a_step_can_still_turn_the_count(pool: Pool) -> None:
    use(find_recipe("bm25"))
    app = shown()
    assert "No step of this recipe has a knob that is a number" in words(app)
    assert widget(app, "selectbox", "sweeps.knob1").value == "count"


def test_a_knob_without_effect_is_said_to_have_none(pool: Pool) -> None:
    use(recipe(("near_positive", {"width": 0.1}), count=2))
    app = shown(**{"sweeps__knob1": "near_positive.a"})
    assert "Every value gives the same here" in words(app)


def test_the_knob_of_another_recipe_is_forgotten(pool: Pool) -> None:
    app = shown()
    use(find_recipe("nv_abs"))
    app = shown(sweeps__knob1="relative_margin.margin")
    assert widget(app, "selectbox", "sweeps.knob1").value == "score_ceiling.ceiling"


def test_the_source_can_be_turned_where_its_pool_is_at_hand() -> None:
    store(rich_pool())
    use(find_recipe("hybrid_rrf"))
    app = shown(sweeps__knob1="source.k")
    assert "Published, 60" in names(app)


def test_a_recipe_that_learns_from_labels_says_that_they_cannot_measure_it() -> None:
    full = rich_pool()
    store(full)
    LabelStore(home_folder() / "labels.sqlite").add([
        LabelEvent.of(full.dataset, int(full.queries[row]), int(full.documents[row, column]), Verdict.TRUE_NEGATIVE,
                      annotator="a")
        for row in range(4) for column in range(12)
    ])  # fmt: skip
    use(find_recipe("rance_style"))
    app = shown()
    assert "labels cannot measure it" in words(app)
    assert "Measured false negatives, %" not in names(app)


@pytest.mark.parametrize(("scores", "positive"), [
    ([[0.5]], [[0.9]]), ([[0.5, 0.5], [0.5, 0.5]], [[0.5], [0.5]]), ([[np.nan, np.nan]], [[0.9]]),
    ([[0.99, 0.98]], [[0.5]]),
])  # fmt: skip
@pytest.mark.parametrize("kind", ["One knob", "Two knobs"])
def test_odd_pools_are_drawn(kind: str, scores: list, positive: list) -> None:
    store(make_pool(scores, positive))
    for name in ("nv_perc", "nv_abs"):
        use(find_recipe(name))
        app = shown(sweeps__kind=kind)
        assert len(app.get("echarts_chart")) == 1
        st.cache_resource.clear()


def test_a_pool_without_queries_says_so() -> None:
    store(make_pool(np.zeros((0, 3)), np.zeros((0, 1)), documents=np.zeros((0, 3)), positives=np.zeros((0, 1))))
    use(recipe(("score_ceiling", {"ceiling": 0.5})))
    app = shown()
    assert "no queries" in words(app)


@pytest.mark.parametrize("name", ["nv_perc", "simans", "rocketqa", "kalm", "hybrid_rrf", "bge_window"])
def test_every_knob_has_ends_between_which_its_value_lies(name: str, full: Pool) -> None:
    chosen: Recipe = find_recipe(name)
    for turn in sweeping.turns(chosen):
        low, high = ends(turn, chosen, full, None)
        assert low < high
        assert title(turn)
        axis = Axis(turn, sweeping.spread(turn, low, high, 5), sweeping.value_of(chosen, turn), None)
        assert len(axis.values) >= 2


def test_the_address_restores_the_view(pool: Pool) -> None:
    app = AppTest.from_function(page, default_timeout=60)
    app.query_params["sweeps.kind"] = "Two knobs"
    app.query_params["sweeps.knob2"] = "skip (draw)"
    app.query_params["sweeps.draw.skip.to"] = "3"
    app.run()
    assert not app.exception
    assert option(app)["yAxis"]["name"] == "skip (draw)"
    assert option(app)["yAxis"]["data"] == ["0", "1", "2", "3"]
