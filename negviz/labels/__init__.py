"""Labels: what people said about (query, document) pairs, as events that are appended and never changed.

A pair is known by the content of its query and of its document, so that a label outlives ids, models and files.
"""

from negviz.labels.events import CODES, LabelEvent, Pair, Verdict
from negviz.labels.files import read_labels, write_labels
from negviz.labels.state import Labels, Verdicts
from negviz.labels.store import LabelStore, Merged, open_labels

__all__ = [
    "CODES",
    "LabelEvent",
    "LabelStore",
    "Labels",
    "Merged",
    "Pair",
    "Verdict",
    "Verdicts",
    "open_labels",
    "read_labels",
    "write_labels",
]
