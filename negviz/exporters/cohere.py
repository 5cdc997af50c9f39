"""Cohere's rows for fine-tuning a reranker."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from negviz.examples import Examples
from negviz.exporters import EXPORTERS
from negviz.exporters._files import write_rows
from negviz.exporters._rows import Keys, LeftOut, Row, listed_rows

DATA = "cohere/train.jsonl"
SNIPPET = """\
import cohere

client = cohere.Client()
with open("DATA", "rb") as file:
    data = client.datasets.create(name="hard-negatives", data=file, type="reranker-finetune-input")
client.wait(data)
"""


def _rows(examples: Examples, left_out: LeftOut) -> Iterator[Row]:
    return listed_rows(examples, left_out, Keys("query", "relevant_passages", "hard_negatives"), empty=True)


@EXPORTERS.register(
    "Cohere: relevant passages and hard negatives",
    reference="https://docs.cohere.com/docs/rerank-preparing-the-data",
    trainer="Cohere",
    reads="cohere",
    holds=("positives", "negatives", "empty", "counts"),
    rows=_rows,
    snippet=SNIPPET,
)
def cohere(*, examples: Examples, folder: Path) -> dict[str, Any]:
    """One line for every query: ``query``, ``relevant_passages`` and ``hard_negatives``, lists of texts.

    Each query needs a relevant passage, and may have no hard negative; no text may be in both lists.

    Args:
        examples: What to write.
        folder: Where to write it.

    Returns:
        Counts: rows, left_out, queries_left_out, and data, the path of the data.

    Raises:
        ExportError: If there is no query.
    """
    return write_rows(lambda left_out: _rows(examples, left_out), folder, DATA, None)
