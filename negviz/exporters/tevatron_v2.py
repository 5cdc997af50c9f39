"""Tevatron, its newer format: documents by id, and a corpus."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from negviz.examples import Examples, TextDocument
from negviz.exporters import EXPORTERS
from negviz.exporters._by_id import (
    DOCUMENT_IDS,
    DOCUMENT_IDS_ARE,
    IDS_ARE,
    Numbers,
    document_ids,
    id_of,
    write_numbers,
)
from negviz.exporters._files import SHARD, FileKind, write_list, write_rows
from negviz.exporters._rows import NO_NEGATIVE, LeftOut, Row, ids, leave_out

TEXT = pa.string()
TRAIN = pa.schema(
    [
        ("query_id", TEXT),
        ("query_text", TEXT),
        ("query_image", TEXT),
        ("positive_document_ids", pa.list_(TEXT)),
        ("negative_document_ids", pa.list_(TEXT)),
        ("answer", TEXT),
        ("source", TEXT),
    ]
)
CORPUS = pa.schema([(name, TEXT) for name in ("docid", "text", "image", "source")])

SNIPPET = """\
python -m tevatron.retriever.driver.train --model_name_or_path Qwen/Qwen3-Embedding-0.6B --output_dir ../model \\
    --dataset_name ./train --dataset_split train --corpus_name ./corpus --corpus_split train \\
    --train_group_size GROUP --pooling eos --append_eos_token --normalize --temperature 0.01 --lora
"""


def _rows(
    examples: Examples, left_out: LeftOut, *, integer_ids: bool = False, file: FileKind = "parquet"
) -> Iterator[Row]:
    numbers, answered = Numbers(lambda: document_ids(examples)) if integer_ids else None, _answered(examples)
    for example in examples.texts():
        if not example.negatives:
            leave_out(left_out, example, NO_NEGATIVE)
            continue
        data = {
            "query_id": id_of(example),
            "query_text": example.query,
            "query_image": None,
            "positive_document_ids": _names(example.positives, numbers),
            "negative_document_ids": _names(example.negatives, numbers),
            "answer": example.answers[0] if example.answers else None,
            "source": example.subset or examples.name,
            **({"answers": list(example.answers)} if answered else {}),
        }
        yield Row(data, ids(example, example.positives, example.negatives))


def _names(listed: tuple[TextDocument, ...], numbers: Numbers | None) -> list[str]:
    names = map(id_of, listed)
    return list(names) if numbers is None else [str(numbers[name]) for name in names]


def _answered(examples: Examples) -> bool:
    """Whether any query has answers, of which ``answer`` holds the first only; then every row needs the column."""
    return any(example.answers for example in examples.texts())


def _corpus(examples: Examples, integer_ids: bool) -> Iterator[dict[str, Any]]:
    for number, each in enumerate(examples.corpus()):
        name = str(number) if integer_ids else id_of(each)
        yield {"docid": name, "text": each.content, "image": None, "source": examples.name}


@EXPORTERS.register(
    "Tevatron: documents by id, and a corpus",
    reference="https://github.com/texttron/tevatron",
    name_shown="tevatron-v2",
    trainer="Tevatron",
    reads="tevatron_v2",
    by_id=True,
    holds=("ids", "positives", "negatives", "counts", "answers", "subsets", "corpus"),
    configs={"train": "train/train-*", "corpus": "corpus/train-*"},
    beside={
        "corpus/": "the documents: `docid`, `text`, `image`, `source`",
        "ids.parquet": IDS_ARE,
        DOCUMENT_IDS: f"{DOCUMENT_IDS_ARE}, where `integer_ids` was set",
    },
    rows=_rows,
    snippet=SNIPPET,
    language="bash",
)
def tevatron_v2(
    *, examples: Examples, folder: Path, integer_ids: bool = False, file: FileKind = "parquet"
) -> dict[str, Any]:
    """One row for every query with the ids of its positives and negatives, and the corpus beside, each in a folder.

    The trainer picks a positive and ``train_group_size - 1`` negatives, drawing some again where there are fewer, and
    looks their texts up in the corpus. It reads ``text`` and ``image`` there (not ``document_text``, as its README has
    it: that gives empty passages without an error) and never a title in training, so the title is put before the text.
    A query without negatives is left out, for the trainer fails on it. All ids are text. ``answer`` is the first of
    the answers; where any query has some, all are in ``answers``.

    Args:
        examples: What to write.
        folder: Where to write it.
        integer_ids: Name each document by the number of its row in the corpus, as the trainer's distillation set wants
            it; the ids are in ``document_ids.parquet`` then.
        file: Parquet, or JSON lines, in which ``datasets`` may stop where only a few queries have answers.

    Returns:
        Counts: rows, positives, negatives, documents, left_out, queries_left_out, and data, the path of the rows.

    Raises:
        ExportError: If no query has a negative.
    """

    def columns(_: str) -> pa.Schema:
        return TRAIN.append(pa.field("answers", pa.list_(TEXT))) if _answered(examples) else TRAIN

    counts = write_rows(
        lambda left_out: _rows(examples, left_out, integer_ids=integer_ids),
        folder,
        f"train/train-{SHARD}.{file}",
        columns,
    )
    documents = write_list(_corpus(examples, integer_ids), folder, f"corpus/train-{SHARD}.{file}", CORPUS)
    if integer_ids:
        write_numbers(document_ids(examples), folder / DOCUMENT_IDS)
    return {**counts, "documents": sum(documents.values())}
