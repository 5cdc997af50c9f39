"""How much two lists of documents have in common, query by query."""

import numpy as np

from negviz.arrays import PAD, Floats, Ints
from negviz.diagnostics import DIAGNOSTICS


@DIAGNOSTICS.register("Overlap of two lists", reference="Jaccard 1912")
def jaccard(one: Ints, other: Ints) -> Floats:
    """Divide the number of documents in both lists by the number in either; order and repeats do not count.

    Args:
        one: (queries, any) document rows, ``PAD`` where there is none.
        other: (queries, any) document rows of the same queries.

    Returns:
        (queries,) from 0 to 1; NaN where both lists are empty.
    """
    left, right = _distinct(one), _distinct(other)
    together = np.sort(np.concatenate([left, right], axis=1), axis=1)
    both = (np.equal(together[:, 1:], together[:, :-1]) & np.not_equal(together[:, 1:], PAD)).sum(axis=1)
    either = np.not_equal(together, PAD).sum(axis=1) - both
    return np.asarray(np.where(either > 0, both / np.maximum(either, 1), np.nan))


def _distinct(rows: Ints) -> Ints:
    """Each row in order, with ``PAD`` in place of what repeats."""
    found = np.sort(rows, axis=1)
    again = np.equal(found[:, 1:], found[:, :-1])
    found[:, 1:][again] = PAD
    return found
