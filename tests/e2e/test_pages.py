"""Every page, cold from its address, from home, without a pool, and after another page; and with hostile text."""

import json

import pytest

from negviz.dataset import Dataset
from negviz.mine import build_pool
from negviz.store import save_pool

pytestmark = pytest.mark.e2e

PAGES = ["Load", "Mine", "Thresholds", "Compare", "Map", "Label", "Audit", "Train", "Export"]
NEED_POOL = {"Mine", "Thresholds", "Compare", "Map", "Label", "Audit", "Train", "Export"}
BAIT = "http://bait.invalid"
HOSTILE = [
    f"![picture]({BAIT}/a.png) and <img src='{BAIT}/b.png' onerror='fetch(\"{BAIT}/c\")'>",
    f"$$\\href{{{BAIT}/d}}{{x}}$$ :red[boo] :material/warning: :streamlit: $E=mc^2$ # heading",
    f"<script>fetch('{BAIT}/e')</script><iframe src='{BAIT}/f'></iframe><link rel=stylesheet href='{BAIT}/g.css'>",
    f"<style>@import url('{BAIT}/h.css'); * {{ background: url('{BAIT}/i.png') }}</style> [link]({BAIT}/j)",
    '=HYPERLINK("http://bait.invalid/k") \u202eright to left\u202c \u0645\u0631\u062d\u0628\u0627 你好，世界 '
    + "long" * 400,
]


def hostile_dataset() -> Dataset:
    documents = [(f"d{row} {text[:40]}", text[:60], text) for row, text in enumerate(HOSTILE * 4)]
    documents = [
        (f"{name} {row}", f"{title} {row}", f"{text} {row}") for row, (name, title, text) in enumerate(documents)
    ]
    queries = [(f"q{row} {text[:40]}", f"{text} question {row}") for row, text in enumerate(HOSTILE)]
    positives = [(queries[row][0], documents[row][0], 1) for row in range(len(HOSTILE))]
    return Dataset.build(
        name=f"![n]({BAIT}/n.png)", format="beir", queries=queries, documents=documents, positives=positives
    )


@pytest.fixture(scope="module")
def hostile_server(server):
    """The same dashboard with a pool whose every text is hostile."""
    pool = build_pool(hostile_dataset(), encoder="static", depth=20, home=server.home)
    save_pool(pool, server.home / "pools" / "hostile")
    (server.home / "workspace.json").write_text(json.dumps({"pool": "hostile"}), "utf-8")
    return server


@pytest.mark.parametrize("name", PAGES)
def test_opens_cold_from_its_address_without_a_pool(tab, name):
    tab.open(name)
    tab.page.get_by_role("heading", name=name, exact=True, level=1).wait_for()
    empty = tab.page.get_by_text("No pool yet").count()
    assert empty == (1 if name in NEED_POOL else 0)
    tab.check()


def test_home_invites_without_a_pool(tab):
    tab.open()
    tab.page.get_by_role("button", name="Open the sample").wait_for()
    tab.check()


@pytest.mark.parametrize("name", PAGES)
def test_hostile_text_makes_no_request_and_no_exception(tab, hostile_server, name):
    tab.open(name)
    tab.page.get_by_role("heading", name=name, exact=True, level=1).wait_for()
    tab.page.wait_for_timeout(1500)
    tab.settle()
    tab.check()
    assert (
        tab.page.evaluate("document.querySelectorAll('iframe[src*=bait], img[src*=bait], a[href*=bait]').length") == 0
    )


def test_every_page_from_home_and_after_another(tab, hostile_server):
    tab.open()
    for name in [*PAGES, *reversed(PAGES)]:
        tab.menu(name)
        tab.check()
