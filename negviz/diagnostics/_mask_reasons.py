"""Why masks, the sieve, weights and the audit of positives refuse a candidate, in words."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from negviz.derived import mean_with_positive
from negviz.positive_noise import positive_noise
from negviz.selection import NOT_REFUSED, Selection

Knobs = Mapping[str, Any]


def _guide_mask(selection: Selection, query: int, column: int, knobs: Knobs) -> str:
    pool, guide = selection.pool, str(knobs["guide"])
    value = float(pool.score(guide)[query, column])
    positive = float(pool.anchor(guide, selection.recipe.anchor)[query])
    if not np.isfinite(value) or not np.isfinite(positive):
        return f"The guide '{guide}' did not score it, or no positive of its query."
    margin = float(knobs["margin"])
    limit = positive - (abs(positive) * margin if knobs["mode"] == "relative" else margin)
    return f"The guide '{guide}' gives it {value:.4g}, more than {limit:.4g}: by the guide it answers the query."


def _below_mean(selection: Selection, query: int, column: int, knobs: Knobs) -> str:
    pool, scorer = selection.pool, selection.recipe.scorer
    scores, positive = pool.score(scorer)[query].astype(np.float64), pool.anchor(scorer, selection.recipe.anchor)[query]
    if not np.isfinite(scores[column]) or not np.isfinite(positive):
        return _without_score(selection)
    reasons = selection.reasons[query]
    counted = ((reasons >= reasons[column]) | np.equal(reasons, NOT_REFUSED)) & np.isfinite(scores)
    mean = float(mean_with_positive(scores[None], np.array([positive]), counted[None])[0])
    return f"It scores {scores[column]:.4g}, not below {mean:.4g}, the mean of its query's candidates and positive."


def _clean_positive(selection: Selection, query: int, column: int, knobs: Knobs) -> str:
    pool, recipe = selection.pool, selection.recipe
    given = {name: knobs[name] for name in ("retriever", "scale")}
    found = float(positive_noise(pool, scorer=recipe.scorer, anchor=recipe.anchor, **given).posterior[query])
    if not np.isfinite(found):
        return "Its query's positive could not be judged: it has no score, or no random documents beside it."
    if found > knobs["posterior"]:
        return _without_score(selection)
    return (
        f"Its query's labelled positive looks wrong: clean with a probability of {found:.3g}, not above "
        f"{knobs['posterior']:g}."
    )


def _pushed(selection: Selection, query: int, column: int, knobs: Knobs) -> str:
    return _without_score(selection)


def _without_score(selection: Selection) -> str:
    return f"It, or the positive of its query, has no score by '{selection.recipe.scorer}', which this step needs."


MASK_REASONS: Mapping[str, Callable[[Selection, int, int, Knobs], str]] = {
    "guide_mask": _guide_mask,
    "below_mean": _below_mean,
    "clean_positive": _clean_positive,
    "hardness_weighted": _pushed,
    "focal_weighted": _pushed,
    "ccr_weighted": _pushed,
}
