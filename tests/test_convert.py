"""From file to file: what is lost is said, nothing else is, whatever the text; and every pair of formats round."""

import json
import subprocess
import sys
import time
import unicodedata
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from negviz.convert import convert
from negviz.errors import DataError, ExportError
from negviz.export import find_format, verify
from negviz.exporters import EXPORTERS
from negviz.load import load, open_data
from negviz.text import is_blank, normalise

ROUND = [entry.name for entry in EXPORTERS if entry.trait("reads")]
# Marks, controls and formulas that files and trainers stumble over.
ODD = "\t\n\r\"',;|\\ \x00\x1f\x85\u2028\u200f\u202e\ufeff=+1@-\u00e9\u0301\U0001f469\u200d\U0001f680ß東京مرحبا"


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def tevatron(query, positives, negatives, **more):
    """A row with ids and titles: (id, title, text) each."""
    passages = [[dict(zip(("docid", "title", "text"), each, strict=False)) for each in side]
                for side in (positives, negatives)]  # fmt: skip
    return {"query_id": query[0], "query": query[1], "positive_passages": passages[0],
            "negative_passages": passages[1], **more}  # fmt: skip


PLAIN = [
    tevatron(("q1", "what sets jam"), [("d1", "Jam", "sets with pectin"), ("d2", "", "sugar and acid set jam")],
             [("d3", "Tea", "is a leaf"), ("d4", "", "tides follow the moon")]),
    tevatron(("q2", "what conducts"), [("d5", "", "copper conducts")],
             [("d3", "Tea", "is a leaf"), ("d1", "Jam", "sets with pectin")]),
]  # fmt: skip


def said(folder, flat):
    """What an export says, read by negviz's own loader: pairs, and facts about them where the format has a place."""
    found = {"positives": set(), "negatives": set(), "ids": set(), "grades": set(), "scores": set(), "answers": set()}
    opened = open_data(folder)
    documents = {document.id: document for document, _ in opened.reading.documents}
    queries = {query.id: query for query in opened.reading.queries}

    def form(text):
        return " ".join(text.split()) if flat else text

    for example in opened.reading.examples:
        query = queries[example.query_id].text if example.listed else example.query
        answers = queries[example.query_id].answers if example.listed else example.answers
        found["answers"] |= {(form(query), form(answer)) for answer in answers}
        for side, listed in (("positives", example.positives), ("negatives", example.negatives)):
            for each in listed:
                whole = documents[each.id] if each.listed else each
                pair = form(query), form(whole.content)
                found[side].add(pair)
                found["ids"].add((*pair, each.id))
                found["grades"] |= {(*pair, each.grade or 1)} if side == "positives" else set()
                found["scores"] |= {(*pair, each.score)} if each.score is not None else set()
    # That a format has no header is so by its nature.
    assert {problem.kind for problem in opened.reading.problems} <= {"no header"}, opened.reading.problems
    return found


def wants_more(error):
    """Let pass that a format wants scores or negatives that the data does not have; anything else fails."""
    if "score" not in str(error) and "negative" not in str(error):
        raise error


def flattens(manifest):
    return "texts_flattened" in manifest["written"]


def agree(one, other, tmp_path):
    """Write the second format from the first, and compare what both can say."""
    first, second = find_format(one), find_format(other)
    source = json.loads((tmp_path / one / "manifest.json").read_text("utf-8"))
    manifest = convert(tmp_path / one, other, tmp_path / f"{one} {other}")
    assert verify(tmp_path / f"{one} {other}") == []
    flat = flattens(source) or flattens(manifest)
    before, after = said(tmp_path / one, flat), said(tmp_path / f"{one} {other}", flat)
    holds = set(first.trait("holds")) & set(second.trait("holds")) | {"positives"}
    assert after["answers"] == before["answers"] or "answers" not in holds, (one, other)
    for fact in ("positives", "negatives", "ids", "grades", "scores"):
        if fact in holds:
            if fact == "scores" and not (knob(first) and knob(second)):
                continue
            if fact == "ids" and (numbers(first) or numbers(second)):
                continue
            sides = ("positives", "negatives") if "negatives" in holds else ("positives",)
            told = [{each for each in found[fact] if any(each[:2] in found[side] for side in sides)}
                    for found in (before, after)]  # fmt: skip
            assert told[0] == told[1], (one, other, fact)


