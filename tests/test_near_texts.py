"""Near texts: copies but for a few words, found without comparing all with all."""

import time

import numpy as np
import pytest

from negviz.near_texts import near_pairs

WORDS = [
    "time",
    "person",
    "year",
    "way",
    "day",
    "thing",
    "man",
    "world",
    "life",
    "hand",
    "part",
    "child",
    "eye",
    "place",
]


def text(seed, length=60):
    return " ".join(np.random.default_rng(seed).choice(WORDS, length))


def test_a_copy_in_other_case_and_spacing_is_found_and_other_texts_are_not():
    one = text(1)
    pairs, shares = near_pairs([text(2), one, text(3), f"  {one.upper()} "], size=9)
    assert pairs.tolist() == [[1, 3]]
    assert shares.tolist() == [1.0]


def test_the_share_is_that_of_all_pieces():
    # abcdefgh and abcdefgx have the pieces of two abcdefg.. : 7 each, 6 in common, 8 in all.
    pairs, shares = near_pairs(["abcdefgh", "abcdefgx"], size=2, alike=0.7)
    assert pairs.tolist() == [[0, 1]]
    assert shares == pytest.approx([6 / 8])
    assert not len(near_pairs(["abcdefgh", "abcdefgx"], size=2, alike=0.76)[0])


def test_a_few_changed_words_are_a_near_copy_and_many_are_none():
    words = text(4, 200).split()
    few, many = list(words), list(words)
    few[50] = few[150] = "changed"
    many[::4] = ["changed"] * 50
    pairs, shares = near_pairs([" ".join(words), " ".join(few), " ".join(many)], size=9)
    assert pairs.tolist() == [[0, 1]]
    assert 0.8 <= shares[0] < 1


def test_two_lists_are_compared_across_alone():
    one, other = text(5), text(6)
    pairs, _ = near_pairs([one, one, "x"], [other, one, one], size=9)
    assert {tuple(pair) for pair in pairs.tolist()} == {(0, 1), (1, 1), (0, 2), (1, 2)}
    pairs, _ = near_pairs([one], [other], size=9)
    assert pairs.shape == (0, 2)


def test_a_crowd_of_copies_is_connected_by_few_pairs():
    crowd = [text(7) + f" {row}" for row in range(400)]
    pairs, _ = near_pairs(crowd, size=9)
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    links = coo_matrix((np.ones(len(pairs)), pairs.T), shape=(400, 400))
    assert connected_components(links, directed=False)[0] == 1
    assert len(pairs) < 400 * 30


@pytest.mark.parametrize("texts", [[], [""], ["", "  "], ["a"], ["a", "a"]])
def test_nothing_and_blank_texts_are_like_none(texts):
    pairs, shares = near_pairs(texts, size=9)
    assert pairs.tolist() == ([[0, 1]] if texts == ["a", "a"] else [])
    assert len(shares) == len(pairs)
    assert near_pairs(texts, [], size=5)[0].shape == (0, 2)


def test_scripts_without_spaces_are_compared_too():
    one = "北京是中华人民共和国的首都也是一座有三千多年历史的古城和国家历史文化名城"
    pairs, _ = near_pairs([one, "上海是中国最大的城市之一位于长江入海口是国际经济金融贸易中心", one + "。"], size=5)
    assert pairs.tolist() == [[0, 2]]


def test_thousands_of_texts_take_seconds():
    texts = [text(seed, 120) for seed in range(2000)]
    texts[1999] = texts[3] + " end"
    start = time.perf_counter()
    pairs, _ = near_pairs(texts, size=9)
    assert pairs.tolist() == [[3, 1999]]
    assert time.perf_counter() - start < 20
