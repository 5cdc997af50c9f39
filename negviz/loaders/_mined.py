"""Mined negatives by id beside a corpus and queries: sets of one list a miner, and MS MARCO's triples of ids."""

from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from typing import Any, NamedTuple

from negviz.errors import DataError
from negviz.examples import Place, TextDocument, TextExample
from negviz.loaders import _parts as parts_of
from negviz.loaders import _qrels
from negviz.loaders._cells import BadRowError, as_id, as_number, as_text
from negviz.loaders._parts import MINED
from negviz.loaders._qrels import Judged
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source, bare, ending

QUERY_IDS = ("qid", "query_id", "query-id", "question_id")
IDS = ("pid", "docid", "doc_id", "document_id", "corpus-id", "_id", "id")
SCORES = ("score", "ce-score", "ce_score", "bm25-score")
LISTS = ("ids", "document_ids", "pids", "docids", "documents", "neg")
MOST = 1000


class Line(NamedTuple):
    """A line of triples of ids."""

    place: Place
    query: str
    positive: str
    negative: str


def files(source: Source) -> list[str]:
    """Files of mined negatives by id."""
    if not source.is_folder:
        return []
    return [*parts_of.parts(source).get(MINED, []), *(name for name in source.files if _is_triples(source, name))]


def named(source: Source) -> str:
    """The rest of a sentence that says which mined negatives lie beside, empty where none do."""
    found = files(source)
    return f", and mined negatives by id in {', '.join(found[:3])}" if found else ""


def examples(source: Source, reading: Reading, judgments: Sequence[str]) -> list[str]:
    """Let a reading have the judgments of a split, and the mined negatives if that split is ``train``.

    A positive that the mined rows name is read if no judgment says so already; with a folder that has no judgments to
    train on, all of them are.

    Args:
        source: What was asked for.
        reading: What gets them.
        judgments: Files of judgments.

    Returns:
        The splits that are read.

    Raises:
        DataError: If there is nothing, or no such split.
    """
    mined = files(source)
    judged = Judged()
    choice, found = _qrels.examples(source, reading, judgments, mined=bool(mined), judged=judged if mined else None)
    wanted = mined if source.split in {None, choice.split} and choice.split not in _qrels.HELD_OUT else []
    if mined:
        reading.facts |= {"mined": wanted, "mined_not_read": [name for name in mined if name not in wanted]}
    reading.examples = _chained(source, reading, found, wanted, judged)
    return [choice.split, *map(_qrels.split_name, choice.held_out)]


def _chained(
    source: Source, reading: Reading, found: Iterator[TextExample], mined: Sequence[str], judged: Judged
) -> Iterator[TextExample]:
    """Judgments first, so that it is known which positives of the mined rows they have already."""
    yield from found
    for name in mined:
        if ending(name) in {".tsv", ".txt"}:
            yield from _triples(source, name, reading, judged)
        elif "miner" in (parts_of.first_row(source, name) or {}):
            yield from _pairs(source, name, reading)
        else:
            yield from _sets(source, name, reading, judged)


def _is_triples(source: Source, name: str) -> bool:
    """Whether a file is of lines of three ids: no text is a single word."""
    if ending(name) not in {".tsv", ".txt"} or "triples" not in bare(name):
        return False
    try:
        cells = source.head(name)[:4096].split("\n")[0].strip("\r").split("\t")
    except DataError:
        return False
    return len(cells) == 3 and all(len(cell.split()) == 1 for cell in cells)


def _triples(source: Source, name: str, reading: Reading, judged: Judged) -> Iterator[TextExample]:
    """Lines of (query, positive, negative), those of one pair that follow each other put together."""
    for (query, positive), lines in groupby(_lines(source, name, reading), key=lambda line: line[1:3]):
        while some := list(islice(lines, MOST)):
            yield TextExample(
                None, () if judged.has(query, positive) else (_document(positive),),
                tuple(_document(line.negative) for line in some), query, listed=True, place=some[0].place,
            )  # fmt: skip


