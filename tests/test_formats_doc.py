"""docs/formats.md says of each format what the program says of it."""

from pathlib import Path

import pytest

from negviz.export import shown_name
from negviz.exporters import EXPORTERS
from negviz.loaders import LOADERS

DOCUMENT = (Path(__file__).parents[1] / "docs" / "formats.md").read_text("utf-8")
SAYS = {
    "negatives": "negatives", "positives": "several positives a row", "counts": "different numbers of negatives",
    "empty": "queries without negatives", "ids": "ids", "titles": "titles", "grades": "grades", "scores": "scores",
    "answers": "answers", "prompts": "prompts", "subsets": "subsets", "corpus": "documents of nobody",
}  # fmt: skip


def read(entry):
    """Row of the table of what is read."""
    return f"| {entry.name} | {entry.trait('title')} | {entry.trait('trainer')} |"


def written(entry):
    """Beginning of the row of the table of what is written."""
    holds = {what: SAYS[what] for what in entry.trait("holds")}
    if "scores" not in holds and any(knob.name == "scores" for knob in entry.knobs):
        holds["scores"] = "scores*"
    says = ", ".join(holds[what] for what in SAYS if what in holds) or "nothing"
    return f"| {shown_name(entry)} | {entry.trait('trainer')} | {says} |"


@pytest.mark.parametrize("entry", list(LOADERS), ids=lambda entry: entry.name)
def test_what_is_read_is_in_the_table(entry):
    assert read(entry) in DOCUMENT


@pytest.mark.parametrize("entry", list(EXPORTERS), ids=lambda entry: entry.name)
def test_what_is_written_is_in_the_table_with_what_it_says(entry):
    assert written(entry) in DOCUMENT
