"""BEIR folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from negviz.examples import Examples
from negviz.exporters import EXPORTERS
from negviz.exporters._by_id import (
    JUDGED_IDS_ARE,
    QRELS,
    QRELS_HEADER,
    beir_corpus,
    beir_queries,
    grade_of,
    id_of,
    judged,
    write_qrels,
)
from negviz.exporters._files import write_ids, write_lines
from negviz.exporters._rows import LeftOut, Row, ids

SNIPPET = """\
from beir.datasets.data_loader import GenericDataLoader

corpus, queries, qrels = GenericDataLoader(data_folder=".").load(split="train")
"""


def _rows(examples: Examples, left_out: LeftOut) -> Iterator[Row]:
    """Judgments; a BEIR folder has no place for negatives, so those are only beside them."""
    return judged(
        examples,
        lambda example, positive: dict(
            zip(QRELS_HEADER, (id_of(example), id_of(positive), grade_of(positive)), strict=True)
        ),
    )


@EXPORTERS.register(
    "BEIR folder",
    reference="https://github.com/beir-cellar/beir",
    trainer="BEIR and MTEB tools",
    reads="beir",
    by_id=True,
    holds=("ids", "titles", "grades", "answers", "positives", "negatives", "empty", "counts", "corpus"),
    configs={"corpus": "corpus.jsonl", "queries": "queries.jsonl", "hard_negatives": "hard_negatives.jsonl"},
    beside={
        "corpus.jsonl": "the documents: `_id`, `title`, `text`",
        "queries.jsonl": "the queries: `_id`, `text`",
        "hard_negatives.jsonl": "the negatives, for which BEIR itself has no place: `qid`, `pos`, `neg`",
        "ids.parquet": JUDGED_IDS_ARE,
    },
    rows=_rows,
    snippet=SNIPPET,
)
def beir(*, examples: Examples, folder: Path) -> dict[str, Any]:
    """The whole corpus, the queries, and their positives as ``qrels/train.tsv``, promoted ones among them.

    BEIR has no place for negatives; they lie beside in ``hard_negatives.jsonl``, in the form of the MS MARCO
    hard-negatives files: ``qid``, ``pos`` and, under the recipe's name, ``neg``. Readers skip the first line of the
    judgments, so it is a header, and call ``int`` on grades, so those are whole numbers.

    Args:
        examples: What to write.
        folder: Where to write it.

    Returns:
        Counts: rows (judgments), documents, queries, negatives, and data, the path of the judgments.

    Raises:
        ExportError: If an id holds a tab or a line end, which no TSV file can.
    """
    documents = write_lines(folder / "corpus.jsonl", beir_corpus(examples))
    queries = write_lines(folder / "queries.jsonl", beir_queries(examples))
    queries_with_negatives = write_lines(folder / "hard_negatives.jsonl", _negatives(examples))
    write_qrels(examples, folder)
    counts = write_ids(lambda left_out: _rows(examples, left_out), folder)
    return {
        **counts,
        "documents": documents,
        "queries": queries,
        "queries_with_negatives": queries_with_negatives,
        "data": QRELS,
        "data_files": {QRELS: counts["rows"]},
    }


def _negatives(examples: Examples) -> Iterator[dict[str, object]]:
    for example in examples.texts():
        if example.negatives:
            row = ids(example, example.positives, example.negatives)
            yield {"qid": row["query_id"], "pos": row["positive_ids"], "neg": {examples.miner: row["negative_ids"]}}
