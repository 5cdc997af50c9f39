"""Pages on a pool that counts as large: a look first, then all of it."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from negviz.home import home_folder
from negviz.labels import LabelStore
from negviz.pool import Pool
from negviz.recipe import find_recipe
from negviz.select import select
from negviz.ui import cache, counting, jobs, warming
from tests.app.conftest import QUERIES, words

pytestmark = pytest.mark.app
Open = Callable[..., AppTest]
LOOKED_AT = 3
LINE = f"A look at {LOOKED_AT} of {QUERIES} queries"


@pytest.fixture(autouse=True)
def _large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pool is large, and its look small; counting begins when it is waited for."""
    monkeypatch.setattr(warming, "LARGE", 1)
    monkeypatch.setattr(counting, "LOOKED_AT", LOOKED_AT)
    monkeypatch.setattr(counting, "HEAD_START", 0.2)


def ended(kind: str) -> None:
    """Wait for the jobs of a kind."""
    assert all(job.wait(60) and job.error is None for job in jobs.of_kind(kind))


@pytest.mark.parametrize("page", ["pages/2_Mine.py", "pages/3_Thresholds.py"])
def test_a_look_says_that_it_is_one_until_all_is_counted(page: str, pool: Pool, open_app: Open) -> None:
    app = open_app(page)
    assert not app.exception
    assert LINE in words(app)
    few = {metric.label: metric.value for metric in app.metric}
    ended(counting.KIND)
    app.run()
    assert LINE not in words(app)
    taken = select(pool, find_recipe("nv_perc")).summary()["taken"]
    all_of_it = {metric.label: metric.value for metric in app.metric}
    assert all_of_it["Taken"] == f"{taken:,}" != few["Taken"]


def test_what_runs_a_group_at_a_time_gives_what_the_whole_gives(pool: Pool) -> None:
    for name in ("nv_perc", "simans"):
        recipe = find_recipe(name)
        one, other = select(pool, recipe), counting.in_groups(pool, recipe, cache.labels(), counting.silent)
        assert one.summary() == other.summary()
        assert (one.columns == other.columns).all()
        assert one.fingerprint == other.fingerprint


def test_home_counts_nothing_before_it_is_asked_for(pool: Pool, open_app: Open) -> None:
    app = open_app()
    assert not app.exception
    assert "its negatives are counted there" in words(app)
    assert not jobs.of_kind(counting.KIND)


def test_labelling_begins_with_some_queries_and_says_so(pool: Pool, open_app: Open) -> None:
    app = open_app("pages/6_Label.py")
    assert not app.exception
    desk = app.session_state["label.desk"]
    assert len(desk.pool) == LOOKED_AT
    assert f"Of {LOOKED_AT} of the {QUERIES} queries" in desk.about
    pair = desk.walk.current
    next(button for button in app.button if button.key == f"label.2.{pair[0]}-{pair[1]}").click().run()
    assert desk.walk.answered == 1
    with LabelStore(home_folder() / "labels.sqlite") as store:
        assert len(store.current()) == 1
    ended("label.fit")
    app.run()
    assert "suspicion is being worked out" not in app.session_state["label.desk"].about


def test_a_sample_for_the_rate_is_drawn_from_all_queries(pool: Pool, open_app: Open) -> None:
    (home_folder() / "workspace.json").write_text('{"pool": "towers-00000000", "label_order": "random"}', "utf-8")
    app = open_app("pages/6_Label.py")
    assert not app.exception
    queue = app.session_state["label.desk"].walk.queue
    assert len(queue) == select(pool, find_recipe("nv_perc")).summary()["taken"]
    assert len(set(queue.queries.tolist())) > LOOKED_AT


def test_an_audit_runs_when_asked_for_and_is_one_of_all(pool: Pool, open_app: Open) -> None:
    app = open_app("pages/7_Audit.py")
    assert "takes minutes" in words(app)
    assert not jobs.of_kind("audit")
    next(button for button in app.button if button.key == "audit.begin").click().run()
    ended("audit")
    app.run()
    assert not app.exception
    taken = select(pool, find_recipe("nv_perc")).summary()["taken"]
    assert f"Audited: the {taken:,} negatives" in words(app)


def test_an_export_writes_all_though_a_look_is_shown(pool: Pool, open_app: Open) -> None:
    app = open_app("pages/9_Export.py")
    assert not app.exception
    assert LINE in words(app)
    next(button for button in app.button if button.key == "export.write").click().run()
    ended("export")
    app.run()
    assert not app.exception
    manifest = next((home_folder() / "exports").glob("*/manifest.json")).read_text("utf-8")
    taken = select(pool, find_recipe("nv_perc")).summary()["taken"]
    assert f'"taken": {taken}' in manifest
