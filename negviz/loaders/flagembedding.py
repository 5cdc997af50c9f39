"""FlagEmbedding: JSON rows with ``query``, ``pos`` and ``neg`` lists."""

from typing import Any

from negviz.loaders import LOADERS
from negviz.loaders import _json as json_text
from negviz.loaders._cells import BadRowError, Passage, as_id, as_text, passage_of
from negviz.loaders._rows import Rows
from negviz.loaders._source import Source


def recognise(source: Source) -> str | None:
    """Look for the keys of the first row."""
    first = json_text.first_object(source, source.tables[0]) if source.tables else None
    if first is None or "query" not in first or not isinstance(first.get("pos"), list):
        return None
    return "Its rows are JSON objects with the keys query and pos (a list), as FlagEmbedding reads them."


@LOADERS.register(
    "FlagEmbedding",
    reference="https://github.com/FlagOpen/FlagEmbedding",
    trainer="FlagEmbedding (BGE)",
    title="JSONL or a JSON array with query, pos and neg",
    recognise=recognise,
)
def flagembedding(source: Source) -> Rows:
    """Read rows of a query, its positives (``pos``) and its mined negatives (``neg``).

    Ids are used where a row has them (``query_id``, ``pos_ids``, ``neg_ids`` as long as their lists), and answers
    where it has some; scores, prompts and types are not read.

    Args:
        source: The file or folder.
    """
    rows = Rows()
    for place, row in json_text.objects_of(source, rows):
        try:
            query, own = _query(row)
            answers = rows.read_answers(row.get("answers", row.get("answer")), place)
            rows.example(query, _list(row, "pos"), _list(row, "neg"), place, id=own, answers=answers)
        except BadRowError as error:
            rows.report("bad row", f"The row {error}; it was left out.", place)
    return rows


def _query(row: dict[str, Any]) -> tuple[str | None, str | None]:
    if "query" not in row:
        raise BadRowError("has no key 'query'")
    return as_text(row["query"]), as_id(row.get("query_id", row.get("qid")))


def _list(row: dict[str, Any], key: str) -> list[Passage]:
    values = row.get(key)
    if values is None and key == "neg":
        return []
    if not isinstance(values, list):
        raise BadRowError(f"has no list '{key}'")
    ids = row.get(f"{key}_ids", row.get(f"{key}_id"))
    own = ids if isinstance(ids, list) and len(ids) == len(values) else [None] * len(values)
    return [passage_of(value, as_id(name)) for value, name in zip(values, own, strict=True)]
