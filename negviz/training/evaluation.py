"""Evaluation: how well vectors rank the answers of held-out queries, by the standard measures."""

from typing import Any

import numpy as np

from negviz.arrays import PAD, Floats, Ints
from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.retrievers import RETRIEVERS
from negviz.training.splitting import Split

METRICS = ("nDCG@10", "MRR@10", "Recall@100")
DEPTH = 100


def evaluate(dataset: Dataset, embeddings: Embeddings, split: Split) -> Floats:
    """Measure a ranking of the whole corpus, found by exact search, for each dev query.

    A document with the query's own id is left out of its ranking, as in BEIR.

    Args:
        dataset: Whose documents are ranked.
        embeddings: Vectors to rank by.
        split: Dev queries with their judgments.

    Returns:
        (metrics, queries) of ``METRICS``, 0 to 1, in order of ``split.dev``.

    References:
        trec_eval's nDCG, with gains that are the grades themselves, through ir-measures (MacAvaney et al. 2022).
    """
    search = RETRIEVERS.get("dense").function
    found: Ints = search(queries=split.dev, depth=DEPTH + 1, embeddings=embeddings)
    return measured(dataset, found, split)


def measured(dataset: Dataset, found: Ints, split: Split) -> Floats:
    """Measure rankings.

    Args:
        dataset: For the ids.
        found: (queries, any) document rows, best first, ``PAD`` beyond the last.
        split: Dev queries, in the same order, with their judgments.

    Returns:
        (metrics, queries) of ``METRICS``.
    """
    import ir_measures
    from ir_measures import RR, R, nDCG

    least = split.relevant_from
    measures: list[Any] = [nDCG @ 10, RR(rel=least) @ 10, R(rel=least) @ 100]
    values = np.zeros((len(measures), len(split.dev)))
    places = {str(row): place for place, row in enumerate(split.dev.tolist())}
    for metric in ir_measures.iter_calc(measures, _judgments(split), _run(dataset, found, split)):
        values[measures.index(metric.measure), places[metric.query_id]] = metric.value
    return values


def _judgments(split: Split) -> dict[str, dict[str, int]]:
    rows: dict[str, dict[str, int]] = {str(query): {} for query in split.dev.tolist()}
    table = split.judged
    for query, document, grade in zip(
        table.queries.tolist(), table.documents.tolist(), table.grades.tolist(), strict=True
    ):
        rows[str(query)][str(document)] = grade
    return rows


def _run(dataset: Dataset, found: Ints, split: Split) -> dict[str, dict[str, float]]:
    """Rankings as scores that fall by one a rank, so that no tie is left to the measuring library."""
    run: dict[str, dict[str, float]] = {}
    own = {name: row for row, name in enumerate(dataset.document_ids)}
    for query, documents in zip(split.dev.tolist(), found.tolist(), strict=True):
        itself = own.get(dataset.query_ids[query], PAD)
        kept = [row for row in documents if row not in {PAD, itself}][:DEPTH]
        run[str(query)] = {str(row): float(len(kept) - place) for place, row in enumerate(kept)}
    return run
