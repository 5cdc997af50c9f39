"""Numbers worked by hand in METHODS, each named by its card."""

import numpy as np
import pytest

from negviz.errors import RecipeError
from negviz.losses import LOSSES
from negviz.losses.ccr import ccr
from negviz.losses.focal import focal
from negviz.losses.gist import gist
from negviz.losses.hardness_weight import hardness_weight
from negviz.losses.infonce import infonce
from negviz.losses.lambda_mrr import lambda_mrr
from negviz.losses.lambdarank_mrr import lambdarank_mrr
from negviz.losses.listnet import listnet
from negviz.losses.margin_mse import margin_mse
from negviz.losses.multi_label_hinge import multi_label_hinge
from negviz.losses.negative_cache import negative_cache
from negviz.losses.pairwise_nll import pairwise_nll
from negviz.losses.query_and_passage import query_and_passage
from negviz.losses.qwen3_mask import qwen3_mask

NAN = float("nan")


def row(*scores):
    """One query whose positive is the first document."""
    return np.array([scores]), np.array([[True, *[False] * (len(scores) - 1)]])


def close(*numbers, digits=1e-6):
    return pytest.approx(list(numbers), abs=digits)


def test_a1_infonce_of_a_batch_of_two():
    scores, positive = np.array([[0.8, 0.3], [0.2, 0.7]]), np.eye(2, dtype=bool)
    found = infonce(scores, positive, scale=20.0)
    assert np.exp(-found.values[0]) == pytest.approx(0.9999546, abs=5e-8)
    assert np.exp(-found.values[0]) == pytest.approx(1 / (1 + np.exp(-10)))
    turned = infonce(scores[::-1, ::-1], positive[::-1, ::-1], scale=20.0)
    assert turned.values.mean() == pytest.approx(found.values.mean())


def test_a3_hinge_divides_by_the_documents_of_the_batch():
    found = multi_label_hinge(*row(3.0, 1.5, 2.5), margin=1.0)
    assert found.values.tolist() == close(0.5 / 3)
    assert found.values.tolist() == close(0.1667, digits=5e-5)
    assert found.gradient[0].tolist() == close(-1 / 3, 0, 1 / 3)


def test_a3_hinge_sums_over_all_positives():
    scores, positive = np.array([[3.0, 2.5, 2.75]]), np.array([[True, False, True]])
    assert multi_label_hinge(scores, positive, margin=1.0).values.tolist() == close((0.5 + 0.75) / 3)


@pytest.mark.parametrize("chunk", [1, 2, 6])
def test_a4_chunks_of_queries_have_the_gradient_of_the_whole_batch(chunk):
    """Rows do not look at each other, so a batch in chunks, all documents at hand, is exactly the batch."""
    random = np.random.default_rng(4)
    scores, positive = random.uniform(0, 1, (6, 18)), np.zeros((6, 18), dtype=bool)
    positive[np.arange(6), np.arange(6) * 3] = True
    whole = infonce(scores, positive).gradient
    parts = [infonce(scores[at : at + chunk], positive[at : at + chunk]).gradient for at in range(0, 6, chunk)]
    assert np.abs(np.concatenate(parts) - whole).max() < 1e-12


def test_b1_pairwise_log_likelihood():
    assert pairwise_nll(*row(2.0, 1.0)).values.tolist() == close(0.31326, digits=5e-6)


def test_b4_adore():
    scores = np.array([[5.0, 4.0, 3.0, 1.0]])
    positive = np.array([[False, False, True, False]])
    found = lambdarank_mrr(scores, positive, metric_cut=200)
    assert found.values.tolist() == close(0.549135)
    assert found.values.tolist() == close((1.417952 + 0.218877 + 0.010577) / 3)


def test_b4_a_positive_beyond_the_cut_leaves_its_pairs_one_over_the_rank():
    """With cut 2 the positive at rank 3 gains 0, so pairs weigh 1/1, 1/2 and 0."""
    scores, positive = np.array([[5.0, 4.0, 3.0, 1.0]]), np.array([[False, False, True, False]])
    found = lambdarank_mrr(scores, positive, metric_cut=2)
    wanted = (np.log1p(np.exp(2)) + np.log1p(np.exp(1)) / 2) / 3
    assert found.values.tolist() == close(wanted)
    assert found.gradient[0, 3] == 0


