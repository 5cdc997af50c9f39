"""The panel: nothing is sent before the button, the key is never shown, the new pool is used with the same recipe."""

import json
import time
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from negviz.home import home_folder
from negviz.labels import LabelStore
from negviz.mine import build_pool
from negviz.recipe import find_recipe
from negviz.store import open_pool, save_pool
from tests.judging import stub as kinds
from tests.judging.conftest import made_pool

SECRET = "sk-verysecret0123456789"


def page():
    import streamlit as st

    from negviz.ui import building, judging, state

    building.adopt()
    pool = state.current_pool()
    st.text(f"pool {pool.fingerprint} recipe {state.current_recipe().name}")
    judging.panel(pool, state.current_recipe())


@pytest.fixture
def opened():
    st.cache_resource.clear()
    st.cache_data.clear()

    def open_with(pool, recipe):
        save_pool(pool, home_folder() / "pools" / "towers")
        stored = {"pool": "towers", "recipes": {"towers": find_recipe(recipe).to_dict()}}
        home_folder().mkdir(exist_ok=True)
        (home_folder() / "workspace.json").write_text(json.dumps(stored), "utf-8")
        app = AppTest.from_function(page, default_timeout=30).run()
        assert not app.exception, app.exception
        return app

    return open_with


def fill(app, address, **values):
    app.text_input(key="judging.address").set_value(address)
    app.text_input(key="judging.model").set_value("stub-1")
    for key, value in values.items():
        app.number_input(key=f"judging.{key}").set_value(value)
    app.button[0].click()
    app.run()
    assert not app.exception, app.exception


def told(app):
    kinds_of = (app.text, app.markdown, app.caption, app.error, app.info, app.metric, app.subheader)
    return "\n".join(f"{getattr(part, 'label', '')} {part.value}" for each in kinds_of for part in each)


def wait_for(done, seconds=20):
    until = time.monotonic() + seconds
    while not done() and time.monotonic() < until:
        time.sleep(0.05)
    assert done()


def pools():
    # One that is being written lies beside the others under a name that begins with a point.
    return sorted(path.name for path in (home_folder() / "pools").iterdir() if not path.name.startswith("."))


@pytest.mark.parametrize("name", ["rlhn", "arhn", "llm_judge", "gecko"])
def test_it_plans_then_sends_then_uses_the_new_pool_with_the_same_recipe(name, opened, stub):
    app = opened(made_pool(), name)
    assert "OPENAI_API_KEY is set." in told(app)
    assert not [button for button in app.button if button.key == "judging.send"]
    if name != "gecko":
        app.selectbox(key="judging.scope.False").set_value("top")
    fill(app, stub.address, limit=0)
    assert "Nothing has been sent yet" in told(app)
    assert stub.count == 0
    planned = int(next(metric.value for metric in app.metric if metric.label == "Requests to send"))
    app.button(key="judging.send").click().run()
    wait_for(lambda: len(pools()) == 2)
    app.run()
    assert stub.count == planned
    assert f"recipe {name}" in told(app)
    new = next(each for each in pools() if each != "towers")
    assert name in open_pool(home_folder() / "pools" / new).scores
    assert open_pool(home_folder() / "pools" / new).fingerprint in told(app)
    assert "Ask a language model" not in told(app)
    assert SECRET not in told(app)
    assert not [path for path in home_folder().rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert not (home_folder() / "labels.sqlite").exists() or not LabelStore().events()


def test_verdicts_become_labels_only_where_wanted_and_where_nobody_has_said_anything(opened, stub):
    app = opened(made_pool(), "rlhn")
    app.toggle(key="judging.labels").set_value(True)
    fill(app, stub.address, limit=0)
    app.button(key="judging.send").click().run()
    wait_for(lambda: len(pools()) == 2)
    wait_for(lambda: len(LabelStore(home_folder() / "labels.sqlite").events()) == 24)


def test_synthetic_candidates_are_commissioned(opened, stub):
    mined = build_pool(made_pool().dataset, encoder="static", retrievers=["dense"], depth=8, home=home_folder())
    app = opened(mined, "syneg")
    fill(app, stub.address, limit=2)
    app.button(key="judging.send").click().run()
    wait_for(lambda: len(pools()) == 2)
    new = next(each for each in pools() if each != "towers")
    assert len(open_pool(home_folder() / "pools" / new).dataset.synthetic_ids) == 4


def test_what_goes_wrong_is_told_without_the_key_and_can_be_tried_again(opened, stub):
    stub.always = kinds.DENIED
    app = opened(made_pool(), "rlhn")
    fill(app, stub.address)
    app.button(key="judging.send").click().run()
    wait_for(lambda: stub.count > 0)
    time.sleep(0.5)
    app.run()
    assert "HTTP 401" in told(app)
    assert SECRET not in told(app)
    assert pools() == ["towers"]
    assert app.text_input(key="judging.address").value == stub.address


def test_an_odd_address_is_one_sentence(opened):
    app = opened(made_pool(), "rlhn")
    fill(app, "localhost")
    assert "must begin with http://" in told(app)
    assert not [button for button in app.button if button.key == "judging.send"]


def test_a_recipe_that_needs_no_model_draws_nothing(opened):
    app = opened(made_pool(), "nv_perc")
    assert "Ask a language model" not in told(app)
    assert Path(home_folder() / "llm").exists() is False
