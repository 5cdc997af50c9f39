"""Why steps that compare no score with a limit refuse a candidate, in words with the numbers that decided."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from negviz.derived import similarity_to_positive
from negviz.reciprocal import evidence
from negviz.selection import Selection

Knobs: TypeAlias = Mapping[str, Any]
Words: TypeAlias = Callable[[Selection, int, int, Knobs], str]


def _teacher_bands(selection: Selection, query: int, column: int, knobs: Knobs) -> str:
    value = float(selection.pool.scores[knobs["teacher"]][query, column])
    if not np.isfinite(value):
        return f"The teacher '{knobs['teacher']}' did not score it, and what it has not seen is not accepted."
    if value > knobs["positive"]:
        limit = knobs["positive"]
        return f"The teacher '{knobs['teacher']}' gives it {value:.3g}, above {limit:g}: likely a false negative."
    return f"The teacher '{knobs['teacher']}' gives it {value:.3g}, not below {knobs['negative']:g}."


def _teacher_order(selection: Selection, query: int, column: int, knobs: Knobs) -> str:
    value = float(selection.pool.scores[knobs["teacher"]][query, column])
    if not np.isfinite(value):
        return f"The teacher '{knobs['teacher']}' did not score it, so it has no place in the list."
    return (
        f"In the order of the teacher '{knobs['teacher']}' (which gives it {value:.3g}) it is among the first, which "
        "are treated as relevant, or beyond the end of the list."
    )


def _passage_centric(selection: Selection, query: int, column: int, knobs: Knobs) -> str:
    pool, recipe = selection.pool, selection.recipe
    value = float(similarity_to_positive(pool, "passage_centric")[query, column])
    limit = float(pool.anchor(recipe.scorer, recipe.anchor)[query]) - float(knobs["margin"])
    if not np.isfinite(value) or not np.isfinite(limit):
        return f"No positive of this query has a score by '{recipe.scorer}', which this step needs."
    return f"It resembles the positive by {value:.4g}, more than the {limit:.4g} that the query may."


def _triangle(selection: Selection, query: int, column: int, knobs: Knobs) -> str:
    pool, scorer = selection.pool, selection.recipe.scorer
    near, far = float(similarity_to_positive(pool, "triangle")[query, column]), float(pool.score(scorer)[query, column])
    if not np.isfinite(near) or not np.isfinite(far):
        return "Its score, or that of the positive, is not known, which this step needs."
    if near <= far:
        return f"It is no nearer to the positive ({near:.4g}) than to the query ({far:.4g})."
    return "It was not drawn into the list of the first step."


def _reciprocal_evidence(selection: Selection, query: int, column: int, knobs: Knobs) -> str:
    value = float(evidence(selection.pool, int(knobs["k"]), "reciprocal_evidence")[query, column])
    return (
        f"It shares its nearest neighbours with the labelled positive: evidence {value:.3g}; from "
        f"{knobs['ceiling']:g} on the {knobs['top']} strongest of a query are taken for relevant."
    )


def _positive_retrieved(selection: Selection, query: int, column: int, knobs: Knobs) -> str:
    return f"No positive of its query is among what was retrieved ({knobs['retriever']})."


REASONS: Mapping[str, Words] = {
    "teacher_bands": _teacher_bands,
    "teacher_order": _teacher_order,
    "passage_centric": _passage_centric,
    "triangle": _triangle,
    "reciprocal_evidence": _reciprocal_evidence,
    "positive_retrieved": _positive_retrieved,
}
