"""Thresholds: limits over the scores, what they cost, and what lies next to them."""

import json
import re
from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import NumberInput

from negviz.advice import outcome_warnings, scale_warnings
from negviz.diagnostics.score_profile import score_profile
from negviz.home import home_folder
from negviz.pool import Pool
from negviz.recipe import find_recipe
from negviz.select import select
from negviz.strategies import STRATEGIES
from negviz.ui.forms import placed, round_step, slider_limits
from negviz.ui.threshold_lines import drawn_limits, placed_rows, weight_curve, zones
from tests.app.conftest import HOSTILE, words
from tests.app.test_mine import counts, html, slider, widget

pytestmark = pytest.mark.app
Open = Callable[..., AppTest]
PAGE = "pages/3_Thresholds.py"


def figures(app: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in app.get("echarts_chart")]


def use(name: str) -> None:
    path = home_folder() / "workspace.json"
    stored = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**stored, "recipes": {stored["pool"]: find_recipe(name).to_dict()}}), "utf-8")


def test_without_a_pool_the_page_says_what_to_do(open_app: Open) -> None:
    app = open_app(PAGE)
    assert not app.exception
    assert "No pool yet" in words(app)


def test_both_histograms_show_candidates_taken_and_lines(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    assert not app.exception
    scores, away = figures(app)
    names = [entry["name"] for entry in scores["legend"]["data"]]
    assert names == ["Candidates", "Positives", "Taken", "Disputed zone of the median positive"]
    drawn = [series["name"] for series in away["series"]]
    assert "Disputed zone" in drawn
    assert "95% of the positive, median -0.0425" in drawn
    assert '<td class="negviz-number">-0.0425</td>' in html(app)


def test_slider_moves_line_counts_and_neighbours(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    before = counts(app)
    assert [metric.delta for metric in app.metric] == ["", "", "", ""]
    slider(app, "margin").set_value(0.5).run()
    assert not app.exception
    assert counts(app)["Refused"] > before["Refused"]
    changed = {metric.label: metric.delta for metric in app.metric}
    assert changed["Refused"] == f"{counts(app)['Refused'] - before['Refused']:+,} against published"
    assert any("50% of the positive" in series["name"] for series in figures(app)[1]["series"])


def test_nearest_candidates_are_readable_on_both_sides(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    said = html(app)
    assert "**Just refused**" in words(app)
    assert "**Just accepted**" in words(app)
    assert "beyond the limit" in said
    assert "inside the limit" in said
    assert "How high is tower" in said
    assert "Candidate · d" in said
    assert "Labelled positive · d" in said
    assert re.search(r'negviz-title">[^<]*(<mark>[^<]*</mark>)?[^<]*</div><div class="negviz-text">', said)
    assert "<script>" not in said
    assert HOSTILE not in words(app)


def test_weights_have_a_curve_and_a_half_height_zone(pool: Pool, open_app: Open) -> None:
    use("simans")
    app = open_app(PAGE)
    assert not app.exception
    assert "Weight (top is 1)" in [series["name"] for series in figures(app)[1]["series"]]
    assert "Effective number of candidates" in words(app)
    widget(app, "selectbox", "thresholds.step.rank_window.near_positive").set_value("near_positive").run()
    assert "**Half weight or more**" in words(app)


def test_recipe_without_limits_says_so(pool: Pool, open_app: Open) -> None:
    use("nv_topk")
    app = open_app(PAGE)
    assert not app.exception
    assert "No step of this recipe draws a limit" in words(app)


def test_recipe_that_cannot_run_leaves_the_editor_usable(pool: Pool, open_app: Open) -> None:
    use("random")
    app = open_app(PAGE)
    assert "This recipe cannot run on this pool." in words(app)
    widget(app, "selectbox", ".published").set_value("nv_perc").run()
    assert not app.exception
    assert counts(app)["Taken"] > 0


def test_knob_turned_here_is_turned_on_mine(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    slider(app, "margin").set_value(0.3).run()
    app.switch_page("pages/2_Mine.py").run()
    assert slider(app, "margin").value == 0.3
    slider(app, "margin").set_value(0.1).run()
    app.switch_page(PAGE).run()
    assert slider(app, "margin").value == 0.1


def exact(app: AppTest) -> NumberInput:
    return next(box for box in app.number_input if box.label == "Margin, exact")


def test_slider_wins_over_an_older_value_that_comes_back_from_its_number(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    before = exact(app).value
    slider(app, "margin").set_value(0.3).run()
    # A browser that is key presses ahead has not seen yet that the number follows the slider.
    slider(app, "margin").set_value(0.35)
    exact(app).set_value(before).run()
    assert slider(app, "margin").value == exact(app).value == 0.35
    exact(app).set_value(before).run()
    assert slider(app, "margin").value == exact(app).value == before


@pytest.mark.parametrize(
    ("size", "step"),
    [(0.0033, 0.005), (0.001, 0.001), (0.012, 0.02), (0.6, 1.0), (7, 10), (0, 0.01), (float("nan"), 0.01)],
)
def test_slider_steps_are_round(size: float, step: float) -> None:
    assert round_step(size) == pytest.approx(step)


def test_score_knobs_take_their_limits_from_the_scores(pool: Pool) -> None:
    profile = score_profile(pool, "bm25", "min")
    ceiling = STRATEGIES.get("score_ceiling")
    low, high, step = slider_limits(ceiling, ceiling.knob("ceiling"), profile)
    assert (low, high, step) == pytest.approx((3.5, 8.5, 0.05))
    assert slider_limits(ceiling, ceiling.knob("ceiling"), None) == (-1.0, 1.0, 0.01)
    window = STRATEGIES.get("rank_window")
    assert slider_limits(window, window.knob("stop"), profile)[:2] == (1, 12)


def test_words_for_where_a_value_falls(pool: Pool) -> None:
    profile = score_profile(pool, "dense", "min")
    ceiling, zone = STRATEGIES.get("score_ceiling"), STRATEGIES.get("ambiguous_zone")
    assert placed(ceiling, ceiling.knob("ceiling"), -9, profile) == "Higher than 0% of candidates, 0% of positives."
    assert placed(ceiling, ceiling.knob("ceiling"), 9, profile) == "Higher than 100% of candidates, 100% of positives."
    values = profile.distances.axis.of(profile.distances.values)
    away = values[profile.distances.counted & np.isfinite(values)]
    near = float(np.mean((away < 0) & (away > -0.21)))
    over = float(np.mean(away >= 0))
    margin = STRATEGIES.get("absolute_margin")
    told = placed(margin, margin.knob("margin"), 0.21, profile)
    assert told.endswith(f"{over:.0%} above it.")
    assert told.startswith(f"{near:.0%} of candidates")
    far, high = float(np.mean(away < -0.21)), float(np.mean(away > 0.04))
    assert placed(zone, zone.knob("width"), 0.21, profile).endswith(f"{far:.0%} more below.")
    assert placed(zone, zone.knob("width"), 0.04, profile).startswith(f"{high:.0%} of candidates lie more than this")


def test_shares_below_each_line_are_counted_query_by_query(pool: Pool) -> None:
    recipe = find_recipe("nv_perc")
    profile = score_profile(pool, "dense", "min")
    (row,) = placed_rows(drawn_limits(recipe, profile), profile)
    values = profile.distances.axis.of(profile.distances.values)
    below = (values < -0.05 * profile.anchor[:, None])[profile.distances.counted & np.isfinite(values)]
    assert row["candidates below, %"] == pytest.approx(100 * below.mean(), abs=0.06)
    assert row["positives below, %"] == 0.0
    assert row["at"] == pytest.approx(-0.0425)


def test_the_disputed_zone_belongs_to_cosine(pool: Pool) -> None:
    profile = score_profile(pool, "dense", "min")
    (disputed,) = zones(find_recipe("nv_perc"), profile)
    assert disputed.low == pytest.approx(-0.0425)
    assert disputed.high == pytest.approx(0.1)
    assert zones(find_recipe("nv_perc"), score_profile(pool, "bm25", "min")) == []
    assert len(zones(find_recipe("ambiguous_zone"), profile)) == 2


def test_weight_curve_is_one_at_its_peak_and_absent_without_weights(pool: Pool) -> None:
    edges = np.linspace(-1, 1, 60)
    place, weight = weight_curve(find_recipe("simans"), edges)
    assert weight.max() == pytest.approx(1.0, abs=1e-3)
    assert abs(place[weight.argmax()]) < 0.02
    assert weight_curve(find_recipe("nv_perc"), edges) is None


def test_numbers_of_a_paper_draw_a_warning_until_they_are_set_anew(pool: Pool) -> None:
    ceiling = find_recipe("nv_abs")
    assert "score_ceiling" in scale_warnings(ceiling, pool)[0]
    assert scale_warnings(ceiling.with_knob("score_ceiling", "ceiling", 0.61), pool) == []
    assert scale_warnings(find_recipe("nv_perc"), pool) == []
    simans = find_recipe("simans")
    assert "dot scores" in scale_warnings(simans, pool)[0]
    assert scale_warnings(simans.with_knob("near_positive", "width", 0.1), pool) == []


def test_a_draw_that_takes_nothing_is_not_blamed_on_a_leak(pool: Pool) -> None:
    outcome = select(pool, find_recipe("nv_topk").with_setting("draw.skip=50"))
    assert not outcome.taken.any()
    (said,) = outcome_warnings(outcome)
    assert "refused 78 of 86" in said
    assert "its skip" in said
    assert "labelled positive" not in said


def test_the_disputed_zone_can_be_hidden(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    app.toggle(key="thresholds.zone").set_value(False).run()
    assert not app.exception
    shown = [entry["name"] for chart in figures(app) for entry in chart["legend"]["data"]]
    assert not [name for name in shown if "Disputed" in name]
