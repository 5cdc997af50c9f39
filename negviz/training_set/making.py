"""Making a training set: what the recipe took, corrected by what people said."""

from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from negviz.arrays import PAD, Bools, Ints
from negviz.errors import ExportError
from negviz.labels import CODES, Labels, Verdict
from negviz.pool import Pool
from negviz.selection import Selection, groups_of
from negviz.training_set.examples import Change, DocumentText, Forms, Positive, TrainingSet, plain, text_forms

Unsure = Literal["leave out", "keep"]
Promoted = Mapping[int, tuple[Positive, ...]]
Codes = npt.NDArray[np.int8]

KEPT, FALSE_NEGATIVE, SAME_TEXT, DROPPED, UNSURE = range(5)
FATES = {
    FALSE_NEGATIVE: "taken out of the negatives and made a positive",
    SAME_TEXT: "taken out of the negatives: it has the text of a positive",
    DROPPED: "dropped from the negatives",
    UNSURE: "left out of the negatives: unsure",
}
OUT = {
    "false_negatives_taken_out": FALSE_NEGATIVE,
    "same_text_taken_out": SAME_TEXT,
    "dropped": DROPPED,
    "unsure_left_out": UNSURE,
}


class Queries(NamedTuple):
    """What becomes of queries.

    Attributes:
        has: (queries,) whether they are written.
        evaluated: (queries,) whether they are left out because a model will be evaluated with them.
    """

    has: Bools
    evaluated: Bools


def make_training_set(
    selection: Selection, labels: Labels, *, unsure: Unsure = "leave out", without: Collection[int] = ()
) -> TrainingSet:
    """Put together what is written: what the recipe took, corrected by what people said.

    A document labelled ``false negative`` becomes a positive of its query, wherever in the dataset it is; neither it
    nor a document of the same text is a negative of that query. One labelled ``drop`` is in neither list. A labelled
    positive that is said to be a ``true negative`` or to be dropped is no positive any more; a query without positive
    is left out.

    Args:
        selection: What a recipe took from a pool.
        labels: Human verdicts; the selection may have been made with, without or with older ones.
        unsure: Whether a taken candidate labelled ``unsure`` is left out of the negatives or stays one.
        without: Rows of queries to leave out, as those that a model will be evaluated with.

    Raises:
        ExportError: If ``unsure`` is neither of the two.
    """
    if unsure not in get_args(Unsure):
        raise ExportError(f"unsure was given '{unsure}', but must be one of: {', '.join(get_args(Unsure))}.")
    pool = selection.pool
    wrong = _wrong_positives(pool, labels)
    positives = np.where(wrong, PAD, pool.positives).astype(np.int32)
    promoted = _promoted(selection, labels)
    columns, ranks = _by_rank(selection)
    fates, verdicts = _fates(pool, labels, columns, promoted, unsure)
    keep = np.not_equal(columns, PAD) & np.equal(fates, KEPT)
    has = np.asarray(np.not_equal(positives, PAD).any(axis=1))
    has[list(promoted)] = True
    evaluated = has & np.isin(pool.queries, np.array([*without], dtype=np.int32))
    has &= ~evaluated
    promoted = {place: each for place, each in promoted.items() if has[place]}
    places = np.flatnonzero(has).astype(np.int32)
    order = np.argsort(~keep, axis=1, kind="stable")[places]
    kept = np.take_along_axis(keep[places], order, axis=1)
    rows = np.where(kept, np.take_along_axis(columns[places], order, axis=1), PAD).astype(np.int32)
    confirmed = np.equal(np.take_along_axis(verdicts[places], order, axis=1), CODES[Verdict.TRUE_NEGATIVE]) & kept
    return TrainingSet(
        selection=selection,
        places=places,
        positives=positives[places],
        promoted=promoted,
        columns=rows,
        ranks=np.take_along_axis(ranks[places], order, axis=1),
        confirmed=confirmed,
        counts=_counts(selection, wrong, promoted, fates, Queries(has, evaluated), confirmed),
        changes=tuple(_changes(selection, columns, fates, wrong, promoted, Queries(has, evaluated))),
    )


def _wrong_positives(pool: Pool, labels: Labels) -> Bools:
    verdicts = labels.align_pairs(pool.dataset, pool.queries[:, None], pool.positives)
    against = [CODES[Verdict.TRUE_NEGATIVE], CODES[Verdict.DROP]]
    return np.asarray(np.isin(verdicts, against) & np.not_equal(pool.positives, PAD))


def _promoted(selection: Selection, labels: Labels) -> dict[int, tuple[Positive, ...]]:
    """Documents that labels make a positive, by row of the pool; scored where they are candidates."""
    pool = selection.pool
    said = labels.found(pool.dataset)
    places: dict[int, list[int]] = {}
    for place in np.flatnonzero(np.isin(pool.queries, [query for query, _, _ in said])).tolist():
        places.setdefault(int(pool.queries[place]), []).append(place)
    scores = pool.score(selection.recipe.scorer)
    found: dict[int, list[Positive]] = {}
    for query, document, event in said:
        if event.verdict is not Verdict.FALSE_NEGATIVE:
            continue
        for place in places.get(query, ()):
            if document in pool.positives[place]:
                continue
            column = np.flatnonzero(np.equal(pool.documents[place], document))
            score = plain(scores[place, column[0]]) if len(column) else None
            found.setdefault(place, []).append(Positive(document, max(event.grade or 1, 1), True, score))
    return {place: tuple(each) for place, each in found.items()}


