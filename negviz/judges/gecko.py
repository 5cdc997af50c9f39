"""Gecko: the head of the dense list in a model's order."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from negviz.arrays import Bools
from negviz.judges import JUDGES, Hearing, Question, Ruling, Said
from negviz.judges._lists import (
    DATA,
    asked_together,
    candidates,
    listing,
    material,
    positives_of,
    ranking_in,
    shuffled,
    spoken,
    tally,
    turns,
)
from negviz.labels import Verdict
from negviz.llm import Answer, Request
from negviz.pool import Pool

MOST = 20
RRF = 60
LIKELIHOOD, RELEVANCE = "query likelihood", "relevance classification"
SYSTEM = f"You order passages for a search engine. {DATA}"
LAST = "Name every passage once, on one line:\n<ranking>Doc (n) > Doc (n) > Doc (n)</ranking>\n"
TASKS = {
    LIKELIHOOD: (
        "Imagine that somebody read one of the passages and then wrote the question that it answers. Put the passages "
        f"in order by how likely it is that exactly this question came of it, the likeliest first. {LAST}"
    ),
    RELEVANCE: (
        "Sort each passage into one of three classes: relevant (it answers the question), partly relevant, not "
        "relevant. Put the passages in order by how sure you are of their relevance: the surely relevant first, the "
        f"surely irrelevant last. {LAST}"
    ),
}


@JUDGES.register(
    "Gecko: the head of the list in a model's order",
    reference="Lee et al. 2024 (Gecko), arXiv:2403.20327, section 3.2",
    scale="rrf",
    prompt=SYSTEM + "".join(TASKS.values()),
    values={},
    promote=2,
    most=MOST,
    whole_list=True,
)
def gecko(*, pool: Pool, cells: Bools, seed: int, both_orders: bool, promote: int) -> Hearing:
    """Order the 20 nearest candidates twice, by query likelihood and by relevance, and fuse the two rankings.

    A chat answer has no log-likelihoods, which the paper ranks by, so the model is asked for the orders themselves.
    A first place that is no labelled positive is the paper's new positive; it becomes a label where every order that
    was asked could be read, and the orders of neither prompt differ about their first place.

    Args:
        pool: Candidates.
        cells: (queries, depth) the head of the list, labelled positives among it.
        seed: Seed of the shuffling.
        both_orders: Whether each list is asked a second time, reversed; all rankings are fused then.
        promote: Not used: only the first place is promoted.

    Returns:
        The hearing; values are fused by reciprocal rank, 60 being added to each rank (from 1), and averaged over
        orders, so that two prompts in one order give the published sum.

    References:
        METHODS F1.
    """
    kept = tuple(
        question
        for place, documents in candidates(pool, cells)
        for kind in (LIKELIHOOD, RELEVANCE)
        for question in turns(place, shuffled(pool, place, documents, seed), kind, both_orders=both_orders)
    )
    return Hearing(kept, partial(_request, pool), partial(_read, pool, kept))


def _request(pool: Pool, question: Question) -> Request:
    data = pool.dataset
    asked = material(question=data.query_text(int(pool.queries[question.place])))
    return Request(SYSTEM, f"{asked}\nPassages:\n{listing(data, question.documents)}\n\n{TASKS[question.kind]}")


def fused(rankings: Mapping[str, Sequence[Sequence[int]]]) -> dict[int, float]:
    """Reciprocal rank fusion: the sum over prompts of 1 / (60 + rank), averaged over the orders of a prompt.

    Args:
        rankings: For each prompt its rankings, documents from first to last.
    """
    scores: dict[int, float] = {}
    for orders in rankings.values():
        for order in orders:
            for rank, document in enumerate(order, start=1):
                scores[document] = scores.get(document, 0.0) + 1.0 / (RRF + rank) / len(orders)
    return scores


def _read(pool: Pool, questions: Sequence[Question], answers: Sequence[Answer]) -> Ruling:
    layer = np.full(pool.documents.shape, np.nan, dtype=np.float32)
    counts = tally(answers)
    rankings: dict[int, dict[str, list[list[int]]]] = {}
    short: set[int] = set()
    for first, group in asked_together(questions, answers):
        for question, answer in group:
            ranking = ranking_in(answer.text, len(question.documents)) if spoken(answer) else None
            counts["unparsable"] += spoken(answer) and ranking is None
            if ranking is None:
                short.add(first.place)
            else:
                order = [question.documents[number - 1] for number in ranking]
                rankings.setdefault(first.place, {}).setdefault(first.kind, []).append(order)
    said: list[Said] = []
    for place, kinds in rankings.items():
        if len(kinds) < len(TASKS):
            continue
        torn = any(len({order[0] for order in orders}) > 1 for orders in kinds.values())
        counts["disagreeing"] += torn
        scores = fused(kinds)
        for column in np.flatnonzero(pool.present[place]):
            layer[place, column] = scores.get(int(pool.documents[place, column]), np.nan)
        best = min(scores, key=lambda row: (-scores[row], row))
        if best not in positives_of(pool, place) and not torn and place not in short:
            note = "gecko: first place, ahead of the labelled positive"
            said.append(Said(place, best, Verdict.FALSE_NEGATIVE, None, note))
    return Ruling(layer, tuple(said), counts)
