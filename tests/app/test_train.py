"""The page Train."""

import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from negviz.errors import CancelledError
from negviz.home import home_folder
from negviz.pool import Pool
from negviz.recipe import find_recipe
from negviz.training import process
from negviz.training.plan import read_plan
from negviz.training.planning import recipe_arms
from negviz.training.schedule import find_schedule
from negviz.ui import training_cache
from tests.app.conftest import HOSTILE, NAME, words
from tests.app.trained import planned, small_pool, trained

pytestmark = pytest.mark.app
PAGE = "pages/8_Train.py"
Open = Callable[..., AppTest]


@pytest.fixture
def nobody_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started: what is queued stays queued."""
    monkeypatch.setattr(process, "start_worker", lambda home: None)


@pytest.fixture
def towers_in_use() -> Pool:
    return small_pool()


def said(app: AppTest) -> str:
    """Everything on the page, what is shown as escaped text included."""
    return words(app) + "\n".join(str(each.proto.body) for each in app.get("html"))


def queued(app: AppTest) -> Path:
    """Folder of the training that the page has just queued."""
    assert not app.exception
    return home_folder() / "training" / str(app.session_state["train.chosen"])


@pytest.mark.usefixtures("towers_in_use", "nobody_works")
def test_a_fresh_page_offers_the_proof_and_queues_it(open_app: Open) -> None:
    app = open_app(PAGE)
    assert not app.exception
    assert "No training yet" in words(app)
    assert "Naive top-k" in said(app)
    assert "never changed" in words(app)
    app.button(key="train.start").click().run()
    plan, _ = read_plan(queued(app))
    assert plan.kind == "proof"
    assert plan.threads == 1, "a small adapter is quickest, and the same again, with one"
    assert [arm.name for arm in plan.arms] == ["Naive top-k", "Top-k below 95 percent of the positive"]
    assert len(plan.seeds) == 3
    assert process.training(queued(app)).state == "queued"
    assert "It is next" in str(app.get("progress")[0].proto)


@pytest.mark.usefixtures("towers_in_use", "nobody_works")
def test_what_is_turned_is_what_is_planned(open_app: Open) -> None:
    app = open_app(PAGE)
    app.segmented_control(key="train.way").set_value("Some recipes").run()
    app.multiselect(key="train.recipes").set_value(["nv_topk", "bm25"]).run()
    app.number_input(key="train.fixed.rounds").set_value(7).run()
    app.number_input(key="train.seeds").set_value(2).run()
    app.selectbox(key="train.fixed.loss").set_value("focal").run()
    app.button(key="train.start").click().run()
    plan, _ = read_plan(queued(app))
    assert [arm.name for arm in plan.arms] == ["nv_topk", "bm25"]
    assert plan.rounds == 7 * 2 * 2
    assert plan.arms[0].schedule.stages[0].loss.strategy == "focal"


@pytest.mark.usefixtures("towers_in_use", "nobody_works")
def test_settings_of_the_student_are_drawn_only_where_they_are_open(open_app: Open) -> None:
    rate = "train.student.adapter.learning_rate.number"
    app = open_app(PAGE)
    app.segmented_control(key="train.way").set_value("Some recipes").run()
    assert rate not in [each.key for each in app.number_input]
    app.session_state["train.settings"] = True
    app.run()
    assert app.number_input(key=rate).value == pytest.approx(0.0002)
    app.number_input(key=rate).set_value(0.01).run()
    app.session_state["train.settings"] = False
    app.run()
    app.button(key="train.start").click().run()
    assert read_plan(queued(app))[0].student.knobs["learning_rate"] == pytest.approx(0.01)


@pytest.mark.usefixtures("towers_in_use", "nobody_works")
def test_schedules_come_as_published(open_app: Open) -> None:
    app = open_app(PAGE)
    app.segmented_control(key="train.way").set_value("Schedules").run()
    assert "arXiv:2007.00808" in said(app)
    app.button(key="train.start").click().run()
    plan, _ = read_plan(queued(app))
    assert [arm.schedule.name for arm in plan.arms] == ["ance", "fixed"]
    assert plan.arms[0].schedule.stages[0].lag == 1


@pytest.mark.usefixtures("towers_in_use", "nobody_works")
def test_every_recipe_says_which_cannot_run_and_why(open_app: Open) -> None:
    app = open_app(PAGE)
    app.segmented_control(key="train.way").set_value("All recipes").run()
    assert not app.exception
    assert "recipes can run on this pool" in words(app)
    assert "cross_encoder" in said(app)


@pytest.mark.usefixtures("towers_in_use", "nobody_works")
def test_a_loss_that_lacks_its_input_says_which(open_app: Open) -> None:
    app = open_app(PAGE)
    app.selectbox(key="train.fixed.loss").set_value("margin_mse").run()
    assert "needs scores of a teacher" in said(app)
    assert app.button(key="train.start").disabled


@pytest.mark.usefixtures("pool", "nobody_works")
def test_a_pool_without_vectors_says_what_to_do(open_app: Open) -> None:
    app = open_app(PAGE)
    assert "built without an encoder" in said(app)
    assert app.button(key="train.start").disabled


def test_a_finished_proof_is_told_in_sentences_points_and_a_table(towers_in_use: Pool, open_app: Open) -> None:
    folder = trained(towers_in_use, seeds=2)
    app = open_app(PAGE, training=folder.name)
    assert not app.exception
    shown = said(app)
    assert "What was found" in shown
    assert "queries were drawn to measure with" in shown
    assert "(before training)" in shown
    assert "cleaned by labels" in shown
    assert len(app.get("plotly_chart")) == 2
    for metric in ("MRR@10", "Recall@100"):
        app.segmented_control(key="train.metric").set_value(metric).run()
        assert not app.exception
        assert metric in said(app)


def test_a_lead_comes_before_the_sentences_of_several(towers_in_use: Pool, open_app: Open) -> None:
    trained(towers_in_use)
    app = open_app(PAGE)
    shown = said(app)
    lead = shown.index("after adjusting for their number")
    assert shown.index("What was found") < lead < shown.index("was found between")
    assert [box.label for box in app.expander if box.label.startswith("Every comparison")]


def test_sets_without_a_negative_are_named(towers_in_use: Pool, open_app: Open) -> None:
    emptied = find_recipe("nv_abs").with_setting("score_ceiling.ceiling=-1")
    arms = recipe_arms({"some": find_recipe("nv_topk"), "none of them": emptied}, find_schedule("fixed"))
    trained(towers_in_use, arms=arms, kind="train")
    app = open_app(PAGE)
    assert not app.exception
    assert any("took no negative at all" in str(each.value) for each in app.info)
    assert "none of them" in [str(each.value) for each in app.get("text")]


def test_no_difference_is_said_to_be_none(towers_in_use: Pool, open_app: Open) -> None:
    arms = recipe_arms({"one": find_recipe("nv_topk"), "the same": find_recipe("nv_topk")}, find_schedule("fixed"))
    trained(towers_in_use, arms=arms, kind="train")
    assert "No difference in nDCG@10 was found between &#x27;the same&#x27; and &#x27;one&#x27;" in said(open_app(PAGE))


def test_rounds_show_negatives_positives_and_what_is_preferred(towers_in_use: Pool, open_app: Open) -> None:
    folder = trained(towers_in_use)
    app = open_app(PAGE, **{"training": folder.name, "train.view": "Round by round"})
    assert not app.exception
    assert len(app.get("plotly_chart")) == 3
    assert "labelled positives that were trained on" in words(app)
    app.selectbox(key=f"train.arm.{folder.name}").set_value(2).run()
    assert not app.exception
    assert HOSTILE not in "".join(str(each.value) for each in app.markdown)


def test_a_table_of_recipes_keeps_no_checkpoints_and_says_so(towers_in_use: Pool, open_app: Open) -> None:
    arms = recipe_arms({"a": find_recipe("nv_topk"), "b": find_recipe("bm25")}, find_schedule("fixed"))
    trained(towers_in_use, arms=arms, kind="table")
    app = open_app(PAGE, **{"train.view": "Round by round"})
    assert not app.exception
    assert "Ranks were not kept" in words(app)


@pytest.mark.usefixtures("nobody_works")
def test_a_stopped_training_resumes_and_is_deleted(towers_in_use: Pool, open_app: Open) -> None:
    folder = planned(towers_in_use)
    asked = iter([False] * 5 + [True] * 10**6)
    with contextlib.suppress(CancelledError):
        process.run_here(folder, home_folder(), stopped=lambda: next(asked))
    app = open_app(PAGE)
    assert "It was stopped" in words(app)
    app.button(key=f"train.resume.{folder.name}").click().run()
    assert process.training(folder).state == "queued"
    app.button(key=f"train.stop.{folder.name}").click().run()
    assert process.training(folder).state == "stopped"
    app.button(key=f"train.delete.{folder.name}").click().run()
    assert not app.exception
    assert not folder.exists()
    assert "No training yet" in words(app)


@pytest.mark.usefixtures("nobody_works")
def test_a_failed_training_says_why(towers_in_use: Pool, open_app: Open) -> None:
    folder = planned(towers_in_use)
    about = json.loads((folder / "manifest.json").read_text("utf-8"))
    (folder / "manifest.json").write_text(json.dumps({**about, "fingerprint": "0" * 32}), "utf-8")
    with pytest.raises(Exception, match="planned for another pool"):
        process.run_here(folder, home_folder())
    app = open_app(PAGE)
    assert not app.exception
    assert "planned for another pool" in words(app)
    assert "not on the pool at hand" in words(app)


@pytest.mark.usefixtures("nobody_works")
def test_an_address_of_a_training_that_is_gone_shows_the_newest(towers_in_use: Pool, open_app: Open) -> None:
    planned(towers_in_use)
    app = open_app(PAGE, training="no-such")
    assert not app.exception
    assert "not there any more" in words(app)


def test_checkpoints_get_names_that_can_be_told_apart(
    towers_in_use: Pool, open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = trained(towers_in_use)
    orders = []
    monkeypatch.setattr("negviz.ui.building.start", lambda dataset, order: orders.append(order))
    app = open_app(PAGE, **{"training": folder.name, "train.view": "Round by round"})
    app.button(key="train.look.0").click().run()
    assert not app.exception
    (order,) = orders
    names = [Path(model).name for model in (*order.checkpoints, order.encoder)]
    assert names == [f"naive-top-k-1-round-{number}" for number in (1, 2, 3)]
    assert all((Path(model) / "adapter.json").is_file() for model in (*order.checkpoints, order.encoder))
    assert order.retrievers == ("dense", "bm25")


def test_a_worker_that_died_is_replaced_at_once(towers_in_use: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(process, "start_worker", started.append)
    training_cache.keep_working(home_folder())
    assert not started, "nothing is queued"
    process.enqueue(planned(towers_in_use), home_folder())
    started.clear()
    training_cache.keep_working(home_folder())
    training_cache.keep_working(home_folder())
    assert len(started) == 1, "one that was just started is given time"


def test_a_real_process_trains_while_the_page_is_elsewhere(towers_in_use: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    app.number_input(key="train.seeds").set_value(1).run()
    app.number_input(key="train.fixed.rounds").set_value(1).run()
    app.button(key="train.start").click().run()
    folder = queued(app)
    until = time.monotonic() + 60
    while process.training(folder).waiting and time.monotonic() < until:
        time.sleep(0.2)
    assert process.training(folder).state == "done"
    assert NAME in read_plan(folder)[0].pool
    again = open_app(PAGE, training=folder.name)
    assert not again.exception
    assert "What was found" in said(again)
