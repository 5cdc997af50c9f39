"""Selections that are kept for the next look, as many as fit into a share of memory."""

from collections.abc import Callable
from threading import Lock

import numpy as np

from negviz.selection import Selection

MOST, BYTES = 24, 384 * 2**20


class KeptSelections:
    """The latest selections by key; of a small pool dozens, of one with 50 million candidates a few.

    What a selection holds grows with what is asked of it, so all are weighed anew when one is added.
    """

    def __init__(self, most: int = MOST, limit: int = BYTES) -> None:
        """Keep nothing yet.

        Args:
            most: How many at most.
            limit: Bytes of arrays that they may hold together; the newest is kept in any case.
        """
        self._most, self._limit = most, limit
        self._lock = Lock()
        self._kept: dict[object, Selection] = {}

    def get(self, key: object, make: Callable[[], Selection]) -> Selection:
        """The selection of a key, made where it is not kept; two who ask at once may both make it."""
        with self._lock:
            found = self._kept.pop(key, None)
            if found is not None:
                self._kept[key] = found
                return found
        made = make()
        with self._lock:
            self._kept[key] = made
            self._drop_oldest()
        return made

    def kept(self, key: object) -> Selection | None:
        """The selection of a key; None where it is not kept."""
        with self._lock:
            return self._kept.get(key)

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._kept)

    def _drop_oldest(self) -> None:
        held = [held_by(each) for each in self._kept.values()]
        for key, size in list(zip(self._kept, held, strict=True))[:-1]:
            if len(self._kept) <= self._most and sum(held) <= self._limit:
                return
            held.remove(size)
            del self._kept[key]


def held_by(selection: Selection) -> int:
    """Bytes of the arrays that a selection holds beside its pool."""
    own = [*vars(selection).values(), *(selection.known or ())]
    return sum(each.nbytes for each in own if isinstance(each, np.ndarray))
