"""Tables: shapes, names of columns, delimiters, quoting, encodings, headers, and texts that come back unchanged."""

import csv
import gzip
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from negviz.errors import DataError
from negviz.load import load, load_files
from negviz.text import is_blank

ODD = "\t\n\r\"',;|\\\0\u200f\u202e\u2028\u0085\ufeffa é漢🙂{}[]"


def read(text, name="t.csv", **options):
    return load_files({name: text.encode() if isinstance(text, str) else text}, **options)


def kinds(dataset):
    return [(problem.line, problem.kind) for problem in dataset.problems]


def triples(dataset):
    """Texts of (query, positives, negatives)."""
    return {
        text: (
            {dataset.document_text(row) for row in dataset.positives.of_query(query)},
            {dataset.document_text(row) for row in dataset.given.of_query(query)},
        )
        for query, text in enumerate(dataset.query_texts)
    }


EXPECTED = {"q one": ({"p one"}, {"n one"}), "q two": ({"p two"}, {"n two"})}


@pytest.mark.parametrize(
    "header",
    [
        "query,positive,negative",
        "Anchor,POS,Hard-Negative",
        "question,answer,neg",
        "sentence1,sentence2,sentence3",
        "Query,Passage,negative_1",
        "Q,document,neg_1",
    ],
)
def test_usual_names_are_known_in_any_case(header):
    assert triples(read(f"{header}\nq one,p one,n one\nq two,p two,n two\n")) == EXPECTED


@pytest.mark.parametrize("delimiter", list("\t,;|"))
def test_the_delimiter_is_found_whatever_the_name(delimiter):
    text = "query,positive,negative\nq one,p one,n one\nq two,p two,n two\n".replace(",", delimiter)
    assert triples(read(text)) == EXPECTED


def test_commas_in_tab_separated_prose_do_not_cut():
    dataset = read("query\tpositive\nq, one\ta, b, c\nq, two\td, e, f\n")
    assert triples(dataset) == {"q, one": ({"a, b, c"}, set()), "q, two": ({"d, e, f"}, set())}


def test_odd_names_are_mapped_and_unknown_ones_are_named():
    text = "frage,antwort,rest\nwas ist eins,eins ist eins,x\n"
    assert triples(read(text, columns={"query": "frage", "positive": "antwort"})) == {
        "was ist eins": ({"eins ist eins"}, set())
    }
    with pytest.raises(DataError, match=r"columns frage, antwort, rest.*--column query=NAME --column positive=NAME"):
        read(text)
    with pytest.raises(DataError, match="no column 'nope' for the query; its columns are frage, antwort, rest"):
        read(text, columns={"query": "nope", "positive": "antwort"})
    with pytest.raises(DataError, match="no role called 'frage'"):
        read(text, columns={"frage": "query"})


def test_several_columns_can_be_one_role():
    text = "a,b,c,d\nq one,p one,n one,n two\n"
    dataset = read(text, columns={"query": "a", "positive": "b", "negative": "c,d"})
    assert triples(dataset) == {"q one": ({"p one"}, {"n one", "n two"})}


def test_n_tuples_may_have_fewer_negatives_in_some_rows():
    dataset = read("anchor,positive,negative_1,negative_2\nq one,p one,n one,n two\nq two,p two,n three,\n")
    assert triples(dataset) == {"q one": ({"p one"}, {"n one", "n two"}), "q two": ({"p two"}, {"n three"})}
    assert dataset.problems == ()


def test_labelled_pairs_become_positives_and_given_negatives():
    dataset = read("sentence1,sentence2,label\nq one,p one,1\nq one,n one,0\nq two,p two,2.0\nq two,n two,0\n")
    assert triples(dataset) == EXPECTED
    assert dataset.positives.grades.tolist() == [1, 2]
    assert dataset.facts["judged_not_relevant"] == 2


def test_scores_are_not_taken_for_labels():
    text = "anchor,positive,score\nq one,p one,0.93\n"
    with pytest.raises(DataError, match=r"0.93 in its column 'score', a score and not a label"):
        read(text)
    assert len(read(text, columns={"label": "none"}).positives) == 1


