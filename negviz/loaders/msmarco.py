"""MS MARCO: a folder of collection.tsv, queries.*.tsv and qrels.*.tsv or triples of ids, none with a header."""

from negviz.errors import DataError
from negviz.loaders import LOADERS, _mined, _runs, _texts
from negviz.loaders import _parts as parts_of
from negviz.loaders._parts import MINED
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source


def recognise(source: Source) -> str | None:
    """Look for a collection and queries as tables, or for mined ids alone."""
    if _alone(source):
        return "Its rows are a query id, positives' ids and negatives' ids, as the MS MARCO hard negatives are."
    if not source.is_folder or not _texts.tables(source, "collection") or not _texts.tables(source, "queries"):
        return None
    if _runs.is_trec(source):
        return None
    texts = "The folder holds a collection and queries as tab-separated text, as MS MARCO's does"
    return f"{texts}{_mined.named(source)}."


@LOADERS.register(
    "MS MARCO folder",
    reference="https://microsoft.github.io/msmarco/",
    trainer="MS MARCO passage ranking, Anserini and ColBERT",
    title="Folder with collection.tsv, queries.*.tsv and qrels.*.tsv, triples of ids or negatives by miner",
    recognise=recognise,
    by_id=True,
)
def msmarco(source: Source) -> Reading:
    """Read a collection, all queries and the judgments of one split (chosen as for a BEIR folder).

    Triples of ids (``qidpidtriples*.tsv``: query, positive, negative) and sets of negatives by miner (``qid``, ``pos``
    and ``neg``, lists of ids by miner) that lie beside are read with ``train``; without judgments to train on, their
    positives are the positives.

    Args:
        source: The folder.

    Raises:
        DataError: If one of the three parts is missing, or the split is not there.
    """
    if _alone(source):
        _texts.require(source, _texts.Texts([], []), "mined negatives")
    reading = Reading()
    collections, queries = _texts.tables(source, "collection"), _texts.tables(source, "queries")
    if not collections or not queries:
        raise DataError(f"{source.name} is no MS MARCO folder: it lacks collection.tsv or queries.tsv.")
    _mined.examples(source, reading, _texts.tables(source, "qrels"))
    reading.documents = _texts.documents(source, collections, reading)
    reading.queries = _texts.asked(source, queries, reading)
    return reading


def _alone(source: Source) -> bool:
    """Whether there are mined ids and nothing else."""
    return set(parts_of.parts(source)) == {MINED} and not _texts.find(source).documents
