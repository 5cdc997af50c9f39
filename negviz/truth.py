"""Truth: judgments from a file that only measure; neither mining nor choosing ever sees them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from negviz.arrays import Bools, Ints, fingerprint
from negviz.dataset import Dataset, Judgments
from negviz.errors import DataError
from negviz.loaders._qrels import read
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source

GRADED = 2
UNJUDGED = np.iinfo(np.int32).min


@dataclass(frozen=True, eq=False)
class Truth:
    """Judgments of pairs.

    Attributes:
        name: Name of the file.
        judgments: (query row, document row, grade), grades of 0 and less included.
        relevant_from: Smallest grade that counts as an answer.
        complete: Whether a pair that is not in the file counts as no answer, where its query is in it; else it counts
            as not judged.
        unknown: Lines that name a query or a document that the dataset does not have.
        unreadable: Lines that are no judgment.
    """

    name: str
    judgments: Judgments
    relevant_from: int
    complete: bool = False
    unknown: int = 0
    unreadable: int = 0

    @property
    def fingerprint(self) -> str:
        """Digest of what a measurement depends on."""
        rows = self.judgments
        return fingerprint("truth 1", rows.queries, rows.documents, rows.grades, self.relevant_from, self.complete)

    def verdicts(self, queries: Ints, documents: Ints, width: int) -> tuple[Bools, Bools]:
        """Whether pairs are relevant, and whether that is known.

        Args:
            queries: (pairs,) query rows of the dataset.
            documents: (pairs,) document rows.
            width: Number of documents of the dataset.
        """
        rows = self.judgments
        known = rows.queries.astype(np.int64) * width + rows.documents
        asked = queries.astype(np.int64) * width + documents
        place = np.minimum(np.searchsorted(known, asked), len(known) - 1)
        grades = np.where(known[place] == asked, rows.grades[place], UNJUDGED)
        judged = np.isin(queries, rows.queries) if self.complete else grades != UNJUDGED
        return np.asarray((grades != UNJUDGED) & (grades >= self.relevant_from)), np.asarray(judged)


def read_truth(
    path: Path, dataset: Dataset, *, relevant_from: int | None = None, complete: bool = False, name: str = ""
) -> Truth:
    """Read judgments as TREC or BEIR have them (query, document, grade; tab or space; plain, .gz or .zst; JSON lines).

    Args:
        path: The file.
        dataset: Whose ids it names; lines with other ids are counted and left out.
        relevant_from: Smallest grade that counts as an answer; None for 2 where the file has grades of 2 or more, as
            TREC Deep Learning counts them, else 1.
        complete: Whether a pair that is not in the file counts as no answer, where its query is in it.
        name: What the file is called, its own name where not given.

    Raises:
        DataError: If it cannot be read, or no line of it fits the dataset.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"There is no file of judgments {path}; give a qrels file, as of TREC or BEIR.")
    called = name or path.name
    query_rows = {known: row for row, known in enumerate(dataset.query_ids)}
    document_rows = {known: row for row, known in enumerate(dataset.document_ids)}
    reading, unknown, triples = Reading(), 0, []
    for judgment in read(Source(path, (path.name,)), path.name, reading):
        query, document = query_rows.get(judgment.query), document_rows.get(judgment.document)
        if query is None or document is None:
            unknown += 1
        else:
            triples.append((query, document, judgment.grade))
    if not triples:
        raise DataError(
            f"No line of {called} is a judgment of a query and a document of '{dataset.name}' ({unknown:,} name other "
            "ids); give the judgments of this collection, with the same ids."
        )
    found = Judgments.of(triples)
    usual = GRADED if int(found.grades.max()) >= GRADED else 1
    unreadable = sum(problem.kind == "bad row" for problem in reading.problems)
    return Truth(called, found, usual if relevant_from is None else relevant_from, complete, unknown, unreadable)
