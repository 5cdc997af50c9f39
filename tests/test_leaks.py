import unicodedata

import numpy as np
import pytest

from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.leaks import alike_queries, leak_flags
from negviz.pool import KNOWN_NEGATIVE
from negviz.recipe import leak_names

POSITIVE = (
    "Mount Everest is 8,849 metres high, measured by China and Nepal in 2020; the peak stands on the border of the "
    "two countries and is climbed by several hundred people in most years."
)


def dataset_of(candidates, *, query="how high is everest", positive=("", POSITIVE), **more):
    """One query with its positive as document p, and the candidates c00, c01 ... as (title, text)."""
    documents = [(f"c{row:02}", *pair) for row, pair in enumerate(candidates)]
    given = {"queries": [("q", query)], "positives": [("q", "p", 1)], "documents": [*documents, ("p", *positive)]}
    return Dataset.build(name="leaks", format="test", **{**given, **more})


def leaks(dataset, embeddings=None, query=0):
    """Names of the leaks of every document for a query, by document id."""
    total = len(dataset.document_ids)
    own = dataset.positives.of_query(query)[None, :]
    documents = np.arange(total, dtype=np.int32)[None, :]
    flags = leak_flags(dataset, np.array([query], np.int32), documents, own, embeddings)
    return {name: leak_names(int(bits)) for name, bits in zip(dataset.document_ids, flags[0], strict=True)}


def leaks_of(title, text, **more):
    return leaks(dataset_of([(title, text)], **more))["c00"]


def test_the_labelled_positive_itself():
    assert leaks(dataset_of([("", "other")])) == {"c00": [], "p": ["labelled positive"]}


@pytest.mark.parametrize(
    "copy",
    [
        POSITIVE,
        POSITIVE.upper(),
        f"  {POSITIVE.replace(' ', '  ')}\n",
        unicodedata.normalize("NFD", POSITIVE),
        POSITIVE.translate({ord(str(digit)): 0xFF10 + digit for digit in range(10)}),
        "\ufeff" + POSITIVE,
        POSITIVE.replace("climbed", "clim\u00adbed"),
    ],
)
def test_copies_in_other_case_spacing_or_unicode_form(copy):
    assert leaks_of("", copy) == ["same text as a positive"]


def test_a_copy_is_one_whatever_its_title():
    assert leaks_of("Everest", POSITIVE) == ["same text as a positive"]
    assert leaks_of("", f"Height of Everest {POSITIVE}", positive=("Height of Everest", POSITIVE)) == [
        "same text as a positive"
    ]


@pytest.mark.parametrize(
    ("text", "leak"),
    [
        (POSITIVE.replace(";", ",").replace(".", "!"), True),
        (POSITIVE.replace("climbed", "climbd"), True),
        (POSITIVE.replace("8,849", "8,848"), False),
        (POSITIVE.replace("2020", "1955"), False),
        (POSITIVE + " It is named after George Everest, who was Surveyor General of India.", False),
        ("Kangchenjunga is the third highest mountain of the world.", False),
    ],
)
def test_near_duplicates_differ_in_signs_or_typing_but_not_in_a_number(text, leak):
    assert leaks_of("", text) == (["near-duplicate of a positive"] if leak else [])


def test_the_query_itself_in_any_form_and_with_a_title():
    for title, text in [("", "How high is EVEREST"), ("Question", "how  high is everest"), ("How high", "is Everest")]:
        assert leaks_of(title, text) == ["is the query itself"]
    assert leaks_of("", "how high is everest and who measured it") == []


@pytest.mark.parametrize("text", ["", "   ", "\n", "\u200b", "\ufeff", "\u00a0"])
def test_blank_text(text):
    assert leaks_of("", text) == ["blank text"]


def test_a_title_alone_is_not_blank_and_two_of_them_are_not_the_same_text():
    assert leaks_of("Everest", "", positive=("Nepal", "")) == []


def test_every_positive_counts_not_only_the_first():
    two = dataset_of(
        [("", "SECOND ANSWER")],
        documents=[("c00", "", "SECOND ANSWER"), ("p", "", POSITIVE), ("r", "", "second answer")],
        positives=[("q", "p", 1), ("q", "r", 1)],
    )
    assert leaks(two)["c00"] == ["same text as a positive"]


def test_a_copy_of_another_query_s_positive_is_no_leak():
    two = dataset_of(
        [("", "unrelated"), ("", POSITIVE.upper())],
        queries=[("q", "how high is everest"), ("r", "what is honey made of")],
        positives=[("q", "p", 1), ("r", "c00", 1)],
    )
    assert leaks(two, query=1)["c01"] == []
    assert leaks(two, query=0)["c01"] == ["same text as a positive"]


