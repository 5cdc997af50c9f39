"""Methods that compare documents with each other: PAIR's check, TriSampler, CODER's evidence (METHODS C2, D5, B6)."""

import dataclasses

import numpy as np
import pytest

from negviz.diagnostics.triangle import angle, fallbacks
from negviz.embeddings import Embeddings
from negviz.errors import MissingInputError
from negviz.select import select
from negviz.strategies.passage_centric import passage_centric
from negviz.strategies.reciprocal_evidence import reciprocal_evidence
from negviz.strategies.triangle import triangle
from tests.pools import NAN, make_pool, recipe

LIKENESS = "similarity_to_positive"


def alike(scores, likeness, positive, **more):
    """One query with s(q, d), s(d, d+) and s(q, d+)."""
    return make_pool([scores], [[positive]], more_scores={LIKENESS: np.array([likeness], np.float32)}, **more)


def centric(pool, **knobs):
    return passage_centric(pool, scorer="dense", anchor="min", **knobs)[0].tolist()


def test_a_candidate_nearer_to_the_positive_than_the_query_is_refused():
    pool = alike([0.5, 0.7, 0.2, 0.3], [0.75, 0.5, 0.9, NAN], 0.75)
    assert centric(pool) == [1, 1, 0, 0]
    assert centric(pool, margin=0.25) == [0, 1, 0, 0]
    assert centric(pool, margin=-0.25) == [1, 1, 1, 0]


def test_without_a_scored_positive_nothing_is_accepted():
    assert centric(alike([0.5], [0.1], NAN)) == [0]


@pytest.mark.parametrize("step", ["passage_centric", "triangle", "reciprocal_evidence"])
def test_missing_vectors_are_asked_for(step):
    with pytest.raises(MissingInputError, match=r"needs vectors .* --retriever dense"):
        select(make_pool([[0.5]], [[0.9]]), recipe(step))


@pytest.mark.parametrize("step", ["passage_centric", "triangle"])
def test_scores_of_another_scale_are_not_compared(step, full):
    with pytest.raises(
        MissingInputError, match=r"similarities of documents \(cosine\) .* 'bm25' \(bm25\).*scorer=dense"
    ):
        select(full, recipe(step, scorer="bm25"))


def weighed(pool, **knobs):
    context = {"scorer": "dense", "anchor": "min", "survivors": pool.eligible, "seed": 0}
    return triangle(pool, **{**context, **knobs})[0]


def test_the_second_weight_of_the_card():
    # METHODS D5: s(d+, d-) = .7, s(q, d-) = .6 weighs .1; (.5, .6) weighs 0.
    pool = alike([0.6, 0.6], [0.7, 0.5], 0.6)
    for combine in ("two_step", "product"):
        assert weighed(pool, combine=combine) == pytest.approx([0.1, 0.0], abs=1e-6)


def test_the_first_weight_is_simans_with_a_quarter():
    pool = alike([82.0, 80.0, 78.0], [83.0, 81.0, 79.0], 80.0, scale="dot")
    expected = np.exp(-(np.array([2.0, 0.0, -2.0]) ** 2) / 4)
    assert weighed(pool, combine="product") == pytest.approx(expected)
    assert weighed(pool, combine="two_step") == pytest.approx([1.0, 1.0, 1.0])
    assert weighed(pool, combine="product", width=2.0) == pytest.approx([0.5, 1.0, 0.5])


def test_the_angles_of_the_card():
    of_positive, of_negative = angle(np.array([0.9, 0.6]))
    assert (of_positive, of_negative) == (pytest.approx(25.84, abs=0.005), pytest.approx(53.13, abs=0.005))
    assert abs(of_positive - of_negative) == pytest.approx(27.29, abs=0.005)