def _by_rank(selection: Selection) -> tuple[Ints, Ints]:
    """(queries, count) columns taken, best rank first, then padding; and their ranks, found a block at a time."""
    pool, columns = selection.pool, selection.columns if selection.pool.depth else selection.columns[:, :0]
    ranks = np.zeros(columns.shape, dtype=np.int32)
    for rows in groups_of(len(pool), pool.depth):
        part = pool.part(rows, f"ranks of {pool.fingerprint}")
        ranks[rows] = np.take_along_axis(part.rank(selection.recipe.scorer), columns[rows], axis=1)
    order = np.lexsort((ranks, np.equal(columns, PAD)), axis=1)
    return np.take_along_axis(columns, order, axis=1), np.take_along_axis(ranks, order, axis=1)


def _fates(pool: Pool, labels: Labels, columns: Ints, promoted: Promoted, unsure: Unsure) -> tuple[Codes, Codes]:
    """What becomes of each taken candidate, and what was said about it."""
    present = np.not_equal(columns, PAD)
    documents = np.where(present, np.take_along_axis(pool.documents, columns, axis=1), PAD).astype(np.int32)
    verdicts = labels.align_pairs(pool.dataset, pool.queries[:, None], documents)
    same = np.zeros(documents.shape, dtype=bool)
    for place, each in promoted.items():
        forms = frozenset[tuple[str, str]]().union(*(_forms(pool, positive.document) for positive in each))
        same[place] = [row != PAD and not forms.isdisjoint(_forms(pool, row)) for row in documents[place].tolist()]
    fates = np.zeros(documents.shape, dtype=np.int8)
    fates[np.equal(verdicts, CODES[Verdict.UNSURE]) & (unsure == "leave out")] = UNSURE
    fates[np.equal(verdicts, CODES[Verdict.DROP])] = DROPPED
    fates[same] = SAME_TEXT
    fates[np.equal(verdicts, CODES[Verdict.FALSE_NEGATIVE])] = FALSE_NEGATIVE
    return np.where(present, fates, KEPT).astype(np.int8), verdicts


def _forms(pool: Pool, row: int) -> Forms:
    data = pool.dataset
    return text_forms(DocumentText("", data.document_title(row), data.document_text(row), data.content(row)))


def _counts(
    selection: Selection,
    wrong: Bools,
    promoted: Promoted,
    fates: Codes,
    queries: Queries,
    confirmed: Bools,
) -> dict[str, int]:
    (has, evaluated), pool = queries, selection.pool
    added = sum(len(each) for each in promoted.values())
    # What is taken out of a query that is left out as a whole is counted there.
    fates = np.where(evaluated[:, None], KEPT, fates)
    out = {name: int(np.equal(fates, fate).sum()) for name, fate in OUT.items()}
    lost = np.not_equal(fates, KEPT).sum(axis=1)
    negatives = (selection.taken_counts - lost)[has]
    taken = int(selection.taken_counts.sum())
    return {
        "queries": int(has.sum()),
        "queries_evaluated_with": int(evaluated.sum()),
        "queries_without_positive": int((~has & ~evaluated & ~pool.has_positive).sum()),
        "queries_with_wrong_positives_only": int((~has & ~evaluated & pool.has_positive).sum()),
        "positives": int((np.not_equal(pool.positives, PAD) & ~wrong)[has].sum()) + added,
        "promoted": added,
        "wrong_positives": int(wrong.sum()),
        "taken": taken,
        "negatives": int(negatives.sum()),
        **out,
        "in_queries_left_out": taken - int(negatives.sum()) - sum(out.values()),
        "true_negatives_confirmed": int(confirmed.sum()),
        "starved": int((negatives < selection.recipe.count).sum()),
        "queries_without_negative": int(np.equal(negatives, 0).sum()),
    }


def _changes(
    selection: Selection,
    columns: Ints,
    fates: Codes,
    wrong: Bools,
    promoted: Promoted,
    queries: Queries,
) -> list[Change]:
    """Every pair that is not as the selection and the labelled positives left it, in order of the pool."""
    (has, evaluated), pool = queries, selection.pool
    found: list[tuple[int, int, str]] = []
    for place, slot in np.argwhere(np.not_equal(fates, KEPT) & ~evaluated[:, None]).tolist():
        document = int(pool.documents[place, columns[place, slot]])
        found.append((place, document, FATES[int(fates[place, slot])]))
    taken_out = {(place, document) for place, document, what in found if what == FATES[FALSE_NEGATIVE]}
    for place, each in promoted.items():
        fresh = [positive.document for positive in each if (place, positive.document) not in taken_out]
        found += [(place, document, "made a positive") for document in fresh]
    for place, slot in np.argwhere(wrong & ~evaluated[:, None]).tolist():
        ending = "" if has[place] else "; the query has no other and is left out"
        found.append((place, int(pool.positives[place, slot]), f"no positive any more{ending}"))
    data = pool.dataset
    return [
        Change(data.query_id(pool.queries[place]), data.document_id(document), what)
        for place, document, what in sorted(found)
    ]
