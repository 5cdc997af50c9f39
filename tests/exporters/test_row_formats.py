"""Formats whose rows carry their texts, read back by the rule of their trainer and by negviz's own loaders."""

import gzip
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from negviz.card import snippet
from negviz.errors import ExportError
from negviz.examples import TextDocument, TextExample
from negviz.export import export, preview, verify
from negviz.exporters import EXPORTERS
from negviz.labels import Verdict
from negviz.load import open_data
from negviz.loaders import LOADERS
from negviz.survey import FACTS
from negviz.training_set import make_training_set
from tests.exporters import readers, three
from tests.exporters.students import train_a_step
from tests.exporters.three import NONE, ODD

JAM, SUGAR, TIDES, COPPER = "Jam sets with pectin", "sugar and acid set jam", "tides follow the moon", "copper conducts"
APPLES, LOUD, TEA = "Pectin comes from apples", "PECTIN  comes from apples", "Tea is a leaf"
Q0, Q1, Q2 = (text for _, text in three.QUERIES)

NEW = [
    "cohere", "contrastors", "dpr", "margin_mse", "nemo_inline", "pair", "reranking", "rlhn", "st_jsonl", "swift",
    "swift_reranker", "tevatron", "tevatron_teacher",
]  # fmt: skip
OLD = ["flagembedding", "labeled_list", "labeled_pair", "n_tuple", "triplet"]
NOT_FOR_DATASETS = {"st_jsonl"}


@dataclass
class Listed:
    """Examples as a conversion hands them over."""

    listed: list[TextExample]
    count: int = 2
    name: str = "listed"
    miner: str = "given"

    def texts(self) -> Iterator[TextExample]:
        return iter(self.listed)

    def corpus(self) -> Iterator[TextDocument]:
        raise AssertionError

    def filling(self, example: TextExample, wanted: int) -> tuple[TextDocument, ...]:
        return tuple(TextDocument(f"filling {number}", backfilled=True) for number in range(wanted))


def write(name, folder, made=None, *, count=2, labels=NONE, **knobs):
    made = made or make_training_set(three.selection(count), labels)
    return EXPORTERS.get(name).function(examples=made, folder=folder, **knobs)


def first_rows(name, made, **knobs):
    return [row.data for row in EXPORTERS.get(name).trait("rows")(made, [], **knobs)]


def left_out(folder):
    return [json.loads(line) for line in (folder / "left_out.jsonl").read_text("utf-8").splitlines()]


# --- by hand -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["parquet", "jsonl", "jsonl.gz"])
def test_tevatron_groups_have_a_title_before_the_text_and_repeat_few_negatives(tmp_path, file):
    counts = write("tevatron", tmp_path, file=file)
    rows = readers.rows_of(tmp_path / counts["data"], tmp_path / "cache")
    assert rows[0] == {
        "query_id": "q0",
        "query": Q0,
        "positive_passages": [
            {"docid": "d0", "title": "Jam", "text": "sets with pectin"},
            {"docid": "d7", "title": "", "text": SUGAR},
        ],
        "negative_passages": [
            {"docid": "d1", "title": "", "text": APPLES},
            {"docid": "d2", "title": "", "text": LOUD},
        ],
    }
    for reranker in (False, True):
        assert list(readers.tevatron(rows, 3, reranker=reranker)) == [
            ("q0", Q0, [JAM, APPLES, LOUD]),
            ("q1", Q1, [TIDES, JAM, TEA]),
            ("q2", Q2, [COPPER, TEA, TEA]),
        ]


def test_a_row_without_negatives_would_stop_tevatron_and_is_left_out(tmp_path):
    with pytest.raises(IndexError):
        list(readers.tevatron([{"query_id": "q", "query": "q", "positive_passages": [{}], "negative_passages": []}], 2))
    for name in ("tevatron", "rlhn"):
        folder = tmp_path / name
        folder.mkdir()
        counts = write(name, folder, labels=three.labels(("q2", "d3", Verdict.DROP)))
        assert (counts["rows"], counts["queries_left_out"]) == (2, 1)
        assert left_out(folder) == [{"query_id": "q2", "reason": "it has no negative"}]


