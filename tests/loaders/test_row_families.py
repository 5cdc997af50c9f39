"""Row-wise formats: each known by its content as itself alone, and everything that a row says is carried."""

import csv
import gzip
import io
import json
import math
import tracemalloc

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from negviz.errors import DataError
from negviz.examples import TextDocument
from negviz.load import describe, load, load_files, open_data
from negviz.loaders import LOADERS


def message(text, role="user"):
    return [{"role": role, "content": text}]


def passage(own, title, text, **more):
    return {"docid": own, "title": title, "text": text, **more}


def pages(*selected):
    return [
        {"is_selected": value, "passage_text": f"p {place}", "url": f"http://{place}.example"}
        for place, value in enumerate(selected)
    ]


def article(*qas, title="T", context="p"):
    return {"title": title, "paragraphs": [{"context": context, "qas": list(qas)}]}


def asked(own, question, *answers, **more):
    return {"id": own, "question": question, "answers": [{"text": each, "answer_start": 0} for each in answers], **more}


OBJECTIVE = {"objective": {"self": [], "paired": [], "triplet": [["query", "document", "negatives"]]}}
TINY = {
    "tabular": [
        [{"anchor": "q", "positive": "p", "negative": "n"}],
        [{"anchor": "q", "positive": "p", "negative": "n", "scores": [0.9, 0.41]}],
        [{"anchor": "q", "positive": ["p", "n"], "labels": [1, 0]}],
        [{"anchor": "q", "positive": ["p", "n"], "scores": [0.9, 0.41]}],
        [{"query": "q", "docs": ["p", "n"], "labels": [1, 0]}],
        [{"query": "q", "positive": ["p"], "negative": ["n"]}],
        [{"query": "q", "positive": ["p"], "documents": ["p", "n"]}],
        [["q", "p", "n"]],
    ],
    "paraphrase_sets": [[{"set": ["q", "p", "p 2"]}]],
    "flagembedding": [[{"query": "q", "pos": ["p"], "neg": ["n"]}]],
    "tevatron": [[{"query_id": "1", "query": "q", "positive_passages": [passage("a", "", "p")]}]],
    "tevatron_teacher": [
        [
            {
                "query_id": "1",
                "query": "q",
                "passages": [passage("a", "", "p"), passage("b", "", "n")],
                "scores": [5.2, -1.0],
            }
        ]
    ],
    "dpr": [[{"question": "q", "answers": ["x"], "positive_ctxs": [{"title": "", "text": "p"}]}]],
    "swift": [[{"messages": message("q"), "positive_messages": [message("p")]}]],
    "cohere": [[{"query": "q", "relevant_passages": ["p"], "hard_negatives": ["n"]}]],
    "contrastors": [[{"query": "q", "document": "p", "negatives": ["n"], "metadata": OBJECTIVE}]],
    "squad": [
        [{"data": [article(asked("1", "q", "x"))]}],
        [article(asked("1", "q", "x"))],
        [{"id": "1", "context": "p", "question": "q", "answers": {"text": ["x"], "answer_start": [0]}}],
    ],
    "msmarco_qa": [
        [{"query": "q", "query_id": 1, "passages": pages(1, 0), "answers": ["x"]}],
        [{"passages": {"0": pages(1, 0)}, "query": {"0": "q"}, "query_id": {"0": 1}, "answers": {"0": ["x"]}}],
    ],
}
CASES = [(name, rows) for name, several in TINY.items() for rows in several]
# Without lists, and without what is one object for a whole file.
WHOLE = [TINY["squad"][0], TINY["msmarco_qa"][1]]
ROW_CASES = [(name, rows) for name, rows in CASES if isinstance(rows[0], dict) and rows not in WHOLE]


@pytest.fixture
def examples(tmp_path):
    """Examples of rows of JSON, and what was noticed and found out."""

    def read(*rows, name="t.jsonl", **options):
        (tmp_path / name).write_text("\n".join(map(json.dumps, rows)))
        reading = open_data(tmp_path / name, **options).reading
        found = list(reading.examples)
        return found, [(problem.line, problem.kind) for problem in reading.problems], reading.facts

    return read


