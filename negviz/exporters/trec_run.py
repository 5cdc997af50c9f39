"""TREC run of the negatives, with the positives as qrels."""

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from negviz.errors import ExportError
from negviz.examples import Examples, TextDocument, TextExample
from negviz.exporters import EXPORTERS
from negviz.exporters._by_id import beir_corpus, beir_queries, grade_of, id_of, refuse_spaces
from negviz.exporters._files import report, write_lines
from negviz.exporters._rows import UNKNOWN_SCORE, LeftOut, Row, ids, leave_out

RUN, QRELS = "run.trec", "qrels.trec"
UNKNOWN_RANK = "its score and its rank are unknown"

SNIPPET = """\
import pandas

run = pandas.read_csv("DATA", sep=" ", names=["qid", "Q0", "docno", "rank", "score", "tag"], dtype=str)
"""


def _rows(examples: Examples, left_out: LeftOut, *, tag: str = "", by_rank: bool = False) -> Iterator[Row]:
    tag = "_".join((tag or examples.miner).split()) or "negviz"
    for example in examples.texts():
        query = refuse_spaces(id_of(example), "query")
        names = {id_of(negative): refuse_spaces(id_of(negative), "document") for negative in example.negatives}
        listed = _scored(example, left_out, by_rank)
        for rank, (score, negative) in enumerate(_in_order(listed), start=1):
            line = {"qid": query, "Q0": "Q0", "docid": names[id_of(negative)], "rank": rank, "score": score, "tag": tag}
            yield Row(line, ids(example, [], [negative]))


def _scored(example: TextExample, left_out: LeftOut, by_rank: bool) -> list[tuple[float, TextDocument]]:
    """Negatives with what they are ranked by: all scores, or all ranks, because the two cannot be mixed."""
    scored = [(each.score, each) for each in example.negatives if each.score is not None and math.isfinite(each.score)]
    reason = UNKNOWN_SCORE
    if by_rank and len(scored) < len(example.negatives):
        scored = [(0.0 - each.rank, each) for each in example.negatives if each.rank is not None]
        reason = UNKNOWN_RANK
    known = {id(each) for _, each in scored}
    for each in example.negatives:
        if id(each) not in known:
            leave_out(left_out, example, reason, negative_id=each.id)
    return scored


def _in_order(listed: Sequence[tuple[float, TextDocument]]) -> Iterator[tuple[float, TextDocument]]:
    """Best first, as trec_eval orders a run whatever its ranks say.

    It reads scores in single precision and puts the greatest id, by bytes, first among those that are equal there; such
    scores are written as the one number that they are to it, so that readers in double precision see a tie as well.
    """
    rounded = [(float(np.float32(score)), score, each) for score, each in listed]
    rounded.sort(key=lambda entry: id_of(entry[2]).encode("utf-8", "replace"), reverse=True)
    rounded.sort(key=lambda entry: entry[0], reverse=True)
    for seen, tied in groupby(rounded, key=lambda entry: entry[0]):
        group = list(tied)
        same = len({score for _, score, _ in group}) == 1
        yield from ((score if same else seen, each) for _, score, each in group)


@EXPORTERS.register(
    "TREC run of the negatives",
    reference="https://github.com/usnistgov/trec_eval",
    trainer="trec_eval, ir_measures and trainers that sample negatives from a run",
    reads="trec",
    by_id=True,
    holds=(
        "ids", "titles", "grades", "scores", "answers", "positives", "negatives", "empty", "counts", "corpus",
    ),
    configs={"corpus": "corpus.jsonl", "queries": "queries.jsonl"},
    beside={
        QRELS: "the positives",
        "corpus.jsonl": "the documents: `_id`, `title`, `text`",
        "queries.jsonl": "the queries: `_id`, `text`",
    },
    rows=_rows,
    snippet=SNIPPET,
)  # fmt: skip
def trec_run(*, examples: Examples, folder: Path, tag: str = "", by_rank: bool = False) -> dict[str, Any]:
    """The negatives of every query as ``run.trec``, best first: query, Q0, document, rank from 1, score, tag.

    The positives lie beside as ``qrels.trec``, the texts as ``corpus.jsonl`` and ``queries.jsonl``. White space ends a
    field, so ids must not hold any. trec_eval goes by scores and not by ranks, and by ids where scores are equal, so
    the ranks are in that order. A negative without a score has no place in a run and is listed in ``left_out.jsonl``.

    Args:
        examples: What to write.
        folder: Where to write it.
        tag: Name of the run in the last field; the recipe's name if empty.
        by_rank: Where a score of a query is unknown, order its negatives by their ranks and write the rank below zero
            as the score.

    Returns:
        Counts: rows, judgments, positives, negatives, documents, left_out, queries_left_out, and data, the path of the
        run.

    Raises:
        ExportError: If an id is empty or holds white space, or if there is no row.
    """
    left_out: LeftOut = []
    lines = (" ".join(map(str, row.data.values())) for row in _rows(examples, left_out, tag=tag, by_rank=by_rank))
    rows = _write(folder / RUN, lines)
    if not rows:
        raise _nothing(left_out)
    judgments = _write(folder / QRELS, _judgments(examples))
    documents = write_lines(folder / "corpus.jsonl", beir_corpus(examples))
    write_lines(folder / "queries.jsonl", beir_queries(examples))
    return {
        "rows": rows,
        "judgments": judgments,
        "positives": judgments,
        "negatives": rows,
        "documents": documents,
        **report(left_out, folder),
        "data": RUN,
        "data_files": {RUN: rows},
    }


def _nothing(left_out: LeftOut) -> ExportError:
    if not left_out:
        return ExportError(
            "No query has a negative, so the run would be empty. Loosen the recipe so that more candidates are taken; "
            "a file that is converted has to hold the negatives."
        )
    return ExportError(
        "No query has a negative with a score, so the run would be empty: the scores are missing in the data. Give a "
        "score to each negative, set by_rank where their ranks are known, or choose a format without scores."
    )


def _write(path: Path, lines: Iterator[str]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        for line in lines:
            file.write(line + "\n")
            count += 1
    return count


def _judgments(examples: Examples) -> Iterator[str]:
    for example in examples.texts():
        query = refuse_spaces(id_of(example), "query")
        for positive in example.positives:
            yield f"{query} 0 {refuse_spaces(id_of(positive), 'document')} {grade_of(positive)}"
