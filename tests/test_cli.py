"""The command line as people and scripts meet it: keys of --json, exit codes, sentences, and what lies around after."""

import hashlib
import json
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from negviz.cli import main

ROOT = Path(__file__).parents[1]
ODD = ["a b", "a/b", 'a"b', "a,b", "日本", "..", "-x", "a'b", "=1+1", "é"]
RECIPES = sorted(
    """
    random in_batch repbert cross_batch gradcache dpr ance ltre star adore negative_cache coder coder_smoothing
    rance_style lu_mix conan_style bge_window kalm bm25 hybrid_rrf hybrid_convex rocketqa pair tas_balanced cl_drd
    nv_topk nv_shifted nv_abs nv_margin nv_perc sentence_transformers arctic_v1 arctic_v2 simans simans_code
    simans_laplace trisampler_style gist qwen3_mask hardness_weight focal ccr ccr_sieve npc gecko rlhn arhn llm_judge
    syneg ambiguous_zone
    """.split()  # noqa: SIM905 - fifty quoted words read worse
)
# What a pool without a cross-encoder, checkpoints, answers, groups, labels or verdicts cannot serve.
MORE = [
    "arhn",
    "cl_drd",
    "conan_style",
    "dpr",
    "gecko",
    "gist",
    "llm_judge",
    "lu_mix",
    "rance_style",
    "rlhn",
    "rocketqa",
]
MORE += ["syneg", "tas_balanced"]
FORMATS = [
    "beir",
    "cohere",
    "colbert",
    "contrastors",
    "dpr",
    "flagembedding",
    "hf-beir",
    "labeled-list",
    "labeled-pair",
    "llamaindex",
    "margin-mse",
    "msmarco",
    "n-tuple",
    "nemo",
    "nemo-inline",
    "pair",
    "per-miner",
    "pylate",
    "rlhn",
    "st-jsonl",
    "st-reranking",
    "swift",
    "swift-reranker",
    "tevatron",
    "tevatron-teacher",
    "tevatron-v2",
    "trec-run",
    "triplet",
]
WORDS = ["river", "stone", "bridge", "cloud", "apple", "train", "window", "garden", "copper", "violin", "café", "naïve"]


class Ran:
    """What a command did."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def report(self):
        assert self.code == 0, self.err
        assert self.out.count("\n") == 1, "one document on one line, and nothing else"
        return json.loads(self.out)


@pytest.fixture
def negviz(capfd, monkeypatch, tmp_path):
    """Run the command line in this process, with a home and a working directory of its own."""
    monkeypatch.setenv("NEGVIZ_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        capfd.readouterr()
        with pytest.raises(SystemExit) as done:
            main([str(part) for part in arguments])
        return Ran(done.value.code or 0, *capfd.readouterr())

    return run


def refused(ran, *wanted):
    """The sentence of a command that refused its input as it should."""
    assert (ran.code, ran.out) == (2, "")
    lines = [line for line in ran.err.replace("\r", "\n").split("\n") if line.strip()]
    assert len(lines) == 1, ran.err
    assert lines[0].startswith("negviz: ")
    assert lines[0].endswith(".")
    for part in wanted:
        assert part in lines[0]


def files(folder):
    """Everything in a folder, hidden files too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def wide(text):
    return "".join(
        chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else "\u3000" if char == " " else char for char in text
    )


COPIES = {
    "case": str.upper,
    "spacing": lambda text: "  " + text.replace(" ", " \t\n") + "\n",
    "nfd": lambda text: unicodedata.normalize("NFD", text),
    "wide": wide,
    "zero width": "\u200b".join,
    "no-break": lambda text: text.replace(" ", "\u00a0"),
    "mark": lambda text: "\ufeff" + text,
    "control": lambda text: text + "\x00",
}
BLANKS = ["", "  ", "\u00a0\u3000", "\u200b", "\n\t", "\x00", "\u3164"]


