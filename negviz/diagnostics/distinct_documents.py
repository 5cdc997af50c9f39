"""How many documents the negatives amount to."""

from dataclasses import dataclass

import numpy as np

from negviz.arrays import PAD
from negviz.diagnostics import DIAGNOSTICS
from negviz.diagnostics.effective_number import effective_number
from negviz.selection import Selection


@dataclass(frozen=True)
class Documents:
    """Documents among the negatives taken.

    Attributes:
        distinct: Different documents.
        effective: As many equally frequent documents would be as varied; far fewer than ``distinct`` where a few
            documents serve many queries.
    """

    distinct: int
    effective: float


@DIAGNOSTICS.register("Distinct documents", reference="exp of the Shannon entropy; Hill 1973")
def distinct_documents(selection: Selection) -> Documents:
    """Count the documents taken, and how many equally frequent ones they amount to.

    Args:
        selection: Outcome of a recipe.
    """
    rows, slots = np.nonzero(np.not_equal(selection.columns, PAD))
    documents = selection.pool.documents[rows, selection.columns[rows, slots]]
    times = np.unique(documents, return_counts=True)[1].astype(np.float64)
    return Documents(len(times), float(effective_number(times[None, :])[0]) if len(times) else 0.0)
