"""The trained sweep: what was trained at values of the knob at hand is found again, drawn, and said in words."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from negviz.cli import main
from negviz.home import home_folder
from negviz.pool import Pool
from negviz.recipe import find_recipe
from negviz.sweeping import find_turn
from negviz.training import process, running
from negviz.training.plan import read_plan
from negviz.training.swept import is_sweep_of
from negviz.ui import sweep_training
from negviz.ui.sweep_training import words as said
from tests.app.conftest import words
from tests.app.test_mine import kept, use, widget
from tests.e2e.subjects import mine_subjects

pytestmark = pytest.mark.app
KNOB = "relative_margin.margin"
VALUES = [0, 0.1, 0.2]


def page() -> None:
    import streamlit as st

    from negviz.ui import cache, state, sweeps

    pool = state.current_pool()
    sweeps.show(cache.selection(pool, state.current_recipe(), cache.labels()))
    st.text("drawn to the end")


def shown(**memory: object) -> AppTest:
    app = AppTest.from_function(page, default_timeout=60)
    for key, value in memory.items():
        app.session_state[key.replace("__", ".")] = value
    return run(app)


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    assert app.text[-1].value == "drawn to the end"
    return app


def trained(app: AppTest) -> dict | None:
    """Option of the trained sweep's chart."""
    options = [json.loads(chart.proto.spec) for chart in app.get("echarts_chart")]
    return next((option for option in options if option["series"][0]["name"] == "Mean nDCG@10"), None)


def train(*more: str) -> None:
    pool = str(home_folder() / "pools" / "subjects")
    with pytest.raises(SystemExit) as ended:
        main(["train", pool, "--recipe", "nv_perc", "--knob", KNOB, "--from", "0", "--to", "0.2", "--steps", "3",
              "--seeds", "2", "--rounds", "1", "--epochs", "1", "--threads", "1", *more])  # fmt: skip
    assert not ended.value.code


