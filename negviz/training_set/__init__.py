"""Training set: what an exporter writes, each query with its positives and negatives after labels had their say."""

from negviz.training_set.examples import Change, DocumentText, Example, Negative, Positive, QueryText, TrainingSet
from negviz.training_set.making import Unsure, make_training_set

__all__ = [
    "Change",
    "DocumentText",
    "Example",
    "Negative",
    "Positive",
    "QueryText",
    "TrainingSet",
    "Unsure",
    "make_training_set",
]
