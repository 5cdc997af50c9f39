"""A new user, from the first page to the exported file, with keys and mouse."""

import json
import re

import pyarrow.parquet as pq
import pytest

from negviz.labels import LabelStore

pytestmark = pytest.mark.e2e

KEYS = ["1", "2", "1", "3", "4"]
MINING = 240_000


def number(tab, label: str) -> int:
    """Value of the metric of that name."""
    metric = tab.page.get_by_test_id("stMetric").filter(has=tab.page.get_by_text(label, exact=True)).first
    return int(metric.get_by_test_id("stMetricValue").inner_text().replace(",", ""))


def candidate(tab) -> tuple[str, str]:
    """Query and candidate id on the screen."""
    query = tab.page.locator(".negviz-query .negviz-text").first.inner_text().strip()
    return query, tab.page.locator(".negviz-candidate .negviz-faint").first.inner_text().strip()


def nothing_is_clipped(tab) -> None:
    """On a laptop and a phone the views of the page Mine are whole, and its numbers stand in rows of equal length."""
    for width in (1280, 420):
        tab.page.set_viewport_size({"width": width, "height": 1000})
        tab.settle()
        metrics = [metric.bounding_box() for metric in tab.page.get_by_test_id("stMetric").all()]
        assert len({round(box["y"]) for box in metrics}) == (1 if width == 1280 else 2)
        views = tab.page.locator(".st-key-mine_views").bounding_box()
        last = tab.page.get_by_text("All methods", exact=True).bounding_box()
        assert last["x"] + last["width"] <= views["x"] + views["width"]
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    tab.page.set_viewport_size({"width": 1440, "height": 1000})
    tab.settle()


def test_from_the_sample_to_a_cleaned_training_set(tab, server):
    tab.open()
    tab.page.get_by_role("button", name="Open the sample").click()
    tab.page.get_by_test_id("stMetric").first.wait_for(timeout=MINING)
    tab.settle()
    assert number(tab, "Queries") == 176
    tab.check()

    tab.menu("Mine")
    tab.page.locator(".negviz-text mark").first.wait_for()
    tab.check()
    nothing_is_clipped(tab)

    tab.menu("Thresholds")
    before = number(tab, "Refused")
    slider = tab.page.get_by_test_id("stSlider").get_by_role("slider").first
    slider.focus()
    for _ in range(10):
        slider.press("ArrowRight")
    tab.settle()
    after = number(tab, "Refused")
    assert after > before
    tab.check()

    tab.menu("Map")
    tab.page.locator("canvas").first.wait_for()
    tab.page.get_by_text("UMAP of the vectors").wait_for(timeout=MINING)
    tab.check()

    tab.menu("Label")
    seen = []
    for key in KEYS:
        shown = candidate(tab)
        seen.append((shown, key))
        tab.page.keyboard.press(key)
        tab.page.wait_for_function(
            "([query, id]) => document.querySelector('.negviz-candidate .negviz-faint')?.innerText.trim() !== id"
            " || document.querySelector('.negviz-query .negviz-text')?.innerText.trim() !== query",
            arg=list(shown),
        )
    tab.page.get_by_text(re.compile(r"saved \d\d:\d\d:\d\d")).wait_for()
    tab.check()
    events = LabelStore(server.home / "labels.sqlite").events()
    verdicts = {"1": "false negative", "2": "true negative", "3": "drop", "4": "unsure"}
    assert [((event.query, event.document_id), str(event.verdict)) for event in events] == [
        (shown, verdicts[key]) for shown, key in seen
    ]

    # A reload loses nothing: neither the labels, nor the place in the queue, nor the recipe.
    place = candidate(tab)
    tab.page.reload()
    tab.settle()
    assert candidate(tab) == place
    tab.menu("Thresholds")
    # Labelled false negatives and dropped candidates are refused as well, hence "at least".
    assert number(tab, "Refused") >= after

    tab.menu("Export")
    assert number(tab, "Promoted") == KEYS.count("1")
    tab.page.get_by_role("button", name="Write", exact=True).click()
    tab.page.get_by_text("rows were written").wait_for(timeout=60_000)
    tab.check()
    folder = next((server.home / "exports").iterdir())
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest["recipe"]["steps"] != []
    exported(folder, [shown for shown, key in seen if key == "1"], [shown for shown, key in seen if key == "3"])


def exported(folder, promoted, dropped) -> None:
    """Promoted documents are positives of their query in the exported file, and no negatives; dropped ones neither."""
    data = pq.read_table(next(folder.glob("*/train-*.parquet"))).to_pylist()
    ids = pq.read_table(folder / "ids.parquet").to_pylist()
    assert len(data) == len(ids)
    positives, negatives = set(), set()
    for row, beside in zip(data, ids, strict=True):
        positives |= {(row["anchor"], name) for name in beside["positive_ids"]}
        negatives |= {(row["anchor"], name) for name in beside["negative_ids"]}
    for pair in promoted:
        assert pair in positives
        assert pair not in negatives
    for pair in dropped:
        assert pair not in positives
        assert pair not in negatives


@pytest.mark.parametrize("gap", [10, 30, 50, 100])
def test_twelve_presses_in_a_row_label_only_what_was_on_the_screen(tab, server, gap):
    tab.open("Label")
    tab.page.locator(".negviz-candidate .negviz-faint").first.wait_for()
    tab.settle()
    tab.page.evaluate(
        """() => {
            window.seen = new Set();
            const look = () => {
                const query = document.querySelector('.negviz-query .negviz-text');
                const id = document.querySelector('.negviz-candidate .negviz-faint');
                if (query && id) window.seen.add(JSON.stringify([query.innerText.trim(), id.innerText.trim()]));
            };
            look();
            new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
        }"""
    )
    store = LabelStore(server.home / "labels.sqlite")
    known = {event.event for event in store.events()}
    for _ in range(12):
        tab.page.keyboard.press("2")
        tab.page.wait_for_timeout(gap)
    tab.settle()
    seen = {tuple(json.loads(pair)) for pair in tab.page.evaluate("() => [...window.seen]")}
    new = [(event.query, event.document_id) for event in store.events() if event.event not in known]
    assert new
    assert len(set(new)) == len(new)
    assert set(new) <= seen
    tab.check()
