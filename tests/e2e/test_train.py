"""Training in a real browser: it goes on without the page, is found again, stops, resumes, survives a kill, queues."""

import os
import re
import signal
import time
from pathlib import Path

import pytest

from negviz.load import SAMPLE, load
from negviz.mine import build_pool
from negviz.store import save_pool
from negviz.training import process
from negviz.training.process import Training
from negviz.training.report import outcome
from tests.e2e.conftest import Tab

pytestmark = pytest.mark.e2e
MODULE = b"negviz.training.worker"
PATIENCE = 90
QUICK = 2.0
# A round takes a tenth of a second: as many as the page allows, so that there is time to look at them.
SEEDS = 20
ROUNDS = 10 * SEEDS


@pytest.fixture(scope="module")
def trainer(server):
    """A dashboard with the sample, mined by an encoder that needs no weights."""
    pool = build_pool(load(SAMPLE), encoder="static", depth=60, home=server.home)
    save_pool(pool, server.home / "pools" / "sample")
    (server.home / "workspace.json").write_text('{"pool": "sample"}', "utf-8")
    yield server
    for pid in workers(server.home):
        os.kill(pid, signal.SIGKILL)


def workers(home: Path) -> list[int]:
    """Processes that work on the queue of a home."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().split(b"\0")
        except OSError:  # it has just ended
            continue
        if MODULE in words and str(home.absolute()).encode() in words:
            found.append(int(place.parent.name))
    return found


def until(happened, what: str, seconds: float = PATIENCE):
    """Wait for something and give it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = happened()
        if found:
            return found
        time.sleep(0.1)
    pytest.fail(f"Waited {seconds} s in vain for: {what}")


class Trainings:
    """The page Train in a tab of its own, and what lies on disk."""

    def __init__(self, browser, server) -> None:
        self.browser, self.server = browser, server
        self.tabs: list[Tab] = []

    def visit(self, path: str = "Train") -> Tab:
        """A visitor who has never been here."""
        context = self.browser.new_context(viewport={"width": 1440, "height": 1000})
        self.tabs.append(Tab(context.new_page(), self.server))
        self.tabs[-1].page.goto(f"{self.server.url}/{path}")
        return self.tabs[-1]

    def start(self, tab: Tab, seeds: int) -> Path:
        """Compare two schedules, ANCE first, and give the training's folder."""
        page, before = tab.page, {each.name for each in self.all}
        begin = page.get_by_role("button", name="Start training")
        if not before:
            begin.wait_for()
        else:
            page.get_by_text("What to compare").click()
            begin.wait_for()
        page.get_by_role("radio", name="Schedules", exact=True).click()
        page.get_by_text("ANCE, from the newest checkpoint").first.wait_for()
        box = page.get_by_role("spinbutton", name="Seeds")
        box.fill(str(seeds))
        box.press("Enter")
        page.get_by_text(f"{10 * seeds} rounds in all").wait_for()
        begin.click()
        return until(lambda: [each for each in self.all if each.name not in before], "a new training")[0].folder

    @property
    def all(self) -> list[Training]:
        return process.trainings(self.server.home)

    def reach(self, folder: Path, rounds: int) -> int:
        """Wait until so many rounds are finished."""
        until(lambda: outcome(folder).done >= rounds, f"{rounds} rounds")
        return outcome(folder).done

    def become(self, folder: Path, state: str) -> None:
        until(lambda: process.training(folder).state == state, f"state {state}")

    def close(self, tab: Tab) -> None:
        tab.check()
        tab.page.context.close()
        self.tabs.remove(tab)


@pytest.fixture
def trainings(browser, trainer):
    opened = Trainings(browser, trainer)
    yield opened
    for tab in list(opened.tabs):
        opened.close(tab)
    assert "/negviz/" not in trainer.log.read_text(), trainer.log.read_text()[-4000:]
    assert "Traceback" not in (process.trainings_folder(trainer.home) / process.LOG).read_text()


def bar(tab: Tab) -> float:
    """What the progress bar says, 0 to 100."""
    return float(tab.page.get_by_test_id("stProgress").get_by_role("progressbar").get_attribute("aria-valuenow"))


def badge(tab: Tab, word: str) -> None:
    """Wait until a training stands so in the list; a sign stands before the word."""
    tab.page.get_by_text(re.compile(rf"{word}\s*$")).first.wait_for()