def numbers(entry):
    """Whether a format gives documents numbers for ids, as it comes."""
    return any(each.name == "integer_ids" and each.default is True for each in entry.knobs) or entry.name == "colbert"


def knob(entry):
    return any(each.name == "scores" for each in entry.knobs) or "scores" in entry.trait("holds")


@pytest.mark.parametrize("one", ROUND)
def test_every_format_goes_into_every_other_and_back(one, tmp_path):
    source = write(tmp_path / "source.jsonl", PLAIN)
    try:
        convert(source, one, tmp_path / one)
    except ExportError as error:
        wants_more(error)
        pytest.skip(f"{one} wants scores")
    for other in ROUND:
        try:
            agree(one, other, tmp_path)
        except (ExportError, DataError) as error:
            wants_more(error)


@pytest.mark.parametrize("name", ROUND)
def test_what_was_written_is_recognised_as_what_it_is(name, tmp_path):
    try:
        convert(write(tmp_path / "source.jsonl", SCORED), name, tmp_path / "out")
    except ExportError:
        pytest.skip("wants more")
    found = load(tmp_path / "out")
    assert found.format == find_format(name).trait("reads")
    assert {"what sets jam", "what conducts"} == set(found.query_texts)


SCORED = [
    {"query": row["query"], "pos": [each["text"] for each in row["positive_passages"]],
     "neg": [each["text"] for each in row["negative_passages"]],
     "pos_scores": [0.9, 0.8][: len(row["positive_passages"])], "neg_scores": [0.5, 0.25]}
    for row in PLAIN
]  # fmt: skip

TEXT = st.text(st.sampled_from(ODD) | st.characters(codec="utf-8"), min_size=1, max_size=30).filter(
    lambda text: not is_blank(text)
)


@st.composite
def odd_rows(draw):
    """Queries with one or two positives and two negatives each, all texts different in their normal form."""
    count = draw(st.integers(1, 3))
    texts = draw(st.lists(TEXT, min_size=5 * count, max_size=5 * count, unique_by=normalise))
    taken = iter(texts)
    rows = []
    for place in range(count):
        query, first, second, third, fourth = (next(taken) for _ in range(5))
        several = draw(st.booleans())
        rows.append(
            tevatron((f"q{place}", query), [(f"p{place}", "", first)] + [(f"r{place}", "", fourth)] * several,
                     [(f"n{place}", "", second), (f"m{place}", "", third)])
        )  # fmt: skip
    return rows


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=odd_rows(), pair=st.sampled_from(list(product(ROUND, ROUND))))
def test_odd_text_survives_any_two_formats(rows, pair, tmp_path_factory):
    folder = tmp_path_factory.mktemp("round")
    one, other = pair
    try:
        convert(write(folder / "source.jsonl", rows), one, folder / one)
        agree(one, other, folder)
    except (ExportError, DataError) as error:
        wants_more(error)


