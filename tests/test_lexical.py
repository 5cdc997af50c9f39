import math
import mmap
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz import lexical
from negviz.arrays import PAD
from negviz.errors import DataError
from negviz.lexical import Counts, LexicalIndex, best_rows, count_words, index_of, spans, tokenise
from negviz.nearest import merged
from tests.pools import make_dataset

WORDS = st.lists(st.sampled_from(["ant", "bee", "cat", "dog", "elk", "fox"]), max_size=8).map(" ".join)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("The CAT's 3 hats.", ["the", "cat", "s", "3", "hats"]),
        ("snake_case-word", ["snake", "case", "word"]),
        ("Ｆｕｌｌ　ｗｉｄｔｈ １２", ["full", "width", "12"]),
        ("Straße ﬁne", ["strasse", "fine"]),
        ("e\u0301te\u0301", ["été"]),
        ("北京大学", ["北京", "京大", "大学"]),
        ("京", ["京"]),
        ("2016年iPhone手机", ["2016", "年", "iphone", "手机"]),
        ("コーヒー", ["コー", "ーヒ", "ヒー"]),
        ("한국어", ["한국", "국어"]),
        ("ที่นี่", ["ที่นี่"]),
        ("привет мир", ["привет", "мир"]),
        ("हिन्दी", ["हिन्दी"]),
        ("!? \t\n", []),
        ("", []),
    ],
)
def test_words_of_every_script(text, tokens):
    assert tokenise(text) == tokens


@given(st.text(max_size=40))
def test_plain_and_general_paths_agree_and_tokens_are_stable(text):
    assert tokenise(text) == [token for token, _, _ in lexical._tokens(lexical._fold(text))]
    assert all(tokenise(token) for token in tokenise(text))


def test_worked_number_of_lucene_bm25():
    """N=3, df=1, tf=2, length = mean: ln(1 + 2.5/1.5) * 2 / (2 + 1.5) = .560474."""
    index = LexicalIndex(["ant ant bee", "cat dog elk", "fox fox elk"])
    score = index.score(["ant"], np.array([[0]], dtype=np.int32))[0, 0]
    assert score == pytest.approx(math.log(1 + 2.5 / 1.5) * 2 / 3.5, abs=1e-6)
    assert score == pytest.approx(0.560474, abs=1e-6)


@given(st.lists(WORDS, min_size=1, max_size=12), WORDS, st.integers(1, 14))
def test_top_and_score_agree_exactly_and_ties_go_to_the_smaller_row(contents, query, depth):
    index = LexicalIndex(contents)
    documents, scores = index.top([query], depth)
    everything = index.score([query], np.arange(len(contents), dtype=np.int32)[None, :])[0]
    wanted = [row for row in sorted(range(len(contents)), key=lambda row: (-everything[row], row)) if everything[row]]
    found = documents[0][documents[0] != PAD].tolist()
    assert found == wanted[:depth]
    assert scores[0, : len(found)].tolist() == everything[found].tolist()
    assert np.isnan(scores[0, len(found) :]).all()


def test_padding_gets_no_score_and_unknown_words_get_none():
    index = LexicalIndex(["ant", "bee"])
    scores = index.score(["ant", "unheard"], np.array([[0, PAD], [1, 0]], dtype=np.int32))
    assert scores[0, 0] > 0
    assert np.isnan(scores[0, 1])
    assert scores[1].tolist() == [0, 0]


def test_a_corpus_without_words_brings_nothing():
    assert (LexicalIndex(["", "!!"]).top(["ant", ""], 3)[0] == PAD).all()
    assert (LexicalIndex([]).top(["ant"], 3)[0] == PAD).all()


ODD = [
    "",
    "!!",
    "The CAT's 3 hats",
    "Straße “ﬁne”—été",
    "北京大学 in 2016年",
    "ﬁne ＦＩＮＥ fine",
    "a\ud800b",
    "ที่นี่",
    "x" * 300,
]


