"""What large jobs take, reckoned from unit costs: the tables of docs/scale.md.

    .venv/bin/python benchmarks/scale_arithmetic.py                             # prints the tables
    .venv/bin/python benchmarks/scale_arithmetic.py --write                     # puts them into docs/scale.md
    .venv/bin/python benchmarks/scale_arithmetic.py --update                    # encoding costs from end_to_end.json
    .venv/bin/python benchmarks/scale_arithmetic.py --measure BEIR_FOLDER...    # what no other script measures

Unit costs are in benchmarks/results/units.json, each with the command that measures it, or marked as assumed. In the
document a table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``; a test holds it against what is printed.
"""

import argparse
import json
import math
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

UNITS = Path(__file__).parent / "results" / "units.json"
END_TO_END = UNITS.with_name("end_to_end.json")
DOCUMENT = Path(__file__).parents[1] / "docs" / "scale.md"

SIZES = (10_000_000, 100_000_000, 1_000_000_000)
QUERIES, DEPTH, DIMS = 500_000, 100, 384
GIB = 1024**3
# A machine's workers, and what each of them is given with --memory.
WORKERS, MEMORY = 16, 2 * GIB
# How a job is cut (negviz.jobs.plan): bytes of a document in a shard, of a candidate in a block, and what is most.
PER_DOCUMENT, PER_CANDIDATE, MOST_DOCUMENTS, MOST_QUERIES, ENCODED, SHARE = 4096, 96, 2**20, 4096, 4096, 2
# Dense and BM25 bring candidates: two ranks, two scores and a row of 4 bytes, flags of 2.
RETRIEVERS, CANDIDATE_BYTES = 2, 22
# What leaks are told from: five numbers of 8 bytes a document.
CODE_BYTES = 40
CORES = (16, 64, 256, 1024)
GPUS = (1, 8, 32)
# Share of the workers' time that does work; the simulation gives 80 to 90 percent for 64 workers.
BUSY = 0.85
HOUR = 3600.0


class Line(NamedTuple):
    """A line of arithmetic, and what it gives for each size."""

    what: str
    arithmetic: str
    gives: Callable[[int], str]


def units() -> dict[str, float]:
    """Unit costs by name, in the units that the file says."""
    return {name: float(each["value"]) for name, each in json.loads(UNITS.read_text("utf-8"))["units"].items()}