def test_tevatron_passages_have_scores_where_they_are_wanted(tmp_path):
    counts = write("tevatron", tmp_path, labels=three.labels(("q1", "d6", Verdict.FALSE_NEGATIVE)), scores=True)
    rows = readers.rows_of(tmp_path / counts["data"], tmp_path / "cache")
    assert [row["query_id"] for row in rows] == ["q0", "q2"]
    assert [each["score"] for each in rows[0]["positive_passages"] + rows[0]["negative_passages"]] == [
        0.9, 0.85, 0.8, 0.79,
    ]  # fmt: skip
    assert left_out(tmp_path) == [{"query_id": "q1", "reason": "a score is unknown"}]


def test_every_row_has_answers_where_one_has():
    made = Listed([_example("one", answers=("yes",)), _example("two")])
    assert [row["answers"] for row in first_rows("tevatron", made)] == [["yes"], []]
    assert "answers" not in first_rows("tevatron", Listed([_example("two")]))[0]


def test_ids_that_nobody_gave_are_made_from_the_texts_and_are_the_same_everywhere(tmp_path):
    shared = TextDocument("shared")
    made = Listed([_example("one", negatives=(shared,)), _example("two", negatives=(shared, TextDocument("other")))])
    counts = write("tevatron", tmp_path, made)
    rows = readers.rows_of(tmp_path / counts["data"], tmp_path / "cache")
    names = [each["docid"] for row in rows for each in row["negative_passages"]]
    assert names[0] == names[1] != names[2]
    assert rows[0]["query_id"] != rows[1]["query_id"]
    assert all(re.fullmatch("[0-9a-f]{16}", name) for name in [*names, *(row["query_id"] for row in rows)])
    # Title and text are kept apart: "a b" with "c" is not "a" with "b c".
    other = Listed([_example("one", negatives=(TextDocument("c", "a b"), TextDocument("b c", "a")))])
    first, second = first_rows("tevatron", other)[0]["negative_passages"]
    assert first["docid"] != second["docid"]


def test_rlhn_has_the_columns_of_the_release_in_their_order(tmp_path):
    counts = write("rlhn", tmp_path, Listed([_example("one", subset="fever"), _example("two")]))
    assert counts["data"] == "data/train-00000-of-00001.parquet"
    schema = pq.read_schema(tmp_path / counts["data"])
    assert schema.names == ["query_id", "query", "positive_passages", "negative_passages", "subset"]
    assert [field.name for field in schema.field("positive_passages").type.value_type] == ["docid", "text", "title"]
    rows = readers.rows_of(tmp_path / counts["data"], tmp_path / "cache")
    assert [row["subset"] for row in rows] == ["fever", ""]
    assert [texts for _, _, texts in readers.tevatron(rows, 2)] == [["TITLE p one", "n one"], ["TITLE p two", "n two"]]


@pytest.mark.parametrize("file", ["parquet", "jsonl"])
def test_a_teacher_scores_each_positive_with_all_negatives(tmp_path, file):
    said = three.labels(("q1", "d6", Verdict.FALSE_NEGATIVE))
    counts = write("tevatron_teacher", tmp_path, labels=said, file=file)
    rows = readers.rows_of(tmp_path / counts["data"], tmp_path / "cache")
    assert rows[0]["passages"][0] == {"title": "Jam", "text": "sets with pectin"}
    assert list(readers.tevatron_teacher(rows, 3)) == [
        ("q0", Q0, [JAM, APPLES, LOUD], [0.9, 0.8, 0.79]),
        ("q0", Q0, [SUGAR, APPLES, LOUD], [0.85, 0.8, 0.79]),
        ("q1", Q1, [TIDES, JAM, TEA], [0.75, 0.7, 0.41]),
        ("q2", Q2, [COPPER, TEA], [0.6, 0.3]),
    ]
    assert left_out(tmp_path) == [{"query_id": "q1", "reason": "a score is unknown", "positive_id": "d6"}]


