"""Pictures of the pages, such as those in docs/: of the sample and of collections of yours.

    .venv/bin/python benchmarks/pictures.py docs sample PATH/cacm
    .venv/bin/python benchmarks/pictures.py look sample --theme dark --theme light --width 390 --width 1280 --whole

Mines each collection (dense and BM25, with the encoder `static` as an older checkpoint, so that two vectors of the same
texts can be laid side by side), opens the dashboard in Chromium and writes VIEW.png (of the sample) or DATA_VIEW.png
into the folder; what is not light and 1,280 pixels wide has that in its name. Pools are kept in --home and not mined
again. What a page does wrong is told: an exception, a page wider than its window, an error in the console.
"""

import argparse
import csv
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from dashboard import served
from first_page import CHROMIUM, FLAGS, ROOT
from PIL import Image
from playwright.sync_api import Browser, Error, Page, sync_playwright

IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
BUSY = "[aria-busy=true], [data-testid=stSpinner], [data-testid=stSkeleton]"
SIDEWAYS = "Math.max(0, document.documentElement.scrollWidth - window.innerWidth)"
# The page scrolls inside of this part, so its height is what a window needs to show all of it.
TALL = "Math.ceil(document.querySelector('[data-testid=stMain]').scrollHeight)"
WIDTH, HEIGHT, TALLEST, COLOURS, PATIENCE = 1280, 1150, 8000, 255, 120_000
COLOURFUL = 8
FOUR = "compare=nv_perc,nv_topk,simans,bm25"


@dataclass(frozen=True)
class View:
    """What is taken.

    Attributes:
        name: Of the picture.
        address: Of the page, with what it shows.
        click: Names of what is clicked there, one after the other.
        wait: What is there when it is drawn, as a selector.
        choose: Name of a box to choose from, and how the choice begins.
    """

    name: str
    address: str
    click: tuple[str, ...] = ()
    wait: str = "h1"
    choose: tuple[str, str] | None = None


@dataclass(frozen=True)
class Shot:
    """A view of a pool, as it is looked at."""

    pool: str
    theme: str
    width: int
    view: View
    whole: bool

    @property
    def name(self) -> str:
        """Of the file; what is usual is not in it: the sample, light, 1,280 pixels."""
        told = [
            self.pool * (self.pool != "sample"),
            self.view.name,
            "dark" * (self.theme == "dark"),
            str(self.width) * (self.width != WIDTH),
        ]
        return "_".join(filter(None, told))


CHART = "[data-testid=stEChartsChart] canvas, .board, .js-plotly-plot, .echarts-for-react canvas"
PLANE = ".points"
VIEWS = (
    View("home", "", wait="[data-testid=stMetric]"),
    View("load", "Load"),
    View("mine", "Mine", wait="[data-testid=stMetric]"),
    View("mine_all", "Mine", ("All queries",), wait=CHART),
    View("mine_methods", "Mine", ("All methods",)),
    View("thresholds", "Thresholds", wait=CHART),
    View("queries", "Thresholds?thresholds.view=Queries", wait=CHART),
    View("sweep", "Thresholds?thresholds.view=Sweep", wait=CHART),
    View("sweep_two", "Thresholds?thresholds.view=Sweep&sweeps.kind=Two+knobs", wait=CHART),
    View("map", "Map?map.colour=Cluster", wait=PLANE),
    View("map_verdict", "Map", wait=PLANE),
    View("map_length", "Map?map.colour=Length", wait=PLANE),
    View("map_density", "Map?map.colour=Likely+false+negatives", wait=PLANE),
    View("map_query", "Map?map.one=true", wait=PLANE),
    View("map_3d", "Map?map.dims=3-D&map.picture=PCA&map.colour=Cluster", wait=PLANE),
    View("map_recipes", "Map?map.beside=Recipe+simans", wait=PLANE),
    View("map_vectors", "Map?map.colour=Cluster", wait=PLANE, choose=("Beside it", "Vectors of")),
    View("compare", f"Compare?{FOUR}", wait=CHART),
    View("compare_hardness", f"Compare?{FOUR}", ("Hardness",), wait=CHART),
    View("compare_starved", f"Compare?{FOUR}", ("Starved queries",)),
    View("compare_differences", f"Compare?{FOUR}", ("What differs",)),
    View("label", "Label"),
    View("audit", "Audit"),
    View("audit_rate", "Audit?audit.view=Rate", wait=CHART),
    View("audit_advice", "Audit?audit.view=Advice", wait=CHART),
    View("train", "Train", wait=CHART),
    View("train_rounds", "Train?training=1-pictures&train.view=Round+by+round", wait=CHART),
    View("export", "Export"),
)


