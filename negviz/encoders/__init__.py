"""Encoders: one file a kind of model; each gives unit vectors for a cosine model and untouched ones for a dot model."""

from negviz.registry import Registry

ENCODERS = Registry("encoder", "negviz.encoders", context=frozenset({"dataset", "path", "home"}))
