"""negviz: see, tune, label, measure and clean the hard negatives that dense retrievers are trained on."""

__version__ = "0.1.0"
