"""DPR: an array of questions with ``positive_ctxs``, ``negative_ctxs`` and ``hard_negative_ctxs``."""

from typing import Any

from negviz.examples import Place, TextExample
from negviz.loaders import LOADERS
from negviz.loaders._cells import as_id, as_text, is_listed, passages
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source
from negviz.loaders._table import examples_of, first_of

NEGATIVES = ("hard_negative_ctxs", "negative_ctxs")


def recognise(source: Source) -> str | None:
    """Look for the keys of the first row."""
    first = first_of(source)
    if "question" not in first or not is_listed(first, "positive_ctxs"):
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

    Contexts are objects with text, title, id (``passage_id``, ``psg_id``) and score, or texts alone, as DPR's README
    writes negatives. The hard negatives come before the others.

    Args:
        source: The file or folder.
    """
    reading = Reading()

    def read(row: dict[str, Any], place: Place) -> TextExample:
        return TextExample(
            as_text(row.get("question")),
            passages(row, "positive_ctxs"),
            tuple(document for key in NEGATIVES for document in passages(row, key, optional=True)),
            as_id(row.get("question_id", row.get("query_id"))),
            reading.answers(row.get("answers"), place),
            place=place,
        )

    reading.examples = examples_of(source, reading, read)
    return reading
