"""What another margin costs: on a stored pool, against running ``mine_hard_negatives`` again in full or with its cache.

    .venv/bin/python benchmarks/end_to_end.py BEIR_FOLDER... --work FOLDER   # leaves texts, pool, peer's cache
    .venv/bin/python benchmarks/retune.py FOLDER [--rounds 5]
    .venv/bin/python benchmarks/retune.py FOLDER --peer        # measures the peer's full run here, once

Each round is a process for the peer and one for us, in turn; each does its own work once before its clock runs, so that
neither pays for imports, for opening the model or the pool, or for a first look, which is printed beside. Then both are
given margins that they have not seen, and the clock runs until everything that a person needs is there:

    ours   the counts of every step, the queries that starve, the negatives by row, and their scores
    peer   its data set of triplets with scores, statistics off; embeddings are in its cache, with and without FAISS

"With the file" also writes what ``negviz select`` writes: every candidate with its scores and what refused it, which
the peer has not got. The peer's full run is taken from the record of end_to_end.py where sizes are the same.
The negatives of both are compared at every margin.
"""

import argparse
import contextlib
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from end_to_end import MARGIN, NEGATIVES, RANGE, Bench, depth_of, recipe_for
from real_texts import Texts
from results import record, recorded, spread, told

# Margins that are tried after the first one, which is the warm-up.
MARGINS = (0.02, 0.04, 0.06, 0.08, 0.1)
FULL, WARM = ">= 5000", ">= 50"


def peer(work: Path) -> dict[str, Any]:
    """Warm runs of the peer: seconds a margin with and without FAISS, and the negatives of each margin."""
    import datasets
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.util import mine_hard_negatives

    from negviz.encoders.minilm import weights_folder

    data = Texts.read(work / "texts.json")
    contents = data.contents
    pairs = datasets.Dataset.from_dict(data.pairs())
    model = SentenceTransformer(str(weights_folder()), device="cpu")
    datasets.disable_progress_bars()

    def mine(margin: float, faiss: bool) -> tuple[float, Any]:
        start = time.perf_counter()
        with contextlib.redirect_stderr(io.StringIO()):
            mined = mine_hard_negatives(
                pairs, model, corpus=list(contents), range_max=RANGE, relative_margin=margin, num_negatives=NEGATIVES,
                output_scores=True, verbose=False, cache_folder=str(work / "peer"), use_faiss=faiss,
            )  # fmt: skip
        return time.perf_counter() - start, mined

    seconds: dict[str, list[float]] = {"torch": [], "faiss": []}
    taken: dict[str, list[list[int]]] = {}
    rows = {text: row for row, text in enumerate(contents)}
    place = {text: row for row, text in enumerate(data.queries)}
    for kind, times in seconds.items():
        mine(MARGIN, kind == "faiss")
        for margin in MARGINS:
            took, mined = mine(margin, kind == "faiss")
            times.append(took)
            both = zip(mined["query"], mined["negative"], strict=True)
            taken[str(margin)] = sorted({(place[query], rows[document]) for query, document in both})
    return {"seconds": seconds, "taken": taken}


def ours(work: Path) -> dict[str, Any]:
    """Selections on the stored pool: seconds of the first look, of each margin, and of each margin with its file."""
    from negviz.recipe import recipe_of
    from negviz.select import select
    from negviz.store import open_pool, save_selection

    depth = depth_of(Texts.read(work / "texts.json").positives)
    start = time.perf_counter()
    pool = open_pool(work / "pool")
    recipe = recipe_of(recipe_for(depth))
    select(pool, recipe).summary()
    first = time.perf_counter() - start
    seconds: list[float] = []
    with_file: list[float] = []
    taken = {}
    with tempfile.TemporaryDirectory() as folder:
        for margin in MARGINS:
            start = time.perf_counter()
            selection = select(pool, recipe.with_setting(f"relative_margin.margin={margin}"))
            selection.summary()
            rows = np.take_along_axis(pool.documents, np.maximum(selection.columns, 0), axis=1)
            selection.taken_scores  # noqa: B018 - it is worked out when asked for
            seconds.append(time.perf_counter() - start)
            save_selection(selection, Path(folder) / "negatives.parquet")
            with_file.append(time.perf_counter() - start)
            there = selection.columns >= 0
            queries = np.broadcast_to(pool.queries[:, None], rows.shape)
            taken[str(margin)] = sorted(zip(queries[there].tolist(), rows[there].tolist(), strict=True))
    return {"first": first, "seconds": seconds, "with_file": with_file, "taken": taken}