def test_what_a_format_cannot_say_is_counted_in_the_manifest(tmp_path):
    rows = [*PLAIN, tevatron(("q3", "what is short"), [("d9", "", "this")], [("d4", "", "tides follow the moon")],
                             answers=["it"])]  # fmt: skip
    manifest = convert(write(tmp_path / "rows.jsonl", rows), "n-tuple", tmp_path / "out")
    found = {loss["what"]: loss for loss in manifest["losses"]}
    assert found["counts"]["message"] == "1 queries have fewer than 2 negatives, and are left out"
    assert found["counts"]["choice"] == "short"
    assert found["answers"]["number"] == 1
    assert found["titles"]["number"] == 4
    assert manifest["written"]["queries_left_out"] == 1
    assert "What the format cannot say" in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.parametrize(("short", "files", "backfilled"), [
    ("drop", {"n-tuple/train-00000-of-00001.jsonl": 3}, 0),
    ("pad", {"n-tuple/train-00000-of-00001.jsonl": 4}, 1),
    ("split", {"n-tuple-2/train-00000-of-00001.jsonl": 3, "n-tuple-1/train-00000-of-00001.jsonl": 1}, 0),
])  # fmt: skip
def test_the_person_chooses_what_becomes_of_short_rows(tmp_path, short, files, backfilled):
    rows = [*PLAIN, tevatron(("q3", "what is short"), [("d9", "", "this")], [("d4", "", "tides follow the moon")])]
    knobs = {"short": short, "file": "jsonl"}
    manifest = convert(write(tmp_path / "rows.jsonl", rows), "n-tuple", tmp_path / "out", knobs=knobs)
    assert manifest["written"]["data_files"] == files
    assert manifest["written"]["backfilled"] == backfilled
    assert verify(tmp_path / "out") == []


def test_padding_is_never_a_positive_of_the_query_in_any_row(tmp_path):
    rows = [{"query": "q", "positive": f"p{number}", "negative_1": "n"} for number in range(20)]
    rows += [{"query": "other", "positive": "x", "negative_1": "y", "negative_2": "z"}] * 30
    source = write(tmp_path / "rows.jsonl", rows)
    manifest = convert(source, "n-tuple", tmp_path / "out", knobs={"short": "pad", "negatives": 3, "file": "jsonl"})
    path = tmp_path / "out" / manifest["written"]["data"]
    for row in map(json.loads, path.read_text().splitlines()):
        if row["anchor"] == "q":
            assert {row["negative_2"], row["negative_3"]} <= {"x", "y", "z"}
            assert row["negative_1"] == "n"


def test_a_positive_of_another_row_is_no_negative(tmp_path):
    rows = [
        {"query": "Q", "positive": "a", "negative": "b"},
        {"query": "other", "positive": "c", "negative": "a"},
        {"query": "q ", "positive": "B ", "negative": "d"},
        {"query": "other", "positive": "e", "negative": "other"},
    ]
    manifest = convert(write(tmp_path / "rows.jsonl", rows), "flagembedding", tmp_path / "out")
    assert manifest["counts"]["negatives_that_are_positives"] == 1
    assert manifest["counts"]["negatives_that_are_the_query"] == 1
    written = (tmp_path / "out" / "flagembedding" / "train.jsonl").read_text().splitlines()
    assert [json.loads(line)["neg"] for line in written] == [["a"], ["d"]]


def test_rows_of_one_query_come_together_where_the_format_can_hold_them(tmp_path):
    rows = [
        {"anchor": "q", "positive": "p", "negative": "n1"},
        {"anchor": "q", "positive": "p", "negative": "n2"},
        {"anchor": "q", "positive": "r", "negative": "n1"},
    ]
    source = write(tmp_path / "rows.jsonl", rows)
    convert(source, "flagembedding", tmp_path / "bge")
    (row,) = (tmp_path / "bge" / "flagembedding" / "train.jsonl").read_text().splitlines()
    assert json.loads(row) == {"query": "q", "pos": ["p", "r"], "neg": ["n1", "n2"]}
    manifest = convert(source, "n-tuple", tmp_path / "tuple", knobs={"file": "jsonl", "short": "split"})
    assert list(manifest["written"]["data_files"].values()) == [1, 1]


def test_labelled_pairs_come_together_with_their_query(tmp_path):
    rows = [{"query": "q", "document": text, "label": label} for text, label in (("n", 0), ("p", 1), ("m", 0))]
    convert(write(tmp_path / "rows.jsonl", rows), "triplet", tmp_path / "out", knobs={"file": "jsonl"})
    lines = (tmp_path / "out" / "triplet" / "train-00000-of-00001.jsonl").read_text().splitlines()
    assert [tuple(json.loads(line).values()) for line in lines] == [("q", "p", "n"), ("q", "p", "m")]


