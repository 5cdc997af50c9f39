import math
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz import lexical
from negviz.arrays import PAD
from negviz.lexical import LexicalIndex, index_of, spans, tokenise
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


def test_compiled_and_plain_sums_are_the_same_bytes(monkeypatch):
    contents = [f"w{row % 7} w{row % 11} w{row % 3} common" for row in range(300)]
    plain = LexicalIndex(contents)
    monkeypatch.setattr(lexical, "COMPILE_PAYS", 1)
    compiled = LexicalIndex(contents)
    assert compiled._bm25.backend == "numba"
    for query in ("w1 w2 common w2", "w10 w0", "common"):
        assert plain.row(query).tobytes() == compiled.row(query).tobytes()


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
