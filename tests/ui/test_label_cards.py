"""Cards of the Label page: escaped, marked, folded, and silent about scores where somebody judges blind."""

from dataclasses import replace

import numpy as np
import pytest

from negviz.dataset import Dataset
from negviz.labels import LabelEvent
from negviz.pool import Pool
from negviz.recipe import find_recipe
from negviz.select import resolved_knobs, select
from negviz.strategies import STRATEGIES
from negviz.suspicion import suspicion_model
from negviz.ui.label_cards import Known, document, facts, pair_cards, query_cards
from tests.pools import make_pool

BAD = "<script>alert(1)</script> <img src=x onerror=alert(1)>"


@pytest.fixture
def pool() -> Pool:
    made = make_pool([[0.9, 0.4, 0.3]], [[0.8]])
    count = len(made.dataset.documents)
    texts = ["The tower is 330 metres high.", f"The tower {BAD}", "Nothing. " * 300 + "A high tower. " + "No. " * 300]
    dataset = Dataset.build(
        name="towers", format="test", queries=[("q0", f"How high is the tower? {BAD}")],
        documents=[(f"d{row}", f"Title {BAD}", texts[min(row, 2)]) for row in range(count)],
        positives=[("q0", "d0", 1)], answers={"q0": ["330 metres", BAD]},
    )  # fmt: skip
    return replace(made, dataset=dataset, stored_fingerprint="towers")


def known(pool: Pool) -> Known:
    recipe = find_recipe("nv_perc")
    knobs = {step.name: resolved_knobs(STRATEGIES, step) for step in recipe.steps}
    return Known(select(pool, recipe), knobs, suspicion_model(pool))


def test_everything_is_escaped(pool: Pool) -> None:
    said = [LabelEvent(query_key="a", document_key="b", verdict="drop", annotator=BAD, note=BAD)]
    page = pair_cards(pool, (0, 1), known(pool), whole=False, said=said) + query_cards(pool, 0)
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;") >= 6


def test_terms_and_answers_are_marked_differently(pool: Pool) -> None:
    page = document(pool, 0, "How high is the tower?", ["330 metres"], whole=False)
    assert "<mark>tower</mark>" in page
    assert '<mark class="negviz-answer">330 metres</mark>' in page


def test_a_long_text_is_folded_around_its_best_part_and_whole_inside(pool: Pool) -> None:
    page = document(pool, 2, "How high is the tower?", [], whole=False)
    part, whole = page.split("</summary>")
    assert "A <mark>high</mark> <mark>tower</mark>." in part
    assert len(part) < 1200
    assert whole.count("Nothing.") == 300
    assert '<details class="negviz-fold">' in part
    assert '<details class="negviz-fold" open>' in document(pool, 2, "tower", [], whole=True)


def test_blind_cards_hold_neither_scores_nor_origin_nor_suspicion(pool: Pool) -> None:
    page = pair_cards(pool, (0, 1), None, whole=False)
    assert not any(word in page for word in ("Suspicion", "brought by", "place 1", "dense", "recipe"))


def test_facts_say_where_a_score_falls_what_the_recipe_did_and_why_it_is_suspect(pool: Pool) -> None:
    page = facts(known(pool), (0, 1))
    assert "place 1 of 3, the positive 0.8 (+0.1)" in page
    assert "Refused by the recipe." in page
    assert "Suspicion " in page
    assert "<li" in page
    assert "Taken by the recipe" in facts(known(pool), (0, 2))


def test_a_pair_from_elsewhere_says_that_it_has_no_scores(pool: Pool) -> None:
    far = replace(pool, queries=np.array([0], dtype=np.int32), documents=np.array([[1, 2, -1]], dtype=np.int32))
    assert "not in the pool" in facts(Known(known(far).selection, {}, None), (0, 3))
