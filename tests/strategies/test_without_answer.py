import numpy as np
import pytest

from negviz.errors import MissingInputError
from negviz.recipe import published
from negviz.select import select
from negviz.strategies.without_answer import without_answer
from tests.pools import make_pool
from tests.test_answers import pool_of


def test_candidates_with_an_answer_are_refused_and_queries_without_answers_get_nothing():
    assert without_answer(pool_of()).tolist() == [[0.0, 1.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0], [0.0] * 4]


def test_titles_count_where_asked():
    assert without_answer(pool_of(), titles=True)[1].tolist() == [0.0, 1.0, 0.0, 0.0]


def test_without_any_answers_the_input_is_missing():
    with pytest.raises(MissingInputError, match="'without_answer' looks for answers"):
        without_answer(make_pool([[0.5]], [[0.9]]))


def test_dpr_takes_one_bm25_passage_without_the_answer_and_another_with_another_seed(full):
    recipe = published()["dpr"]
    found = select(full, recipe)
    rows, columns = np.nonzero(found.taken)
    assert (found.taken_counts[::2] <= 1).all()
    assert found.taken_counts[1::2].sum() == 0  # every other query has no answer strings
    assert (full.ranks["bm25"][rows, columns] >= 0).all()
    for row, column in zip(rows, columns, strict=True):
        assert full.dataset.document_text(full.documents[row, column]) != f"answer number {row}"
    drawn = {select(full, recipe.with_setting(f"seed={seed}")).columns.tobytes() for seed in range(4)}
    assert len(drawn) == 4
    summary = found.summary()
    by_step = {item["step"]: item["count"] for item in summary["refused"]}
    assert by_step["without_answer"] > 0
    assert summary["empty"] >= 12