def test_dpr_is_one_array_in_which_every_row_has_all_keys(tmp_path):
    answered = _example("three", answers=("a", "b"), negatives=())
    counts = write("dpr", tmp_path, Listed([_example("one"), answered]))
    text = (tmp_path / counts["data"]).read_text("utf-8")
    assert text[0] == "["
    assert list(readers.dpr(tmp_path / counts["data"])) == [
        ("Q one", [], [("TITLE", "p one")], [], [("", "n one")]),
        ("Q three", ["a", "b"], [("TITLE", "p three")], [], []),
    ]
    context = json.loads(text)[0]["positive_ctxs"][0]
    assert context == {"title": "TITLE", "text": "p one"}
    assert readers.rows_of(tmp_path / counts["data"], tmp_path / "cache")[1]["question"] == "Q three"


def test_dpr_has_ids_and_scores_where_they_are_known(tmp_path):
    counts = write("dpr", tmp_path)
    row = json.loads((tmp_path / counts["data"]).read_text("utf-8"))[0]
    assert row == {
        "question_id": "q0",
        "question": Q0,
        "answers": [],
        "positive_ctxs": [
            {"title": "Jam", "text": "sets with pectin", "passage_id": "d0", "score": 0.9},
            {"title": "", "text": SUGAR, "passage_id": "d7", "score": 0.85},
        ],
        "negative_ctxs": [],
        "hard_negative_ctxs": [
            {"title": "", "text": APPLES, "passage_id": "d1", "score": 0.8},
            {"title": "", "text": LOUD, "passage_id": "d2", "score": 0.79},
        ],
    }


def test_swift_has_one_positive_and_equally_many_negatives_so_that_none_is_the_positive(tmp_path):
    counts = write("swift", tmp_path)
    assert list(readers.swift_embedding(tmp_path / counts["data"], counts["negatives_in_a_row"])) == [
        ("", Q0, JAM, [APPLES, LOUD]),
        ("", Q0, SUGAR, [APPLES, LOUD]),
        ("", Q1, TIDES, [JAM, TEA]),
    ]
    assert left_out(tmp_path) == [{"query_id": "q2", "reason": "it has fewer than 2 negatives", "negatives": 1}]


def test_swift_fills_up_or_goes_into_folders_by_number(tmp_path):
    for short in ("pad", "split"):
        (tmp_path / short).mkdir()
    counts = write("swift", tmp_path / "pad", short="pad")
    assert counts["backfilled"] == 1
    rows = list(readers.swift_embedding(tmp_path / "pad" / counts["data"]))
    assert {len(negatives) for *_, negatives in rows} == {2}
    counts = write("swift", tmp_path / "split", short="split")
    assert counts["data_files"] == {"swift-2/train.jsonl": 3, "swift-1/train.jsonl": 1}
    assert list(readers.swift_embedding(tmp_path / "split/swift-1/train.jsonl")) == [("", Q2, COPPER, [TEA])]


def test_swift_rows_without_any_negative_have_no_key_for_them(tmp_path):
    counts = write("swift", tmp_path, Listed([_example("one", negatives=())], count=0))
    assert json.loads((tmp_path / counts["data"]).read_text("utf-8")) == {
        "messages": [{"role": "user", "content": "Q one"}],
        "positive_messages": [[{"role": "user", "content": "TITLE p one"}]],
    }


def test_a_prompt_is_the_system_message_before_the_query(tmp_path):
    made = Listed([_example("one", prompt="Find it."), _example("two")], count=1)
    counts = write("swift", tmp_path, made)
    assert [row[:2] for row in readers.swift_embedding(tmp_path / counts["data"])] == [
        ("Find it.", "Q one"), ("", "Q two"),
    ]  # fmt: skip


def test_swift_rerankers_read_documents_as_answers(tmp_path):
    counts = write("swift_reranker", tmp_path)
    assert list(readers.swift_reranker(tmp_path / counts["data"], positives=2)) == [
        (Q0, [JAM, SUGAR], [APPLES, LOUD]),
        (Q1, [TIDES], [JAM, TEA]),
        (Q2, [COPPER], [TEA]),
    ]


def test_nemo_takes_the_first_positive_and_repeats_negatives(tmp_path):
    counts = write("nemo_inline", tmp_path)
    assert list(readers.nemo_inline(tmp_path / counts["data"], 3)) == [
        (Q0, [JAM, APPLES, LOUD]),
        (Q1, [TIDES, JAM, TEA]),
        (Q2, [COPPER, TEA, TEA]),
    ]


