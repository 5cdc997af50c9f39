"""MS MARCO folder, with triples to train on."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from negviz.examples import Examples, TextDocument, TextExample
from negviz.exporters import EXPORTERS
from negviz.exporters._by_id import (
    DOCUMENT_IDS,
    DOCUMENT_IDS_ARE,
    JUDGED_IDS_ARE,
    QUERY_IDS,
    QUERY_IDS_ARE,
    Flattening,
    Numbers,
    document_ids,
    grade_of,
    id_of,
    judged,
    query_ids,
    refuse_spaces,
    write_numbers,
)
from negviz.exporters._files import one_line, write_data, write_ids
from negviz.exporters._rows import LeftOut, Row

DATA = "qrels.train.tsv"
ID_TRIPLES = "qidpidtriples.train.full.2.tsv"
TEXT_TRIPLES = "triples.train.small.tsv"
Names = Callable[[TextDocument | TextExample], str]

SNIPPET = """\
def texts(path):
    with open(path, encoding="utf-8", newline="\\n") as file:
        return dict(line.rstrip("\\n").split("\\t") for line in file)


passages, queries = texts("collection.tsv"), texts("queries.train.tsv")
with open("DATA", encoding="utf-8") as file:
    for query, _, passage, grade in map(str.split, file):
        print(queries[query], passages[passage], int(grade))
"""


def _rows(
    examples: Examples, left_out: LeftOut, *, integer_ids: bool = True, text_triples: bool = False
) -> Iterator[Row]:
    return _judgments(examples, _names(examples, integer_ids))


def _judgments(examples: Examples, names: Names) -> Iterator[Row]:
    return judged(
        examples,
        lambda example, positive: {
            "qid": names(example), "0": 0, "pid": names(positive), "rel": grade_of(positive)
        },
    )  # fmt: skip


def _names(examples: Examples, integer_ids: bool) -> Names:
    """How documents and queries are called: by number, or by their ids, which must hold no white space."""
    if not integer_ids:
        return lambda each: refuse_spaces(id_of(each), "document" if isinstance(each, TextDocument) else "query")
    documents = Numbers(lambda: document_ids(examples))
    queries = Numbers(lambda: query_ids(examples), "query")
    return lambda each: str((documents if isinstance(each, TextDocument) else queries)[id_of(each)])


@EXPORTERS.register(
    "MS MARCO folder",
    reference="https://microsoft.github.io/msmarco/",
    trainer="MS MARCO passage ranking, and what trains on its triples",
    reads="msmarco",
    by_id=True,
    holds=("ids", "grades", "positives", "negatives", "empty", "counts", "corpus"),
    configs={"ids": "ids.parquet"},
    beside={
        "collection.tsv": "the documents: id and text",
        "queries.train.tsv": "the queries: id and text",
        ID_TRIPLES: "triples to train on: ids of a query, a positive and a negative",
        TEXT_TRIPLES: "the same as texts, if `text_triples` is set",
        "ids.parquet": JUDGED_IDS_ARE,
        DOCUMENT_IDS: f"{DOCUMENT_IDS_ARE}, if `integer_ids` is set",
        QUERY_IDS: f"{QUERY_IDS_ARE}, if `integer_ids` is set",
    },
    rows=_rows,
    snippet=SNIPPET,
)
def msmarco(
    *, examples: Examples, folder: Path, integer_ids: bool = True, text_triples: bool = False
) -> dict[str, Any]:
    """Collection, queries and judgments as tab-separated text without headers, and triples to train on.

    Many readers of these files call ``int`` on ids, and some take a document's id for its line, so both are numbered
    from 0; which id each number stands for is in ``document_ids.parquet`` and ``query_ids.parquet``. There is no
    title, so it is put before the text. Tabs and line ends in texts become spaces, because nothing in these files can
    protect them. A query has a triple for every pair of a positive and a negative, none without negatives.

    Args:
        examples: What to write.
        folder: Where to write it.
        integer_ids: Number documents and queries; without, their own ids are written, which must hold no white space.
        text_triples: Write the triples a second time, with the texts themselves (``triples.train.small.tsv``).

    Returns:
        Counts: rows (judgments), positives, negatives (triples), documents, queries, texts_flattened, left_out,
        queries_left_out, and data, the path of the judgments.

    Raises:
        ExportError: If an id of its own is empty or holds white space.
    """
    names, flat = _names(examples, integer_ids), Flattening()
    documents = write_data(folder / "collection.tsv", ([names(each), flat(each.content)] for each in examples.corpus()))
    queries = write_data(
        folder / "queries.train.tsv", ([names(each), flat(each.query or "")] for each in examples.texts())
    )
    triples = write_data(folder / ID_TRIPLES, _triples(examples, names))
    if text_triples:
        write_data(folder / TEXT_TRIPLES, _triples(examples, lambda each: one_line(_text(each))))
    lines = (list(row.data.values()) for row in _judgments(examples, names))
    write_data(folder / DATA, lines)
    if integer_ids:
        write_numbers(document_ids(examples), folder / DOCUMENT_IDS)
        write_numbers(query_ids(examples), folder / QUERY_IDS)
    counts = write_ids(lambda _: _judgments(examples, names), folder)
    return {
        **counts, "negatives": triples, "documents": documents, "queries": queries, "texts_flattened": flat.count,
        "data": DATA, "data_files": {DATA: counts["rows"]},
    }  # fmt: skip


def _triples(examples: Examples, cell: Names) -> Iterator[list[str]]:
    for example in examples.texts():
        query, negatives = cell(example), [cell(negative) for negative in example.negatives]
        for positive in map(cell, example.positives):
            yield from ([query, positive, negative] for negative in negatives)


def _text(each: TextDocument | TextExample) -> str:
    return each.content if isinstance(each, TextDocument) else each.query or ""
