"""Collisions in batches: documents of other rows that are labelled positives of a row's query."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from negviz.arrays import PAD, Floats, Ints
from negviz.batches import Batches
from negviz.batches.composing import compose
from negviz.diagnostics import DIAGNOSTICS
from negviz.pool import Pool

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CollisionCurve:
    """How collisions grow with the batch.

    Attributes:
        sizes: (sizes,) rows a batch.
        expected: (sizes,) share of rows that are expected to meet at least one collision.
        counted: (sizes,) share of rows that do, in batches composed with the seed.
        collisions: (sizes,) collisions in all batches together.
    """

    sizes: Ints
    expected: Floats
    counted: Floats
    collisions: Ints


@DIAGNOSTICS.register("Collisions in batches", reference="METHODS A1")
def in_batch_collisions(pool: Pool, batches: Batches) -> Ints:
    """Count for each row the other rows of its batch whose document is a labelled positive of its query, or a copy.

    Args:
        pool: Labelled positives and texts; texts that differ only in case or spacing count as one.
        batches: The composition. Hard negatives are not looked at.

    Returns:
        (rows,) documents that a trainer without a mask trains against although they are labelled positives.
    """
    own, brought = _codes(pool, batches)
    return _others(own, brought, batches.numbers)


def expected_share(sharing: Ints, rows: int, batch: int) -> float:
    """Share of rows that meet at least one collision, if batches were drawn at random.

    Args:
        sharing: (rows,) other rows of the whole data whose document is a positive of the row's query: m - 1.
        rows: N, rows of the whole data.
        batch: B, rows of a batch.

    Returns:
        Mean of ``1 - (1 - (m - 1) / (N - 1)) ** (B - 1)``, approximately true.

    References:
        METHODS A1.
    """
    if rows < 2:
        return 0.0
    alone = 1.0 - np.minimum(sharing / (rows - 1), 1.0)
    return float((1.0 - alone ** (min(batch, rows) - 1)).mean())


def collision_curve(pool: Pool, sizes: list[int], seed: int) -> CollisionCurve:
    """Count collisions in batches of several sizes, beside what is expected.

    Args:
        pool: Labelled positives and texts.
        sizes: Rows a batch.
        seed: Seed of the order.
    """
    batches = compose(pool, seed=seed, batch_size=max(len(pool), 1) * max(pool.positives.shape[1], 1))
    own, brought = _codes(pool, batches)
    everywhere = _others(own, brought, np.zeros(len(batches), dtype=np.int32))
    order = np.arange(len(batches), dtype=np.int32)
    found = [_others(own, brought, order // np.int32(size)) for size in sizes]
    return CollisionCurve(
        np.array(sizes, dtype=np.int32),
        np.array([expected_share(everywhere, len(batches), size) for size in sizes]),
        np.array([float((each > 0).mean()) if len(each) else 0.0 for each in found]),
        np.array([int(each.sum()) for each in found], dtype=np.int32),
    )


def _codes(pool: Pool, batches: Batches) -> tuple[Codes, Codes]:
    """Codes of texts: of the positives of each row's query, repeats blanked, and of each row's document."""
    keys = pool.dataset.document_keys
    wide = pool.positives[batches.queries]
    rows = np.concatenate([wide.ravel(), batches.documents])
    texts = np.array(["" if row == PAD else keys[row] for row in rows], dtype=object)
    codes = np.unique(texts.astype(str), return_inverse=True)[1].astype(np.int64)
    own = np.sort(np.where(np.equal(wide.ravel(), PAD), -1, codes[: wide.size]).reshape(wide.shape), axis=1)
    own[:, 1:][np.equal(own[:, 1:], own[:, :-1])] = -1
    return own, codes[wide.size :]


def _others(own: Codes, brought: Codes, groups: Ints) -> Ints:
    """How often other rows of the same group bring one of a row's own codes."""
    total = np.zeros(len(brought), dtype=np.int32)
    if not len(brought):
        return total
    stride = np.int64(max(int(brought.max()), int(own.max())) + 1)
    there, counts = np.unique(groups.astype(np.int64) * stride + brought, return_counts=True)
    for column in own.T:
        wanted = groups.astype(np.int64) * stride + np.maximum(column, 0)
        place = np.minimum(np.searchsorted(there, wanted), len(there) - 1)
        total += np.where((column >= 0) & np.equal(there[place], wanted), counts[place], 0).astype(np.int32)
    # A row's own document is one of its query's positives and no collision.
    return total - 1
