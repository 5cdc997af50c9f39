"""ColBERT: triples of numbers, and the collection and queries that they number."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from negviz.examples import Examples
from negviz.exporters import EXPORTERS
from negviz.exporters._by_id import (
    DOCUMENT_IDS,
    DOCUMENT_IDS_ARE,
    IDS_ARE,
    QUERY_IDS,
    QUERY_IDS_ARE,
    Flattening,
    Numbers,
    document_ids,
    id_of,
    query_ids,
    write_numbers,
)
from negviz.exporters._counts import counted, what_would_do
from negviz.exporters._files import write_data, write_rows
from negviz.exporters._rows import UNKNOWN_SCORE, LeftOut, Row, ids, known_scores, leave_out
from negviz.hints import Range

DATA = "triples.jsonl"
Short = Literal["drop", "pad"]

SNIPPET = """\
from colbert import Trainer
from colbert.infra import ColBERTConfig, Run, RunConfig

with Run().context(RunConfig(nranks=1)):
    # Each line has GROUP passages; nway must not be larger.
    config = ColBERTConfig(bsize=32, nway=GROUP, use_ib_negatives=True)
    Trainer("DATA", "queries.tsv", "collection.tsv", config).train("colbert-ir/colbertv2.0")
"""


def _rows(
    examples: Examples, left_out: LeftOut, *, negatives: int = 0, short: Short = "drop", scores: bool = False
) -> Iterator[Row]:
    documents = Numbers(lambda: document_ids(examples))
    queries = Numbers(lambda: query_ids(examples), "query")
    for example, taken, _ in counted(examples, left_out, negatives or examples.count, short):
        for positive in example.positives:
            known = known_scores([positive, *taken])
            if scores and known is None:
                leave_out(left_out, example, UNKNOWN_SCORE, positive_id=positive.id)
                continue
            passages: list[Any] = [documents[id_of(each)] for each in (positive, *taken)]
            if scores:
                passages = [list(pair) for pair in zip(passages, known or (), strict=True)]
            yield Row({"qid": queries[id_of(example)], "pids": passages}, ids(example, [positive], taken))


@EXPORTERS.register(
    "ColBERT: triples, collection and queries",
    reference="https://github.com/stanford-futuredata/ColBERT",
    trainer="ColBERT",
    reads="colbert",
    by_id=True,
    holds=("titles", "negatives", "corpus"),
    configs={"ids": "ids.parquet", "document_ids": DOCUMENT_IDS, "query_ids": QUERY_IDS},
    beside={
        "collection.tsv": "the documents: number, text and, where there is one, title",
        "queries.tsv": "the queries: number and text",
        "ids.parquet": IDS_ARE,
        DOCUMENT_IDS: DOCUMENT_IDS_ARE,
        QUERY_IDS: QUERY_IDS_ARE,
    },
    rows=_rows,
    snippet=SNIPPET,
)
def colbert(
    *,
    examples: Examples,
    folder: Path,
    negatives: Annotated[int, Range(0, 1000, 1)] = 0,
    short: Short = "drop",
    scores: bool = False,
) -> dict[str, Any]:
    """A line for every positive of a query: a list of the query's number, the positive's and those of its negatives.

    The trainer takes a document's number for its line in ``collection.tsv``, so documents and queries are numbered from
    0, and which id each number stands for is in ``document_ids.parquet`` and ``query_ids.parquet``. It cuts lines to
    ``nway`` passages and stops at one that has fewer, so all have the same number. A title is a third column, which it
    puts before the text. Tabs and line ends in texts become spaces, because nothing in these files can protect them.

    Args:
        examples: What to write.
        folder: Where to write it.
        negatives: Negatives in a line, the hardest first; 0 is the count of the recipe.
        short: What becomes of a query with fewer negatives: ``drop`` leaves it out, ``pad`` fills it with random
            documents (marked as ``backfilled`` in ``ids.parquet``).
        scores: Write pairs of number and score, for distillation (ColBERTv2); a row with an unknown score is left out.

    Returns:
        Counts: rows, positives, negatives, documents, queries, texts_flattened, left_out, queries_left_out, and data,
        the path of the triples.

    Raises:
        ExportError: If no query has enough negatives; the text says how many would be possible.
    """
    count = negatives or examples.count

    def rows(left_out: LeftOut) -> Iterator[Row]:
        for row in _rows(examples, left_out, negatives=negatives, short=short, scores=scores):
            yield row._replace(data=[row.data["qid"], *row.data["pids"]])

    flat = Flattening()
    counts = write_rows(rows, folder, DATA, None, lambda: what_would_do(examples, count))
    documents = write_data(folder / "collection.tsv", _collection(examples, flat))
    queries = write_data(
        folder / "queries.tsv", ([place, flat(each.query or "")] for place, each in enumerate(examples.texts()))
    )
    write_numbers(document_ids(examples), folder / DOCUMENT_IDS)
    write_numbers(query_ids(examples), folder / QUERY_IDS)
    return {
        "negatives_in_a_row": count, **counts,
        "documents": documents, "queries": queries, "texts_flattened": flat.count,
    }  # fmt: skip


def _collection(examples: Examples, flat: Flattening) -> Iterator[list[Any]]:
    for number, each in enumerate(examples.corpus()):
        # An empty third cell would make the trainer put ' | ' before the text.
        yield [number, flat(each.text or ""), *([flat(each.title)] if each.title else [])]
