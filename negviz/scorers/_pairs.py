"""Scores of pairs of texts, kept on disk: each distinct pair is scored once, whatever pool it is in."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from negviz import blocks
from negviz.arrays import PAD, Ints, Keys, Scores, mix
from negviz.scorers._shop import Shop, check_stop

Pair: TypeAlias = tuple[str, str]
Score: TypeAlias = Callable[[Sequence[Pair]], Scores]
RECORD = np.dtype([("high", "<u8"), ("low", "<u8"), ("score", "<f4")])
STEM = "pairs"
# Pairs that are scored before they are written down: seconds of work on a processor, not minutes.
BLOCK = 256


def text_digests(texts: Iterable[str]) -> Keys:
    """(texts, 2) digest of each text as two 64-bit integers."""
    data = (hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in texts)
    return np.frombuffer(b"".join(data), dtype="<u8").reshape(-1, 2)


class KeptScores:
    """Scores by the content of a pair, in files of a folder that belongs to one model."""

    def __init__(self, folder: Path) -> None:
        """Read what is there; files that are cut short or altered are removed.

        Args:
            folder: Of one model with all its settings.
        """
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        blocks.sweep(folder)
        parts = []
        for path in sorted(folder.glob(f"{STEM}-*.npy")):
            part = blocks.read(path, STEM)
            if part is None or part.dtype != RECORD:
                path.unlink(missing_ok=True)
            else:
                parts.append(np.array(part))
        self._known = self._sorted(parts)

    @staticmethod
    def _sorted(parts: Sequence[npt.NDArray[np.void]]) -> npt.NDArray[np.void]:
        table = np.concatenate(parts) if parts else np.empty(0, dtype=RECORD)
        order = np.lexsort((table["low"], table["high"]))
        return np.asarray(table[order])

    def find(self, keys: Keys) -> Scores:
        """Scores (pairs,) of keys (pairs, 2), NaN where unknown."""
        found = np.full(len(keys), np.nan, dtype=np.float32)
        if len(self._known):
            places = np.minimum(np.searchsorted(self._known["high"], keys[:, 0]), len(self._known) - 1)
            here = self._known[places]
            same = np.equal(here["high"], keys[:, 0]) & np.equal(here["low"], keys[:, 1])
            found[same] = here["score"][same]
        return found

    def add(self, keys: Keys, scores: Scores) -> None:
        """Write the scores (pairs,) of keys (pairs, 2) down."""
        table = np.empty(len(keys), dtype=RECORD)
        table["high"], table["low"], table["score"] = keys[:, 0], keys[:, 1], scores
        blocks.keep(self._folder, STEM, table)
        self._known = self._sorted([self._known, table])

    def tidy(self) -> None:
        """Put everything into one file; another run may have added to the folder, whose files stay."""
        whole = f"{STEM}-{blocks.content_digest(self._known)}.npy"
        if not (self._folder / whole).is_file():
            blocks.keep(self._folder, STEM, self._known)
        for path in self._folder.glob(f"{STEM}-*.npy"):
            part = blocks.read(path, STEM) if path.name != whole else None
            if part is not None and np.isfinite(self.find(np.stack([part["high"], part["low"]], axis=1))).all():
                path.unlink(missing_ok=True)


def score_pairs(shop: Shop, queries: Ints, documents: Ints, score: Score, folder: Path, stage: str) -> Scores:
    """Score every pair by the content of its two texts, taking from the folder what was scored before.

    Args:
        shop: Texts, progress, and whether to stop.
        queries: (queries,) rows.
        documents: (queries, any) document rows, ``PAD`` where there is none.
        score: Scores pairs of texts; what it gives a pair must not depend on the others.
        folder: Where scores of this model are kept.
        stage: What people are told is being done.

    Returns:
        Scores of the shape of ``documents``, NaN at ``PAD``.

    Raises:
        CancelledError: If the person asked for it; finished blocks are kept.
    """
    places = np.nonzero(np.not_equal(documents, PAD))
    asking, asked = queries[places[0]], documents[places]
    of_query, of_document = (text_digests(texts) for texts in (shop.dataset.query_texts, shop.dataset.contents))
    keys = mix(mix(of_query[asking]) ^ of_document[asked])
    kept = KeptScores(folder)
    missing = np.flatnonzero(np.isnan(kept.find(keys)))
    first = np.unique(keys[missing], axis=0, return_index=True)[1]
    todo = missing[first]
    # Longest first: pairs of a block take about as long as each other, and what is left is never underestimated.
    length = np.array([len(shop.dataset.contents[row]) for row in asked[todo]], dtype=np.int64)
    todo = todo[np.argsort(-length, kind="stable")]
    for start in range(0, len(todo), BLOCK):
        check_stop(shop, stage)
        shop.progress(stage, start, len(todo))
        rows = todo[start : start + BLOCK]
        pairs = [(shop.dataset.query_texts[asking[row]], shop.dataset.contents[asked[row]]) for row in rows]
        kept.add(keys[rows], score(pairs))
    if len(todo):
        kept.tidy()
        shop.progress(stage, len(todo), len(todo))
    scores = np.full(documents.shape, np.nan, dtype=np.float32)
    scores[places] = kept.find(keys)
    return scores
