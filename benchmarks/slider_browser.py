"""From a turned slider to the drawn figure, in the browser, at the size of real training sets.

    .venv/bin/python benchmarks/slider_browser.py [1 10 50]    # millions of candidates
    .venv/bin/python benchmarks/slider_browser.py POOL         # a stored pool

The synthetic pool of ``slider.py`` is stored, opened on the page Thresholds of the dashboard and looked at in Chromium
without a GPU. A recipe's slider is turned by key; the clock runs in the page, from the key event to the end of the
frame in which the histogram of the negatives taken is drawn anew. Memory is what the server holds beyond mapped files.
"""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from dashboard import Opened, dashboard
from slider import DEPTH, anonymous, clock, synthetic_pool

from negviz.recipe import find_recipe
from negviz.store import open_pool, save_pool

TURNS, FIRST = 16, 4
RECIPES = {"nv_perc": "margin", "arctic_v1": "ceiling", "simans": "width"}
# A drawn series is a path; the clock is stopped behind the frame after its outline changed.
WATCH = """() => {
    const roots = [document, ...[...document.querySelectorAll('*')].map((each) => each.shadowRoot).filter(Boolean)];
    const board = roots.map((root) => root.querySelector('.board')).find(Boolean);
    window.drawn = 0; window.pressed = 0;
    document.addEventListener('keydown', () => { window.pressed = performance.now(); window.drawn = 0; }, true);
    new MutationObserver((changes) => {
        if (!changes.some((each) => each.attributeName === 'd')) return;
        requestAnimationFrame(() => {
            const channel = new MessageChannel();
            channel.port1.onmessage = () => { window.drawn = performance.now(); };
            channel.port2.postMessage(0);
        });
    }).observe(board, {subtree: true, attributes: true, attributeFilter: ['d']});
}"""


def main() -> None:
    """Print the figures of each pool."""
    for given in sys.argv[1:] or ["1", "10"]:
        if Path(given).is_dir():
            report(given, Path(given))
            continue
        with tempfile.TemporaryDirectory() as folder:
            stored = Path(folder) / "stored"
            save_pool(synthetic_pool(Path(folder), int(float(given) * 1_000_000 / DEPTH)), stored)
            report(f"{given} million candidates", stored)


def report(name: str, stored: Path) -> None:
    """Print what each recipe takes on a stored pool."""
    plain = clock(open_pool(stored).score("dense").sum)
    found = {recipe: measured(stored, recipe) for recipe in RECIPES}
    print(json.dumps({"pool": name, "NumPy pass ms": round(plain * 1e3, 1), **found}, indent=1), flush=True)


def measured(stored: Path, name: str) -> dict[str, float]:
    """Milliseconds of a recipe's slider, and memory."""

    def link(folder: Path) -> None:
        folder.parent.mkdir(parents=True)
        folder.symlink_to(stored.resolve())

    with dashboard(link, recipes={"bench": find_recipe(name).to_dict()}) as opened:
        start = time.perf_counter()
        opened.page.goto(f"{opened.url}/Thresholds")
        opened.page.locator(".board text >> visible=true").first.wait_for(timeout=300_000)
        opening = time.perf_counter() - start
        # Of a large pool a look comes first; what is turned is all of it.
        opened.page.wait_for_timeout(1000)
        opened.page.locator(".st-key-counting").wait_for(state="detached", timeout=300_000)
        opened.settle(5000)
        before = anonymous(opened.server)
        times = turned(opened, RECIPES[name])
        return {
            "opened in seconds": round(opening, 1),
            "p50 ms": round(statistics.median(times)),
            "p95 ms": round(sorted(times)[int(0.95 * (len(times) - 1))]),
            "MiB beyond mapped files when opened": round(before),
            "after": round(anonymous(opened.server)),
        }


def turned(opened: Opened, knob: str) -> list[float]:
    """Milliseconds of each turn of a slider by key."""
    page, found = opened.page, []
    page.evaluate(WATCH)
    page.get_by_role("slider", name=knob.capitalize()).first.focus()
    for _ in range(TURNS + FIRST):
        # Always to a value that was not there before: outcomes are kept, so a way back would cost nothing.
        page.keyboard.press("ArrowRight")
        page.wait_for_function("window.drawn > window.pressed", timeout=60_000)
        page.wait_for_timeout(1200)
        found.append(float(page.evaluate("window.drawn - window.pressed")))
    return found[FIRST:]


if __name__ == "__main__":
    main()
