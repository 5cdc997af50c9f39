"""Encoding alone: `minilm` in each precision against `encode` of sentence-transformers (torch, float32, batches of 32).

    .venv/bin/python benchmarks/encoders.py [ROUNDS] [--data BEIR_FOLDER...] [--texts 1000] [--queries 100]
    .venv/bin/python benchmarks/encoders.py 1 --texts 100    # a trial

The same texts, drawn with a seed (of the sample without --data). Rounds are interleaved, since a shared machine
changes its speed from minute to minute; a first round of every side, in which libraries prepare themselves, is not
counted. Ratios are those of one round. Agreement is that of the vectors with torch's, as negviz.precision defines it:
overlap of the 20 nearest documents, 99th percentile of the difference of scores, and decisions that a margin of 5
percent below the positive makes otherwise.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from results import record, spread, told

from negviz.arrays import PAD
from negviz.dataset import Dataset
from negviz.encode import open_encoder
from negviz.encoders.minilm import weights_folder
from negviz.errors import NegvizError
from negviz.load import load
from negviz.precision import PRECISIONS, agreement

LIMITS = {"float32": ">= 2.2", "bfloat16": ">= 3.4", "int8": ">= 5"}


def drawn(data: Dataset, texts: int, queries: int) -> tuple[list[str], list[str], np.ndarray]:
    """Documents, queries, and the column of each query's first positive."""
    noise = np.random.default_rng(0)
    able = noise.permutation(np.unique(data.positives.queries))[:queries]
    known = [int(data.positives.of_query(int(row))[0]) for row in able]
    rest = [int(row) for row in noise.permutation(len(data.contents))]
    rows = list(dict.fromkeys([*known, *rest]))[:texts]
    places = {row: place for place, row in enumerate(rows)}
    positives = np.array([[places.get(row, PAD)] for row in known], dtype=np.int32)
    kept = positives[:, 0] != PAD
    questions = [data.query_texts[int(row)] for row, keep in zip(able, kept, strict=True) if keep]
    return [data.content(row) for row in rows], questions, positives[kept]


def clocked(work: Callable[[], Any]) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def sides(data: Dataset, home: Path) -> dict[str, Callable[[list[str]], np.ndarray]]:
    """What encodes, by name; the peer first."""
    from sentence_transformers import SentenceTransformer

    peer = SentenceTransformer(str(weights_folder()), device="cpu")
    found: dict[str, Callable[[list[str]], np.ndarray]] = {
        "torch": lambda texts: peer.encode(texts, batch_size=32, show_progress_bar=False)
    }
    for precision in PRECISIONS:
        try:
            encoder = open_encoder("minilm", data, home=home, backend="openvino", precision=precision)
        except NegvizError as error:
            print(f"{precision} is left out: {error}")
            continue
        found[precision] = encoder.encode_documents
    return found


def measure(data: Dataset, texts: int, queries: int, rounds: int) -> list[dict[str, Any]]:
    documents, questions, positives = drawn(data, texts, queries)
    with TemporaryDirectory() as home:
        ways = sides(data, Path(home))
        scores = {name: encode(questions) @ encode(documents).T for name, encode in ways.items()}
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, encode in ways.items():
                taken[name].append(clocked(lambda encode=encode: encode(documents)))
    peer = np.array(taken["torch"])
    rows = []
    print(f"{data.name}: {len(documents):,} documents, torch {len(documents) / np.median(peer[:, 0]):,.1f} texts/s")
    for name in list(ways)[1:]:
        ratios = peer / np.array(taken[name])
        wall, cpu = (spread(list(ratios[:, column])) for column in (0, 1))
        agrees = agreement(scores["torch"].astype(np.float64), scores[name].astype(np.float64), positives)
        print(
            f"{name:<9} wall {told(wall)}, CPU {told(cpu)}, overlap@20 {agrees['overlap_at_20']:.3f}, "
            f"score p99 {agrees['score_difference_p99']:.4f}, flipped {agrees['flipped']:.2%}"
        )
        about = {"data": data.name, "texts": len(documents), "rounds": rounds, **agrees}
        what = f"torch / {name}, {data.name}"
        rows.append({"what": f"{what}, wall time", **wall, "unit": "times", "limit": LIMITS[name], **about})
        rows.append({"what": f"{what}, CPU time", **cpu, "unit": "times", **about})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", nargs="?", type=int, default=5)
    parser.add_argument("--data", nargs="+", default=["sample"], metavar="BEIR_FOLDER")
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--queries", type=int, default=100)
    asked = parser.parse_args()
    rows = [row for place in asked.data for row in measure(load(place), asked.texts, asked.queries, asked.rounds)]
    record("encoders", "Encoding alone, each precision against torch in float32", rows)


if __name__ == "__main__":
    main()