def test_labelled_lists():
    rows = [{"anchor": "q one", "positive": ["p one", "n one"], "labels": [1, 0]}, {"anchor": "q", "positive": ["p"]}]
    dataset = read("\n".join(map(json.dumps, rows)), "t.jsonl")
    assert triples(dataset) == {"q one": ({"p one"}, {"n one"})}
    assert kinds(dataset) == [(2, "bad row")]


def test_several_positives_by_repeated_rows_or_by_lists():
    repeated = read("query,positive,negative\nq one,p one,n one\nq one,p two,n one\n")
    listed = read(json.dumps({"query": "q one", "positive": ["p one", "p two"], "negatives": ["n one"]}), "t.jsonl")
    assert triples(repeated) == triples(listed) == {"q one": ({"p one", "p two"}, {"n one"})}
    assert repeated.query_ids == ["q000001"]
    assert repeated.document_ids == ["d000001", "d000002", "d000003"]


def test_ids_of_the_file_come_back():
    dataset = read("query_id,query,positive_id,positive,negative_id,negative\n7,q one,D1,p one,D2,n one\n")
    assert (dataset.query_ids, dataset.document_ids) == (["7"], ["D1", "D2"])


def test_an_id_with_a_second_text_keeps_both_texts():
    dataset = read("query,docid,document\nq one,D1,p one\nq two,D1,p two\nq three,D1,p two\n")
    assert dataset.document_ids == ["D1", "D1#2"]
    assert kinds(dataset) == [(3, "duplicate id")]
    assert triples(dataset)["q three"] == ({"p two"}, set())


def test_ids_made_here_do_not_meet_ids_of_the_file():
    dataset = read("query,positive_id,positive,negative\nq one,d000001,p one,n one\n")
    assert sorted(dataset.document_ids) == ["d000001", "d000002"]


def test_groups_are_read():
    dataset = read("query,positive,url\nq one,p one,http://a.example\n")
    assert dataset.documents["group"].to_pylist() == ["http://a.example"]


def test_json_array_names_the_line_of_a_bad_row():
    rows = '[\n{"query": "q one", "positive": "p one"},\n\n3,\n{"query": "q two", "positive": "p two"}\n]'
    dataset = read(rows, "t.json")
    assert len(dataset.positives) == 2
    assert kinds(dataset) == [(4, "bad row")]


def test_a_json_array_that_is_cut_off_keeps_what_is_whole():
    dataset = read('[{"query": "q one", "positive": "p one"},\n{"query": "q tw', "t.json")
    assert triples(dataset) == {"q one": ({"p one"}, set())}
    assert kinds(dataset) == [(2, "truncated line")]


def test_json_lists_of_texts_are_pairs_or_triplets():
    assert triples(read('["q one", "p one", "n one"]\n["q two", "p two", "n two"]\n', "t.jsonl")) == EXPECTED


def test_json_with_nan_and_null():
    dataset = read(
        '{"query": NaN, "positive": "p"}\n{"query": "q one", "positive": "p one", "negative": null}\n', "t.jsonl"
    )
    assert kinds(dataset) == [(1, "blank text"), (2, "blank text")]
    assert triples(dataset) == {"q one": ({"p one"}, set())}


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_compression_is_known_by_content(pack):
    assert triples(read(pack(b"query,positive,negative\nq one,p one,n one\nq two,p two,n two\n"))) == EXPECTED


def test_parquet_and_arrow(tmp_path):
    table = pa.table({"query": ["q one", "q two"], "positive": ["p one", "p two"], "negatives": [["n one"], ["n two"]]})
    pq.write_table(table, tmp_path / "t.parquet")
    assert triples(load(tmp_path / "t.parquet")) == EXPECTED
    saved = tmp_path / "saved"
    saved.mkdir()
    (saved / "state.json").write_text("{}")
    with pa.ipc.new_stream(saved / "data-00000-of-00001.arrow", table.schema) as stream:
        stream.write_table(table)
    assert triples(load(saved)) == EXPECTED


def test_parquet_in_shards_and_splits_reads_train(tmp_path):
    for name, number in (("train-00000-of-00002", "one"), ("train-00001-of-00002", "two"), ("test-00000", "three")):
        table = pa.table({"query": [f"q {number}"], "positive": [f"p {number}"], "negative": [f"n {number}"]})
        pq.write_table(table, tmp_path / f"{name}.parquet")
    assert triples(load(tmp_path)) == EXPECTED
    assert list(triples(load(tmp_path, split="test"))) == ["q three"]


