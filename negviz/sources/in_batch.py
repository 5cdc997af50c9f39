"""Documents of the other rows of a training batch."""

from typing import Annotated

from negviz.batches.composing import compose
from negviz.hints import Range
from negviz.pool import Pool
from negviz.sources import SOURCES
from negviz.sources._batches import need_inputs, pool_of


@SOURCES.register(
    "Other rows of the batch", reference="Karpukhin et al. 2020 (DPR), arXiv:2004.04906, section 3.2", across=True
)
def in_batch(
    pool: Pool,
    *,
    scorer: str,
    seed: int,
    batch_size: Annotated[int, Range(2, 8192, 1, keeps="more", scale="count")] = 128,
    workers: Annotated[int, Range(1, 64, 1, keeps="more", scale="count")] = 1,
    hard: Annotated[int, Range(0, 16, 1, keeps="more", scale="count")] = 0,
    hard_depth: Annotated[int, Range(1, 1000, 1, keeps="either", scale="rank")] = 200,
    mask_positives: bool = True,
    no_duplicates: bool = False,
    drop_last: bool = False,
) -> Pool:
    """Compose batches as a trainer would; a query's candidates are the documents of the other rows of its batch.

    A row is a query with one labelled positive; rows are shuffled by noise of their ids and cut into batches. With
    several workers each meets the documents of all (cross-batch). With hard negatives every query meets every row's.

    Args:
        pool: Queries, labelled positives and, for hard negatives, candidates.
        scorer: Whose scores tell which candidates are hard.
        seed: Seed of the order and of the hard negatives.
        batch_size: Rows of a worker.
        workers: Workers whose documents are gathered.
        hard: Hard negatives that each row brings along, drawn uniformly from its query's best candidates.
        hard_depth: How many of a query's best candidates its hard negatives are drawn from.
        mask_positives: Whether the trainer masks labelled positives of the query; negviz never takes them, but shows
            what a trainer without a mask would train against.
        no_duplicates: A row of which a text is already in the worker's batch waits for a later one, as with the
            NO_DUPLICATES sampler of sentence-transformers.
        drop_last: Leave out the rows of a last batch that is not full; their queries have no candidates.

    Returns:
        A pool of the same queries with the rank layers ``in_batch``, ``hard`` and ``own_hard`` (places in the batch).

    Raises:
        MissingInputError: If vectors or labelled positives are missing.
        RecipeError: If the table would not fit into memory.

    References:
        METHODS A1-A4, B3, C1.
    """
    need_inputs(pool, scorer, "in_batch")
    batches = compose(
        pool, seed=seed, batch_size=batch_size, workers=workers, no_duplicates=no_duplicates, drop_last=drop_last,
        masked=mask_positives, hard=hard, hard_depth=hard_depth, scorer=scorer,
    )  # fmt: skip
    facts = {"batch_size": batch_size, "workers": workers, "hard": hard, "masked": mask_positives}
    return pool_of(pool, batches, scorer=scorer, user="in_batch", facts=facts)
