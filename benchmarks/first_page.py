"""How long from `negviz app --open` to the first drawn page on the sample, with nothing cached.

    .venv/bin/python benchmarks/first_page.py

Starts the dashboard with an empty home, opens it in Chromium, and prints the seconds until Home is drawn, until the
sample is mined and Home shows its counts, and until the Thresholds page shows its chart.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str) -> None:
    while True:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.1)


def measure(url: str, begun: float) -> dict[str, float]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.set_default_timeout(300_000)
        page.goto(url)
        page.get_by_role("heading", name="Home", exact=True, level=1).wait_for()
        seconds = {"home drawn": time.time() - begun}
        page.get_by_test_id("stMetric").first.wait_for()
        seconds["sample mined and shown"] = time.time() - begun
        page.get_by_test_id("stSidebar").get_by_role("link", name="Thresholds", exact=True).click()
        page.locator(".board text >> visible=true").first.wait_for()
        seconds["thresholds drawn"] = time.time() - begun
        browser.close()
    return {name: round(value, 1) for name, value in seconds.items()}


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        port = free_port()
        environment = {**os.environ, "NEGVIZ_HOME": home, "STREAMLIT_SERVER_HEADLESS": "true"}
        begun = time.time()
        command = [sys.executable, "-m", "negviz", "app", "--open", "--port", str(port)]
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as server:
            try:
                wait_for(f"http://127.0.0.1:{port}")
                print(json.dumps(measure(f"http://127.0.0.1:{port}", begun)))
            finally:
                server.terminate()


if __name__ == "__main__":
    main()