@given(
    contents=st.lists(WORDS, min_size=1, max_size=12),
    queries=st.lists(WORDS, max_size=3),
    depth=st.integers(0, 14),
    spare=st.integers(0, 3),
    compile_pays=st.sampled_from([1, 10**9]),
)
def test_the_best_are_those_of_the_full_rows(contents, queries, depth, spare, compile_pays):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lexical, "SPARE", spare)
        patch.setattr(lexical, "TOGETHER", 2)
        patch.setattr(lexical, "COMPILE_PAYS", compile_pays)
        index = LexicalIndex(contents)
        documents, scores = index.top(queries, depth)
        wanted = np.arange(-1, len(contents), dtype=np.int32)[None, :].repeat(len(queries), axis=0)
        pairs = index.score(queries, wanted)
    for place, query in enumerate(queries):
        row = index.row(query)
        best = best_rows(row, depth)
        assert documents[place].tolist() == [*best, *[PAD] * (depth - len(best))]
        assert scores[place, : len(best)].tobytes() == row[best].tobytes()
        assert np.isnan(scores[place, len(best) :]).all()
        assert pairs[place, 1:].tobytes() == row.tobytes()


@pytest.mark.parametrize("compile_pays", [1, 10**9])
def test_a_long_list_keeps_the_smaller_rows_among_equals(monkeypatch, compile_pays):
    monkeypatch.setattr(lexical, "COMPILE_PAYS", compile_pays)
    index = LexicalIndex(["ant bee"] * 900 + ["ant"] * 3 + ["cat"] * 5)
    assert index.top(["ant"], 7)[0].tolist() == [[900, 901, 902, 0, 1, 2, 3]]
    assert index.top(["cat cat"], 7)[0].tolist() == [[903, 904, 905, 906, 907, PAD, PAD]]


@given(st.lists(st.text(max_size=12), max_size=6))
def test_counts_are_those_of_the_documents(contents):
    counts, words = count_words(iter(contents)), [tokenise(text) for text in contents]
    assert (counts.documents, counts.length) == (len(contents), sum(map(len, words)))
    assert counts.frequencies == {word: sum(word in of for of in words) for of in words for word in of}


@pytest.mark.parametrize("of_a_part", [False, True])
def test_weights_are_those_of_bm25s_bit_for_bit(of_a_part):
    import bm25s

    contents = [" ".join(f"w{(row * row + word) % 23}" for word in range(row % 9)) for row in range(200)]
    index = LexicalIndex(contents, count_words(contents) if of_a_part else None)
    theirs = bm25s.BM25(k1=lexical.K1, b=lexical.B, method="lucene")
    theirs.index([tokenise(text) for text in contents], create_empty_token=False, show_progress=False)
    for query in ("w1 w2 w2 w7", "w22"):
        assert index.row(query).tobytes() == theirs.get_scores(tokenise(query)).tobytes()


@given(
    contents=st.lists(WORDS, min_size=1, max_size=12),
    cuts=st.lists(st.integers(0, 12), max_size=3),
    query=WORDS,
    depth=st.integers(1, 6),
    compile_pays=st.sampled_from([1, 10**9]),
)
def test_parts_of_a_corpus_score_as_the_whole(contents, cuts, query, depth, compile_pays):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lexical, "COMPILE_PAYS", compile_pays)
        edges = sorted({0, len(contents), *(min(cut, len(contents)) for cut in cuts)})
        parts = [contents[start:stop] for start, stop in pairwise(edges)]
        counts = count_words([])
        for part in reversed(parts):
            counts = counts.plus(count_words(part))
        assert counts == count_words(contents)
        whole = LexicalIndex(contents)
        indexes = [LexicalIndex(part, counts) for part in parts]
        assert b"".join(index.row(query).tobytes() for index in indexes) == whole.row(query).tobytes()
        lists = [index.top([query], depth) for index in indexes]
        rows = [np.where(found == PAD, PAD, found + start) for (found, _), start in zip(lists, edges, strict=False)]
        documents, scores = merged(rows, [scores for _, scores in lists], depth)
        assert documents.tobytes() == whole.top([query], depth)[0].tobytes()
        assert scores.tobytes() == whole.top([query], depth)[1].tobytes()


