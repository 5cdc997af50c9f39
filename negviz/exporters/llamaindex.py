"""LlamaIndex: queries, corpus and relevant documents in one JSON object."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from negviz.examples import Examples
from negviz.exporters import EXPORTERS
from negviz.exporters._by_id import IDS_ARE, id_of, json_members, write_object
from negviz.exporters._files import write_ids
from negviz.exporters._rows import LeftOut, Row, ids

DATA = "dataset.json"

SNIPPET = """\
from llama_index.core.evaluation import EmbeddingQAFinetuneDataset
from llama_index.finetuning import SentenceTransformersFinetuneEngine

data = EmbeddingQAFinetuneDataset.from_json("DATA")
SentenceTransformersFinetuneEngine(data, model_id="BAAI/bge-small-en-v1.5", model_output_path="../model").finetune()
"""


def _rows(examples: Examples, left_out: LeftOut) -> Iterator[Row]:
    for example in examples.texts():
        listed = [id_of(each) for each in example.positives]
        data = {"query_id": id_of(example), "query": example.query, "relevant_docs": listed}
        yield Row(data, ids(example, example.positives, []))


@EXPORTERS.register(
    "LlamaIndex: queries, corpus and relevant documents",
    reference="https://docs.llamaindex.ai/en/stable/examples/finetuning/embeddings/finetune_embedding/",
    trainer="LlamaIndex",
    reads="llamaindex",
    by_id=True,
    holds=("ids", "positives", "empty", "counts", "corpus"),
    configs={"ids": "ids.parquet"},
    beside={"ids.parquet": IDS_ARE},
    rows=_rows,
    snippet=SNIPPET,
)
def llamaindex(*, examples: Examples, folder: Path) -> dict[str, Any]:
    """One JSON object: texts of queries by id, texts of documents by id, and the ids of each query's positives.

    It has no place for negatives: LlamaIndex trains with the other positives of a batch, and with the first positive of
    a query only. There is no title, so it is put before the text.

    Args:
        examples: What to write.
        folder: Where to write it.

    Returns:
        Counts: rows (queries), positives, documents, left_out, queries_left_out, and data, the path of the object.
    """
    counts, documents = write_ids(lambda left_out: _rows(examples, left_out), folder), 0

    def corpus() -> Iterator[tuple[str, str]]:
        nonlocal documents
        for each in examples.corpus():
            documents += 1
            yield id_of(each), each.content

    write_object(
        folder / DATA,
        queries=json_members((row.data["query_id"], row.data["query"]) for row in _rows(examples, [])),
        corpus=json_members(corpus()),
        relevant_docs=json_members((row.data["query_id"], row.data["relevant_docs"]) for row in _rows(examples, [])),
        mode=[b'"text"'],
    )
    return {**counts, "documents": documents, "data": DATA, "data_files": {DATA: counts["rows"]}}
