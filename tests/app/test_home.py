"""Home: what is loaded, the road, and the sample that opens by itself."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from negviz.home import home_folder
from negviz.pool import Pool
from negviz.store import save_pool
from negviz.ui import building, jobs, state
from negviz.ui.building import Order
from negviz.ui.jobs import Job
from tests.app.conftest import NAME, towers, words

pytestmark = pytest.mark.app
Open = Callable[..., AppTest]


def _instead(started: list[object]) -> Callable[..., Job]:
    """Stands in for mining: stores the pool made by hand, in the background as the real one does."""

    def start(dataset: object, order: Order) -> Job:
        started.append(dataset)
        folder = state.pools_folder()

        def work(job: Job) -> str:
            save_pool(towers(), folder / NAME)
            return NAME

        job = jobs.start("Mining", work, building.KIND)
        job.wait(10)
        return job

    return start


def test_without_a_pool_one_primary_button_opens_the_sample(open_app: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr(building, "start", _instead(started))
    app = open_app()
    assert not app.exception
    assert app.button(key="home.sample").label == "Open the sample"
    app.button(key="home.sample").click().run()
    assert started == ["sample"]
    assert not app.exception
    assert "towers" in words(app)
    assert state_on_disk()["pool"] == NAME


def state_on_disk() -> dict[str, object]:
    import json

    return dict(json.loads((home_folder() / "workspace.json").read_text("utf-8")))


def test_the_sample_opens_by_itself_where_asked_for(open_app: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr(building, "start", _instead(started))
    monkeypatch.setenv("NEGVIZ_OPEN", "sample")
    app = open_app()
    app.run()
    app.run()
    assert started == ["sample"]
    assert "8 queries" in words(app)


@pytest.mark.usefixtures("pool")
def test_the_sample_does_not_open_by_itself_where_there_is_a_pool(
    open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []
    monkeypatch.setattr(building, "start", _instead(started))
    monkeypatch.setenv("NEGVIZ_OPEN", "sample")
    open_app()
    assert started == []


def test_the_road_has_every_stop_and_one_is_next(open_app: Open, pool: Pool) -> None:
    app = open_app()
    assert not app.exception
    assert {metric.label: metric.value for metric in app.metric} == {
        "Queries": f"{len(pool)}",
        "Documents": "30",
        "Candidates": f"{int(pool.present.sum())}",
        "Score layers": "2",
    }
    said = words(app)
    for stop in ("Load", "Mine", "Thresholds", "Map", "Label", "Export"):
        assert stop in said
    assert said.count("next") == 1
    assert "8 labelled positives" in said
    assert "Nothing labelled yet" in said


def test_a_damaged_pool_is_reported_and_home_still_opens(open_app: Open, pool: Pool) -> None:
    (home_folder() / "pools" / NAME / "manifest.json").write_text("{", "utf-8")
    app = open_app()
    assert not app.exception
    assert "not readable JSON" in words(app)
    assert app.button(key="home.sample")


@pytest.mark.usefixtures("pool")
def test_a_mining_that_fails_says_why(open_app: Open) -> None:
    def fail(job: Job) -> None:
        from negviz.errors import DataError

        raise DataError("The cellar is full; carry something up.")

    job = jobs.start("Mining", fail, building.KIND)
    job.wait(10)
    app = open_app(job=job.id)
    assert not app.exception
    assert "The cellar is full; carry something up." in words(app)
    assert "towers" in words(app)


def test_an_unknown_job_in_the_address_is_explained(open_app: Open) -> None:
    app = open_app(job="0123456789ab")
    assert not app.exception
    assert "was restarted" in words(app)
    assert "job" not in app.query_params


def test_the_icon_is_a_small_local_png() -> None:
    from negviz.ui.frame import ICON

    data = Path(ICON).read_bytes()
    assert data.startswith(b"\x89PNG")
    assert (int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")) == (64, 64)


def test_a_pool_without_dense_scores_begins_with_a_recipe_that_fits(pool: Pool, open_app: Open) -> None:
    lexical = replace(
        pool, scores={"bm25": pool.scores["bm25"]}, positive_scores={"bm25": pool.positive_scores["bm25"]},
        ranks={"bm25": pool.ranks["bm25"]}, scales={"bm25": "bm25"}, stored_fingerprint=None,
    )  # fmt: skip
    save_pool(lexical, home_folder() / "pools" / "lexical")
    app = open_app(pool="lexical")
    assert not app.exception
    assert "Recipe bm25" in words(app)


@pytest.mark.usefixtures("pool")
def test_an_address_with_a_pool_that_is_not_here_says_so(open_app: Open) -> None:
    app = open_app(pool="gone")
    assert not app.exception
    assert "The address names a pool that is not stored here:" in words(app)
    assert "gone" in [text.value for text in app.text]
    app.run()
    assert "The address names a pool that is not stored here:" not in words(app)