def test_counts_that_lack_a_word_are_refused():
    with pytest.raises(DataError, match="lack the word 'bee'"):
        LexicalIndex(["ant bee"], count_words(["ant"]))


def test_counts_are_read_as_they_were_written(tmp_path):
    counts = count_words(ODD)
    counts.save(tmp_path / "counts.parquet")
    assert Counts.open(tmp_path / "counts.parquet") == counts


def test_a_saved_index_gives_the_same_bytes_and_is_mapped(tmp_path):
    index = LexicalIndex([*ODD, "the cat sat", "cat cat"])
    index.save(tmp_path / "index")
    opened = LexicalIndex.open(tmp_path / "index")
    queries, wanted = ["cat hats the", "北京大学", "x"], np.arange(11, dtype=np.int32)[None, :].repeat(3, axis=0)
    assert opened.top(queries, 4)[0].tobytes() == index.top(queries, 4)[0].tobytes()
    assert opened.score(queries, wanted).tobytes() == index.score(queries, wanted).tobytes()
    assert opened.of_words("the cat", wanted[0]).tobytes() == index.of_words("the cat", wanted[0]).tobytes()
    base = opened._bm25.scores["data"]
    while isinstance(base, np.ndarray):
        base = base.base
    assert isinstance(base, mmap.mmap)


def test_an_index_without_words_is_saved_too(tmp_path):
    LexicalIndex(["", "!!"]).save(tmp_path)
    assert (LexicalIndex.open(tmp_path).top(["ant"], 2)[0] == PAD).all()


def test_a_folder_without_an_index_is_told(tmp_path):
    with pytest.raises(DataError, match="build it again"):
        LexicalIndex.open(tmp_path)
    index = LexicalIndex(["ant"])
    index.save(tmp_path)
    (tmp_path / "data.csc.index.npy").write_bytes(b"")
    with pytest.raises(DataError, match="build it again"):
        LexicalIndex.open(tmp_path)


def test_an_index_that_holds_pickled_objects_is_refused(tmp_path):
    LexicalIndex(["ant"]).save(tmp_path)
    np.save(tmp_path / "data.csc.index.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="build it again"):
        LexicalIndex.open(tmp_path)


def test_index_is_built_once_for_the_same_content():
    first, second, other = make_dataset(1, 4), make_dataset(1, 4), make_dataset(1, 5)
    assert index_of(first) is index_of(second)
    assert index_of(first) is not index_of(other)


def test_scores_do_not_depend_on_the_seed_of_hashing():
    code = (
        "from negviz.lexical import LexicalIndex;"
        "print(LexicalIndex(['a b c', 'b c d e', 'c a']).row('e c b a c').tobytes().hex())"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1] != ""


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("the Eiffel tower", "The tower; EIFFEL's!", ["tower", "EIFFEL"]),
        ("北京大学在哪", "我在北京大学读书", ["北京大学"]),
        ("fine coffee", "ﬁne ＣＯＦＦＥＥ", ["ﬁne", "ＣＯＦＦＥＥ"]),
        ("cafe\u0301", "un café ici", ["café"]),
        ("what is it", "what it is", []),
        ("", "anything", []),
    ],
)
def test_shared_words_are_marked_in_the_original_text(query, text, marked):
    assert [text[start:end] for start, end in spans(query, text)] == marked


@given(st.text(max_size=30), st.text(max_size=30))
def test_spans_are_in_order_apart_and_inside(query, text):
    found = spans(query + text, text)
    flat = [edge for span in found for edge in span]
    assert flat == sorted(flat)
    assert all(0 <= start < end <= len(text) for start, end in found)
    assert all(first[1] <= second[0] for first, second in pairwise(found))
