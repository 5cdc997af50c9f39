"""Exporters: one file a trainer's format; each writes a training set exactly as that trainer's code reads it."""

from negviz.registry import Registry

EXPORTERS = Registry("format", "negviz.exporters", context=frozenset({"training_set", "folder"}))
