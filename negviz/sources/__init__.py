"""Sources: functions ``(pool, *, knobs) -> Pool`` that give a recipe other candidates than those of the pool.

A source keeps the pool's dataset, queries and positives and brings its own candidates; everything after it (guards,
steps, draw) is the same. ``scorer`` and ``seed`` are filled in from the recipe; build the result with ``assemble``.
The trait ``across`` is that of strategies; all have it, since an assembled pool is as wide as its widest query.
"""

from negviz.registry import Registry

SOURCES = Registry("source", "negviz.sources", context=frozenset({"pool", "scorer", "seed"}))
