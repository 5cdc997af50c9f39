"""Every loss that exists, whoever wrote it."""

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.arrays import Bools, Floats
from negviz.losses import LOSSES, Loss

NAMES = LOSSES.names()
STEP = 1e-6


def batch(seed: int, queries: int, documents: int) -> dict[str, Floats | Bools]:
    """Scores on cosine with some documents absent, one or two positives a query, and all that a loss may want."""
    random = np.random.default_rng(seed)
    shape = (queries, documents)
    scores = np.where(random.random(shape) < 0.15, np.nan, random.uniform(-0.2, 0.9, shape))
    positive = np.zeros(shape, dtype=bool)
    positive[np.arange(queries), random.integers(0, documents, queries)] = True
    positive |= random.random(shape) < 0.1
    return {
        "scores": scores,
        "positive": positive,
        "held": scores.copy(),
        "hard": random.random(shape) < 0.5,
        "guide": random.uniform(0, 1, shape),
        "teacher": np.where(random.random(shape) < 0.1, np.nan, random.normal(0, 3, shape)),
        "grades": np.where(random.random(shape) < 0.1, np.nan, random.integers(0, 4, shape)),
        "similarity_to_positive": random.uniform(0, 1, shape),
    }


BATCHES = st.builds(
    batch,
    st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(2, 9),
)  # fmt: skip


def lose(name: str, given: dict[str, Floats | Bools], **knobs) -> Loss:
    entry = LOSSES.get(name)
    wanted = {key: value for key, value in given.items() if key in entry.wants and key not in {"scores", "positive"}}
    return entry.function(given["scores"], given["positive"], **wanted, **knobs)


def turned(given: dict[str, Floats | Bools], rows, columns) -> dict[str, Floats | Bools]:
    return {key: value[rows][:, columns] for key, value in given.items()}


@pytest.mark.parametrize("name", NAMES)
def test_module_function_and_key_have_one_name(name):
    entry = LOSSES.get(name)
    assert entry.function.__name__ == entry.name == entry.function.__module__.rpartition(".")[2]
    assert entry.label
    assert entry.reference


@pytest.mark.parametrize("name", NAMES)
def test_signature_is_a_form_and_every_knob_is_documented(name):
    entry = LOSSES.get(name)
    parameters = list(inspect.signature(entry.function).parameters.values())
    assert [parameter.name for parameter in parameters[:2]] == ["scores", "positive"]
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters[2:])
    documented = inspect.getdoc(entry.function)
    for wanted in entry.wants:
        assert f"    {wanted}: " in documented, f"{name}.{wanted} is not documented"
    for knob in entry.knobs:
        assert knob.help, f"{name}.{knob.name} is not documented"
        assert knob.default is not inspect.Parameter.empty
        if knob.kind in {"int", "float"}:
            assert knob.range, f"{name}.{knob.name} has no Range"
        assert knob.parse(knob.default, name) == knob.default


@pytest.mark.parametrize("name", NAMES)
@given(given_=BATCHES)
def test_shapes_types_and_what_is_not_there(name, given_):
    found = lose(name, given_)
    scores = given_["scores"]
    assert found.values.shape == (len(scores),)
    assert found.gradient.shape == scores.shape
    assert np.isfinite(found.gradient).all()
    assert not found.gradient[np.isnan(scores)].any()
    # A query without a loss has no gradient either.
    assert not found.gradient[np.isnan(found.values)].any()
    if "grades" not in LOSSES.get(name).wants:
        labelled = (given_["positive"] & np.isfinite(scores)).any(axis=1)
        assert np.array_equal(np.isfinite(found.values), labelled)


@pytest.mark.parametrize("name", NAMES)
@given(given_=BATCHES)
def test_t12_gradient_is_that_of_the_values(name, given_):
    """Central differences; what a loss holds constant (``held``) stays where it is."""
    found = lose(name, given_)
    scores = given_["scores"]
    for column in range(scores.shape[1]):
        ends = []
        for step in (STEP, -STEP):
            moved = scores.copy()
            moved[:, column] += step
            ends.append(lose(name, {**given_, "scores": moved}).values)
        slope = np.nan_to_num((ends[0] - ends[1]) / (2 * STEP))
        assert np.abs(slope - found.gradient[:, column]).max() < 1e-6


@pytest.mark.parametrize("name", [entry.name for entry in LOSSES if entry.trait("balanced", True)])
@given(given_=BATCHES)
def test_t12_gradient_sums_to_zero_over_the_documents_of_a_query(name, given_):
    assert np.abs(lose(name, given_).gradient.sum(axis=1)).max() < 1e-9


def test_t12_only_pair_leaves_a_part_of_its_gradient_on_other_scores():
    assert [entry.name for entry in LOSSES if not entry.trait("balanced", True)] == ["query_and_passage"]