def alone(side: str, work: Path) -> dict[str, Any]:
    """A side in a process of its own."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [sys.executable, __file__, str(work), "--side", side, "--out", out.name]
        subprocess.run(command, check=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
        return dict(json.loads(Path(out.name).read_text("utf-8")))


def full_run(work: Path, texts: Texts, measure: bool) -> list[float]:
    """Seconds of the peer's full run: lowest, median and highest of the record, or measured here."""
    if measure:
        with tempfile.TemporaryDirectory() as folder:
            return [Bench(work / "texts.json", Path(folder)).peer(0, None).seconds]
    for row in (recorded("end_to_end") or {"rows": []})["rows"]:
        same = row.get("documents") == len(texts.documents) and row.get("queries") == len(texts.queries)
        if same and row["what"].startswith("mine_hard_negatives"):
            return [row["low"], row["median"], row["high"]]
    raise SystemExit("No full run of the peer with these texts is on record; run end_to_end.py, or give --peer.")


def benchmark(work: Path, rounds: int, measure: bool) -> None:
    """Measure, print and record."""
    texts = Texts.read(work / "texts.json")
    full = full_run(work, texts, measure)
    pairs = []
    for place in range(rounds):
        pairs.append((alone("peer", work), alone("ours", work)))
        print(f"round {place + 1} of {rounds}", flush=True)
    usual = [statistics.median(mine["seconds"]) for _, mine in pairs]
    filed = [statistics.median(mine["with_file"]) for _, mine in pairs]
    # The quicker of the peer's two ways, in each round.
    warm = [min(statistics.median(times) for times in his["seconds"].values()) for his, _ in pairs]
    fulls = full if len(full) == rounds else [statistics.median(full)] * rounds
    same = min(share(mine["taken"][margin], his["taken"][margin]) for his, mine in pairs for margin in mine["taken"])
    sizes = {"queries": len(texts.queries), "documents": len(texts.documents), "rounds": rounds}
    shared = {**sizes, "same_negatives": same, "data": texts.told()}
    rows = [
        row("the peer's full run / ours", ratios(fulls, usual), "times", FULL, shared),
        row("the peer with its warm cache / ours", ratios(warm, usual), "times", WARM, shared),
        row("the peer's full run / ours with the file", ratios(fulls, filed), "times", "", shared),
        row("the peer with its warm cache / ours with the file", ratios(warm, filed), "times", "", shared),
        row("another margin, ours", [1000 * each for each in usual], "ms", "", shared),
        row("another margin with the file, ours", [1000 * each for each in filed], "ms", "", shared),
        row("first look at the stored pool, ours", [1000 * mine["first"] for _, mine in pairs], "ms", "", shared),
        row("another margin, the peer with its warm cache", [1000 * each for each in warm], "ms", "", shared),
        row("the peer's full run", full, "s", "", shared),
    ]
    record("retune", "Another margin on a stored pool, times cheaper than running mine_hard_negatives again", rows)
    print(f"\n{texts.told()}; {rounds} rounds; the same negatives: {same:.4f} at the least\n")
    print("| | median (lowest to highest) |\n| :--- | ---: |")
    for each in rows:
        print(f"| {each['what']}, {each['unit']} | {told(each, 1)} |")


def row(what: str, values: list[float], unit: str, limit: str, shared: dict[str, Any]) -> dict[str, Any]:
    """A row of the record."""
    return {"what": what, "unit": unit, **spread(values), **({"limit": limit} if limit else {}), **shared}


def ratios(theirs: list[float], mine: list[float]) -> list[float]:
    """One a round."""
    return [one / other for one, other in zip(theirs, mine, strict=True)]


def share(one: list[Any], other: list[Any]) -> float:
    """Share of the pairs of two lists that both have."""
    first, second = set(map(tuple, one)), set(map(tuple, other))
    return len(first & second) / max(len(first), len(second), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("work", type=Path, help="Folder that end_to_end.py --work left.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer", action="store_true", help="Measure the peer's full run once, here.")
    parser.add_argument("--side", choices=["peer", "ours"], help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        found = peer(given.work) if given.side == "peer" else ours(given.work)
        given.out.write_text(json.dumps(found), "utf-8")
    else:
        benchmark(given.work, given.rounds, given.peer)


if __name__ == "__main__":
    main()
