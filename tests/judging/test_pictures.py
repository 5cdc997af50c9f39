"""Numbers behind the plots of verdicts and of provenance, and the plots themselves."""

import numpy as np
import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from negviz.charts.false_negative_counts import false_negative_counts as counts_chart
from negviz.charts.rank_slope import rank_slope as slope_chart
from negviz.charts.verdict_ladder import verdict_ladder as ladder_chart
from negviz.diagnostics.false_negative_counts import PUBLISHED, false_negative_counts
from negviz.diagnostics.provenance import auc_of, information_of, provenance
from negviz.diagnostics.rank_slope import other_first, rank_slope
from negviz.diagnostics.verdicts_by_rank import verdicts_by_rank
from negviz.errors import MissingInputError
from negviz.judge import Trial
from negviz.mine import build_pool
from negviz.recipe import find_recipe
from negviz.select import select
from negviz.store import save_pool, save_selection
from negviz.synthesise import Commission
from negviz.ui.signatures.verdict_ladder import with_words
from tests.judging.conftest import made_pool
from tests.pools import NAN, make_pool


def verdicts(rows):
    return make_pool(
        [[0.9, 0.8, 0.7]] * len(rows), [[0.95]] * len(rows), more_scores={"rlhn": np.array(rows, np.float32)}
    )


def test_counts_leave_out_queries_that_were_not_judged():
    pool = verdicts([[2, 1, 0], [0, 0, NAN], [NAN] * 3, [2, 2, 2]])
    found = false_negative_counts(pool, "rlhn", 1)
    assert found.queries.tolist() == [1, 0, 1, 1]
    assert found.judged.tolist() == [3, 2, 0, 3]
    assert found.affected == 2
    assert false_negative_counts(pool, "rlhn", 2).queries.tolist() == [1, 1, 0, 1]


def test_verdicts_by_rank_count_each_verdict_once():
    counts = verdicts_by_rank(verdicts([[2, 1, 0], [0, 0, NAN]]), "rlhn", "dense", (0, 1, 3))
    assert counts.tolist() == [[1, 2], [0, 1], [1, 0], [0, 0]]


def test_the_slope_joins_places_of_the_same_candidate():
    pool = make_pool([[0.9, 0.8, 0.7, 0.6]], [[0.9]], documents=[[0, 1, 2, 3]], positives=[[0]],
                     more_scores={"gecko": np.array([[0.1, 0.3, NAN, 0.2]], np.float32)})  # fmt: skip
    found = rank_slope(pool, "gecko", "dense", 0)
    assert found.columns.tolist() == [1, 3, 0]
    assert found.before.tolist() == [2, 3, 1]
    assert found.after.tolist() == [1, 2, 3]
    assert found.other_first
    assert other_first(pool, "gecko", "dense") == (1, 1)
    assert isinstance(slope_chart(found.before, found.after, ["taken"] * 3, ("a", "b")), go.Figure)


def test_information_is_zero_where_sources_are_mixed_and_the_entropy_where_they_are_apart():
    values = np.arange(100) / 100
    assert information_of(values, values)[0] == pytest.approx(0, abs=1e-9)
    bits, entropy = information_of(values[:50], values[50:])
    assert (bits, entropy) == (pytest.approx(1), pytest.approx(1))
    bits, entropy = information_of(np.zeros(90), np.ones(10))
    assert entropy == pytest.approx(0.468996, abs=1e-6)
    assert bits == pytest.approx(entropy, abs=1e-6)
    assert information_of(np.zeros(0), np.ones(3)) == (0.0, 0.0)


def test_a_classifier_tells_sources_apart_only_where_they_are():
    random = np.random.default_rng(0)
    vectors, source = random.normal(size=(200, 8)), np.arange(200) % 2
    assert auc_of(vectors, source) == pytest.approx(0.5, abs=0.12)
    assert auc_of(vectors + 5 * source[:, None], source) > 0.99


def test_provenance_counts_the_queries_that_have_synthetic_candidates(stub, settings, home):
    towers = made_pool()
    mined = build_pool(towers.dataset, encoder="static", retrievers=["dense"], depth=8, home=home)
    pool = Commission(mined, settings(), home).run().pool
    found = provenance(pool, "dense")
    assert found.synthetic.sum() == 12
    assert found.mined.sum() == (pool.eligible & ~(pool.ranks["synthetic"] >= 0)).sum()
    assert 0 <= found.information <= found.entropy
    assert found.auc is not None
    assert found.auc > 0.9, "these texts are of another kind, which the vectors show"
    with pytest.raises(MissingInputError, match="negviz synthesise"):
        provenance(mined, "dense")


def test_charts_are_figures():
    assert isinstance(counts_chart(np.array([5, 3, 0, 1]), PUBLISHED, 2), go.Figure)
    assert isinstance(counts_chart(np.array([0, 0]), PUBLISHED), go.Figure)
    figure = ladder_chart(["0", "1 or more"], ["kept", "excluded"], np.array([[1, 2], [3, 4]], np.int32))
    assert [trace.name for trace in figure.data] == ["kept", "excluded"]


def test_words_are_marked_where_they_stand():
    text = "x" * 300 + " set with pectin " + "y" * 300
    part, spans = with_words(text, "set with pectin")
    assert [part[start:end] for start, end in spans] == ["set with pectin"]
    assert with_words("short", "not there") == ("short", [])


def page(pool, selection, plot):
    from pathlib import Path

    from negviz.labels import Labels
    from negviz.store import open_pool, read_selection
    from negviz.ui.signatures import SIGNATURES

    opened = open_pool(Path(pool))
    given = {"selection": read_selection(Path(selection), opened), "query": 0, "labels": Labels.of(())}
    entry = SIGNATURES.get(plot)
    entry.function(given.pop("selection"), **{name: given[name] for name in entry.wants if name in given})


def drawn(tmp_path, pool, name):
    recipe = find_recipe(name)
    save_pool(pool, tmp_path / "pool")
    save_selection(select(pool, recipe), tmp_path / "s.parquet")
    shown = AppTest.from_function(
        page, args=(str(tmp_path / "pool"), str(tmp_path / "s.parquet"), recipe.plot), default_timeout=30
    ).run()
    assert not shown.exception, shown.exception
    return "\n".join(str(part.value) for part in [*shown.caption, *shown.markdown])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rlhn", "6 of 6 judged queries (100%)"),
        ("arhn", "Another positive: holds an answer"),
        ("llm_judge", "Answers it fully (1)"),
        ("gecko", "no labelled positive for 6 of 6 queries"),
    ],
)
def test_plots_of_verdicts_are_drawn(name, words, settings, home, tmp_path):
    scope = None if name == "gecko" else "top"
    pool = Trial(made_pool(), name, settings(), home, scope=scope).run().pool
    assert words in drawn(tmp_path, pool, name)


def test_the_plot_of_provenance_is_drawn(settings, home, tmp_path):
    mined = build_pool(made_pool().dataset, encoder="static", retrievers=["dense"], depth=8, home=home)
    assert "24 negatives taken 12 are synthetic" in drawn(
        tmp_path, Commission(mined, settings(), home).run().pool, "syneg"
    )
