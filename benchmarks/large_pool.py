"""The dashboard on a pool of millions of candidates: how long every page takes, and what memory the server holds.

    .venv/bin/python benchmarks/large_pool.py [1 10 50]              # millions of candidates
    .venv/bin/python benchmarks/large_pool.py 50 --pages Mine Label  # only these pages
    .venv/bin/python benchmarks/large_pool.py 50 --kept FOLDER       # the pool is kept there for the next run

The synthetic pool of ``slider.py`` gets texts, positives and the ids of a dataset and is stored. For every page a
server is started anew and Chromium opens that very page, first of a pool with 50 queries, which tells what the start
of the program and of the page cost whatever the pool (``small``), then in a new session of the large one. With
``--cold`` the large one comes first. The clock runs from the call for the address to what a person came for: a figure,
a card, a report, a preview; and on to the moment when nothing is counted any more. Memory is what the server holds
beyond mapped files (RssAnon), then and at most.
"""

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from dashboard import Opened, dashboard
from results import record, recorded, spread
from slider import DEPTH, anonymous, synthetic_pool

from negviz.arrays import Ints
from negviz.dataset import DOCUMENT_SCHEMA, QUERY_SCHEMA, Dataset, Judgments
from negviz.pool import Pool
from negviz.store import save_pool

WAIT = 300_000
WORDS = 4_000
COUNTING = ".st-key-counting"
FIGURE = ".board text", "canvas", ".js-plotly-plot"


