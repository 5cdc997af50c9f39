"""What the plots of teacher-denoised, geometric and SimANS-like methods are drawn from."""

import dataclasses

import numpy as np
import pytest

from negviz.arrays import PAD
from negviz.bells import weight_at
from negviz.diagnostics.curriculum import curriculum, ordered_pairs
from negviz.diagnostics.doc_doc_scatter import doc_doc_scatter
from negviz.diagnostics.half_height_zone import half_height_zone
from negviz.diagnostics.inclusion_frequency import inclusion_frequency
from negviz.diagnostics.limits import limits
from negviz.diagnostics.reciprocal_evidence import reciprocal_evidence
from negviz.diagnostics.refusal_reason import refusal_reason
from negviz.diagnostics.teacher_scatter import teacher_scatter
from negviz.diagnostics.triangle import triangle
from negviz.errors import MissingInputError
from negviz.labels import LabelEvent, Labels, Verdict
from negviz.recipe import published
from negviz.select import resolved_knobs, select
from negviz.strategies import STRATEGIES
from tests.pools import NAN, make_pool, recipe

NONE = Labels.of(())
BANDS = {"teacher": "cross_encoder", "negative": 0.1, "positive": 0.9}


def judged(teacher, **more):
    dense = np.linspace(0.9, 0.1, len(teacher[0]))[None].repeat(len(teacher), 0)
    scores = {"cross_encoder": np.array(teacher, np.float32)}
    pool = make_pool(dense, [[0.95]] * len(teacher), more_scores=scores, **more)
    return dataclasses.replace(pool, scales={"dense": "cosine", "cross_encoder": "probability"})


def test_teacher_scatter_lists_what_nobody_labelled_and_the_teacher_is_sure_of():
    pool = judged([[0.99, 0.5, 0.05, 0.95], [0.97, 0.9, NAN, 0.99]], flags=[[1, 0, 0, 0], [0, 0, 0, 0]])
    selection = select(pool, recipe(("rank_window", {"stop": 3}), ("teacher_bands", {}), count=1))
    found = teacher_scatter(selection, np.arange(2, dtype=np.int32), NONE, **BANDS, depth=3)
    # A leak and what lies beyond the depth are no part of the review; 0.9 is not above 0.9.
    assert [(found.rows[at], found.columns[at]) for at in found.review] == [(1, 0)]
    assert len(found.rows) == 7
    assert (found.discarded, found.backfilled, found.short, found.queries) == (2, 0, 1, 2)
    one = teacher_scatter(selection, np.array([1], np.int32), NONE, **BANDS, depth=4)
    assert [int(one.columns[at]) for at in one.review] == [3, 0]
    assert set(one.rows.tolist()) == {1}
    said = Labels.of([LabelEvent.of(pool.dataset, 1, int(pool.documents[1, 3]), Verdict.TRUE_NEGATIVE, annotator="a")])
    again = teacher_scatter(selection, np.array([1], np.int32), said, **BANDS, depth=4)
    assert [int(again.columns[at]) for at in again.review] == [0]


def test_teacher_scatter_counts_queries_that_were_filled_up():
    pool = judged([[0.05, 0.5, NAN], [0.05, 0.04, NAN]])
    wanted = dataclasses.replace(
        recipe(("rank_window", {"stop": 2}), ("teacher_bands", {}), count=2),
        underfill="pad", backfill=dataclasses.replace(published()["rocketqa"].backfill, knobs={"start": 2}),
    )  # fmt: skip
    found = teacher_scatter(select(pool, wanted), np.arange(2, dtype=np.int32), NONE, **BANDS, depth=2)
    assert (found.backfilled, found.short) == (1, 0)


def test_teacher_scatter_wants_probabilities():
    pool = dataclasses.replace(judged([[0.5]]), scales={"dense": "cosine", "cross_encoder": "logit"})
    with pytest.raises(MissingInputError, match="scale 'logit'; logits must become probabilities"):
        teacher_scatter(select(pool, recipe()), np.array([0], np.int32), NONE, **BANDS, depth=1)


def test_doc_doc_scatter_counts_what_is_nearer_to_the_positive_than_the_query_is():
    likeness = {"similarity_to_positive": np.array([[0.9, 0.75, 0.2, 0.95]], np.float32)}
    pool = make_pool([[0.5, 0.5, 0.5, 0.5]], [[0.75]], more_scores=likeness, flags=[[0, 0, 0, 1]])
    found = doc_doc_scatter(select(pool, recipe()))
    assert found.violating.tolist() == [[True, False, False, False]]
    assert found.counted.tolist() == [[True, True, True, False]]
    assert doc_doc_scatter(select(pool, recipe()), margin=0.25).violating.tolist() == [[True, True, False, False]]


STAGE_PAIRS = {1: 291, 2: 345, 3: 390}


def teacher_pool(depth=40):
    return judged([np.linspace(0.99, 0.01, depth)])


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_ordered_pairs_of_the_stages(stage):
    # METHODS C4: 10 + 125 + 156, 45 + 200 + 100, 190 + 200.
    pool = teacher_pool()
    found = curriculum(pool, 0, pool.eligible, teacher="cross_encoder", stage=stage)
    assert len(found) == 30
    assert ordered_pairs([each.label for each in found]) == STAGE_PAIRS[stage]


