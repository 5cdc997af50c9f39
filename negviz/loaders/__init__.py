"""Loaders: one file a format; each recognises its files by looking and reads them example by example.

A loader is ``name(source) -> Reading``, registered with the traits ``trainer`` (whose files these are), ``recognise``
(``recognise(source)`` returns a sentence saying why the files look so, or None) and, where it takes whatever no other
loader took, ``last=True``.
"""

from negviz.registry import Registry

LOADERS = Registry("format", "negviz.loaders", context=frozenset({"source"}))
