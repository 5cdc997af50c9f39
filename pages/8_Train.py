"""Train: what the negatives are worth, measured on unseen queries, and how student and miner chase each other."""

from negviz.ui import training
from negviz.ui.frame import open_page, workbench

open_page(
    "Train",
    "Train a small student on these negatives and measure it on queries that it has not seen: that tells which "
    "negatives teach best here. Your own model is never changed.",
)
training.explore(workbench())
