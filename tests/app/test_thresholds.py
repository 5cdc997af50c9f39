"""Thresholds: limits over the scores, which are dragged there, what they cost, and what lies next to them."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import NumberInput

from negviz.advice import outcome_warnings, scale_warnings
from negviz.dataset import Dataset
from negviz.diagnostics.score_axis import KINDS, score_axis
from negviz.diagnostics.score_profile import score_profile
from negviz.home import home_folder
from negviz.labels import LabelEvent, Verdict
from negviz.pool import Pool
from negviz.recipe import Recipe, find_recipe
from negviz.select import select
from negviz.store import save_pool
from negviz.strategies import STRATEGIES
from negviz.ui import board as boards
from negviz.ui import score_view
from negviz.ui.board import Moved
from negviz.ui.forms import placed, round_step, slider_limits
from negviz.ui.threshold_lines import (
    drawn_lines,
    handles,
    moved,
    offered,
    placed_rows,
    stretched,
    turned_to,
    weight_curve,
    zones,
)
from tests.app.conftest import HOSTILE, words
from tests.app.test_mine import counts, html, slider, widget

pytestmark = pytest.mark.app
Open = Callable[..., AppTest]
PAGE = "pages/3_Thresholds.py"


@dataclass
class Drawn:
    """The board as it was drawn last, and what a person does on it before the next run."""

    edges: Any = None
    groups: Any = None
    rest: dict[str, Any] = field(default_factory=dict)
    does: list[Moved] = field(default_factory=list)

    def line(self, name: str) -> boards.Handle:
        return next(line for line in self.rest["lines"] if line.id == name)

    @property
    def names(self) -> list[str]:
        return [group.name for group in self.groups]


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """What the page asks the board to draw; checked as the board checks it."""
    drawn = Drawn()

    def draw(edges: Any, groups: Any, **rest: Any) -> Moved:
        said = {name: value for name, value in rest.items() if name not in {"key", "on_move"}}
        json.dumps(boards.payload(edges, groups, **said), allow_nan=False)
        drawn.edges, drawn.groups, drawn.rest = edges, groups, rest
        return Moved()

    monkeypatch.setattr(score_view, "board", draw)
    return drawn


def do(app: AppTest, drawn: Drawn, what: Moved, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do something on the board: what it hears comes before the run, as callbacks do."""
    seen = score_view.show

    def heard(*args: Any) -> None:
        monkeypatch.setattr(score_view, "show", seen)
        drawn.rest["on_move"](what)
        seen(*args)

    monkeypatch.setattr(score_view, "show", heard)
    app.run()
    app.run()
    assert not app.exception


def use(recipe: str | Recipe) -> None:
    path = home_folder() / "workspace.json"
    stored = json.loads(path.read_text("utf-8"))
    made = find_recipe(recipe) if isinstance(recipe, str) else recipe
    path.write_text(json.dumps({**stored, "recipes": {stored["pool"]: made.to_dict()}}), "utf-8")


def test_without_a_pool_the_page_says_what_to_do(open_app: Open) -> None:
    app = open_app(PAGE)
    assert not app.exception
    assert "No pool yet" in words(app)


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


def test_the_board_shows_groups_lines_and_the_disputed_zone(pool: Pool, open_app: Open, board: Drawn) -> None:
    app = open_app(PAGE)
    assert not app.exception
    assert board.names == ["Candidates", "Labelled positives", "Negatives taken"]
    # Every positive scores 0.85, and 95 percent of it is 0.8075 for all queries.
    line = board.line("relative_margin.0")
    assert (line.value, line.low, line.movable) == (pytest.approx(0.8075), None, True)
    (zone,) = board.rest["zones"]
    assert (zone.low, zone.high) == (pytest.approx(0.8075), pytest.approx(0.95))
    assert "score (dense, cosine)" in board.rest["axis"]
    assert '<td class="negviz-number">0.8075</td>' in html(app)


@pytest.mark.parametrize(
    ("kind", "value"), [("score", 0.8075), ("margin", -0.0425), ("ratio", 0.95), ("percentile", 0.0)]
)
def test_each_axis_draws_the_line_in_its_own_units(pool: Pool, open_app: Open, board: Drawn, kind, value) -> None:
    app = open_app(PAGE)
    widget(app, "button_group", "thresholds.axis").set_value(kind).run()
    assert not app.exception
    assert board.line("relative_margin.0").value == pytest.approx(value, abs=1e-6)
    reference = [line.value for line in board.rest["lines"] if line.id == "positive"]
    assert reference == {"margin": [0.0], "ratio": [1.0]}.get(kind, [])
    assert sum(board.groups[0].counts) == 78