def hostile_documents():
    """(id, title, text, query that it must not be a negative of, or '*' for all)."""
    random = np.random.default_rng(5)

    def text(length):
        return " ".join(random.choice(WORDS, length))

    queries = [(name, f"{text(4)} number {place} naïve café?") for place, name in enumerate(ODD)]
    rows = [(f"blank {place}", "", blank, "*") for place, blank in enumerate(BLANKS)]
    judged = []
    for place, (name, query) in enumerate(queries):
        for more in range(1 + place % 3):
            judged.append((name, f"p/{place} {more}", 1 + more))
            rows.append((f"p/{place} {more}", "", f"{query} answered: {text(12)} {more}", name))
        positive = rows[-1][2]
        rows += [(f"copy,{place},{kind}", "", change(positive), name) for kind, change in COPIES.items()]
        rows += [(f"self,{place},{kind}", "", change(query), name) for kind, change in COPIES.items()]
        title, rest = positive.split(" ", 1)
        rows.append((f"split,{place}", title, rest, name))
    rows += [(f"d{place}", "" if place % 2 else text(2), text(14), "") for place in range(60)]
    return queries, rows, judged


def write_beir(folder, queries, rows, judged):
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text(lines({"_id": row[0], "title": row[1], "text": row[2]} for row in rows))
    (folder / "queries.jsonl").write_text(lines({"_id": name, "text": text} for name, text in queries))
    judgments = "".join(f"{query}\t{document}\t{grade}\n" for query, document, grade in judged)
    (folder / "qrels" / "train.tsv").write_text("query-id\tcorpus-id\tscore\n" + judgments, "utf-8")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A collection full of leaks, twice: the corpus in two orders; and the query that each document must not serve."""
    folder = tmp_path_factory.mktemp("hostile")
    queries, rows, judged = hostile_documents()
    write_beir(folder / "one", queries, rows, judged)
    write_beir(folder / "two", queries, rows[::-1], judged)
    return folder, {row[0]: row[3] for row in rows}


@pytest.fixture(scope="module")
def pools(hostile):
    """Pools of both orders, each with caches of its own."""
    from negviz.load import load
    from negviz.mine import build_pool
    from negviz.store import save_pool

    folder, _ = hostile
    made = [build_pool(load(folder / name), encoder="static", home=folder / f"home {name}") for name in ("one", "two")]
    for name, pool in zip(("one", "two"), made, strict=True):
        save_pool(pool, folder / f"pool {name}")
    return folder / "pool one", folder / "pool two", [pool.summary() for pool in made]


# What there is.


@pytest.mark.parametrize(
    ("verb", "keys"),
    [
        ("recipes", {"name", "paper", "scale", "needs", "steps", "defaults"}),
        ("formats", {"name", "reads", "writes", "trainer"}),
        ("encoders", {"name"}),
        ("strategies", {"name", "knobs"}),
    ],
)
def test_lists_hold_the_promised_keys(negviz, verb, keys):
    rows = negviz(verb, "--json").report
    assert rows
    assert all(keys <= set(row) for row in rows)
    shown = negviz(verb).out
    assert all(row["name"] in shown for row in rows)


def test_the_published_recipes_and_the_formats_are_there(negviz):
    rows = negviz("recipes", "--json").report
    assert [row["name"] for row in rows] == RECIPES
    for row in rows:
        assert all(row[key] for key in ("title", "paper", "scale", "about", "family", "defaults", "plot")), row["name"]
        assert isinstance(row["needs"], list)
        assert {"scorer", "count", "draw"} <= set(row["defaults"])
        assert 2 <= len(re.findall(r"[.](?: |$)", row["about"])) <= 4, row["about"]
    written = [row["name"].replace("_", "-") for row in negviz("formats", "--json").report if row["writes"]]
    assert written == FORMATS


@pytest.mark.parametrize("arguments", [["--help"], ["pool", "--help"], ["labels", "-h"], ["--version"]])
def test_help_and_version_go_to_standard_output(negviz, arguments):
    ran = negviz(*arguments)
    assert (ran.code, ran.err) == (0, "")
    assert "negviz" in ran.out


@pytest.mark.parametrize("arguments", [[], ["labels"]])
def test_without_a_verb_the_help_comes_as_it_is_meant_to_be_read(negviz, arguments):
    ran = negviz(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "Commands:\n" in ran.err


# The road.


def test_describe_counts_and_names_every_problem_with_file_and_line(negviz, tmp_path):
    rows = [{"query": f"q {place}", "positive": f"p {place}", "negative": f"n {place}"} for place in range(5)]
    (tmp_path / "in ü.jsonl").write_text(lines(rows) + '{"query": "cut o')
    report = negviz("describe", "in ü.jsonl", "--json").report
    counts = [report[name] for name in ("format", "documents", "queries", "positives", "given_negatives")]
    assert counts == ["tabular", 10, 5, 5, 5]
    assert [(row["file"], row["line"], row["kind"]) for row in report["problems"]] == [
        ("in ü.jsonl", 6, "truncated line")
    ]
    text = negviz("describe", "in ü.jsonl").out
    assert "in ü.jsonl:6: truncated line" in text
    assert f"format: tabular: {report['why']}" in text


def test_the_pool_is_the_same_for_any_order_of_the_corpus(pools):
    one, two, reports = pools
    assert reports[0] == reports[1]
    assert {"queries", "depth", "candidates", "retrievers", "scorers", "fingerprint"} <= set(reports[0])
    assert (reports[0]["queries"], reports[0]["retrievers"]) == (len(ODD), ["bm25", "dense", "random"])
    assert files(one).keys() == files(two).keys()


@pytest.mark.parametrize("name", MORE)
def test_a_recipe_that_lacks_an_input_says_which_and_how_to_get_it(negviz, pools, tmp_path, name):
    ran = negviz("select", pools[0], "--recipe", name, "--out", "0.parquet", "--json")
    assert (ran.code, ran.out) == (2, "")
    (line,) = ran.err.strip().splitlines()
    assert re.search(r"--scorer|--checkpoint|--column|negviz (labels|judge|synthesise)|label a random sample", line), (
        line
    )
    assert not (tmp_path / "0.parquet").exists()


@pytest.mark.parametrize("name", sorted({*RECIPES} - {*MORE}))
def test_no_leak_comes_out_funnels_add_up_and_selections_are_the_same_bytes(negviz, hostile, pools, tmp_path, name):
    _, forbidden = hostile
    for more in ([], ["--count", "60", "--seed", "3"]):
        reports = [
            negviz("select", folder, "--recipe", name, "--out", f"{place}.parquet", "--json", *more).report
            for place, folder in enumerate(pools[:2])
        ]
        assert reports[0] == reports[1]
        assert (tmp_path / "0.parquet").read_bytes() == (tmp_path / "1.parquet").read_bytes()
        report, table = reports[0], pq.read_table(tmp_path / "0.parquet").to_pylist()
        assert {"queries", "candidates", "refused", "not_drawn", "taken", "starved"} <= set(report)
        refusals = sum(step["count"] for step in report["refused"])
        assert report["candidates"] == refusals + report["not_drawn"] + report["taken"] == len(table)
        assert report["taken"] == sum(row["taken"] for row in table)
        for step in report["refused"]:
            assert step["count"] == sum(row["refused_by"] == step["step"] for row in table)
        taken = [(row["query_id"], row["document_id"]) for row in table if row["taken"]]
        assert [pair for pair in taken if forbidden[pair[1]] in {"*", pair[0]}] == []


@pytest.mark.parametrize("name", FORMATS)
def test_exports_are_whole_the_same_bytes_each_time_and_replace_the_older_one(negviz, pools, tmp_path, name):
    negviz("select", pools[0], "--recipe", "nv_topk", "--out", "s.parquet")
    # Ids with spaces cannot stand in a TREC file: that is said, and nothing is written.
    ran = negviz("export", pools[0], "--selection", "s.parquet", "--format", name, "--out", "out", "--json")
    if name == "trec-run":
        refused(ran, "white space")
        assert not (tmp_path / "out").exists()
        return
    assert {"format", "counts", "files"} <= set(ran.report)
    first = files(tmp_path / "out")
    assert first.keys() == {*ran.report["files"], "manifest.json"}
    for file, facts in ran.report["files"].items():
        assert hashlib.sha256(first[file]).hexdigest() == facts["sha256"]
    assert negviz("export", pools[0], "--selection", "s.parquet", "--format", name, "--out", "out").code == 0
    again = files(tmp_path / "out")
    assert {**first, "manifest.json": b""} == {**again, "manifest.json": b""}
    assert {path.name for path in tmp_path.iterdir()} == {"out", "s.parquet"}


def test_labels_make_the_round_trip_and_count_in_selection_and_export(negviz, pools, tmp_path):
    data, folder = pools[0].parent / "one", pools[0]
    negviz("select", folder, "--recipe", "nv_topk", "--count", "40", "--out", "s.parquet")
    rows = [
        row for row in pq.read_table(tmp_path / "s.parquet").to_pylist() if row["taken"] and row["query_id"] == "a b"
    ]
    # Labels go by content, so texts that stand there once.
    query, judged = "a b", [row["document_id"] for row in rows if row["document_id"].startswith("d")][:4]
    verdicts = ["FN", "drop", "unsure", "true negative"]
    sheet = [
        {"query_id": query, "document_id": name, "verdict": said} for name, said in zip(judged, verdicts, strict=True)
    ]
    (tmp_path / "sheet.jsonl").write_text(lines(sheet))
    import_sheet = ["labels", "import", "sheet.jsonl", "--data", data, "--json"]
    left_out = {"unlabelled": 0, "labelled_positives": 0}
    assert negviz(*import_sheet).report == {"added": 4, "known": 0, **left_out}
    assert negviz(*import_sheet).report == {"added": 0, "known": 4, **left_out}
    for file in ("out.csv", "out.jsonl"):
        assert negviz("labels", "export", file, "--json").report == {"events": 4, "file": file}
        assert negviz("labels", "import", file, "--json").report == {"added": 0, "known": 4, **left_out}
        other = f"sqlite:///{tmp_path / file}.sqlite"
        made = negviz("labels", "import", file, "--url", other, "--json").report
        assert made == {"added": 4, "known": 0, **left_out}
        assert negviz("labels", "export", f"again-{file}", "--url", other).code == 0
        assert (tmp_path / f"again-{file}").read_bytes() == (tmp_path / file).read_bytes()
    for source in ("sheet.jsonl", "out.csv", "home/labels.sqlite"):
        made = negviz(
            "select", folder, "--recipe", "nv_topk", "--out", "l.parquet", "--labels", source, "--json"
        ).report
        steps = {step["step"]: step["count"] for step in made["refused"]}
        assert (steps["labelled false negative"], steps["labelled drop"]) == (1, 1)
        # The same labels act on a selection that was made without them.
        command = ["export", folder, "--selection", "s.parquet", "--format", "triplet", "--out", "out", "--json"]
        counts = negviz(*command, "--labels", source).report["counts"]
        assert (counts["promoted"], counts["dropped"], counts["unsure_left_out"]) == (1, 1, 1)
        assert counts["true_negatives_confirmed"] == 1
        texts = pq.read_table(tmp_path / "out" / "triplet").to_pylist()
        ids = pq.read_table(tmp_path / "out" / "ids.parquet").to_pylist()
        assert len(texts) == len(ids)
        of_query = [row for row in ids if row["query_id"] == query]
        assert {name for row in of_query for name in row["positive_ids"]} >= {judged[0]}
        assert not {name for row in of_query for name in row["negative_ids"]} & set(judged[:3])


# What goes wrong.


def test_standard_output_holds_the_report_alone_whatever_libraries_print(negviz, monkeypatch, tmp_path):
    from negviz import mine

    def noisy(**_):
        os.write(1, b"noise of a C library\n")
        sys.stdout.write("noise of Python\n")

    real = mine.leak_guard
    monkeypatch.setattr(mine, "leak_guard", lambda *given: noisy() or real(*given))
    ran = negviz("pool", "sample", "--out", "pool", "--retriever", "bm25", "--depth", "5", "--json")
    assert ran.report["queries"] == 176
    assert "noise of a C library" in ran.err
    assert "noise of Python" in ran.err


BAD = [
    (["nope"], "No such command"),
    (["describe"], "Missing argument 'DATA'"),
    (["describe", "nowhere"], "There is no file or folder 'nowhere'"),
    (["describe", "void", "--json"], "no files in it"),
    (["describe", "empty.jsonl", "--json"], "is empty"),
    (["describe", "latin.csv"], "--encoding", "line 2"),
    (["describe", "latin.csv", "--encoding", "klingon"], "klingon"),
    (["describe", "sample", "--split", "nope"], "'nope'"),
    (["describe", "sample", "--format", "nope"], "There is no format called 'nope'"),
    (["describe", "sample", "--column", "query"], "wants ROLE=NAME"),
    (["describe", "sample", "--column", "query=question"], "fixed names", "'query'"),
    (["describe", "latin.csv", "--column", "query=a", "--column", "query=b"], "two columns for 'query'", "query=a,b"),
    (["pool", "sample", "--out", "new", "--seed", "-1"], "seed was given as -1", "whole number from 0"),
    (["pool", "sample", "--out", "new", "--depth", "0"], "depth was given as 0"),
    (["pool", "sample", "--out", "new", "--depth", "many"], "not a valid integer"),
    (["pool", "sample", "--out", "new", "--retriever", "bm52"], "Did you mean 'bm25'"),
    (["pool", "sample", "--out", "new", "--retriever", "given"], "has none"),
    (["pool", "sample", "--out", "new", "--retriever", "run"], "--run"),
    (["pool", "sample", "--out", "new", "--run", "missing.trec"], "missing.trec"),
    (["pool", "sample", "--out", "new", "--run", "other.trec"], "no line fits it"),
    (["pool", "sample", "--out", "new", "--retriever", "dense", "--encoder", "pickled"], "pickle"),
    (["pool", "sample", "--out", "."], "files that negviz did not write"),
    (["pool", "sample", "--out", "latin.csv"], "is a file"),
    (["pool", "sample", "--out", "latin.csv/new", "--retriever", "bm25"], "latin.csv"),
    (["select", "nowhere", "--recipe", "bm25", "--out", "new"], "is not a pool"),
    (["select", "POOL", "--recipe", "bm52", "--out", "new"], "Did you mean 'bm25'"),
    (["select", "POOL", "--recipe", "odd.yaml", "--out", "new"], "allow"),
    (["select", "POOL", "--recipe", "bm25", "--out", "void"], "is a folder"),
    (["select", "POOL", "--recipe", "bm25", "--out", "latin.csv/new"], "latin.csv"),
    (["select", "POOL", "--recipe", "bm25", "--out", "new", "--count", "0"], "count '0'"),
    (["select", "POOL", "--recipe", "bm25", "--out", "new", "--seed", "-1"], "seed '-1'"),
    (["select", "POOL", "--recipe", "bm25", "--out", "new", "--set", "draw.skip=-1"], "draw.skip"),
    (["select", "POOL", "--recipe", "bm25", "--out", "new", "--set", "scorer=other"], "no scores called 'other'"),
    (["select", "POOL", "--recipe", "bm25", "--out", "new", "--labels", "typo.sqlite"], "typo.sqlite"),
    (["select", "POOL", "--recipe", "bm25", "--out", "new", "--labels", "sqlite:///typo.sqlite"], "typo.sqlite"),
    (["export", "POOL", "--selection", "typo", "--format", "beir", "--out", "new"], "no selection file"),
    (["export", "POOL", "--selection", "latin.csv", "--format", "beir", "--out", "new"], "is not a selection"),
    (["export", "POOL", "--selection", "s.parquet", "--format", "brie", "--out", "new"], "no format called 'brie'"),
    (["export", "POOL", "--selection", "s.parquet", "--format", "beir", "--out", "latin.csv/new"], "latin.csv"),
    (["export", "POOL", "--selection", "s.parquet", "--format", "beir", "--out", "new", "--set", "x"], "PARAM=VALUE"),
    (["export", "POOL", "--selection", "s.parquet", "--format", "beir", "--out", "POOL"], "left alone"),
    (["export", "OTHER", "--selection", "s.parquet", "--format", "beir", "--out", "new"], "from another pool"),
    (["labels", "export", "new.xlsx"], ".csv or .jsonl"),
    (["labels", "export", "new.csv", "--url", "typo.sqlite"], "There is no label database"),
    (["labels", "import", "typo.csv"], "typo.csv"),
    (["labels", "import", "latin.csv"], "not UTF-8"),
    (["app", "--port", "0"], "--port"),
]


@pytest.fixture(scope="module")
def yard(tmp_path_factory):
    """Two small pools, a selection, and files that are not what they should be."""
    from negviz.load import load
    from negviz.mine import build_pool
    from negviz.recipe import find_recipe
    from negviz.select import select
    from negviz.store import save_pool, save_selection

    folder = tmp_path_factory.mktemp("yard")
    for name, depth in (("POOL", 9), ("OTHER", 8)):
        pool = build_pool(load("sample"), retrievers=["bm25"], depth=depth, home=folder / "home")
        save_pool(pool, folder / name)
        if name == "POOL":
            save_selection(select(pool, find_recipe("bm25")), folder / "s.parquet")
    (folder / "void").mkdir()
    (folder / "empty.jsonl").write_bytes(b"\xef\xbb\xbf\n")
    (folder / "latin.csv").write_bytes("query,positive\ncafé,naïve\n".encode("latin-1"))
    (folder / "other.trec").write_text("x Q0 y 1 2.0 tag\n")
    (folder / "odd.yaml").write_text("allow: 5\n")
    (folder / "pickled").mkdir()
    (folder / "pickled" / "config.json").write_text('{"model_type": "bert"}')
    (folder / "pickled" / "pytorch_model.bin").write_bytes(b"\x80\x04\x95")
    return folder


@pytest.mark.parametrize("case", BAD, ids=lambda case: " ".join(case[0]))
def test_bad_input_gets_one_sentence_exit_code_2_and_leaves_nothing(negviz, yard, monkeypatch, case):
    monkeypatch.chdir(yard)
    before = files(yard)
    refused(negviz(*case[0]), *case[1:])
    assert files(yard) == before


@pytest.mark.parametrize("value", ["", "abc", "nan", "inf", "-1", "1e9", "[]", "None"])
def test_silly_values_of_a_knob_are_refused_by_name(negviz, yard, monkeypatch, value):
    monkeypatch.chdir(yard)
    setting = f"rank_window.start={value}"
    command = ["select", "POOL", "--recipe", "nv_shifted", "--set", "scorer=bm25", "--out", "new.parquet"]
    refused(negviz(*command, "--set", setting), "start" if value else "step.knob=value")
    assert not (yard / "new.parquet").exists()


def test_a_pool_may_be_moved_and_a_damaged_one_is_named(negviz, yard, tmp_path):
    moved = tmp_path / "moved ü"
    moved.mkdir()
    for path in (yard / "POOL").iterdir():
        (moved / path.name).write_bytes(path.read_bytes())
    command = ["select", moved, "--recipe", "bm25", "--out", tmp_path / "s.parquet"]
    assert negviz(*command).code == 0
    assert (tmp_path / "s.parquet").read_bytes() == (yard / "s.parquet").read_bytes()
    for path in sorted(moved.iterdir()):
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        refused(negviz(*command), "build")
        path.unlink()
        refused(negviz(*command), "pool")
        path.write_bytes(whole)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names themselves")
def test_names_that_are_no_utf_8_are_shown_and_not_written(tmp_path):
    name = b"bad\xff.jsonl"
    content = lines({"query": f"word {place}", "positive": f"日本 {place}"} for place in range(3)) + "{"
    (tmp_path / os.fsdecode(name)).write_text(content)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NEGVIZ_HOME": str(tmp_path), "PYTHONIOENCODING": "ascii"}

    def run(*arguments):
        command = [sys.executable, "-m", "negviz", *arguments]
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, check=False)

    assert json.loads(run("describe", name, "--json").stdout.decode("utf-8", "strict"))["name"] == "bad?"
    assert b"bad?.jsonl:4: truncated line" in run("describe", name).stdout
    done = run("pool", name, "--retriever", "bm25", "--out", b"pool\xff")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"is not UTF-8" in done.stderr
    assert b"Traceback" not in done.stderr


def test_an_interrupt_ends_with_130_and_leaves_nothing(negviz, monkeypatch, tmp_path):
    from negviz import mine

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(mine, "leak_guard", interrupted)
    ran = negviz("pool", "sample", "--out", "pool", "--retriever", "bm25", "--depth", "5", "--json")
    assert (ran.code, ran.out) == (130, "")
    assert "Stopped" in ran.err
    assert "Traceback" not in ran.err
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == []


def test_an_unwritable_home_is_said_in_a_sentence(negviz, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("NEGVIZ_HOME", str(tmp_path / "file" / "home"))
    refused(negviz("labels", "export", "out.csv"))
    refused(negviz("pool", "sample", "--out", "pool", "--encoder", "static", "--retriever", "dense"), "file/home")
    assert {path.name for path in tmp_path.iterdir()} == {"file"}


def test_a_reader_that_goes_away_is_no_traceback(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NEGVIZ_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "negviz", "describe", "sample", "--json"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
