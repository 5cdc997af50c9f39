"""Audit: how many false negatives are left, which threshold meets a wanted rate, and what else is wrong."""

from negviz.ui import auditing
from negviz.ui.frame import open_page, workbench

open_page(
    "Audit",
    "Measure how many of the negatives are false, find the threshold that meets a rate, and see what else is wrong.",
)
auditing.explore(workbench())
