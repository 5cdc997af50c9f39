"""Export: write the cleaned training set exactly as a trainer's code reads it."""

from negviz.ui import exporting
from negviz.ui.frame import open_page, workbench

open_page(
    "Export", "Write the negatives that were taken, corrected by your labels, in the format that your trainer reads."
)
bench = workbench()
plan = exporting.choose_format(bench, "export")
exporting.show_plan(plan, "export")
exporting.write_form(plan, "export")
