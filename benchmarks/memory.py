"""What search and scoring take in memory: python benchmarks/memory.py [--memory 512MB] [8000x200000 1000x1000000]

For each size random unit vectors of 384 dimensions are written to .npy files and mapped, and two processes of their own
do what mining does with them: one brings the best 100 documents of every query and scores them anew; one does the same
by BM25 over made-up texts of 40 words, which it reads from a file. Peak memory is what Linux counts as resident at most
(VmHWM) less what it was before the work began, when all libraries were loaded. Pages of mapped files that were read
count as resident as long as nobody else wants the memory; so they are told apart: "beyond the embeddings" is the peak
of RssAnon and RssShmem, looked at every 5 ms, and "with mapped pages" the difference of VmHWM. A GB is 10^9 bytes.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from results import record, spread

from negviz.budget import bytes_of

DIMS, DEPTH, WORDS = 384, 100, 40
WRITTEN = 50_000
GB = 1e9
# What is promised of a size: below so many GB beyond the embeddings, and with all pages of them that were read.
BEYOND = {"8000x200000": "< 0.75"}
IN_ALL = {"1000x1000000": "< 4"}


def main() -> None:
    """Print a table, or do the work of a row."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("sizes", nargs="*", default=["8000x200000", "1000x1000000"])
    asked.add_argument("--memory", default="512MB")
    asked.add_argument("--work", choices=sorted(WORK), help=argparse.SUPPRESS)
    asked.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.work:
        measured(given.work, given.folder, bytes_of(given.memory))
        return
    rows = []
    print(f"--memory {given.memory}; GB and seconds")
    columns = f"{'beyond the embeddings':>23}{'with mapped pages':>20}{'embeddings':>12}{'seconds':>9}"
    print(f"{'queries x documents':<22}{'work':<8}{columns}")
    for size in given.sizes:
        queries, documents = (int(number) for number in size.split("x"))
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), queries, documents)
            for work in WORK:
                call = [sys.executable, __file__, "--work", work, "--folder", folder, "--memory", given.memory]
                found = subprocess.run(call, check=True, capture_output=True, text=True).stdout.split()
                anonymous, resident, took = (float(value) for value in found)
                mapped = (queries + documents) * DIMS * 4 / GB
                print(f"{size:<22}{work:<8}{anonymous:>23.2f}{resident:>20.2f}{mapped:>12.2f}{took:>9.1f}", flush=True)
                what = f"{queries:,} queries x {documents:,} documents, {work}, --memory {given.memory}"
                told = {"unit": "GB", "embeddings": round(mapped, 3), "seconds": round(took, 1)}
                rows += [
                    {"what": f"{what}: {kind}", **told, **spread([value]), "limit": limits.get(size, "")}
                    for kind, value, limits in (
                        ("beyond the embeddings", anonymous, BEYOND),
                        ("with mapped pages", resident, IN_ALL),
                    )
                ]
    record("memory", "Search takes what it is allowed, whatever the size of the embeddings", rows)


def write(folder: Path, queries: int, documents: int) -> None:
    """Vectors and texts of both, some at a time."""
    noise = np.random.default_rng(0)
    for name, rows in (("queries", queries), ("documents", documents)):
        vectors = np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=np.float32, shape=(rows, DIMS))
        with (folder / f"{name}.txt").open("w") as file:
            for start in range(0, rows, WRITTEN):
                part = noise.standard_normal((min(WRITTEN, rows - start), DIMS), dtype=np.float32)
                vectors[start : start + WRITTEN] = part / np.linalg.norm(part, axis=1, keepdims=True)
                # Few words are frequent and many are rare, as in every language (Zipf 1949).
                words = noise.zipf(1.2, (len(part), WORDS)) % 1_000_000
                file.writelines(" ".join(f"w{word}" for word in row) + "\n" for row in words.tolist())


def dense(folder: Path, memory: int) -> None:
    """Bring and score by vectors."""
    from negviz.embeddings import Embeddings, similarities
    from negviz.retrievers.dense import dense as retrieve

    queries, documents = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("queries", "documents"))
    embeddings = Embeddings(queries, documents, "cosine", "random", "random")
    rows = np.arange(len(queries), dtype=np.int32)
    found = retrieve(queries=rows, depth=DEPTH, embeddings=embeddings, memory=memory)
    similarities(embeddings, rows, found)


def bm25(folder: Path, memory: int) -> None:
    """Bring and score by words."""
    from negviz.lexical import LexicalIndex

    del memory  # an index of words is as large as its documents make it; shards keep it small
    index = LexicalIndex(lines(folder / "documents.txt"))
    texts = [" ".join(line.split()[:10]) for line in lines(folder / "queries.txt")]
    index.score(texts, index.top(texts, DEPTH)[0])


WORK = {"dense": dense, "bm25": bm25}


def lines(path: Path) -> Iterator[str]:
    """The texts of a file, one at a time."""
    with path.open() as file:
        yield from file


def measured(work: str, folder: Path, memory: int) -> None:
    """Do the work once on little, then for real, and print both peaks in GB and the seconds."""
    import bm25s  # noqa: F401 - loaded before anything is measured
    import faiss  # noqa: F401
    from numba import njit  # noqa: F401

    from negviz.retrievers import dense as _  # noqa: F401

    before, resident = kibibytes("RssAnon", "RssShmem"), kibibytes("VmRSS")
    peak, ended = [0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.005):
            peak[0] = max(peak[0], kibibytes("RssAnon", "RssShmem"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    WORK[work](folder, memory)
    took = time.perf_counter() - start
    ended.set()
    watcher.join()
    print((peak[0] - before) * 1024 / GB, (kibibytes("VmHWM") - resident) * 1024 / GB, took)


def kibibytes(*names: str) -> int:
    """What Linux says of this process."""
    lines_of = Path("/proc/self/status").read_text().splitlines()
    found = dict(line.split(":", 1) for line in lines_of)
    return sum(int(found[name].split()[0]) for name in names)


if __name__ == "__main__":
    main()