def brief(documents):
    return [(each.text, each.score) for each in documents]


@pytest.mark.parametrize(("name", "rows"), CASES)
def test_each_is_known_as_itself_and_by_no_other_loader(tmp_path, name, rows):
    path = tmp_path / "file.txt"
    path.write_text("\n".join(map(json.dumps, rows)))
    opened = open_data(path)
    assert opened.entry.name == name
    takers = [entry.name for entry in LOADERS if not entry.trait("last") and entry.trait("recognise")(opened.source)]
    assert takers == ([] if name == "tabular" else [name])
    assert [example.query for example in opened.reading.examples] == ["q"]
    assert [problem.kind for problem in opened.reading.problems] == (["no header"] if isinstance(rows[0], list) else [])


@pytest.mark.parametrize(("name", "rows"), ROW_CASES)
def test_each_is_known_in_an_array_and_in_parquet_too(tmp_path, name, rows):
    (tmp_path / "file.txt").write_text(json.dumps(rows, indent=1))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "t.parquet")
    for file in ("file.txt", "t.parquet"):
        opened = open_data(tmp_path / file)
        assert opened.entry.name == name
        assert [example.query for example in opened.reading.examples] == ["q"]
        assert opened.reading.problems == []


def turned(rows):
    """A list of objects as the object of lists that Hugging Face's older Sequence writes."""
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


@pytest.mark.parametrize(
    ("name", "row", "keys"),
    [
        (
            "tevatron",
            {
                "query_id": "1",
                "query": "q",
                "positive_passages": [passage("a", "T", "p")],
                "negative_passages": [passage("b", "", "n1"), passage("c", "", "n2")],
            },
            ["positive_passages", "negative_passages"],
        ),
        (
            "dpr",
            {
                "question": "q",
                "positive_ctxs": [{"title": "T", "text": "p"}],
                "hard_negative_ctxs": [{"title": "", "text": "n1"}, {"title": "", "text": "n2"}],
            },
            ["positive_ctxs", "hard_negative_ctxs"],
        ),
        ("msmarco_qa", {"query": "q", "passages": pages(0, 1, 0)}, ["passages"]),
    ],
)
def test_lists_of_objects_may_come_as_objects_of_lists(tmp_path, name, row, keys):
    other = {**row, **{key: turned(row[key]) for key in keys}}
    found = []
    for number, each in enumerate((row, other)):
        path = tmp_path / f"{number}.parquet"
        pq.write_table(pa.Table.from_pylist([each]), path)
        opened = open_data(path)
        assert opened.entry.name == name
        found.append([example._replace(place=None) for example in opened.reading.examples])
    assert found[0] == found[1]
    assert found[0][0].positives
    assert found[0][0].negatives


def test_objects_of_lists_of_different_lengths_are_a_bad_row(examples):
    row = {"query": "q", "positive_passages": {"docid": ["a", "b"], "text": ["p"]}}
    found, problems, _ = examples({"query": "q", "positive_passages": [passage("a", "", "p")]}, row)
    assert len(found) == 1
    assert problems == [(2, "bad row")]


# sentence-transformers


def test_scores_of_tuples_are_one_for_each_document(examples):
    found, problems, facts = examples(
        {"anchor": "q", "positive": "p", "negative_1": "n1", "negative_2": "n2", "scores": [0.9, 0.41, None]}
    )
    assert brief(found[0].positives) == [("p", 0.9)]
    assert brief(found[0].negatives) == [("n1", 0.41), ("n2", None)]
    assert (problems, facts["scores"]) == ([], "one for the positive and one for each negative")