def test_cohere_has_no_text_in_both_lists_and_may_lack_negatives(tmp_path):
    counts = write("cohere", tmp_path, labels=three.labels(("q2", "d3", Verdict.DROP)))
    assert list(readers.cohere(tmp_path / counts["data"])) == [
        (Q0, [JAM, SUGAR], [APPLES, LOUD]),
        (Q1, [TIDES], [JAM, TEA]),
        (Q2, [COPPER], []),
    ]


def test_st_jsonl_lines_are_lists_of_three_texts(tmp_path):
    counts = write("st_jsonl", tmp_path)
    assert counts["data"] == "st-jsonl/train.jsonl.gz"
    with gzip.open(tmp_path / counts["data"], "rt", encoding="utf-8") as file:
        lines = list(map(json.loads, file))
    assert lines[:2] == [[Q0, JAM, APPLES], [Q0, JAM, LOUD]]
    assert [len(line) for line in lines] == [3] * 7
    assert preview(three.selection(), NONE, "st-jsonl", 1) == [{"anchor": Q0, "positive": JAM, "negative": APPLES}]


def test_a_reranking_row_has_something_on_both_sides(tmp_path):
    counts = write("reranking", tmp_path, labels=three.labels(("q2", "d3", Verdict.DROP)))
    assert readers.rows_of(tmp_path / counts["data"], tmp_path / "cache") == [
        {"query": Q0, "positive": [JAM, SUGAR], "negative": [APPLES, LOUD]},
        {"query": Q1, "positive": [TIDES], "negative": [JAM, TEA]},
    ]


def test_the_reranking_evaluator_takes_the_rows(tmp_path):
    from sentence_transformers.cross_encoder.evaluation import CrossEncoderRerankingEvaluator

    counts = write("reranking", tmp_path)
    rows = readers.rows_of(tmp_path / counts["data"], tmp_path / "cache")
    assert len(CrossEncoderRerankingEvaluator(samples=rows, name="x").samples) == 3


def test_pairs_have_every_positive_and_no_negative(tmp_path):
    counts = write("pair", tmp_path)
    rows = readers.rows_of(tmp_path / counts["data"], tmp_path / "cache")
    assert rows == [
        {"anchor": query, "positive": text} for query, text in ((Q0, JAM), (Q0, SUGAR), (Q1, TIDES), (Q2, COPPER))
    ]
    assert (counts["positives"], counts["negatives"]) == (4, 0)


def test_margins_are_what_the_positive_has_more_than_each_negative(tmp_path):
    counts = write("margin_mse", tmp_path)
    rows = readers.rows_of(tmp_path / counts["data"], tmp_path / "cache")
    assert list(rows[0]) == ["anchor", "positive", "negative_1", "negative_2", "label"]
    assert [row["label"] for row in rows] == [
        pytest.approx([0.1, 0.11]), pytest.approx([0.05, 0.06]), pytest.approx([0.05, 0.34])
    ]  # fmt: skip
    scores = first_rows("margin_mse", make_training_set(three.selection(), NONE), label="scores")
    assert [row["label"] for row in scores] == [[0.9, 0.8, 0.79], [0.85, 0.8, 0.79], [0.75, 0.7, 0.41]]


def test_margins_of_an_unknown_score_are_left_out(tmp_path):
    counts = write("margin_mse", tmp_path, labels=three.labels(("q1", "d6", Verdict.FALSE_NEGATIVE)), negatives=1)
    assert counts["rows"] == 4
    assert left_out(tmp_path) == [{"query_id": "q1", "reason": "a score is unknown", "positive_id": "d6"}]


@pytest.mark.parametrize("name", ["margin_mse", "tevatron_teacher"])
def test_data_without_scores_is_refused_with_what_to_do_in_a_recipe_and_in_a_conversion(tmp_path, name):
    with pytest.raises(ExportError, match=r"recipe.*a file that is converted has to hold"):
        write(name, tmp_path, Listed([_example("one")], count=1))


# --- contrastors ---------------------------------------------------------------------------------------------------


