"""Exporters: one file a trainer's format; each writes a training set exactly as that trainer's code reads it.

An exporter is ``name(*, training_set, folder, knobs) -> counts``, registered with the traits ``trainer``, ``reads``
(the loader that reads its files back, empty if none does), ``rows`` (a generator of what it writes, which the preview
shows too: ``rows(training_set, left_out, **knobs)``), ``snippet`` (code that loads or trains, see ``_card``) and, where
people know the format by another spelling, ``name_shown``.
"""

from negviz.registry import Registry

EXPORTERS = Registry("format", "negviz.exporters", context=frozenset({"training_set", "folder"}))
