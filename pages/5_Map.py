"""Map: documents and queries as points, near where their vectors are similar."""

from negviz.ui.frame import open_page, workbench
from negviz.ui.map import controls, show_map, that_runs, vectors_or_stop

open_page(
    "Map",
    "See where a query, its positives and its negatives lie among all documents, and mark areas to label.",
)
bench = workbench()
identity = vectors_or_stop(bench.pool)
bench = that_runs(bench)
show_map(bench, controls(bench), identity)