@pytest.mark.parametrize(
    ("row", "negatives"),
    [
        ({"negative_1": "n1", "negative_2": "n2", "label": [2.5, -0.25]}, [("n1", -2.5), ("n2", 0.25)]),
        ({"negative": "n1", "label": 3.75}, [("n1", -3.75)]),
        ({"negative": "n1", "label": [0.0]}, [("n1", 0.0)]),
    ],
)
def test_margins_are_scores_relative_to_the_positive(examples, row, negatives):
    found, problems, facts = examples({"query": "q", "positive": "p", **row})
    assert brief(found[0].positives) == [("p", 0.0)]
    assert brief(found[0].negatives) == negatives
    assert not any(math.copysign(1, each.score) < 0 for each in found[0].negatives if each.score == 0)
    assert problems == []
    assert facts["scores"].startswith("differences, positive minus negative")


@pytest.mark.parametrize("scores", [[1.5, 2.5, 3.5], [1.5, "high"], []])
def test_scores_that_fit_no_document_are_reported_and_the_row_is_kept(examples, scores):
    found, problems, _ = examples({"query": "q", "positive": "p", "negative": "n", "scores": scores})
    assert brief((*found[0].positives, *found[0].negatives)) == [("p", None), ("n", None)]
    assert problems == [(1, "unreadable score")]


def test_one_label_for_a_whole_triplet_is_not_read_and_that_is_said(examples):
    found, problems, facts = examples({"query": "q", "positive": "p", "negative": "n", "label": 1})
    assert brief((*found[0].positives, *found[0].negatives)) == [("p", None), ("n", None)]
    assert problems == []
    assert "not read" in facts["scores"]


def test_a_list_with_scores_has_its_positive_first(examples):
    rows = [
        {"anchor": "q", "positive": ["p", "n1", "n2"], "scores": [0.9, 0.95, 0.1]},
        {"anchor": "q2", "positive": ["p", "n1"], "scores": [7, 3]},
        {"anchor": "q3", "positive": ["n1", "p"], "scores": [0, 1]},
    ]
    found, problems, facts = examples(*rows)
    assert [brief(example.positives) for example in found] == [[("p", 0.9)], [("p", 7.0)], [("p", None)]]
    assert [brief(example.negatives) for example in found] == [
        [("n1", 0.95), ("n2", 0.1)], [("n1", 3.0)], [("n1", None)],
    ]  # fmt: skip
    assert [each.grade for example in found for each in example.negatives] == [None, None, None, 0]
    assert problems == []
    assert facts["scores"].startswith("one for each document of a list")


def test_scores_of_delimited_text_are_written_as_lists():
    buffer = io.StringIO()
    csv.writer(buffer).writerows([["query", "docs", "labels"], ["q", '["p", "n"]', "[1, 0]"]])
    dataset = load_files({"t.csv": buffer.getvalue().encode()})
    assert (len(dataset.positives), len(dataset.given)) == (1, 1)


def test_the_score_of_a_pair_is_refused_with_what_to_do(examples):
    with pytest.raises(DataError, match=r"0.41 in its column 'score'.*turn it into labels.*--column label=none\.$"):
        examples({"anchor": "q", "positive": "p", "score": 0.41})


def test_ids_prompts_and_subsets_are_carried(examples):
    row = {
        "query_id": 7, "query": "q", "prompt": "find: ", "subset": "nq", "positive_id": "D1", "positive": "p",
        "negative_ids": ["D2", "D3"], "negatives": ["n1", "n2"], "scores": [3.5, 2.5, 1.5],
    }  # fmt: skip
    (found,), problems, facts = examples(row)
    assert (found.query_id, found.prompt, found.subset) == ("7", "find: ", "nq")
    assert [(each.id, each.score) for each in (*found.positives, *found.negatives)] == [
        ("D1", 3.5), ("D2", 2.5), ("D3", 1.5),
    ]  # fmt: skip
    assert (problems, facts["columns_not_read"]) == ([], [])


def test_documents_of_a_reranker_that_are_no_positives_are_negatives_with_their_rank(examples):
    (found,), problems, _ = examples({"query": "q", "positive": ["p"], "documents": ["n1", "p", "n2"]})
    assert [each.text for each in found.positives] == ["p"]
    assert [(each.text, each.rank) for each in found.negatives] == [("n1", 0), ("n2", 2)]
    assert problems == []


