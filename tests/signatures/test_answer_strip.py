"""The answer strip: drawn where there are answers, and a sentence where there are none."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from negviz.charts.answer_strip import answer_strip as chart
from negviz.diagnostics.answer_filter import LANES, answer_filter
from negviz.recipe import published
from negviz.select import select
from tests.test_answers import pool_of


def drawn(recipe, query):
    import streamlit as st

    from negviz.recipe import published
    from negviz.select import select
    from negviz.ui.signatures import SIGNATURES
    from tests.pools import rich_pool

    selection = select(rich_pool(), published()[recipe])
    SIGNATURES.get("answer_strip").function(selection, query=query)
    st.text("drawn to the end")


@pytest.mark.app
@pytest.mark.parametrize(("recipe", "query", "sentence"), [
    ("dpr", 0, "The answer filter removes"), ("dpr", 1, "This query has no answer strings"),
    ("nv_perc", 2, "12 of 24 have no answer strings"),
])  # fmt: skip
def test_it_draws(recipe, query, sentence):
    app = AppTest.from_function(drawn, args=(recipe, query), default_timeout=30).run()
    assert not app.exception
    assert app.text[-1].value == "drawn to the end"
    assert sentence in "\n".join(caption.value for caption in app.caption)


def test_the_numbers_by_hand():
    pool = pool_of()
    found = answer_filter(select(pool, published()["nv_topk"]), pool.rank("dense"), 1, "string", False)
    assert (found.candidates, found.containing) == (8, 3)
    assert (found.queries, found.unanswered, found.emptied) == (3, 1, 0)
    assert found.ranks.tolist() == [0, 1, 2, 3]
    assert [LANES[lane] for lane in found.lanes] == ["taken"] * 4


def test_a_lane_for_each_kind():
    option = chart(np.array([0, 3, 9], np.int32), np.array([3, 1, 0], np.int32), LANES, "bm25")
    assert [(series["name"], series["data"]) for series in option["series"]] == [
        ("Without the answer", [[9, 0]]), ("Contains an answer", [[3, 1]]), ("Taken", []),
        ("Labelled positive", [[0, 3]]),
    ]  # fmt: skip
    assert chart(np.empty(0, np.int32), np.empty(0, np.int32), LANES, "bm25")["xAxis"]["max"] == 1.0
