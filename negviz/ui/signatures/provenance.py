"""Provenance: whether mined and synthetic candidates can be told apart."""

from typing import cast

import streamlit as st

from negviz.charts.compared_histograms import compared_histograms
from negviz.diagnostics.provenance import FEWEST, Provenance
from negviz.diagnostics.provenance import provenance as compare
from negviz.labels import Labels
from negviz.pool import Pool
from negviz.selection import Selection
from negviz.ui.metrics import show_metrics
from negviz.ui.signatures import SIGNATURES

RISK = 0.9


@SIGNATURES.register("Provenance health", reference="METHODS F2, F3; section 12, plot 10")
def provenance(selection: Selection, *, labels: Labels) -> None:
    """Where synthetic and mined candidates lie among the scores; a model can learn the source instead."""
    pool, scorer = selection.pool, selection.recipe.scorer
    found = _of(pool, scorer)
    st.echarts_chart(
        compared_histograms(found.edges, [("Mined", found.mined), ("Synthetic", found.synthetic)], f"score, {scorer}"),
        key="signature.provenance", height=300,
        alt="Densities of the scores of mined and of synthetic candidates",
    )  # fmt: skip
    auc = "unknown" if found.auc is None else f"{found.auc:.3f}"
    share = found.information / found.entropy if found.entropy else 0.0
    show_metrics([
        ("Synthetic candidates", f"{int(found.synthetic.sum()):,}", "Those that no leak guard refuses."),
        ("Source told from vectors", auc, "Area under the curve of a classifier, cross-validated: 0.5 cannot tell the "
         "source, 1 always can."),
        ("Told by the score", f"{found.information:.3f} bits", "Mutual information of source and score; 0 is best."),
    ])  # fmt: skip
    wanted = f"Vectors of at least {FEWEST} documents of each source are needed for a classifier. "
    few = wanted if found.auc is None else ""
    warn = (
        "A classifier tells the source almost always: a model can learn that shortcut instead of relevance. "
        if found.auc is not None and found.auc >= RISK
        else ""
    )
    st.caption(
        f"{few}{warn}The score tells {share:.0%} of what there is to know about the source "
        f"({found.entropy:.3f} bits). Few candidates make both numbers look larger than they are."
    )
    taken = selection.taken
    if "synthetic" in pool.ranks and taken.any():
        written = int((taken & (pool.ranks["synthetic"] >= 0)).sum())
        st.caption(f"Of {int(taken.sum()):,} negatives taken {written:,} are synthetic ({written / taken.sum():.0%}).")


def _of(pool: Pool, scorer: str) -> Provenance:
    """Worked out once a pool and scorer, and kept beside the pool: no knob changes it."""
    made = cast(dict[str, Provenance], pool.__dict__.setdefault("_provenance", {}))
    if scorer not in made:
        made[scorer] = compare(pool, scorer)
    return made[scorer]
