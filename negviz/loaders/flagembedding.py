"""FlagEmbedding: JSON rows with ``query``, ``pos`` and ``neg`` lists."""

from collections.abc import Iterator
from typing import Any

from negviz.examples import TextDocument, TextExample
from negviz.loaders import LOADERS
from negviz.loaders import _json as json_text
from negviz.loaders._cells import BadRowError, as_id, as_number, as_text, passage_of
from negviz.loaders._reading import Reading
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
def flagembedding(source: Source) -> Reading:
    """Read rows of a query, its positives (``pos``) and its mined negatives (``neg``).

    Ids are used where a row has them (``query_id``, ``pos_ids``, ``neg_ids`` as long as their lists), and so are
    ``pos_scores`` and ``neg_scores``, answers and the prompt; a type is not read.

    Args:
        source: The file or folder.
    """
    reading = Reading()
    reading.examples = _examples(source, reading)
    return reading


def _examples(source: Source, reading: Reading) -> Iterator[TextExample]:
    for place, row in json_text.objects_of(source, reading):
        try:
            query, own = _query(row)
            answers = reading.answers(row.get("answers", row.get("answer")), place)
            prompt = as_text(row.get("prompt")) or ""
            positives, negatives = _list(row, "pos"), _list(row, "neg")
        except BadRowError as error:
            reading.report("bad row", f"The row {error}; it was left out.", place)
            continue
        yield TextExample(query, positives, negatives, own, answers, prompt, place=place)


def _query(row: dict[str, Any]) -> tuple[str | None, str | None]:
    if "query" not in row:
        raise BadRowError("has no key 'query'")
    return as_text(row["query"]), as_id(row.get("query_id", row.get("qid")))


def _list(row: dict[str, Any], key: str) -> tuple[TextDocument, ...]:
    values = row.get(key)
    if values is None and key == "neg":
        return ()
    if not isinstance(values, list):
        raise BadRowError(f"has no list '{key}'")
    ids = row.get(f"{key}_ids", row.get(f"{key}_id"))
    nothing = [None] * len(values)
    own, scores = (
        each if isinstance(each, list) and len(each) == len(values) else nothing
        for each in (ids, row.get(f"{key}_scores"))
    )
    return tuple(
        passage_of(value, as_id(name))._replace(score=as_number(score))
        for value, name, score in zip(values, own, scores, strict=True)
    )
