"""Label: judge the doubtful candidates, one by one or a query at a time."""

import streamlit as st

from negviz.ui.frame import open_page, workbench
from negviz.ui.label_desk import desk_at_hand
from negviz.ui.label_orders import choose_order, second_opinion, settings
from negviz.ui.label_team import name_field, team_panel
from negviz.ui.labelling import label_desk

open_page(
    "Label",
    "Judge doubtful candidates by key. Each answer is in the database before the next pair comes.",
)
bench = workbench()

with st.container(horizontal=True, vertical_alignment="bottom"):
    order = choose_order()
    name_field()
    second_opinion(order)
desk_at_hand(bench, settings(bench, order))
label_desk()
team_panel(bench.pool)
