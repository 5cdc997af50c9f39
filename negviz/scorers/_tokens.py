"""Token vectors of texts, kept on disk in half precision: each text is encoded once, whatever pool it is in."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from negviz import blocks
from negviz.arrays import Keys, Scores
from negviz.scorers._pairs import text_digests
from negviz.scorers._shop import Shop, check_stop

RECORD = np.dtype([("high", "<u8"), ("low", "<u8"), ("start", "<i8"), ("stop", "<i8")])
STEM = "tokens"
BLOCK = 128


@dataclass(frozen=True)
class Shard:
    """A block of texts.

    Attributes:
        vectors: (tokens, dims) float16 of all its texts, as a memory map.
        places: Where the tokens of each text begin and end, by the text's digest.
    """

    vectors: npt.NDArray[np.float16]
    places: dict[tuple[int, int], tuple[int, int]]


class KeptTokens:
    """Token vectors by the content of a text, in files of a folder that belongs to one encoder."""

    def __init__(self, folder: Path) -> None:
        """Open what is there as memory maps; files that are cut short or altered are removed.

        Args:
            folder: Of one encoder with all its settings, and of queries or documents.
        """
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        blocks.sweep(folder)
        self.shards = [shard for path in sorted(folder.glob("index-*.npy")) for shard in self._open(path)]

    def _open(self, path: Path) -> Iterator[Shard]:
        digest = path.stem.split("-")[1]
        index = blocks.read(path, f"index-{digest}")
        vectors = blocks.read(self._folder / f"{STEM}-{digest}.npy", STEM)
        if index is None or vectors is None or index.dtype != RECORD or vectors.dtype != np.float16:
            path.unlink(missing_ok=True)
            return
        places = {(high, low): (start, stop) for high, low, start, stop in index.tolist()}
        yield Shard(vectors, places)

    @property
    def known(self) -> set[tuple[int, int]]:
        """Digests of the texts that are there."""
        return {key for shard in self.shards for key in shard.places}

    def add(self, keys: Keys, tokens: Sequence[Scores]) -> None:
        """Write the token vectors of texts down: the vectors first, so that an index never names what is not there.

        Args:
            keys: (texts, 2) digests.
            tokens: (tokens, dims) of each text.
        """
        stops = np.cumsum([len(vectors) for vectors in tokens])
        index = np.empty(len(keys), dtype=RECORD)
        index["high"], index["low"], index["stop"] = keys[:, 0], keys[:, 1], stops
        index["start"] = np.concatenate([[0], stops[:-1]])
        vectors = np.concatenate(tokens).astype(np.float16)
        digest = blocks.keep(self._folder, STEM, vectors).stem.split("-")[1]
        self.shards += self._open(blocks.keep(self._folder, f"index-{digest}", index))


def keep_tokens(
    shop: Shop, texts: Sequence[str], encode: Callable[[Sequence[str]], list[Scores]], folder: Path, stage: str
) -> KeptTokens:
    """Encode the tokens of those texts that are not kept yet, block by block.

    Args:
        shop: Progress, and whether to stop.
        texts: Distinct texts.
        encode: Gives the token vectors of texts.
        folder: Where those of this encoder are kept.
        stage: What people are told is being done.

    Raises:
        CancelledError: If the person asked for it; finished blocks are kept.
    """
    kept = KeptTokens(folder)
    known = kept.known
    keys = text_digests(texts)
    todo = [row for row, key in enumerate(map(tuple, keys.tolist())) if key not in known]
    todo.sort(key=lambda row: (-len(texts[row]), texts[row]))
    for start in range(0, len(todo), BLOCK):
        check_stop(shop, stage)
        shop.progress(stage, start, len(todo))
        rows = todo[start : start + BLOCK]
        kept.add(keys[rows], encode([texts[row] for row in rows]))
    if todo:
        shop.progress(stage, len(todo), len(todo))
    return kept