def test_tables_without_a_header_say_how_they_were_read():
    dataset = read("q one\tp one\tn one\nq two\tp two\tn two\n", "triples.tsv")
    assert triples(dataset) == EXPECTED
    assert kinds(dataset) == [(1, "no header")]
    assert triples(read("q one\tp one\n")) == {"q one": ({"p one"}, set())}


def test_labelled_tables_without_a_header():
    atec = read("1\tq one\tp one\t1\n2\tq one\tn one\t0\n")
    assert triples(atec) == {"q one": ({"p one"}, {"n one"})}
    rocketqa = read("q one\t-\tp one\tTitle\tn one\t0\nq two\tA title\tp two\t\tn two\t0\n")
    assert triples(rocketqa) == EXPECTED
    assert "A title" in rocketqa.documents["title"].to_pylist()


def test_columns_without_names_are_named_by_number():
    dataset = read("x\tp one\tq one\ty\tz\nx\tp two\tq two\ty\tz\n", columns={"query": "3", "positive": "2"})
    assert triples(dataset) == {"q one": ({"p one"}, set()), "q two": ({"p two"}, set())}


@pytest.mark.parametrize("text", ["1\t7\t1\n2\t9\t0\n", "q1 \t0\tD9\t1\n", "1\tsome passage\n2\tanother passage\n"])
def test_ids_without_texts_are_no_pairs(text):
    with pytest.raises(DataError, match="give the folder"):
        read(text, "t.tsv")


def test_rows_of_another_length_are_named_and_left_out():
    dataset = read("query,positive\nq one,p one\nonly one\nq two,p two,more\nq three,p three\n")
    assert kinds(dataset) == [(3, "bad row"), (4, "bad row")]
    assert len(dataset.positives) == 2


def test_a_quotation_mark_that_is_never_closed_costs_one_line():
    dataset = read('query,positive\nq one,p one\nq two,"p two\nq three,p three\nq four,p four\n')
    assert kinds(dataset) == [(3, "stray quote")]
    assert triples(dataset)["q two"] == ({'"p two'}, set())
    assert len(dataset.positives) == 4


def test_lines_are_counted_through_quoted_line_breaks():
    dataset = read('query,positive\n"q\none","p\r\n\r\none"\n,p two\n')
    assert triples(dataset) == {"q\none": ({"p\r\n\r\none"}, set())}
    assert kinds(dataset) == [(6, "blank text")]


def test_quotation_marks_of_ms_marco_are_letters():
    dataset = read('q one\t"Quoted" p one\tn one\nq two\t"p two\t"n two"\n', "triples.tsv")
    assert triples(dataset) == {"q one": ({'"Quoted" p one'}, {"n one"}), "q two": ({'"p two'}, {'"n two"'})}


def test_a_positive_among_the_negatives_is_shown_and_kept():
    dataset = read("query,positive,negative\nq one,p one,p one\n")
    assert kinds(dataset) == [(2, "conflicting judgment")]
    assert (len(dataset.positives), len(dataset.given)) == (1, 1)


def test_blank_positives_are_left_out():
    dataset = read("query,positive\nq one,\nq two,p two\n")
    assert kinds(dataset) == [(2, "blank text"), (2, "query without a positive")]


def test_two_byte_order_marks_and_one_inside():
    text = "\ufeff\ufeff1\t\ufeffq one\tp one\t1\r\n2\tq one\tn one\t0\r\n"
    dataset = read(text)
    assert triples(dataset) == {"q one": ({"p one"}, {"n one"})}
    assert kinds(dataset).count((1, "byte order mark")) == 2


