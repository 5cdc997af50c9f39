"""Runs of TREC: lines of a query id, Q0, a document id, a rank, a score and a name."""

import re
from collections.abc import Callable, Iterator
from itertools import groupby, islice
from typing import NamedTuple, TypeAlias

from negviz.errors import DataError
from negviz.examples import Place, TextDocument, TextExample
from negviz.loaders import _texts
from negviz.loaders._cells import as_number
from negviz.loaders._qrels import Judged
from negviz.loaders._reading import Reading
from negviz.loaders._source import ENDINGS, Source, ending

ENDS = frozenset({".run", ".trec", ".res", ".top", ".out", ".eval", ".qrel", ".qrels", ".txt", ".tsv", ""})
OTHER = frozenset({".md", ".py", ".yaml", ".yml", ".sh", ".lock"})
LOOKED_AT = 20
MOST = 5000
_WHOLE = re.compile(r"-?\d+")

Test: TypeAlias = Callable[[list[str]], bool]


class Line(NamedTuple):
    """A line of a run."""

    place: Place
    query: str
    document: str
    rank: int
    score: float | None
    name: str


def run_files(source: Source) -> list[str]:
    """Files that are runs, by their lines."""
    return [name for name in source.files if _fits(source, name, _is_run)]


def trec_judgments(source: Source) -> list[str]:
    """Files that are judgments as TREC writes them, by their lines."""
    return [name for name in source.files if _fits(source, name, _is_judgment)]


def is_trec(source: Source) -> bool:
    """Whether runs and judgments of TREC lie beside a corpus and queries."""
    return bool(
        source.is_folder and run_files(source) and trec_judgments(source) and _texts.find(source).whole
    )  # fmt: skip


def examples(source: Source, names: list[str], reading: Reading, judged: Judged) -> Iterator[TextExample]:
    """What runs found for queries with a positive and nobody judged to be one, as mined negatives.

    Args:
        source: What was asked for.
        names: Files of runs.
        reading: Where problems and facts are noted.
        judged: The judgments of the split, all of which have been read.
    """
    others = 0
    for name in names:
        base: dict[str, int] = {}
        for query, lines in groupby(_lines(source, name, reading), key=lambda line: line.query):
            while some := list(islice(lines, MOST)):
                if not judged.asks(query):
                    others += len(some)
                    continue
                # Ranks begin with 1, or with 0 in some tools' runs.
                base.setdefault(name, min(some[0].rank, 1))
                found = tuple(
                    TextDocument(
                        None, id=line.document, listed=True, score=line.score, rank=max(line.rank - base[name], 0),
                        miner=line.name,
                    )
                    for line in some if not judged.has(query, line.document)
                )  # fmt: skip
                yield TextExample(None, (), found, query, listed=True, place=some[0].place)
    reading.facts |= {"runs": names, "run_lines_of_other_queries": others}


def _lines(source: Source, name: str, reading: Reading) -> Iterator[Line]:
    for number, text in source.lines(name):
        cells = text.split()
        if _is_run(cells):
            query, _, document, rank, score, tag = cells
            yield Line(Place(name, number), query, document, int(rank), as_number(score), tag)
        elif cells:
            message = "The line is not a query id, Q0, a document id, a rank, a score and a name; it was left out."
            reading.report("bad row", message, Place(name, number))


def _fits(source: Source, name: str, test: Test) -> bool:
    """Whether most of the first lines of a file fit; what is no text fits nothing."""
    end = ending(name)
    if (end not in ENDS and end in ENDINGS) or end in OTHER:
        return False
    asked = f"{name}\n{test.__name__}"
    if asked not in source.rows:
        source.rows[asked] = _most_fit(source, name, test)
    return bool(source.rows[asked])


def _most_fit(source: Source, name: str, test: Test) -> bool:
    try:
        if source.is_columnar(name):
            return False
        lines = source.head(name).split("\n", LOOKED_AT)
    except DataError:
        return False
    # The last one may be cut off, if the file has more of them.
    cells = [line.split() for line in (lines[:-1] if len(lines) > LOOKED_AT else lines) if line.strip()]
    # A bad line among them is named when it is read.
    fitting = list(map(test, cells))
    return bool(cells) and fitting[0] and sum(fitting) * 2 >= len(cells)


def _is_run(cells: list[str]) -> bool:
    return len(cells) == 6 and bool(_WHOLE.fullmatch(cells[3])) and as_number(cells[4]) is not None


def _is_judgment(cells: list[str]) -> bool:
    """Whether a line is a query id, an iteration (0 or Q0), a document id and a grade."""
    return len(cells) == 4 and cells[1] in {"0", "Q0", "q0"} and bool(_WHOLE.fullmatch(cells[3]))