def test_same_group_as_a_positive_only_where_groups_are_known():
    grouped = dataset_of([("", "one"), ("", "two"), ("", "three")], groups=["everest", "k2", None, "everest"])
    found = leaks(grouped)
    assert found["c00"] == ["same group as a positive"]
    assert found["c01"] == found["c02"] == []
    assert leaks(dataset_of([("", "one")], groups=[None, None]))["c00"] == []


@pytest.mark.parametrize(
    ("other", "alike"),
    [("Everest: how HIGH is?", True), ("how high is everest", True), ("how high is k2", False), ("everest", False)],
)
def test_positives_of_queries_with_the_same_words(other, alike):
    two = dataset_of(
        [("", "another answer")],
        queries=[("q", "how high is everest"), ("r", other)],
        positives=[("q", "p", 1), ("r", "c00", 1)],
    )
    assert leaks(two)["c00"] == (["positive of a near-identical query"] if alike else [])


def vectors(queries):
    table = np.array(queries, dtype=np.float32)
    return Embeddings(table, np.zeros((2, table.shape[1]), np.float32), "cosine", "test", "test")


def unit(degrees):
    return [np.cos(np.radians(degrees)), np.sin(np.radians(degrees)), 0.0]


@pytest.mark.parametrize(("degrees", "alike"), [(8, True), (60, False)])
def test_positives_of_queries_whose_vectors_nearly_coincide(degrees, alike):
    two = dataset_of(
        [("", "another answer")],
        queries=[("q", "how tall is everest"), ("r", "everest height?")],
        positives=[("q", "p", 1), ("r", "c00", 1)],
    )
    spread = vectors([unit(0), unit(degrees)])
    # Two alone are as near to each other as any; others show what "near" means in this collection.
    more = Dataset.build(
        name="x", format="x",
        queries=[("q", "how tall is everest"), ("r", "everest height?"), *((f"s{n}", f"thing {n}") for n in range(6))],
        documents=[("c00", "", "another answer"), ("p", "", POSITIVE)],
        positives=[("q", "p", 1), ("r", "c00", 1)],
    )  # fmt: skip
    axis = [[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]] * 2
    found = leaks(more, vectors([unit(0), unit(degrees), *axis]))
    assert found["c00"] == (["positive of a near-identical query"] if alike else [])
    assert alike_queries(two, None) == []
    assert alike_queries(two, vectors([[0, 0, 0], [0, 0, 0]])) == []
    assert all(pair[::-1] in alike_queries(two, spread) for pair in alike_queries(two, spread))


def test_given_negatives_are_known_and_not_leaks():
    known = dataset_of([("", "one"), ("", "two")], given=[("q", "c01")])
    flags = leak_flags(known, np.array([0], np.int32), np.array([[0, 1, -1]], np.int32), np.array([[2]], np.int32))
    assert flags.tolist() == [[0, KNOWN_NEGATIVE, 0]]


def test_padding_is_never_flagged():
    padded = dataset_of([("", POSITIVE)])
    flags = leak_flags(
        padded, np.array([0], np.int32), np.array([[0, -1, -1]], np.int32), np.array([[1, -1]], np.int32)
    )
    assert flags[0, 0]
    assert not flags[0, 1:].any()


def test_empty_dataset_of_candidates():
    alone = dataset_of([])
    flags = leak_flags(alone, np.array([0], np.int32), np.full((1, 1), -1, np.int32), np.array([[0]], np.int32))
    assert flags.tolist() == [[0]]


def test_one_text_is_one_candidate_and_the_smallest_id_stays():
    same = ("", "An unrelated sentence about rivers.")
    found = leaks(dataset_of([("", "other"), same, ("", same[1].upper()), same]))
    assert [found[name] for name in ("c00", "c01", "c02", "c03")] == [
        [],
        [],
        ["repeats another candidate"],
        ["repeats another candidate"],
    ]


def test_texts_of_signs_alone_are_near_nothing():
    signs = dataset_of([("", "---"), ("", "+++ !")], positive=("", "+++"))
    assert leaks(signs) == {"c00": [], "c01": [], "p": ["labelled positive"]}


@pytest.mark.parametrize(("changed", "leak"), [("\u22125 degrees", False), ("-5 degrees", False), ("5 degrees!", True)])
def test_a_lost_sign_is_another_number(changed, leak):
    text = "On the longest night of that winter the thermometer at the old station by the lake showed {}, said the log."
    positive = ("", text.format("5 degrees"))
    found = leaks_of("", text.format(changed), positive=positive)
    assert found == (["near-duplicate of a positive"] if leak else [])


def test_two_copies_of_a_near_duplicate_are_one_text_as_well():
    near = ("", POSITIVE.replace("climbed", "climbd"))
    found = leaks(dataset_of([near, near]))
    assert found["c00"] == ["near-duplicate of a positive"]
    assert found["c01"] == ["near-duplicate of a positive", "repeats another candidate"]
