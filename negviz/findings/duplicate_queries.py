"""Duplicate queries: the same question asked twice, and the positives that only one of them has."""

import numpy as np

from negviz.arrays import PAD
from negviz.errors import MissingInputError
from negviz.findings import FINDINGS, MOST_PAIRS, TOP, Case, Cell, Finding, query_cells, some
from negviz.leaks import alike_queries

IDS = 5
COLUMNS = ("query id", "query", "also asked as", "query again", "answers in common", "answers of one alone",
           "taken as negatives")  # fmt: skip


@FINDINGS.register("Duplicate queries and their positives", place=70, reference="negviz.leaks.alike_queries")
def duplicate_queries(case: Case) -> Finding:
    """Look for queries that ask the same thing, and for positives that they do not share.

    Queries are the same where their words are, in any order, or where their vectors nearly coincide (see
    ``leaks.alike_queries``). A positive of one is very likely an answer to the other: as a negative it is false.

    Args:
        case: What is audited.

    Raises:
        MissingInputError: If there is no query.
    """
    pool = case.pool
    if not len(pool):
        raise MissingInputError("There is no query with a labelled positive, so there are none to compare.")
    place = {int(query): row for row, query in enumerate(pool.queries)}
    alike = [pair for pair in alike_queries(case.dataset, pool.embeddings)
             if pair[0] < pair[1] and pair[0] in place and pair[1] in place]  # fmt: skip
    own = [set(row[row != PAD].tolist()) for row in pool.positives]
    rows: list[tuple[tuple[int, int, int, str], tuple[Cell, ...]]] = []
    asked: list[tuple[int, int]] = []
    wrong = 0
    for one, other in alike:
        left, right = own[place[one]], own[place[other]]
        open_ = [(one, row) for row in sorted(right - left)] + [(other, row) for row in sorted(left - right)]
        taken = sum(_taken(case, place[query], document) for query, document in open_)
        wrong += taken
        asked += open_
        named = ", ".join(case.dataset.document_id(row) for row in sorted(left ^ right)[:IDS])
        cells = (*query_cells(case, one), *query_cells(case, other), len(left & right), named, taken)
        rows.append(((-taken, -len(open_), one, case.dataset.query_id(one)), cells))
    rows.sort(key=lambda row: (row[0][0], row[0][1], row[0][3], str(row[1][2])))
    unshared, worded = len(set(asked)), set(alike_queries(case.dataset, None))
    same_words = sum(pair in worded for pair in alike)
    sentence = (
        f"{_told(len(alike), same_words, len(pool))}; {some(unshared, 'positive')} of "
        f"one query of a pair {'is' if unshared == 1 else 'are'} not labelled for the other, and {wrong:,} of those "
        f"{'is' if wrong == 1 else 'are'} taken as its negatives."
        if alike else f"None of the {len(pool):,} queries asks the same as another one."
    )  # fmt: skip
    if pool.embeddings is None:
        sentence += " Only wordings were compared: without vectors (--retriever dense) paraphrases are not found."
    return Finding(
        "bad" if wrong else "look" if alike else "good", sentence,
        "Give both queries all positives, and keep only one of two queries with the same words." if alike else "",
        COLUMNS, tuple(cells for _, cells in rows[:TOP]), max(len(rows) - TOP, 0),
        pairs=np.array(sorted(set(asked))[:MOST_PAIRS], dtype=np.int32).reshape(-1, 2),
        facts={"queries": len(pool), "pairs": len(alike), "same_words": same_words, "unshared_positives": unshared,
               "taken": wrong, "by_vectors": pool.embeddings is not None},
    )  # fmt: skip


def _told(pairs: int, same_words: int, queries: int) -> str:
    """How many pairs there are, and by what: vectors may err."""
    told = f"{some(pairs, 'pair')} of the {queries:,} queries {'asks' if pairs == 1 else 'ask'} the same thing"
    if same_words == pairs:
        return f"{told} in the same words"
    return f"{told}, {same_words:,} in the same words and {pairs - same_words:,} by the vectors alone"


def _taken(case: Case, row: int, document: int) -> int:
    return int((case.selection.taken[row] & np.equal(case.pool.documents[row], document)).sum())