def test_a_set_is_a_query_and_its_paraphrases(examples):
    found, problems, _ = examples({"set": ["a", "b", "c"]}, {"set": ["alone"]}, {"set": 3})
    assert [(each.query, [one.text for one in each.positives]) for each in found] == [("a", ["b", "c"])]
    assert problems == [(2, "bad row"), (3, "bad row")]


# FlagEmbedding, Tevatron, DPR


def test_flagembedding_scores_prompts_and_the_teachers_of_llm_embedder(examples):
    rows = [
        {"query": "q", "pos": ["p"], "neg": ["n"], "pos_scores": [8.1], "neg_scores": [1.2], "prompt": "find: "},
        {"query": "q2", "pos": ["p"], "neg": ["n"], "teacher_scores": [-1.5, -2.5]},
        {"query": "q3", "pos": ["p"], "neg": ["n"], "pos_scores": [1, 2], "teacher_scores": None},
    ]
    found, problems, _ = examples(*rows)
    scores = [[each.score for each in (*example.positives, *example.negatives)] for example in found]
    assert scores == [[8.1, 1.2], [-1.5, -2.5], [None, None]]
    assert (found[0].prompt, problems) == ("find: ", [])


def test_rlhn_in_parquet_with_subsets_scores_and_answers(tmp_path):
    rows = [
        {
            "query_id": str(number), "query": f"q{number}", "subset": "fiqa", "answers": ["x"],
            "positive_passages": [passage("a", "T", "p", score=2.5)],
            "negative_passages": [passage("b", "", "n", score=-0.5)],
        }
        for number in range(1100)
    ]  # fmt: skip
    folder = tmp_path / "rlhn" / "data"
    folder.mkdir(parents=True)
    for shard in (0, 1):
        pq.write_table(pa.Table.from_pylist(rows[shard::2]), folder / f"train-0000{shard}-of-00002.parquet")
    (tmp_path / "rlhn" / "README.md").write_text("# RLHN")
    opened = open_data(tmp_path / "rlhn")
    assert opened.entry.name == "tevatron"
    found = sorted(opened.reading.examples, key=lambda example: int(example.query_id))
    assert [example.query for example in found] == [row["query"] for row in rows]
    assert found[0].positives == (TextDocument("p", "T", "a", score=2.5),)
    assert found[0].negatives == (TextDocument("n", "", "b", score=-0.5),)
    assert (found[0].subset, found[0].answers) == ("fiqa", ("x",))


def test_a_teachers_first_passage_is_the_positive(examples):
    row = {"query_id": 3, "query": "q", "passages": [passage("a", "T", "p"), passage("b", "", "n")], "scores": [1.5, 9]}
    (found,), problems, _ = examples(row, {**row, "scores": [1]})
    assert (found.query_id, brief(found.positives), brief(found.negatives)) == ("3", [("p", 1.5)], [("n", 9.0)])
    assert problems == [(2, "bad row")]


def test_contexts_of_dpr_with_ids_and_scores_and_negatives_as_texts(examples):
    row = {
        "question": "q", "answers": ["x"],
        "positive_ctxs": [{"title": "T", "text": "p", "score": 1000, "title_score": 1, "passage_id": "4"}],
        "negative_ctxs": ["easy"], "hard_negative_ctxs": [{"title": "", "text": "n", "score": 10.5, "psg_id": 5}],
    }  # fmt: skip
    (found,), problems, _ = examples(row)
    assert found.positives == (TextDocument("p", "T", "4", score=1000.0),)
    assert found.negatives == (TextDocument("n", "", "5", score=10.5), TextDocument("easy"))
    assert (found.answers, problems) == (("x",), [])


# ms-swift


