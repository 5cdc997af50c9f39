"""Budget: how much memory a job may use beyond what is mapped from disk, and how many rows fit into it."""

import re

from negviz.errors import DataError

DEFAULT_MEMORY = 2 * 1024**3
LEAST_MEMORY = 64 * 1024**2
_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*", re.IGNORECASE)


def bytes_of(text: str) -> int:
    """Bytes of an amount of memory as people write it: ``2GB``, ``512MiB``, ``1.5g``; units are powers of 1024.

    Raises:
        DataError: If it is no amount, or less than 64 MiB, in which not one block of anything fits.
    """
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise DataError(f"--memory was given '{text}', but wants an amount such as 2GB, 512MB or 1.5g.")
    amount = int(float(found[1]) * _UNITS[found[2].lower()])
    if amount < LEAST_MEMORY:
        raise DataError(f"--memory was given '{text}', but at least 64MB are needed; a unit such as GB may be missing.")
    return amount


def rows_within(memory: int, bytes_per_row: int, *, least: int = 1, most: int | None = None) -> int:
    """How many rows fit into a budget.

    Args:
        memory: Bytes there are.
        bytes_per_row: Bytes that a row takes while it is worked on.
        least: Rows that are taken however small the budget is.
        most: Rows that are never exceeded.
    """
    rows = max(memory // max(bytes_per_row, 1), least)
    return rows if most is None else min(rows, most)


def shown(size: float) -> str:
    """An amount of memory or disk for people, in powers of 1024: ``1.5 GiB``."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if abs(size) < 1024:
            return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
        size /= 1024
    return f"{size:,.1f} TiB"
