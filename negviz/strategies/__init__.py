"""Strategies: pure functions ``(pool, *, knobs) -> weights (queries, depth)``; 0 refuses, larger is likelier.

A strategy never draws, formats or prints. Leaks and padding are taken out before and after it, so it need not know
about them. ``scorer``, ``anchor`` and ``survivors`` (what earlier steps left) are filled in from the recipe.
"""

from negviz.registry import Registry

STRATEGIES = Registry("strategy", "negviz.strategies", context=frozenset({"pool", "scorer", "anchor", "survivors"}))