def size(amount: float) -> str:
    """Bytes for people, in powers of 1024."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:,.0f} {unit}" if unit == "bytes" or amount >= 10 else f"{amount:,.1f} {unit}"
        amount /= 1024
    return f"{amount:,.0f} TiB" if amount >= 10 else f"{amount:,.1f} TiB"


def hours(seconds: float) -> str:
    """Hours for people, of seconds."""
    found = seconds / HOUR
    return f"{found:,.0f}" if found >= 10 else f"{found:,.1f}" if found >= 1 else f"{found:,.2f}"


def shard_of(memory: int) -> int:
    """Documents whose words are indexed together."""
    return min(max(memory // SHARE // PER_DOCUMENT, 1024), MOST_DOCUMENTS)


def block_of(memory: int) -> int:
    """Queries of a block."""
    return min(max(memory // SHARE // (PER_CANDIDATE * (DEPTH * RETRIEVERS + 1)), 1), MOST_QUERIES)


def parts(documents: int, memory: int = MEMORY) -> tuple[int, int]:
    """How many spans are searched by vectors, and how many shards by words."""
    return math.ceil(documents / MOST_DOCUMENTS), math.ceil(documents / shard_of(memory))


def copying(documents: int) -> float:
    """Seconds until a machine has its copies of texts, vectors and words."""
    unit = units()
    return documents * (DIMS * 4 + unit["text_bytes"] + unit["words_bytes"] + CODE_BYTES) / unit["bandwidth"]


def gathering(documents: int) -> float:
    """Seconds of the one task that puts all vectors into one file."""
    return 2 * documents * DIMS * 4 / units()["bandwidth"]


def encoding(documents: int, kind: str) -> float:
    """Core-seconds of encoding documents and queries."""
    unit = units()
    of_query = unit["encode_query"] * unit[f"encode_{kind}"] / unit["encode_float32"]
    return (documents * unit[f"encode_{kind}"] + QUERIES * of_query) / 1e3


def searching(documents: int) -> float:
    """Core-seconds of the exact search."""
    return QUERIES * documents * 2 * DIMS / (units()["search_rate"] * 1e9)


def indexing_words(documents: int) -> float:
    """Core-seconds of counting and indexing words."""
    return 2 * documents * units()["index_words"] / 1e3


def searching_words(documents: int) -> float:
    """Core-seconds of the search by words."""
    return QUERIES * documents * units()["search_words"] / 1e9


def finishing(_: int) -> float:
    """Core-seconds of scoring and comparing the candidates."""
    return QUERIES * RETRIEVERS * DEPTH * units()["candidate"] / 1e6


def whole(documents: int, kind: str) -> float:
    """Core-seconds of everything."""
    parts = (searching, indexing_words, searching_words, finishing)
    return encoding(documents, kind) + sum(part(documents) for part in parts)


def gpu_work(documents: int) -> tuple[float, float]:
    """GPU-seconds of encoding and exact search, and core-seconds of the rest."""
    unit = units()
    texts = documents + QUERIES * unit["encode_query"] / unit["encode_float32"]
    search = QUERIES * documents * 2 * DIMS / (unit["search_rate_gpu"] * 1e9)
    rest = indexing_words(documents) + searching_words(documents) + finishing(documents)
    return texts * unit["encode_gpu"] / 1e3 + search, rest


def lines_table(lines: Sequence[Line]) -> str:
    """A table with the arithmetic shown and a column a size."""
    head = ["| what | arithmetic | 10 million | 100 million | 1 billion |", "| :--- | :--- | ---: | ---: | ---: |"]
    rows = [f"| {each.what} | {each.arithmetic} | {' | '.join(map(each.gives, SIZES))} |" for each in lines]
    return "\n".join([*head, *rows])


def table_of_units() -> str:
    """Unit costs, with where they come from."""
    rows = ["| unit cost | value | what it is | measured by |", "| :--- | ---: | :--- | :--- |"]
    for name, each in json.loads(UNITS.read_text("utf-8"))["units"].items():
        value = each["value"]
        shown = f"{value / 1e6:,.0f} million" if value >= 1e6 else f"{value:,}"
        source = f"`{each['how']}`" if each["how"] else f"{each['source']}, not measured here"
        rows.append(f"| {name} | {shown} {each['unit']} | {each['says']} | {source} |")
    return "\n".join(rows)


def table_of_disk() -> str:
    """Disk of a job."""
    unit = units()
    vectors = DIMS * 4

    def lists(documents: int) -> float:
        return sum(parts(documents)) * QUERIES * DEPTH * 8

    def pool(documents: int) -> float:
        return QUERIES * RETRIEVERS * DEPTH * CANDIDATE_BYTES

    def total(documents: int) -> float:
        per_document = unit["text_bytes"] + 2 * vectors + unit["words_bytes"] + 2 * CODE_BYTES
        return documents * per_document + lists(documents) + pool(documents)

    return lines_table([
        Line("texts", f"documents x {unit['text_bytes']:,.0f} bytes", lambda n: size(n * unit["text_bytes"])),
        Line("vectors", f"documents x {DIMS} x 4 bytes", lambda n: size(n * vectors)),
        Line("the same once more: blocks beside the whole", f"documents x {DIMS} x 4", lambda n: size(n * vectors)),
        Line("index of words", f"documents x {unit['words_bytes']:,.0f}", lambda n: size(n * unit["words_bytes"])),
        Line("what leaks are told from, in blocks and whole", f"documents x {CODE_BYTES} x 2",
             lambda n: size(2 * n * CODE_BYTES)),
        Line(
            "lists of what was found",
            f"(documents / {MOST_DOCUMENTS:,} by vectors + documents / {shard_of(MEMORY):,} by words) x {QUERIES:,} "
            f"queries x {DEPTH} x 8 bytes",
            lambda n: size(lists(n)),
        ),
        Line(
            "the pool",
            f"{QUERIES:,} queries x {RETRIEVERS * DEPTH} candidates at most x {CANDIDATE_BYTES} bytes",
            lambda n: size(pool(n)),
        ),
        Line("all of it", "the sum", lambda n: size(total(n))),
    ])  # fmt: skip


def table_of_memory() -> str:
    """Memory and disk of a machine."""
    unit = units()
    a_worker = unit["model_bytes"] + MEMORY
    mapped = DIMS * 4 + unit["text_bytes"] + unit["words_bytes"] + CODE_BYTES
    blocks = math.ceil(QUERIES / block_of(MEMORY))
    return lines_table([
        Line(f"documents of a shard of words, with `--memory {MEMORY // GIB}GB`",
             f"{MEMORY // GIB} GiB / {SHARE} / {PER_DOCUMENT:,} bytes, {MOST_DOCUMENTS:,} at most",
             lambda n: f"{shard_of(MEMORY):,}"),
        Line("tasks of both searches", f"spans and shards x {QUERIES:,} / {block_of(MEMORY):,} blocks of queries",
             lambda n: f"{sum(parts(n)) * blocks:,}"),
        Line("memory of a worker", f"{unit['model_bytes'] / 1e6:,.0f} MB + {MEMORY // GIB} GiB + documents x 1 byte",
             lambda n: size(a_worker + n)),
        Line("memory of a machine", f"{WORKERS} x that", lambda n: size(WORKERS * (a_worker + n))),
        Line("disk of a machine, for its copies of texts, vectors, words and codes",
             f"documents x ({DIMS * 4:,} + {unit['text_bytes']:,.0f} + {unit['words_bytes']:,.0f} + {CODE_BYTES})",
             lambda n: size(n * mapped)),
        Line("hours until a machine has them", f"that / {unit['bandwidth'] / 1e6:,.0f} MB/s",
             lambda n: hours(copying(n))),
        Line("hours of the one task that puts all vectors into one file",
             f"documents x {DIMS * 4:,} x 2 (read, write) / {unit['bandwidth'] / 1e6:,.0f} MB/s",
             lambda n: hours(gathering(n))),
    ])  # fmt: skip


def table_of_work() -> str:
    """Core-hours of each stage."""
    unit = units()
    kinds = ("float32", "bfloat16", "int8", "static")
    encoded = [
        Line(
            f"encoding, {kind}",
            f"documents x {unit[f'encode_{kind}']:g} ms, and {QUERIES:,} queries",
            lambda n, kind=kind: hours(encoding(n, kind)),
        )
        for kind in kinds
    ]
    return lines_table([
        *encoded,
        Line("exact search by vectors",
             f"{QUERIES:,} x documents x 2 x {DIMS} operations / {unit['search_rate']:g} GFLOP/s",
             lambda n: hours(searching(n))),
        Line("counting and indexing words", f"documents x 2 x {unit['index_words']:g} ms",
             lambda n: hours(indexing_words(n))),
        Line("search by words", f"{QUERIES:,} x documents x {unit['search_words']:g} ns",
             lambda n: hours(searching_words(n))),
        Line("scores and guards", f"{QUERIES:,} x {RETRIEVERS * DEPTH} candidates x {unit['candidate']:g} us",
             lambda n: hours(finishing(n))),
        *[Line(f"**everything, {kind}**", "the sum", lambda n, kind=kind: hours(whole(n, kind))) for kind in kinds],
    ])  # fmt: skip


def table_of_hours() -> str:
    """Hours on so many cores or GPUs, and what they cost."""
    unit = units()

    def on_cores(cores: int, kind: str) -> Callable[[int], str]:
        return lambda n: hours(whole(n, kind) / cores / BUSY + copying(n) + gathering(n))

    def on_gpus(gpus: int) -> Callable[[int], str]:
        def found(documents: int) -> str:
            gpu, rest = gpu_work(documents)
            return hours(gpu / gpus / BUSY + rest / (16 * gpus) / BUSY + copying(documents) + gathering(documents))

        return found

    def paid(kind: str) -> Callable[[int], str]:
        return lambda n: f"{whole(n, kind) / HOUR / BUSY * unit['core_price']:,.0f}"

    def paid_gpu(documents: int) -> str:
        gpu, rest = gpu_work(documents)
        seconds = gpu / BUSY + rest / 16 / BUSY
        return f"{seconds / HOUR * (unit['gpu_price'] + 16 * unit['core_price']):,.0f}"

    kinds = ("float32", "int8")
    return lines_table([
        *[Line(f"hours on {cores:,} cores, {kind}", f"core-hours / {cores:,} / {BUSY} + copies + one file",
               on_cores(cores, kind))
          for kind in kinds for cores in CORES],
        *[Line(f"hours on {gpus} GPUs with 16 cores each" if gpus > 1 else "hours on 1 GPU with 16 cores",
               f"(GPU-hours / {gpus} + core-hours of words and guards / {16 * gpus}) / {BUSY} + copies + one file",
               on_gpus(gpus))
          for gpus in GPUS],
        *[Line(f"dollars on cores while they work, {kind}", f"core-hours / {BUSY} x {unit['core_price']:g}", paid(kind))
          for kind in kinds],
        Line("dollars on GPUs with 16 cores each while they work",
             f"hours on one x ({unit['gpu_price']:g} + 16 x {unit['core_price']:g})", paid_gpu),
    ])  # fmt: skip


def table_of_indexes() -> str:
    """Exact and approximate search by vectors: one index of all documents, or a shard after the other."""
    unit = units()

    def grown(documents: int) -> float:
        """A graph's cost grows with the logarithm of its size; it was measured with 500,000."""
        return math.log(documents) / math.log(500_000)

    def ivf(documents: int) -> float:
        lists = 4 * math.sqrt(documents)
        listed = documents * 128 / lists + lists
        return QUERIES * listed * 2 * DIMS / (unit["ivf_rate"] * 1e9)

    return lines_table([
        Line("exact: core-hours, no index", "as above", lambda n: hours(searching(n))),
        Line("exact: memory", f"a span of {MOST_DOCUMENTS:,} x {DIMS * 4:,} bytes, mapped",
             lambda n: size(MOST_DOCUMENTS * DIMS * 4)),
        Line("one HNSW index: core-hours to build",
             f"documents x {unit['hnsw_build']:g} ms x log(documents) / log(500,000)",
             lambda n: hours(n * unit["hnsw_build"] / 1e3 * grown(n))),
        Line("one HNSW index: core-hours of the queries",
             f"{QUERIES:,} x {unit['hnsw_query']:g} ms x log(documents) / log(500,000)",
             lambda n: hours(QUERIES * unit["hnsw_query"] / 1e3 * grown(n))),
        Line("one HNSW index: memory", f"documents x {unit['hnsw_bytes']:,.0f} bytes",
             lambda n: size(n * unit["hnsw_bytes"])),
        Line("one IVF index: core-hours to build", f"documents x {unit['ivf_build']:g} ms x sqrt(documents / 500,000)",
             lambda n: hours(n * unit["ivf_build"] / 1e3 * math.sqrt(n / 500_000))),
        Line("one IVF index: core-hours of the queries",
             f"{QUERIES:,} x (128 of 4 sqrt(documents) lists, and all their centres) x 2 x {DIMS} / "
             f"{unit['ivf_rate']:g} GFLOP/s",
             lambda n: hours(ivf(n))),
        Line("one IVF index: memory", f"documents x {DIMS * 4 + 8:,} bytes", lambda n: size(n * (DIMS * 4 + 8))),
        Line("quantised vectors (PQ): memory", f"documents x {unit['pq_bytes']:g} bytes",
             lambda n: size(n * unit["pq_bytes"])),
    ])  # fmt: skip


