"""ms-swift for rerankers: conversations with any number of positives and negatives."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from negviz.examples import Examples
from negviz.exporters import EXPORTERS, _swift
from negviz.exporters._files import write_rows
from negviz.exporters._rows import NO_NEGATIVE, LeftOut, Row, distinct, ids, leave_out

DATA = "swift-reranker/train.jsonl"
SNIPPET = """\
# By default a step takes 1 positive and 7 negatives of a row: MAX_POSITIVE_SAMPLES and MAX_NEGATIVE_SAMPLES.
MAX_POSITIVE_SAMPLES=1 MAX_NEGATIVE_SAMPLES=COUNT swift sft --model Qwen/Qwen3-Reranker-0.6B \\
    --task_type generative_reranker --loss_type listwise_generative_reranker --dataset DATA --output_dir ../model
"""


def _rows(examples: Examples, left_out: LeftOut) -> Iterator[Row]:
    for example in examples.texts():
        if not example.negatives:
            leave_out(left_out, example, NO_NEGATIVE)
            continue
        positives = distinct(example.positives)
        data = _swift.row(example, positives, example.negatives, "assistant")
        yield Row(data, ids(example, positives, example.negatives))


@EXPORTERS.register(
    "ms-swift: conversations for rerankers",
    reference="https://swift.readthedocs.io/en/latest/BestPractices/Reranker.html",
    name_shown="swift-reranker",
    trainer="ms-swift",
    reads="swift",
    holds=("prompts", "positives", "negatives", "counts"),
    rows=_rows,
    snippet=SNIPPET,
    language="bash",
)
def swift_reranker(*, examples: Examples, folder: Path) -> dict[str, Any]:
    """One line for every query: ``messages``, and all its ``positive_messages`` and ``negative_messages``.

    The documents are messages of the role assistant, unlike in the format for embedding models; a prompt is the system
    message before the query. The trainer draws ``MAX_POSITIVE_SAMPLES`` (1) and ``MAX_NEGATIVE_SAMPLES`` (7) of a row.
    A query without negatives has nothing to rank and is left out.

    Args:
        examples: What to write.
        folder: Where to write it.

    Returns:
        Counts: rows, left_out, queries_left_out, and data, the path of the data.

    Raises:
        ExportError: If no query has a negative.
    """
    return write_rows(lambda left_out: _rows(examples, left_out), folder, DATA, None)
