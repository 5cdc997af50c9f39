"""Held out: the queries and answers that a model will be evaluated with; training must not see them."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from negviz.dataset import Dataset, Judgments
from negviz.errors import DataError
from negviz.load import load
from negviz.truth import read_truth


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
    other = load(path)
    answers = {*other.positives.documents.tolist(), *other.held_out.documents.tolist()}
    asked = {*other.positives.queries.tolist(), *other.held_out.queries.tolist()}
    return HeldOut(
        other.name,
        {other.query_ids[row]: other.query_texts[row] for row in sorted(asked)},
        {other.document_ids[row]: other.contents[row] for row in sorted(answers)},
        False,
    )
