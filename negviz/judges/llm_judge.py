"""Graded judge: one query and one document at a time."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from negviz.arrays import Bools, Floats
from negviz.dataset import Dataset
from negviz.judges import JUDGES, Hearing, Question, Ruling, Said
from negviz.judges._lists import DATA, agreed, asked_together, candidates, fill, json_in, material, shown, spoken, tally
from negviz.labels import Verdict
from negviz.llm import Answer, Request
from negviz.pool import Pool

MOST = 25
VALUES = {
    0: "nothing to do with the question",
    1: "on the subject, but no answer",
    2: "part of an answer, or one among other things",
    3: "answers it fully",
}
SYSTEM = f"You grade how well a passage answers a question. {DATA}"
TASK = """\
Grade the passage:
3 - it is about the question and answers it fully;
2 - it holds an answer, but a partial one, or hidden among other things;
1 - it is on the subject of the question, but does not answer it;
0 - it has nothing to do with the question.
Say in one sentence why, then the grade. Reply with one line of JSON and nothing else:
{"why": "...", "grade": n}
"""


@JUDGES.register(
    "Grades from 0 to 3",
    reference="METHODS F7; the scale is that of the TREC deep learning tracks",
    scale="grade",
    prompt=SYSTEM + TASK,
    values=VALUES,
    promote=2,
    most=MOST,
)
def llm_judge(*, pool: Pool, cells: Bools, seed: int, both_orders: bool, promote: int) -> Hearing:
    """Grade every candidate by itself from 0 (nothing to do with it) to 3 (answers it fully).

    Where both orders are asked, the model sees the question first and then the passage first; a candidate whose two
    grades differ is left without one and counted. Only where both are asked and equal does a verdict come out.

    Args:
        pool: Candidates.
        cells: (queries, depth) which to judge.
        seed: Not used: one passage has no order.
        both_orders: Whether each pair is asked a second time, the passage first.
        promote: From which grade a verdict makes a candidate a positive.

    Returns:
        The hearing; values are grades.

    References:
        METHODS F7.
    """
    kept = tuple(
        Question(place, (row,), "", turn)
        for place, documents in candidates(pool, cells)
        for row in documents
        for turn in range(2 if both_orders else 1)
    )
    return Hearing(kept, partial(_request, pool), partial(_read, pool, kept, promote))


def _request(pool: Pool, question: Question) -> Request:
    return grade_request(pool.dataset, int(pool.queries[question.place]), question.documents[0], question.turn)


def grade_request(dataset: Dataset, query: int, document: int, turn: int) -> Request:
    """The request that grades a pair.

    Args:
        dataset: Texts.
        query: Row of the query.
        document: Row of the document.
        turn: 0 for the question first, 1 for the passage first.
    """
    parts = [("question", dataset.query_text(query)), ("passage", shown(dataset.content(document)))]
    return Request(SYSTEM, f"{material(**dict(reversed(parts) if turn else parts))}\n\n{TASK}")


def grade_in(text: str) -> int | None:
    """The grade of an answer, None where there is none."""
    grade = (json_in(text) or {}).get("grade")
    if isinstance(grade, str) and grade.strip().isdecimal():
        grade = int(grade)
    if isinstance(grade, bool) or not isinstance(grade, int | float) or grade not in VALUES:
        return None
    return int(grade)


def graded(answers: Sequence[Answer]) -> tuple[float, bool, int]:
    """What the answers about one pair come to: the grade (NaN where unknown), whether they differ, how many spoke."""
    statements: list[Floats | None] = []
    for answer in answers:
        grade = grade_in(answer.text) if spoken(answer) else None
        statements.append(None if grade is None else np.array([float(grade)]))
    values, differ = agreed(statements)
    read = sum(statement is not None for statement in statements)
    if values is None or differ is None:
        return float("nan"), False, read
    return float(values[0]), bool(differ[0]), read


def _read(pool: Pool, questions: Sequence[Question], promote: int, answers: Sequence[Answer]) -> Ruling:
    layer = np.full(pool.documents.shape, np.nan, dtype=np.float32)
    counts = tally(answers)
    said: list[Said] = []
    for first, group in asked_together(questions, answers):
        grade, differ, read = graded([answer for _, answer in group])
        counts["unparsable"] += sum(spoken(answer) for _, answer in group) - read
        counts["disagreeing"] += differ
        fill(pool, layer, first.place, first.documents, np.array([grade]))
        if read == len(group) == 2 and not differ:
            verdict = Verdict.FALSE_NEGATIVE if grade >= promote else Verdict.TRUE_NEGATIVE
            said.append(Said(first.place, first.documents[0], verdict, int(grade), _note(grade, group)))
    return Ruling(layer, tuple(said), counts)


def _note(grade: float, group: Sequence[tuple[Question, Answer]]) -> str:
    whys: list[Any] = [(json_in(answer.text) or {}).get("why") for _, answer in group]
    told = " / ".join(why for why in whys if isinstance(why, str))
    return f"llm_judge: grade {grade:g}, question first and passage first; {told[:500]}"
