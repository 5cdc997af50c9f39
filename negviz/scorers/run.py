"""Scores of a run file that another system made."""

from negviz.arrays import Ints, Scores
from negviz.runs import RunFile
from negviz.scorers import SCORERS


@SCORERS.register("Run file", scale="run")
def run(*, queries: Ints, documents: Ints, run: RunFile) -> Scores:
    """Score by a run file, on that system's own scale; unknown where the file lacks the pair.

    Args:
        queries: (queries,) rows.
        documents: (queries, any) document rows, ``PAD`` where there is none.
        run: The file, as ``runs.read_run`` read it.

    Returns:
        Scores of the shape of ``documents``, NaN at ``PAD`` and where the file lacks the pair.
    """
    return run.score(queries, documents)