def mine(data: str, home: Path) -> str:
    """Mine a collection where that was not done before; gives the pool's name."""
    name = Path(data).name
    if not (home / "pools" / name / "manifest.json").is_file():
        command = [sys.executable, "-m", "negviz", "pool", data, "--out", str(home / "pools" / name)]
        command += ["--retriever", "dense", "--retriever", "bm25", "--checkpoint", "static", "--depth", "100"]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "NEGVIZ_HOME": str(home)}, check=True)
    return name


def judge(pool: str, truth: Path, home: Path) -> None:
    """Label a random sample of what the usual recipe takes as judgments have it, so that a rate can be seen."""

    def negviz(*words: str) -> None:
        command = [sys.executable, "-m", "negviz", *words]
        subprocess.run(command, cwd=home, env={**os.environ, "NEGVIZ_HOME": str(home)}, check=True)

    folder, selection, sheet = str(home / "pools" / pool), f"{pool}.parquet", home / f"{pool}.csv"
    negviz("select", folder, "--recipe", "nv_perc", "--out", selection)
    negviz("sample", folder, "--selection", selection, "--size", "150", "--out", sheet.name)
    answers = {
        tuple(line.split("\t")[:2]) for line in truth.read_text("utf-8").splitlines() if line[-1:] not in {"", "0"}
    }
    with sheet.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        for row in rows:
            found = (row["query_id"], row["document_id"]) in answers
            writer.writerow({**row, "verdict": "false negative" if found else "true negative"})
    negviz("labels", "import", sheet.name)


def train(pool: str, truth: Path | None, home: Path) -> None:
    """Run a proof and two schedules, the schedules first, so that the proof is the newest; kept with the home."""
    if list((home / "training").glob("*-pictures")):
        return
    folder = str(home / "pools" / pool)
    judged = ["--judgments", str(truth.resolve()), "--complete"] if truth else []
    labelled = ["--labels", str(home / "labels.sqlite")] if truth else []
    words = [
        ["--schedule", "refreshed", "--schedule", "ance", "--schedule", "adore", "--recipe", "nv_perc", *judged],
        ["--proof", "--recipe", "nv_perc", *judged, *labelled],
    ]
    for number, more in enumerate(words, start=1):
        command = [sys.executable, "-m", "negviz", "train", folder, *more, "--seeds", "3"]
        command += ["--out", str(home / "training" / f"{number}-pictures")]
        subprocess.run(command, cwd=home, env={**os.environ, "NEGVIZ_HOME": str(home)}, check=True)


def settle(page: Page) -> None:
    for _ in range(2):
        page.locator(IDLE).wait_for(state="attached")
        page.wait_for_timeout(400)
    page.wait_for_function(f"document.querySelectorAll('{BUSY}').length === 0")


def open_view(page: Page, url: str, pool: str, view: View) -> None:
    page.goto(f"{url}/{view.address}{'&' if '?' in view.address else '?'}pool={pool}")
    page.locator("h1").first.wait_for()
    settle(page)
    for name in view.click:
        page.get_by_role("radio", name=name, exact=True).or_(page.get_by_text(name, exact=True)).first.click()
        settle(page)
    if view.choose:
        box, option = view.choose
        page.get_by_role("combobox", name=re.compile(box)).click()
        page.keyboard.type(option)
        page.get_by_role("option", name=re.compile(f"^{option}")).first.click()
        settle(page)
    page.locator(view.wait).first.wait_for()
    page.get_by_role("button", name="Stop").first.wait_for(state="detached")
    settle(page)
    page.mouse.move(0, 0)
    page.wait_for_timeout(600)


