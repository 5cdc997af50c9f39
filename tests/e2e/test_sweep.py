"""The view Sweep in a real browser: a click on the curve or on a cell, the keyboard, a narrow window."""

import re

import pytest

from negviz.charts import TAKEN
from tests.e2e.conftest import Tab
from tests.e2e.subjects import mine_subjects

pytestmark = pytest.mark.e2e
ONE, TWO = "Thresholds?thresholds.view=Sweep", "Thresholds?thresholds.view=Sweep&sweeps.kind=Two+knobs"
DRAWN = "[data-testid=stEChartsChart][aria-busy=false]"
# Middles of the points of a colour, seen as columns of it that are higher than a line is thick; none of the legend.
POINTS = """(canvas, [red, green, blue]) => {
    const { width, height } = canvas, found = [];
    const pixels = canvas.getContext('2d').getImageData(0, 0, width, height).data;
    let run = [];
    for (let x = 60; x < width; x++) {
        const rows = [];
        for (let y = 0; y < height; y++) {
            const at = 4 * (y * width + x);
            const far = Math.abs(pixels[at] - red) + Math.abs(pixels[at + 1] - green) + Math.abs(pixels[at + 2] - blue);
            if (far < 30 && pixels[at + 3] > 200) rows.push(y);
        }
        const here = rows.length > 4 && rows.length < 12;
        if (here) run.push([x, rows[rows.length >> 1]]);
        if (!here && run.length) { found.push(run[run.length >> 1]); run = []; }
    }
    return found;
}"""


@pytest.fixture(scope="module")
def swept(server):
    mine_subjects(server.home)
    return server


@pytest.fixture(params=[1280, 390])
def tab_of_a_width(browser, swept, request):
    """A tab that is wide, or as narrow as a telephone; nothing on it may be wider than itself."""
    context = browser.new_context(viewport={"width": request.param, "height": 1000})
    opened = Tab(context.new_page(), swept)
    yield opened
    opened.check()
    assert opened.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()


class Sweep:
    """The chart of a sweep in a tab."""

    def __init__(self, tab: Tab, address: str) -> None:
        self.tab, self.page = tab, tab.page
        tab.open(address)
        self.chart = self.page.locator(DRAWN).first
        self.chart.locator("canvas").first.wait_for()
        tab.settle()
        self.chart.scroll_into_view_if_needed()

    def knob(self, name: str) -> float:
        """Value of a knob in the recipe's editor."""
        return float(self.page.get_by_role("spinbutton", name=re.compile(f"^{name}")).last.input_value())

    def points(self) -> list[tuple[float, float]]:
        """Places of the first line's points on the page."""
        box = self.chart.locator("canvas").first.bounding_box()
        colour = [int(TAKEN[place : place + 2], 16) for place in (1, 3, 5)]
        found = self.chart.locator("canvas").first.evaluate(POINTS, colour)
        return [(box["x"] + x, box["y"] + y) for x, y in found]

    def said(self, place: tuple[float, float]) -> str:
        """What the tooltip says at a place."""
        self.page.mouse.move(place[0] - 2, place[1])
        self.page.mouse.move(*place)
        self.page.wait_for_timeout(200)
        return self.chart.inner_text()

    def click(self, place: tuple[float, float]) -> None:
        self.page.mouse.click(*place)
        self.page.wait_for_timeout(300)
        self.tab.settle()


def test_a_click_on_the_curve_turns_the_knob(tab_of_a_width):
    sweep = Sweep(tab_of_a_width, ONE)
    points = sweep.points()
    assert len(points) > 10
    values = {place: float(re.search(r"value ([\d.]+)", sweep.said(place))[1]) for place in (points[4], points[-3])}
    place, value = max(values.items(), key=lambda pair: abs(pair[1] - sweep.knob("Margin")))
    sweep.click(place)
    assert sweep.knob("Margin") == pytest.approx(value)
    # The words and the mark follow, and the recipe is on disk: the next visit begins with it.
    assert sweep.page.get_by_text(f"At {value:.4g}, the value at hand").is_visible()
    again = Sweep(tab_of_a_width, ONE)
    assert again.knob("Margin") == pytest.approx(value)


def test_a_click_on_a_cell_turns_both_knobs(tab_of_a_width):
    sweep = Sweep(tab_of_a_width, TWO)
    box = sweep.chart.bounding_box()
    place = box["x"] + 0.75 * box["width"], box["y"] + 0.3 * box["height"]
    told = sweep.said(place)
    margin = float(re.search(r"margin \(relative margin\) ([\d.]+)", told)[1])
    count = float(re.search(r"count \(negatives a query\) ([\d.]+)", told)[1])
    sweep.click(place)
    assert sweep.knob("Margin") == pytest.approx(margin)
    chosen = sweep.page.get_by_role("combobox", name=re.compile(r"count \(negatives")).last
    assert (chosen.input_value() or chosen.inner_text()).startswith(f"{count:.0f} (now")


def test_a_value_is_chosen_with_the_keyboard_alone(tab, swept):
    sweep = Sweep(tab, ONE)
    before = sweep.knob("Margin")
    sweep.page.get_by_role("combobox", name=re.compile("Value")).last.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "Enter"):
        sweep.page.keyboard.press(key)
        sweep.page.wait_for_timeout(100)
    tab.settle()
    sweep.page.get_by_role("button", name="Use this value").focus()
    sweep.page.keyboard.press("Enter")
    tab.settle()
    assert sweep.knob("Margin") != before
    tab.check()


def test_the_address_brings_the_knob_and_its_ends_back(tab, swept):
    sweep = Sweep(tab, f"{ONE}&sweeps.relative_margin.margin.to=0.1")
    assert sweep.page.get_by_role("spinbutton", name="To").first.input_value() == "0.1"
    last = sweep.said(sweep.points()[-1])
    assert float(re.search(r"value ([\d.]+)", last)[1]) == pytest.approx(0.1)
    tab.check()


def test_it_is_trained_at_each_value_and_a_trained_point_turns_the_knob(tab, swept):
    sweep = Sweep(tab, ONE)
    page = tab.page
    page.get_by_text("Train at each value").click()
    for name, value in (("Values to train at", "3"), ("Seeds", "1")):
        box = page.get_by_role("spinbutton", name=name)
        box.fill(value)
        box.press("Enter")
        tab.settle()
    page.get_by_role("button", name="Start training").click()
    page.get_by_text(re.compile(r"rounds are done|Waiting for its turn")).first.wait_for()
    page.get_by_text(re.compile(r"Adapter, over \d+ held-out queries, 1 of 1 seed;")).wait_for(timeout=60_000)
    page.get_by_text(re.compile("^(No difference was found|Compared with)")).wait_for(timeout=60_000)
    page.get_by_role("button", name="Stop", exact=True).wait_for(state="detached", timeout=60_000)
    tab.settle()
    sweep.chart = page.locator(DRAWN).nth(1)
    sweep.chart.scroll_into_view_if_needed()
    points = sweep.points()
    told = sweep.said(points[-1])
    assert re.search(r"nDCG@10 0\.\d+ \(0\.\d+ to [01]\.\d+\)", told)
    value = float(re.search(r"value ([\d.]+)", told)[1])
    assert value != sweep.knob("Margin")
    sweep.click(points[-1])
    assert sweep.knob("Margin") == pytest.approx(value)
    assert page.get_by_role("link", name="Its details on the page Train").is_visible()
    tab.check()
