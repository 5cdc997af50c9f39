"""BM25 against bm25s alone and rank-bm25: python benchmarks/bm25.py BEIR_FOLDER [BEIR_FOLDER ...] [--documents 60000]

Every round tokenises and indexes the corpus and brings the best 200 documents of 1,000 queries: by ours, by bm25s with
its own tokeniser and its numba loops (as it comes, without English function words, and with them, as ours keeps
them), and by rank-bm25, which is asked few queries (--slow-queries) and taken to need as long for each of the others.
Loops are compiled before the first round. Where the folders hold fewer documents than asked for, the first half of one
real text is joined to the second half of another; queries are repeated.
"""

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import bm25s
import numpy as np
from rank_bm25 import BM25Okapi

from negviz.lexical import LexicalIndex, tokenise

DEPTH = 200


def main() -> None:
    """Print a table of ratios."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("folders", nargs="+", type=Path)
    asked.add_argument("--documents", type=int, default=60_000)
    asked.add_argument("--queries", type=int, default=1_000)
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--slow-queries", type=int, default=5, help="how many rank-bm25 is asked; 0 leaves it out")
    given = asked.parse_args()
    texts, queries = corpus(given.folders, given.documents, given.queries)
    words, asking = (np.mean([len(text.split()) for text in kind]) for kind in (texts, queries))
    print(f"{len(texts):,} documents of {words:.0f} words, {len(queries):,} queries of {asking:.0f}, best {DEPTH}")
    ways: dict[str, Callable[[], list[float]]] = {
        "negviz": lambda: ours(texts, queries),
        "bm25s alone": lambda: theirs(texts, queries, "english"),
        "bm25s with function words": lambda: theirs(texts, queries, None),
    }
    start = time.perf_counter()
    ways["negviz"]()
    print(f"first call, loops compiled or loaded: {time.perf_counter() - start:.1f} s")
    ways["bm25s alone"]()
    if given.slow_queries:
        ways["rank-bm25"] = lambda: slow(texts, queries, given.slow_queries)
    rounds = [{name: way() for name, way in ways.items()} for _ in range(given.rounds)]
    print(f"{'':<28}{'index':>8}{'queries':>9}{'both':>8}   ratio of both to ours, median (lowest to highest)")
    for name in ways:
        index, search = (statistics.median(taken[name][part] for taken in rounds) for part in (0, 1))
        ratios = sorted(sum(taken[name]) / sum(taken["negviz"]) for taken in rounds)
        spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        print(f"{name:<28}{index:>7.2f}s{search:>8.2f}s{index + search:>7.2f}s   {spread}")


def ours(texts: list[str], queries: list[str]) -> list[float]:
    """Seconds of the index and of the queries."""
    start = time.perf_counter()
    index = LexicalIndex(texts)
    built = time.perf_counter()
    index.top(queries, DEPTH)
    return [built - start, time.perf_counter() - built]


def theirs(texts: list[str], queries: list[str], left_out: str | None) -> list[float]:
    """The same by bm25s."""
    start = time.perf_counter()
    index = bm25s.BM25(backend="numba")
    index.index(bm25s.tokenize(texts, stopwords=left_out, show_progress=False), show_progress=False)
    built = time.perf_counter()
    words = bm25s.tokenize(queries, stopwords=left_out, show_progress=False)
    index.retrieve(words, k=min(DEPTH, len(texts)), show_progress=False)
    return [built - start, time.perf_counter() - built]


def slow(texts: list[str], queries: list[str], some: int) -> list[float]:
    """The same by rank-bm25, from some queries."""
    start = time.perf_counter()
    index = BM25Okapi([tokenise(text) for text in texts])
    built = time.perf_counter()
    for query in queries[:some]:
        scores = index.get_scores(tokenise(query))
        np.argsort(-scores)[:DEPTH]
    return [built - start, (time.perf_counter() - built) * len(queries) / some]


def corpus(folders: list[Path], documents: int, queries: int) -> tuple[list[str], list[str]]:
    """Texts and queries of BEIR folders, and mixtures of them where there are too few."""
    texts: list[str] = []
    asked: list[str] = []
    for folder in folders:
        for line in (folder / "corpus.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            texts.append(f"{row.get('title') or ''} {row['text']}".strip())
        asked += [json.loads(line)["text"] for line in (folder / "queries.jsonl").read_text("utf-8").splitlines()]
    chance, real = random.Random(0), len(texts)
    chance.shuffle(texts)
    while len(texts) < documents:
        one, other = (texts[chance.randrange(real)].split() for _ in range(2))
        texts.append(" ".join(one[: len(one) // 2] + other[len(other) // 2 :]))
    chance.shuffle(asked)
    return texts[:documents], (asked * (queries // len(asked) + 1))[:queries]


if __name__ == "__main__":
    main()
