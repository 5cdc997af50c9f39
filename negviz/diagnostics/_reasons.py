"""Why steps that compare no score with a limit refuse a candidate, in words with the numbers that decided."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from negviz.checkpoints import two_checkpoints
from negviz.derived import similarity_to_positive
from negviz.diagnostics._mask_reasons import MASK_REASONS
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


def _score_decay(selection: Selection, query: int, column: int, knobs: Knobs) -> str:
    pool = selection.pool
    older, newer = two_checkpoints(pool, "score_decay", knobs["older"], knobs["newer"])
    then, now = (float(pool.scores[name][query, column]) for name in (older, newer))
    if not np.isfinite(then) or not np.isfinite(now):
        return f"It has no score by '{older}' or by '{newer}', which this step compares."
    return f"It is no longer hard: it scored {then:.4g} by '{older}' and scores {now:.4g} by '{newer}'."


def _ranking_consistency(selection: Selection, query: int, column: int, knobs: Knobs) -> str:
    best = float(selection.pool.anchor(selection.recipe.scorer, "max")[query])
    if not np.isfinite(best):
        return f"No positive of this query has a score by '{selection.recipe.scorer}', which this step needs."
    return f"Its query's best positive scores {best:.4g}, below the candidate at rank {knobs['filter_topk']}."


def _chunked_refresh(selection: Selection, query: int, column: int, knobs: Knobs) -> str:
    return f"It is not its query's turn: generation {knobs['generation']} covers another slice of the queries."


def _lambda_weight(selection: Selection, query: int, column: int, knobs: Knobs) -> str:
    if int(selection.pool.rank(selection.recipe.scorer)[query, column]) >= knobs["length"]:
        return f"It stands below the {knobs['length']} that the encoder retrieves, so it would get no gradient."
    return "It would get no gradient: changing places with a positive would not change the reciprocal rank."


def _measured_irrelevance(selection: Selection, query: int, column: int, knobs: Knobs) -> str:
    return f"It has no score by '{selection.recipe.scorer}', so no rank whose irrelevance could be measured."


def _balanced_margins(selection: Selection, query: int, column: int, knobs: Knobs) -> str:
    value = float(selection.pool.scores[knobs["teacher"]][query, column])
    if not np.isfinite(value):
        return f"The teacher '{knobs['teacher']}' did not score it, so it has no margin to the positive."
    fewest = knobs["fewest"]
    return f"Its query has fewer than {fewest} candidates with a margin, or no positive that the teacher scored."


def _softmax_weight(selection: Selection, query: int, column: int, knobs: Knobs) -> str:
    return f"It has no score by '{selection.recipe.scorer}', so it has no share of the softmax."


def _llm_verdict(selection: Selection, query: int, column: int, knobs: Knobs) -> str:
    value = float(selection.pool.scores[knobs["layer"]][query, column])
    if not np.isfinite(value):
        return f"The language model gave no verdict ('{knobs['layer']}'): it was not asked, or its answers disagree."
    if value >= knobs["level"]:
        return f"The language model found it relevant: '{knobs['layer']}' is {value:g}, refused from {knobs['level']}."
    most = 0 if knobs["drop_query"] else knobs["max_false"]
    return f"Its query is dropped: the language model found more than {most} of its candidates relevant."


def _llm_order(selection: Selection, query: int, column: int, knobs: Knobs) -> str:
    return "It is not where this method takes its negative from in the language model's order, or was not in it."


def _synthetic_mix(selection: Selection, query: int, column: int, knobs: Knobs) -> str:
    written = selection.pool.ranks[knobs["retriever"]][query, column] >= 0
    kind = "synthetic" if written else "mined"
    return f"Its query has enough {kind} candidates of higher score for a share of {knobs['share']:.0%} synthetic ones."


def _reuse_cap(selection: Selection, query: int, column: int, knobs: Knobs) -> str:
    kept = "that it is nearest to" if knobs["keeps"] == "nearest" else "that chance gave it to"
    return f"Its document serves {knobs['cap']} other queries already, {kept}."


REASONS: Mapping[str, Words] = {
    **MASK_REASONS,
    "reuse_cap": _reuse_cap,
    "balanced_margins": _balanced_margins,
    "softmax_weight": _softmax_weight,
    "llm_verdict": _llm_verdict,
    "llm_order": _llm_order,
    "synthetic_mix": _synthetic_mix,
    "measured_irrelevance": _measured_irrelevance,
    "score_decay": _score_decay,
    "ranking_consistency": _ranking_consistency,
    "chunked_refresh": _chunked_refresh,
    "lambda_weight": _lambda_weight,
    "teacher_bands": _teacher_bands,
    "teacher_order": _teacher_order,
    "passage_centric": _passage_centric,
    "triangle": _triangle,
    "reciprocal_evidence": _reciprocal_evidence,
    "positive_retrieved": _positive_retrieved,
}
