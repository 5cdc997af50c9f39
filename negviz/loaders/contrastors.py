"""contrastors (nomic-embed): shards of rows whose ``metadata.objective`` says which key is what."""

from typing import Any

from negviz.examples import Place, TextExample
from negviz.loaders import LOADERS
from negviz.loaders._cells import BadRowError, as_number, as_text, listed, passage_of, scores, with_scores
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source
from negviz.loaders._table import examples_of, first_of


def recognise(source: Source) -> str | None:
    """Look for an objective in the first row."""
    if not isinstance(_objective(first_of(source)), dict):
        return None
    return "Its rows have an objective in their metadata, as contrastors reads them."


@LOADERS.register(
    "contrastors",
    reference="https://github.com/nomic-ai/contrastors",
    trainer="contrastors (nomic-embed)",
    title="shard-*.jsonl.gz with query, document, negatives and metadata.objective, alone or in their folder",
    recognise=recognise,
)
def contrastors(source: Source) -> Reading:
    """Read rows of a query, its document and its negatives, by the names that the row's own objective gives them.

    A ``triplet`` names three keys, a ``paired`` two; ``self`` alone names no pair, and such a row is left out. The
    scores of mining (``pos_score``, and ``scores`` with one for each negative) are read, or those that the trainer
    distils (``document_score`` and ``negatives_scores``).

    Args:
        source: A shard, or the folder of all of them (``counts.json`` and ``offsets.json.gz`` are not needed).
    """
    reading = Reading()

    def read(row: dict[str, Any], place: Place) -> TextExample:
        query, document, negatives = _names(row)
        positive = passage_of(row.get(document))._replace(
            score=as_number(row.get("pos_score", row.get("document_score")))
        )
        mined = [passage_of(value) for value in listed(row, negatives, optional=True)] if negatives else []
        scored = with_scores(mined, scores(row.get("scores", row.get("negatives_scores")), len(mined)))
        return TextExample(as_text(row.get(query)), (positive,), scored, place=place)

    reading.examples = examples_of(source, reading, read)
    return reading


def _objective(row: dict[str, Any]) -> Any:
    metadata = row.get("metadata")
    return metadata.get("objective") if isinstance(metadata, dict) else None


def _names(row: dict[str, Any]) -> tuple[str, str, str | None]:
    """Keys of the query, of the positive and of the negatives.

    Raises:
        BadRowError: If the objective names none.
    """
    objective = _objective(row)
    for kind, wanted in (("triplet", 3), ("paired", 2)):
        for names in (objective.get(kind) or []) if isinstance(objective, dict) else []:
            if isinstance(names, list) and len(names) == wanted and set(map(str, names[:2])) <= row.keys():
                return str(names[0]), str(names[1]), str(names[2]) if wanted == 3 else None
    raise BadRowError("has no objective (a triplet or paired of its metadata) that names its keys")
