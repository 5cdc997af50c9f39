"""LlamaIndex: one JSON object of queries, corpus and relevant_docs, as its embedding finetuning reads it."""

from collections.abc import Iterator
from typing import Any

from negviz.errors import DataError
from negviz.examples import Place, TextDocument, TextExample, TextQuery
from negviz.loaders import LOADERS
from negviz.loaders._cells import BadRowError, as_id, as_text
from negviz.loaders._members import Member, first_key, members
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source, ending

SECTIONS = ("queries", "corpus", "relevant_docs")


def recognise(source: Source) -> str | None:
    """Look for the three keys."""
    name = _file(source)
    return name and "It is one JSON object with the keys queries, corpus and relevant_docs, as LlamaIndex writes it."


@LOADERS.register(
    "LlamaIndex",
    reference="https://docs.llamaindex.ai/en/stable/examples/finetuning/embeddings/finetune_embedding/",
    trainer="LlamaIndex (EmbeddingQAFinetuneDataset)",
    title="One JSON object with queries, corpus and relevant_docs",
    recognise=recognise,
)
def llamaindex(source: Source) -> Reading:
    """Read texts by id and the relevant documents of each query; there are no negatives.

    Args:
        source: The file, or a folder with one such file.

    Raises:
        DataError: If it is no such object.
    """
    name = _file(source)
    if name is None:
        raise DataError(f"{source.name} is no JSON object with the keys {', '.join(SECTIONS)}.")
    reading = Reading()
    reading.documents = (
        (TextDocument(text or "", "", member.key), Place(name, member.line))
        for member, text in _texts(source, name, reading, "corpus")
    )
    reading.queries = (
        TextQuery(text, member.key or "", place=Place(name, member.line))
        for member, text in _texts(source, name, reading, "queries")
    )
    reading.examples = _examples(source, name, reading)
    return reading


def _file(source: Source) -> str | None:
    """The file, if its object has all three keys; only one that begins with them is looked through."""
    names = [name for name in source.files if ending(name) == ".json"] if source.is_folder else list(source.files)
    if len(names) != 1 or not (source.is_folder or ending(names[0]) not in {".tsv", ".csv"}):
        return None
    name = names[0]
    asked = f"{name}\nsections"
    if asked not in source.rows:
        source.rows[asked] = _sections(source, name)
    found: frozenset[str] = source.rows[asked]
    return name if found >= {*SECTIONS} else None


def _sections(source: Source, name: str) -> frozenset[str]:
    try:
        if source.is_columnar(name) or first_key(source, name) not in {*SECTIONS, "mode"}:
            return frozenset()
        found: set[str] = set()
        for member in members(source, name, None, SECTIONS, SECTIONS):
            found.add(member.section)
            if found >= {*SECTIONS}:
                break
        return frozenset(found)
    except DataError:
        return frozenset()


def _texts(source: Source, name: str, reading: Reading, section: str) -> Iterator[tuple[Member, str | None]]:
    # The file is gone through for each section; where it is damaged is said the first time.
    noticing = reading if section == "corpus" else None
    for member in members(source, name, noticing, SECTIONS, (section,)):
        try:
            text = as_text(member.value)
        except BadRowError as error:
            what = "document" if section == "corpus" else "query"
            message = f"The {what} '{member.key}' {error}; it was left out."
            reading.report("bad row", message, Place(name, member.line))
            continue
        yield member, text


def _examples(source: Source, name: str, reading: Reading) -> Iterator[TextExample]:
    for member in members(source, name, None, SECTIONS, ("relevant_docs",)):
        place = Place(name, member.line)
        try:
            documents = tuple(TextDocument(None, id=own, listed=True) for own in _ids(member.value))
        except BadRowError as error:
            reading.report("bad row", f"The relevant documents of '{member.key}' {error}; left out.", place)
            continue
        yield TextExample(None, documents, (), member.key, listed=True, place=place)


def _ids(value: Any) -> list[str]:
    if not isinstance(value, list) or not value:
        raise BadRowError("are no list of ids")
    found = [as_id(each) for each in value]
    if None in found:
        raise BadRowError("have one without an id")
    return [each for each in found if each is not None]
