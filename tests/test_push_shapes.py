"""Shapes of pushes over one query's candidates."""

import numpy as np
import pytest
from hypothesis import given

from negviz.errors import MissingInputError
from negviz.push_shapes import OWN, push_shapes
from negviz.recipe import published
from negviz.select import select
from tests.pools import NAN, line, make_pool, pools, recipe


def shapes(pool, *steps, query=0):
    found = push_shapes(select(pool, recipe(*steps)), query)
    return found, {shape.name: shape for shape in found.shapes}


def test_scores_ascend_and_every_shape_sums_to_one():
    found, by_name = shapes(line([0.3, 0.75, 0.7], 0.8))
    assert found.scores.tolist() == pytest.approx([0.3, 0.7, 0.75])
    assert found.columns.tolist() == [0, 2, 1]
    assert all(shape.shares.sum() == pytest.approx(1) for shape in by_name.values())


def test_e4_probabilities_of_two_negatives():
    """Of the card's .119198 and .000040 the first has 99.97 percent of the push, and with alpha 9 still more."""
    _, by_name = shapes(line([0.7, 0.3], 0.8))
    assert by_name["InfoNCE, scale 20"].shares.tolist() == pytest.approx(
        [0.00004, 0.119198] / np.float64(0.119238), abs=1e-5
    )
    assert by_name["Hardness, alpha 9"].shares[0] == pytest.approx(0.000009 / 0.986613, abs=1e-6)


def test_e6_beta_one_presses_on_all_alike():
    _, by_name = shapes(line([0.7, 0.5, 0.2], 0.8))
    assert by_name["CCR, beta 1"].shares.tolist() == pytest.approx([1 / 3] * 3)
    assert by_name["CCR, beta 1"].effective == pytest.approx(3)
    assert by_name["CCR, beta 0.5"].effective < 3


def test_methods_narrow_the_choice_in_the_known_order():
    _, by_name = shapes(line([0.75, 0.7, 0.65, 0.5, 0.3, 0.1], 0.8))
    names = ["Hardness, alpha 9", "Hardness, alpha 5", "InfoNCE, scale 20", "CCR, beta 0.5", "CCR, beta 1"]
    sizes = [by_name[name].effective for name in names]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == 5


def test_e2_the_mask_presses_on_nothing_above():
    _, by_name = shapes(line([0.95, 0.7], 0.6))
    assert by_name["InfoNCE, masked above + 0.1"].shares.tolist() == [1.0, 0.0]


def test_the_recipe_s_own_weights_come_first():
    found, _ = shapes(line([0.75, 0.5, 0.3], 0.8), "focal_weighted")
    assert found.shapes[0].name == OWN
    assert np.allclose(found.shapes[0].shares, found.shapes[1].shares)


def test_e5_the_focal_weight_is_told_beside_the_shapes():
    found, _ = shapes(line([0.8], 0.8))
    assert found.chance == pytest.approx(0.5)
    assert found.focal == pytest.approx(0.5**0.5)


def test_other_scales_have_no_disputed_zone_and_no_cosine_rule():
    pool = make_pool([[70.0, 78.0]], [[80.0]], scale="dot")
    found, by_name = shapes(pool)
    assert found.scale == 1
    assert not found.disputed.any()
    assert not [name for name in by_name if "masked" in name]
    assert by_name["SimANS, a 0.5"].shares[1] == pytest.approx(1)


def test_refused_candidates_are_not_there():
    found, _ = shapes(line([0.9, 0.5, 0.3], 0.8), ("score_ceiling", {"ceiling": 0.7}))
    assert len(found.scores) == 2


@pytest.mark.parametrize("pool", [line([0.5], NAN), line([0.9], 0.8)])
def test_where_there_is_nothing_to_draw_it_says_so(pool):
    with pytest.raises(MissingInputError, match="another query"):
        shapes(pool, ("score_ceiling", {"ceiling": 0.7}))


@given(pool=pools())
def test_every_shape_is_finite_on_any_pool(pool):
    if not np.isfinite(pool.anchor("dense", "min")).any():
        return
    for query in range(len(pool)):
        try:
            found = push_shapes(select(pool, published()["hardness_weight"]), query)
        except MissingInputError:
            continue
        for shape in found.shapes:
            assert np.isfinite(shape.shares).all()
            assert shape.shares.sum() == pytest.approx(1) or not shape.shares.any()
            assert 0 <= shape.effective <= len(found.scores) + 1e-9
