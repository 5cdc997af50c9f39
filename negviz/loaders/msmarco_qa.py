"""MS MARCO question answering: queries with ten passages each, of which some are selected."""

import re
from collections.abc import Iterator
from typing import Any

from negviz.errors import DataError
from negviz.examples import Place, TextDocument, TextExample
from negviz.loaders import LOADERS
from negviz.loaders import _json as json_text
from negviz.loaders._cells import BadRowError, as_id, as_number, as_text, is_listed, listed, passage_of
from negviz.loaders._members import members
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source
from negviz.loaders._table import examples_of, first_of

NO_ANSWER = "No Answer Present."
KEYS = frozenset({"answers", "passages", "query", "query_id", "query_type", "wellFormedAnswers"})
# The release of version 2 is one object whose keys hold an object each, by a number for the query.
BY_NUMBER = re.compile(rf'\{{\s*"(?:{"|".join(sorted(KEYS))})"\s*:\s*\{{\s*"\d+"\s*:')


def recognise(source: Source) -> str | None:
    """Look for passages that are selected or not."""
    if source.tables and _is_by_number(source, source.tables[0]):
        return "It is one JSON object of queries, passages and answers by number, as MS MARCO's question answering is."
    first = first_of(source)
    if "query" not in first or not is_listed(first, "passages", dict):
        return None
    found = listed(first, "passages")
    if not found or not all("is_selected" in passage for passage in found):
        return None
    return "Its rows have a query and passages with is_selected, as MS MARCO's question answering has."


@LOADERS.register(
    "MS MARCO question answering",
    reference="https://microsoft.github.io/msmarco/",
    trainer="MS MARCO question answering",
    title="JSONL, Parquet or one JSON object with query, passages (is_selected) and answers",
    recognise=recognise,
)
def msmarco_qa(source: Source) -> Reading:
    """Read queries with the passages that a search engine brought; those that are selected are positives.

    Nobody judged the others: an annotator stopped at what answered the query. So they are given negatives without a
    grade. A passage's address is its group. "No Answer Present." is no answer.

    Of a file that is one object the queries and answers are kept in memory, and the passages go through one query at a
    time.

    Args:
        source: The file or folder.

    Raises:
        DataError: If one object lacks the queries or the passages.
    """
    reading = Reading()

    def read(row: dict[str, Any], place: Place) -> TextExample:
        return _example(row, place, reading)

    if source.tables and _is_by_number(source, source.tables[0]):
        reading.examples = (example for name in source.tables for example in _by_number(source, name, reading))
    else:
        reading.examples = examples_of(source, reading, read)
    return reading


def _is_by_number(source: Source, name: str) -> bool:
    if not json_text.looks_like_json(source, name):
        return False
    head = source.head(name)
    if not BY_NUMBER.match(head.lstrip()):
        return False
    stream = json_text.Stream([head])
    keys = {key for _, key, _, _ in stream.members(KEYS)}
    return keys <= KEYS and (stream.broken is not None or {"query", "passages"} <= keys)


def _example(row: dict[str, Any], place: Place, reading: Reading) -> TextExample:
    found = [_passage(value) for value in listed(row, "passages")]
    positives = tuple(document for document, selected in found if selected)
    negatives = tuple(document for document, selected in found if not selected)
    answers = reading.answers(row.get("answers"), place)
    said = tuple(answer for answer in answers if answer.strip() != NO_ANSWER)
    return TextExample(
        as_text(row.get("query")), positives, negatives, as_id(row.get("query_id")), said, place=place
    )  # fmt: skip


def _passage(value: Any) -> tuple[TextDocument, bool]:
    selected = value.get("is_selected") if isinstance(value, dict) else None
    if selected is None:
        raise BadRowError("has a passage without is_selected")
    return passage_of(value), bool(as_number(selected))


def _by_number(source: Source, name: str, reading: Reading) -> Iterator[TextExample]:
    """Examples of one object; it is gone through twice, for the passages may stand before the queries."""
    kept: dict[str, dict[str, Any]] = {"query": {}, "query_id": {}, "answers": {}}
    for member in members(source, name, reading, KEYS, kept):
        if member.key is not None:
            kept[member.section][member.key] = member.value
    if not kept["query"]:
        raise DataError(f"{name} has no object of queries by number, as MS MARCO's question answering has; fetch it.")
    for line, _, number, value in members(source, name, None, KEYS, {"passages"}):
        if number is None:
            continue
        place = Place(name, line)
        row = {"passages": value, **{what: known.get(number) for what, known in kept.items()}}
        try:
            yield _example(row, place, reading)
        except BadRowError as error:
            reading.report("bad row", f"The row of the number {number} {error}; it was left out.", place)
