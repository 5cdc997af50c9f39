"""Thresholds: where the recipe's limits fall among the scores, and which candidates lie next to them."""

from negviz.ui import thresholds
from negviz.ui.frame import open_page, workbench

open_page(
    "Thresholds",
    "Turn a limit and see where it falls among the scores, what it costs, and which candidates lie next to it.",
)
bench = workbench()
thresholds.explore(bench.pool)
