"""The board in a browser: dragged, typed, brushed, in the dark, on a phone."""

import pytest

from tests.e2e.conftest import Server, Tab

pytestmark = pytest.mark.e2e

APP = """
import numpy as np
import streamlit as st

from negviz.charts import DISPUTED, FALSE_NEGATIVE, POSITIVE, QUERY, REFUSED, SOFT, TAKEN, Zone
from negviz.ui.board import Handle, Series, board

st.set_page_config(layout="wide")
scores = np.sort(np.random.default_rng(1).normal(0.55, 0.12, 50_000).clip(0, 1))
edges = np.linspace(0, 1, 51)
counts = np.histogram(scores, edges)[0]
state = st.session_state
state.setdefault("lines", {"ceiling": 0.7, "floor": 0.4})
state.setdefault("heard", [])


def answer(moved):
    state.heard.append(repr(moved))
    if moved.line == "ceiling":
        state.lines["ceiling"] = moved.value
    elif moved.line == "floor":
        state.lines["floor"] = min(moved.value, 0.5)
    elif moved.brush or moved.cleared:
        state.brush = moved.brush


@st.fragment
def part():
    taken = np.histogram(scores[scores < state.lines["ceiling"]], edges)[0]
    board(
        edges,
        [Series("Candidates", counts, REFUSED), Series("Taken <img src=x onerror=alert(1)>", taken, TAKEN, "line")],
        axis="score (cosine)",
        lines=[
            Handle("ceiling", "Score ceiling", state.lines["ceiling"], FALSE_NEGATIVE),
            Handle("median", "95% of the positive, median of all queries", 0.72, POSITIVE, "solid", 0.6, 0.8, False),
            Handle("floor", "Score floor", state.lines["floor"], QUERY),
            Handle("beyond", "Beyond the axis", 1.4, SOFT),
            Handle("nowhere", "Nowhere", float("nan"), SOFT),
        ],
        zones=[Zone("Disputed zone", 0.75, 0.9, DISPUTED)],
        curve=(edges, np.exp(-(((edges - 0.6) / 0.1) ** 2)), "Weight"),
        brush=state.get("brush"), key="main", alt="Histogram of scores", on_move=answer,
    )
    st.text(f"heard {len(state.heard)}: {state.heard[-1] if state.heard else 'nothing'}")


part()
if "odd" not in st.query_params:
    st.stop()
nothing = np.zeros(4)
odd = {
    "empty": (np.linspace(0, 1, 5), [Series("None", nothing, REFUSED)]),
    "no series": (np.linspace(0, 1, 5), []),
    "one bin": (np.array([0.0, 1.0]), [Series("One", np.array([7]), REFUSED)]),
    "equal scores": (np.array([0.5, 0.5]), [Series("Same", np.array([7]), REFUSED)]),
    "equal counts": (np.linspace(0, 60, 5), [Series("Equal", nothing + 3, REFUSED)]),
    "unknown": (np.linspace(0, 1, 5), [Series("Unknown", nothing + np.nan, REFUSED), Series("A", nothing + 1, TAKEN)]),
}
for name, (places, groups) in odd.items():
    for log in (False, True):
        board(places, groups, axis=f"{name}, {log}", lines=[Handle("a", "A line", 0.5, QUERY)], log=log, height=220,
              key=f"{name} {log}", alt=name)
"""
SOON = 150


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("board")
    app = folder / "app.py"
    app.write_text(APP)
    started = Server(folder / "home", folder / "server.log", app)
    started.wait()
    yield started
    started.stop()


class Board:
    """The first board of the app in a tab."""

    def __init__(self, tab: Tab) -> None:
        self.tab, self.page = tab, tab.page
        tab.open()
        self.root = self.page.locator(".board").first
        self.root.locator("text").first.wait_for()

    def line(self, name: str):
        return self.root.locator(f"[data-line={name}]")

    def at(self, name: str) -> float:
        return float(self.line(name).get_attribute("aria-valuenow"))

    def shown(self, name: str) -> str:
        return self.line(name).locator(".value").text_content()

    def grip(self, name: str) -> tuple[float, float]:
        return middle(self.line(name).locator(".grip"))

    def drag(self, start: tuple[float, float], across: float, *, drop: bool = True) -> None:
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        mouse.move(start[0] + across, start[1] + 3, steps=6)
        if drop:
            mouse.up()
            self.tab.settle()

    def heard(self) -> str:
        return self.page.get_by_test_id("stText").first.inner_text()

    def place(self, share: float) -> tuple[float, float]:
        """A place on the plot, by its share of the width."""
        box = self.root.locator(".surface").bounding_box()
        return box["x"] + share * box["width"], box["y"] + box["height"] * 0.6

    def brushed(self) -> str:
        told = self.root.locator(".reader text").text_content()
        assert self.root.locator(".brushed").is_visible() is bool(told)
        return told