def small(path: Path) -> None:
    """The same picture with a palette of its most frequent colours, which makes it a third as large.

    Even areas keep their colour exactly; colours count more than greys, of which the edges of letters are full.
    """
    with Image.open(path) as opened:
        pixels = np.asarray(opened.convert("RGB"))
    packed = pixels.reshape(-1, 3).astype(int) @ (1 << 16, 1 << 8, 1)
    known, places, counts = np.unique(packed, return_inverse=True, return_counts=True)
    colours = np.stack([known >> 16, known >> 8 & 255, known & 255], axis=1)
    weights = counts * np.where(np.ptp(colours, axis=1) > 24, COLOURFUL, 1)
    palette = colours[np.argsort(-weights, kind="stable")[:COLOURS]]
    nearest = np.concatenate([
        ((part[:, None] - palette) ** 2).sum(axis=2).argmin(axis=1) for part in np.array_split(colours, 50)
    ])  # fmt: skip
    picture = Image.fromarray(nearest[places].reshape(pixels.shape[:2]).astype(np.uint8), mode="P")
    picture.putpalette(palette.astype(np.uint8).ravel().tolist())
    picture.save(path, optimize=True)


def take(browser: Browser, url: str, shot: Shot, place: Path) -> list[str]:
    """Take one picture; gives what was wrong, in words, and nothing where all was well."""
    size = {"width": shot.width, "height": HEIGHT}
    context = browser.new_context(viewport=size, color_scheme=shot.theme, reduced_motion="reduce")
    page, said = context.new_page(), []
    page.set_default_timeout(PATIENCE)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda told: said.append(told.text) if told.type == "error" else None)
    try:
        open_view(page, url, shot.pool, shot.view)
        if shot.whole:
            page.set_viewport_size({**size, "height": min(max(page.evaluate(TALL), HEIGHT), TALLEST)})
            settle(page)
            page.wait_for_timeout(600)
        if page.evaluate(SIDEWAYS):
            said.append(f"{page.evaluate(SIDEWAYS)} pixels wider than the window")
        if page.locator("[data-testid=stException]").count():
            said.append("an exception is shown")
    except Error as error:
        said.append(str(error).splitlines()[0])
    page.screenshot(path=place)
    small(place)
    context.close()
    # Streamlit looks for its health address below a page's own path first and finds it at the root.
    return [each for each in said if "404" not in each]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder for the pictures")
    parser.add_argument("data", nargs="*", default=["sample"], help="'sample' or a collection, as 'negviz pool' reads")
    parser.add_argument("--home", type=Path, help="where pools are kept; without it they go when the script ends")
    parser.add_argument("--truth", type=Path, help="complete judgments of the first collection, to label a sample by")
    parser.add_argument("--view", action="append", help=f"one of {', '.join(view.name for view in VIEWS)}")
    parser.add_argument("--theme", action="append", choices=["light", "dark"])
    parser.add_argument("--width", action="append", type=int)
    parser.add_argument("--whole", action="store_true", help="the whole page, not what a window shows")
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    views = [view for view in VIEWS if not asked.view or view.name in asked.view]
    judged = {"audit_rate", "audit_advice"}
    looks = product(asked.theme or ["light"], asked.width or [WIDTH], views, [asked.whole])
    asked.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = (asked.home or Path(folder)).resolve()
        pools = [mine(data, home) for data in asked.data]
        if asked.truth:
            judge(pools[0], asked.truth, home)
        if any(view.name.startswith("train") for view in views):
            train(pools[0], asked.truth, home)
        shots = [Shot(pool, *look) for pool, look in product(pools, list(looks))]
        # Only what was judged has a rate to be seen, and only the first collection was trained on.
        shots = [shot for shot in shots if shot.view.name not in judged or (asked.truth and shot.pool == pools[0])]
        shots = [shot for shot in shots if not shot.view.name.startswith("train") or shot.pool == pools[0]]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        with served(home) as (url, _):
            for shot in shots:
                wrong = take(browser, url, shot, asked.out / f"{shot.name}.png")
                print(shot.name, *wrong, sep="; ", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
