"""BEIR folder."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from negviz.examples import Examples
from negviz.exporters import EXPORTERS
from negviz.exporters._files import refuse_odd_ids, write_lines
from negviz.exporters._rows import LeftOut, Row, ids

HEADER = ("query-id", "corpus-id", "score")
DATA = "qrels/train.tsv"

SNIPPET = """\
from beir.datasets.data_loader import GenericDataLoader

corpus, queries, qrels = GenericDataLoader(data_folder=".").load(split="train")
"""


def _rows(examples: Examples, left_out: LeftOut) -> Iterator[Row]:
    """Judgments; a BEIR folder has no place for negatives, so those are only in the ids."""
    for example in examples.texts():
        for positive in example.positives:
            data = dict(zip(HEADER, (example.query_id, positive.id, positive.grade or 1), strict=True))
            yield Row(data, ids(example, [positive], []))


@EXPORTERS.register(
    "BEIR folder",
    reference="https://github.com/beir-cellar/beir",
    trainer="BEIR and MTEB tools",
    reads="beir",
    by_id=True,
    holds=("ids", "titles", "grades", "answers", "positives", "negatives", "empty", "counts", "corpus"),
    configs={"corpus": "corpus.jsonl", "queries": "queries.jsonl", "hard_negatives": "hard_negatives.jsonl"},
    beside={"hard_negatives.jsonl": "the negatives, for which BEIR itself has no place: `qid`, `pos`, `neg`"},
    rows=_rows,
    snippet=SNIPPET,
)
def beir(*, examples: Examples, folder: Path) -> dict[str, Any]:
    """The whole corpus, the queries, and their positives as ``qrels/train.tsv``, promoted ones among them.

    BEIR has no place for negatives; they lie beside in ``hard_negatives.jsonl``, in the form of the MS MARCO
    hard-negatives files: ``qid``, ``pos`` and, under the recipe's name, ``neg``.

    Args:
        examples: What to write.
        folder: Where to write it.

    Returns:
        Counts: rows (judgments), documents, queries, negatives, and data, the path of the judgments.

    Raises:
        ExportError: If an id holds a tab or a line end, which no TSV file can.
    """
    documents = write_lines(
        folder / "corpus.jsonl",
        ({"_id": each.id, "title": each.title, "text": each.text} for each in examples.corpus()),
    )
    queries = write_lines(folder / "queries.jsonl", _queries(examples))
    counts = {"positives": 0, "negatives": 0}
    queries_with_negatives = write_lines(folder / "hard_negatives.jsonl", _negatives(examples, counts))
    path = folder / DATA
    path.parent.mkdir()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(HEADER)
        for row in _rows(examples, []):
            writer.writerow([*refuse_odd_ids([row.data[name] for name in HEADER[:2]]), row.data["score"]])
            counts["positives"] += 1
    return {
        "rows": counts["positives"],
        **counts,
        "documents": documents,
        "queries": queries,
        "queries_with_negatives": queries_with_negatives,
        "left_out": 0,
        "queries_left_out": 0,
        "data": DATA,
        "data_files": {DATA: counts["positives"]},
    }


def _queries(examples: Examples) -> Iterator[dict[str, object]]:
    for example in examples.texts():
        answers = {"metadata": {"answers": list(example.answers)}} if example.answers else {}
        yield {"_id": example.query_id, "text": example.query, **answers}


def _negatives(examples: Examples, counts: dict[str, int]) -> Iterator[dict[str, object]]:
    for example in examples.texts():
        if example.negatives:
            row = ids(example, example.positives, example.negatives)
            counts["negatives"] += len(example.negatives)
            yield {"qid": row["query_id"], "pos": row["positive_ids"], "neg": {examples.miner: row["negative_ids"]}}
