"""Loaders: one file a format; each recognises its files by looking and reads them into rows with their line numbers.

A loader is ``name(source) -> Rows``, registered with the traits ``trainer`` (whose files these are), ``recognise``
(``recognise(source)`` returns a sentence saying why the files look so, or None) and, where it takes whatever no other
loader took, ``last=True``.
"""

from negviz.registry import Registry

LOADERS = Registry("format", "negviz.loaders", context=frozenset({"source"}))
