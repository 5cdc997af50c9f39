"""PyLate and sentence-transformers: distillation data by id."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa

from negviz.examples import Examples
from negviz.exporters import EXPORTERS
from negviz.exporters._by_id import IDS_ARE, id_of
from negviz.exporters._counts import counted, what_would_do
from negviz.exporters._files import SHARD, write_list, write_rows
from negviz.exporters._rows import UNKNOWN_SCORE, LeftOut, Row, ids, known_scores, leave_out
from negviz.hints import Range

TRAIN = pa.schema(
    [
        ("query_id", pa.string()),
        ("document_ids", pa.list_(pa.string())),
        ("scores", pa.list_(pa.float64())),
    ]
)
QUERIES = pa.schema([("query_id", pa.string()), ("text", pa.string())])
DOCUMENTS = pa.schema([("document_id", pa.string()), ("text", pa.string())])

SNIPPET = """\
import datasets
from pylate import losses, models, utils
from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments

train, queries, documents = (
    datasets.load_dataset("parquet", data_files=f"{name}/*.parquet", split="train")
    for name in ("train", "queries", "documents")
)
# sentence-transformers: train.set_transform(util.resolve_ids({"query_id": queries, "document_ids": documents}))
train.set_transform(utils.KDProcessing(queries=queries, documents=documents, n_ways=GROUP).transform)
model = models.ColBERT("lightonai/GTE-ModernColBERT-v1")
SentenceTransformerTrainer(
    model=model, train_dataset=train, loss=losses.Distillation(model=model),
    args=SentenceTransformerTrainingArguments(output_dir="../model"),
    data_collator=utils.ColBERTCollator(tokenize_fn=model.tokenize),
).train()
"""


def _rows(examples: Examples, left_out: LeftOut, *, negatives: int = 0, n_ways: int = 32) -> Iterator[Row]:
    for example, taken, _ in counted(examples, left_out, _count(examples, negatives, n_ways), "drop"):
        for positive in example.positives:
            known = known_scores([positive, *taken])
            if known is None:
                leave_out(left_out, example, UNKNOWN_SCORE, positive_id=positive.id)
                continue
            names = [id_of(each) for each in (positive, *taken)]
            data = {"query_id": id_of(example), "document_ids": names, "scores": known}
            yield Row(data, ids(example, [positive], taken))


def _count(examples: Examples, negatives: int, n_ways: int) -> int:
    """Negatives in a row."""
    return min(negatives or examples.count, n_ways - 1)


@EXPORTERS.register(
    "PyLate: distillation by id",
    reference="https://lightonai.github.io/pylate/documentation/training/",
    trainer="PyLate, and sentence-transformers with util.resolve_ids",
    reads="pylate",
    by_id=True,
    holds=("ids", "scores", "negatives", "corpus"),
    configs={
        "train": "train/train-*",
        "queries": "queries/train-*",
        "documents": "documents/train-*",
        "ids": "ids.parquet",
    },
    beside={
        "queries/": "the queries: `query_id`, `text`",
        "documents/": "the documents: `document_id`, `text`",
        "ids.parquet": IDS_ARE,
    },
    rows=_rows,
    snippet=SNIPPET,
)
def pylate(
    *,
    examples: Examples,
    folder: Path,
    negatives: Annotated[int, Range(0, 1000, 1)] = 0,
    n_ways: Annotated[int, Range(2, 1000, 1)] = 32,
) -> dict[str, Any]:
    """A row for every positive of a query, with ids and scores of it and of the negatives; the texts lie beside.

    The first id is the positive. PyLate keeps the first ``n_ways`` documents of a row and stacks the scores of a batch,
    so every row has the same number of documents, and a query that has fewer negatives is left out. A document that is
    not in the list would become an empty text there (and an error in sentence-transformers), so each is in it. A row
    in which a score is unknown cannot be distilled from and is left out. There is no title, so it is put before the
    text.

    Args:
        examples: What to write.
        folder: Where to write it.
        negatives: Negatives in a row, the hardest first; 0 is the count of the recipe.
        n_ways: Documents in a row at most, the positive among them; ``n_ways`` of the trainer should not be larger.

    Returns:
        Counts: rows, positives, negatives, documents, queries, left_out, queries_left_out, and data, the path of the
        rows.

    Raises:
        ExportError: If no query has enough negatives, or no scores are known.
    """
    count = _count(examples, negatives, n_ways)
    counts = write_rows(
        lambda left_out: _rows(examples, left_out, negatives=negatives, n_ways=n_ways),
        folder, f"train/train-{SHARD}.parquet", TRAIN,
        lambda: what_would_do(examples, count),
    )  # fmt: skip
    queries = ({"query_id": id_of(each), "text": each.query} for each in examples.texts())
    documents = ({"document_id": id_of(each), "text": each.content} for each in examples.corpus())
    return {
        "negatives_in_a_row": count, **counts,
        "queries": sum(write_list(queries, folder, f"queries/train-{SHARD}.parquet", QUERIES).values()),
        "documents": sum(write_list(documents, folder, f"documents/train-{SHARD}.parquet", DOCUMENTS).values()),
    }  # fmt: skip
