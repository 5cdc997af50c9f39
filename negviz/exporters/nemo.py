"""NeMo Automodel: training data with a corpus by id."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from negviz.examples import Examples, TextDocument
from negviz.exporters import EXPORTERS
from negviz.exporters._by_id import IDS_ARE, id_of, json_array, write_object
from negviz.exporters._files import json_bytes, write_data, write_ids
from negviz.exporters._rows import NO_NEGATIVE, LeftOut, Row, ids, leave_out

DATA = "train.json"
CORPUS = pa.schema([("id", pa.string()), ("text", pa.string())])

SNIPPET = """\
from nemo_automodel.components.datasets.llm import make_retrieval_dataset

data = make_retrieval_dataset(data_dir_list="DATA", data_type="train", n_passages=GROUP)
"""


def _rows(examples: Examples, left_out: LeftOut) -> Iterator[Row]:
    corpus = corpus_name(examples)
    for example in examples.texts():
        if not example.negatives:
            leave_out(left_out, example, NO_NEGATIVE)
            continue
        data = {
            "question_id": id_of(example),
            "question": example.query,
            "corpus_id": corpus,
            "pos_doc": [_named(each) for each in example.positives],
            "neg_doc": [_named(each) for each in example.negatives],
        }
        yield Row(data, ids(example, example.positives, example.negatives))


def _named(each: TextDocument) -> dict[str, Any]:
    return {"id": id_of(each)} | ({} if each.score is None else {"score": each.score})


def corpus_name(examples: Examples) -> str:
    """Name of the corpus: of its own for each data set, so that several can be trained on together."""
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '-', examples.name).strip('-') or 'negviz'}_corpus"


@EXPORTERS.register(
    "NeMo Automodel: train.json and a corpus",
    reference="https://github.com/NVIDIA-NeMo/Automodel",
    trainer="NeMo Automodel and Nemotron embedding recipes",
    reads="nemo",
    by_id=True,
    holds=("ids", "scores", "positives", "negatives", "counts", "corpus"),
    configs={"corpus": "*_corpus/train.parquet", "ids": "ids.parquet"},
    beside={
        "*_corpus/": "the documents: `train.parquet` with `id` and `text`, and `merlin_metadata.json`",
        "ids.parquet": IDS_ARE,
    },
    rows=_rows,
    snippet=SNIPPET,
)
def nemo(*, examples: Examples, folder: Path) -> dict[str, Any]:
    """One JSON object of all queries, with the ids of their positives and negatives, and a folder with the corpus.

    The trainer takes the first positive (each in turn with ``cycle_positive_docs``) and the first ``n_passages - 1``
    negatives, and repeats them where there are fewer, so a query without any is left out. It looks their texts up in
    ``train.parquet`` beside ``merlin_metadata.json`` and knows no title, so the title is put before the text. The path
    of the corpus is looked for from where the training is started: start it in this folder, or make the path absolute.

    Args:
        examples: What to write.
        folder: Where to write it.

    Returns:
        Counts: rows, positives, negatives, documents, left_out, queries_left_out, and data, the path of the object.

    Raises:
        ExportError: If no query has a negative.
    """
    name = corpus_name(examples)
    counts = write_ids(lambda left_out: _rows(examples, left_out), folder)
    rows = json_array(row.data for row in _rows(examples, []))
    write_object(folder / DATA, corpus=[json_bytes([{"path": name}])], data=rows)
    texts = ({"id": id_of(each), "text": each.content} for each in examples.corpus())
    documents = write_data(folder / name / "train.parquet", texts, CORPUS)
    write_object(
        folder / name / "merlin_metadata.json", **{"class": [b'"TextQADataset"'], "corpus_id": [json_bytes(name)]}
    )
    return {**counts, "documents": documents, "data": DATA, "data_files": {DATA: counts["rows"]}}