def main() -> None:
    """Print a line for each page and size."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("millions", type=float, nargs="*", default=[1.0, 10.0])
    asked.add_argument("--pages", nargs="+", choices=list(PAGES), default=list(PAGES))
    asked.add_argument("--kept", type=Path)
    asked.add_argument("--cold", action="store_true")
    asked = asked.parse_args()
    rows = []
    for millions in asked.millions:
        with tempfile.TemporaryDirectory() as folder:
            stored = (asked.kept or Path(folder)) / f"pool-{millions:g}"
            if not stored.is_dir():
                write(stored, int(millions * 1_000_000 / DEPTH))
            print(f"\n{millions:g} million candidates", flush=True)
            for page in asked.pages:
                found = measured(stored, page, cold=asked.cold)
                print(json.dumps({"page": page, **found}), flush=True)
                rows += rows_of(page, millions, found)
    told = {row["what"] for row in rows}
    before = (recorded("large_pool") or {"rows": []})["rows"]  # of pages that were not asked this time
    kept = [row for row in before if row["what"] not in told]
    claim = "The dashboard on a pool of very many candidates, each page on a server that has just started"
    record("large_pool", claim, kept + rows)


def rows_of(page: str, millions: float, found: Mapping[str, float]) -> list[dict[str, Any]]:
    """Figures of a page: seconds, but for memory and for the median of many verdicts."""
    rows = []
    for name, value in found.items():
        unit = "MiB" if name.startswith("MiB") else "ms" if name.endswith("ms") else "s"
        limit = {"limit": "< 2"} if (page, name) == ("Home", "first") else {}
        rows.append({"what": f"{page}, {millions:g} million: {name}", "unit": unit, **spread([value]), **limit})
    return rows


def write(stored: Path, queries: int) -> None:
    """Make a pool whose queries each have a labelled positive, and store it."""
    with tempfile.TemporaryDirectory(dir=stored.parent if stored.parent.is_dir() else None) as layers:
        pool = synthetic_pool(Path(layers), queries)
        # Documents of a row ascend from one beyond where they were begun, so the one before the first is none of them.
        positives = np.ascontiguousarray(pool.documents[:, :1] - 1)
        save_pool(with_texts(pool, positives), stored)


def with_texts(pool: Pool, positives: Ints) -> Pool:
    """The pool with short made-up texts and labelled positives."""
    random = np.random.default_rng(1)
    data = pool.dataset
    words = [f"{''.join(chr(97 + (place * step) % 26) for step in (1, 3, 7, 11))}{place}" for place in range(WORDS)]

    def texts(count: int, length: int) -> pa.Array:
        drawn = random.integers(0, WORDS, (count, length)).tolist()
        return pa.array([" ".join([words[place] for place in row]) for row in drawn], pa.large_string())

    queries, documents = len(data.queries), len(data.documents)
    nothing = pa.nulls(documents, pa.large_string())
    rows = np.arange(queries, dtype=np.int32)
    dataset = Dataset(
        name="large", format="synthetic",
        queries=pa.table([data.queries["id"], texts(queries, 5), pa.nulls(queries, QUERY_SCHEMA.field(2).type)],
                         schema=QUERY_SCHEMA),
        documents=pa.table([data.documents["id"], nothing, texts(documents, 12), nothing], schema=DOCUMENT_SCHEMA),
        positives=Judgments(rows, np.ascontiguousarray(positives[:, 0]), np.ones(queries, dtype=np.int32)),
        given=Judgments.of(()), held_out=Judgments.of(()),
    )  # fmt: skip
    dataset.__dict__["fingerprint"] = f"large {queries}"
    return replace(pool, dataset=dataset, positives=positives, stored_fingerprint=f"large {queries}")


def measured(stored: Path, name: str, *, cold: bool) -> dict[str, float]:
    """Seconds to each step of a page, and memory."""

    def link(folder: Path) -> None:
        folder.parent.mkdir(parents=True)
        folder.symlink_to(stored.resolve())
        write(folder.with_name("small"), 50)

    with dashboard(link) as opened, Highest(opened.server) as highest:
        opened.page.set_default_timeout(WAIT)
        at_rest = anonymous(opened.server)
        small = {} if cold else {"small": begun(opened, name)}
        steps = PAGES[name](opened, Clock())
        return {**small, **steps, "MiB at rest": round(at_rest), "MiB after": round(anonymous(opened.server)),
                "MiB at most": round(highest.peak)}  # fmt: skip


def begun(opened: Opened, name: str) -> float:
    """Seconds that the first page of a fresh server takes on a small pool."""
    clock = Clock()
    opened.page.goto(f"{opened.url}/{'' if name == 'Home' else name}?pool=small")
    opened.page.get_by_text("queries ·").first.wait_for()
    opened.settle(300)
    return clock()


class Clock:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    def __call__(self) -> float:
        return round(time.perf_counter() - self._start, 2)


class Highest:
    """The largest memory of a process beyond mapped files, looked at every 20 ms."""

    def __init__(self, process: int) -> None:
        self.peak, self._process, self._over = 0.0, process, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Highest":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            self.peak = max(self.peak, anonymous(self._process))


def counted(opened: Opened) -> None:
    """Wait until a page counts nothing any more."""
    opened.settle(300)
    opened.page.locator(COUNTING).wait_for(state="detached")
    opened.settle(300)


def home(opened: Opened, clock: Clock) -> dict[str, float]:
    """Home: the cards of the road."""
    opened.page.goto(opened.url)
    opened.page.get_by_text("Go to Export").wait_for()
    first = clock()
    counted(opened)
    return {"first": first, "all counted": clock()}


def figure(address: str) -> Callable[[Opened, Clock], dict[str, float]]:
    """A page whose first figure is waited for."""

    def page(opened: Opened, clock: Clock) -> dict[str, float]:
        opened.page.goto(f"{opened.url}/{address}")
        drawn = [opened.page.locator(f"{each} >> visible=true") for each in FIGURE]
        drawn[0].or_(drawn[1]).or_(drawn[2]).first.wait_for()
        first = clock()
        counted(opened)
        return {"first": first, "all counted": clock()}

    return page


def label(opened: Opened, clock: Clock) -> dict[str, float]:
    """Label: the first card, then verdicts to the next one."""
    page = opened.page
    page.goto(f"{opened.url}/Label")
    page.locator(".st-key-label_bar button").first.wait_for()
    first, times = clock(), []
    opened.settle(500)
    for _ in range(8):
        before = page.locator(".negviz-place").first.inner_text()
        start = time.perf_counter()
        page.keyboard.press("2")
        page.wait_for_function(
            "(before) => (document.querySelector('.negviz-place') || {innerText: before}).innerText !== before",
            arg=before, polling=5,
        )  # fmt: skip
        times.append(time.perf_counter() - start)
        page.wait_for_timeout(300)
    return {"first": first, "verdict to the next, median ms": round(sorted(times)[len(times) // 2] * 1e3)}


def audit(opened: Opened, clock: Clock) -> dict[str, float]:
    """Audit: the page, then the report."""
    page = opened.page
    page.goto(f"{opened.url}/Audit")
    begin = page.get_by_role("button", name="Run the audit")
    begin.or_(page.get_by_text("Report as one HTML page").first).first.wait_for()
    first = clock()
    if begin.is_visible():
        begin.click()
    page.get_by_text("Report as one HTML page").first.wait_for()
    return {"first": first, "report": clock()}


def export(opened: Opened, clock: Clock) -> dict[str, float]:
    """Export: the first rows, then all files."""
    page = opened.page
    page.goto(f"{opened.url}/Export")
    page.get_by_test_id("stCode").first.wait_for()
    first = clock()
    opened.settle(500)
    begun = clock()
    page.get_by_role("button", name="Write", exact=True).click()
    page.get_by_text("rows were written as").or_(page.get_by_text("Nothing was written")).first.wait_for()
    return {"first": first, "written in": round(clock() - begun, 2)}


PAGES: dict[str, Callable[[Opened, Clock], dict[str, float]]] = {
    "Home": home, "Mine": figure("Mine"), "Thresholds": figure("Thresholds"), "Label": label, "Audit": audit,
    "Export": export,
}  # fmt: skip


if __name__ == "__main__":
    main()
