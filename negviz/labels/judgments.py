"""Labels for other programs and for the table in front of a judge: relevance judgments, a sheet of conflicts."""

import csv
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

from negviz.dataset import Dataset
from negviz.errors import LabelError
from negviz.labels.events import ADJUDICATION, LabelEvent, Verdict
from negviz.labels.files import guarded
from negviz.labels.state import Labels
from negviz.writing import file_written_beside

TREC = (".qrels", ".trec")
BEIR = (".tsv",)
SHEET = (
    *("query_id", "document_id", "verdict", "query", "document", "said", "note", "queue"),
    *("query_key", "document_key"),
)


def write_judgments(labels: Labels, path: str | os.PathLike[str], dataset: Dataset | None = None) -> int:
    """Write what is known as relevance judgments: a false negative with its grade (1 if it has none), a true one as 0.

    What is to be dropped and what somebody is unsure of is no judgment, and labelled positives were nobody's question.

    Args:
        labels: Current verdicts.
        path: Ends in ``.qrels`` or ``.trec`` (TREC: query id, 0, document id, grade), or in ``.tsv`` (BEIR: with a
            header).
        dataset: Whose ids are written, for each of its pairs that is labelled; without it the ids that the pairs had
            when they were labelled.

    Returns:
        Number of judgments written.

    Raises:
        LabelError: If the suffix is another one, if an id is missing or has blanks, or if ids are not clear.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in (*TREC, *BEIR):
        raise LabelError(f"Judgments cannot be written to '{target.name}'; give a name that ends in .qrels or .tsv.")
    grades: dict[tuple[str, str], int] = {}
    for query, document, event in _named(labels, dataset):
        if event.verdict not in (Verdict.FALSE_NEGATIVE, Verdict.TRUE_NEGATIVE):
            continue
        grade = max(event.grade or 1, 1) if event.verdict is Verdict.FALSE_NEGATIVE else 0
        _check_id(query)
        _check_id(document)
        if grades.setdefault((query, document), grade) != grade:
            raise LabelError(
                f"Two labels of different texts go by the ids '{query}' and '{document}' and differ; "
                "name the data whose ids are meant."
            )
    lines = [
        f"{query}\t{document}\t{grade}\n" if suffix in BEIR else f"{query} 0 {document} {grade}\n"
        for (query, document), grade in sorted(grades.items())
    ]
    head = "query-id\tcorpus-id\tscore\n" if suffix in BEIR else ""
    with file_written_beside(target) as beside:
        beside.write_bytes("".join([head, *lines]).encode())
    return len(lines)


def write_conflicts(labels: Labels, path: str | os.PathLike[str]) -> int:
    """Write the open conflicts as a sheet to settle them in: who fills in ``verdict`` and imports it adjudicates.

    Args:
        labels: Current verdicts of everybody.
        path: Ends in ``.csv``.

    Returns:
        Number of conflicts.

    Raises:
        LabelError: If the suffix is another one.
    """
    target = Path(path)
    if target.suffix.lower() != ".csv":
        raise LabelError(f"Conflicts cannot be written to '{target.name}'; give a name that ends in .csv.")
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\r\n")
    writer.writerow(SHEET)
    for pair in sorted(labels.conflicts):
        said = labels.conflicts[pair]
        last = said[-1]
        row = [last.query_id, last.document_id, "", last.query, last.document, in_words(said), "", ADJUDICATION, *pair]
        writer.writerow([guarded(cell) for cell in row])
    with file_written_beside(target) as beside:
        beside.write_bytes(sheet.getvalue().encode())
    return len(labels.conflicts)


def in_words(said: tuple[LabelEvent, ...]) -> str:
    """What each voice of a conflict says, on one line."""
    return "; ".join(
        f"{event.annotator or 'nobody'}: {event.verdict}" + (f" ({event.note})" if event.note else "") for event in said
    )


def _named(labels: Labels, dataset: Dataset | None) -> Iterator[tuple[str, str, LabelEvent]]:
    if dataset is None:
        yield from ((event.query_id, event.document_id, event) for event in labels.values())
        return
    for query, document, event in labels.found(dataset):
        yield dataset.query_id(query), dataset.document_id(document), event


def _check_id(given: str) -> None:
    if not given:
        raise LabelError("A label has texts but no ids, and judgments consist of ids; name the data that it is about.")
    if re.search(r"\s", given):
        raise LabelError(f"The id {given!r} has blanks, which judgments cannot hold; export as .csv or .jsonl instead.")
