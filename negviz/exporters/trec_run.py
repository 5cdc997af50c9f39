"""TREC run of the negatives, with the positives as qrels."""

from collections.abc import Iterator
from pathlib import Path

from negviz.errors import ExportError
from negviz.exporters import EXPORTERS
from negviz.exporters._files import report
from negviz.exporters._rows import UNKNOWN_SCORE, LeftOut, Row, checked, ids, leave_out
from negviz.training_set import TrainingSet

SNIPPET = """\
import pandas

run = pandas.read_csv("DATA", sep=" ", names=["qid", "Q0", "docno", "rank", "score", "tag"], dtype=str)
"""


def _rows(training_set: TrainingSet, left_out: LeftOut, *, tag: str = "") -> Iterator[Row]:
    tag = "_".join((tag or training_set.selection.recipe.name).split()) or "negviz"
    for example in checked(training_set):
        query = _fit(training_set.query(example.query).id, "query")
        known = [negative for negative in example.negatives if negative.score is not None]
        for negative in example.negatives:
            if negative.score is None:
                document = training_set.document(negative.document).id
                leave_out(left_out, training_set, example, UNKNOWN_SCORE, negative_id=document)
        for rank, negative in enumerate(known, start=1):
            document = _fit(training_set.document(negative.document).id, "document")
            line = {"qid": query, "Q0": "Q0", "docid": document, "rank": rank, "score": negative.score, "tag": tag}
            yield Row(line, ids(training_set, example, [], [negative]))


@EXPORTERS.register(
    "TREC run of the negatives",
    reference="https://github.com/usnistgov/trec_eval",
    trainer="trec_eval, ir_measures and trainers that sample negatives from a run",
    reads="",
    rows=_rows,
    snippet=SNIPPET,
)
def trec_run(*, training_set: TrainingSet, folder: Path, tag: str = "") -> dict[str, int | str]:
    """The negatives of every query as ``run.trec``, best first: query, Q0, document, rank from 1, score, tag.

    The positives lie beside as ``qrels.trec``. White space ends a field, so ids must not hold any. A negative without a
    score has no place in a run and is listed in ``left_out.jsonl``.

    Args:
        training_set: What to write.
        folder: Where to write it.
        tag: Name of the run in the last field; the recipe's name if empty.

    Returns:
        Counts: rows, judgments, left_out, queries_left_out, and data, the path of the run.

    Raises:
        ExportError: If an id is empty or holds white space, or if there is no row.
    """
    left_out: LeftOut = []
    rows = 0
    with (folder / "run.trec").open("w", encoding="utf-8", errors="replace", newline="") as file:
        for row in _rows(training_set, left_out, tag=tag):
            file.write(" ".join(map(str, row.data.values())) + "\n")
            rows += 1
    if not rows:
        raise ExportError(
            "No query has a negative with a score, so the run would be empty; loosen the recipe so that more "
            "candidates are taken."
        )
    judgments = 0
    with (folder / "qrels.trec").open("w", encoding="utf-8", errors="replace", newline="") as file:
        for line in _judgments(training_set):
            file.write(line)
            judgments += 1
    return {"rows": rows, "judgments": judgments, **report(left_out, folder), "data": "run.trec"}


def _judgments(training_set: TrainingSet) -> Iterator[str]:
    for example in training_set:
        query = _fit(training_set.query(example.query).id, "query")
        for positive in example.positives:
            yield f"{query} 0 {_fit(training_set.document(positive.document).id, 'document')} {positive.grade}\n"


def _fit(name: str, kind: str) -> str:
    if not name or name.split() != [name]:
        raise ExportError(
            f"The {kind} id {name!r} is empty or holds white space, which ends a field of a TREC file; change the id "
            "in the data, or choose another format."
        )
    return name
