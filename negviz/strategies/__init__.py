"""Strategies: pure functions ``(pool, *, knobs) -> weights (queries, depth)``; 0 refuses, larger is likelier.

A strategy never draws, formats or prints. Leaks and padding are taken out before and after it, so it need not know
about them. ``scorer``, ``anchor``, ``count``, ``seed``, ``survivors`` (what earlier steps left) and ``verdicts`` (codes
of the labels, (queries, depth), see ``labels.CODES``) are filled in by the caller.

The trait ``across`` says that it matters to a query which other queries there are; all others give a query the same
weights whatever is asked beside it, so that large pools are worked through in blocks.
"""

from negviz.registry import Registry

CONTEXT = frozenset({"pool", "scorer", "anchor", "survivors", "verdicts", "count", "seed"})
STRATEGIES = Registry("strategy", "negviz.strategies", context=CONTEXT)
