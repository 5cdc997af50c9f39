"""ARHN: an answer snippet of every candidate, then a ranking by how directly each answers."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from negviz.arrays import Bools
from negviz.judges import JUDGES, Hearing, Question, Ruling, Said
from negviz.judges._lists import (
    DATA,
    asked_together,
    candidates,
    fill,
    json_in,
    listing,
    material,
    positions_told,
    positives_of,
    ranking_in,
    shown,
    shuffled,
    spoken,
    tally,
    turns,
)
from negviz.labels import Verdict
from negviz.llm import Answer, Request
from negviz.pool import Pool

MOST = 25
NO_ANSWER = "NO_ANSWER"
LONGEST_SNIPPET = 300
SNIPPET, RANKING = "snippet", "ranking"
VALUES = {
    0: "kept: below the positive, and holds no answer",
    1: "excluded: holds an answer, or the ranking leaves it open",
    2: "another positive: holds an answer and stands above the positive",
}
SYSTEM = f"You check training data for a search engine. {DATA}"
SNIPPET_TASK = f"""\
Copy out of the passage, letter by letter, the shortest stretch of words that answers the question. If no stretch does,
reply {NO_ANSWER}. Do not answer from your own knowledge. Reply with one line of JSON and nothing else:
{{"answer": "..."}}
"""
RANKING_TASK = """\
Put all listed passages in order by how directly each answers the question: first the one from which a reader gets the
answer most directly, last the one that is farthest from answering. Judge the content, not the place in the list. Name
every passage once, on one line:
<ranking>Doc (n) > Doc (n) > Doc (n)</ranking>
"""


@JUDGES.register(
    "ARHN: answer snippets and a ranking",
    reference="ARHN, arXiv:2604.11092 (read in summaries; the wording is ours)",
    scale="verdict",
    prompt=SYSTEM + SNIPPET_TASK + RANKING_TASK,
    values=VALUES,
    promote=2,
    most=MOST,
)
def arhn(*, pool: Pool, cells: Bools, seed: int, both_orders: bool, promote: int) -> Hearing:
    """Find the words in each candidate that answer the query, and rank the candidates together with the positive.

    A query without a labelled positive has no line, so nothing is asked about it.

    Above the positive with such words: another positive. Below with such words: excluded. Below without: kept. Above
    without is ambiguous in what was published: excluded, and flagged. Words that are not in the text, letter by letter,
    count as none, and so does an answer that cannot be read; neither makes a label. Of several positives the
    best-ranked is the line. Where both orders are asked and differ about the line, the candidate is excluded.

    Args:
        pool: Candidates.
        cells: (queries, depth) which to judge.
        seed: Seed of the shuffling.
        both_orders: Whether each list is ranked a second time, reversed.
        promote: From which value a verdict makes a candidate a positive; 2 is the method's.

    Returns:
        The hearing; values are 2 another positive, 1 excluded, 0 kept.

    References:
        METHODS F6.
    """
    questions: list[Question] = []
    for place, documents in candidates(pool, cells):
        own = positives_of(pool, place)
        if not own:
            continue
        questions += [Question(place, (row,), SNIPPET) for row in documents]
        for start in range(0, len(documents), MOST):
            listed = {*documents[start : start + MOST], *own}
            order = shuffled(pool, place, sorted(listed), seed)
            questions += turns(place, order, RANKING, both_orders=both_orders)
    kept = tuple(questions)
    return Hearing(kept, partial(_request, pool), partial(_read, pool, kept, promote))


def _request(pool: Pool, question: Question) -> Request:
    data = pool.dataset
    asked = data.query_text(int(pool.queries[question.place]))
    if question.kind == SNIPPET:
        passage = shown(data.content(question.documents[0]))
        return Request(SYSTEM, f"{material(question=asked, passage=passage)}\n\n{SNIPPET_TASK}")
    return Request(
        SYSTEM, f"{material(question=asked)}\nPassages:\n{listing(data, question.documents)}\n\n{RANKING_TASK}"
    )


def snippet_in(answer: str, text: str) -> str | None:
    """The words of a text that an answer copies: empty where it names none, None where they are not in the text.

    White space may differ, nothing else.
    """
    given = (json_in(answer) or {}).get("answer", answer if NO_ANSWER in answer else None)
    words = _spaced(given) if isinstance(given, str) else None
    if words is None or words in {"", NO_ANSWER}:
        return "" if words == NO_ANSWER else None
    return words if words in _spaced(text) else None


def _spaced(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _read(pool: Pool, questions: Sequence[Question], promote: int, answers: Sequence[Answer]) -> Ruling:
    layer = np.full(pool.documents.shape, np.nan, dtype=np.float32)
    counts = tally(answers)
    counts.update({"flagged": 0, "not_verbatim": 0})
    snippets, doubtful = _snippets(pool, questions, answers, counts)
    said: list[Said] = []
    for first, group in asked_together(questions, answers):
        if first.kind != RANKING:
            continue
        above = _above(pool, group, counts)
        for document in above:
            value = _value(snippets.get((first.place, document)), above[document], counts)
            if value is None:
                continue
            fill(pool, layer, first.place, [document], np.array([float(value)]))
            if len(above[document]) == len(group) and (first.place, document) not in doubtful:
                said.append(_said(first.place, document, value, promote, group))
    found = {pair: words[:LONGEST_SNIPPET] for pair, words in snippets.items() if words}
    return Ruling(layer, tuple(said), counts, found)


def _snippets(
    pool: Pool, questions: Sequence[Question], answers: Sequence[Answer], counts: Counter[str]
) -> tuple[dict[tuple[int, int], str], set[tuple[int, int]]]:
    """Words that answer, empty where there are none, and the pairs whose answer cannot be read or is not in the text.

    Pairs about which nothing was said are missing.
    """
    found: dict[tuple[int, int], str] = {}
    doubtful: set[tuple[int, int]] = set()
    for question, answer in zip(questions, answers, strict=True):
        if question.kind != SNIPPET or not spoken(answer):
            continue
        document = question.documents[0]
        words = snippet_in(answer.text, shown(pool.dataset.content(document)))
        if words is None:
            counts["unparsable" if json_in(answer.text) is None else "not_verbatim"] += 1
            doubtful.add((question.place, document))
        found[question.place, document] = words or ""
    return found, doubtful


def _above(
    pool: Pool, group: Sequence[tuple[Question, Answer]], counts: Counter[str]
) -> Mapping[int, tuple[bool, ...]]:
    """For each candidate of a list, whether it stands above every positive, once for each order that was read."""
    own = set(positives_of(pool, group[0][0].place))
    told: dict[int, tuple[bool, ...]] = {}
    for question, answer in group:
        ranking = ranking_in(answer.text, len(question.documents)) if spoken(answer) else None
        counts["unparsable"] += spoken(answer) and ranking is None
        if ranking is None:
            continue
        order = [question.documents[number - 1] for number in ranking]
        line = min(order.index(row) for row in own)
        for at, document in enumerate(order):
            if document not in own:
                told[document] = (*told.get(document, ()), at < line)
    return told


def _value(words: str | None, above: tuple[bool, ...], counts: Counter[str]) -> int | None:
    """2 another positive, 1 excluded, 0 kept; None where nothing is known about its words."""
    counts["disagreeing"] += any(above) and not all(above)
    if words is None:
        return None
    if words:
        return 2 if all(above) else 1
    counts["flagged"] += any(above)
    return 1 if any(above) else 0


def _said(place: int, document: int, value: int, promote: int, group: Sequence[tuple[Question, Answer]]) -> Said:
    verdict = Verdict.FALSE_NEGATIVE if value >= promote else Verdict.DROP if value else Verdict.TRUE_NEGATIVE
    name = VALUES[value].partition(":")[0]
    return Said(place, document, verdict, None, f"arhn: {name}; shown as {positions_told(group, document)}")
