"""DPR: an array of questions with ``positive_ctxs``, ``negative_ctxs`` and ``hard_negative_ctxs``."""

from collections.abc import Iterator
from typing import Any

from negviz.examples import TextDocument, TextExample
from negviz.loaders import LOADERS
from negviz.loaders import _json as json_text
from negviz.loaders._cells import BadRowError, as_id, as_text, passage_of
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source

NEGATIVES = ("hard_negative_ctxs", "negative_ctxs")


def recognise(source: Source) -> str | None:
    """Look for the keys of the first row."""
    first = json_text.first_object(source, source.tables[0]) if source.tables else None
    if first is None or "question" not in first or not isinstance(first.get("positive_ctxs"), list):
        return None
    return "Its rows are JSON objects with the keys question and positive_ctxs (a list), as DPR reads them."


@LOADERS.register(
    "DPR",
    reference="https://github.com/facebookresearch/DPR",
    trainer="DPR",
    title="JSON array (or JSONL) with question, positive_ctxs and hard_negative_ctxs",
    recognise=recognise,
)
def dpr(source: Source) -> Reading:
    """Read questions with their positive, hard negative and other negative contexts, and their answers.

    Args:
        source: The file or folder.
    """
    reading = Reading()
    reading.examples = _examples(source, reading)
    return reading


def _examples(source: Source, reading: Reading) -> Iterator[TextExample]:
    for place, row in json_text.objects_of(source, reading):
        try:
            negatives = tuple(document for key in NEGATIVES for document in _contexts(row, key, required=False))
            question = as_text(row.get("question"))
            positives, own = _contexts(row, "positive_ctxs"), as_id(row.get("question_id"))
        except BadRowError as error:
            reading.report("bad row", f"The row {error}; it was left out.", place)
            continue
        answers = reading.answers(row.get("answers"), place)
        yield TextExample(question, positives, negatives, own, answers, place=place)


def _contexts(row: dict[str, Any], key: str, *, required: bool = True) -> tuple[TextDocument, ...]:
    values = row.get(key)
    if values is None and not required:
        return ()
    if not isinstance(values, list):
        raise BadRowError(f"has no list '{key}'")
    return tuple(passage_of(value) for value in values)
