"""How smoothly the map moves in a browser, and how long a lasso takes to become a list.

    .venv/bin/python benchmarks/map_browser.py [DOCUMENTS]

A pool of that many made-up documents (50,000 unless given) in two dozen bundles is written to a home of its own, with
PCA for the picture, and opened in Chromium without a GPU. Measured in the page, with the pointer moved by the browser's
own input events:

* the time that drawing a frame takes, and from each frame to the next, while the wheel zooms and while a drag pans;
* from letting go of a lasso around more than 20,000 points to the count of what it holds, over all documents;
* from choosing another colour until the map is drawn with it.

As many documents above what is drawn (50,000) as you like: the lasso still counts all of them.
"""

import json
import math
import sys
import time
from collections.abc import Sequence

import numpy as np
from dashboard import Opened, dashboard
from playwright.sync_api import Page

from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.pool import Pool
from negviz.store import save_pool

QUERIES, DEPTH, DIMS, BUNDLES = 2_000, 50, 32, 24
WORDS = ["wing", "flow", "salt", "cell", "river", "stone", "engine", "paper", "garden", "winter", "signal", "market"]
WATCH = """() => {
    window.frames = []; window.took = [];
    let last = performance.now();
    const next = (now) => { window.frames.push(now - last); last = now; requestAnimationFrame(next); };
    requestAnimationFrame(next);
    const plane = [...document.querySelectorAll('*')].map((e) => e.shadowRoot?.querySelector('.plane')).find(Boolean);
    new MutationObserver(() => window.took.push(Number(plane.dataset.took)))
        .observe(plane, {attributes: true, attributeFilter: ['data-took']});
}"""


def made_up(documents: int) -> Pool:
    random = np.random.default_rng(0)
    middles = random.normal(size=(BUNDLES, DIMS)) * 2
    of = random.integers(BUNDLES, size=documents)
    vectors = (middles[of] + random.normal(size=(documents, DIMS))).astype(np.float32)
    asked = (middles[random.integers(BUNDLES, size=QUERIES)] + random.normal(size=(QUERIES, DIMS))).astype(np.float32)
    text = [" ".join(WORDS[(bundle + step) % len(WORDS)] for step in range(20)) for bundle in range(BUNDLES)]
    dataset = Dataset.build(
        name="made-up", format="test",
        queries=[(f"q{row:05}", f"what of {WORDS[row % len(WORDS)]}") for row in range(QUERIES)],
        documents=[(f"d{row:07}", f"Document {row}", text[bundle]) for row, bundle in enumerate(of.tolist())],
        positives=[(f"q{row:05}", f"d{row:07}", 1) for row in range(QUERIES)],
    )  # fmt: skip
    found = np.sort(random.integers(documents - DEPTH, size=(QUERIES, 1)) + np.arange(DEPTH), axis=1).astype(np.int32)
    scores = random.uniform(0.2, 0.9, found.shape).astype(np.float32)
    own = np.arange(QUERIES, dtype=np.int32)[:, None]
    return Pool(
        dataset=dataset, queries=own[:, 0], documents=found, ranks={"dense": np.argsort(-scores).astype(np.int32)},
        scores={"dense": scores}, positives=own, positive_scores={"dense": np.full(own.shape, 0.8, np.float32)},
        flags=np.zeros(found.shape, np.uint16), scales={"dense": "cosine"},
        embeddings=Embeddings(asked, vectors, "cosine", "made-up", "made-up"),
        origin={"encoder": "made-up", "encoder_identity": "made-up", "similarity": "cosine"},
    )  # fmt: skip


def figures(times: Sequence[float]) -> dict[str, float]:
    ordered = sorted(times) or [0.0]
    middle, late = ordered[len(ordered) // 2], ordered[int(0.95 * (len(ordered) - 1))]
    return {
        "p50 ms": round(middle, 1),
        "p95 ms": round(late, 1),
        "max ms": round(ordered[-1], 1),
        "times": len(ordered),
    }


def moving(page: Page, name: str, move: str, x: float, y: float) -> dict[str, dict[str, float]]:
    page.evaluate("window.frames.length = window.took.length = 0")
    if move == "wheel":
        for step in range(60):
            page.mouse.wheel(0, -60 if step < 30 else 60)
            page.wait_for_timeout(16)
    else:
        page.mouse.move(x, y)
        page.mouse.down()
        for step in range(60):
            page.mouse.move(x + 120 * math.sin(step / 8), y + 60 * math.sin(step / 5))
            page.wait_for_timeout(16)
        page.mouse.up()
    frames, took = page.evaluate("[window.frames.slice(1), window.took]")
    return {f"{name}, drawing": figures(took), f"{name}, frame to frame": figures(frames)}


def lasso(page: Page, x: float, y: float, across: float, down: float) -> dict[str, object]:
    page.get_by_role("button", name="Lasso").click()
    page.mouse.move(x + across, y)
    page.mouse.down()
    for step in range(1, 40):
        turn = 2 * math.pi * step / 40
        page.mouse.move(x + across * math.cos(turn), y + down * math.sin(turn))
    start = time.perf_counter()
    page.mouse.up()
    said = page.get_by_text("documents selected")
    said.wait_for(timeout=60_000)
    return {"seconds": round(time.perf_counter() - start, 2), "said": said.inner_text()}


def recolour(page: Page) -> float:
    page.evaluate("window.took.length = 0")
    page.get_by_role("combobox", name="Colour").click()
    start = time.perf_counter()
    page.get_by_role("option", name="Length").click()
    page.get_by_text("Words of the text").wait_for(timeout=60_000)
    page.wait_for_function("window.took.length > 0", timeout=60_000)
    return round(time.perf_counter() - start, 2)


def measure(opened: Opened) -> dict[str, object]:
    page, url = opened.page, opened.url
    start = time.perf_counter()
    page.goto(f"{url}/Map?map.picture=PCA")
    page.locator(".points").wait_for(timeout=300_000)
    page.wait_for_function(
        "[...document.querySelectorAll('*')].some((e) => e.shadowRoot?.querySelector('.plane')?.dataset.took)"
    )
    found: dict[str, object] = {"opened in seconds": round(time.perf_counter() - start, 1)}
    opened.settle()
    page.evaluate(WATCH)
    box = page.locator(".points").bounding_box() or {}
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    found |= moving(page, "zoom by wheel", "wheel", x, y)
    found |= moving(page, "pan by drag", "drag", x, y)
    page.get_by_role("button", name="Whole map").click()
    found["lasso"] = lasso(page, x, y, 0.46 * box["width"], 0.46 * box["height"])
    opened.settle()
    found["another colour in seconds"] = recolour(page)
    return found


def main() -> None:
    documents = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    with dashboard(lambda folder: save_pool(made_up(documents), folder)) as opened:
        print(json.dumps({"documents": documents, **measure(opened)}, indent=1))


if __name__ == "__main__":
    main()
