"""Answer strings in texts (METHODS A2)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.answers import answer_tokens, contains_answer, has_answer
from negviz.dataset import Dataset
from negviz.errors import DataError, MissingInputError
from tests.pools import make_pool


@pytest.mark.parametrize(
    ("text", "answer", "wanted"),
    [
        ("...in new york city", "New York", True),
        ("newyork", "New York", False),
        ("York, New York", "new york", True),
        ("new, york", "New York", False),
        ("the Yorkers of New York", "York New", False),
        ("in 1998.", "1998", True),
        ("in 19981", "1998", False),
        ("a caf\u00e9", "cafe\u0301", True),
        ("CAFE", "café", False),
        ("a U.S. town", "U.S.", True),
        ("a US town", "U.S.", False),
        ("他住在北京市中心", "北京", True),
        ("他住在北市京", "北京", False),
        ("anything", "", False),
        ("anything", " \u200b ", False),
    ],
)
def test_worked_examples(text, answer, wanted):
    assert has_answer(text, [answer]) is wanted


def test_any_of_several_answers_counts_and_none_is_none():
    assert has_answer("b c", ["x", "b c"])
    assert not has_answer("b c", [])


@given(st.text("ab.é 北", max_size=12), st.text("ab.é 北", max_size=4))
def test_it_is_the_contiguous_part_of_the_tokens(text, answer):
    tokens, wanted = answer_tokens(text), answer_tokens(answer)
    places = range(len(tokens) - len(wanted) + 1)
    parts = bool(wanted) and any(tokens[start : start + len(wanted)] == wanted for start in places)
    assert has_answer(text, [answer]) is parts


def test_patterns_without_case_and_across_lines():
    assert has_answer("It was on 4 JULY 1776.", [r"july\s+1776"], "regex")
    assert has_answer("one\nTwo", [r"^two$"], "regex")
    assert not has_answer("It was in 1776.", [r"july\s+1776"], "regex")


def test_a_pattern_that_is_none_and_one_that_never_ends_are_refused_in_a_sentence():
    with pytest.raises(DataError, match=r"no regular expression .*match=string"):
        has_answer("a", ["(a"], "regex")
    start = time.perf_counter()
    with pytest.raises(DataError, match="takes more than"):
        has_answer("a" * 60 + "!", [r"^(a|aa)+$"], "regex")
    assert time.perf_counter() - start < 5


DOCUMENTS = [("", "New York"), ("Paris", "a new york day"), ("", "newyork"), ("", "other"), ("", "paris")]


def pool_of():
    """Three queries with the same four candidates; the last has no answers."""
    dataset = Dataset.build(
        name="answers", format="test", queries=[(f"q{row}", f"question {row}") for row in range(3)],
        documents=[(f"d{row}", *document) for row, document in enumerate(DOCUMENTS)],
        positives=[(f"q{row}", "d0", 1) for row in range(3)],
        answers={"q0": ["New York"], "q1": ["Paris", "other"]},
    )  # fmt: skip
    return make_pool([[0.5] * 4] * 3, [[0.9]] * 3, dataset=dataset)


def test_a_pool_s_candidates_are_looked_at_for_their_own_query_s_answers():
    pool = pool_of()
    assert contains_answer(pool, "x").tolist() == [[True, False, False, False], [False, False, True, True], [False] * 4]
    assert contains_answer(pool, "x", "string", True)[1].tolist() == [True, False, True, True]
    assert contains_answer(pool, "x") is contains_answer(pool, "x")


def test_a_pool_without_answers_says_how_to_get_them():
    with pytest.raises(MissingInputError, match=r"'x' looks for answers .*--column\s+answers=NAME"):
        contains_answer(make_pool([[0.5]], [[0.9]]), "x")