def middle(locator) -> tuple[float, float]:
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.fixture
def board(tab):
    found = Board(tab)
    yield found
    tab.check()


def test_a_line_follows_the_mouse_and_the_server_hears_where_it_was_let_go(board) -> None:
    width = board.root.locator(".surface").bounding_box()["width"]
    before = board.root.locator("svg path").nth(5).get_attribute("d")
    board.drag(board.grip("ceiling"), -0.2 * width, drop=False)
    assert board.at("ceiling") == pytest.approx(0.5, abs=0.005)
    assert board.shown("ceiling") == f"{board.at('ceiling'):.3f}"
    tip = board.root.locator(".tip").inner_text()
    assert "Score ceiling 0.5" in tip
    assert "below" in tip
    assert board.heard() == "heard 0: nothing"
    board.page.mouse.up()
    board.tab.settle()
    assert board.heard().startswith("heard 1: Moved(line='ceiling', value=0.5")
    assert board.at("ceiling") == pytest.approx(0.5, abs=0.005)
    assert board.root.locator("svg path").nth(5).get_attribute("d") != before


def test_a_line_that_was_not_moved_says_nothing(board) -> None:
    board.page.mouse.click(*board.grip("ceiling"))
    board.tab.settle()
    assert board.heard() == "heard 0: nothing"


def test_escape_puts_a_line_in_hand_back(board) -> None:
    board.drag(board.grip("ceiling"), -80, drop=False)
    board.page.keyboard.press("Escape")
    assert board.at("ceiling") == 0.7
    board.page.mouse.up()
    board.tab.settle()
    assert board.heard() == "heard 0: nothing"


def test_the_answer_of_the_server_stands(board) -> None:
    """The app lets the floor go no higher than 0.5."""
    board.drag(board.grip("floor"), 200)
    assert board.heard().startswith("heard 1: Moved(line='floor'")
    assert board.at("floor") == 0.5


def test_a_line_that_is_not_movable_is_no_handle(board) -> None:
    line = board.line("median")
    assert line.get_attribute("role") == "img"
    assert line.get_attribute("tabindex") is None
    assert not line.locator(".grip").is_visible()


def test_a_line_beyond_the_axis_is_an_arrow_at_the_border_and_can_be_fetched(board) -> None:
    assert board.shown("beyond") == "1.400 →"
    right = board.place(1)[0]
    assert board.grip("beyond")[0] == pytest.approx(right, abs=1)
    board.drag(board.grip("beyond"), -100)
    assert "line='beyond'" in board.heard()


def test_arrow_keys_move_a_line_and_a_pause_tells_the_server(board) -> None:
    line = board.line("ceiling")
    line.focus()
    assert (line.get_attribute("role"), line.get_attribute("aria-label")) == ("slider", "Score ceiling")
    assert (line.get_attribute("aria-valuemin"), line.get_attribute("aria-valuemax")) == ("0", "1")
    board.page.keyboard.press("ArrowRight")
    board.page.keyboard.press("ArrowRight")
    assert board.at("ceiling") == 0.72
    board.page.keyboard.press("Shift+ArrowLeft")
    assert board.at("ceiling") == 0.62
    board.page.get_by_text("heard 1: Moved(line='ceiling', value=0.62").wait_for()
    board.tab.settle()
    assert board.at("ceiling") == 0.62


def test_enter_tells_at_once_and_escape_goes_back(board) -> None:
    board.line("ceiling").focus()
    board.page.keyboard.press("ArrowLeft")
    board.page.keyboard.press("Escape")
    assert board.at("ceiling") == 0.7
    board.page.keyboard.press("End")
    board.page.keyboard.press("Enter")
    board.page.get_by_text("heard 1: Moved(line='ceiling', value=1.0").wait_for()
    board.page.wait_for_timeout(400)
    assert board.heard().startswith("heard 1:")


def test_a_held_key_keeps_the_focus_while_the_server_redraws(board) -> None:
    line = board.line("ceiling")
    line.evaluate("node => { node.mine = true; }")
    line.focus()
    for _ in range(3):
        for _ in range(4):
            board.page.keyboard.down("ArrowLeft")  # repeats, as of a key that is held
        board.page.keyboard.up("ArrowLeft")
        board.page.wait_for_timeout(450)
    board.tab.settle()
    assert board.at("ceiling") == pytest.approx(0.58)
    assert board.heard().startswith("heard 3:")
    assert line.evaluate("node => node.mine && node.getRootNode().activeElement === node")


