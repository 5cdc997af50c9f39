"""Diagnostics: arrays in, numbers out; what a page or a report says about a pool or a selection.

A diagnostic is pure and knows neither charts nor pages. Knobs arrive resolved; of strategies it knows only the
limits that they declare.
"""

from negviz.registry import Registry

DIAGNOSTICS = Registry("diagnostic", "negviz.diagnostics")
