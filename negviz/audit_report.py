"""The audit as one HTML page that needs nothing else: no network, no files beside it, legible in light and dark.

Every text that is not the program's own is escaped and stands apart from the direction of the text around it. The page
forbids itself to load anything (its content security policy), so that a mistake would show and not leak.
"""

import html
import re
from importlib import resources
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import yaml

from negviz.audit import SEVERITIES, Audit
from negviz.findings import Cell, Finding
from negviz.writing import file_written_beside

STYLE = "audit_page.css"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:"
# A sign and a word each, so that colour is never alone.
MARKS = {"bad": "✗ bad", "look": "! look", "good": "✓ good", "unknown": "? unknown"}
MEANS = {"bad": "do something before training", "look": "worth a look", "good": "nothing to do",
         "unknown": "an input is missing"}  # fmt: skip
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# A column of longer texts gets room.
LONG = 40
OPEN_ROWS = 12
NARROW = 4
DRAW = """
const draw = () => {
  for (const place of document.querySelectorAll('.chart')) {
    const figure = JSON.parse(document.getElementById(place.dataset.figure).textContent);
    Plotly.newPlot(place, figure.data, figure.layout, {responsive: true, displayModeBar: false, displaylogo: false});
  }
};
draw();
addEventListener('beforeprint', () => {
  for (const part of document.querySelectorAll('details')) part.open = true;
  for (const place of document.querySelectorAll('.chart')) Plotly.Plots.resize(place);
});
"""


def page(audit: Audit) -> str:
    """The report as HTML.

    Args:
        audit: What was found.
    """
    about = audit.provenance
    style = resources.files("negviz").joinpath(STYLE).read_text("utf-8")
    title = f"Audit of {about['data']}"
    body = [
        f"<h1>{escaped(title)}</h1>", _opening(audit), _counts(audit), _contents(audit),
        *(_section(finding) for finding in audit.findings), _rests_on(about),
    ]  # fmt: skip
    pictures = any(finding.figure is not None for finding in audit.findings)
    head = (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>{escaped(title)}</title>\n<style>\n{style}</style>\n</head>\n'
    )
    return f"{head}<body>\n<main>\n{''.join(body)}</main>\n{_scripts() if pictures else ''}</body>\n</html>\n"


def write_page(audit: Audit, path: Path) -> None:
    """Write the report; the file appears whole or not at all.

    Args:
        audit: What was found.
        path: HTML file.
    """
    text = page(audit)
    with file_written_beside(Path(path)) as beside:
        beside.write_text(text, "utf-8", newline="\n")


def escaped(text: str) -> str:
    """A text of any origin as HTML: no markup, no control characters, no halves of characters."""
    whole = text.encode("utf-8", "replace").decode()
    return html.escape(UNSEEN.sub("\ufffd", whole), quote=True)


def _scripts() -> str:
    from plotly.offline import get_plotlyjs

    return f"<script>{get_plotlyjs()}</script>\n<script>{DRAW}</script>\n"


def _opening(audit: Audit) -> str:
    about, case = audit.provenance, audit.case
    how = (
        "They came with the data; nobody here chose them."
        if case.mined_elsewhere
        else f"They were chosen by the recipe <b>{escaped(case.selection.recipe.name)}</b>."
    )
    return (
        f'<p class="quiet">{about["negatives"]:,} negatives of {about["queries"]:,} queries, among '
        f"{about['documents']:,} documents. {how}</p>\n"
    )


def _counts(audit: Audit) -> str:
    items = [
        f'<li><span class="mark {severity}" title="{MEANS[severity]}">{MARKS[severity]}: '
        f"{audit.counts[severity]}</span></li>"
        for severity in SEVERITIES
    ]
    return f'<ul class="counts">{"".join(items)}</ul>\n'


def _contents(audit: Audit) -> str:
    items = [
        f'<li><a href="#{finding.name}">{escaped(finding.title)}</a>{_mark(finding)}</li>\n'
        for finding in audit.findings
    ]
    return f'<nav aria-label="Findings"><ol>\n{"".join(items)}</ol></nav>\n'


def _mark(finding: Finding) -> str:
    return f'<span class="mark {finding.severity}">{MARKS[finding.severity]}</span>'


