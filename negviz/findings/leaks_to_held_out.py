"""Leaks between what is trained on and what is held out to evaluate with."""

from collections import Counter

import numpy as np

from negviz.arrays import PAD
from negviz.errors import MissingInputError
from negviz.findings import FINDINGS, TOP, Case, Finding, shown
from negviz.held_out import DOCUMENT_PIECE, NEAR, QUERY_PIECE, HeldOut, Match, matches
from negviz.near_texts import ALIKE

COLUMNS = ("what", "how", "in training", "text", "held out", "held-out text")


@FINDINGS.register("Leaks between training and held-out data", place=90, reference="Lee et al. 2022 (the limit)")
def leaks_to_held_out(case: Case) -> Finding:
    """Compare training queries and documents with those that the model will be evaluated with.

    The same id, the same text in its normal form, or nearly the same text (80% of the pieces of five characters of
    questions and of nine of documents in common). A held-out query that is trained on is bad. A held-out answer that
    is trained on, as positive or as negative, is worth a look: with one corpus for both it cannot always be avoided.

    Args:
        case: What is audited.

    Raises:
        MissingInputError: If nothing is held out.
    """
    held = case.held_out
    if held is None:
        raise MissingInputError(
            "Nothing is known about what the model will be evaluated with, so leaks into it cannot be seen; give it "
            "as held-out data (data of its own, or a qrels file with the ids of this data)."
        )
    own = {case.dataset.query_id(row): case.dataset.query_text(row) for row in case.pool.queries.tolist()}
    queries = matches(own, held.queries, held.same_ids, QUERY_PIECE)
    positives = np.unique(case.pool.positives[np.not_equal(case.pool.positives, PAD)])
    answers = _documents(case, held, positives)
    pushed = _documents(case, held, np.setdiff1d(case.pairs[:, 1], positives))
    found = [("query", own, held.queries, queries), ("positive", *answers), ("negative", *pushed)]
    rows = [row for what, ours, theirs, matched in found for row in _rows(what, ours, theirs, matched)]
    counts = {what: dict(Counter(match.how for match in matched)) for what, _, _, matched in found}
    touched = {what: len({match.theirs for match in matched}) for what, _, _, matched in found}
    same = sum(match.how != NEAR for match in queries)
    return Finding(
        "bad" if same else "look" if rows else "good",
        f"Of {len(held.queries):,} held-out queries ({held.name}), {touched['query']:,} are trained on, {same:,} of "
        f"them word for word; of {len(held.documents):,} held-out answers {touched['positive']:,} are positives of the "
        f"training set and {touched['negative']:,} are negatives of it alone (copies of {ALIKE:.0%} or more included).",
        "Take the queries out of the training set, or the evaluation will flatter the model." if rows else "",
        COLUMNS, tuple(rows[:TOP]), max(len(rows) - TOP, 0),
        facts={"held_out": held.name, "queries": len(held.queries), "documents": len(held.documents),
               "matched": touched, "by_kind": counts},
    )  # fmt: skip


def _documents(
    case: Case, held: HeldOut, rows: "np.typing.NDArray[np.int32]"
) -> tuple[dict[str, str], dict[str, str], list[Match]]:
    own = {case.dataset.document_ids[row]: case.dataset.contents[row] for row in rows.tolist()}
    return own, held.documents, matches(own, held.documents, held.same_ids, DOCUMENT_PIECE)


def _rows(what: str, own: dict[str, str], held: dict[str, str], matched: list[Match]) -> list[tuple[str, ...]]:
    ours, theirs = list(own.items()), list(held.items())
    return [
        (what, match.how, ours[match.ours][0], shown(ours[match.ours][1]), theirs[match.theirs][0],
         shown(theirs[match.theirs][1]))
        for match in matched
    ]  # fmt: skip
