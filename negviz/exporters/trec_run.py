"""TREC run of the negatives, with the positives as qrels."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from negviz.errors import ExportError
from negviz.examples import Examples
from negviz.exporters import EXPORTERS
from negviz.exporters._files import report
from negviz.exporters._rows import UNKNOWN_SCORE, LeftOut, Row, ids, leave_out

SNIPPET = """\
import pandas

run = pandas.read_csv("DATA", sep=" ", names=["qid", "Q0", "docno", "rank", "score", "tag"], dtype=str)
"""


def _rows(examples: Examples, left_out: LeftOut, *, tag: str = "") -> Iterator[Row]:
    tag = "_".join((tag or examples.miner).split()) or "negviz"
    for example in examples.texts():
        query = _fit(example.query_id, "query")
        known = [negative for negative in example.negatives if negative.score is not None]
        for negative in example.negatives:
            if negative.score is None:
                leave_out(left_out, example, UNKNOWN_SCORE, negative_id=negative.id)
        for rank, negative in enumerate(known, start=1):
            document = _fit(negative.id, "document")
            line = {"qid": query, "Q0": "Q0", "docid": document, "rank": rank, "score": negative.score, "tag": tag}
            yield Row(line, ids(example, [], [negative]))


@EXPORTERS.register(
    "TREC run of the negatives",
    reference="https://github.com/usnistgov/trec_eval",
    trainer="trec_eval, ir_measures and trainers that sample negatives from a run",
    reads="",
    by_id=True,
    holds=("ids", "grades", "scores", "positives", "negatives", "counts"),
    beside={"qrels.trec": "the positives"},
    rows=_rows,
    snippet=SNIPPET,
)
def trec_run(*, examples: Examples, folder: Path, tag: str = "") -> dict[str, Any]:
    """The negatives of every query as ``run.trec``, best first: query, Q0, document, rank from 1, score, tag.

    The positives lie beside as ``qrels.trec``. White space ends a field, so ids must not hold any. A negative without a
    score has no place in a run and is listed in ``left_out.jsonl``.

    Args:
        examples: What to write.
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
        for row in _rows(examples, left_out, tag=tag):
            file.write(" ".join(map(str, row.data.values())) + "\n")
            rows += 1
    if not rows:
        raise ExportError(
            "No query has a negative with a score, so the run would be empty; loosen the recipe so that more "
            "candidates are taken."
        )
    judgments = 0
    with (folder / "qrels.trec").open("w", encoding="utf-8", errors="replace", newline="") as file:
        for line in _judgments(examples):
            file.write(line)
            judgments += 1
    return {
        "rows": rows,
        "judgments": judgments,
        "positives": 0,
        "negatives": rows,
        **report(left_out, folder),
        "data": "run.trec",
        "data_files": {"run.trec": rows},
    }


def _judgments(examples: Examples) -> Iterator[str]:
    for example in examples.texts():
        query = _fit(example.query_id, "query")
        for positive in example.positives:
            yield f"{query} 0 {_fit(positive.id, 'document')} {positive.grade or 1}\n"


def _fit(name: str | None, kind: str) -> str:
    if not name or name.split() != [name]:
        raise ExportError(
            f"The {kind} id {name!r} is empty or holds white space, which ends a field of a TREC file; change the id "
            "in the data, or choose another format."
        )
    return name
