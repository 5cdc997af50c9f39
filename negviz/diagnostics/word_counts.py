"""Word counts: how long texts are, in words, for people."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from negviz.arrays import Ints

# Scripts without spaces between words: each of their characters counts as one. The punctuation of theirs is none.
_SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}"
_BETWEEN = r"\s\p{Z}\x{3001}-\x{303F}\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF20}"
PATTERN = f"[{_SPACELESS}]|[^{_BETWEEN}{_SPACELESS}]+"


def word_counts(texts: pa.ChunkedArray) -> Ints:
    """Words of each text: what stands between spaces; in scripts without spaces each character.

    Args:
        texts: (texts,) null counts as empty.

    Returns:
        (texts,) numbers of words.
    """
    counts = pc.fill_null(pc.count_substring_regex(texts, PATTERN), 0)
    return np.asarray(counts.to_numpy(), dtype=np.int32)
