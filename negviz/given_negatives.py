"""Given negatives: what somebody else mined and a file brought along, as a pool and as a selection to audit."""

from pathlib import Path
from typing import Any

import numpy as np

from negviz.arrays import PAD
from negviz.dataset import Dataset
from negviz.errors import MissingInputError
from negviz.mine import Progress, build_pool, silent
from negviz.pool import Pool
from negviz.recipe import MOST, Recipe, Step
from negviz.selection import ABSENT, NOT_REFUSED, Selection, taken_columns

GIVEN = "given"
NOT_GIVEN = "not given"
# What the given negatives are seen among: the nearest documents of the file, and some drawn by chance.
BESIDE = 50
DEEPEST = 10_000


def given_pool(
    dataset: Dataset, *, encoder: str = "minilm", seed: int = 0, home: Path | None = None, progress: Progress = silent
) -> Pool:
    """Put the given negatives among the nearest documents and random ones of the same file, and score them all.

    Args:
        dataset: What was loaded.
        encoder: Name, local folder or Hugging Face id.
        seed: Of the random documents.
        home: Folder of caches.
        progress: Told (stage, done, total).

    Raises:
        MissingInputError: If the data has no given negatives of a query with a positive.
    """
    counts = _given_counts(dataset)
    depth = min(max(int(counts.max(initial=0)), BESIDE), DEEPEST)
    return build_pool(dataset, encoder=encoder, depth=depth, seed=seed, home=home, progress=progress)


def _given_counts(dataset: Dataset) -> Any:
    """Negatives of each query that has some, and a positive, too."""
    of_labelled = np.isin(dataset.given.queries, dataset.positives.queries)
    counts = np.unique(dataset.given.queries[of_labelled], return_counts=True)[1]
    if not len(counts):
        raise MissingInputError(
            f"'{dataset.name}' has no negatives that somebody mined for a query with a positive, so there is nothing "
            "to audit; give a file with a column of negatives (name it with --column negative=NAME), or a pool with "
            "--selection."
        )
    return counts


def given_selection(pool: Pool) -> Selection:
    """Take every given negative, leaks included: an audit must show them.

    The count is the largest number that a query has, so nothing is said by a query with fewer.

    Args:
        pool: With a rank layer of the retriever ``given``.

    Raises:
        MissingInputError: If the pool has none.
    """
    if GIVEN not in pool.ranks or not (pool.ranks[GIVEN] >= 0).any():
        raise MissingInputError(
            "This pool has no negatives that came with the data; name a selection that 'negviz select' wrote with "
            "--selection."
        )
    taken = np.asarray((pool.ranks[GIVEN] >= 0) & pool.present)
    per_query = taken.sum(axis=1)
    scorer = "dense" if "dense" in pool.scores else next(iter(sorted(pool.scores)), "dense")
    most = int(per_query.max())
    recipe = Recipe(GIVEN, scorer=scorer, steps=(Step("brought_by", {"retriever": GIVEN}),), count=min(most, MOST))
    rank = pool.rank(scorer) if scorer in pool.scores else np.where(taken, pool.ranks[GIVEN], PAD)
    reasons = np.where(taken, NOT_REFUSED, np.where(pool.present, 0, ABSENT)).astype(np.int8)
    columns = taken_columns(taken, rank, most)
    return Selection(pool, recipe, taken.astype(np.float64), reasons, columns, (NOT_GIVEN,))
