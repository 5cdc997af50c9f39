"""Held out: the queries and answers that a model will be evaluated with; training must not see them."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from negviz.dataset import Dataset, Judgments
from negviz.errors import DataError
from negviz.load import load
from negviz.near_texts import near_pairs
from negviz.text import is_blank, text_key
from negviz.truth import read_truth

QUERY_PIECE, DOCUMENT_PIECE = 5, 9
SAME_ID, SAME_TEXT, NEAR = "same id", "same text", "nearly the same text"
KINDS = (SAME_ID, SAME_TEXT, NEAR)


@dataclass(frozen=True)
class HeldOut:
    """Texts to evaluate with.

    Attributes:
        name: What they are called.
        queries: Text by query id.
        documents: Text of every document that answers one, by document id.
        same_ids: Whether ids are those of the training data, so that an id in both is a leak by itself.
    """

    name: str
    queries: dict[str, str]
    documents: dict[str, str]
    same_ids: bool


def held_out_of(dataset: Dataset) -> HeldOut | None:
    """What a dataset itself holds out (its judgments of another split), None where it holds out nothing."""
    return _named(dataset, dataset.held_out, "held-out judgments") if len(dataset.held_out) else None


def _named(dataset: Dataset, judged: Judgments, name: str, least: int = 1) -> HeldOut:
    kept = judged.grades >= least
    return HeldOut(
        name,
        {dataset.query_ids[row]: dataset.query_texts[row] for row in dict.fromkeys(judged.queries.tolist())},
        {dataset.document_ids[row]: dataset.contents[row] for row in dict.fromkeys(judged.documents[kept].tolist())},
        True,
    )


def read_held_out(path: Path, dataset: Dataset) -> HeldOut:
    """Read what is held out: data with texts of its own, or judgments with the ids of the training data.

    Args:
        path: Anything that can be loaded (a BEIR folder, pairs, triplets), or a qrels file.
        dataset: What is trained on.

    Raises:
        DataError: If it is neither.
    """
    path = Path(path)
    if path.is_file():
        # Judgments first: a table of ids would also pass for a table of texts, and only judgments can name known ids.
        with suppress(DataError):
            truth = read_truth(path, dataset)
            return _named(dataset, truth.judgments, truth.name, truth.relevant_from)
    other = load(str(path))
    answers = {*other.positives.documents.tolist(), *other.held_out.documents.tolist()}
    asked = {*other.positives.queries.tolist(), *other.held_out.queries.tolist()}
    return HeldOut(
        other.name,
        {other.query_ids[row]: other.query_texts[row] for row in sorted(asked)},
        {other.document_ids[row]: other.contents[row] for row in sorted(answers)},
        False,
    )


class Match(NamedTuple):
    """A text that is on both sides.

    Attributes:
        how: One of ``KINDS``.
        ours: Place among the training texts.
        theirs: Place among the held-out texts.
    """

    how: str
    ours: int
    theirs: int


def matches(own: dict[str, str], held: dict[str, str], same_ids: bool, piece: int) -> list[Match]:
    """Texts on both sides, each held-out one with the training texts that it is.

    Args:
        own: Training texts by id.
        held: Held-out texts by id.
        same_ids: Whether an id in both means the same text.
        piece: Characters of a piece.

    Returns:
        Sorted by how sure it is, then by the places; a pair is there once.
    """
    found: dict[tuple[int, int], str] = {}
    ours, theirs = list(own.values()), list(held.values())
    pairs, _ = near_pairs(ours, theirs, size=piece)
    for one, other in pairs.tolist():
        found[one, other] = NEAR
    by_key: dict[str, list[int]] = {}
    for place, text in enumerate(ours):
        if not is_blank(text):
            by_key.setdefault(text_key(text), []).append(place)
    for place, text in enumerate(theirs):
        found |= {(one, place): SAME_TEXT for one in by_key.get(text_key(text), ())}
    if same_ids:
        place_of = {name: place for place, name in enumerate(own)}
        found |= {(place_of[name], place): SAME_ID for place, name in enumerate(held) if name in place_of}
    order = sorted((KINDS.index(how), *pair) for pair, how in found.items())
    return [Match(KINDS[kind], one, other) for kind, one, other in order]