def finished(tab: Tab) -> None:
    """The outcome is on screen: sentences, points and the table."""
    page = tab.page
    page.get_by_text("What was found").wait_for(timeout=60_000)
    sentence = re.compile(r"(No difference in nDCG@10 was found between|is \d\.\d+ nDCG@10 (above|below))")
    assert page.get_by_text(sentence).first.is_visible()
    page.get_by_text("(before training)").first.wait_for()
    page.get_by_text("difference", exact=True).first.wait_for()
    page.get_by_text("ANCE, from the newest checkpoint").first.wait_for()
    assert page.get_by_test_id("stPlotlyChart").first.is_visible()


def test_it_goes_on_without_the_page_and_is_stopped_and_resumed(trainings):
    tab = trainings.visit()
    folder = trainings.start(tab, seeds=SEEDS)
    # Watched: the bar moves, and loss and measure come.
    tab.page.get_by_text(re.compile(rf"^Set \d of 2, seed \d+ of {SEEDS}, round")).first.wait_for(timeout=60_000)
    first = bar(tab)
    tab.page.get_by_test_id("stEChartsChart").locator("canvas").first.wait_for()
    tab.page.get_by_test_id("stPlotlyChart").first.wait_for()
    until(lambda: bar(tab) > first, "the bar to move")
    assert folder.name in tab.page.url
    # Another page of the same server is as quick as ever.
    assert any(_seconds_to_open(trainings, name) < QUICK for name in ("Load", "Audit", "Label"))
    # The window is closed, and the training goes on.
    trainings.close(tab)
    done = outcome(folder).done
    assert process.training(folder).state == "running"
    assert trainings.reach(folder, done + 2) > done
    # Another visitor finds it, stops it, and what was finished stays.
    back = trainings.visit(f"Train?training={folder.name}")
    badge(back, "Runs")
    back.page.get_by_role("button", name="Stop", exact=True).click()
    trainings.become(folder, "stopped")
    kept = outcome(folder).done
    assert done <= kept < ROUNDS
    back.page.get_by_text("It was stopped. What is finished is kept").wait_for()
    back.page.get_by_text(f"{kept} of {ROUNDS} rounds are finished").wait_for()
    _resumed(trainings, back, folder, kept)


def _seconds_to_open(trainings: Trainings, name: str) -> float:
    """How long a page takes that is opened through the menu while a training runs."""
    tab = trainings.visit("Mine")
    tab.page.get_by_role("heading", name="Mine", exact=True, level=1).wait_for()
    began = time.monotonic()
    tab.page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True).click()
    tab.page.get_by_role("heading", name=name, exact=True, level=1).wait_for()
    spent = time.monotonic() - began
    trainings.close(tab)
    return spent


def _resumed(trainings: Trainings, tab: Tab, folder: Path, kept: int) -> None:
    """Go on in the browser to the end; nothing that was finished is done again."""
    before = {path: path.stat().st_mtime_ns for path in folder.glob("units/*/*/metrics.npy")}
    assert len([path for path in before if path.parent.name != "before"]) == kept
    tab.page.get_by_role("button", name="Resume", exact=True).click()
    trainings.become(folder, "done")
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert outcome(folder).done == process.training(folder).plan.rounds
    finished(tab)


def test_one_whose_process_was_killed_says_so_and_is_resumed(trainings):
    tab = trainings.visit()
    folder = trainings.start(tab, seeds=SEEDS)
    trainings.reach(folder, 2)
    (pid,) = workers(trainings.server.home)
    os.kill(pid, signal.SIGKILL)
    trainings.become(folder, "interrupted")
    tab.page.get_by_text("The process that ran it ended without a word").wait_for()
    badge(tab, "Interrupted")
    _resumed(trainings, tab, folder, outcome(folder).done)


def test_the_second_waits_for_the_first_and_then_runs(trainings):
    tab = trainings.visit()
    first = trainings.start(tab, seeds=SEEDS)
    trainings.become(first, "running")
    second = trainings.start(tab, seeds=SEEDS)
    assert (process.training(first).state, process.training(second).state) == ("running", "queued")
    tab.page.get_by_text("It waits its turn: 1 before it.").wait_for()
    assert len(workers(trainings.server.home)) == 1
    trainings.become(second, "running")
    assert process.training(first).state == "done"
    trainings.reach(second, 1)
    tab.page.get_by_role("button", name="Stop", exact=True).click()
    trainings.become(second, "stopped")
    badge(tab, "Stopped")
    badge(tab, "Done")