def test_contrastors_leaps_to_a_line_by_its_bytes(tmp_path, monkeypatch):
    """q1 has text that is longer in bytes than in letters, before other lines of the same shard."""
    counts = write("contrastors", tmp_path, count=1, lines=3, scores=True)
    assert counts["data_files"] == {"contrastors/shard-00000.jsonl.gz": 3, "contrastors/shard-00001.jsonl.gz": 1}
    assert counts["data"] == "contrastors/shard-{00000..00001}.jsonl.gz"
    monkeypatch.chdir(tmp_path)
    batches = list(readers.contrastors("contrastors/shard-*.jsonl.gz", 1, 1, distil=True))
    assert [row for batch in batches for row in batch] == [
        (Q0, [JAM, APPLES], [0.9, 0.8]),
        (Q0, [SUGAR, APPLES], [0.85, 0.8]),
        (Q1, [TIDES, JAM], [0.75, 0.7]),
        (Q2, [COPPER, TEA], [0.6, 0.3]),
    ]
    assert json.loads((tmp_path / "contrastors/counts.json").read_text("utf-8")) == {
        "count_per_file": {"contrastors/shard-00000.jsonl.gz": 3, "contrastors/shard-00001.jsonl.gz": 1},
        "total_count": 4,
    }


def test_contrastors_offsets_count_bytes_and_not_letters(tmp_path, monkeypatch):
    made = Listed([_example(name, query=f"{name} {ODD}") for name in ("one", "two", "three")], count=1)
    counts = write("contrastors", tmp_path, made)
    monkeypatch.chdir(tmp_path)
    (batch,) = readers.contrastors(counts["data"], 3, 1)
    assert [query for query, *_ in batch] == [f"one {ODD}", f"two {ODD}", f"three {ODD}"]
    with gzip.open(tmp_path / counts["data"]) as file:
        lines = file.readlines()
    with gzip.open(tmp_path / "contrastors/offsets.json.gz") as file:
        offsets = json.load(file)[counts["data"]]
    assert offsets["2"] == [len(lines[0] + lines[1]), len(b"".join(lines))]


def test_contrastors_rows_of_different_numbers_would_shift_a_batch(tmp_path, monkeypatch):
    counts = write("contrastors", tmp_path)
    monkeypatch.chdir(tmp_path)
    (batch,) = readers.contrastors(counts["data"], 3, 2)
    assert [len(documents) for _, documents, _ in batch] == [3, 3, 3]
    assert left_out(tmp_path)[0]["query_id"] == "q2"


# --- the formats that were there -----------------------------------------------------------------------------------


def test_flagembedding_rows_all_have_a_prompt_or_none_has(tmp_path):
    counts = write("flagembedding", tmp_path, Listed([_example("one"), _example("two", prompt="Find: ")]))
    groups = list(readers.flagembedding(tmp_path / "flagembedding", 3, instruction="Other: "))
    assert [query for query, *_ in groups] == ["Q one", "Find: Q two"]
    assert groups[0][1] == ["TITLE p one", "n one", "n one"]
    assert len(readers.rows_of(tmp_path / counts["data"], tmp_path / "cache")) == 2
    assert "prompt" not in first_rows("flagembedding", Listed([_example("one")]))[0]


def test_flagembedding_distils_with_a_number_for_each_text(tmp_path):
    write("flagembedding", tmp_path, scores=True)
    groups = list(readers.flagembedding(tmp_path / "flagembedding", 3, distil=True))
    assert groups[0] == (Q0, [JAM, APPLES, LOUD], [0.9, 0.8, 0.79])
    assert groups[2] == (Q2, [COPPER, TEA, TEA], [0.6, 0.3, 0.3])


@pytest.mark.parametrize("name", [*OLD, *NEW])
@pytest.mark.parametrize("scores", [False, True])
def test_no_cell_is_nan_and_no_column_is_an_id_in_formats_whose_columns_are_inputs(name, scores):
    entry = EXPORTERS.get(name)
    knobs = {"scores": scores} if any(knob.name == "scores" for knob in entry.knobs) else {}
    rows = first_rows(name, make_training_set(three.selection(), NONE), **knobs)
    json.dumps(rows, allow_nan=False)
    if entry.trait("trainer") == "sentence-transformers":
        assert not [key for row in rows for key in row if "id" in key.split("_")]


