"""Thresholds in a real browser: lines, marks, the address, the keyboard, both themes, two widths."""

import re

import pytest

from tests.e2e.subjects import mine_subjects

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def mined(server):
    mine_subjects(server.home)
    return server


class Scores:
    """The view of the scores in a tab."""

    def __init__(self, tab, query: str = "") -> None:
        self.tab, self.page = tab, tab.page
        tab.open(f"Thresholds?{query}")
        self.board = self.page.locator(".board").first
        self.handle = self.board.locator("[data-line][role=slider]").first
        self.handle.wait_for()
        tab.settle()

    @property
    def margin(self) -> float:
        return float(self.page.get_by_test_id("stNumberInputField").first.input_value())

    @property
    def line(self) -> float:
        return float(self.handle.get_attribute("aria-valuenow"))

    def drag(self, start: tuple[float, float], across: float) -> None:
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        mouse.move(start[0] + across, start[1] + 2, steps=6)
        mouse.up()
        self.tab.settle()


@pytest.fixture
def scores(tab, mined):
    found = Scores(tab)
    yield found
    tab.check()


def middle(locator) -> tuple[float, float]:
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_dragging_the_line_turns_the_knob(scores):
    line, margin = scores.line, scores.margin
    scores.handle.scroll_into_view_if_needed()
    scores.drag(middle(scores.handle.locator(".grip")), -70)
    scores.page.wait_for_timeout(500)
    scores.tab.settle()
    assert scores.line < line
    assert scores.margin > margin


def test_typing_a_value_moves_the_line(scores):
    line = scores.line
    field = scores.page.get_by_test_id("stNumberInputField").first
    field.fill("0.4")
    field.press("Enter")
    scores.tab.settle()
    assert scores.margin == pytest.approx(0.4)
    assert scores.line < line


def test_arrow_keys_on_the_line_turn_the_knob(scores):
    margin = scores.margin
    scores.handle.focus()
    for _ in range(5):
        scores.page.keyboard.press("ArrowLeft")
    scores.page.keyboard.press("Enter")
    scores.tab.settle()
    assert scores.margin > margin


def test_an_interval_reaches_the_table_and_the_queue(scores):
    surface = scores.board.locator(".surface")
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    # The candidates of these few subjects score either nothing or nearly as much as the positive.
    scores.drag((box["x"] + 0.85 * box["width"], box["y"] + 0.6 * box["height"]), 0.2 * box["width"])
    marked = scores.page.get_by_text(re.compile(r"pairs marked"))
    marked.first.wait_for()
    assert int(re.search(r"([\d,]+) pairs", marked.first.inner_text())[1].replace(",", "")) > 0
    scores.page.get_by_text(re.compile(r"Pairs 1 to ")).wait_for()
    scores.page.get_by_role("button", name="Send to the labelling queue").first.click()
    scores.page.get_by_text("are in the queue").wait_for()
    scores.tab.settle()
    scores.tab.menu("Label")
    scores.page.locator(".negviz-candidate .negviz-faint").first.wait_for()


def test_the_address_restores_the_view(tab, mined):
    scores = Scores(tab)
    scores.page.get_by_role("radio", name="Minus the positive").click()
    scores.tab.settle()
    address = scores.page.url
    assert "thresholds.axis=Minus" in address
    again = Scores(tab, address.split("?", 1)[1])
    assert again.page.get_by_text("score minus the positive").first.is_visible()
    tab.check()


@pytest.mark.parametrize("view", ["Scores", "Queries", "Sweep"])
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_every_view_is_whole_in_both_themes_and_widths(browser, mined, view, scheme, width):
    from tests.e2e.conftest import Tab

    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    tab = Tab(context.new_page(), mined)
    tab.open(f"Thresholds?thresholds.view={view}")
    tab.page.locator(".board, canvas, .echarts-for-react").first.wait_for()
    tab.settle()
    tab.check()
    assert tab.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()