def test_half_a_surrogate_pair_is_replaced_and_reported(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"query": "q", "positive": "a \\ud83d b", "negative": "c"}\n')
    manifest = convert(tmp_path / "rows.jsonl", "triplet", tmp_path / "out", knobs={"file": "jsonl"})
    assert manifest["problems"] == {"damaged text": 1}
    assert "a \ufffd b" in (tmp_path / "out" / "triplet" / "train-00000-of-00001.jsonl").read_text("utf-8")


def test_the_word_for_nothing_is_a_text_in_json(tmp_path):
    source = write(tmp_path / "rows.jsonl", [{"query": "nan", "positive": "None", "negative": "NaN bread"}])
    convert(source, "flagembedding", tmp_path / "out")
    row = json.loads((tmp_path / "out" / "flagembedding" / "train.jsonl").read_text())
    assert row == {"query": "nan", "pos": ["None"], "neg": ["NaN bread"]}


def test_a_line_of_a_megabyte_goes_through_every_format(tmp_path):
    long = "long " * 200_000
    source = write(tmp_path / "rows.jsonl", [tevatron(("q", "w"), [("p", "", long)], [("n", "", "short")])])
    for name in ROUND:
        try:
            convert(source, name, tmp_path / name)
        except ExportError as error:
            wants_more(error)
            continue
        assert ("w", long.strip()) in {
            (query, text.strip()) for query, text in said(tmp_path / name, flat=False)["positives"]
        }


@pytest.mark.parametrize("kind", ["jsonl.gz", "jsonl.zst"])
def test_compressed_files_go_out_and_in(tmp_path, kind):
    source = write(tmp_path / "rows.jsonl", PLAIN)
    manifest = convert(source, "flagembedding", tmp_path / "out", knobs={"file": kind})
    assert manifest["written"]["data"] == f"flagembedding/train.{kind}"
    assert verify(tmp_path / "out") == []
    again = convert(tmp_path / "out" / manifest["written"]["data"], "flagembedding", tmp_path / "again")
    assert again["counts"]["positives"] == 3


def test_large_data_goes_into_shards_whose_names_count_them(tmp_path, monkeypatch):
    monkeypatch.setattr("negviz.exporters._files.SHARD_BYTES", 2_000)
    monkeypatch.setattr("negviz.exporters._files.BATCH", 10)
    rows = [{"query": f"q{place}", "positive": f"p{place}", "negative": f"n{place}"} for place in range(100)]
    manifest = convert(write(tmp_path / "rows.jsonl", rows), "triplet", tmp_path / "out")
    files = manifest["written"]["data_files"]
    assert len(files) > 1
    assert sum(files.values()) == 100
    assert next(iter(files)).endswith(f"train-00000-of-{len(files):05d}.parquet")
    assert manifest["written"]["data"] == "triplet/train-*.parquet"
    assert verify(tmp_path / "out") == []
    assert len(load(tmp_path / "out").queries) == 100


def test_verify_recounts_the_files_themselves(tmp_path):
    convert(write(tmp_path / "rows.jsonl", PLAIN), "triplet", tmp_path / "out")
    path = tmp_path / "out" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["written"]["negatives"] = 7
    path.write_text(json.dumps(manifest))
    assert verify(tmp_path / "out") == ["The data holds 6 negatives, but the manifest counts 7."]


def test_the_same_file_gives_the_same_bytes(tmp_path):
    source = write(tmp_path / "rows.jsonl", PLAIN)
    for name in ROUND:
        folders = [tmp_path / f"{name} {half}" for half in "ab"]
        try:
            for folder in folders:
                convert(source, name, folder)
        except ExportError:
            continue
        one, two = (
            {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()
             and path.name != "manifest.json"} for folder in folders
        )  # fmt: skip
        assert one == two


