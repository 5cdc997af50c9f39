"""BEIR: a folder of a corpus, queries and judgments, as JSON lines and TSV or in the configurations of the Hub."""

from negviz.errors import DataError
from negviz.loaders import LOADERS, _mined, _qrels, _runs, _texts
from negviz.loaders import _parts as parts_of
from negviz.loaders._parts import DOCUMENTS, ID_ROWS, JUDGMENTS, MINED, QUERIES, TEACHER
from negviz.loaders._reading import Reading
from negviz.loaders._source import ENDINGS, Source, ending, is_table

# A folder that also holds rows of training data is no BEIR folder that lacks a part.
OWN = frozenset({DOCUMENTS, QUERIES, JUDGMENTS, MINED})


def recognise(source: Source) -> str | None:
    """Look for a corpus and queries as rows, with nothing beside them that trains by id."""
    if not source.is_folder:
        return None
    corpus, queries = _texts.rows(source, DOCUMENTS), _texts.rows(source, QUERIES)
    parts = parts_of.parts(source)
    if not (corpus or queries) or ID_ROWS in parts or TEACHER in parts or _runs.is_trec(source):
        return None
    if not (corpus and queries) and _is_other(source):
        return None
    what = "Parquet or Arrow rows" if _is_columnar(source, corpus or queries) else "JSON lines"
    return f"The folder holds a corpus or queries as {what}, as BEIR's do{_mined.named(source)}."


@LOADERS.register(
    "BEIR folder",
    reference="https://github.com/beir-cellar/beir",
    trainer="BEIR, MTEB and everything that evaluates on them",
    title="Folder with corpus, queries and qrels, as JSONL and TSV or as Parquet from the Hub",
    recognise=recognise,
    by_id=True,
)
def beir(source: Source) -> Reading:
    """Read a corpus, queries and the judgments of one split.

    The split is the one asked for; else ``train``, else the only one, else ``test``. When the positives come from
    ``train``, the files named dev, val, valid, validation and test are held-out judgments. Other files are not read.
    A grade of 0 or less is kept as a negative that somebody judged. A query's ``answers``, at its top level or in its
    ``metadata``, are read where it has some. The parts may also be configurations (a folder or a file each) in Parquet,
    Arrow or JSON lines, as on the Hub. Mined negatives by id (``qid``, ``pos`` and, by miner, ``neg``) that lie beside
    are read with ``train``.

    Args:
        source: The folder.

    Raises:
        DataError: If one of the three parts is missing or empty, or the split is not there.
    """
    reading = Reading()
    texts = _texts.Texts(_part(source, DOCUMENTS, "corpus"), _part(source, QUERIES, "queries"))
    splits = _mined.examples(source, reading, _qrels.judgment_files(source))
    _texts.read(source, texts, reading, splits)
    return reading


def _part(source: Source, role: str, stem: str) -> list[str]:
    names = _texts.rows(source, role)
    if not names:
        raise DataError(f"{source.name} is no BEIR folder: it has no {stem}.jsonl.")
    return names


def _is_other(source: Source) -> bool:
    """Whether there are tables that are neither lists of texts nor judgments."""
    known = {name for role, names in parts_of.parts(source).items() if role in OWN for name in names}
    named = {*_qrels.judgment_files(source), *_texts.rows(source, DOCUMENTS), *_texts.rows(source, QUERIES)}
    tables = (name for name in source.files if is_table(name) and ENDINGS[ending(name)] != "delimited")
    return any(name not in known | named for name in tables if parts_of.first_row(source, name))


def _is_columnar(source: Source, names: list[str]) -> bool:
    return source.is_columnar(names[0])
