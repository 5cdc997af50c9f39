"""Hub documents: negatives of many queries."""

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from negviz.arrays import PAD, Floats
from negviz.charts.counted import counted
from negviz.findings import FINDINGS, TOP, Case, Cell, Finding, Severity, document_cells, need_negatives, some

PART = 0.01
LOOK, BAD = 0.1, 0.25
# A single document in so many of the queries is worth a look, however many other negatives there are.
EVERYWHERE = 0.25
# A document that so few queries share is no hub, however small the set.
FEW = 5
COLUMNS = ("negative of queries", "share of queries", "positive of queries", "document id", "document")


@FINDINGS.register("Hub documents", place=60, reference="Radovanovic et al. 2010 (hubness)")
def hub_documents(case: Case) -> Finding:
    """Look for documents that are negatives of many queries.

    Vectors of many dimensions have hubs, which are near to everything; so have texts that say little. A model learns
    from them to push a document away, whatever the query. Above 10% of all negatives in 1% of the documents is worth a
    look, above 25% is bad, and a document in more than a quarter of the queries is worth a look, too, where a hub
    serves five queries or more; the limits are ours.

    Args:
        case: What is audited.

    Raises:
        MissingInputError: If there is no negative.
    """
    negatives, queries = need_negatives(case), len(case.pool)
    documents, times = np.unique(case.pairs[:, 1], return_counts=True)
    order = np.lexsort((documents, -times))
    documents, times = documents[order], times[order]
    top = max(1, round(PART * len(documents)))
    share = float(times[:top].sum()) / negatives
    hubs = int((times >= FEW).sum())
    severity = _severity(int(times[0]), queries, share)
    positives = case.pool.positives[np.not_equal(case.pool.positives, PAD)]
    answers = dict(zip(*(part.tolist() for part in np.unique(positives, return_counts=True)), strict=True))
    rows = tuple(_row(case, int(document), int(count), answers.get(int(document), 0), queries)
                 for document, count in zip(documents[:TOP], times[:TOP], strict=True) if count > 1)  # fmt: skip
    used = int((times > 1).sum())
    return Finding(
        severity,
        f"The most used 1% of the documents ({top:,} of {len(documents):,}) make up {share:.1%} of all negatives; the "
        f"first is a negative of {int(times[0]):,} of {some(queries, 'query', 'queries')}; {some(hubs, 'document')} "
        f"{'serves' if hubs == 1 else 'serve'} {FEW} queries or more.",
        "" if severity == "good" else "Put the step 'reuse_cap' into the recipe: a document then serves few queries.",
        COLUMNS, rows, max(used - len(rows), 0), figure=_figure(times),
        facts={"documents": len(documents), "top_documents": top, "top_share": round(share, 5), "most": int(times[0]),
               "hubs": hubs, "negatives": negatives},
    )  # fmt: skip


def _severity(most: int, queries: int, share: float) -> Severity:
    if most < FEW:
        return "good"
    return "bad" if share > BAD else "look" if share > LOOK or most > EVERYWHERE * queries else "good"


def _row(case: Case, document: int, count: int, answers: int, queries: int) -> tuple[Cell, ...]:
    return (count, f"{count / queries:.1%}", answers, *document_cells(case, document))


def _figure(times: npt.NDArray[np.int64]) -> go.Figure:
    """Documents by how many queries they serve."""
    edges: Floats = np.unique(np.floor(np.linspace(1, int(times.max()) + 1, 31))) - 0.5
    counts = np.histogram(times, edges)[0].astype(np.int32)
    return counted(edges, [("documents", counts)], x="queries that it serves",
                   y="documents (logarithmic)", log=True, whole=True)  # fmt: skip
