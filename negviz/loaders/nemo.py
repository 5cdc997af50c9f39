"""NeMo Automodel: a JSON of questions with documents by id beside a corpus folder, or rows with the texts inside."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from negviz.errors import DataError
from negviz.examples import Place, TextDocument, TextExample
from negviz.loaders import LOADERS
from negviz.loaders import _json as json_text
from negviz.loaders import _parts as parts_of
from negviz.loaders._cells import BadRowError, as_id, as_number, as_text, group_of, passage_of
from negviz.loaders._members import first_key, members
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source, bare, ending, is_table
from negviz.loaders._table import first_record

LONG = ("corpus", "data")
METADATA = "merlin_metadata.json"
TEXTS = ("text", "contents", "content", "passage")


class Corpus(NamedTuple):
    """A corpus folder.

    Attributes:
        name: Its id.
        files: Files of documents.
    """

    name: str
    files: list[str]


def recognise(source: Source) -> str | None:
    """Look for questions under ``data``, or for rows with ``pos_doc``."""
    if _file(source):
        return "It is a JSON object with a corpus and data of pos_doc and neg_doc by id, as NeMo Automodel reads it."
    first = first_record(source, source.tables[0]) if source.tables else None
    if first is None or not isinstance(first.get("pos_doc"), list | str) or not {"query", "question"} & first.keys():
        return None
    if _names_ids(first["pos_doc"]):
        return None
    return "Its rows have a query, pos_doc and neg_doc with the texts inside, as NeMo Automodel reads them."


@LOADERS.register(
    "NeMo Automodel",
    reference="https://github.com/NVIDIA-NeMo/Automodel",
    trainer="NeMo Automodel",
    title="train.json with corpus folders (merlin_metadata.json, Parquet), or JSONL with query, pos_doc and neg_doc",
    recognise=recognise,
    by_id=True,
)
def nemo(source: Source) -> Reading:
    """Read questions with their positives and negatives, by id from corpus folders or with the texts inside.

    A corpus folder lies in the folder of the file that names it. Where a file names several corpora, ids become
    ``CORPUS/ID``. A negative's score is kept.

    Args:
        source: The JSON file, its folder, or rows with the texts inside.

    Raises:
        DataError: If a corpus is not there, or lies elsewhere.
    """
    name, reading = _file(source), Reading()
    if name is None:
        reading.examples = _inline(source, reading)
        return reading
    home = source if source.is_folder else replace(source, path=source.path.parent)
    corpora = _corpora(home, name)
    several = len(corpora) > 1
    reading.documents = _documents(home, corpora, several, reading)
    reading.examples = _examples(home, name, corpora, reading)
    return reading


def _file(source: Source) -> str | None:
    """The JSON file of questions by id."""
    names = [name for name in source.files if ending(name) == ".json" and bare(name) != bare(METADATA)]
    fitting = [name for name in (names if source.is_folder else source.files) if _fits(source, name)]
    if len(fitting) < 2:
        return next(iter(fitting), None)
    wanted = [name for name in fitting if parts_of.split_of(name) == (source.split or "train")]
    return wanted[0] if len(wanted) == 1 else None


def _fits(source: Source, name: str) -> bool:
    """Whether the first entry of ``data`` has positives by id; only a file that begins so is looked through."""
    asked = f"{name}\nnemo"
    if asked not in source.rows:
        try:
            begins = not source.is_columnar(name) and first_key(source, name) in {"corpus", "data"}
            first = next(members(source, name, None, LONG, ("data",)), None) if begins else None
        except DataError:
            first = None
        value = first.value if first else None
        source.rows[asked] = isinstance(value, dict) and "pos_doc" in value
    return bool(source.rows[asked])


def _corpora(home: Source, name: str) -> dict[str, Corpus]:
    """Corpora that a file names, by id.

    Raises:
        DataError: If it names none, or one that is not in its folder.
    """
    found: dict[str, Corpus] = {}
    for member in members(home, name, None, LONG, ("corpus",)):
        entry = member.value if member.key is None else {member.key: member.value}
        path = entry.get("path") if isinstance(entry, dict) else entry
        if isinstance(path, str):
            corpus = _corpus(home, name, path)
            found[corpus.name] = corpus
    if not found:
        raise DataError(f'{name} names no corpus folder, as in "corpus": [{{"path": "wiki_corpus"}}].')
    return found


def _corpus(home: Source, name: str, path: str) -> Corpus:
    """A corpus folder, in the folder of the file that names it: what a file says is no leave to read elsewhere."""
    inside = PurePosixPath(path.replace("\\", "/"))
    base = home.path / PurePosixPath(name).parent
    choices = [inside, PurePosixPath(inside.name)]
    folder = next((base / each for each in choices if _is_inside(base, each)), None)
    if folder is None:
        raise DataError(
            f"{name} names the corpus '{path}', which is not in its folder; put the corpus folder beside {name}."
        )
    files = sorted(each for each in folder.iterdir() if each.is_file() and is_table(each.name))
    listed = [each.relative_to(home.path).as_posix() for each in files if each.name != METADATA]
    if not listed:
        raise DataError(f"The corpus folder '{path}' of {name} holds no Parquet or JSON lines.")
    about = (
        json_text.first_object(home, (folder / METADATA).relative_to(home.path).as_posix())
        if (folder / METADATA).is_file()
        else None
    )
    return Corpus(str((about or {}).get("corpus_id") or folder.name), listed)


def _is_inside(base: Path, inside: PurePosixPath) -> bool:
    if inside.is_absolute() or ".." in inside.parts or not inside.name:
        return False
    return (base / inside).is_dir()


def _documents(
    home: Source, corpora: dict[str, Corpus], several: bool, reading: Reading
) -> Iterator[tuple[TextDocument, Place]]:
    for corpus in corpora.values():
        for name, line, row in parts_of.rows_of(home, corpus.files, reading):
            place = Place(name, line)
            try:
                own = as_id(row.get("id", row.get("_id", row.get("docid"))))
                text = next((as_text(row[key]) for key in TEXTS if key in row), None)
                title = as_text(row.get("title")) or ""
            except BadRowError as error:
                reading.report("bad row", f"The document {error}; it was left out.", place)
                continue
            if own is None:
                reading.report("bad row", "The document has no id; it was left out.", place)
            else:
                whole = f"{corpus.name}/{own}" if several else own
                yield TextDocument(text or "", title, whole, group_of(row)), place


def _examples(home: Source, name: str, corpora: dict[str, Corpus], reading: Reading) -> Iterator[TextExample]:
    for member in members(home, name, reading, LONG, ("data",)):
        place, row = Place(name, member.line), member.value
        try:
            if not isinstance(row, dict):
                raise BadRowError("is no object")
            before = _before(row, corpora)
            positives, negatives = (
                tuple(_named(each, before) for each in _list(row, key)) for key in ("pos_doc", "neg_doc")
            )
            text, own = as_text(row.get("question", row.get("query"))), as_id(row.get("question_id"))
        except BadRowError as error:
            reading.report("bad row", f"The question {error}; it was left out.", place)
            continue
        answers = reading.answers(row.get("answers"), place)
        yield TextExample(text, positives, negatives, own, answers, place=place)


def _before(row: dict[str, Any], corpora: dict[str, Corpus]) -> str:
    """What stands before the ids of a question's documents."""
    if len(corpora) == 1:
        return ""
    corpus = as_id(row.get("corpus_id"))
    if corpus not in corpora:
        raise BadRowError(f"names the corpus '{corpus}', which is none of {', '.join(sorted(corpora))}")
    return f"{corpus}/"


