"""MS MARCO: a folder of collection.tsv, queries.*.tsv and qrels.*.tsv, none with a header."""

from collections.abc import Iterator

from negviz.errors import DataError
from negviz.examples import Place, TextDocument, TextQuery
from negviz.loaders import LOADERS, _qrels
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source, bare, ending


def recognise(source: Source) -> str | None:
    """Look for a collection and queries as tables."""
    if not source.is_folder or not (_named(source, "collection") and _named(source, "queries")):
        return None
    return "The folder holds a collection and queries as tab-separated text, as MS MARCO's does."


@LOADERS.register(
    "MS MARCO folder",
    reference="https://microsoft.github.io/msmarco/",
    trainer="MS MARCO passage ranking, Anserini and ColBERT",
    title="Folder with collection.tsv, queries.*.tsv and qrels.*.tsv",
    recognise=recognise,
)
def msmarco(source: Source) -> Reading:
    """Read a collection, all queries and the judgments of one split (chosen as for a BEIR folder).

    Args:
        source: The folder.

    Raises:
        DataError: If one of the three parts is missing, or the split is not there.
    """
    reading = Reading()
    collections, queries, judgments = (_named(source, stem) for stem in ("collection", "queries", "qrels"))
    if not collections or not queries:
        raise DataError(f"{source.path.name} is no MS MARCO folder: it lacks collection.tsv or queries.tsv.")
    reading.documents = _documents(source, reading, collections)
    # The small files repeat lines of the full ones: that is no mistake.
    reading.queries = (
        TextQuery(text, own, again=True, place=place)
        for name in queries
        for place, (own, text) in _pairs(source, name, reading)
    )
    reading.examples = _qrels.examples(source, reading, judgments)
    return reading


def _documents(source: Source, reading: Reading, names: list[str]) -> Iterator[tuple[TextDocument, Place]]:
    for name in names:
        for place, (own, text) in _pairs(source, name, reading):
            yield TextDocument(text, "", own), place


def _named(source: Source, stem: str) -> list[str]:
    names = [name for name in source.files if ending(name) in {".tsv", ".txt"} and "/" not in name]
    return [name for name in names if bare(name) == stem or bare(name).startswith(f"{stem}.")]


def _pairs(source: Source, name: str, reading: Reading) -> Iterator[tuple[Place, tuple[str, str]]]:
    for line, text in source.lines(name):
        own, tab, value = text.partition("\t")
        if tab and own:
            yield Place(name, line), (own, value)
        elif text.strip():
            reading.report("bad row", "The row is not an id, a tab and a text; it was left out.", Place(name, line))
