"""ms-swift for embedding models: conversations with one positive and equally many negatives."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from negviz.examples import Examples
from negviz.exporters import EXPORTERS, _swift
from negviz.exporters._counts import Short, counted, what_would_do
from negviz.exporters._files import write_rows
from negviz.exporters._rows import LeftOut, Row, distinct, ids
from negviz.hints import Range

SNIPPET = """\
# Every row has COUNT negatives; never ask for more, older versions fill up with the positive itself.
INFONCE_HARD_NEGATIVES=COUNT swift sft --model Qwen/Qwen3-Embedding-0.6B --task_type embedding \\
    --loss_type infonce --dataset DATA --output_dir ../model
"""


def _rows(examples: Examples, left_out: LeftOut, *, negatives: int = 0, short: Short = "drop") -> Iterator[Row]:
    for example, taken, part in counted(examples, left_out, negatives or examples.count, short):
        for positive in distinct(example.positives):
            yield Row(_swift.row(example, [positive], taken, "user"), ids(example, [positive], taken), part)


@EXPORTERS.register(
    "ms-swift: conversations for embedding models",
    reference="https://swift.readthedocs.io/en/latest/BestPractices/Embedding.html",
    trainer="ms-swift",
    reads="swift",
    holds=("prompts", "negatives"),
    rows=_rows,
    snippet=SNIPPET,
    language="bash",
)
def swift(
    *, examples: Examples, folder: Path, negatives: Annotated[int, Range(0, 1000, 1)] = 0, short: Short = "drop"
) -> dict[str, Any]:
    """One line for every positive of a query: ``messages``, ``positive_messages`` and ``negative_messages``.

    Query and documents are messages of the role user, and a prompt is the system message before the query. The trainer
    takes exactly one positive. Where a row has fewer negatives than ``INFONCE_HARD_NEGATIVES``, versions before
    September 2026 fill it up with the positive itself, so all rows have the same number.

    Args:
        examples: What to write.
        folder: Where to write it.
        negatives: Negatives in a row, the hardest first; 0 is the count of the recipe.
        short: What becomes of a query with fewer negatives: ``drop`` leaves it out, ``pad`` fills it with random
            documents (marked as ``backfilled`` in ``ids.parquet``), ``split`` writes a folder for each number.

    Returns:
        Counts: rows, negatives, left_out, queries_left_out, and data, the path of the data.

    Raises:
        ExportError: If no query has enough negatives; the text says how many would be possible.
    """
    count = negatives or examples.count
    written = write_rows(
        lambda left_out: _rows(examples, left_out, negatives=negatives, short=short),
        folder,
        "swift{part}/train.jsonl",
        None,
        lambda: what_would_do(examples, count),
    )
    return {"negatives_in_a_row": count, **written}