def test_a_key_that_is_held_is_no_pause(board) -> None:
    board.line("ceiling").focus()
    board.page.keyboard.down("ArrowLeft")
    board.page.wait_for_timeout(500)
    assert board.heard() == "heard 0: nothing"
    board.page.keyboard.up("ArrowLeft")
    board.page.get_by_text("heard 1: Moved(line='ceiling', value=0.69").wait_for()


def test_an_interval_stays_drawn_until_a_double_click(board) -> None:
    start, end = board.place(0.1), board.place(0.3)
    board.drag(start, end[0] - start[0])
    assert board.brushed() == "0.100 to 0.300"
    assert "brush=(0.1, 0.3)" in board.heard()
    # Its end can be moved, and all of it.
    board.drag(board.place(0.3), board.place(0.35)[0] - board.place(0.3)[0])
    assert board.brushed() == "0.100 to 0.350"
    board.drag(board.place(0.15), board.place(0.05)[0] - board.place(0.0)[0])
    assert board.brushed() == "0.150 to 0.400"
    board.page.mouse.dblclick(*board.place(0.6))
    board.tab.settle()
    assert board.brushed() == ""
    assert "cleared=True" in board.heard()


def test_escape_and_the_cross_clear_an_interval(board) -> None:
    start, across = board.place(0.1), board.place(0.3)[0] - board.place(0.1)[0]
    board.drag(start, across)
    board.page.keyboard.press("Escape")
    board.tab.settle()
    assert board.brushed() == ""
    board.drag(start, across)
    board.root.get_by_role("button", name="Clear the selection").click()
    board.tab.settle()
    assert board.brushed() == ""
    assert board.heard().startswith("heard 4:")


def test_bins_are_read_and_selected_with_the_keyboard(board) -> None:
    reader = board.root.locator(".reader")
    reader.focus()
    board.page.keyboard.press("Home")
    assert reader.get_attribute("aria-valuetext").startswith("0.00 to 0.02: Candidates 0")
    board.page.keyboard.press("ArrowRight")
    assert board.root.locator(".tip-title").inner_text() == "0.02 to 0.04"
    for _ in range(4):
        board.page.keyboard.press("Shift+ArrowRight")
    assert board.brushed() == "0.020 to 0.120"
    board.page.get_by_text("heard 1: Moved(line=None, value=None, brush=(0.02, 0.12)").wait_for()
    board.page.keyboard.press("Shift+ArrowLeft")
    board.page.keyboard.press("Enter")
    board.tab.settle()
    assert board.brushed() == "0.020 to 0.100"
    board.page.keyboard.press("Escape")
    board.page.get_by_text("heard 3: Moved(line=None, value=None, brush=None, cleared=True").wait_for()


def test_pointing_tells_range_count_and_share_of_each_series(board) -> None:
    board.page.mouse.move(*board.place(0.55))
    told = board.root.locator(".tip").inner_text().split("\n")
    assert told[0] in {"0.54 to 0.56", "0.55 to 0.57"}
    assert "Candidates" in told
    assert "Weight" in told
    assert any(part.endswith("%") for part in told)


def test_names_are_never_markup(board) -> None:
    board.page.mouse.move(*board.place(0.5))
    assert "Taken <img src=x onerror=alert(1)>" in board.root.locator(".legend").inner_text()
    assert "Taken <img src=x onerror=alert(1)>" in board.root.locator(".tip").inner_text()
    assert board.root.locator("img").count() == 0


def test_what_is_odd_is_drawn_too(board) -> None:
    page = board.page
    board.tab.open("?odd=yes")
    page.locator(".board").nth(12).scroll_into_view_if_needed()
    boards = page.locator(".board")
    assert boards.count() == 13
    for n in range(1, 13):
        markup = boards.nth(n).inner_html()
        assert "NaN" not in markup
        assert "Infinity" not in markup
        assert boards.nth(n).locator(".grip").is_visible()
    nothing = boards.filter(has_text="Nothing to count here")
    assert nothing.count() == 4
    filled = [boards.nth(n).locator("path[fill-opacity]").first.bounding_box() for n in range(5, 11)]
    assert all(box["height"] > 50 for box in filled)