# --- what a format says, and what it does not -----------------------------------------------------------------------


def _example(name, *, query=None, negatives=None, **more):
    found = (TextDocument(f"n {name}"),) if negatives is None else negatives
    return TextExample(query or f"Q {name}", (TextDocument(f"p {name}", "TITLE"),), found, **more)


def _leaves(value):
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _leaves(each)
    else:
        yield value


@pytest.mark.parametrize("name", [*OLD, *NEW])
def test_holds_is_true(name):
    """Every fact stands in one example by a sign of its own; a format holds it if the sign is found in its rows."""
    one = TextExample(
        "Q one",
        (
            TextDocument("p one", "TITLE", "doc-p1", score=0.91, grade=3),
            TextDocument("p other", id="doc-p2", score=0.83),
        ),
        (TextDocument("n one", id="doc-n1", score=0.37), TextDocument("n two", id="doc-n2", score=0.23)),
        "query-1",
        ("ANSWER",),
        "PROMPT",
        "SUBSET",
    )
    few = TextExample("Q few", (TextDocument("p few", score=0.5),), (TextDocument("n few", score=0.25),))
    empty = TextExample("Q empty", (TextDocument("p empty", score=0.5),))
    entry = EXPORTERS.get(name)
    rows = list(entry.trait("rows")(Listed([one, few, empty]), []))
    leaves = list(_leaves([row.data for row in rows]))
    lists = [list(_leaves(row.data)) for row in rows]
    with_negatives = any("n one" in leaf for leaf in leaves if isinstance(leaf, str))
    found = {
        "ids": "doc-p1" in leaves,
        "titles": "TITLE" in leaves,
        "grades": 3 in leaves,
        "scores": any(isinstance(leaf, float) for leaf in leaves),
        "answers": "ANSWER" in leaves,
        "prompts": "PROMPT" in leaves,
        "subsets": "SUBSET" in leaves,
        # One row for each document keeps them all as well: it says of each whether it is a positive.
        "positives": any(len(row.ids["positive_ids"]) == 2 for row in rows) or name == "labeled_pair",
        "negatives": with_negatives,
        "empty": any("Q empty" in cells for cells in lists) or not with_negatives,
        "counts": {"n one", "n two", "n few"} <= set(leaves) or not with_negatives,
    }
    holds = set(entry.trait("holds"))
    if "negatives" not in holds:
        holds |= {"empty", "counts"}
    assert {fact for fact, is_there in found.items() if is_there} == holds
    assert holds <= {*FACTS, "counts"}


# --- all of them ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NEW)
def test_what_negviz_reads_back_is_the_training_set(tmp_path, name):
    entry = EXPORTERS.get(name)
    if entry.trait("reads") not in LOADERS:
        pytest.skip(f"There is no loader {entry.trait('reads')} yet.")
    made = make_training_set(three.selection(1), NONE)
    counts = write(name, tmp_path, made)
    wanted = {
        example.query: (
            {each.content for each in example.positives},
            set() if name == "pair" else {each.content for each in example.negatives},
        )
        for example in made.texts()
    }
    found: dict[str, tuple[set[str], set[str]]] = {}
    for example in open_data(tmp_path / counts["data"], format=entry.trait("reads")).reading.examples:
        sides = found.setdefault(str(example.query), (set(), set()))
        sides[0].update(each.content for each in example.positives)
        sides[1].update(each.content for each in example.negatives)
    assert found == wanted


@pytest.mark.parametrize("name", NEW)
def test_datasets_loads_the_data_and_odd_text_comes_back_as_it_is(tmp_path, name):
    counts = write(name, tmp_path, count=3)
    path = tmp_path / counts["data"]
    if name in NOT_FOR_DATASETS:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            rows = list(map(json.loads, file))
    else:
        rows = readers.rows_of(path, tmp_path / "cache")
    assert len(rows) == counts["rows"]
    leaves = set(_leaves(rows))
    assert (ODD in leaves) == (name != "pair")
    assert not any(isinstance(leaf, float) and math.isnan(leaf) for leaf in leaves)


