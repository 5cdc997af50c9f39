"""Label: judge the doubtful candidates one by one."""

import streamlit as st

from negviz.ui.frame import open_page, workbench
from negviz.ui.labelling import label_desk, name_field
from negviz.ui.queue import choose_order, desk_at_hand

open_page(
    "Label",
    "Judge doubtful candidates one by one. Each answer is on disk before the next pair comes.",
)
bench = workbench()

order_column, name_column = st.columns([4, 1], vertical_alignment="top")
with name_column:
    name_field()
with order_column:
    order, size, seed = choose_order(bench)
desk_at_hand(bench, order, size, seed)
label_desk(bench.pool)
