"""Compare: recipes and selections side by side on one pool."""

from negviz.ui import comparing
from negviz.ui.frame import open_page, workbench

open_page(
    "Compare", "Set recipes side by side: what each takes, how hard it is, and what one takes that another refuses."
)
bench = workbench()
comparing.explore(bench.pool)
