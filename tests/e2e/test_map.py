"""The map in a real browser: mouse, keyboard, narrow window, both themes, and the way from a lasso to the queue."""

import json
import math
import re

import pytest

from tests.e2e.subjects import mine_subjects

pytestmark = pytest.mark.e2e

PLANE = ".plane"
POINTS = ".points"


@pytest.fixture(scope="module")
def mapped(server):
    mine_subjects(server.home)
    return server


def view(tab) -> tuple[float, float, float]:
    return tuple(json.loads(tab.page.locator(PLANE).first.get_attribute("data-view")))


def open_map(tab, query: str = "map.picture=PCA") -> dict[str, float]:
    tab.open(f"Map?{query}")
    tab.page.locator(POINTS).first.wait_for()
    tab.settle()
    tab.page.locator(POINTS).first.scroll_into_view_if_needed()
    return tab.page.locator(POINTS).first.bounding_box()


def lasso(tab, box: dict[str, float], reach: float = 0.48) -> None:
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    around = [(x + reach * box["width"] * math.cos(turn / 4), y + reach * box["height"] * math.sin(turn / 4))
              for turn in range(26)]  # fmt: skip
    tab.page.mouse.move(*around[0])
    tab.page.mouse.down()
    for place in around[1:]:
        tab.page.mouse.move(*place)
    tab.page.mouse.up()
    tab.page.get_by_text("documents selected").wait_for()
    tab.settle()


def test_a_lasso_is_followed_by_thresholds_and_reaches_the_queue(tab, mapped):
    box = open_map(tab)
    tab.page.get_by_role("button", name="Lasso").click()
    lasso(tab, box)
    selected = tab.page.get_by_text("documents selected").inner_text()
    count = int(re.match(r"(\d+) of 120", selected)[1])
    assert 0 < count <= 120
    tab.page.get_by_role("button", name=re.compile("Send .* pairs to the labelling queue")).first.click()
    tab.page.get_by_text("are in the queue").wait_for()
    tab.settle()
    # Another colour keeps the area and the part of the map that is seen.
    before = view(tab)
    tab.page.get_by_role("button", name="Zoom in").click()
    tab.page.wait_for_timeout(500)
    zoomed = view(tab)
    assert zoomed[2] > before[2]
    tab.page.get_by_role("combobox", name=re.compile("Colour")).click()
    tab.page.get_by_role("option", name="Length").click()
    tab.settle()
    assert view(tab) == pytest.approx(zoomed)
    assert tab.page.get_by_text("documents selected").inner_text() == selected
    tab.menu("Label")
    tab.page.locator(".negviz-candidate .negviz-faint").first.wait_for()
    tab.check()
    tab.menu("Map")
    tab.page.get_by_text("documents selected").wait_for()
    assert tab.page.get_by_text("documents selected").inner_text() == selected
    tab.check()


def test_wheel_drag_and_keys_move_the_map(tab, mapped):
    box = open_map(tab)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    whole = view(tab)
    tab.page.mouse.move(x, y)
    tab.page.mouse.wheel(0, -100)
    tab.page.wait_for_timeout(200)
    near = view(tab)
    assert near[2] > whole[2]
    tab.page.mouse.down()
    tab.page.mouse.move(x + 50, y, steps=4)
    tab.page.mouse.up()
    tab.page.wait_for_timeout(200)
    assert view(tab)[0] == pytest.approx(near[0] - 50 / near[2], rel=1e-3)
    tab.page.locator(POINTS).first.focus()
    tab.page.keyboard.press("0")
    tab.page.wait_for_timeout(200)
    assert view(tab) == pytest.approx(whole)
    tab.page.keyboard.press("+")
    tab.page.keyboard.press("ArrowLeft")
    tab.page.wait_for_timeout(200)
    assert view(tab)[0] < whole[0]
    tab.page.keyboard.press("0")
    tab.page.keyboard.press("v")
    tab.page.get_by_text("120 of 120").wait_for()
    tab.page.locator(POINTS).first.focus()
    tab.page.keyboard.press("Escape")
    tab.page.get_by_text("Nothing is marked").wait_for()
    tab.check()


def test_hovering_shows_the_text_of_a_document(tab, mapped):
    box = open_map(tab, "map.picture=PCA&map.search=number+17")
    tab.page.get_by_text("1 of 120 documents").wait_for()
    for step in range(1, 40):
        tab.page.mouse.move(box["x"] + box["width"] * step / 40, box["y"] + box["height"] * (0.3 + 0.4 * (step % 2)))
        tab.page.wait_for_timeout(30)
    for across in range(8, 33):
        for down in range(8, 33):
            if tab.page.locator(".tip").first.is_visible():
                break
            tab.page.mouse.move(box["x"] + box["width"] * across / 40, box["y"] + box["height"] * down / 40)
            tab.page.wait_for_timeout(20)
    assert re.search("Note|Query", tab.page.locator(".tip").first.inner_text())
    tab.check()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_map_is_whole_in_both_themes_and_widths(browser, mapped, scheme, width):
    from tests.e2e.conftest import Tab

    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    tab = Tab(context.new_page(), mapped)
    box = open_map(tab, "map.picture=PCA&map.colour=Cluster")
    assert box["width"] <= width
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    # Something is drawn, and on the ground of the theme.
    ground, others = tab.page.locator(POINTS).first.evaluate(
        """(canvas) => {
            const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            let others = 0;
            for (let k = 0; k < pixels.length; k += 4) if (pixels[k] !== pixels[0]) others++;
            return [pixels[0], others];
        }"""
    )
    assert (ground > 128) == (scheme == "light")
    assert others > 500
    for entry in tab.page.locator(".legend .entry").all():
        place = entry.bounding_box()
        assert place["x"] + place["width"] <= width
    tab.check()
    context.close()


def test_two_recipes_move_together(tab, mapped):
    open_map(tab)
    tab.page.get_by_role("combobox", name=re.compile("Beside it")).click()
    tab.page.keyboard.type("nv_topk")
    tab.page.get_by_role("option", name="Recipe nv_topk", exact=True).click()
    tab.page.get_by_text("both maps move together").wait_for()
    tab.settle()
    assert tab.page.locator(POINTS).count() == 2
    tab.page.get_by_role("button", name="Zoom in").first.click()
    tab.page.wait_for_timeout(300)
    views = [json.loads(plane.get_attribute("data-view")) for plane in tab.page.locator(PLANE).all()]
    assert views[0][:2] == pytest.approx(views[1][:2])
    # The address brings both back.
    tab.page.reload()
    tab.page.get_by_text("both maps move together").wait_for()
    tab.check()


def test_three_dimensions_turn_and_are_marked_as_they_are_seen(tab, mapped):
    box = open_map(tab, "map.picture=PCA&map.dims=3-D")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.page.mouse.move(x, y)
    tab.page.mouse.down()
    tab.page.mouse.move(x + 60, y + 30, steps=5)
    tab.page.mouse.up()
    tab.page.get_by_role("button", name="Lasso").click()
    lasso(tab, box)
    assert "of 120 documents selected" in tab.page.get_by_text("documents selected").inner_text()
    tab.check()