def test_the_sum_of_what_follows_a_drag_is_quick(board) -> None:
    """From letting go to the redrawn series: the browser's and Streamlit's share, on a page where nothing is slow."""
    board.page.evaluate(
        """() => {
            const root = document.querySelector("[data-testid=stBidiComponentIsolated]").shadowRoot;
            window.took = [];
            addEventListener("pointerup", () => { window.since = performance.now(); }, true);
            const redrawn = () => {
                if (window.since) window.took.push(performance.now() - window.since);
                window.since = 0;
            };
            const shapes = root.querySelectorAll("svg svg g")[2];
            new MutationObserver(redrawn).observe(shapes, { attributes: true, subtree: true, attributeFilter: ["d"] });
        }"""
    )
    for across in (-60, 30, -40, 50, -30):
        board.drag(board.grip("ceiling"), across)
    took = sorted(board.page.evaluate("window.took"))
    print(f"let go to redrawn, ms: {[round(one) for one in took]}")  # noqa: T201
    assert len(took) == 5
    assert took[2] < 2_000


def look(browser, server, **settings):
    context = browser.new_context(**settings)
    return context, Board(Tab(context.new_page(), server))


def test_in_the_dark_texts_are_light(browser, server) -> None:
    context, board = look(browser, server, color_scheme="dark", viewport={"width": 1280, "height": 900})
    colours = board.root.evaluate(
        """root => ["text", ".plate"].map(what => getComputedStyle(root.querySelector(what)).fill)"""
    )
    text, plate = (sum(rgb(colour)) for colour in colours)
    assert text > 500
    assert plate < 200
    board.tab.check()
    context.close()


def rgb(colour: str) -> list[float]:
    numbers = [
        float(part)
        for part in colour.split("(")[1].rstrip(")").replace("srgb", "").replace("/", " ").replace(",", " ").split()
    ]
    return [255 * part for part in numbers[:3]] if "srgb" in colour else numbers[:3]


PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
BOXES = """(root, what) => [...root.querySelectorAll(what)].map(node => node.getBoundingClientRect())
    .filter(box => box.width).map(box => [box.left, box.top, box.right, box.bottom])"""


@pytest.mark.parametrize("settings", [PHONE, {"viewport": {"width": 1280, "height": 900}}])
def test_no_text_lies_on_another_or_outside(browser, server, settings) -> None:
    context, board = look(browser, server, **settings)
    assert not overlapping(board.root.evaluate(BOXES, ".line .plate"))
    assert not overlapping(board.root.evaluate(BOXES, "svg:not(.swatch) > g[aria-hidden] text"))
    width = settings["viewport"]["width"]
    everything = board.root.evaluate(BOXES, "text, .plate, .legend li")
    assert all(box[0] >= 0 and box[2] <= width for box in everything)
    assert board.page.evaluate("document.documentElement.scrollWidth") <= width
    board.tab.check()
    context.close()


def overlapping(boxes: list[list[float]]) -> list[tuple[list[float], list[float]]]:
    return [
        (one, other) for n, one in enumerate(boxes) for other in boxes[:n]
        if one[0] < other[2] - 1 and other[0] < one[2] - 1 and one[1] < other[3] - 1 and other[1] < one[3] - 1
    ]  # fmt: skip


def test_a_finger_drags_a_line_and_an_interval(browser, server) -> None:
    context, board = look(browser, server, **PHONE)
    touch(board, board.grip("ceiling"), -80)
    assert "line='ceiling'" in board.heard()
    assert board.at("ceiling") < 0.55
    touch(board, board.place(0.1), 60)
    assert "brush=(" in board.heard()
    board.tab.check()
    context.close()


def touch(board: Board, start: tuple[float, float], across: float) -> None:
    session = board.page.context.new_cdp_session(board.page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})

    send("touchStart", start)
    for step in range(1, 6):
        send("touchMove", (start[0] + across * step / 5, start[1] + 1))
    send("touchEnd")
    board.tab.settle()


def test_a_narrower_window_has_fewer_ticks(board) -> None:
    ticks = board.root.locator("g[aria-hidden] line.axis")
    before = ticks.count()
    board.page.set_viewport_size({"width": 420, "height": 900})
    board.page.wait_for_timeout(SOON * 3)
    assert 2 < ticks.count() < before


def test_nothing_moves_by_itself_for_those_who_do_not_want_it(browser, server) -> None:
    context, board = look(browser, server, reduced_motion="reduce")
    found = board.root.evaluate("""root => [...root.querySelectorAll("*")].map(node => getComputedStyle(node))
        .filter(style => parseFloat(style.transitionDuration) > 0 || style.animationName !== "none").length""")
    assert found == 0
    context.close()
