"""BM25 against bm25s alone and rank-bm25: python benchmarks/bm25.py BEIR_FOLDER [BEIR_FOLDER ...] [--documents 60000]

Every round tokenises and indexes the corpus and brings the best 200 documents of 1,000 queries: by ours, by bm25s with
its own tokeniser and its numba loops (on the same words as ours, with as many threads; and as it comes, without English
function words and words of one letter, in one thread), and by rank-bm25. rank-bm25 is asked few queries
(--slow-queries) and taken to need as long for each of the others, so its figure is extrapolated. Loops are compiled
before the first round. Where the folders hold fewer documents than asked for, the first half of one real text is joined
to the second half of another; queries are repeated.
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
from numba import get_num_threads
from rank_bm25 import BM25Okapi
from results import record, spread, told

from negviz.lexical import LexicalIndex, tokenise

DEPTH = 200
OURS, SAME, AS_IT_COMES, SLOW = "negviz", "bm25s, same words", "bm25s as it comes", "rank-bm25"


def main() -> None:
    """Print a table of ratios."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("folders", nargs="+", type=Path)
    asked.add_argument("--documents", type=int, default=60_000)
    asked.add_argument("--queries", type=int, default=1_000)
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--slow-queries", type=int, default=20, help="how many rank-bm25 is asked; 0 leaves it out")
    given = asked.parse_args()
    texts, queries = corpus(given.folders, given.documents, given.queries)
    words, asking = (np.mean([len(text.split()) for text in kind]) for kind in (texts, queries))
    print(f"{len(texts):,} documents of {words:.0f} words, {len(queries):,} queries of {asking:.0f}, best {DEPTH}")
    ways: dict[str, Callable[[], list[float]]] = {
        OURS: lambda: ours(texts, queries),
        SAME: lambda: theirs(texts, queries, {"stopwords": None, "token_pattern": r"(?u)\b\w+\b"}, get_num_threads()),
        AS_IT_COMES: lambda: theirs(texts, queries, {"stopwords": "english"}, 0),
    }
    start = time.perf_counter()
    for way in ways.values():
        way()
    print(f"first calls, loops compiled or loaded: {time.perf_counter() - start:.1f} s")
    if given.slow_queries:
        ways[SLOW] = lambda: slow(texts, queries, given.slow_queries)
    rounds = [{name: way() for name, way in ways.items()} for _ in range(given.rounds)]
    report(rounds, len(texts), len(queries), given.slow_queries)


def report(rounds: list[dict[str, list[float]]], documents: int, queries: int, some: int) -> None:
    """Print a line a way, and record the ratios."""
    size = f"{documents:,} documents, {queries:,} queries"
    few = f"{queries:,} queries extrapolated from {some}"
    told_of = {
        SAME: ("negviz over bm25s alone on the same words", "<= 1.1", False),
        AS_IT_COMES: ("negviz over bm25s as it comes, which leaves function words out", "", False),
        SLOW: (f"rank-bm25 over negviz; rank-bm25's {few}", ">= 50", True),
    }
    print(f"{size}, best {DEPTH}\n{'':<20}{'index':>8}{'queries':>9}{'both':>8}   ratio, median (lowest to highest)")
    rows = []
    for name in rounds[0]:
        index, search = (statistics.median(taken[name][part] for taken in rounds) for part in (0, 1))
        line = f"{name:<20}{index:>7.2f}s{search:>8.2f}s{index + search:>7.2f}s"
        seconds = {"index_seconds": round(index, 3), "query_seconds": round(search, 3)}
        if name == OURS:
            both = spread([sum(taken[OURS]) for taken in rounds])
            rows.append({"what": f"negviz, index and {size}", "unit": "s", **both, **seconds})
            print(line)
            continue
        what, limit, turned = told_of[name]
        ratios = [sum(taken[OURS]) / sum(taken[name]) for taken in rounds]
        found = spread([1 / ratio for ratio in ratios] if turned else ratios)
        rows.append({"what": what, "unit": "times", **found, "limit": limit, **seconds})
        print(f"{line}   {what}: {told(found)}")
    record("bm25", "Index and queries by BM25 take as long as bm25s alone, and far less than rank-bm25", rows)


def ours(texts: list[str], queries: list[str]) -> list[float]:
    """Seconds of the index and of the queries."""
    start = time.perf_counter()
    index = LexicalIndex(texts)
    built = time.perf_counter()
    index.top(queries, DEPTH)
    return [built - start, time.perf_counter() - built]


def theirs(texts: list[str], queries: list[str], words: dict[str, str | None], threads: int) -> list[float]:
    """The same by bm25s; ``words`` says what its tokeniser takes for one."""
    start = time.perf_counter()
    index = bm25s.BM25(backend="numba")
    index.index(bm25s.tokenize(texts, show_progress=False, **words), show_progress=False)
    built = time.perf_counter()
    asked = bm25s.tokenize(queries, show_progress=False, **words)
    index.retrieve(asked, k=min(DEPTH, len(texts)), n_threads=threads, show_progress=False)
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
