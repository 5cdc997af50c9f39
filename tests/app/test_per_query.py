"""The Queries view: lists, scatter, strip and table, and how they follow what is marked."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from negviz.diagnostics.query_difficulty import query_difficulty
from negviz.home import home_folder
from negviz.pool import LEAKS, Pool
from negviz.recipe import find_recipe
from negviz.select import select
from negviz.store import save_pool
from negviz.ui import per_query
from tests.app.conftest import HOSTILE, SECONDS, towers, words
from tests.pools import NAN, make_dataset, make_pool, recipe

pytestmark = pytest.mark.app
Open = Callable[..., AppTest]
LEAK = LEAKS["labelled positive"]


def view() -> None:
    """The view over the stored pool, as a page calls it; what a test wants is in the session."""
    from pathlib import Path

    import numpy as np
    import streamlit as st

    from negviz.marks import marks_of, marks_of_queries
    from negviz.recipe import find_recipe
    from negviz.select import select
    from negviz.store import open_pool
    from negviz.ui import marks, per_query

    pool = open_pool(Path(st.session_state["folder"]))
    selection = select(pool, find_recipe(st.session_state["recipe"]))
    if "queries" in st.session_state and "once" not in st.session_state:
        marks.mark(marks_of_queries(pool, np.array(st.session_state["queries"]), "score 0.70 to 0.75"))
        st.session_state["once"] = True
    if "cell" in st.session_state and "once" not in st.session_state:
        mask = np.zeros(pool.documents.shape, dtype=bool)
        mask[st.session_state["cell"]] = True
        marks.mark(marks_of(pool, mask, "one candidate"))
        st.session_state["once"] = True
    marks.bar(selection, "top")
    per_query.show(selection)


@pytest.fixture
def shown() -> Callable[..., AppTest]:
    """Show the view of a pool."""

    def shown(pool: Pool, rule: str = "nv_perc", **state: object) -> AppTest:
        folder = home_folder() / "pools" / "shown"
        save_pool(pool, folder)
        app = AppTest.from_function(view, default_timeout=SECONDS)
        for name, value in {"folder": str(folder), "recipe": rule, **state}.items():
            app.session_state[name] = value
        app.run()
        assert not app.exception, app.exception
        return app

    return shown


def figures(app: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in app.get("echarts_chart")]


def listed(app: AppTest) -> list[str]:
    return app.dataframe[0].value["id"].tolist()


def button(app: AppTest, start: str):
    return next(each for each in app.button if each.label.startswith(start))


def mixed() -> Pool:
    """Forty queries with random documents among their candidates: two without a positive, ten with a bad one."""
    random = np.random.default_rng(0)
    scores = random.normal(0.3, 0.02, (40, 20))
    own = np.where(np.arange(40) < 30, random.normal(0.8, 0.02, 40), random.normal(0.1, 0.02, 40))
    own[:2] = NAN
    ranks = np.tile(np.arange(20, dtype=np.int32), (40, 1))
    data = make_dataset(40, 21, positives=[(f"q{row:02}", "d000", 1) for row in range(2, 40)])
    return make_pool(scores, own[:, None], ranks={"dense": ranks, "random": ranks}, dataset=data,
                     positives=np.where(np.arange(40) < 2, -1, 0)[:, None])  # fmt: skip


def test_everything_is_shown_and_text_stays_text(shown: Callable[..., AppTest]) -> None:
    app = shown(towers())
    scatter, strip = figures(app)
    assert scatter["xAxis"]["name"] == "score of the best candidate, dense (cosine)"
    assert len(strip["yAxis"][0]["data"]) == 8
    assert listed(app)[0] == "q0"
    assert "All 8 queries are in view" in words(app)
    assert HOSTILE not in words(app)
    assert HOSTILE.split(maxsplit=1)[0] not in scatter["tooltip"]["formatter"]


def test_a_mark_set_elsewhere_narrows_the_view_and_there_is_a_way_back(shown: Callable[..., AppTest]) -> None:
    app = shown(towers(), queries=[2, 5])
    assert sorted(listed(app)) == ["q2", "q5"]
    assert len(figures(app)[1]["yAxis"][0]["data"]) == 2
    assert "2 of 8 queries are marked: score 0.70 to 0.75" in words(app)
    assert "Marked" in [each["name"] for each in figures(app)[0]["series"]]
    app.toggle(key="per_query.only").set_value(False).run()
    assert len(listed(app)) == 8
    app.button(key="per_query.all").click().run()
    assert "All 8 queries are in view" in words(app)
    assert "Marked" not in [each["name"] for each in figures(app)[0]["series"]]


def test_a_marked_candidate_has_a_ring_and_a_whole_query_has_none(shown: Callable[..., AppTest]) -> None:
    (ring,) = [each for each in figures(shown(towers(), cell=(3, 4)))[1]["series"] if each["name"] == "Marked"]
    assert [row[6] for row in ring["data"]] == [3 * 12 + 4]
    assert "Marked" not in [each["name"] for each in figures(shown(towers(), queries=[3]))[1]["series"]]


def test_lists_mark_their_queries_and_once_more_marks_nothing(shown: Callable[..., AppTest]) -> None:
    app = shown(mixed())
    assert button(app, "Positive below most candidates").label.endswith("· 10")
    button(app, "Positive below most candidates").click().run()
    assert not app.exception
    assert set(listed(app)) == {f"q{row}" for row in range(30, 40)}
    assert "200 pairs marked" in words(app)
    button(app, "Positive below most candidates").click().run()
    assert len(listed(app)) == 40


def test_lists_count_what_they_say(shown: Callable[..., AppTest]) -> None:
    pool = mixed()
    app = shown(pool)
    outcome = select(pool, find_recipe("nv_perc"))
    assert button(app, "Starved by this recipe").label.endswith(f"· {int(outcome.starved.sum())}")
    assert button(app, "Positive not among the candidates").label.endswith("· 38")
    assert button(app, "Positive no better than random").label.endswith("· 10")
    assert "The sign is the rank" in words(app)
    assert "Noisy Pair Corrector" in words(app)


def test_what_every_rule_starves_is_what_each_of_them_starves(shown: Callable[..., AppTest]) -> None:
    from negviz.labels import Labels
    from negviz.ui import cache

    pool = mixed()
    rules, others = cache.threshold_rules(pool, Labels.of(()))
    assert {"nv_perc", "nv_margin", "arctic_v1"} <= {rule.name for rule in rules}
    assert not {"nv_topk", "nv_shifted", "simans"} & {rule.name for rule in [*rules, *others]}
    wanted = np.logical_and.reduce([select(pool, rule).starved for rule in rules])
    found = cache.starved_by_all(pool, rules, Labels.of(()))
    assert found.tolist() == wanted.tolist()
    assert button(shown(pool), "Starved by every rule").label.endswith(f"· {int(wanted.sum())}")


def test_blocks_give_what_the_whole_pool_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    from negviz.labels import Labels
    from negviz.ui import cache

    pool = mixed()
    rules, _ = cache.threshold_rules(pool, Labels.of(()))
    whole = cache.starved_by_all(pool, rules, Labels.of(())).copy()
    cache.st.cache_resource.clear()
    # The first block holds no scored positive at all: what needs one gives nothing there.
    monkeypatch.setattr(cache, "BLOCK", 2)
    assert cache.starved_by_all(pool, rules, Labels.of(())).tolist() == whole.tolist()


def test_rules_of_another_scale_are_left_out_and_said(shown: Callable[..., AppTest]) -> None:
    pool = make_pool([[3.0, 2.0, 1.0]] * 12, [[2.5]] * 12, scale="dot")
    app = shown(pool)
    assert button(app, "Starved by every rule").disabled
    assert "numbers for another scale" in words(app)
    assert "The published limits are for cosine" in words(app)


def test_slow_lists_of_a_large_pool_wait_until_asked(
    shown: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    from negviz.ui import query_lists

    monkeypatch.setattr(query_lists, "MANY", 0)
    app = shown(mixed())
    assert not [each for each in app.button if each.label.startswith("Starved by every rule")]
    app.button(key="per_query.slow").click().run()
    assert not app.exception
    assert button(app, "Starved by every rule")


def test_more_queries_than_points_are_sampled_and_said(
    shown: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(per_query, "MOST", 10)
    app = shown(mixed())
    assert "a seeded sample of 10 of 38 queries" in words(app)
    assert "2 queries without a scored positive" in words(app)


def test_an_area_applies_to_queries_that_were_not_drawn() -> None:
    numbers = query_difficulty(mixed(), "dense", "min")
    box = {"brush_type": "rect", "coord_range": [[0.0, 1.0], [0.0, 0.25]]}
    assert per_query.inside_areas(numbers, [box]).tolist() == list(range(30, 40))
    lasso = {"brush_type": "polygon", "coord_range": [[0.0, 0.5], [1.0, 0.5], [0.5, 1.5]]}
    assert set(per_query.inside_areas(numbers, [lasso])) <= set(range(2, 30))


def test_pages_of_the_strip_and_their_order(shown: Callable[..., AppTest]) -> None:
    app = shown(mixed())
    assert "Queries 1 to 30 of 38" in words(app)
    first = figures(app)[1]["yAxis"][0]["data"]
    assert {int(name.split()[-1]) for name in first[:10]} == set(range(30, 40))
    app.segmented_control(key="per_query.order").set_value("as stored").run()
    assert figures(app)[1]["yAxis"][0]["data"][0] == "question number 2"
    assert listed(app)[:3] == ["q00", "q01", "q02"]
    app.segmented_control(key="per_query.order").set_value("starved first").run()
    taken = app.dataframe[0].value["taken"].tolist()
    assert taken == sorted(taken)


def test_the_table_says_what_refused_most() -> None:
    pool = make_pool([[0.9, 0.8, 0.3], [0.2, 0.1, NAN]], [[0.7], [NAN]], flags=[[LEAK, 0, 0], [0, 0, 0]])
    selection = select(pool, recipe(("score_ceiling", {"ceiling": 0.25}), count=2))
    rows = per_query.table(selection, query_difficulty(pool, "dense", "min"), np.array([0, 1])).to_pydict()
    assert rows["refused most by"] == ["score_ceiling (2)", "score_ceiling (1)"]
    assert rows["positive"] == [pytest.approx(0.7), None]
    assert rows["best"] == pytest.approx([0.8, 0.2])
    assert rows["above"] == [1, 0]
    assert (rows["left"], rows["taken"]) == ([0, 2], [0, 2])


DEGENERATE = {
    "no query": (make_pool(np.zeros((0, 3)), np.zeros((0, 1))), "holds no query"),
    "no candidate": (make_pool(np.zeros((2, 0)), [[0.5], [0.6]]), "No query has a candidate without a leak"),
    "one candidate": (make_pool([[0.4]], [[0.5]]), "All there is, one query, is in view"),
    "no positive": (
        make_pool([[0.4, 0.3]] * 2, [[NAN]] * 2, positives=[[-1], [-1]]),
        "No query has a labelled positive",
    ),
    "all unknown": (make_pool([[NAN, NAN]] * 2, [[NAN]] * 2), "No query has a labelled positive"),
    "unknown candidates": (make_pool([[NAN, NAN]] * 2, [[0.5]] * 2), "No query has a candidate without a leak"),
    "all leaks": (make_pool([[0.5, 0.5]] * 2, [[0.5]] * 2, flags=[[LEAK, LEAK]] * 2), "candidate without a leak"),
    "all padding": (make_pool([[NAN]] * 2, [[0.5]] * 2, documents=[[-1], [-1]]), "candidate without a leak"),
    "all the same": (make_pool([[0.5, 0.5]] * 3, [[0.5]] * 3), "All 3 queries are in view"),
}


@pytest.mark.parametrize("kind", DEGENERATE)
@pytest.mark.parametrize("rule", ["nv_topk", "nv_perc"])
def test_odd_pools_show_something_sensible(shown: Callable[..., AppTest], kind: str, rule: str) -> None:
    pool, said = DEGENERATE[kind]
    anchored = np.isfinite(pool.anchor("dense", "min")).any()
    app = shown(pool, rule if anchored else "nv_topk")
    assert said in words(app)
    for option in figures(app):
        json.dumps(option, allow_nan=False)