def test_ordered_pairs_without_negatives():
    pool = teacher_pool()
    found = curriculum(pool, 0, pool.eligible, teacher="cross_encoder", stage=3, relevant=30)
    assert ordered_pairs([each.label for each in found]) == 435
    assert ordered_pairs([]) == 0
    assert ordered_pairs([1.0, 0.5, 0.5]) == 2


def test_labels_of_stage_1_and_what_leads_the_list():
    pool = teacher_pool()
    found = curriculum(pool, 0, pool.eligible, teacher="cross_encoder", stage=1)
    assert [each.label for each in found[:5]] == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4, 1 / 5])
    assert [each.label for each in found[5:]] == [-0.25] * 12 + [-0.5] * 13
    assert (found[0].document, found[0].column) == (0, PAD)
    assert [each.column for each in found[1:4]] == [0, 1, 2]


def test_curriculum_and_strategy_agree_on_every_passage(full):
    for stage in (1, 2, 3):
        weights = select(full, recipe(("teacher_order", {"stage": stage}), count=30)).weights
        for query in range(len(full)):
            found = curriculum(full, query, full.eligible, teacher="cross_encoder", stage=stage)
            negatives = {each.column for each in found if each.label <= 0}
            assert negatives == set(np.flatnonzero(weights[query]).tolist())


def test_triangle_measures_angles_from_the_vectors(full):
    selection = select(full, recipe())
    found = triangle(selection, 0)
    own = full.positives[0][full.positives[0] != PAD]
    vectors = full.embeddings
    cosines = vectors.documents[own].astype(float) @ vectors.queries[0].astype(float)
    assert found.positive == pytest.approx(np.degrees(np.arccos(cosines.min())), abs=1e-3)
    column = int(np.flatnonzero(full.present[0])[3])
    cosine = float(vectors.documents[full.documents[0, column]].astype(float) @ vectors.queries[0].astype(float))
    assert found.to_query[column] == pytest.approx(np.degrees(np.arccos(cosine)), abs=1e-3)
    assert found.inside[column] == (abs(found.to_query[column] - found.positive) < 60)
    assert not found.inside[~full.present[0]].any()


def test_evidence_and_the_target_it_makes(full):
    found = reciprocal_evidence(select(full, recipe()), 2, k=20, top=4, floor=0.1)
    assert found.injected.sum() <= 4
    positives = int((full.positives[2] != PAD).sum())
    assert found.mass.sum() + positives * found.positive_mass == pytest.approx(1.0)
    assert (found.mass > 0).tolist() == found.injected.tolist()
    assert found.mass.max() < found.positive_mass


def test_inclusion_frequency_of_one_is_the_probability_and_of_all_is_one():
    weights, keys = np.array([4.0, 2.0, 1.0, 1.0, 0.0]), np.arange(5, dtype=np.uint64)
    once = inclusion_frequency(weights, keys, 1, runs=4000)
    assert once == pytest.approx(weights / 8, abs=0.03)
    assert inclusion_frequency(weights, keys, 4).tolist() == [1, 1, 1, 1, 0]


def near(**knobs):
    return {**resolved_knobs(STRATEGIES, published()["simans"].steps[1]), **knobs}


def test_half_height_zone_and_curve_of_the_laplacian_and_of_the_reversed_sign():
    assert half_height_zone(np.log(2.0), 0.5, "laplace") == pytest.approx((-0.5, 1.5))
    ends = [line.value for line in limits("near_positive", near(b=1.0, b_sign="code", width=0.25), np.array([0.5]))]
    assert ends == pytest.approx([-0.75, -1.25])
    assert weight_at(near(a=3.0, shape="laplace"), np.array([0.0, 2.0])) == pytest.approx([1, np.exp(-6)])
    assert weight_at(near(b=1.0, b_sign="code"), np.array([-1.0, 1.0])) == pytest.approx([1, np.exp(-2)])


def test_reasons_in_words():
    pool = judged([[0.95, 0.5, 0.05, NAN]])
    steps = recipe("teacher_bands", count=1)
    selection = select(pool, steps)
    knobs = {step.name: resolved_knobs(STRATEGIES, step) for step in steps.steps}
    told = [refusal_reason(selection, 0, column, knobs) for column in range(4)]
    assert told == [
        "The teacher 'cross_encoder' gives it 0.95, above 0.9: likely a false negative.",
        "The teacher 'cross_encoder' gives it 0.5, not below 0.1.",
        "",
        "The teacher 'cross_encoder' did not score it, and what it has not seen is not accepted.",
    ]


@pytest.mark.parametrize(
    "step", ["teacher_order", "passage_centric", "triangle", "reciprocal_evidence", "positive_retrieved"]
)
def test_every_refusal_of_these_steps_has_words(step, full):
    selection = select(full, recipe(step, count=4))
    knobs = {step: resolved_knobs(STRATEGIES, selection.recipe.steps[0])}
    refused = np.argwhere(selection.reasons == selection.stages.index(step))
    assert len(refused)
    for query, column in refused[:: max(len(refused) // 40, 1)]:
        told = refusal_reason(selection, int(query), int(column), knobs)
        assert told.endswith(".")
        assert "gives it no weight" not in told
        assert "nan" not in told