@pytest.mark.parametrize("bad", ["None", 0, ""])
def test_b4_a_cut_that_makes_every_weight_zero_cannot_be_given(bad):
    with pytest.raises(RecipeError, match="metric_cut"):
        LOSSES.get("lambdarank_mrr").knob("metric_cut").parse(bad, "lambdarank_mrr")


def test_b5_negative_cache_has_the_gradient_of_cross_entropy_over_the_cache():
    scores, positive = row(2.0, 1.0, 0.0)
    found = negative_cache(scores, positive, scale=1.0)
    assert found.gradient[0].tolist() == close(0.665241 - 1, 0.244728, 0.090031)
    entropy = infonce(scores, positive, scale=1.0)
    assert np.allclose(found.gradient, entropy.gradient)
    assert entropy.values.tolist() == close(0.407606)
    sampling = found.gradient[0, 1:] / found.gradient[0, 1:].sum()
    assert sampling.tolist() == close(0.731059, 0.268941)
    assert found.gradient[0, 1:].sum() == pytest.approx(0.334759, abs=1e-6)
    # (1 - P+) (E[s-] - s+), the draw's expectation over .731059 and .268941
    assert found.values.tolist() == close(0.334759 * (0.731059 - 2.0))


def test_b5_the_draw_and_the_factor_are_those_of_the_stale_scores():
    stale, positive = row(2.0, 1.0, 0.0)
    fresh = np.array([[2.5, 0.0, 1.0]])
    found = negative_cache(fresh, positive, held=stale, scale=1.0)
    assert found.gradient[0, 1:].tolist() == close(0.244728, 0.090031)
    assert found.values.tolist() == close(0.244728 * (0.0 - 2.5) + 0.090031 * (1.0 - 2.5))


def test_b5_only_the_first_k_of_the_cache_can_be_drawn():
    found = negative_cache(*row(2.0, 0.0, 1.0), scale=1.0, top_k=1)
    assert found.gradient[0].tolist() == close(-0.268941, 0, 0.268941)


def test_b6_coder():
    assert listnet(*row(1.0, 0.0, 0.0), temperature=1.0).values.tolist() == close(0.551445)
    assert listnet(*row(2.0, 0.0, 0.0), temperature=2.0).values.tolist() == close(0.551445)


def test_b6_two_positives_share_the_target():
    scores, positive = np.array([[1.0, 1.0, 0.0]]), np.array([[True, True, False]])
    share = np.e / (2 * np.e + 1)
    assert listnet(scores, positive).values.tolist() == close(np.log(0.5) - np.log(share))


def test_c2_pair():
    scores, positive = row(2.0, 1.0)
    near = np.array([[NAN, 1.5]])
    parts = {alpha: query_and_passage(scores, positive, similarity_to_positive=near, alpha=alpha).values[0]
             for alpha in (0.0, 1.0, 0.1)}  # fmt: skip
    assert list(parts.values()) == close(0.313262, 0.474077, 0.329343)


def test_c3_margin_mse():
    found = margin_mse(*row(5.0, 3.0), teacher=np.array([[8.0, 4.0]]))
    assert found.values.tolist() == [4.0]
    assert found.gradient.tolist() == [[-4.0, 4.0]]


def test_e8_a_false_negative_to_the_teacher_is_not_pushed():
    found = margin_mse(*row(5.0, 5.0), teacher=np.array([[8.0, 8.0]]))
    assert found.values.tolist() == [0.0]
    assert not found.gradient.any()


def test_c4_cl_drd():
    scores, positive = row(1.0, 2.0, 0.5)
    found = lambda_mrr(scores, positive, grades=np.array([[1.0, 0.5, -0.25]]))
    assert found.values.tolist() == close(0.289973)
    assert found.values.tolist() == close((0.134276 + 0.656631 + 0.079013) / 3)


@pytest.mark.parametrize(
    ("margin", "mode", "masked"),
    [(0.0, "absolute", [0.81]), (0.05, "absolute", [0.81, 0.80, 0.79]), (0.05, "relative", [0.81, 0.80, 0.79])],
)
def test_e1_gist(margin, mode, masked):
    guide = np.array([[0.8, 0.81, 0.80, 0.79]])
    scores, positive = row(0.5, 0.4, 0.4, 0.4)
    found = gist(scores, positive, guide=guide, margin=margin, mode=mode, scale=1.0)
    assert guide[0, 1:][found.gradient[0, 1:] == 0].tolist() == masked