def _section(finding: Finding) -> str:
    parts = [
        f'<section id="{finding.name}">\n<h2>{escaped(finding.title)} {_mark(finding)}</h2>\n',
        f'<p dir="auto">{escaped(finding.sentence)}</p>\n',
    ]
    if finding.todo:
        parts.append(f'<p class="todo"><b>What to do:</b> {escaped(finding.todo)}</p>\n')
    if finding.figure is not None:
        parts.append(_picture(finding, finding.figure))
    if finding.rows:
        parts.append(_table(finding))
    return f"{''.join(parts)}</section>\n"


def _picture(finding: Finding, figure: go.Figure) -> str:
    name = f"figure-{finding.name}"
    said = escaped(f"Chart: {finding.title}. {finding.sentence}")
    # A script ends at the first "</", wherever it stands.
    told = _bare(figure).to_json().replace("<", "\\u003c")
    height = int(figure.layout.height or 300)
    return (
        f'<figure role="img" aria-label="{said}"><div class="chart" style="height:{height}px" data-figure="{name}">'
        f'</div></figure>\n<script type="application/json" id="{name}">{told}</script>\n'
        "<noscript><p class=quiet>The picture needs JavaScript; the numbers are in the text.</p></noscript>\n"
    )


def _bare(figure: go.Figure) -> go.Figure:
    """The figure without colours of its own for paper and words, which the page's style gives."""
    copy = go.Figure(figure)
    dark = {"bgcolor": "#20262c", "bordercolor": "#20262c", "font": {"color": "#ffffff"}}
    copy.update_layout(
        template=go.layout.Template(), paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", hoverlabel=dark,
        font={"family": "system-ui, sans-serif", "size": 13}, autosize=True,
    )  # fmt: skip
    axis = {"gridcolor": "#cccccc", "zerolinecolor": "#888888", "automargin": True, "title_font_size": 13}
    copy.update_xaxes(axis)
    copy.update_yaxes(axis)
    return copy


def _table(finding: Finding) -> str:
    kinds = [_kind([row[place] for row in finding.rows]) for place in range(len(finding.columns))]
    head = "".join(
        f'<th scope="col" class="{kind}">{escaped(name)}</th>'
        for name, kind in zip(finding.columns, kinds, strict=True)
    )
    rows = "".join(
        "<tr>" + "".join(_cell(cell, name, kind) for cell, name, kind in zip(row, finding.columns, kinds, strict=True))
        + "</tr>\n"
        for row in finding.rows
    )  # fmt: skip
    more = f", and {finding.more:,} more" if finding.more else ""
    number = len(finding.rows)
    wide = "wide" if len(finding.columns) >= NARROW and "long" in kinds else ""
    return (
        f"<details{' open' if number <= OPEN_ROWS else ''}><summary>{number:,} row{'s' * (number != 1)}{more}</summary>"
        f'<div class="scroll"><table class="{wide}"><thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{rows}</tbody></table></div></details>\n"
    )


def _kind(cells: list[Cell]) -> str:
    if all(isinstance(cell, int | float) or cell is None for cell in cells):
        return "number"
    return "long" if max(len(str(cell)) for cell in cells) > LONG else "id"


def _cell(cell: Cell, name: str, kind: str) -> str:
    named = escaped(name)
    return f'<td class="{kind}" data-name="{named}" dir="auto"><bdi>{escaped(_told(cell))}</bdi></td>'


def _told(cell: Cell) -> str:
    if cell is None:
        return "unknown"
    if isinstance(cell, int):
        return f"{cell:,}"
    return f"{cell:.3g}" if isinstance(cell, float) else cell


def _rests_on(about: dict[str, Any]) -> str:
    rows = {key.replace("_", " "): value for key, value in about.items() if key != "recipe"}
    cells = "".join(
        f'<tr><th scope="row">{escaped(name)}</th><td><bdi>{escaped(_plain(value))}</bdi></td></tr>\n'
        for name, value in rows.items()
    )
    recipe = escaped(yaml.safe_dump(about["recipe"], allow_unicode=True, sort_keys=False))
    return (
        '<section id="rests-on">\n<h2>What this rests on</h2>\n<p>The same data, selection, labels and version give '
        f'the same report.</p>\n<table class="facts"><tbody>\n{cells}</tbody></table>\n<details><summary>The recipe'
        f"</summary><pre>{recipe}</pre></details>\n</section>\n"
    )


def _plain(value: Any) -> str:
    return "none" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
