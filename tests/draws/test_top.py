import numpy as np

from negviz.draws.top import top

NAN = float("nan")


def test_largest_weight_then_highest_score_then_smallest_id():
    weights = np.array([[1.0, 1.0, 0.5, 1.0, 0.0, 1.0]])
    scores = np.array([[0.5, 0.7, 0.9, 0.7, 0.95, NAN]], dtype=np.float32)
    assert top(weights, scores=scores, count=6).tolist() == [[1, 3, 0, 2, -1, -1]]


def test_fewer_candidates_than_wanted_are_padded():
    assert top(np.ones((1, 2)), scores=np.ones((1, 2), np.float32), count=4).tolist() == [[0, 1, -1, -1]]


def test_a_candidate_of_unknown_score_is_not_taken():
    scores = np.array([[0.5, np.nan, 0.9]], dtype=np.float32)
    columns = top(np.ones((1, 3)), scores=scores, count=3)
    assert columns.tolist() == [[2, 0, -1]]
