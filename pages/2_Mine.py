"""Mine: choose and edit the recipe, and see for each candidate whether it is taken and what refused it."""

from negviz.ui import mining
from negviz.ui.frame import open_page, workbench

open_page(
    "Mine", "Choose how negatives are picked, and see for every candidate whether it is taken and what refused it."
)
bench = workbench()
mining.explore(bench.pool)
