"""Near-duplicate documents among those that are trained on."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from negviz.arrays import PAD, Ints
from negviz.errors import MissingInputError
from negviz.findings import FINDINGS, MOST_PAIRS, TOP, Case, Cell, Finding, document_cells, some
from negviz.near_texts import ALIKE, near_pairs

PIECE = 9
IDS = 6
COLUMNS = ("documents", "least in common", "ids", "text of the first", "positive of queries", "negative of queries")


@dataclass(frozen=True)
class Group:
    """Documents that are the same but for a few words.

    Attributes:
        members: Rows of documents, ascending.
        least: Smallest share of pieces of two that were compared.
        positives: How many queries have one as positive.
        negatives: How many (query, document) pairs have one as negative.
    """

    members: tuple[int, ...]
    least: float
    positives: int
    negatives: int


@FINDINGS.register("Near-duplicate documents", place=80, reference="Broder 1997; Lee et al. 2022")
def near_duplicate_documents(case: Case) -> Finding:
    """Look for documents of the training set, positives and negatives, that are nearly the same text.

    Two are where at least 80% of the pieces of nine characters that either has are in both. A near-copy of a positive
    among the negatives of the same query is bad: it teaches the opposite of the label.

    Args:
        case: What is audited.

    Raises:
        MissingInputError: If there is no document to look at.
    """
    positives = case.pool.positives
    rows = np.unique(np.concatenate([positives[np.not_equal(positives, PAD)], case.pairs[:, 1]]))
    if not len(rows):
        raise MissingInputError("There is no positive and no negative, so there are no documents to compare.")
    case.progress("comparing documents", 0, len(rows))
    found, shares = near_pairs([case.dataset.contents[row] for row in rows], size=PIECE)
    groups, of_document = _groups(case, rows, found, shares)
    wrong = _against_positive(case, of_document)
    copies = sum(len(group.members) - 1 for group in groups)
    sentence = (
        f"{copies:,} of the {len(rows):,} documents {_repeat(copies)} another one nearly word for word "
        f"({some(len(groups), 'group')}, at least {ALIKE:.0%} of their pieces of {PIECE} characters in common); "
        f"{some(len(wrong), 'negative')} nearly {_repeat(len(wrong))} a positive of their query."
        if groups else f"None of the {len(rows):,} documents is a near-copy of another one."
    )  # fmt: skip
    return Finding(
        "bad" if len(wrong) else "look" if groups else "good", sentence,
        "Keep one of each group in the corpus, and make its copies positives wherever it is one." if groups else "",
        COLUMNS, tuple(_row(case, group) for group in groups[:TOP]), max(len(groups) - TOP, 0),
        pairs=wrong[:MOST_PAIRS],
        facts={"documents": len(rows), "groups": len(groups), "copies": copies, "against_positive": len(wrong),
               "alike": ALIKE, "piece": PIECE},
    )  # fmt: skip


def _repeat(number: int) -> str:
    return "repeats" if number == 1 else "repeat"


def _groups(case: Case, rows: Ints, pairs: Ints, shares: "np.typing.NDArray[np.float64]") -> tuple[list[Group], Ints]:
    """Groups, the largest first; and (documents,) the group of each document of the dataset, -1 for none."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    of_document = np.full(len(case.dataset.documents), PAD, dtype=np.int32)
    if not len(pairs):
        return [], of_document
    links = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(rows), len(rows)))
    code = connected_components(links, directed=False)[1]
    touched = np.unique(pairs)
    of_document[rows[touched]] = code[touched]
    least: dict[int, float] = {}
    for one, share in zip(code[pairs[:, 0]].tolist(), shares.tolist(), strict=True):
        least[one] = min(share, least.get(one, 1.0))
    members: dict[int, list[int]] = {}
    for row in rows[touched].tolist():
        members.setdefault(int(of_document[row]), []).append(row)
    answers = _counts(of_document, case.pool.positives[np.not_equal(case.pool.positives, PAD)])
    negatives = _counts(of_document, case.pairs[:, 1])
    groups = [Group(tuple(own), least[one], answers[one], negatives[one]) for one, own in members.items()]
    return sorted(groups, key=lambda group: (-len(group.members), group.members)), of_document


def _counts(of_document: Ints, rows: Ints) -> Counter[int]:
    return Counter(of_document[rows].tolist())


def _against_positive(case: Case, of_document: Ints) -> "np.typing.NDArray[np.int32]":
    """(any, 2) negatives in a group of a positive of their query, and not that positive itself."""
    rows, _ = case.taken
    mine = of_document[case.pairs[:, 1]]
    wrong = np.zeros(len(rows), dtype=bool)
    for column in case.pool.positives.T:
        own = column[rows]
        wrong |= np.not_equal(own, PAD) & np.not_equal(mine, PAD) & np.equal(of_document[own], mine)
    return case.pairs[wrong]


def _row(case: Case, group: Group) -> tuple[Cell, ...]:
    ids = ", ".join(case.dataset.document_id(row) for row in group.members[:IDS])
    ids += " …" if len(group.members) > IDS else ""
    text = document_cells(case, group.members[0])[1]
    return (len(group.members), f"{group.least:.0%}", ids, text, group.positives, group.negatives)