@pytest.mark.parametrize("name", NEW)
def test_an_export_is_whole_and_its_card_shows_code_without_gaps(tmp_path, name):
    manifest = export(three.selection(1), NONE, name, tmp_path / "out")
    assert verify(tmp_path / "out") == []
    card = (tmp_path / "out/README.md").read_text("utf-8")
    code = card.split("```")[1]
    assert not re.search(r"\b(DATA|FOLDER|FILE|GROUP|COUNT|DISTIL)\b", code)
    assert Path(manifest["written"]["data"]).name in code
    assert EXPORTERS.get(name).reference.startswith("https://")


@pytest.mark.parametrize(
    ("name", "knobs"),
    [
        ("contrastors", {"lines": 2, "scores": True}),
        ("margin_mse", {"negatives": 2, "short": "split", "label": "scores", "file": "jsonl.zst"}),
        ("swift", {"negatives": 2, "short": "split"}),
        ("tevatron", {"scores": True, "file": "jsonl.gz"}),
        ("tevatron_teacher", {"file": "jsonl"}),
        ("reranking", {"file": "jsonl.zst"}),
        ("st_jsonl", {"file": "jsonl"}),
        ("labeled_pair", {"scores": True}),
    ],
)
def test_an_export_in_pieces_or_compressed_is_whole_too(tmp_path, name, knobs):
    manifest = export(three.selection(), NONE, name, tmp_path / "out", knobs=knobs)
    assert verify(tmp_path / "out") == []
    assert sum(manifest["written"]["data_files"].values()) == manifest["written"]["rows"]


def test_scores_that_contrastors_distils_are_read_back(tmp_path):
    write("contrastors", tmp_path, scores=True)
    first = next(iter(open_data(tmp_path / "contrastors").reading.examples))
    assert [each.score for each in (*first.positives, *first.negatives)] == [0.9, 0.8, 0.79]


@pytest.mark.parametrize("name", [name for name in NEW if EXPORTERS.get(name).trait("language", "python") == "python"])
def test_python_snippets_are_python(name):
    compile(snippet(EXPORTERS.get(name), "folder/train.jsonl", {}, 3), name, "exec")


@pytest.mark.parametrize(("label", "negatives"), [("margins", 1), ("margins", 2), ("scores", 1), ("scores", 2)])
def test_margin_mse_trains(tmp_path, label, negatives):
    counts = write("margin_mse", tmp_path, label=label, negatives=negatives)
    loss, moved = train_a_step(_loaded(tmp_path / counts["data"], tmp_path), "MarginMSELoss", tmp_path)
    assert math.isfinite(loss)
    assert moved


def test_pairs_train_on_the_batch(tmp_path):
    counts = write("pair", tmp_path)
    loss, moved = train_a_step(_loaded(tmp_path / counts["data"], tmp_path), "MultipleNegativesRankingLoss", tmp_path)
    assert math.isfinite(loss)
    assert moved


def test_triplets_with_scores_train(tmp_path):
    counts = write("triplet", tmp_path, scores=True)
    loss, moved = train_a_step(_loaded(tmp_path / counts["data"], tmp_path), "MarginMSELoss", tmp_path)
    assert math.isfinite(loss)
    assert moved


@pytest.mark.parametrize("file", ["jsonl.gz", "jsonl.zst", "jsonl"])
def test_st_jsonl_trains_as_its_snippet_loads_it(tmp_path, file, monkeypatch):
    counts = write("st_jsonl", tmp_path, file=file)
    code = snippet(EXPORTERS.get("st_jsonl"), counts["data"], {}, 2)
    loading = "\n".join(line for line in code.split("model = ")[0].splitlines() if "sentence_transformers" not in line)
    names: dict[str, object] = {}
    monkeypatch.chdir(tmp_path)
    exec(compile(loading, "snippet", "exec"), names)
    assert names["data"][0] == {"anchor": Q0, "positive": JAM, "negative": APPLES}
    loss, moved = train_a_step(names["data"], "MultipleNegativesRankingLoss", tmp_path)
    assert math.isfinite(loss)
    assert moved


def _loaded(path, folder):
    import datasets

    return datasets.load_dataset("parquet", data_files=str(path), split="train", cache_dir=str(folder / "cache"))