def test_a_line_let_go_turns_the_knob_and_everything_follows(
    pool: Pool, open_app: Open, board: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_app(PAGE)
    before = counts(app)["Refused"]
    do(app, board, Moved(line="relative_margin.0", value=0.5525), monkeypatch)
    assert slider(app, "margin").value == pytest.approx(0.35)
    assert board.line("relative_margin.0").value == pytest.approx(0.5525)
    assert counts(app)["Refused"] > before
    assert '<td class="negviz-number">0.5525</td>' in html(app)


def test_slider_moves_line_counts_and_neighbours(pool: Pool, open_app: Open, board: Drawn) -> None:
    app = open_app(PAGE)
    before = counts(app)
    assert [metric.delta for metric in app.metric] == ["", "", "", ""]
    slider(app, "margin").set_value(0.5).run()
    assert not app.exception
    assert counts(app)["Refused"] > before["Refused"]
    changed = {metric.label: metric.delta for metric in app.metric}
    assert changed["Refused"] == f"{counts(app)['Refused'] - before['Refused']:+,} against published"
    assert board.line("relative_margin.0").label == "50% of the positive"


def test_an_interval_marks_pairs_which_the_table_lists_and_the_queue_takes(
    pool: Pool, open_app: Open, board: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_app(PAGE)
    do(app, board, Moved(brush=(0.74, 0.81)), monkeypatch)
    inside = int(((pool.scores["dense"] > 0.74) & (pool.scores["dense"] < 0.81)).sum())
    assert f"**{inside} pairs marked**" in words(app)
    assert board.rest["brush"] == (0.74, 0.81)
    assert "Marked" not in board.names
    table = app.dataframe[0].value
    assert len(table) == inside
    assert set(table["minus positive"].round(4)) == {-0.1, -0.05}
    widget(app, "button_group", "thresholds.axis").set_value("margin").run()
    assert (board.rest["brush"], board.names[-1]) == (None, "Marked")
    assert sum(board.groups[-1].counts) == inside
    widget(app, "button", "thresholds.marks.send").click().run()
    assert "in the queue" in "\n".join(str(each.value) for each in app.markdown)
    do(app, board, Moved(cleared=True), monkeypatch)
    assert "Marked" not in board.names
    assert "pairs marked" not in words(app)


def test_groups_by_retriever_and_rank(pool: Pool, open_app: Open, board: Drawn) -> None:
    app = open_app(PAGE)
    widget(app, "button_group", "thresholds.groups").set_value("Retriever").run()
    assert board.names == ["All candidates", "Labelled positives", "Brought by dense", "Brought by bm25"]
    widget(app, "button_group", "thresholds.groups").set_value("Rank band").run()
    assert board.names[2:] == ["Candidates of rank 0 to 9", "Candidates of rank 10 to 11"]
    assert sum(sum(group.counts) for group in board.groups[2:]) == 78


def test_labels_are_groups_of_their_own(pool: Pool, open_app: Open, board: Drawn) -> None:
    from negviz.labels import LabelStore

    with LabelStore(home_folder() / "labels.sqlite") as store:
        for column, verdict in ((2, Verdict.FALSE_NEGATIVE), (3, Verdict.TRUE_NEGATIVE), (4, Verdict.TRUE_NEGATIVE)):
            store.add(LabelEvent.of(pool.dataset, 1, int(pool.documents[1, column]), verdict))
    app = open_app(PAGE)
    assert not app.exception
    totals = {group.name: sum(group.counts) for group in board.groups}
    assert (totals["Labelled false negative"], totals["Labelled true negative"]) == (1, 2)


def test_another_scorer_has_no_lines_of_the_recipe(pool: Pool, open_app: Open, board: Drawn) -> None:
    app = open_app(PAGE)
    widget(app, "selectbox", "thresholds.scorer").set_value("bm25").run()
    assert not app.exception
    assert board.rest["lines"] == []
    assert "its lines lie on those" in words(app)
    assert board.rest["axis"] == "score (bm25, bm25)"


def test_published_rules_are_drawn_and_not_moved(pool: Pool, open_app: Open, board: Drawn) -> None:
    app = open_app(PAGE)
    chosen = widget(app, "multiselect", "thresholds.also.cosine")
    chosen.set_value(offered("cosine")).run()
    assert not app.exception
    lines = {line.id: line for line in board.rest["lines"]}
    assert lines["also.qwen3.student_mask.0"].value == pytest.approx(0.95)
    assert lines["also.arctic.score_ceiling.0"].value == pytest.approx(0.8)
    assert lines["also.simans_zone.near_positive.1"].value == pytest.approx(0.75)
    assert [line.id for line in lines.values() if line.movable] == ["relative_margin.0"]
    assert board.rest["curve"] is not None
    chosen = widget(app, "multiselect", "thresholds.also.cosine")
    chosen.set_value([]).run()
    assert (board.rest["zones"], board.rest["curve"]) == ([], None)


def test_weights_have_a_curve_and_a_half_height_zone(pool: Pool, open_app: Open, board: Drawn) -> None:
    use(find_recipe("simans").with_knob("near_positive", "width", 0.2))
    app = open_app(PAGE)
    assert not app.exception
    assert board.rest["curve"].name == "Sampling weight"
    zone = board.rest["zones"][-1]
    assert (zone.label, zone.low, zone.high) == ("Half weight or more", pytest.approx(0.65), pytest.approx(1.05))
    assert board.edges[-1] > 1.05
    assert "Effective number of candidates" in words(app)
    widget(app, "selectbox", "thresholds.step.rank_window.near_positive").set_value("near_positive").run()
    assert "**Half weight or more**" in words(app)


def test_the_address_restores_the_view(pool: Pool, open_app: Open, board: Drawn) -> None:
    app = open_app(PAGE, **{"thresholds.axis": "Minus the positive", "thresholds.groups": "Rank band",
                            "thresholds.log": "true"})  # fmt: skip
    assert not app.exception
    assert board.rest["axis"].startswith("score minus the positive")
    assert board.names[-1].startswith("Candidates of rank")
    assert board.rest["log"] is True


def small(rows: list[list[float]], positives: list[list[float]]) -> Pool:
    """A pool with one scorer; a NaN score is unknown."""
    scores, anchors = np.array(rows, dtype=np.float32), np.array(positives, dtype=np.float32)
    dataset = Dataset.build(
        name="small", format="test", queries=[(f"q{row}", f"question {row}") for row in range(len(rows))],
        documents=[(f"d{row}", "", f"answer {row}") for row in range(scores.shape[1] + 1)],
        positives=[(f"q{row}", "d0", 1) for row in range(len(rows))],
    )  # fmt: skip
    documents = np.tile(np.arange(1, scores.shape[1] + 1, dtype=np.int32), (len(rows), 1))
    return Pool(
        dataset=dataset, queries=np.arange(len(rows), dtype=np.int32), documents=documents,
        ranks={"dense": np.zeros(scores.shape, dtype=np.int32)}, scores={"dense": scores},
        positives=np.zeros(anchors.shape, dtype=np.int32), positive_scores={"dense": anchors},
        flags=np.zeros(scores.shape, dtype=np.uint16), scales={"dense": "cosine"},
    )  # fmt: skip


NAN = float("nan")
ODD = {
    "one candidate": (small([[0.5]], [[0.8]]), "nv_perc"),
    "one query": (small([[0.5, 0.7, 0.9]], [[0.8]]), "ambiguous_zone"),
    "all equal": (small([[0.5, 0.5], [0.5, 0.5]], [[0.5], [0.5]]), "nv_perc"),
    "all unknown": (small([[NAN, NAN]], [[0.8]]), "nv_perc"),
    "no positive scored": (small([[0.5, 0.6]], [[NAN]]), "nv_abs"),
    "nothing known": (small([[NAN, NAN]], [[NAN]]), "nv_topk"),
    "all refused": (small([[0.79, 0.8, 0.9]], [[0.8]]), "nv_perc"),
    "positive of zero": (small([[0.1, -0.2]], [[0.0]]), "nv_perc"),
    "positive below zero": (small([[0.1, -0.3]], [[-0.2]]), "nv_perc"),
    "bell of nothing": (small([[NAN, NAN]], [[0.8]]), "simans"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_pools_draw_something_on_every_axis(name: str, open_app: Open, board: Drawn) -> None:
    made, recipe = ODD[name]
    save_pool(made, home_folder() / "pools" / "odd-00000000")
    (home_folder() / "workspace.json").write_text(json.dumps({"pool": "odd-00000000"}), "utf-8")
    use(recipe)
    app = open_app(PAGE)
    for kind, group in zip(KINDS, ("State", "Retriever", "Rank band", "State"), strict=True):
        widget(app, "button_group", "thresholds.axis").set_value(kind)
        widget(app, "button_group", "thresholds.groups").set_value(group).run()
        assert not app.exception
        assert board.groups[0].counts.sum() <= made.candidates
    app.multiselect[0].set_value(offered("cosine")).run()
    assert not app.exception


def seen(pool: Pool, kind="score", scorer="dense"):
    profile = score_profile(pool, scorer, "min")
    return profile, score_axis(profile, kind)


def test_shares_below_each_line_are_counted_query_by_query(pool: Pool) -> None:
    profile, axis = seen(pool, "margin")
    (row,) = placed_rows(drawn_lines(find_recipe("nv_perc"), profile, axis), profile, "at")
    values = profile.distances.axis.of(profile.distances.values)
    below = (values < -0.05 * profile.anchor[:, None])[profile.distances.counted & np.isfinite(values)]
    assert row["candidates below, %"] == pytest.approx(100 * below.mean(), abs=0.06)
    assert row["positives below, %"] == 0.0
    assert row["at"] == pytest.approx(-0.0425)


def test_the_disputed_zone_belongs_to_cosine(pool: Pool) -> None:
    profile, axis = seen(pool, "margin")
    (disputed,) = zones(find_recipe("nv_perc"), profile, axis, disputed=True)
    assert (disputed.low, disputed.high) == (pytest.approx(-0.0425), pytest.approx(0.1))
    assert "disputed" in offered("cosine")
    assert "disputed" not in offered("bm25")
    assert len(zones(find_recipe("ambiguous_zone"), profile, axis, disputed=True)) == 2


def test_weight_curve_is_one_at_its_peak_and_absent_without_weights(pool: Pool) -> None:
    profile, axis = seen(pool, "margin")
    edges = np.linspace(-1, 1, 60)
    place, weight = weight_curve(find_recipe("simans"), profile.level, axis, edges)[:2]
    assert weight.max() == pytest.approx(1.0, abs=1e-3)
    assert abs(place[weight.argmax()]) < 0.02
    assert weight_curve(find_recipe("nv_perc"), profile.level, axis, edges) is None


@pytest.mark.parametrize("kind", ["score", "margin", "ratio"])
@pytest.mark.parametrize("name", ["nv_perc", "nv_margin", "nv_abs", "qwen3_mask", "ambiguous_zone", "simans"])
def test_a_line_moved_to_a_place_lies_there(pool: Pool, name: str, kind: str) -> None:
    profile, axis = seen(pool, kind)
    for line in drawn_lines(find_recipe(name), profile, axis):
        for step in (-0.02, 0.01):
            asked = line.value + step
            assert moved(line, asked, profile, axis) == pytest.approx(asked, abs=2e-3)


def test_a_margin_cannot_be_dragged_above_the_positive(pool: Pool) -> None:
    profile, axis = seen(pool, "margin")
    (line,) = drawn_lines(find_recipe("nv_perc"), profile, axis)
    assert moved(line, 0.3, profile, axis) == 0.0


def test_a_line_dragged_to_the_positive_lies_on_it_in_spite_of_rounding(pool: Pool) -> None:
    profile = score_profile(pool, "dense", "min")
    axis = score_axis(profile, "score")
    (line, *_) = drawn_lines(find_recipe("ambiguous_zone"), profile, axis)
    assert turned_to(line, profile.level + 4e-7, profile, axis) == {"width": 0.0}
    assert turned_to(line, profile.level + 0.01, profile, axis) == {"width": pytest.approx(0.01)}


@pytest.mark.parametrize(("name", "names"), [("ambiguous_zone", 2), ("nv_perc", 1), ("simans", 1)])
def test_bands_of_different_colours_have_different_names(pool: Pool, name: str, names: int) -> None:
    profile = score_profile(pool, "dense", "min")
    axis = score_axis(profile, "score")
    lines = [replace(line, low=0.1, high=0.2) for line in drawn_lines(find_recipe(name), profile, axis)]
    drawn = handles(lines, profile, axis, axis.edges)
    assert len({handle.band for handle in drawn}) == len({handle.colour for handle in drawn}) == names


def test_the_axis_stretches_to_lines_near_it_by_whole_bins() -> None:
    edges = np.linspace(0, 1, 11)
    wide, before, after = stretched(edges, [0.5, 1.12, -0.03, 9.0])
    assert (before, after) == (2, 3)
    assert np.diff(wide) == pytest.approx(0.1)
    assert (wide[0], wide[-1]) == (pytest.approx(-0.2), pytest.approx(1.3))
