"""Push shapes: how losses and sampling rules share their push among the same candidates of one query.

Every method is a reshaping of one curve, gradient on a negative against its score; brought to the same sum they can be
laid over each other. A preview on the scores at hand: nothing is trained.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from negviz.arrays import Bools, Floats, Ints
from negviz.bells import weight_at
from negviz.derived import disputed
from negviz.diagnostics.effective_number import effective_number
from negviz.errors import MissingInputError
from negviz.losses import Loss
from negviz.losses.ccr import ccr
from negviz.losses.hardness_weight import hardness_weight
from negviz.losses.infonce import infonce
from negviz.losses.lambdarank_mrr import lambdarank_mrr
from negviz.losses.multi_label_hinge import multi_label_hinge
from negviz.losses.qwen3_mask import qwen3_mask
from negviz.pushes import focal_factor
from negviz.selection import NOT_REFUSED, Selection

COSINE = "cosine"
SCALES = {COSINE: 20.0}
OWN = "This recipe"
HALF_WIDTH = 0.1
DOT_SHARPNESS = 0.5
GAMMA = 0.5


@dataclass(frozen=True, eq=False)
class Shape:
    """How one method shares its push.

    Attributes:
        name: What it is called, with its values.
        shares: (candidates,) summing to 1; all 0 where it presses on none.
        effective: Among how many equally pressed candidates that amounts to: exp(entropy).
        in_zone: Share that falls on the disputed zone.
    """

    name: str
    shares: Floats
    effective: float
    in_zone: float


@dataclass(frozen=True, eq=False)
class PushShapes:
    """Candidates of one query with the shapes of all methods.

    Attributes:
        columns: (candidates,) columns of the pool, from the lowest score to the highest.
        scores: (candidates,).
        positive: Score of the positive.
        disputed: (candidates,), True in the disputed zone; nowhere on a scale that is not cosine.
        shapes: The recipe's own first.
        scale: What the softmax losses multiply scores by here.
        chance: Probability of the positive under InfoNCE.
        focal: Focal weight of the query, for gamma 0.5.
    """

    columns: Ints
    scores: Floats
    positive: float
    disputed: Bools
    shapes: tuple[Shape, ...]
    scale: float
    chance: float
    focal: float


def push_shapes(selection: Selection, query: int) -> PushShapes:
    """Work out the shapes over what the recipe left of a query's candidates.

    Args:
        selection: Outcome of a recipe.
        query: Row of its pool.

    Raises:
        MissingInputError: If the query has no scored positive, or nothing was left.

    References:
        METHODS section 12, plot 5.
    """
    pool, recipe = selection.pool, selection.recipe
    positive = float(pool.anchor(recipe.scorer, recipe.anchor)[query])
    layer = pool.score(recipe.scorer)[query].astype(np.float64)
    left = np.flatnonzero(np.equal(selection.reasons[query], NOT_REFUSED) & np.isfinite(layer))
    if not len(left) or not math.isfinite(positive):
        raise MissingInputError(
            "The weight curve needs a labelled positive with a score and candidates that no step refused, which this "
            "query does not have; choose another query, or loosen the recipe's steps."
        )
    columns = left[np.argsort(layer[left], kind="stable")].astype(np.int32)
    scores = layer[columns]
    cosine = pool.scales.get(recipe.scorer) == COSINE
    scale = SCALES.get(pool.scales.get(recipe.scorer, ""), 1.0)
    inside = _zone(selection, query, columns) if cosine else np.zeros(len(columns), dtype=bool)
    row, own = np.concatenate([[positive], scores])[None], np.arange(1 + len(scores))[None] == 0
    pushes = {OWN: selection.weights[query, columns]}
    pushes |= {name: np.maximum(lose(row, own).gradient[0, 1:], 0.0) for name, lose in _losses(scale, cosine).items()}
    width, words = (HALF_WIDTH, f"half weight at {HALF_WIDTH}") if cosine else (0.0, f"a {DOT_SHARPNESS}")
    pushes[f"SimANS, {words}"] = weight_at({"a": DOT_SHARPNESS, "b": 0.0, "width": width}, scores - positive)
    log_own = -infonce(row, own, scale=scale).values
    return PushShapes(
        columns, scores, positive, inside,
        tuple(_shape(name, push, inside) for name, push in pushes.items()),
        scale, float(np.exp(log_own[0])), float(focal_factor(log_own, GAMMA)[0]),
    )  # fmt: skip


def _losses(scale: float, cosine: bool) -> Mapping[str, Callable[[Floats, Bools], Loss]]:
    known: dict[str, Callable[[Floats, Bools], Loss]] = {
        f"InfoNCE, scale {scale:g}": lambda scores, own: infonce(scores, own, scale=scale),
        "Hardness, alpha 5": lambda scores, own: hardness_weight(scores, own, hard=~own, scale=scale, alpha=5.0),
        "Hardness, alpha 9": lambda scores, own: hardness_weight(scores, own, hard=~own, scale=scale, alpha=9.0),
        "CCR, beta 0.5": lambda scores, own: ccr(scores, own, scale=scale, beta=0.5),
        "CCR, beta 1": lambda scores, own: ccr(scores, own, scale=scale, beta=1.0),
        "LambdaRank, 1/rank": lambdarank_mrr,
        "Hinge, margin 1": multi_label_hinge,
    }
    if cosine:
        known["InfoNCE, masked above + 0.1"] = lambda scores, own: qwen3_mask(scores, own, scale=scale)
    return known


def _zone(selection: Selection, query: int, columns: Ints) -> Bools:
    pool, recipe = selection.pool, selection.recipe
    return np.asarray(disputed(pool, recipe.scorer, pool.anchor(recipe.scorer, recipe.anchor))[query, columns])


def _shape(name: str, push: Floats, inside: Bools) -> Shape:
    total = float(push.sum())
    shares = push / total if total > 0 else np.zeros_like(push)
    return Shape(name, shares, float(effective_number(push[None])[0]), float(shares[inside].sum()))