def test_e2_qwen3_mask_keeps_what_is_equal_to_the_limit_whatever_the_rounding():
    scores, positive = row(0.6, 0.71, 0.70)
    for values in (scores, scores.astype(np.float32)):
        found = qwen3_mask(values, positive, margin=0.1)
        assert found.gradient[0, 1] == 0
        assert found.gradient[0, 2] > 0


@pytest.mark.parametrize(
    ("alpha", "wanted"),
    [
        (0.0, [0.880762, 0.119198, 0.000040]),
        (5.0, [0.182419, 0.817544, 0.000037]),
        (9.0, [0.013387, 0.986604, 0.000009]),
    ],
)
def test_e4_hardness_weighting(alpha, wanted):
    scores, positive = row(0.8, 0.7, 0.3)
    found = hardness_weight(scores, positive, hard=~positive, scale=20.0, alpha=alpha, on="hard")
    assert np.exp(-found.values).tolist() == close(wanted[0])
    assert (found.gradient[0, 1:] / 20).tolist() == close(*wanted[1:])


def test_e4_the_penalty_is_on_the_chosen_negatives_only():
    scores, positive = row(0.8, 0.7, 0.7)
    hard = np.array([[False, True, False]])
    pushed = {on: hardness_weight(scores, positive, hard=hard, on=on).gradient[0, 1:] for on in
              ("hard", "in_batch", "all")}  # fmt: skip
    assert pushed["hard"][0] > pushed["hard"][1]
    assert pushed["in_batch"][0] < pushed["in_batch"][1]
    assert pushed["all"][0] == pytest.approx(pushed["all"][1])


@pytest.mark.parametrize(
    ("p", "gamma", "wanted"),
    [
        (0.9, 0.0, 0.105361), (0.3, 0.0, 1.203973), (0.9, 0.5, 0.033318), (0.3, 0.5, 1.007316),
        (0.9, 2.0, 0.001054), (0.3, 2.0, 0.589947),
    ],
)  # fmt: skip
def test_e5_focal(p, gamma, wanted):
    scores, positive = row(float(np.log(p / (1 - p))), 0.0)
    assert focal(scores, positive, gamma=gamma, scale=1.0).values.tolist() == close(wanted)


@pytest.mark.parametrize(("beta", "wanted"), [(0.0, 1.161420), (0.5, 0.455710), (1.0, -0.25)])
def test_e6_ccr(beta, wanted):
    assert ccr(*row(0.8, 0.7, 0.5, 0.2), beta=beta).values.tolist() == close(wanted)


def test_e6_gradients_of_ccr():
    scores, positive = row(0.8, 0.7, 0.5, 0.2)
    assert ccr(scores, positive, beta=0.5).gradient[0, 1:].tolist() == close(0.266626, 0.240953, 0.210900)
    assert ccr(scores, positive, beta=1.0).gradient[0, 1:].tolist() == close(0.25, 0.25, 0.25)


def test_defaults_are_those_of_section_2_and_the_cards():
    """METHODS section 2; A3, B1, C4 and E5 (whose gamma is not a published value) for the rest."""
    wanted = {
        "infonce": {"scale": 20.0},
        "multi_label_hinge": {"margin": 1.0},
        "pairwise_nll": {"scale": 1.0},
        "lambdarank_mrr": {"metric_cut": 200},
        "negative_cache": {"scale": 20.0, "top_k": 64},
        "listnet": {"temperature": 1.0},
        "query_and_passage": {"alpha": 0.1, "scale": 1.0},
        "margin_mse": {},
        "lambda_mrr": {"metric_cut": 1000},
        "gist": {"margin": 0.0, "mode": "absolute", "scale": 100.0},
        "qwen3_mask": {"margin": 0.1, "scale": 20.0},
        "hardness_weight": {"scale": 20.0, "alpha": 5.0, "on": "hard"},
        "focal": {"gamma": 0.5, "scale": 20.0},
        "ccr": {"beta": 0.5, "scale": 1.0},
    }
    assert {entry.name: {knob.name: knob.default for knob in entry.knobs} for entry in LOSSES} == wanted
