"""Tables of any length: shown a page at a time, downloaded whole."""

import io

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import streamlit as st

PAGE = 200
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
    st.dataframe(rows.to_pandas(), hide_index=True, key=f"{key}.{page}", width="stretch",
                 height=min(38 + 35 * max(len(rows), 1), 420))  # fmt: skip
    if pages > 1:
        first = (page - 1) * PAGE + 1
        st.caption(f"Rows {first:,} to {first + len(rows) - 1:,} of {len(table):,}")


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
