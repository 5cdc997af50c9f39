"""Draws: from weights to the columns that are taken; always seeded, never dependent on order or threads."""

from negviz.registry import Registry

DRAWS = Registry("draw", "negviz.draws", context=frozenset({"pool", "weights", "scores", "keys", "count", "seed"}))