def _lines(source: Source, name: str, reading: Reading) -> Iterator[Line]:
    for number, text in source.lines(name):
        cells = [cell.strip() for cell in text.split("\t")]
        if len(cells) == 3 and all(cells):
            yield Line(Place(name, number), *cells)
        elif text.strip():
            message = "The row is not a query id, a positive's and a negative's; it was left out."
            reading.report("bad row", message, Place(name, number))


def _sets(source: Source, name: str, reading: Reading, judged: Judged) -> Iterator[TextExample]:
    """Rows of a query id, its positives and its negatives by miner; each miner's list becomes an example."""
    for _, line, row in parts_of.rows_of(source, [name], reading):
        place = Place(name, line)
        try:
            query = next((as_id(row[key]) for key in QUERY_IDS if key in row), None)
            if query is None:
                raise BadRowError("has no qid")
            positives = [each for each in _named(row.get("pos"), "") if not judged.has(query, each.id or "")]
            negatives = [_named(listed, miner) for miner, listed in _by_miner(row.get("neg")) if listed != []]
        except BadRowError as error:
            reading.report("bad row", f"The row {error}; it was left out.", place)
            continue
        if positives or not negatives:
            yield TextExample(None, tuple(positives), (), query, listed=True, place=place)
        # One list after the other: that two miners found the same document is no mistake.
        for listed in negatives:
            yield TextExample(None, (), tuple(listed), query, listed=True, place=place)


def _pairs(source: Source, name: str, reading: Reading) -> Iterator[TextExample]:
    """Rows of a query id and a negative's, each with its miner; those of one query that follow each other together."""
    for query, rows in groupby(_rows(source, name, reading), key=lambda row: row[1]):
        while some := list(islice(rows, MOST)):
            yield TextExample(None, (), tuple(row[2] for row in some), query, listed=True, place=some[0][0])


def _rows(source: Source, name: str, reading: Reading) -> Iterator[tuple[Place, str, TextDocument]]:
    for _, line, row in parts_of.rows_of(source, [name], reading):
        place = Place(name, line)
        try:
            query = next((as_id(row[key]) for key in QUERY_IDS if key in row), None)
            own = next((as_id(row[key]) for key in IDS if key in row), None)
            score, rank, miner = as_number(row.get("score")), as_number(row.get("rank")), as_text(row.get("miner"))
            if query is None or own is None:
                raise BadRowError("lacks the id of a query or of a document")
        except BadRowError as error:
            reading.report("bad row", f"The row {error}; it was left out.", place)
            continue
        yield (
            place,
            query,
            _document(own)._replace(score=score, rank=None if rank is None else int(rank), miner=miner or ""),
        )


def _by_miner(value: Any) -> Iterator[tuple[str, Any]]:
    """Lists of negatives with their miner: an object of lists, a list of objects, or a list of ids alone."""
    if value is None:
        return
    if isinstance(value, dict):
        # Parquet gives every row every key.
        yield from ((str(miner), listed) for miner, listed in value.items() if listed is not None)
    elif not isinstance(value, list):
        raise BadRowError("has no object or list 'neg'")
    elif value and all(isinstance(each, dict) and "miner" in each for each in value):
        for each in value:
            yield as_text(each["miner"]) or "", next((each[key] for key in LISTS if key in each), [])
    elif value:
        yield "", value


def _named(value: Any, miner: str) -> list[TextDocument]:
    """Documents of a list of ids, or of objects with an id and a score."""
    if not isinstance(value, list):
        raise BadRowError(f"has no list of ids{f' of the miner {miner!r}' if miner else ' pos'}")
    found = []
    for each in value:
        own, score = each, None
        if isinstance(each, dict):
            own = next((each[key] for key in IDS if key in each), None)
            score = next((as_number(each[key]) for key in SCORES if key in each), None)
        name = as_id(own)
        if name is None:
            raise BadRowError("has a document without an id")
        found.append(_document(name)._replace(miner=miner, score=score))
    return found


def _document(own: str) -> TextDocument:
    return TextDocument(None, id=own, listed=True)
