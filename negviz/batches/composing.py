"""Composing batches: rows in an order of their own noise, cut into batches, with hard negatives where wanted."""

from collections.abc import Sequence

import numpy as np

from negviz.arrays import PAD, Floats, Ints, Keys, descending, mix, text_keys, uniform
from negviz.batches import Batches
from negviz.pool import Pool

# Noise of the order and of the hard negatives must not be that of the draw, which has the pair's own key.
ORDER_KEYS = np.uint64(0x5851F42D4C957F2D)
HARD_KEYS = np.uint64(0xD1B54A32D192ED03)
# Gathered keys of a block stay within reach: 4,096 rows of 200 candidates are 6.5 MB.
_ROWS = 4096


def labelled_rows(pool: Pool, seed: int, epoch: int = 0) -> tuple[Ints, Ints, Keys]:
    """Every (query, labelled positive) of a pool, shuffled by noise of the pair's ids.

    Args:
        pool: Whose queries and positives.
        seed: Seed of the order.
        epoch: Each epoch has an order of its own.

    Returns:
        (rows,) row of the query in the pool, row of the positive in the dataset, and key of the pair; their order does
        not depend on that of the pool's queries.
    """
    keys = pool.dataset.pair_keys(pool.queries, pool.positives)
    places, columns = np.nonzero(np.not_equal(pool.positives, PAD))
    own = keys[places, columns]
    noise = uniform(own ^ ORDER_KEYS ^ np.uint64(epoch), seed)
    order = np.lexsort((own, noise))
    return (
        places[order].astype(np.int32),
        pool.positives[places, columns][order].astype(np.int32),
        own[order],
    )


def hard_negatives(pool: Pool, places: Ints, keys: Keys, *, scorer: str, count: int, depth: int, seed: int) -> Ints:
    """Draw hard negatives for each row, uniformly from the best candidates of its query.

    Args:
        pool: Candidates; leaks are passed over.
        places: (rows,) row of each row's query in the pool.
        keys: (rows,) key of each row, so that two rows of a query draw for themselves.
        scorer: Whose scores tell which candidates are the best.
        count: Hard negatives a row.
        depth: How many of the best candidates are drawn from.
        seed: Seed of the draw.

    Returns:
        (rows, count) document rows, ``PAD`` where a query has fewer candidates.

    Raises:
        MissingInputError: If the pool has no such scorer.

    References:
        METHODS B3: STAR draws one of the 200 best.
    """
    found = np.full((len(places), count), PAD, dtype=np.int32)
    if not count or not len(places):
        return found
    scores = pool.score(scorer)
    known = pool.eligible & np.isfinite(scores)
    best = descending(scores, known)[:, :depth]
    allowed = np.take_along_axis(known, best, axis=1)
    documents = np.take_along_axis(pool.documents, best, axis=1)
    pair_keys = np.take_along_axis(pool.pair_keys, best, axis=1)
    for start in range(0, len(places), _ROWS):
        here = places[start : start + _ROWS]
        noise = uniform(mix(pair_keys[here] ^ mix(keys[start : start + _ROWS] ^ HARD_KEYS)[:, None]), seed)
        noise = np.where(allowed[here], noise, np.inf)
        order = np.argsort(noise, axis=1, kind="stable")[:, :count]
        kept = np.isfinite(np.take_along_axis(noise, order, axis=1))
        taken = np.where(kept, np.take_along_axis(documents[here], order, axis=1), PAD)
        found[start : start + _ROWS, : taken.shape[1]] = taken
    return found