def test_swift_for_rerankers_with_a_system_message_and_several_positives(examples):
    row = {
        "messages": [{"role": "system", "content": "Judge."}, *message("q")],
        "positive_messages": [message("p1", "assistant"), message("p2", "assistant")],
        "negative_messages": [],
    }
    (found,), problems, _ = examples(row)
    assert (found.query, found.prompt) == ("q", "Judge.")
    assert [each.text for each in found.positives] == ["p1", "p2"]
    assert (found.negatives, problems) == ((), [])


def test_of_swifts_pictures_the_text_is_read_and_the_rest_reported(examples):
    parts = [{"type": "image", "image": "a.png"}, {"type": "text", "text": "what is it"}]
    row = {"messages": [{"role": "user", "content": parts}], "positive_messages": [message("p")], "images": ["b.png"]}
    (found,), problems, _ = examples(row)
    assert found.query == "what is it"
    assert problems == [(1, "not text")] * 2


# contrastors and Cohere


def test_contrastors_shards_in_their_folder(tmp_path):
    row = {"query": "q", "document": "p", "negatives": ["n1", "n2"], "pos_score": 0.75, "scores": [0.5, 0.25]}
    paired = {"title": "q2", "body": "p2", "metadata": {"objective": {"self": [], "paired": [["title", "body"]]}}}
    rows = [{**row, "metadata": OBJECTIVE}, paired, {"query": "q3", "metadata": {"objective": {"self": [["query"]]}}}]
    data = "".join(json.dumps(each) + "\n" for each in rows).encode()
    (tmp_path / "shard-00000.jsonl.gz").write_bytes(gzip.compress(data))
    (tmp_path / "counts.json").write_text('{"shard-00000": 3}')
    (tmp_path / "offsets.json.gz").write_bytes(gzip.compress(b'{"0": [0, 10]}'))
    opened = open_data(tmp_path)
    assert opened.entry.name == "contrastors"
    first, second = opened.reading.examples
    assert brief((*first.positives, *first.negatives)) == [("p", 0.75), ("n1", 0.5), ("n2", 0.25)]
    assert (second.query, brief(second.positives), second.negatives) == ("q2", [("p2", None)], ())
    assert [(problem.line, problem.kind) for problem in opened.reading.problems] == [(3, "bad row")]


def test_coheres_negatives_may_be_missing(examples):
    found, problems, _ = examples({"query": "q", "relevant_passages": ["p"]})
    assert (brief(found[0].positives), found[0].negatives, problems) == ([("p", None)], (), [])


# SQuAD


def squad_two():
    impossible = asked("3", "who is not", is_impossible=True, plausible_answers=[{"text": "wrong", "answer_start": 0}])
    return {"version": "v2.0", "data": [article(asked("1", "who", "x", "x"), asked("2", "what", "y"), impossible)]}


def test_squad_paragraphs_are_positives_and_the_impossible_ones_judged_negatives():
    dataset = load_files({"t.json": json.dumps(squad_two(), indent=1).encode()})
    assert dataset.format == "squad"
    assert (len(dataset.documents), dataset.document_title(0), dataset.document_text(0)) == (1, "T", "p")
    assert dataset.documents["group"].to_pylist() == ["T"]
    assert dataset.query_ids == ["1", "2", "3"]
    assert dataset.answers == [["x"], ["y"], []]
    assert (len(dataset.positives), len(dataset.given)) == (2, 1)
    assert (dataset.facts["unanswerable"], dataset.facts["judged_not_relevant"]) == (1, 1)
    assert [problem.kind for problem in dataset.problems] == ["query without a positive"]


def test_flat_squad_of_version_two_does_not_take_the_unanswerable_for_positives(tmp_path):
    rows = [
        {"id": own, "title": "T", "context": "p", "question": f"q {own}", "answers": {"text": text, "answer_start": at}}
        for own, text, at in (("1", ["x"], [0]), ("2", [], []))
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "t.parquet")
    dataset = load(tmp_path / "t.parquet")
    assert dataset.format == "squad"
    assert (dataset.query_ids, dataset.documents["group"].to_pylist()) == (["1", "2"], ["T"])
    assert (len(dataset.positives), len(dataset.given)) == (1, 1)