def _named(value: Any, before: str) -> TextDocument:
    own = as_id(value.get("id", value.get("_id")) if isinstance(value, dict) else value)
    if own is None:
        raise BadRowError("has a document without an id")
    score = as_number(value.get("score")) if isinstance(value, dict) else None
    return TextDocument(None, id=f"{before}{own}", score=score, listed=True)


def _list(row: dict[str, Any], key: str) -> list[Any]:
    value = row.get(key)
    if value is None and key == "neg_doc":
        return []
    if isinstance(value, str | dict):
        return [value]
    if not isinstance(value, list):
        raise BadRowError(f"has no list '{key}'")
    return value


def _inline(source: Source, reading: Reading) -> Iterator[TextExample]:
    """Rows with the texts inside."""
    for name, line, row in parts_of.rows_of(source, source.tables, reading):
        place = Place(name, line)
        try:
            text = as_text(row.get("query", row.get("question")))
            positives, negatives = (tuple(map(_carried, _list(row, key))) for key in ("pos_doc", "neg_doc"))
            own = as_id(row.get("question_id", row.get("query_id")))
        except BadRowError as error:
            reading.report("bad row", f"The row {error}; it was left out.", place)
            continue
        answers = reading.answers(row.get("answers"), place)
        yield TextExample(text, positives, negatives, own, answers, place=place)


def _carried(value: Any) -> TextDocument:
    score = as_number(value.get("score")) if isinstance(value, dict) else None
    return passage_of(value)._replace(score=score)


def _names_ids(value: Any) -> bool:
    """Whether documents are objects with an id and no text."""
    return isinstance(value, list) and any(isinstance(each, dict) and not {*TEXTS} & each.keys() for each in value)
