"""Long texts on the Label page: the best part is shown, nothing is lost, no character is torn."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.ui.label_fold import PART, REACH, answer_spans, best_part, folded, term_spans

FILL = "Nothing of interest is said in this sentence at all. "


def part(text: str, query: str, length: int = PART) -> str:
    start, stop = best_part(text, term_spans(query, text), length)
    return text[start:stop]


def test_the_part_holds_the_sentence_with_most_words_of_the_query_and_whole_sentences() -> None:
    text = FILL * 40 + "The Eiffel tower is 330 metres high. " + FILL * 40
    assert folded(text)
    shown = part(text, "How high is the Eiffel tower?")
    assert "The Eiffel tower is 330 metres high." in shown
    assert len(shown) <= PART + 2 * REACH
    assert shown.startswith("Nothing")
    assert shown.rstrip().endswith(".")


def test_different_words_count_more_than_one_word_again_and_again() -> None:
    text = "tower " * 60 + FILL * 30 + "The Eiffel tower is high. " + FILL * 30
    assert "Eiffel" in part(text, "eiffel tower high")


def test_without_a_common_word_the_beginning_is_shown() -> None:
    assert part("Begin. " + FILL * 60, "zebra").startswith("Begin.")


def test_chinese_is_cut_at_its_own_full_stops() -> None:
    text = "这是一个没有意义的句子。" * 120 + "埃菲尔铁塔高三百三十米。" + "这是一个没有意义的句子。" * 120
    shown = part(text, "埃菲尔铁塔有多高", 100)
    assert "埃菲尔铁塔高三百三十米。" in shown
    assert shown.startswith("这是")
    assert shown.endswith("。")


@given(st.text(alphabet="ab .\n。á\u0301\u200d👩🏽x", max_size=1500), st.integers(1, 300))
def test_a_part_lies_in_the_text_around_its_words_and_tears_no_character(text: str, length: int) -> None:
    found = term_spans("ab á", text)
    start, stop = best_part(text, found, length)
    assert 0 <= start <= stop <= len(text)
    if found:
        assert any(start <= first and last <= stop for first, last in found)
    if 0 < start < len(text) and text[start - 1] not in " \n":
        assert not unicodedata.combining(text[start])


@pytest.mark.parametrize(
    ("answers", "text", "wanted"),
    [
        (["330 metres"], "It is 330  Metres high; 1330 metres is more.", ["330  Metres"]),
        (["al"], "All in al, for all.", ["al"]),
        (["埃菲尔"], "我喜欢埃菲尔铁塔。", ["埃菲尔"]),
        (["caf\u00e9"], "A cafe\u0301 and a CAFÉ.", ["cafe\u0301", "CAFÉ"]),
        (["x"], "x marks nothing", []),
        (["a+b (c)"], "So a+b (c) it is.", ["a+b (c)"]),
        ([], "nothing", []),
        (["New York", "York"], "New York or York", ["New York", "York"]),
    ],
)
def test_answers_are_found_as_whole_words_whatever_case_and_form(answers, text, wanted) -> None:
    assert [text[start:stop] for start, stop in answer_spans(answers, text)] == wanted