@pytest.mark.parametrize("name", NAMES)
@given(given_=BATCHES, seed=st.integers(0, 99))
def test_permuting_queries_and_documents_permutes_the_gradient(name, given_, seed):
    random = np.random.default_rng(seed)
    rows, columns = (random.permutation(size) for size in given_["scores"].shape)
    one, other = lose(name, given_), lose(name, turned(given_, rows, columns))
    assert np.allclose(one.values[rows], other.values, equal_nan=True, atol=1e-12)
    assert np.allclose(one.gradient[rows][:, columns], other.gradient, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
@given(given_=BATCHES)
def test_absent_documents_make_no_difference(name, given_):
    """A document more that is not there changes nothing, so rows of different lengths can share a batch."""
    wider = {key: np.concatenate([value, np.zeros_like(value[:, :1])], axis=1) for key, value in given_.items()}
    for layer in ("scores", "held"):
        wider[layer][:, -1] = np.nan
    one, other = lose(name, given_), lose(name, wider)
    assert np.allclose(one.values, other.values, equal_nan=True, atol=1e-12)
    assert np.allclose(one.gradient, other.gradient[:, :-1], atol=1e-12)


@pytest.mark.parametrize("name", ["infonce", "ccr", "gist", "focal", "pairwise_nll", "multi_label_hinge"])
@given(given_=BATCHES, shift=st.floats(-3, 3))
def test_t4_a_constant_added_to_all_scores_changes_nothing(name, given_, shift):
    moved = {**given_, "scores": given_["scores"] + shift, "held": given_["held"] + shift}
    one, other = lose(name, given_), lose(name, moved)
    assert np.allclose(one.values, other.values, equal_nan=True, atol=1e-9)
    assert np.allclose(one.gradient, other.gradient, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
@given(given_=BATCHES)
def test_a_negative_is_never_pulled_up_unless_a_teacher_or_grades_want_it(name, given_):
    if LOSSES.get(name).wants & {"teacher", "grades"}:
        return
    found = lose(name, given_)
    assert (found.gradient[~given_["positive"]] >= 0).all()


@pytest.mark.parametrize("name", ["gist", "qwen3_mask"])
@given(given_=BATCHES)
def test_t13_masked_documents_have_no_gradient_and_count_as_absent(name, given_):
    found = lose(name, given_, margin=0.05)
    own = np.where(given_["positive"] & np.isfinite(given_["scores"]), 1, 0).sum(axis=1) == 1
    for row in np.flatnonzero(own):
        column = np.flatnonzero(given_["positive"][row] & np.isfinite(given_["scores"][row]))[0]
        layer = given_["guide"] if name == "gist" else given_["scores"]
        limit = layer[row, column] + (-0.05 if name == "gist" else 0.05)
        masked = (layer[row] > limit) & (np.arange(layer.shape[1]) != column)
        assert not found.gradient[row, masked].any()
        without = given_["scores"].copy()
        without[row, masked] = np.nan
        again = lose(name, {**given_, "scores": without, "held": without}, margin=0.05)
        assert again.values[row] == pytest.approx(found.values[row], abs=1e-12)
        assert np.allclose(again.gradient[row], found.gradient[row], atol=1e-12)


def test_t13_the_positive_is_never_masked_also_where_the_guide_scores_it_lowest():
    scores, positive = np.array([[0.5, 0.4, 0.3]]), np.array([[True, False, False]])
    guide = np.array([[0.1, 0.2, 0.05]])
    found = LOSSES.get("gist").function(scores, positive, guide=guide, margin=0.0, mode="absolute", scale=1.0)
    assert found.gradient[0, 0] < 0
    assert found.gradient[0, 1] == 0
    assert found.gradient[0, 2] == pytest.approx(-found.gradient[0, 0])
    everything = np.array([[0.1, 0.9, 0.8]])
    alone = LOSSES.get("gist").function(scores, positive, guide=everything, margin=0.0, mode="absolute", scale=1.0)
    assert alone.values.tolist() == [0.0]
    assert not alone.gradient.any()


@pytest.mark.parametrize("name", NAMES)
def test_empty_batches_and_rows_are_no_error(name):
    for queries, documents in [(0, 3), (2, 0), (2, 3)]:
        given_ = batch(1, max(queries, 1), max(documents, 2))
        given_ = {key: value[:queries, :documents] for key, value in given_.items()}
        given_["positive"] = np.zeros((queries, documents), dtype=bool)
        given_["grades"] = np.full((queries, documents), np.nan)
        found = lose(name, given_)
        assert np.isnan(found.values).all()
        assert found.gradient.shape == (queries, documents)
        assert not found.gradient.any()
