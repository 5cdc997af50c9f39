"""BEIR in the Hugging Face form, which MTEB reads: Parquet, a configuration for each list."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from negviz.examples import Examples
from negviz.exporters import EXPORTERS
from negviz.exporters._by_id import (
    JUDGED_IDS_ARE,
    QRELS_HEADER,
    beir_corpus,
    beir_queries,
    grade_of,
    id_of,
    judged,
    miner_of,
)
from negviz.exporters._files import SHARD, write_ids, write_list
from negviz.exporters._rows import LeftOut, Row

TEXT = pa.string()
CORPUS = pa.schema([("_id", TEXT), ("title", TEXT), ("text", TEXT)])
QUERIES = pa.schema([("_id", TEXT), ("text", TEXT)])
QRELS = pa.schema([("query-id", TEXT), ("corpus-id", TEXT), ("score", pa.int64())])
NEGATIVES = pa.schema(
    [("query-id", TEXT), ("corpus-id", TEXT), ("score", pa.float64()), ("rank", pa.int64()), ("miner", TEXT)]
)

SNIPPET = """\
import datasets

corpus, queries, qrels, negatives = (
    datasets.load_dataset("parquet", data_files=f"{name}/*.parquet", split="train")
    for name in ("corpus", "queries", "qrels", "hard_negatives")
)
"""


def _rows(examples: Examples, left_out: LeftOut) -> Iterator[Row]:
    return judged(
        examples,
        lambda example, positive: dict(
            zip(QRELS_HEADER, (id_of(example), id_of(positive), grade_of(positive)), strict=True)
        ),
    )


@EXPORTERS.register(
    "BEIR on the Hugging Face hub: Parquet",
    reference="https://huggingface.co/datasets/mteb/scifact",
    name_shown="hf-beir",
    trainer="MTEB, and everything that loads BEIR sets from the Hugging Face hub",
    reads="beir",
    by_id=True,
    holds=("ids", "titles", "grades", "scores", "positives", "negatives", "empty", "counts", "corpus"),
    configs={
        "default": "qrels/train-*",
        "corpus": "corpus/train-*",
        "queries": "queries/train-*",
        "hard_negatives": "hard_negatives/train-*",
        "ids": "ids.parquet",
    },
    beside={
        "corpus/": "the documents: `_id`, `title`, `text`",
        "queries/": "the queries: `_id`, `text`",
        "hard_negatives/": "the negatives: `query-id`, `corpus-id`, `score`, `rank` (0 is best), `miner`",
        "ids.parquet": JUDGED_IDS_ARE,
    },
    rows=_rows,
    snippet=SNIPPET,
)
def hf_beir(*, examples: Examples, folder: Path) -> dict[str, Any]:
    """Corpus, queries and judgments as configurations of one data set, and the negatives as another.

    The judgments are the configuration ``default``, with ``query-id``, ``corpus-id`` and a whole number as ``score``;
    every query and document of theirs is in the lists. The negatives, for which BEIR has no place, are the
    configuration ``hard_negatives``, each with score, rank and what mined it where that is known.

    Args:
        examples: What to write.
        folder: Where to write it.

    Returns:
        Counts: rows (judgments), positives, negatives, documents, queries, and data, the path of the judgments.
    """
    qrels = write_list((row.data for row in _rows(examples, [])), folder, f"qrels/train-{SHARD}.parquet", QRELS)
    documents = write_list(beir_corpus(examples), folder, f"corpus/train-{SHARD}.parquet", CORPUS)
    queries = write_list(
        ({name: row[name] for name in QUERIES.names} for row in beir_queries(examples)),
        folder, f"queries/train-{SHARD}.parquet", QUERIES,
    )  # fmt: skip
    write_list(_negatives(examples), folder, f"hard_negatives/train-{SHARD}.parquet", NEGATIVES)
    return {
        **write_ids(lambda left_out: _rows(examples, left_out), folder),
        "documents": sum(documents.values()),
        "queries": sum(queries.values()),
        "data": next(iter(qrels)) if len(qrels) == 1 else f"qrels/train-*-of-{len(qrels):05d}.parquet",
        "data_files": qrels,
    }


def _negatives(examples: Examples) -> Iterator[dict[str, Any]]:
    for example in examples.texts():
        for each in example.negatives:
            yield {
                "query-id": id_of(example), "corpus-id": id_of(each), "score": each.score, "rank": each.rank,
                "miner": miner_of(each, examples),
            }  # fmt: skip