def test_squad_that_is_cut_off_or_odd_keeps_what_is_whole():
    whole = {"data": [article(asked("1", "q", "x")), 3, {"title": "no paragraphs"}, {"paragraphs": [{"context": "p"}]}]}
    text = json.dumps(whole, indent=1)
    dataset = load_files({"t.json": text[: text.rindex("]")].encode()})
    kinds = [problem.kind for problem in dataset.problems]
    assert (kinds, len(dataset.positives)) == (["bad row", "bad row", "bad row", "truncated line"], 1)
    assert dataset.problems[0].line > 1


def test_squad_of_one_article_that_is_longer_than_the_beginning(tmp_path):
    contexts = [
        {"context": f"{number} " * 3000, "qas": [asked(str(number), f"q {number}", "x")]} for number in range(500)
    ]
    (tmp_path / "t.json").write_text(json.dumps({"data": [{"paragraphs": contexts}]}))
    assert (tmp_path / "t.json").stat().st_size > 1 << 22
    assert len(load(tmp_path / "t.json").positives) == 500


# MS MARCO question answering


def by_number(count=2):
    return {
        "answers": {str(n): ["No Answer Present."] if n else ["x"] for n in range(count)},
        "passages": {str(n): pages(0, 0 if n else 1) for n in range(count)},
        "query": {str(n): f"q {n}" for n in range(count)},
        "query_id": {str(n): 100 + n for n in range(count)},
        "query_type": {str(n): "person" for n in range(count)},
        "wellFormedAnswers": {str(n): "[]" for n in range(count)},
    }


@pytest.mark.parametrize("form", ["lines", "one object"])
def test_selected_passages_are_positives_and_nobody_judged_the_others(tmp_path, form):
    whole = by_number()
    rows = [{key: value[str(n)] for key, value in whole.items()} for n in range(2)]
    (tmp_path / "t.json").write_text(json.dumps(whole) if form == "one object" else "\n".join(map(json.dumps, rows)))
    opened = open_data(tmp_path / "t.json")
    assert opened.entry.name == "msmarco_qa"
    first, second = opened.reading.examples
    assert (first.query_id, first.query, first.answers) == ("100", "q 0", ("x",))
    assert first.positives == (TextDocument("p 1", group="http://1.example"),)
    assert first.negatives == (TextDocument("p 0", group="http://0.example"),)
    assert (second.query_id, second.answers, second.positives, len(second.negatives)) == ("101", (), (), 2)
    assert opened.reading.problems == []


def test_one_object_whose_answers_alone_are_longer_than_the_beginning(tmp_path):
    whole = by_number()
    whole["answers"] |= {str(n): ["x" * 1000] for n in range(2, 5000)}
    (tmp_path / "t.json").write_text(json.dumps(whole))
    opened = open_data(tmp_path / "t.json")
    assert (opened.entry.name, len(list(opened.reading.examples))) == ("msmarco_qa", 2)


def test_one_object_that_is_cut_off_says_so(tmp_path):
    (tmp_path / "t.json").write_text(json.dumps(by_number())[:-20])
    reading = open_data(tmp_path / "t.json").reading
    assert len(list(reading.examples)) == 2
    assert [problem.kind for problem in reading.problems] == ["truncated line"]
    cut = json.dumps(by_number())
    (tmp_path / "t.json").write_text(cut[: cut.index('"query"')])
    with pytest.raises(DataError, match=r"t.json has no object of queries by number"):
        load(tmp_path / "t.json")


# Columnar and delimited files


