"""Tevatron: rows with the texts of their passages."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from negviz.examples import Examples
from negviz.exporters import EXPORTERS
from negviz.exporters import _tevatron as tevatron_rows
from negviz.exporters._files import SHARD, FileKind, write_rows
from negviz.exporters._rows import (
    NO_NEGATIVE,
    UNKNOWN_SCORE,
    LeftOut,
    Row,
    distinct,
    ids,
    known_scores,
    leave_out,
    query_name,
)

SNIPPET = """\
torchrun --nproc_per_node 1 -m tevatron.retriever.driver.train \\
    --model_name_or_path Qwen/Qwen2.5-0.5B --dataset_name FILE --dataset_path "DATA" --dataset_split train \\
    --train_group_size GROUP --pooling last --append_eos_token --normalize --temperature 0.01 --output_dir ../model
"""


def _rows(examples: Examples, left_out: LeftOut, *, scores: bool = False, file: FileKind = "parquet") -> Iterator[Row]:
    answered = _answered(examples)
    for example in examples.texts():
        positives, negatives = distinct(example.positives), example.negatives
        if not negatives:
            leave_out(left_out, example, NO_NEGATIVE)
        elif scores and known_scores([*positives, *negatives]) is None:
            leave_out(left_out, example, UNKNOWN_SCORE)
        else:
            data = {
                "query_id": query_name(example),
                "query": example.query,
                "positive_passages": [tevatron_rows.passage(each, scored=scores) for each in positives],
                "negative_passages": [tevatron_rows.passage(each, scored=scores) for each in negatives],
                **({"answers": list(example.answers)} if answered else {}),
            }
            yield Row(data, ids(example, positives, negatives))


def _answered(examples: Examples) -> bool:
    """Whether any query has answers; then every row needs the column."""
    return any(example.answers for example in examples.texts())


@EXPORTERS.register(
    "Tevatron: rows with their passages",
    reference="https://github.com/texttron/tevatron",
    trainer="Tevatron",
    reads="tevatron",
    holds=("ids", "titles", "answers", "positives", "negatives", "counts"),
    rows=_rows,
    snippet=SNIPPET,
    language="bash",
)
def tevatron(*, examples: Examples, folder: Path, scores: bool = False, file: FileKind = "parquet") -> dict[str, Any]:
    """One row for every query: ``query_id``, ``query`` and lists of passages, each with ``docid``, title and text.

    The trainer takes another positive in every epoch and ``train_group_size - 1`` negatives, drawn with repetition
    where there are fewer; without any it stops with an IndexError, so such a query is left out. It adds the title to
    the text, so every passage has one, if an empty one. Ids are texts; one that is not known is made from the text.

    Args:
        examples: What to write.
        folder: Where to write it.
        scores: Add a ``score`` to every passage, for distillation; a query with an unknown score is left out then.
        file: Parquet, or JSON lines. In JSON lines an empty list of answers has no type, and ``datasets`` may stop
            where only a few queries have answers.

    Returns:
        Counts: rows, left_out, queries_left_out, and data, the path of the data.

    Raises:
        ExportError: If no query has a negative.
    """

    def columns(_: str) -> pa.Schema:
        listed = tevatron_rows.passages(scored=scores)
        fields = [("query_id", pa.string()), ("query", pa.string())]
        fields += [("positive_passages", listed), ("negative_passages", listed)]
        return pa.schema([*fields, *([("answers", pa.list_(pa.string()))] if _answered(examples) else [])])

    return write_rows(
        lambda left_out: _rows(examples, left_out, scores=scores), folder, f"tevatron/train-{SHARD}.{file}", columns
    )
