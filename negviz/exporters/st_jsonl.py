"""JSON lists of texts, as in the collection of training data for sentence-transformers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from negviz.examples import Examples
from negviz.exporters import EXPORTERS
from negviz.exporters._files import LineKind, write_rows
from negviz.exporters._rows import LeftOut, Row, ids, triples

SNIPPET = """\
import json

import datasets
import fsspec
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

with fsspec.open("DATA", "rt", encoding="utf-8", compression="infer") as file:
    columns = zip(*map(json.loads, file))
data = datasets.Dataset.from_dict(dict(zip(["anchor", "positive", "negative"], map(list, columns))))
model = SentenceTransformer("sentence-transformers/all-MiniLM-L6-v2")
# A batch without duplicates keeps one query's positive from being another row's negative.
arguments = SentenceTransformerTrainingArguments(output_dir="../model", batch_sampler="no_duplicates")
loss = MultipleNegativesRankingLoss(model)
SentenceTransformerTrainer(model=model, args=arguments, train_dataset=data, loss=loss).train()
"""


def _rows(examples: Examples, left_out: LeftOut, *, file: LineKind = "jsonl.gz") -> Iterator[Row]:
    for example, positive, negative in triples(examples, left_out):
        data = {"anchor": example.query, "positive": positive.content, "negative": negative.content}
        yield Row(data, ids(example, [positive], [negative]))


@EXPORTERS.register(
    "JSON lists: anchor, positive, negative",
    reference="https://huggingface.co/datasets/sentence-transformers/embedding-training-data",
    name_shown="st-jsonl",
    trainer="sentence-transformers",
    reads="tabular",
    holds=("negatives", "counts"),
    configs={},
    rows=_rows,
    snippet=SNIPPET,
)
def st_jsonl(*, examples: Examples, folder: Path, file: LineKind = "jsonl.gz") -> dict[str, Any]:
    """One line for every positive and negative of a query: a JSON list of anchor, positive and negative.

    The files of the sentence-transformers collection are such lists, told apart by nothing but their length, so every
    line has three texts and a query without negatives is left out. ``datasets`` reads no lists; the code below does.

    Args:
        examples: What to write.
        folder: Where to write it.
        file: JSON lines, compressed or plain.

    Returns:
        Counts: rows, left_out, queries_left_out, and data, the path of the data.

    Raises:
        ExportError: If no query has a negative.
    """

    def lists(left_out: LeftOut) -> Iterator[Row]:
        for row in _rows(examples, left_out):
            yield row._replace(data=list(row.data.values()))

    return write_rows(lists, folder, f"st-jsonl/train.{file}", None)