def test_another_encoding_must_be_named():
    data = "query,positive\n高血压,高血压病人\n".encode("gb18030")
    with pytest.raises(DataError, match=r"t.csv line 2 is not UTF-8.*--encoding gb18030"):
        read(data)
    assert triples(read(data, encoding="gb18030")) == {"高血压": ({"高血压病人"}, set())}
    with pytest.raises(DataError, match="no text encoding called 'klingon'"):
        read(data, encoding="klingon")
    with pytest.raises(DataError, match="line 2 is not ascii text"):
        read(data, encoding="ascii")
    wide = "query,positive\nq one,p one\n".encode("utf-16")
    with pytest.raises(DataError, match="--encoding utf-16"):
        read(wide)
    assert triples(read(wide, encoding="utf-16")) == {"q one": ({"p one"}, set())}


def test_a_bad_byte_far_inside_is_found_with_its_line():
    rows = "".join(f"query {number},positive {number} {'x' * 600}\n" for number in range(9000))
    with pytest.raises(DataError, match="line 9002 is not UTF-8"):
        read(b"query,positive\n" + rows.encode() + b"q,\xff\n")


def test_old_macintosh_line_ends():
    assert triples(read("query,positive,negative\rq one,p one,n one\rq two,p two,n two\r")) == EXPECTED


def test_huge_cells_are_read():
    assert len(read(f"query,positive\nq one,{'x ' * 200_000}\n").document_text(0)) == 400_000


texts = st.text(st.one_of(st.sampled_from(ODD), st.characters(exclude_categories=["Cs"])), min_size=1, max_size=30)
readable = texts.filter(lambda text: not is_blank(text) and text not in {"nan", "NaN", "NAN", "None", "<NA>"})


@given(st.lists(st.tuples(readable, readable), min_size=1, max_size=5))
def test_any_text_comes_back_through_json_lines(rows):
    text = "".join(
        json.dumps({"query": query, "positive": positive}, ensure_ascii=False) + "\n" for query, positive in rows
    )
    assert_same(read(text, "t.jsonl"), rows)


@given(st.lists(st.tuples(readable, readable), min_size=1, max_size=5), st.sampled_from(",\t;"), st.booleans())
def test_any_text_comes_back_through_csv(rows, delimiter, everywhere):
    buffer = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if everywhere else csv.QUOTE_MINIMAL
    writer = csv.writer(buffer, delimiter=delimiter, quoting=quoting)
    writer.writerow(["query", "positive"])
    writer.writerows(rows)
    assert_same(read(buffer.getvalue()), rows)


def assert_same(dataset, rows):
    wanted = {}
    for query, positive in rows:
        wanted.setdefault(query, set()).add(positive)
    assert {query: found[0] for query, found in triples(dataset).items()} == wanted


@pytest.mark.parametrize(
    "cell",
    [
        "['n one', 'n \"two\"']",  # pandas
        "['n one' 'n \"two\"']",  # datasets and NumPy, which write no commas
        "['n one'\n 'n \"two\"']",
        '["n one", "n \\"two\\""]',
    ],
)
def test_lists_that_a_table_of_text_writes_out_are_lists(cell):
    file = io.StringIO()
    csv.writer(file).writerows([["query", "pos", "neg"], ["q one", "['p one']", cell]])
    assert triples(read(file.getvalue())) == {"q one": ({"p one"}, {"n one", 'n "two"'})}


@pytest.mark.parametrize("cell", ["['it''s", "['a'b]", "['a', 5]", "[a]", "['a'] or ['b']", "['a', x'b']"])
def test_what_only_looks_like_a_list_stays_a_text(cell):
    file = io.StringIO()
    csv.writer(file).writerows([["query", "pos"], ["q one", cell]])
    assert triples(read(file.getvalue())) == {"q one": ({cell}, set())}


def test_ids_that_no_float_tells_apart_are_not_made_one():
    big = 12345678901234567890123
    rows = "".join(f'{{"query": "q{n}", "query_id": {big + n}, "positive": "p"}}\n' for n in range(2))
    dataset = read(rows + '{"query": "q", "query_id": 18446744073709551615, "positive": "p"}\n', "t.jsonl")
    assert list(dataset.query_ids) == ["18446744073709551615"]
    assert kinds(dataset) == [(1, "bad row"), (2, "bad row")]


@pytest.mark.parametrize("rows", [b"{}", b"{}\n{}\n"])
def test_rows_without_a_key_are_said_to_be_none(rows):
    with pytest.raises(DataError, match="has no columns and no rows"):
        read(rows, "t.json")
