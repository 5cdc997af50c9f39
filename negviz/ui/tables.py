"""Tables of any length: shown a page at a time, downloaded whole."""

import html
import io
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import streamlit as st

PAGE = 200
TALLEST = 460
# What a spreadsheet takes for a formula when a cell starts with it.
FORMULA = "^[=+\\-@\t\r]"


def show_paged(table: pa.Table, key: str) -> None:
    """Show a table, at most 200 rows at a time; texts are shown as they are.

    Args:
        table: Rows.
        key: Prefix of the widgets; it should change with the filter, since places in a table are positional.
    """
    pages = max(-(-len(table) // PAGE), 1)
    page = st.pagination(pages, key=f"{key}.page") if pages > 1 else 1
    rows = table.slice((page - 1) * PAGE, PAGE)
    st.dataframe(
        rows.to_pandas(), hide_index=True, key=f"{key}.{page}", width="stretch", placeholder="–",
        height=min(38 + 35 * max(len(rows), 1), TALLEST), column_config=_grouped(table),
    )  # fmt: skip
    if pages > 1:
        first = (page - 1) * PAGE + 1
        st.caption(f"Rows {first:,} to {first + len(rows) - 1:,} of {len(table):,}")


def _grouped(table: pa.Table) -> dict[str, Any]:
    """Counts in groups of three digits, as people write them; other numbers are shown as they are."""
    return {
        name: st.column_config.NumberColumn(format="localized")
        for name, kind in zip(table.column_names, table.schema.types, strict=True)
        if pa.types.is_integer(kind)
    }


def show_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    """Show a few rows of the same columns at once: without a grid, which takes its time at every step of a slider.

    Args:
        rows: At least one; texts are shown as they are, nothing as a dash.
    """
    texts = [name for name in rows[0] if any(isinstance(row[name], str) for row in rows)]
    head = "".join(_cell("th", name, name in texts) for name in rows[0])
    body = "".join(f"<tr>{''.join(_cell('td', row[name], name in texts) for name in rows[0])}</tr>" for row in rows)
    st.html(f'<div class="negviz-rows"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>')


def _cell(tag: str, value: object, text: bool) -> str:
    shown = "–" if value is None else f"{value:,}" if isinstance(value, int | float) else str(value)
    kind = "" if text else ' class="negviz-number"'
    return f"<{tag}{kind}>{html.escape(shown)}</{tag}>"


def csv_bytes(table: pa.Table) -> bytes:
    """A table as CSV in UTF-8; a text that a spreadsheet would run as a formula gets an apostrophe in front."""
    columns = [_harmless(column) for column in table.columns]
    sink = io.BytesIO()
    pa_csv.write_csv(pa.table(columns, names=table.column_names), sink)
    return sink.getvalue()


def _harmless(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    return pc.replace_substring_regex(column, FORMULA, "'\\0")
