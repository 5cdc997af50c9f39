"""Shares of sources."""

from collections.abc import Sequence

import plotly.graph_objects as go

from negviz.charts import CHARTS, FALSE_NEGATIVE, POSITIVE, QUERY, REFUSED, SOFT, TAKEN
from negviz.charts._figure import Draft, plain

COLOURS = (TAKEN, FALSE_NEGATIVE, SOFT, QUERY, POSITIVE, "#9c36b5", "#e67700", "#1864ab")
HATCHES = ("", "/", "x", "-", "\\", "|", "+", ".")
ROW = 44
OVER = {"fillmode": "overlay", "fgcolor": "#ffffff", "fgopacity": 0.5, "size": 7}
UPON = {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "traceorder": "normal"}


@CHARTS.register("Shares of sources")
def source_bars(rows: Sequence[str], sources: Sequence[tuple[str, Sequence[int]]]) -> go.Figure:
    """Show from which source the members of some groups come, each group as one bar of 100%.

    Args:
        rows: Names of the groups, drawn from top to bottom.
        sources: Name and (rows,) counts of each source; what is beyond the eighth shares one colour.
    """
    layout = {"barmode": "stack", "hovermode": "closest", "bargap": 0.3, "xaxis": {"range": [0, 100]},
              "yaxis": {"autorange": "reversed", "type": "category"}, "legend": UPON}  # fmt: skip
    draft = Draft("share, %", "", 130 + ROW * len(rows), layout)
    totals = [max(sum(counts[row] for _, counts in sources), 1) for row in range(len(rows))]
    for place, (name, counts) in enumerate(sources):
        inside = place < len(COLOURS)
        draft.traces.append({
            "type": "bar", "orientation": "h", "y": list(rows), "name": plain(name), "customdata": list(counts),
            "x": [100 * count / total for count, total in zip(counts, totals, strict=True)],
            "marker": {
                "color": COLOURS[place] if inside else REFUSED,
                "pattern": {"shape": HATCHES[place] if inside else "", **OVER},
            },
            "hovertemplate": f"{plain(name)}: %{{customdata:,}} (%{{x:.1f}}%)<extra></extra>",
        })  # fmt: skip
    return draft.figure()
