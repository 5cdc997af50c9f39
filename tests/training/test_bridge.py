import numpy as np
import pytest
import torch

from negviz.embeddings import Embeddings
from negviz.errors import MissingInputError, RecipeError, UnknownNameError
from negviz.losses import LOSSES
from negviz.recipe import Step
from negviz.training.bridge import loss_function, trained_loss
from negviz.training.lessons import Lessons, Listed, PairScores
from tests.pools import make_pool
from tests.training.worlds import world, world_dataset

NAMES = LOSSES.names()
DATA = world_dataset(queries=16, documents=60)
STEP = 1e-6


def lessons(loss, pairs=((0, 0),), negatives=None, *, guide=None, teacher=None, lists=None, **settings):
    """Lessons of some pairs, each query's negatives as given."""
    table = np.array(pairs, dtype=np.int32)
    answers = {query: table[table[:, 0] == query, 1] for query in set(table[:, 0].tolist())}
    given = {query: np.array(each, dtype=np.int32) for query, each in (negatives or {}).items()}
    return Lessons(
        DATA, table, answers, given, {}, loss if isinstance(loss, Step) else Step(loss, settings.pop("knobs", {})),
        guide=guide, teacher=teacher, lists=lists or {}, count=10, **settings,
    )  # fmt: skip


def only(made):
    (found,) = made.batches(0, len(made))
    return found


