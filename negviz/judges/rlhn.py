"""RLHN: candidates against the labelled positive, listwise."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from negviz.arrays import Bools, Floats
from negviz.judges import JUDGES, Hearing, Question, Ruling, Said
from negviz.judges._lists import (
    DATA,
    MOST_POSITIVES,
    agreed,
    asked_together,
    candidates,
    fill,
    listing,
    material,
    named,
    positions_told,
    positives_of,
    shown,
    shuffled,
    spoken,
    tagged,
    tally,
    turns,
)
from negviz.labels import Verdict
from negviz.llm import Answer, Request
from negviz.pool import Pool

MOST = 25
VALUES = {0: "neither", 1: "worse: relevant, but not preferred to the positive", 2: "better than the positive"}
SYSTEM = (
    "You check training data for a search engine. You get a question, one or more reference passages that a person "
    f"marked as answering it, and a list of other passages. {DATA}"
)
TASK = """\
For each listed passage decide, by itself: does it answer the question?
- better: it answers the question, at least as well as the reference passages do;
- worse: it answers the question or an essential part of it, but less well than the reference passages do;
- neither: it is on the subject at most, and does not answer the question.
Judge the content, not the place in the list or the length. First reason in a few sentences. Then end with exactly these
two lines, naming passages as in the list, or none:
<better>Doc (n), Doc (n)</better>
<worse>Doc (n)</worse>
"""


@JUDGES.register(
    "RLHN: better or worse than the positive",
    reference="Thakur et al. 2025 (RLHN), arXiv:2505.16967; castorini/rlhn",
    scale="verdict",
    prompt=SYSTEM + TASK,
    values=VALUES,
    promote=2,
    most=MOST,
)
def rlhn(*, pool: Pool, cells: Bools, seed: int, both_orders: bool, promote: int) -> Hearing:
    """Show up to 25 candidates of a query beside its labelled positive; ask which answer it better, and which worse.

    The list is shuffled; where both orders are asked, the second is the first reversed, and a candidate on which they
    differ is left without a value. A query without a labelled positive is not asked about. An answer that cannot be
    read finds nothing (value 0), as in the authors' code.

    Args:
        pool: Candidates.
        cells: (queries, depth) which to judge.
        seed: Seed of the shuffling.
        both_orders: Whether each list is asked a second time, reversed.
        promote: From which value a verdict makes a candidate a positive: 2 for ``better`` only, 1 for both.

    Returns:
        The hearing; values are 2 better, 1 worse, 0 neither.

    References:
        METHODS F5.
    """
    questions: list[Question] = []
    for place, documents in candidates(pool, cells):
        order = shuffled(pool, place, documents, seed) if positives_of(pool, place) else ()
        for start in range(0, len(order), MOST):
            questions += turns(place, order[start : start + MOST], "", both_orders=both_orders)
    kept = tuple(questions)
    return Hearing(kept, partial(_request, pool), partial(_read, pool, kept, both_orders, promote))


def _request(pool: Pool, question: Question) -> Request:
    data = pool.dataset
    references = [shown(data.content(row)) for row in positives_of(pool, question.place)[:MOST_POSITIVES]]
    texts = material(question=data.query_text(int(pool.queries[question.place])), reference_passages=references)
    return Request(SYSTEM, f"{texts}\nPassages:\n{listing(data, question.documents)}\n\n{TASK}")


def verdicts_in(text: str, count: int) -> Floats | None:
    """Value of each listed document: 2 better, 1 worse, 0 neither; None where the answer cannot be read.

    Args:
        text: The answer.
        count: Documents in the list.
    """
    parts = [tagged(text, tag) for tag in ("better", "worse")]
    if parts[0] is None or parts[1] is None:
        return None
    better, worse = named(parts[0], count), named(parts[1], count)
    if better is None or worse is None:
        return None
    values = np.zeros(count)
    values[[number - 1 for number in better]] = 2
    # What is named in both lists counts as the lesser claim.
    values[[number - 1 for number in worse]] = 1
    return values


def _read(
    pool: Pool, questions: Sequence[Question], both_orders: bool, promote: int, answers: Sequence[Answer]
) -> Ruling:
    layer = np.full(pool.documents.shape, np.nan, dtype=np.float32)
    counts = tally(answers)
    said: list[Said] = []
    for first, group in asked_together(questions, answers):
        statements: list[Floats | None] = []
        read = 0
        for question, answer in group:
            if not spoken(answer):
                statements.append(None)
                continue
            values = verdicts_in(answer.text, len(question.documents))
            counts["unparsable"] += values is None
            read += values is not None
            values = np.zeros(len(question.documents)) if values is None else values
            statements.append(values[::-1] if question.turn else values)
        values, differ = agreed(statements)
        if values is None or differ is None:
            continue
        counts["disagreeing"] += int(differ.sum())
        fill(pool, layer, first.place, first.documents, values)
        if read == len(group):
            known = zip(first.documents, values, strict=True)
            said += [_said(first.place, row, int(value), promote, group) for row, value in known if np.isfinite(value)]
    return Ruling(layer, tuple(said), counts)


def _said(place: int, document: int, value: int, promote: int, group: Sequence[tuple[Question, Answer]]) -> Said:
    verdict = Verdict.FALSE_NEGATIVE if value >= promote else Verdict.DROP if value else Verdict.TRUE_NEGATIVE
    name = VALUES[value].partition(":")[0]
    return Said(place, document, verdict, None, f"rlhn: {name}; shown as {positions_told(group, document)}")
