"""Collections with judgments, of whose positives all but one a query are hidden: what a suspicion should find again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from negviz.arrays import uniform
from negviz.dataset import Dataset, Judgments
from negviz.load import load
from negviz.mine import build_pool
from negviz.pool import Pool
from negviz.truth import Truth, read_truth

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample"
TOP = 50


@dataclass(frozen=True, eq=False)
class Hidden:
    """A pool whose queries have one known positive each, and what is known of its candidates.

    Attributes:
        name: Of the collection.
        pool: Dense, BM25 and random candidates.
        asked: (queries, depth), True for the dense top 50 without leaks that are judged.
        relevant: (queries, depth), True for hidden positives.
    """

    name: str
    pool: Pool
    asked: np.ndarray
    relevant: np.ndarray


def judgments_of(folder: Path, dataset: Dataset) -> Truth:
    """Judgments of a collection; what they do not name is no answer, unless they say so of some (grades of 0)."""
    path = folder / "truth" / "complete.tsv" if folder == SAMPLE else folder / "qrels" / "test.tsv"
    truth = read_truth(path, dataset)
    pooled = folder != SAMPLE and bool((truth.judgments.grades <= 0).any())
    return replace(truth, complete=not pooled)


def hidden(folder: Path, seed: int, home: Path, depth: int = 100) -> Hidden:
    """Mine a collection with one positive a query, drawn by a seed.

    Args:
        folder: BEIR folder with judgments.
        seed: Which positive is known.
        home: Where vectors are kept, so that another draw encodes nothing again.
        depth: Candidates a retriever.
    """
    dataset = load(str(folder))
    truth = judgments_of(folder, dataset)
    relevant = truth.judgments.grades >= truth.relevant_from
    queries, documents = truth.judgments.queries[relevant], truth.judgments.documents[relevant]
    query_keys, document_keys = dataset.id_keys
    noise = uniform(query_keys[queries] ^ document_keys[documents], seed)
    order = np.lexsort((noise, queries))
    first = np.unique(queries[order], return_index=True)[1]
    known = order[first]
    kept = Judgments.of((int(queries[row]), int(documents[row]), 1) for row in known)
    given = replace(dataset, positives=kept, held_out=Judgments.of(()))
    pool = build_pool(given, depth=depth, home=home)
    rows = np.repeat(pool.queries, pool.depth)
    answers, judged = truth.verdicts(rows, pool.documents.ravel(), len(dataset.documents))
    shape = pool.documents.shape
    asked = pool.eligible & (pool.ranks["dense"] >= 0) & (pool.ranks["dense"] < TOP) & judged.reshape(shape)
    return Hidden(folder.name, pool, asked, asked & answers.reshape(shape))


def draws(folders: Sequence[Path], seeds: int, home: Path) -> Iterator[Hidden]:
    """Every collection with every draw."""
    for folder in folders:
        for seed in range(seeds):
            yield hidden(folder, seed, home)