def compose(
    pool: Pool,
    *,
    seed: int,
    batch_size: int,
    workers: int = 1,
    no_duplicates: bool = False,
    drop_last: bool = False,
    masked: bool = True,
    hard: int = 0,
    hard_depth: int = 200,
    scorer: str = "dense",
    epoch: int = 0,
) -> Batches:
    """Compose the batches of one epoch as a trainer would.

    Args:
        pool: Queries, labelled positives and, for hard negatives, candidates.
        seed: Seed of the order.
        batch_size: Rows of a worker.
        workers: Workers whose documents are gathered: a batch is that many times as large.
        no_duplicates: A row of which a text is already in the worker's batch waits for a later one.
        drop_last: Leave out rows of batches that are not full.
        masked: Whether the trainer masks labelled positives.
        hard: Hard negatives a row.
        hard_depth: How many of the best candidates hard negatives are drawn from.
        scorer: Whose scores tell which candidates are hard.
        epoch: Each epoch has an order and hard negatives of its own, as trainers draw them anew.

    References:
        METHODS A1, A2, B3, C1 (cross-batch); sentence-transformers NoDuplicatesBatchSampler.
    """
    places, documents, keys = labelled_rows(pool, seed, epoch)
    rows = keys ^ np.uint64(epoch)
    drawn = hard_negatives(pool, places, rows, scorer=scorer, count=hard, depth=hard_depth, seed=seed)
    if no_duplicates:
        parts = first_fit(_texts(pool, places, documents, drawn), batch_size)
    else:
        parts = np.arange(len(places), dtype=np.int32) // np.int32(batch_size)
    return gathered(
        (places, documents, drawn), parts, batch_size=batch_size, workers=workers, drop_last=drop_last, masked=masked
    )


def gathered(
    rows: tuple[Ints, Ints, Ints], parts: Ints, *, batch_size: int, workers: int, drop_last: bool, masked: bool
) -> Batches:
    """Put the parts of several workers together to batches.

    Args:
        rows: (rows,) queries, documents, and (rows, hard) hard negatives.
        parts: (rows,) number of the part, a worker's batch, that a row is in.
        batch_size: Rows of a full part.
        workers: Parts a batch.
        drop_last: Leave out rows of batches that are not full.
        masked: Whether the trainer masks labelled positives.
    """
    order = np.argsort(parts, kind="stable")
    parts = parts[order]
    numbers = parts // np.int32(workers)
    left = np.ones(len(parts), dtype=bool)
    if drop_last and len(parts):
        left = np.bincount(numbers)[numbers] == batch_size * workers
    queries, documents, hard = (each[order][left] for each in rows)
    _, numbers = np.unique(numbers[left], return_inverse=True)
    return Batches(
        queries,
        documents,
        hard,
        numbers.astype(np.int32),
        (parts[left] % workers).astype(np.int32),
        batch_size,
        workers,
        masked,
        int((~left).sum()),
    )


def first_fit(texts: Sequence[frozenset[str]], batch_size: int) -> Ints:
    """Put each row into the first batch that is not full and has none of its texts.

    Equal to going over what is left again for each batch, as sentence-transformers' sampler does.

    Args:
        texts: Texts of each row.
        batch_size: Rows of a full batch.

    Returns:
        (rows,) number of the batch.
    """
    numbers = np.zeros(len(texts), dtype=np.int32)
    # A bit a batch: those that are full, and for each text those that have it.
    full, sizes = 0, dict[int, int]()
    having: dict[str, int] = {}
    for row, own in enumerate(texts):
        closed = full
        for text in own:
            closed |= having.get(text, 0)
        bit = ~closed & (closed + 1)
        number = bit.bit_length() - 1
        numbers[row] = number
        sizes[number] = sizes.get(number, 0) + 1
        if sizes[number] == batch_size:
            full |= bit
        for text in own:
            having[text] = having.get(text, 0) | bit
    return numbers


def _texts(pool: Pool, places: Ints, documents: Ints, hard: Ints) -> list[frozenset[str]]:
    """Texts of each row as the sampler compares them: letter by letter."""
    data = pool.dataset
    asked, contents = data.query_texts, data.contents
    return [
        frozenset({asked[pool.queries[place]], contents[own], *(contents[each] for each in drawn if each != PAD)})
        for place, own, drawn in zip(places, documents, hard, strict=True)
    ]


def seeded(words: Sequence[str], seed: int) -> Floats:
    """Uniform numbers in (0, 1) for named decisions, such as the cluster of the third draw."""
    return uniform(text_keys(list(words)), seed)
