"""Array types, padding, ordering, fingerprints and keyed noise: no knowledge of the domain."""

import hashlib
from collections.abc import Iterable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Scores: TypeAlias = npt.NDArray[np.float32]
Ints: TypeAlias = npt.NDArray[np.int32]
Bools: TypeAlias = npt.NDArray[np.bool_]
Flags: TypeAlias = npt.NDArray[np.uint16]
Keys: TypeAlias = npt.NDArray[np.uint64]

PAD = -1
# How far apart, relative to their size, two scores must be to count as different: four steps of float32.
RELATIVE_TOLERANCE = 4 * float(np.finfo(np.float32).eps)


def frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Make an array read-only and return it."""
    array.flags.writeable = False
    return array


class Bytes(NamedTuple):
    """Bytes of an array that lie in several places.

    Attributes:
        size: How many there are.
        pieces: Where they lie, in order.
    """

    size: int
    pieces: Iterable[Any]


def fingerprint(*parts: object) -> str:
    """Digest of arrays and texts by content, shape and type; 32 hexadecimal digits.

    ``Bytes`` give the digest of the one array of bytes that they are.
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, Bytes):
            digest.update(f"|u1{(part.size,)}".encode())
            for piece in part.pieces:
                digest.update(piece)
        elif isinstance(part, np.ndarray):
            digest.update(f"{part.dtype.str}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).view(np.uint8).data)
        else:
            digest.update(repr(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def descending(scores: npt.NDArray[np.floating], present: Bools) -> Ints:
    """Columns of each row by score from high to low; ties by column, unknown scores next, absent cells last.

    Args:
        scores: (rows, columns), NaN where unknown.
        present: (rows, columns), False for padding.

    Returns:
        (rows, columns) column indices.
    """
    known = np.where(np.isfinite(scores), scores, -np.inf).astype(np.float64)
    order = np.lexsort((-known, ~present), axis=1)
    return order.astype(np.int32)


def positions(order: Ints) -> Ints:
    """Inverse of a row-wise order: the place of each column, starting at 0."""
    places = np.empty_like(order)
    np.put_along_axis(places, order, np.arange(order.shape[1], dtype=np.int32)[None, :], axis=1)
    return places


def text_keys(texts: npt.ArrayLike) -> Keys:
    """64-bit key of each text, the same on every machine and for every run."""
    digests = (
        hashlib.blake2b(str(text).encode("utf-8", "surrogatepass"), digest_size=8).digest()
        for text in np.asarray(texts, dtype=object).ravel()
    )
    return np.frombuffer(b"".join(digests), dtype="<u8").copy()


def mix(keys: Keys) -> Keys:
    """Scramble 64-bit integers (the finaliser of SplitMix64, Steele et al. 2014): a counter-based random stream."""
    with np.errstate(over="ignore"):
        keys = keys + np.uint64(0x9E3779B97F4A7C15)
        keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def uniform(keys: Keys, seed: int) -> Floats:
    """Uniform numbers in (0, 1), one a key: a function of seed and key alone, so neither order nor threads matter."""
    start = mix(np.array([seed & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64))[0]
    # 52 bits, not 53: one half more of the largest 53-bit number would round to 1, whose Gumbel noise is infinite.
    bits = mix(keys ^ start) >> np.uint64(12)
    return np.asarray((bits.astype(np.float64) + 0.5) * 2.0**-52)


def gumbel(keys: Keys, seed: int) -> Floats:
    """Standard Gumbel noise, one a key; argmax of log-weight plus noise is a draw in proportion to the weight."""
    return np.asarray(-np.log(-np.log(uniform(keys, seed))))


def below(scores: Scores | Floats, limit: Floats | float, *, inclusive: bool) -> Floats:
    """1 where a score lies below the limit, 0 elsewhere and where either is unknown.

    Scores are float32; a limit computed from one (0.80 - 0.05) differs from the score 0.75 by rounding alone. Values
    closer than four float32 steps of the larger magnitude count as equal, so "equal at the limit" is decided by
    ``inclusive`` and not by rounding.

    Args:
        scores: (rows, columns).
        limit: One number, or (rows, 1).
        inclusive: Whether a score equal to the limit is kept.
    """
    values = scores.astype(np.float64)
    slack = RELATIVE_TOLERANCE * np.maximum(np.maximum(np.abs(values), np.abs(limit)), 0.25)
    with np.errstate(invalid="ignore"):
        inside = values <= limit + slack if inclusive else values < limit - slack
    return np.asarray(np.isfinite(values) & np.isfinite(limit) & inside, dtype=np.float64)


def above(scores: Scores | Floats, limit: Floats | float, *, inclusive: bool) -> Floats:
    """1 where a score lies above the limit; the mirror of ``below``."""
    return below(-scores, -limit, inclusive=inclusive)
