"""FlagEmbedding: JSON rows with ``query``, ``pos`` and ``neg`` lists."""

from typing import Any

from negviz.examples import Place, TextDocument, TextExample
from negviz.loaders import LOADERS
from negviz.loaders._cells import BadRowError, as_id, as_text, is_listed, listed, passage_of, scores, with_scores
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source
from negviz.loaders._table import examples_of, first_of


def recognise(source: Source) -> str | None:
    """Look for the keys of the first row."""
    first = first_of(source)
    if "query" not in first or not is_listed(first, "pos"):
        return None
    return "Its rows have the keys query and pos (a list), as FlagEmbedding reads them."


@LOADERS.register(
    "FlagEmbedding",
    reference="https://github.com/FlagOpen/FlagEmbedding",
    trainer="FlagEmbedding (BGE)",
    title="JSONL, a JSON array or Parquet with query, pos and neg",
    recognise=recognise,
)
def flagembedding(source: Source) -> Reading:
    """Read rows of a query, its positives (``pos``) and its mined negatives (``neg``).

    Ids are used where a row has them (``query_id``, ``pos_ids``, ``neg_ids`` as long as their lists), and so are
    ``pos_scores`` and ``neg_scores`` (or LLM-Embedder's ``teacher_scores`` of both), answers and the prompt; a type is
    not read.

    Args:
        source: The file or folder.
    """
    reading = Reading()

    def read(row: dict[str, Any], place: Place) -> TextExample:
        if "query" not in row:
            raise BadRowError("has no key 'query'")
        positives, negatives = _taught(row, _list(row, "pos"), _list(row, "neg"))
        return TextExample(
            as_text(row["query"]),
            positives,
            negatives,
            as_id(row.get("query_id", row.get("qid"))),
            reading.answers(row.get("answers", row.get("answer")), place),
            as_text(row.get("prompt")) or "",
            place=place,
        )

    reading.examples = examples_of(source, reading, read)
    return reading


def _list(row: dict[str, Any], key: str) -> tuple[TextDocument, ...]:
    values = listed(row, key, optional=key == "neg")
    ids = row.get(f"{key}_ids", row.get(f"{key}_id"))
    own = ids if isinstance(ids, list) and len(ids) == len(values) else [None] * len(values)
    documents = (passage_of(value, as_id(name)) for value, name in zip(values, own, strict=True))
    return with_scores(documents, scores(row.get(f"{key}_scores"), len(values)))


def _taught(
    row: dict[str, Any], positives: tuple[TextDocument, ...], negatives: tuple[TextDocument, ...]
) -> tuple[tuple[TextDocument, ...], tuple[TextDocument, ...]]:
    """Both with a teacher's scores, where a row has one for each: first those of the positives."""
    documents = with_scores((*positives, *negatives), scores(row.get("teacher_scores"), len(positives + negatives)))
    return documents[: len(positives)], documents[len(positives) :]
