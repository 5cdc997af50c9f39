"""RLHN: Tevatron's rows as Parquet, with the part of the mixture that each comes from."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from negviz.examples import Examples
from negviz.exporters import EXPORTERS
from negviz.exporters import _tevatron as tevatron_rows
from negviz.exporters._files import SHARD, write_rows
from negviz.exporters._rows import NO_NEGATIVE, LeftOut, Row, distinct, ids, leave_out, query_name

ORDER = ("docid", "text", "title")
PASSAGES = pa.list_(pa.struct([(name, pa.string()) for name in ORDER]))
COLUMNS = pa.schema(
    [
        ("query_id", pa.string()),
        ("query", pa.string()),
        ("positive_passages", PASSAGES),
        ("negative_passages", PASSAGES),
        ("subset", pa.string()),
    ]
)

SNIPPET = """\
torchrun --nproc_per_node 1 -m tevatron.retriever.driver.train \\
    --model_name_or_path Qwen/Qwen2.5-0.5B --dataset_name parquet --dataset_path "DATA" --dataset_split train \\
    --train_group_size GROUP --pooling last --append_eos_token --normalize --temperature 0.01 --output_dir ../model
"""


def _rows(examples: Examples, left_out: LeftOut) -> Iterator[Row]:
    for example in examples.texts():
        positives, negatives = distinct(example.positives), example.negatives
        if not negatives:
            leave_out(left_out, example, NO_NEGATIVE)
            continue
        made = [[tevatron_rows.passage(each) for each in listed] for listed in (positives, negatives)]
        data = {
            "query_id": query_name(example),
            "query": example.query,
            "positive_passages": [{name: each[name] for name in ORDER} for each in made[0]],
            "negative_passages": [{name: each[name] for name in ORDER} for each in made[1]],
            "subset": example.subset,
        }
        yield Row(data, ids(example, positives, negatives))


@EXPORTERS.register(
    "RLHN: Tevatron's rows with a subset",
    reference="https://huggingface.co/datasets/rlhn/rlhn-680K",
    trainer="Tevatron, on data in the form of RLHN",
    reads="tevatron",
    holds=("ids", "titles", "subsets", "positives", "negatives", "counts"),
    rows=_rows,
    snippet=SNIPPET,
    language="bash",
)
def rlhn(*, examples: Examples, folder: Path) -> dict[str, Any]:
    """One row of Parquet for every query, as in the RLHN release: Tevatron's columns and ``subset``.

    ``subset`` names the part of a mixture, empty where none is known. Tevatron stops with an IndexError at a row
    without negatives, so a query without any is left out. Ids are texts; one that is not known is made from the text.

    Args:
        examples: What to write.
        folder: Where to write it.

    Returns:
        Counts: rows, left_out, queries_left_out, and data, the path of the data.

    Raises:
        ExportError: If no query has a negative.
    """
    return write_rows(lambda left_out: _rows(examples, left_out), folder, f"data/train-{SHARD}.parquet", COLUMNS)
