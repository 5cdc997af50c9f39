"""Files of millions of rows through ``negviz convert``: rows a second, and the memory that it takes at its highest.

    .venv/bin/python benchmarks/formats.py                          # a million rows, three runs
    .venv/bin/python benchmarks/formats.py --rows 10000000 --runs 1 --only triplet
    .venv/bin/python benchmarks/formats.py --rows 100000            # the same in a minute

Made-up triplets (a question, a positive and a negative of 50 words each, half of the documents met again) are written
as JSON lines. Each road is a process of its own, whose peak of resident memory the system tells. Two others read and
write the same rows: ``datasets`` (load_dataset, then to_parquet), which checks nothing and keeps Arrow files on disk,
and orjson with pyarrow alone, the least that any reader and writer in Python has to do. Ratios are of one run; their
spread is over the runs.
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import orjson

WORDS = 20_000
BANK = 20_000
ROADS = {
    "limit": "orjson and pyarrow alone, JSON lines to Parquet",
    "datasets": "datasets: load_dataset and to_parquet",
    "triplet": "JSON lines to triplets in Parquet",
    "back": "triplets in Parquet to FlagEmbedding's JSON lines, zstd",
    "beir": "JSON lines to a BEIR folder (put together by id)",
    "from beir": "a BEIR folder to triplets",
}


def make(path: Path, rows: int) -> None:
    """Write triplets; the same for the same number."""
    chance = random.Random(0)
    words = [f"{chance.randrange(16**5):05x}" for _ in range(WORDS)]
    bank = [" ".join(chance.choices(words, k=50)) for _ in range(BANK)]
    with path.open("wb") as file:
        for place in range(rows):
            row = {
                "anchor": f"question {place} {bank[place % BANK][:40]}",
                "positive": f"{place} {bank[place * 7 % BANK]}",
                "negative": f"{(place * 31 + 1) % rows} {bank[(place * 31 + 1) % rows * 7 % BANK]}",
            }
            file.write(orjson.dumps(row) + b"\n")


def limit(source: Path, out: Path) -> None:
    """Parse every line and write every row, nothing else."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, pa.string()) for name in ("anchor", "positive", "negative")])
    out.mkdir()
    with source.open("rb") as lines, pq.ParquetWriter(out / "rows.parquet", schema, compression="zstd") as writer:
        batch = []
        for line in lines:
            batch.append(orjson.loads(line))
            if len(batch) == 4096:
                writer.write_table(pa.Table.from_pylist(batch, schema))
                batch.clear()
        writer.write_table(pa.Table.from_pylist(batch, schema))


def peer(source: Path, out: Path) -> None:
    """What people do today."""
    import datasets

    out.mkdir()
    data = datasets.load_dataset("json", data_files=str(source), split="train", cache_dir=str(out / "cache"))
    data.to_parquet(str(out / "rows.parquet"))


def run(road: str, folder: Path) -> None:
    """Go one road; for a process of its own."""
    from negviz.convert import convert

    out = folder / road
    shutil.rmtree(out, ignore_errors=True)
    source = folder / "rows.jsonl"
    if road == "limit":
        limit(source, out)
    elif road == "datasets":
        peer(source, out)
    elif road == "back":
        convert(folder / "triplet", "flagembedding", out, knobs={"file": "jsonl.zst"})
    elif road == "from beir":
        convert(folder / "beir", "triplet", out)
    else:
        convert(source, road, out)


def measured(road: str, folder: Path) -> tuple[float, float]:
    """Seconds and GiB at the highest of a road in a process of its own."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, __file__, "--road", road, "--folder", str(folder)])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"The road {road} ended with {process.returncode}.")
    return time.perf_counter() - start, usage.ru_maxrss / (1 << 20)


def table(rows: int, runs: int, roads: list[str]) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="negviz-formats-", dir=os.environ.get("TMPDIR")) as place:
        folder = Path(place)
        make(folder / "rows.jsonl", rows)
        size = (folder / "rows.jsonl").stat().st_size / (1 << 30)
        print(f"{rows:,} rows, {size:.2f} GiB of JSON lines, {runs} runs\n")
        found: dict[str, list[tuple[float, float]]] = {road: [] for road in roads}
        for _ in range(runs):
            for road in roads:
                found[road].append(measured(road, folder))
    print("| road | rows a second | times the limit's time | GiB at the highest |\n| :--- | ---: | ---: | ---: |")
    for road, each in found.items():
        seconds = [one for one, _ in each]
        ratios = [one / base for one, (base, _) in zip(seconds, found.get("limit", each), strict=True)]
        spread = f" ({min(ratios):.1f} to {max(ratios):.1f})" if runs > 1 else ""
        speed, memory = rows / statistics.median(seconds), max(memory for _, memory in each)
        print(f"| {ROADS[road]} | {speed:,.0f} | {statistics.median(ratios):.1f}{spread} | {memory:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=list(ROADS), default=list(ROADS), help="Roads to go.")
    parser.add_argument("--road", choices=list(ROADS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.road:
        run(given.road, given.folder)
    else:
        table(given.rows, given.runs, given.only)


if __name__ == "__main__":
    main()