def test_a_beir_folder_keeps_its_whole_corpus_and_says_what_it_holds_out(tmp_path):
    folder = tmp_path / "beir"
    (folder / "qrels").mkdir(parents=True)
    write(folder / "corpus.jsonl", [{"_id": f"d{place}", "title": "", "text": f"text {place}"} for place in range(5)])
    write(folder / "queries.jsonl", [{"_id": f"q{place}", "text": f"query {place}"} for place in range(3)])
    (folder / "qrels" / "train.tsv").write_text("query-id\tcorpus-id\tscore\nq0\td0\t2\nq1\td1\t1\nq1\td9\t1\n")
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq2\td2\t1\n")
    manifest = convert(folder, "beir", tmp_path / "out")
    assert manifest["written"]["documents"] == 5
    assert manifest["counts"]["held_out"] == 1
    assert manifest["problems"] == {"unknown document": 1}
    found = load(tmp_path / "out")
    assert found.positives.grades.tolist() == [2, 1]


def test_an_id_of_two_texts_becomes_two_ids(tmp_path):
    rows = [
        tevatron(("q1", "first"), [("d", "", "one text")], [("n", "", "other")]),
        tevatron(("q2", "second"), [("d", "", "another text")], [("n", "", "other")]),
    ]
    manifest = convert(write(tmp_path / "rows.jsonl", rows), "beir", tmp_path / "out")
    assert manifest["problems"] == {"duplicate id": 1}
    assert set(load(tmp_path / "out").document_ids) == {"d", "d#2", "n"}


def test_nothing_usable_is_said_in_one_sentence(tmp_path):
    write(tmp_path / "rows.jsonl", [{"query": "q", "positive": " ", "negative": "x"}])
    with pytest.raises(DataError, match="no row with a labelled positive") as refused:
        convert(tmp_path / "rows.jsonl", "triplet", tmp_path / "out")
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_every_odd_character_is_of_some_kind():
    """The sample of odd characters is not plain by accident."""
    assert {unicodedata.category(char) for char in ODD} >= {"Cc", "Cf", "Zl", "Mn", "So", "Lo", "Sm"}


def test_what_is_lost_is_told_before_anything_is_written_and_can_stop_it(tmp_path, capfd):
    from negviz.cli import main

    source = write(tmp_path / "rows.jsonl", PLAIN)
    for arguments, code in (([], 0), (["--strict"], 2)):
        out = tmp_path / f"out{code}"
        with pytest.raises(SystemExit) as done:
            main(["convert", str(source), "--to", "triplet", "--out", str(out), *arguments])
        assert (done.value.code or 0) == code
        said_there = capfd.readouterr().err
        assert "4 documents have a title, which goes before the text" in said_there
        assert "Traceback" not in said_there
        assert out.exists() == (code == 0)
    assert {path.name for path in tmp_path.iterdir()} == {"rows.jsonl", "out0"}


def test_what_is_written_into_the_folder_that_was_read_is_not_read_the_next_time(tmp_path):
    convert(write(tmp_path / "rows.jsonl", PLAIN), "tevatron", tmp_path / "data")
    inside = tmp_path / "data" / "tevatron" / "again"
    for _ in range(2):
        convert(tmp_path / "data" / "tevatron", "rlhn", inside)
        assert load(tmp_path / "data" / "tevatron").facts["files"] == ["train-00000-of-00001.parquet"]
    assert len(load(inside).queries) == len(PLAIN)


def test_what_is_ended_from_outside_leaves_nothing_behind(tmp_path):
    """As a scheduler ends a job: SIGTERM, in the middle of writing."""
    row = {"query": "what sets jam", "positive": "pectin " * 50, "negative": "tides " * 50}
    source = write(tmp_path / "rows.jsonl", [{**row, "query": f"question {place}"} for place in range(60_000)])
    command = [sys.executable, "-m", "negviz", "convert", str(source), "--to", "beir", "--out", str(tmp_path / "out")]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".out.*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    running.terminate()
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Stopped" in errors
    assert "Traceback" not in errors
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]
