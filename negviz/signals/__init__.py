"""Signals: one file a kind of evidence that a candidate is an unlabelled positive.

A signal is a pure function ``(pool, rows) -> (rows, depth)``: a number for each candidate of the given rows of the
pool, NaN at padding and where it is unknown, for lack of a positive, of vectors, of words or of a scorer. It fails for
nothing that a pool may lack. The trait ``words`` of a registration says a number as a reason that people read: a
function ``(pool, row, column, value) -> str``. Numbers are raw, on the scale of what they come from;
``negviz.suspicion`` makes them comparable, and its prior names those that it uses.
"""

from negviz.registry import Registry

SIGNALS = Registry("signal", "negviz.signals")