def test_where_nothing_leans_to_the_positive_the_first_weight_decides_and_it_is_counted():
    pool = make_pool(
        [[0.6, 0.5], [0.6, 0.5]], [[0.6], [0.6]],
        more_scores={LIKENESS: np.array([[0.4, 0.4], [0.7, 0.4]], np.float32)},
    )  # fmt: skip
    for combine in ("two_step", "product"):
        found = select(pool, recipe(("triangle", {"combine": combine}), count=2))
        assert found.weights[0] == pytest.approx([1.0, np.exp(-0.01 / 4)], rel=1e-5)
        assert found.weights[1] == pytest.approx([0.1, 0.0], abs=1e-6)
        assert fallbacks(found).tolist() == [True, False]


def test_the_first_list_is_drawn_by_the_first_weight_alone():
    scores = np.linspace(60.0, 100.0, 41)
    pool = alike(scores, scores + 1.0, 80.0, scale="dot")
    counts = np.zeros(41)
    for seed in range(200):
        weights = weighed(pool, first=3, seed=seed)
        assert (weights > 0).sum() == 3
        counts += weights > 0
    # exp(-1/4) at one step from the positive, exp(-9) at six.
    assert counts[20] > counts[22] > counts[23]
    assert counts[:14].sum() == 0


def test_the_noise_of_the_two_draws_is_not_the_same():
    """Two of four are listed, each as likely; the one that leans three times as much wins three times out of four.

    With the noise of the first draw once more it would win .8 of the times that both are listed, .4 in all.
    """
    total = 12_000
    scores = np.full((total, 4), 0.5)
    pool = make_pool(
        scores, np.full((total, 1), 0.5),
        more_scores={LIKENESS: (scores + np.array([0.375, 0.125, 0.125, 0.125])).astype(np.float32)},
    )  # fmt: skip
    found = select(pool, recipe(("triangle", {"first": 2}), count=1, draw="sample")).columns[:, 0]
    share = (found == 0).mean()
    assert abs(share - 0.375) < 3.5 * np.sqrt(0.375 * 0.625 / total)


def world(seed=0):
    """A query, its positive d000, three documents beside the positive, and twenty elsewhere."""
    random = np.random.default_rng(seed)
    middle = random.normal(size=24)
    near = middle + random.normal(size=(4, 24)) * 0.25
    far = random.normal(size=(20, 24))
    rows = np.concatenate([near, far])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    asked = (middle + random.normal(size=24) * 0.8)[None]
    asked /= np.linalg.norm(asked)
    vectors = Embeddings(asked.astype(np.float32), rows.astype(np.float32), "cosine", "made by hand", "0" * 32)
    scores = asked @ rows.T
    pool = make_pool([scores[0, 1:]], [[scores[0, 0]]])
    return dataclasses.replace(pool, embeddings=vectors)


def test_documents_beside_the_positive_are_refused_and_the_others_kept():
    pool = world()
    weights = reciprocal_evidence(pool, survivors=pool.eligible, k=4)
    assert weights[0, :3].tolist() == [0, 0, 0]
    assert weights[0, 3:].sum() >= 19


def test_at_most_so_many_are_refused_and_none_below_the_ceiling():
    pool = world()
    refused = [
        int((reciprocal_evidence(pool, survivors=pool.eligible, k=4, top=top) == 0).sum()) for top in (0, 1, 2, 3)
    ]
    assert refused == [0, 1, 2, 3]
    assert reciprocal_evidence(pool, survivors=pool.eligible, k=4, ceiling=1.0).all()


def test_leaks_take_none_of_the_places():
    pool = world()
    flags = np.zeros((1, 23), np.uint16)
    flags[0, 0] = 2
    leaked = dataclasses.replace(pool, flags=flags)
    weights = reciprocal_evidence(leaked, survivors=leaked.eligible, k=4, top=2)
    assert weights[0, :3].tolist() == [1, 0, 0]


def test_a_query_without_a_positive_keeps_all():
    pool = dataclasses.replace(world(), positives=np.array([[-1]], np.int32))
    assert reciprocal_evidence(pool, survivors=pool.eligible).all()
