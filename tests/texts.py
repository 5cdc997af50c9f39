"""Datasets made from plain texts, for the tests of encoders, retrievers and scorers."""

from collections.abc import Sequence
from typing import Any

from negviz.dataset import Dataset


def text_dataset(queries: Sequence[str], documents: Sequence[str], **more: Any) -> Dataset:
    """Queries q00, q01 ... and documents d000, d001 ... with the given texts; each query's positive is document 0."""
    return Dataset.build(
        name="texts",
        format="test",
        queries=[(f"q{row:02}", text) for row, text in enumerate(queries)],
        documents=[(f"d{row:03}", "", text) for row, text in enumerate(documents)],
        positives=[(f"q{row:02}", "d000", 1) for row in range(len(queries))],
        **more,
    )
