import numpy as np

from negviz.marks import marks_of, marks_of_queries
from negviz.pool import Pool


def test_marks_are_cells_of_present_candidates(tiny: Pool) -> None:
    everything = marks_of(tiny, np.ones(tiny.documents.shape, dtype=bool), "all")
    assert len(everything) == tiny.candidates
    assert np.array_equal(everything.mask, tiny.present)
    assert everything.queries.tolist() == list(range(len(tiny)))


def test_marks_name_rows_of_the_dataset(tiny: Pool) -> None:
    mask = np.zeros(tiny.documents.shape, dtype=bool)
    mask[1, 0] = True
    assert marks_of(tiny, mask, "one").pairs(tiny).tolist() == [[tiny.queries[1], tiny.documents[1, 0]]]


def test_whole_queries_can_be_marked(tiny: Pool) -> None:
    marks = marks_of_queries(tiny, np.array([1]), "one query")
    assert marks.queries.tolist() == [1]
    assert len(marks) == int(tiny.present[1].sum())
