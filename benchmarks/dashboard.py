"""The dashboard of a home of its own, open in Chromium: what the benchmarks in a browser share."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from first_page import CHROMIUM, FLAGS, ROOT, free_port, wait_for
from playwright.sync_api import Page, sync_playwright


class Opened(NamedTuple):
    """A page of the browser, where the dashboard is, and the process that serves it."""

    page: Page
    url: str
    server: int

    def settle(self, pause: int = 1500) -> None:
        """Wait until the script has run, and some milliseconds more."""
        still = "[data-testid=stApp][data-test-script-state=notRunning]"
        self.page.locator(still).wait_for(state="attached", timeout=300_000)
        self.page.wait_for_timeout(pause)


@contextmanager
def served(home: Path) -> Iterator[tuple[str, int]]:
    """The dashboard of a home on a free port; gives its address and its process."""
    port = free_port()
    environment = {**os.environ, "NEGVIZ_HOME": str(home), "STREAMLIT_SERVER_HEADLESS": "true"}
    command = [sys.executable, "-m", "negviz", "app", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as server:
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(url)
            yield url, server.pid
        finally:
            server.terminate()


@contextmanager
def dashboard(
    write_pool: Callable[[Path], object], *, width: int = 1280, height: int = 1100, **workspace: object
) -> Iterator[Opened]:
    """Open the dashboard on a pool.

    Args:
        write_pool: Writes the pool into the folder that it is given.
        width: Of the window, in pixels.
        height: Of the window.
        workspace: More of what a person had at hand, such as ``recipes``.
    """
    with tempfile.TemporaryDirectory() as home:
        write_pool(Path(home) / "pools" / "bench")
        (Path(home) / "workspace.json").write_text(json.dumps({"pool": "bench", **workspace}), "utf-8")
        with served(Path(home)) as (url, process), sync_playwright() as playwright:
            page = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS).new_page()
            page.set_viewport_size({"width": width, "height": height})
            yield Opened(page, url, process)