def tensor(values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def everything(seed, *, in_batch):
    """Lessons of six pairs of five queries with all that a loss may ask for; the teacher does not know every pair."""
    random = np.random.default_rng(seed)
    pairs = [(query, query) for query in range(5)] + [(4, 9)]
    negatives = {query: random.choice(np.arange(10, 40), 4, replace=False).tolist() for query in range(5)}
    lists = {
        query: Listed(np.sort(np.array([query, *own], dtype=np.int32)), random.permutation([1, 0.5, -0.25, -0.5, 0]))
        for query, own in negatives.items()
    }
    known = np.tile(np.arange(40), (5, 1))
    teacher = make_pool(random.normal(0, 3, known.shape), random.normal(3, 1, (5, 1)), documents=known)
    return {
        "pairs": pairs, "negatives": negatives, "lists": lists, "in_batch": in_batch,
        "guide": world(DATA).embeddings, "teacher": PairScores(teacher, "dense"),
    }  # fmt: skip


def by_differences(function, scores, entry, batch, made):
    """Derivative of the mean loss, where what a loss holds constant stays where it is."""
    layers = {"hard": batch.hard, "held": np.where(batch.present, scores, np.nan), **made.layers(batch)}
    given = {name: layers[name] for name in entry.wants - {"scores", "positive"}}

    def lose(moved):
        return np.nanmean(entry.function(np.where(batch.present, moved, np.nan), batch.positive, **given).values)

    slope = np.zeros_like(scores)
    for place in np.ndindex(*scores.shape):
        ends = []
        for step in (STEP, -STEP):
            moved = scores.copy()
            moved[place] += step
            ends.append(lose(moved))
        slope[place] = (ends[0] - ends[1]) / (2 * STEP)
    return slope


@pytest.mark.parametrize("in_batch", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_that_torch_sees_is_that_of_the_loss(name, in_batch):
    given = everything(3, in_batch=in_batch)
    if name != "lambda_mrr":
        given["lists"] = {}
    made = lessons(name, **given)
    batch = only(made)
    values = np.random.default_rng(4).uniform(-0.2, 0.9, batch.present.shape)
    scores = tensor(values)
    loss = trained_loss(scores, batch, made)
    (3 * loss).backward()
    wanted = by_differences(loss_function(batch, made), values, LOSSES.get(name), batch, made)
    assert loss.ndim == 0
    assert np.abs(wanted).max() > 1e-4
    assert np.abs(scores.grad.numpy() / 3 - wanted).max() < 1e-7
    assert not scores.grad.numpy()[~batch.present].any()


@pytest.mark.parametrize("name", [entry.name for entry in LOSSES if "held" not in entry.wants])
def test_gradcheck(name):
    """PyTorch's own check, through vectors as a student has them; losses that hold something constant fail it."""
    made = lessons(name, **{**everything(5, in_batch=True), "lists": {}})
    batch = only(made)
    random = np.random.default_rng(6)
    queries, documents = (tensor(random.normal(0, 0.4, (size, 6))) for size in batch.present.shape)
    assert torch.autograd.gradcheck(lambda one, other: trained_loss(one @ other.T, batch, made), (queries, documents))


def test_the_loss_is_the_mean_over_the_lines_that_have_one():
    """The teacher orders nothing of query 1, so it has no pair of unequal grades."""
    lists = {0: Listed(np.array([0, 20], dtype=np.int32), np.array([1.0, -0.5]))}
    lists[1] = Listed(np.array([1], dtype=np.int32), np.array([1.0]))
    made = lessons("lambda_mrr", [(0, 0), (1, 1)], lists=lists, in_batch=False)
    batch = only(made)
    scores = tensor(np.where(batch.documents == 20, 0.5, 0.25) + np.zeros(batch.present.shape))
    loss = trained_loss(scores, batch, made)
    loss.backward()
    assert loss.item() == pytest.approx(np.log1p(np.exp(0.25)) / 2)
    assert not scores.grad[batch.queries == 1].any()


def test_a_batch_without_any_loss_is_zero_and_pushes_nothing():
    made = lessons("lambda_mrr", lists={0: Listed(np.array([0], dtype=np.int32), np.array([1.0]))})
    scores = tensor([[0.5]])
    loss = trained_loss(scores, only(made), made)
    loss.backward()
    assert loss.item() == 0
    assert scores.grad.tolist() == [[0]]


def test_single_precision_and_strided_scores_pass_through():
    made = lessons("infonce", [(0, 0), (1, 1)], {0: [20]})
    batch = only(made)
    wide = torch.rand(batch.present.shape[::-1], requires_grad=True)
    loss = trained_loss(wide.T, batch, made)
    loss.backward()
    assert loss.dtype == wide.dtype == wide.grad.dtype == torch.float32
    assert wide.grad.abs().sum() > 0


# What METHODS works out by hand, through the bridge: document 0 is the positive, the others mined negatives.


def line(loss, scores, knobs, *, guide=None):
    made = lessons(loss, negatives={0: range(1, len(scores))}, knobs=knobs, guide=guide, in_batch=False)
    given = tensor([scores])
    found = trained_loss(given, only(made), made)
    found.backward()
    return found.item(), given.grad[0].tolist()


def close(*numbers):
    return pytest.approx(list(numbers), abs=1e-6)


def test_a1_infonce():
    made = lessons("infonce", [(0, 0), (1, 1)])
    batch = only(made)
    scores = np.array([[0.8, 0.3], [0.2, 0.7]])[batch.queries]
    # Row 0 has p+ = .9999546, row 1 the same margin.
    assert trained_loss(tensor(scores), batch, made).item() == pytest.approx(-np.log(0.9999546), abs=1e-7)


@pytest.mark.parametrize(
    ("beta", "loss", "pushes"),
    [(0.0, 1.161420, None), (0.5, 0.455710, (0.266626, 0.240953, 0.210900)), (1.0, -0.25, (0.25, 0.25, 0.25))],
)
def test_e6_ccr(beta, loss, pushes):
    value, gradient = line("ccr", [0.8, 0.7, 0.5, 0.2], {"beta": beta, "scale": 1.0})
    assert value == pytest.approx(loss, abs=1e-6)
    assert sum(gradient) == pytest.approx(0, abs=1e-12)
    if pushes:
        assert gradient[1:] == close(*pushes)


@pytest.mark.parametrize(
    ("alpha", "shares"),
    [(0, (0.880762, 0.119198, 0.000040)), (5, (0.182419, 0.817544, 0.000037)), (9, (0.013387, 0.986604, 0.000009))],
)
def test_e4_hardness_weight(alpha, shares):
    value, gradient = line("hardness_weight", [0.8, 0.7, 0.3], {"scale": 20.0, "alpha": float(alpha), "on": "hard"})
    assert np.exp(-value) == pytest.approx(shares[0], abs=1e-6)
    assert [push / 20 for push in gradient[1:]] == close(*shares[1:])


def test_e4_only_the_lines_own_mined_negatives_are_hard():
    made = lessons("hardness_weight", [(0, 0), (1, 1)], {0: [20]}, knobs={"alpha": 5.0})
    batch = only(made)
    assert batch.documents[batch.hard.any(axis=0)].tolist() == [20]
    scores = np.full(batch.present.shape, 0.5)
    row = int(np.flatnonzero(batch.queries == 1)[0])
    lost = loss_function(batch, made)(scores).values
    # Of three equal logits the mined one gets 5 x .5 more in its own line alone.
    assert lost[row] == pytest.approx(np.log(3))
    assert lost[1 - row] == pytest.approx(np.log(2 + np.exp(2.5)))


@pytest.mark.parametrize(("gamma", "values"), [(0, (0.105361, 1.203973)), (0.5, (0.033318, 1.007316)),
                                               (2, (0.001054, 0.589947))])  # fmt: skip
def test_e5_focal(gamma, values):
    for share, wanted in zip((0.9, 0.3), values, strict=True):
        score = np.log(share / (1 - share))
        value, gradient = line("focal", [score, 0.0], {"gamma": float(gamma), "scale": 1.0})
        assert value == pytest.approx(wanted, abs=1e-6)
        # The weight is held constant: (1 - p)^gamma x (1 - p).
        assert gradient[1] == pytest.approx((1 - share) ** gamma * (1 - share), abs=1e-9)


@pytest.mark.parametrize(
    ("mode", "margin", "masked"), [("absolute", 0.0, [1]), ("absolute", 0.05, [1, 2, 3]), ("relative", 0.05, [1, 2, 3])]
)
def test_e1_gist(mode, margin, masked):
    # In float32 every vector of the guide is exact but for .8 itself, of which there are two.
    queries = np.zeros((16, 4), dtype=np.float32)
    queries[0] = 0.8, 0.81, 0.8, 0.79
    documents = np.zeros((60, 4), dtype=np.float32)
    documents[:4] = np.eye(4)
    guide = Embeddings(queries, documents, "cosine", "guide", "0" * 32)
    _, gradient = line("gist", [0.5, 0.4, 0.3, 0.2], {"mode": mode, "margin": margin, "scale": 1.0}, guide=guide)
    assert [place for place in (1, 2, 3) if gradient[place] == 0] == masked


def test_e2_qwen3_mask():
    """p* = .6: .71 is masked, .70 is equal to the limit and stays."""
    _, gradient = line("qwen3_mask", [0.6, 0.71, 0.7, 0.1], {"margin": 0.1, "scale": 1.0})
    assert gradient[1] == 0
    assert gradient[2] > gradient[3] > 0


def test_b1_pairwise_nll():
    value, _ = line("pairwise_nll", [2.0, 1.0], {"scale": 1.0})
    assert value == pytest.approx(0.31326, abs=5e-6)


def test_b4_adore():
    made = lessons("lambdarank_mrr", [(0, 2)], {0: [0, 1, 3]}, in_batch=False)
    value = trained_loss(tensor([[5.0, 4.0, 3.0, 1.0]]), only(made), made)
    assert value.item() == pytest.approx(0.549135, abs=1e-6)


def test_c4_cl_drd():
    lists = {0: Listed(np.array([0, 1, 2], dtype=np.int32), np.array([1, 0.5, -0.25]))}
    made = lessons("lambda_mrr", lists=lists, in_batch=False)
    assert trained_loss(tensor([[1.0, 2.0, 0.5]]), only(made), made).item() == pytest.approx(0.289973, abs=1e-6)


def test_c3_margin_mse():
    teacher = PairScores(make_pool([[4.0]], [[8.0]]), "dense")
    made = lessons("margin_mse", negatives={0: [1]}, teacher=teacher, in_batch=False)
    assert trained_loss(tensor([[5.0, 3.0]]), only(made), made).item() == pytest.approx(4.0)


def test_c2_pair():
    """s(q, .) = 2, 1 and s(p+, p-) = 1.5: .329343 with alpha .1."""
    documents = np.zeros((60, 2), dtype=np.float32)
    documents[0], documents[1] = (1, 0), (1.5, 0)
    guide = Embeddings(np.zeros((16, 2), np.float32), documents, "dot", "guide", "0" * 32)
    value, _ = line("query_and_passage", [2.0, 1.0], {"alpha": 0.1, "scale": 1.0}, guide=guide)
    assert value == pytest.approx(0.329343, abs=1e-6)


MISSING = {
    "gist": "--retriever dense",
    "query_and_passage": "--retriever dense",
    "margin_mse": "--scorer cross_encoder",
    "lambda_mrr": "cl_drd",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_that_lacks_an_input_says_how_to_get_it(name):
    made = lessons(name, negatives={0: [1]})
    batch, scores = only(made), tensor([[0.5, 0.4]])
    if name not in MISSING:
        assert LOSSES.get(name).wants <= {"scores", "positive", "held", "hard"}
        assert np.isfinite(trained_loss(scores, batch, made).item())
        return
    with pytest.raises(MissingInputError) as error:
        trained_loss(scores, batch, made)
    assert MISSING[name] in str(error.value)
    assert f"'{name}'" in str(error.value)
    assert "\n" not in str(error.value)


def test_unknown_losses_and_knobs_are_refused():
    for loss, kind in [(Step("nope"), UnknownNameError), (Step("infonce", {"tau": 1}), RecipeError)]:
        made = lessons(loss, negatives={0: [1]})
        with pytest.raises(kind):
            trained_loss(tensor([[0.5, 0.4]]), only(made), made)
