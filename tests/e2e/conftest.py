"""A real dashboard and a real browser. Skipped where there is no Chromium, unless NEGVIZ_REQUIRE_BROWSER is set."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"


def _chromium() -> str | None:
    return next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def browser():
    path = _chromium()
    if path is None:
        if os.environ.get("NEGVIZ_REQUIRE_BROWSER"):
            pytest.fail("No Chromium, but NEGVIZ_REQUIRE_BROWSER is set; install Debian's package 'chromium'.")
        pytest.skip("No Chromium here; Debian's package 'chromium' brings one.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


class Server:
    """A dashboard, or another app, on the loopback address with a home of its own."""

    def __init__(self, home: Path, log: Path, app: Path = ROOT / "app.py") -> None:
        self.home = home
        self.log = log
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {**os.environ, "NEGVIZ_HOME": str(home)}
        environment.pop("NEGVIZ_OPEN", None)
        command = [sys.executable, "-m", "streamlit", "run", str(app)]
        command += ["--server.port", str(self.port), "--server.headless", "true"]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log.open("wb"), stderr=subprocess.STDOUT
        )

    def wait(self) -> None:
        for _ in range(300):
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.2)
        pytest.fail(f"The dashboard did not start:\n{self.log.read_text()[-2000:]}")

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dashboard")
    started = Server(folder / "home", folder / "server.log")
    started.wait()
    yield started
    started.stop()


class Tab:
    """A page of the browser that keeps what went wrong: console errors and requests to other hosts."""

    def __init__(self, page, server) -> None:
        self.page = page
        self.server = server
        self.errors: list[str] = []
        self.foreign: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._look)
        page.set_default_timeout(30_000)

    def _hear(self, message) -> None:
        # Streamlit looks for its health address below a page's own path first and finds it at the root.
        probing = "/_stcore/" in message.location.get("url", "")
        if message.type == "error" and not probing:
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _look(self, request) -> None:
        local = (self.server.url, self.server.url.replace("http", "ws"), "data:", "blob:")
        if not request.url.startswith(local):
            self.foreign.append(request.url)

    def open(self, path: str = "") -> None:
        self.page.goto(f"{self.server.url}/{path}")
        self.settle()

    def menu(self, name: str) -> None:
        """Go to a page through the menu, as a person does."""
        self.page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True).click()
        self.page.get_by_role("heading", name=name, exact=True, level=1).wait_for()
        self.settle()

    def settle(self) -> None:
        """Wait until the script rests, for long enough that a follow-up run would have begun."""
        self.page.locator(IDLE).wait_for(state="attached", timeout=60_000)
        self.page.wait_for_timeout(250)
        self.page.locator(IDLE).wait_for(state="attached", timeout=60_000)

    def check(self) -> None:
        """No exception on the page, no error in the console, no request to another host."""
        assert self.page.locator("[data-testid=stException]").count() == 0, self.page.inner_text("body")
        assert self.errors == []
        assert self.foreign == []


@pytest.fixture
def tab(browser, server):
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
    opened = Tab(context.new_page(), server)
    yield opened
    context.close()
