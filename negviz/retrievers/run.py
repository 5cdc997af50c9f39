"""Candidates of a run file that another system made."""

from negviz.arrays import Ints
from negviz.retrievers import RETRIEVERS
from negviz.runs import RunFile


@RETRIEVERS.register("Run file", reference="trec.nist.gov, trec_eval's run format", needs="run")
def run(*, queries: Ints, depth: int, run: RunFile) -> Ints:
    """Bring a run file's documents, by its scores and not by its ranks; ties by document id.

    Args:
        queries: (queries,) rows.
        depth: Documents a query.
        run: The file, as ``runs.read_run`` read it.

    Returns:
        (queries, depth) document rows, ``PAD`` where the file has fewer.
    """
    return run.top(queries, depth)
