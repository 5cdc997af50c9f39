"""Signature plots: one file a plot that shows a method at work; a recipe names its own by ``plot``.

Each is a function ``(selection, *, query, labels) -> None`` that draws with Streamlit: a heading that says in one
sentence what to see, the chart, and the numbers in words. ``query`` is a row of the selection's pool. What cannot be
drawn here says in one sentence which input is missing.

Where no query is chosen, plots that do not take ``query`` are drawn, and those registered with ``over_all=True``, which
then get None.
"""

from negviz.registry import Registry

SIGNATURES = Registry("plot", "negviz.ui.signatures", context=frozenset({"selection", "query", "labels"}))
