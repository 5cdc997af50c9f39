"""Hard negatives by what mined them, as in the MS MARCO hard-negatives files of sentence-transformers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from negviz.examples import Examples
from negviz.exporters import EXPORTERS
from negviz.exporters._by_id import IDS_ARE, beir_corpus, beir_queries, id_of, miner_of, write_qrels
from negviz.exporters._files import write_lines, write_rows
from negviz.exporters._rows import LeftOut, Row, ids

File = Literal["jsonl.gz", "jsonl", "parquet"]
TEXTS = pa.list_(pa.string())

SNIPPET = """\
import datasets

rows = datasets.load_dataset("FILE", data_files="DATA", split="train")
corpus, queries = (
    {row["_id"]: row for row in datasets.load_dataset("json", data_files=f"{name}.jsonl", split="train")}
    for name in ("corpus", "queries")
)
for row in rows:
    for miner, names in row["neg"].items():
        print(miner, queries[row["qid"]]["text"], [corpus[name]["text"] for name in names])
"""


def _rows(examples: Examples, left_out: LeftOut, *, file: File = "jsonl.gz") -> Iterator[Row]:
    miners = _miners(examples)
    for example in examples.texts():
        found: dict[str, list[str]] = {miner: [] for miner in miners}
        for negative in example.negatives:
            found[miner_of(negative, examples)].append(id_of(negative))
        data = {"qid": id_of(example), "pos": [id_of(each) for each in example.positives], "neg": found}
        yield Row(data, ids(example, example.positives, example.negatives))


def _miners(examples: Examples) -> list[str]:
    """All of the data, sorted; one at least, because Parquet has no structure without fields."""
    found = {miner_of(negative, examples) for example in examples.texts() for negative in example.negatives}
    return sorted(found or {examples.miner})


@EXPORTERS.register(
    "Hard negatives by miner, in a BEIR folder",
    reference="https://huggingface.co/datasets/sentence-transformers/msmarco-hard-negatives",
    name_shown="per-miner",
    trainer="sentence-transformers' MS MARCO examples",
    reads="beir",
    by_id=True,
    holds=("ids", "titles", "grades", "answers", "positives", "negatives", "empty", "counts", "corpus"),
    # One configuration only: all are read with the reader of the first, and this one may be Parquet.
    configs={"hard_negatives": "hard_negatives.*"},
    beside={
        "corpus.jsonl": "the documents: `_id`, `title`, `text`",
        "queries.jsonl": "the queries: `_id`, `text`",
        "qrels/train.tsv": "the positives with their grades",
        "ids.parquet": IDS_ARE,
    },
    rows=_rows,
    snippet=SNIPPET,
)
def per_miner(*, examples: Examples, folder: Path, file: File = "jsonl.gz") -> dict[str, Any]:
    """A line for every query: its id, the ids of its positives, and the ids of its negatives by what mined them.

    The known files of this form leave out a miner that found nothing for a query, and tables cannot be made of them,
    because their rows have different keys. Here every row names every miner of the data, some with an empty list.
    Corpus, queries and judgments lie beside, so that the folder is a BEIR folder too.

    Args:
        examples: What to write.
        folder: Where to write it.
        file: JSON lines, compressed as the known files are or plain, or Parquet, which also keeps the type of a miner
            whose lists are empty for the first thousands of queries.

    Returns:
        Counts: rows (queries), positives, negatives, miners, documents, left_out, queries_left_out, and data, the path
        of the rows.

    Raises:
        ExportError: If an id holds a tab or a line end, which no TSV file can.
    """
    miners = _miners(examples)
    columns = pa.schema([("qid", pa.string()), ("pos", TEXTS), ("neg", pa.struct([(name, TEXTS) for name in miners]))])
    counts = write_rows(lambda left_out: _rows(examples, left_out), folder, f"hard_negatives.{file}", columns)
    documents = write_lines(folder / "corpus.jsonl", beir_corpus(examples))
    write_lines(folder / "queries.jsonl", beir_queries(examples))
    write_qrels(examples, folder)
    return {**counts, "miners": len(miners), "documents": documents}