@pytest.fixture
def subjects(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small pool with vectors; no worker is started, and links to other pages are not drawn."""
    mine_subjects(home_folder())
    monkeypatch.setattr(process, "start_worker", lambda home: None)
    monkeypatch.setattr(sweep_training, "page_link", lambda *args, **more: None)
    use(find_recipe("nv_perc"))


@pytest.mark.usefixtures("subjects")
def test_a_sweep_of_the_command_line_is_found_and_drawn() -> None:
    assert trained(shown()) is None
    train()
    app = shown()
    option = trained(app)
    assert [row[0] for row in option["series"][0]["data"]] == VALUES
    assert all(0 <= row[1] <= 1 for row in option["series"][0]["data"])
    assert {"Now, 0.05", "Published, 0.05"} <= {series["name"] for series in option["series"]}
    assert "Adapter, over 6 held-out queries, 2 of 2 seeds" in words(app)
    assert "best" not in words(app).lower()


@pytest.mark.usefixtures("subjects")
def test_it_belongs_to_its_recipe_whatever_its_words_and_the_value_of_the_knob() -> None:
    train()
    (folder,) = process.trainings_folder(home_folder()).glob("*sweep*")
    plan, _ = read_plan(folder)
    recipe = find_recipe("nv_perc")

    def belongs(other, path: str = KNOB, fingerprint: str = plan.fingerprint) -> bool:
        return is_sweep_of(plan, fingerprint, other, find_turn(other, path))

    assert belongs(recipe)
    assert belongs(replace(recipe, name="mine", title="Another", about="", notes="nothing"))
    assert belongs(recipe.with_knob("relative_margin", "margin", 0.123))
    assert belongs(recipe.with_knob("relative_margin", "inclusive", False)), "a default that is written out"
    assert not belongs(recipe.with_knob("relative_margin", "inclusive", True))
    assert not belongs(replace(recipe, count=recipe.count + 1))
    assert not belongs(replace(recipe, seed=7))
    assert not belongs(recipe, "count")
    assert not belongs(recipe, fingerprint="another pool")
    use(replace(recipe, count=recipe.count + 1))
    assert trained(shown()) is None


@pytest.mark.usefixtures("subjects")
def test_a_click_on_a_trained_point_takes_its_value_over() -> None:
    train()
    place = {"selection": {"selected": [{"series_index": 0, "data_indices": [2]}], "areas": []}}
    shown(**{"sweeps__train__chart__0": place})
    assert kept()["recipe"]["steps"][0]["relative_margin"]["margin"] == pytest.approx(0.2)


@pytest.mark.usefixtures("subjects")
def test_it_is_started_waits_runs_and_is_drawn() -> None:
    app = shown(sweeps__train=True)
    widget(app, "number_input", "train.values").set_value(2)
    widget(app, "number_input", "train.seeds").set_value(1)
    run(app)
    assert "3 values (0, 0.05, 0.2) × 1 seed = 3 trainings of 5 rounds each" in words(app)
    app.button(key="sweeps.train.start").click()
    run(app)
    assert app.button(key="sweeps.train.start").disabled
    (training,) = process.trainings(home_folder())
    assert (training.state, training.plan.kind, training.plan.knob) == ("queued", "sweep", KNOB)
    assert [arm.value for arm in training.plan.arms] == [0, 0.05, 0.2]
    assert trained(app) is None
    process.work(home_folder())
    app = shown()
    assert [row[0] for row in trained(app)["series"][0]["data"]] == [0, 0.05, 0.2]
    assert not [button for button in app.button if button.key in {"sweeps.train.stop", "sweeps.train.resume"}]


@pytest.mark.usefixtures("subjects")
def test_what_is_finished_is_drawn_before_the_end_and_it_can_be_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    shown(sweeps__train=True).button(key="sweeps.train.start").click().run()
    (training,) = process.trainings(home_folder())
    finish = _after(2 * 5 + 2)
    with monkeypatch.context() as patched:
        patched.setattr(process, "run_plan", finish)
        process.work(home_folder())
    app = shown()
    assert "was stopped; what is finished is kept" in words(app)
    assert len(trained(app)["series"][0]["data"]) == 2
    assert f"{len(training.plan.arms) - 2} values not finished yet" in words(app)
    assert "So far: " in words(app)
    app.button(key="sweeps.train.resume").click()
    run(app)
    assert process.training(training.folder).state == "queued"
    process.work(home_folder())
    assert len(trained(shown())["series"][0]["data"]) == len(training.plan.arms)


def _after(rounds: int) -> Callable[..., None]:
    """Run a plan until so many rounds are finished, then stop as a person would."""

    def run_some(folder, *, home, stopped, told):
        done = 0

        def counted(row):
            nonlocal done
            done += row["kind"] == "round" and row["round"] > 0

        running.run_plan(folder, home=home, stopped=lambda: done >= rounds, told=counted)

    return run_some


@pytest.mark.usefixtures("subjects")
def test_one_that_waits_can_be_stopped() -> None:
    app = shown(sweeps__train=True)
    app.button(key="sweeps.train.start").click()
    run(app)
    app.button(key="sweeps.train.stop").click()
    run(app)
    (training,) = process.trainings(home_folder())
    assert training.state == "stopped"
    assert "was stopped" in words(app)


@pytest.mark.usefixtures("subjects")
def test_a_damaged_training_is_passed_over() -> None:
    folder = process.trainings_folder(home_folder()) / "odd"
    folder.mkdir(parents=True)
    for text in ("{", "[]", '{"kind": "sweep"}', '{"kind": "sweep", "negviz": "training", "version": 1}'):
        (folder / "manifest.json").write_text(text)
        assert trained(shown()) is None


def test_a_pool_without_vectors_trains_the_student_that_needs_none(pool: Pool) -> None:
    use(find_recipe("nv_perc"))
    assert widget(shown(sweeps__train=True), "selectbox", "train.student").value == "static"


def row(mean: float, low: float, high: float, p: float) -> dict:
    return {"mean": mean, "low": low, "high": high, "p": p, "p_adjusted": p}


def test_words_name_what_differs_and_no_best_value() -> None:
    share = {"values": [0.1, 0.2, 0.3], "at": 0.1}
    none = said({**share, "differences": [None, row(0.01, -0.01, 0.03, 0.4), row(0.02, 0.001, 0.05, 0.06)]})
    assert none.startswith("No difference was found between the values: none of them can be told from 0.1")
    some = said({**share, "differences": [None, row(0.01, -0.01, 0.03, 0.4), row(-0.02, -0.05, -0.01, 0.002)]})
    assert "0.3 is 0.020 below it (95% interval -0.050 to -0.010)" in some
    assert "No difference was found for 1 other value." in some
    assert "best" not in none + some
    assert "only one value" in said({"values": [0.1], "at": 0.1, "differences": [None]})
