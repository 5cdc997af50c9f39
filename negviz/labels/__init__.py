"""Labels: what people said about (query, document) pairs, as events that are appended and never changed.

A pair is known by the content of its query and of its document, so that a label outlives ids, models and files.
"""

from negviz.labels.agreement import Agreement, Coefficient, TwoAgree, agreement
from negviz.labels.events import ADJUDICATION, CODES, LabelEvent, Pair, Verdict
from negviz.labels.files import LabelFile, read_label_file, read_labels, write_labels
from negviz.labels.judgments import in_words, write_conflicts, write_judgments
from negviz.labels.state import Labels, Verdicts
from negviz.labels.store import LabelStore, Merged, open_labels

__all__ = [
    "ADJUDICATION",
    "CODES",
    "Agreement",
    "Coefficient",
    "LabelEvent",
    "LabelFile",
    "LabelStore",
    "Labels",
    "Merged",
    "Pair",
    "TwoAgree",
    "Verdict",
    "Verdicts",
    "agreement",
    "in_words",
    "open_labels",
    "read_label_file",
    "read_labels",
    "write_conflicts",
    "write_judgments",
    "write_labels",
]
