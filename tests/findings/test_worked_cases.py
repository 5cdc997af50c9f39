"""Findings on small cases whose answers can be counted by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from negviz.dataset import Judgments
from negviz.findings import Case, run_finding
from negviz.held_out import HeldOut
from negviz.labels import LabelEvent, Labels, Verdict
from negviz.pool import LEAKS
from negviz.suspicion import suspicion_model
from negviz.truth import Truth
from tests.findings.cases import case_of, given_case
from tests.pools import NAN, make_dataset, make_pool, rich_pool, unit_embeddings

COPY = "the quick brown fox jumps over the lazy dog near the old river bank every single morning"


def labels_of(case, verdict_of, **more):
    """Labels of the negatives of a case; None leaves one out."""
    events = []
    for place, (query, document) in enumerate(case.pairs.tolist()):
        verdict = verdict_of(place)
        if verdict is not None:
            events.append(LabelEvent.of(case.dataset, query, document, verdict, annotator="ann", **more))
    return Labels.of(events)


def with_labels(case, verdict_of, **more):
    return Case(case.selection, labels_of(case, verdict_of, **more))


def truth_of(pairs, grades, **more):
    columns = zip(*pairs, strict=True)
    rows = [np.array(column, dtype=np.int32) for column in (*columns, grades)]
    return Truth("judged.tsv", Judgments(*rows), 1, **more)


# --- the rate


def test_rate_of_a_fully_labelled_selection_is_exact():
    case = given_case([[1, 2], [3, 4]])
    case = with_labels(case, lambda place: Verdict.FALSE_NEGATIVE if place == 0 else Verdict.TRUE_NEGATIVE)
    found = run_finding("false_negative_rate", case)
    assert found.severity == "bad"
    assert (found.facts["rate"], found.facts["low"], found.facts["high"]) == (0.25, 0.25, 0.25)
    assert found.pairs.tolist() == [[0, 1]]
    assert found.rows[0][:4] == ("all negatives", "25.0%", "25.0% to 25.0%", "1 of 4")
    assert found.sentence == "25.0% of 4 negatives are false; every one of them has an answer."


def test_rate_of_a_sample_has_an_interval_and_says_how_many_more_labels():
    case = case_of(rich_pool(), count=5)
    said = [Verdict.FALSE_NEGATIVE, *[Verdict.TRUE_NEGATIVE] * 19]
    case = with_labels(case, lambda place: said[place % 20] if place < 60 else None, probability=0.5, queue="random")
    found = run_finding("false_negative_rate", case)
    assert found.facts["rate"] == pytest.approx(3 / 60)
    assert found.facts["low"] < 0.05 < found.facts["high"]
    assert found.severity == "look"
    assert found.facts["more_labels"] > 0
    assert f"{found.facts['more_labels']:,} more" in found.todo
    assert found.sentence.startswith(f"5.0% of {found.facts['negatives']:,} negatives are false, with 95% confidence ")
    assert "by 60 answers drawn by chance." in found.sentence
    assert len(found.sentence.split(". ")) <= 2 or "By their probabilities" in found.sentence
    assert found.facts["about"][0] == "60 answers about negatives that were drawn by chance."
    names = [group["name"] for group in found.facts["groups"]]
    assert "brought by dense" in names
    assert any(name.startswith("rank") for name in names)
    assert found.figure is not None


def test_rate_tells_one_caveat_and_the_rest_beside():
    case = case_of(rich_pool(), count=5)
    said = [Verdict.FALSE_NEGATIVE, Verdict.UNSURE, *[Verdict.TRUE_NEGATIVE] * 18]
    case = with_labels(case, lambda place: said[place % 20] if place < 60 else None)
    found = run_finding("false_negative_rate", case)
    assert "by 57 answers. No label says with what probability" in found.sentence
    assert "unsure" not in found.sentence
    assert any("3 unsure" in told for told in found.facts["about"])
    whole = np.ones(case.pool.documents.shape, dtype=bool)
    rows, columns = np.nonzero(whole & (case.pool.documents >= 0))
    pairs = np.stack([case.pool.queries[rows], case.pool.documents[rows, columns]], axis=1)
    judged = Case(case.selection, case.labels, truth=truth_of(pairs, [0] * len(pairs)))
    found = run_finding("false_negative_rate", judged)
    assert "judgments" not in found.sentence
    assert ("all negatives, by the judgments", "0.0%") in [row[:2] for row in found.rows]


def test_judgments_stand_in_where_there_is_no_label_and_complete_ones_leave_no_doubt():
    case = given_case([[1, 2], [3, 4]])
    judged = truth_of([(0, 1), (1, 0)], [1, 1], complete=True)
    found = run_finding("false_negative_rate", Case(case.selection, truth=judged))
    assert (found.facts["rate"], found.facts["low"], found.facts["complete"]) == (0.25, 0.25, True)
    assert found.severity == "bad"
    some = truth_of([(0, 1), (0, 2)], [0, 0])
    found = run_finding("false_negative_rate", Case(case.selection, truth=some))
    assert found.severity == "look"
    assert (found.facts["labelled"], found.facts["false_negatives"]) == (2, 0)


def test_rate_without_an_answer_is_unknown_and_says_how_to_get_one():
    found = run_finding("false_negative_rate", given_case([[1, 2]]))
    assert found.severity == "unknown"
    assert "negviz sample" in found.sentence


# --- suspicion


def test_expected_false_negatives_are_the_sum_of_the_probabilities_of_the_taken():
    case = case_of(rich_pool(), count=5)
    found = run_finding("likely_false_negatives", case)
    values = suspicion_model(case.pool).probabilities()[case.selection.taken]
    assert found.facts["expected"] == pytest.approx(float(np.nansum(values)), abs=0.01)
    assert [row[0] for row in found.rows] == sorted((row[0] for row in found.rows), reverse=True)
    assert found.pairs.shape == (len(case.pairs), 2)


def test_labelled_pairs_are_not_suspected_again():
    case = case_of(rich_pool(), count=5)
    first = run_finding("likely_false_negatives", case).pairs[0].tolist()
    known = case.pairs.tolist().index(first)
    again = with_labels(case, lambda place: Verdict.TRUE_NEGATIVE if place == known else None)
    assert first not in run_finding("likely_false_negatives", again).pairs.tolist()


# --- leaks


def test_given_leaks_are_counted_once_by_the_worst_that_they_are():
    positive, copy, blank = LEAKS["labelled positive"], LEAKS["same text as a positive"], LEAKS["blank text"]
    case = given_case([[0, 1, 2], [3, 4, 5]], flags=[[positive | copy, 0, copy], [blank, 0, 0]])
    found = run_finding("leaks", case)
    assert found.severity == "bad"
    assert found.facts["leaks"] == 3
    assert {kind: count for kind, count in found.facts["by_kind"].items() if count} == {
        "labelled positive": 1, "same text as a positive": 1, "blank text": 1,
    }  # fmt: skip
    assert [row[0] for row in found.rows] == ["labelled positive", "same text as a positive", "blank text"]


def test_our_own_selections_have_no_leak():
    assert run_finding("leaks", case_of(rich_pool(), count=5)).facts["leaks"] == 0


def test_a_negative_that_a_label_calls_false_is_a_leak():
    case = with_labels(given_case([[1, 2]]), lambda place: Verdict.FALSE_NEGATIVE if place == 1 else None)
    found = run_finding("leaks", case)
    assert found.facts["by_kind"]["labelled false negative"] == 1
    assert found.pairs.tolist() == [[0, 2]]


# --- positives


def test_a_positive_below_most_candidates_is_to_be_checked():
    pool = make_pool([[0.9, 0.8, 0.7, 0.1], [0.9, 0.2, 0.1, 0.1]], [[0.5], [0.5]])
    found = run_finding("positives_to_check", case_of(pool, count=1))
    assert (found.facts["outranked"], found.facts["queries"], found.facts["noisy"]) == (1, 1, None)
    assert found.rows[0][1] == "q00"
    assert found.rows[0][-1] == "3 of 4 (75.0%)"
    assert found.pairs.tolist() == [[0, 0]]
    assert found.severity == "bad"
    assert "--retriever random" in found.sentence


def test_where_most_positives_lose_the_scores_are_doubted_first():
    pool = make_pool([[0.9, 0.8, 0.7, 0.1]] * 3, [[0.5], [0.5], [0.95]])
    found = run_finding("positives_to_check", case_of(pool, count=1))
    assert found.facts["queries"] == 2
    assert "mistake of the scores" in found.todo
    assert "'dense'" in found.todo
    pool = make_pool([[0.9, 0.8, 0.7, 0.1]] * 4, [[0.5], [0.5], [0.95], [0.95]])
    assert run_finding("positives_to_check", case_of(pool, count=1)).todo.startswith("Read these pairs")


def test_positives_that_do_badly_against_random_documents_are_found_by_the_mixture():
    random = np.random.default_rng(2)
    scores = random.normal(0.1, 0.02, (60, 12))
    anchors = np.where(np.arange(60) < 4, 0.1, random.normal(0.9, 0.02, 60))[:, None]
    ranks = {"random": np.tile(np.arange(12, dtype=np.int32), (60, 1))}
    found = run_finding("positives_to_check", case_of(make_pool(scores, anchors, ranks=ranks), count=2))
    assert found.facts["noisy"] == 4
    assert {row[1] for row in found.rows} == {"q00", "q01", "q02", "q03"}
    assert found.figure is not None
    # Of the same positives, twenty are too few for a mixture.
    few = {name: layer[:20] for name, layer in ranks.items()}
    found = run_finding("positives_to_check", case_of(make_pool(scores[:20], anchors[:20], ranks=few), count=2))
    assert found.facts["noisy"] is None
    assert "needs 50 queries" in found.sentence


# --- starved, hubs, balance


def test_starved_queries_are_listed_with_what_refused_the_most():
    pool = make_pool([[0.9, 0.8, 0.1], [0.3, 0.2, 0.1]], [[0.5], [0.9]])
    case = case_of(pool, ("absolute_margin", {"margin": 0.0}), count=3)
    found = run_finding("starved_queries", case)
    assert found.facts == {"queries": 2, "count": 3, "starved": 1, "empty": 0, "share": 0.5}
    assert found.rows == ((1, "q00", "question number 0", "absolute_margin (100.0%)"),)
    assert found.severity == "bad"


def test_given_negatives_are_starved_below_half_of_the_usual_number():
    case = given_case([[1, 2, 3, 4], [1, 2, 3, 4], [1, 2], [1]])
    found = run_finding("starved_queries", case)
    # Usual is the median of 4, 4, 2, 1, that is 3; half of it, rounded up, is 2.
    assert (found.facts["count"], found.facts["starved"]) == (2, 1)
    assert found.rows == ((1, "q03", "question number 3"),)


def test_a_document_that_all_queries_share_is_a_hub():
    case = given_case([[1, 2 + row] for row in range(8)], positives=[[0]] * 7 + [[1]])
    found = run_finding("hub_documents", case)
    assert found.rows[0][:4] == (8, "100.0%", 1, "d001")
    assert found.facts["top_share"] == 0.5
    assert found.facts["hubs"] == 1
    assert (found.severity, found.more) == ("bad", 0)
    assert "reuse_cap" in found.todo


def test_a_document_in_more_than_a_quarter_of_the_queries_is_worth_a_look_among_many_others():
    # 6 of 20 queries share d001, which makes 6 of 206 negatives.
    case = given_case([[*([1] if row < 6 else []), *range(2 + 10 * row, 12 + 10 * row)] for row in range(20)])
    found = run_finding("hub_documents", case)
    assert found.facts["top_share"] < 0.1
    assert (found.severity, found.facts["most"]) == ("look", 6)
    assert "reuse_cap" in found.todo
    rare = given_case([[*([1] if row < 5 else []), *range(2 + 10 * row, 12 + 10 * row)] for row in range(20)])
    assert run_finding("hub_documents", rare).severity == "good"


def test_balance_counts_what_brought_the_negatives():
    case = given_case([[1, 2], [3, 4, 5, 6, 7, 8, 9, 10], [11]], random=[[2], [], []])
    found = run_finding("balance", case)
    assert (found.facts["fewest"], found.facts["median"], found.facts["most"]) == (1, 2, 8)
    assert found.facts["heavy"] == 1
    assert found.facts["distinct_documents"] == 11
    assert found.severity == "look"


# --- duplicates


def test_the_same_question_twice_with_a_positive_of_one_as_a_negative_of_the_other():
    case = given_case([[2, 1], [3]], positives=[[0], [1]], queries=["What is a fox?", "a fox is WHAT"])
    found = run_finding("duplicate_queries", case)
    assert found.facts == {"queries": 2, "pairs": 1, "same_words": 1, "unshared_positives": 2, "taken": 1,
                           "by_vectors": False}  # fmt: skip
    assert found.sentence.startswith("1 pair of the 2 queries asks the same thing in the same words; ")
    assert found.pairs.tolist() == [[0, 1], [1, 0]]
    assert found.severity == "bad"
    assert found.rows[0][4:] == (0, "d000, d001", 1)


def test_queries_alike_by_their_vectors_alone_are_told_apart_from_the_same_words():
    vectors = unit_embeddings(3, 4)
    vectors.queries.setflags(write=True)
    vectors.queries[1] = vectors.queries[0]
    case = given_case([[1], [2], [3]], queries=["red fox", "blue whale", "green tree"])
    pool = replace(case.pool, embeddings=vectors)
    found = run_finding("duplicate_queries", Case(replace(case.selection, pool=pool)))
    assert (found.facts["pairs"], found.facts["same_words"]) == (1, 0)
    assert "0 in the same words and 1 by the vectors alone" in found.sentence


def test_queries_that_share_their_positives_lack_nothing():
    case = given_case([[1], [2]], queries=["What is a fox?", "what is a fox"])
    found = run_finding("duplicate_queries", case)
    assert (found.facts["pairs"], found.facts["unshared_positives"], found.severity) == (1, 0, "look")


def test_near_copies_are_grouped_and_those_of_a_positive_are_bad():
    texts = [COPY, "something else entirely, of other words and length", COPY.upper() + " ok", "words " * 3, "no " * 9]
    found = run_finding("near_duplicate_documents", given_case([[2, 1], [3, 4]], texts=texts))
    assert (found.facts["groups"], found.facts["copies"], found.facts["against_positive"]) == (1, 1, 1)
    assert found.pairs.tolist() == [[0, 2]]
    assert found.rows[0][0] == 2
    assert found.rows[0][2] == "d000, d002"
    assert found.rows[0][-2:] == (2, 1)
    assert found.severity == "bad"


# --- held out


def held(queries, documents=None, same_ids=False):
    return HeldOut("dev", queries, documents or {}, same_ids)


def test_a_held_out_query_that_is_trained_on_is_found_by_text_however_it_is_written():
    case = given_case([[1], [2]], queries=[f"{COPY}?", "something of its own"])
    case = Case(case.selection, held_out=held({"a": f"  {COPY.upper()}?", "b": "never seen before", "q01": "not that"}))
    found = run_finding("leaks_to_held_out", case)
    assert found.facts["matched"] == {"query": 1, "positive": 0, "negative": 0}
    assert found.facts["by_kind"]["query"] == {"same text": 1}
    assert found.severity == "bad"
    assert found.rows[0][:3] == ("query", "same text", "q00")


def test_ids_count_only_where_they_mean_the_same():
    case = given_case([[1], [2]])
    outcomes = [
        run_finding("leaks_to_held_out", Case(case.selection, held_out=held({"q01": "other"}, same_ids=same)))
        for same in (False, True)
    ]
    assert [each.severity for each in outcomes] == ["good", "bad"]


def test_a_near_copy_and_held_out_answers_are_worth_a_look():
    case = given_case([[1], [2]], queries=[COPY, "other"], texts=["first answer", "second answer", "third answer"])
    case = Case(case.selection, held_out=held({"a": COPY + "!"}, {"x": "FIRST  answer", "y": "third answer"}))
    found = run_finding("leaks_to_held_out", case)
    assert found.severity == "look"
    assert found.facts["matched"] == {"query": 1, "positive": 1, "negative": 1}


# --- hardness, texts


def test_hardness_counts_the_easy_ones_the_hard_ones_and_queries_with_one_set():
    scores = [[0.9, 0.1, 0.2, 0.2, 0.2, 0.2, 0.2], [0.6, 0.5, 0.2, 0.2, 0.2, 0.2, 0.2]]
    case = given_case([[1, 2], [1, 2]], scores=scores, random=[[3, 4, 5, 6, 7]] * 2)
    found = run_finding("hardness", case)
    facts = found.facts
    # Margins to 0.8: 0.1, -0.7, -0.2, -0.3; one of four is no nearer than the random documents at 0.2.
    assert (facts["above_positive"], facts["too_easy"], facts["compared"], facts["same_as_another"]) == (1, 1, 4, 2)
    assert facts["mean"] == pytest.approx(-0.275, abs=1e-6)
    assert found.pairs.tolist() == [[0, 1]]
    assert found.severity == "bad"


def test_hardness_without_random_documents_says_so():
    found = run_finding("hardness", case_of(make_pool([[0.5, 0.3]], [[0.8]]), count=1))
    assert found.facts["too_easy"] is None
    assert "--retriever random" in found.sentence


def test_odd_texts_are_named():
    texts = [
        "a fine answer of words",
        "",
        "Ã©tat de l'art of it",
        "<p>some markup here</p>",
        "one",
        "plain words of it",
    ]
    found = run_finding("short_or_odd_texts", given_case([[1, 2, 3, 4, 5]], texts=texts))
    kinds = {kind: count for kind, count in found.facts["by_kind"].items() if count}
    assert kinds == {"blank": 1, "damaged characters": 1, "markup": 1, "very short": 1}
    assert found.rows[0][:3] == ("blank", "document", "d001")


def test_many_texts_of_exactly_the_greatest_length_were_cut_off():
    texts = [*("word " * 30 + str(row).zfill(3) for row in range(6)), "a shorter one it is", "and another short one"]
    found = run_finding("short_or_odd_texts", given_case([[1, 2, 3, 4, 5, 6, 7]], texts=texts))
    assert found.facts["by_kind"]["cut off"] == 6


def test_unknown_numbers_are_left_out_of_the_facts():
    pool = make_pool([[0.9, NAN, 0.3]], [[0.8]], dataset=make_dataset(1, 4), embeddings=unit_embeddings(1, 4))
    facts = run_finding("hardness", case_of(pool, count=3)).facts
    assert not any(isinstance(value, float) and math.isnan(value) for value in facts.values())