TABLES: dict[str, Callable[[], str]] = {
    "units": table_of_units,
    "disk": table_of_disk,
    "memory": table_of_memory,
    "work": table_of_work,
    "hours": table_of_hours,
    "indexes": table_of_indexes,
}


def with_tables(text: str, tables: Mapping[str, str]) -> str:
    """A document with its tables as they are now; every table has to have its place."""
    for name, table in tables.items():
        mark = re.compile(rf"(<!-- table: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        text, places = mark.subn(lambda found, table=table: f"{found[1]}{table}\n{found[2]}", text)
        if places != 1:
            raise SystemExit(f"The document has {places} places for the table {name}; it needs one.")
    return text


def update() -> None:
    """Take the cost of encoding from the record of end_to_end.py: whole runs, divided among their documents."""
    found = json.loads(END_TO_END.read_text("utf-8"))
    known = json.loads(UNITS.read_text("utf-8"))
    for row in found["rows"]:
        if row.get("kind") == "without":
            per_document = 1e3 * row["seconds"] * found["machine"]["cores"] / row["documents"]
            known["units"][f"encode_{row['precision']}"]["value"] = float(f"{per_document:.3g}")
    save(known)


def save(known: dict[str, object]) -> None:
    """Write the unit costs, a line a unit."""
    text = json.dumps(known, ensure_ascii=False, indent=1)
    text = re.sub(r"\{\s+(\"value\"[^}]*?)\s+\}", lambda found: "{" + re.sub(r",\s+\"", ', "', found[1]) + "}", text)
    UNITS.write_text(text + "\n", "utf-8")


def measure(folders: Sequence[Path]) -> None:
    """Costs that no other script measures: of a candidate, and bytes of a document."""
    from negviz.load import load
    from negviz.mine import build_pool

    layers = ["dense", "bm25"]
    with tempfile.TemporaryDirectory() as place:
        times = []
        for _ in range(6):
            data = load("sample")
            start = time.process_time()
            pool = build_pool(data, retrievers=layers, scorers=layers, depth=DEPTH, home=Path(place))
            times.append((time.process_time() - start) / pool.candidates * 1e6)
        print(f"candidate: {statistics.median(times[1:]):.1f} core-us, the sample's index of words included")
        if folders:
            measure_texts(folders, Path(place))


def measure_texts(folders: Sequence[Path], place: Path) -> None:
    """Bytes of a document and of its words in the index."""
    from real_texts import collect

    from negviz.lexical import LexicalIndex

    contents = collect(folders, 20_000, 1_000).contents
    LexicalIndex(contents).save(place / "words")
    words = sum(path.stat().st_size for path in (place / "words").iterdir())
    print(f"text_bytes: {sum(len(text.encode()) for text in contents) / len(contents):.0f}")
    print(f"words_bytes: {words / len(contents):.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--write", action="store_true", help="Put the tables into docs/scale.md.")
    parser.add_argument("--update", action="store_true", help="Take encoding costs from end_to_end.json.")
    parser.add_argument("--measure", nargs="*", type=Path, metavar="BEIR_FOLDER", help="Measure the other unit costs.")
    given = parser.parse_args()
    if given.measure is not None:
        measure(given.measure)
        return
    if given.update:
        update()
    tables = {name: make() for name, make in TABLES.items()}
    if given.write:
        DOCUMENT.write_text(with_tables(DOCUMENT.read_text("utf-8"), tables), "utf-8")
    print("\n\n".join(f"<!-- table: {name} -->\n{table}\n<!-- end -->" for name, table in tables.items()))


if __name__ == "__main__":
    main()
