"""Finding documents and queries on the map by words of their texts."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from negviz.arrays import Bools
from negviz.dataset import Dataset

IN_DOCUMENTS, IN_QUERIES = ("id", "title", "text"), ("id", "text")


def found_by(dataset: Dataset, wanted: str) -> tuple[Bools, Bools] | None:
    """Which documents and queries contain a text, in whatever case, in their text, title or id.

    Args:
        dataset: Where to look.
        wanted: What was typed.

    Returns:
        (documents,) and (queries,), None where nothing was typed.
    """
    sought = " ".join(wanted.split())
    if not sought:
        return None
    return _containing(dataset.documents, IN_DOCUMENTS, sought), _containing(dataset.queries, IN_QUERIES, sought)


def _containing(table: pa.Table, columns: tuple[str, ...], sought: str) -> Bools:
    found = np.zeros(len(table), dtype=bool)
    for name in columns:
        hits = pc.fill_null(pc.match_substring(table[name], sought, ignore_case=True), False)
        found |= np.asarray(hits.to_numpy(zero_copy_only=False) if hasattr(hits, "chunks") else hits, dtype=bool)
    return found
