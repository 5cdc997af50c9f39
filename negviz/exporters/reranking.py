"""Rows for the reranking evaluators of sentence-transformers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from negviz.examples import Examples
from negviz.exporters import EXPORTERS
from negviz.exporters._files import LineKind, write_rows
from negviz.exporters._rows import Keys, LeftOut, Row, listed_rows

SNIPPET = """\
import datasets
from sentence_transformers.cross_encoder import CrossEncoder
from sentence_transformers.cross_encoder.evaluation import CrossEncoderRerankingEvaluator

data = datasets.load_dataset("json", data_files="DATA", split="train")
model = CrossEncoder("cross-encoder/ms-marco-MiniLM-L6-v2")
print(CrossEncoderRerankingEvaluator(samples=list(data), name="hard-negatives")(model))
"""


def _rows(examples: Examples, left_out: LeftOut, *, file: LineKind = "jsonl") -> Iterator[Row]:
    return listed_rows(examples, left_out, Keys("query", "positive", "negative"))


@EXPORTERS.register(
    "Reranking evaluator: query, positives, negatives",
    reference="https://sbert.net/docs/package_reference/cross_encoder/evaluation.html",
    name_shown="st-reranking",
    trainer="sentence-transformers",
    reads="tabular",
    holds=("positives", "negatives", "counts"),
    rows=_rows,
    snippet=SNIPPET,
)
def reranking(*, examples: Examples, folder: Path, file: LineKind = "jsonl") -> dict[str, Any]:
    """One line for every query: ``query``, ``positive`` and ``negative``, lists of texts to rank.

    This is to evaluate with, not to train on: the losses of sentence-transformers read no lists of negatives. The
    evaluator ranks positives and negatives together and skips a query without either, so such a query is left out.

    Args:
        examples: What to write.
        folder: Where to write it.
        file: JSON lines, plain or compressed.

    Returns:
        Counts: rows, left_out, queries_left_out, and data, the path of the data.

    Raises:
        ExportError: If no query has a negative.
    """
    return write_rows(lambda left_out: _rows(examples, left_out), folder, f"st-reranking/train.{file}", None)