def test_parquet_as_pandas_and_others_write_it(tmp_path):
    table = pa.table({
        "query": pa.array(["q one", "q two", None]).dictionary_encode(),
        "positive": pa.array(["p one", "p two", "p three"], pa.large_string()),
        "negatives": pa.array([["n one", None], None, []], pa.large_list(pa.large_string())),
        "__index_level_0__": pa.array([4, 5, 6]),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "t.parquet")
    dataset = load(tmp_path / "t.parquet")
    assert dataset.query_texts == ["q one", "q two"]
    assert [(problem.line, problem.kind) for problem in dataset.problems] == [
        (1, "blank text"), (2, "blank text"), (3, "blank text"),
    ]  # fmt: skip
    assert (len(dataset.positives), len(dataset.given)) == (2, 1)
    assert dataset.facts["columns_not_read"] == ["__index_level_0__"]


def test_the_first_row_of_a_large_parquet_is_read_without_the_others(tmp_path, monkeypatch):
    rows = [{"query": f"q {number}", "pos": ["p"], "neg": ["n"]} for number in range(2000)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "t.parquet")
    taken = []
    whole = pq.ParquetFile.iter_batches

    def counted(*args, **options):
        for batch in whole(*args, **options):
            taken.append(len(batch))
            yield batch

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", counted)
    opened = open_data(tmp_path / "t.parquet")
    assert sum(taken) < 20 * 1024
    assert max(taken) <= 512
    assert len(list(opened.reading.examples)) == 2000


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress], ids=["plain", "gz", "zst"])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_cells_of_any_size_with_nul_quotes_and_formulas(pack, delimiter):
    cells = ["x " * (1 << 19) + "end", "a\0b", '"quoted" and ""twice""', "=1+1", "+1", "@SUM(A1)", "-", "a\r\nb"]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter)
    writer.writerows([["query", "positive"], *([f"q {number}", cell] for number, cell in enumerate(cells))])
    dataset = load_files({"t.csv": pack(buffer.getvalue().encode())})
    found = [dataset.document_text(dataset.positives.of_query(row)[0]) for row in range(len(dataset.queries))]
    assert found == cells
    assert dataset.problems == ()


def test_a_dash_in_a_table_without_a_header_is_nothing():
    dataset = load_files({"t.tsv": b"A title\tp one is here\n-\tp two is here\n"})
    assert dataset.query_texts == ["A title"]
    assert [(problem.line, problem.kind) for problem in dataset.problems] == [(1, "no header"), (2, "blank text")]


STREAMED = {
    "flagembedding": lambda n: json.dumps({"query": f"q {n}", "pos": ["p " * 500], "neg": ["n " * 500]}),
    "tabular": lambda n: json.dumps({"query": f"q {n}", "positive": "p " * 500, "negative": "n " * 500}),
    "squad": lambda n: json.dumps(article(asked(str(n), f"q {n}", "x"), context="p " * 1000)),
    "msmarco_qa": lambda n: f'"{n}": ' + json.dumps([{"is_selected": 1, "passage_text": "p " * 1000}]),
}


@pytest.mark.parametrize("name", STREAMED)
@pytest.mark.parametrize("shape", ["lines", "one line"])
def test_memory_does_not_grow_with_the_file(tmp_path, name, shape):
    glue = "\n" if shape == "lines" else " "
    before, between, after = {
        "squad": ('{"data": [', ",", "]}"),
        "msmarco_qa": ('{"query": {"0": "q"}, "passages": {', ",", "}}"),
    }.get(name, ("", "", "") if shape == "lines" else ("[", ",", "]"))
    path = tmp_path / "t.json"
    path.write_text(before + (between + glue).join(map(STREAMED[name], range(8_000))) + after)
    assert path.stat().st_size > 16_000_000
    tracemalloc.start()
    try:
        opened = open_data(path)
        assert opened.entry.name == name
        assert sum(1 for _ in opened.reading.examples) == 8_000
        assert tracemalloc.get_traced_memory()[1] < 16_000_000
    finally:
        tracemalloc.stop()


def test_the_description_of_scores_is_for_people(tmp_path):
    (tmp_path / "t.jsonl").write_text(json.dumps({"query": "q", "positive": "p", "negative": "n", "label": 2.5}))
    assert "positive counts as 0" in json.loads(json.dumps(describe(load(tmp_path / "t.jsonl"))))["facts"]["scores"]
