"""BEIR folder."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from negviz.errors import ExportError
from negviz.exporters import EXPORTERS
from negviz.exporters._files import write_lines
from negviz.exporters._rows import LeftOut, Row, checked, ids
from negviz.training_set import TrainingSet

HEADER = ("query-id", "corpus-id", "score")
LINE_ENDS = "\t\n\r"

SNIPPET = """\
from beir.datasets.data_loader import GenericDataLoader

corpus, queries, qrels = GenericDataLoader(data_folder=".").load(split="train")
"""


def _rows(training_set: TrainingSet, left_out: LeftOut) -> Iterator[Row]:
    """Judgments; a BEIR folder has no place for negatives, so those are only in the ids."""
    for example in checked(training_set):
        query = training_set.query(example.query).id
        for positive in example.positives:
            document = training_set.document(positive.document).id
            data = dict(zip(HEADER, (query, document, positive.grade), strict=True))
            yield Row(data, ids(training_set, example, [positive], []))


@EXPORTERS.register(
    "BEIR folder",
    reference="https://github.com/beir-cellar/beir",
    trainer="BEIR and MTEB tools",
    reads="beir",
    rows=_rows,
    snippet=SNIPPET,
)
def beir(*, training_set: TrainingSet, folder: Path) -> dict[str, int | str]:
    """The whole corpus, the queries, and their positives as ``qrels/train.tsv``, promoted ones among them.

    BEIR has no place for negatives; they lie beside in ``hard_negatives.jsonl``, in the form of the MS MARCO
    hard-negatives files: ``qid``, ``pos`` and, under the recipe's name, ``neg``.

    Args:
        training_set: What to write.
        folder: Where to write it.

    Returns:
        Counts: rows (judgments), documents, queries, negatives, and data, the path of the judgments.

    Raises:
        ExportError: If an id holds a tab or a line end, which no TSV file can.
    """
    data = training_set.dataset
    judged = [row.data for row in _rows(training_set, [])]
    _refuse_odd_ids(str(row[name]) for row in judged for name in HEADER[:2])
    columns = (data.documents[name].to_pylist() for name in ("id", "title", "text"))
    # A synthetic document that is nobody's negative has no place in a corpus that people search and evaluate with.
    unused = data.synthetic_ids - {row["document_id"] for row in training_set.synthetic()}
    documents = write_lines(
        folder / "corpus.jsonl",
        (
            {"_id": id_, "title": title or "", "text": text}
            for id_, title, text in zip(*columns, strict=True)
            if id_ not in unused
        ),
    )
    texts = (training_set.query(example.query) for example in training_set)
    queries = write_lines(folder / "queries.jsonl", ({"_id": query.id, "text": query.text} for query in texts))
    negatives = write_lines(folder / "hard_negatives.jsonl", _negatives(training_set))
    path = folder / "qrels" / "train.tsv"
    path.parent.mkdir()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerows([HEADER, *(row.values() for row in judged)])
    return {
        "rows": len(judged),
        "documents": documents,
        "queries": queries,
        "queries_with_negatives": negatives,
        "left_out": 0,
        "queries_left_out": 0,
        "data": "qrels/train.tsv",
    }


def _negatives(training_set: TrainingSet) -> Iterator[dict[str, object]]:
    name = training_set.selection.recipe.name
    for example in training_set:
        if example.negatives:
            row = ids(training_set, example, example.positives, example.negatives)
            yield {"qid": row["query_id"], "pos": row["positive_ids"], "neg": {name: row["negative_ids"]}}


def _refuse_odd_ids(names: Iterable[str]) -> None:
    for name in names:
        if any(char in name for char in LINE_ENDS):
            raise ExportError(
                f"The id {name!r} holds a tab or a line end, which a TSV file cannot; change it in the data, or "
                "choose a format without ids, such as n-tuple."
            )
