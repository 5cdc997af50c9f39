"""DPR: one JSON array of questions with their contexts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from negviz.examples import Examples, TextDocument
from negviz.exporters import EXPORTERS
from negviz.exporters._files import write_rows
from negviz.exporters._rows import LeftOut, Row, distinct, ids

DATA = "dpr/train.json"
SNIPPET = """\
train="$PWD/DATA"
# A checkout of github.com/facebookresearch/DPR; put other data into dev_datasets to evaluate with.
cd DPR && python train_dense_encoder.py train=biencoder_local \\
    train_datasets=["$train"] dev_datasets=["$train"] output_dir=model
"""


def _rows(examples: Examples, left_out: LeftOut) -> Iterator[Row]:
    for example in examples.texts():
        positives = distinct(example.positives)
        data = {
            **({"question_id": example.query_id} if example.query_id else {}),
            "question": example.query,
            "answers": list(example.answers),
            "positive_ctxs": [_context(each) for each in positives],
            "negative_ctxs": [],
            "hard_negative_ctxs": [_context(each) for each in example.negatives],
        }
        yield Row(data, ids(example, positives, example.negatives))


def _context(document: TextDocument) -> dict[str, Any]:
    known = {"passage_id": document.id, "score": document.score}
    named = {"title": document.title, "text": document.text or ""}
    return named | {name: value for name, value in known.items() if value is not None}


@EXPORTERS.register(
    "DPR: a JSON array of questions and contexts",
    reference="https://github.com/facebookresearch/DPR",
    trainer="DPR",
    reads="dpr",
    holds=("ids", "titles", "scores", "answers", "positives", "negatives", "empty", "counts"),
    rows=_rows,
    snippet=SNIPPET,
    language="bash",
)
def dpr(*, examples: Examples, folder: Path) -> dict[str, Any]:
    """One object for every question in a single JSON array, with its answers, positive and hard negative contexts.

    The loader reads the keys of all three lists of contexts in every row, and the title of every context, so they are
    always there; ``negative_ctxs`` stays empty, for everything here was mined. It trains on the first positive unless
    it is told to shuffle, and on other questions' positives where a question has no hard negative.

    Args:
        examples: What to write.
        folder: Where to write it.

    Returns:
        Counts: rows, left_out, queries_left_out, and data, the path of the data.

    Raises:
        ExportError: If there is no question.
    """
    return write_rows(lambda left_out: _rows(examples, left_out), folder, DATA, None)
