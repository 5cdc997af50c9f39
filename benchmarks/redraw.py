"""How long from a key press to the redrawn page: a slider on Mine, a verdict on Label (Thresholds: slider_browser.py).

    .venv/bin/negviz pool sample --out /tmp/pool    # any folder
    .venv/bin/python benchmarks/redraw.py /tmp/pool

Clocks run in the page. A slider's clock runs from the key event to the end of the frame that shows the last change that
follows it: a change of the document's main part, or a drawing command on any canvas, since a canvas is repainted
without a change of the document. A frame ends with the first task after its animation callbacks: by then its style,
layout and paint are done in the page, though it is not yet on the screen. "its charts" runs until the last canvas was
repainted, 0 where none is. The pointer rests outside the charts, as hovering draws as well.
A verdict's clock runs from the key event to the next pair's text.
"""

import json
import shutil
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from dashboard import dashboard
from playwright.sync_api import Page

WATCH = """() => {
    window.last = 0; window.painted = 0; window.pressed = 0;
    let due = false, drew = false;
    const changed = (canvas) => {
        drew ||= canvas;
        if (due) return;
        due = true;
        requestAnimationFrame(() => {
            const channel = new MessageChannel();
            channel.port1.onmessage = () => {
                due = false; window.last = performance.now();
                if (drew) window.painted = window.last;
                drew = false;
            };
            channel.port2.postMessage(0);
        });
    };
    document.addEventListener('keydown', () => { window.pressed = performance.now(); window.painted = 0; }, true);
    new MutationObserver(() => changed(false)).observe(document.querySelector('[data-testid=stMain]'),
        {subtree: true, childList: true, characterData: true, attributes: true});
    const brush = CanvasRenderingContext2D.prototype;
    for (const name of ['clearRect', 'fill', 'fillRect', 'fillText', 'stroke', 'drawImage']) {
        const plain = brush[name];
        brush[name] = function (...given) { changed(true); return plain.apply(this, given); };
    }
}"""
CHART = ".js-plotly-plot .main-svg, [data-testid=stEChartsChart] canvas"


def press(page: Page, key: str) -> tuple[float, float]:
    """Milliseconds from a key press until nothing changes any more, and until the last canvas was repainted."""
    page.keyboard.press(key)
    page.wait_for_timeout(900)
    whole, painted = page.evaluate("[window.last - window.pressed, Math.max(window.painted - window.pressed, 0)]")
    return float(whole), float(painted)


def settle(page: Page) -> None:
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(state="attached", timeout=120_000)
    page.wait_for_timeout(3000)


def slider(page: Page, url: str, name: str) -> list[tuple[float, float]]:
    page.goto(f"{url}/{name}")
    page.locator(CHART).first.wait_for(timeout=120_000)
    settle(page)
    page.evaluate(WATCH)
    page.get_by_role("slider").first.focus()
    return [press(page, "ArrowRight") for _ in range(24)][4:]


def verdict(page: Page, url: str) -> list[float]:
    page.goto(f"{url}/Label")
    page.locator(".negviz-candidate .negviz-faint").first.wait_for(timeout=120_000)
    settle(page)
    changed = """(old) => document.querySelector('.negviz-candidate .negviz-faint')?.innerText +
                 document.querySelector('.negviz-query .negviz-text')?.innerText !== old"""
    shown = """() => document.querySelector('.negviz-candidate .negviz-faint')?.innerText +
               document.querySelector('.negviz-query .negviz-text')?.innerText"""
    times = []
    for _ in range(34):
        old = page.evaluate(shown)
        page.evaluate("""() => { window.at = 0; document.addEventListener('keydown',
            () => { window.at = performance.now(); }, {capture: true, once: true}); }""")
        page.keyboard.press("2")
        page.wait_for_function(changed, arg=old, polling="raf")
        times.append(float(page.evaluate("performance.now() - window.at")))
        page.wait_for_timeout(250)
    return times[4:]


def figures(times: Sequence[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "p50 ms": round(statistics.median(ordered)),
        "p95 ms": round(ordered[int(0.95 * (len(ordered) - 1))]),
        "max ms": round(ordered[-1]),
    }


def main() -> None:
    pool = Path(sys.argv[1])
    with dashboard(lambda folder: shutil.copytree(pool, folder), width=1440, height=1000) as opened:
        whole, painted = zip(*slider(opened.page, opened.url, "Mine"), strict=True)
        found = {"slider on Mine": figures(whole), "its charts": figures(painted)}
        print(json.dumps({**found, "verdict": figures(verdict(opened.page, opened.url))}, indent=1))


if __name__ == "__main__":
    main()
