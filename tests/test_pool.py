import dataclasses

import numpy as np
import pytest

from negviz.errors import MissingInputError
from negviz.pool import ALL_LEAKS, KNOWN_NEGATIVE, LEAKS
from tests.pools import NAN, line, make_pool


def test_presence_eligibility_and_ranks_of_the_tiny_pool(tiny):
    assert tiny.present.tolist() == [[True] * 4, [True, True, True, False]]
    assert tiny.eligible.tolist() == [[False, True, True, True], [False, True, True, False]]
    # The tie of query 0 goes to the smaller id; in query 1 the unknown score is behind the known ones.
    assert tiny.rank("dense").tolist() == [[0, 1, 2, 3], [1, 2, 0, 3]]
    assert len(tiny) == 2
    assert tiny.depth == 4
    assert tiny.query_places == {"q00": 0, "q01": 1}


@pytest.mark.parametrize(("which", "wanted"), [("min", [0.9, 0.5]), ("mean", [0.9, 0.625]), ("max", [0.9, 0.75])])
def test_anchor_is_over_the_known_positive_scores(tiny, which, wanted):
    assert tiny.anchor("dense", which) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("which", ["min", "mean", "max"])
def test_anchor_is_unknown_where_no_positive_is_scored(which):
    pool = make_pool([[0.5], [0.5]], [[NAN, np.inf], [-0.25, NAN]])
    assert np.isnan(pool.anchor("dense", which)[0])
    assert pool.anchor("dense", which)[1] == -0.25


def test_all_arrays_are_read_only(tiny):
    for array in (tiny.queries, tiny.documents, tiny.positives, tiny.flags, tiny.scores["dense"], tiny.ranks["dense"]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_fingerprint_changes_with_one_score_one_rank_one_flag_and_the_name_of_a_layer(tiny):
    def changed(**more):
        return dataclasses.replace(tiny, **more).fingerprint

    scores = tiny.scores["dense"].copy()
    scores[1, 2] = np.nextafter(scores[1, 2], np.float32(0))
    flags = tiny.flags.copy()
    flags[0, 3] = KNOWN_NEGATIVE
    ranks = tiny.ranks["dense"].copy()
    ranks[0, 0] = 5
    prints = {
        tiny.fingerprint,
        changed(scores={"dense": scores}),
        changed(flags=flags),
        changed(ranks={"dense": ranks}),
        changed(scores={"other": tiny.scores["dense"]}),
    }
    assert len(prints) == 5
    assert changed() == tiny.fingerprint


@pytest.mark.parametrize("layer", ["scores", "ranks", "positive_scores"])
def test_layers_of_another_shape_are_refused(tiny, layer):
    with pytest.raises(ValueError, match="shape"):
        dataclasses.replace(tiny, **{layer: {"dense": np.zeros((2, 3), np.float32)}})


def test_a_missing_scorer_is_named_with_what_there_is(tiny):
    with pytest.raises(MissingInputError, match=r"no scores called 'bm25' \(it has: dense\).*--scorer bm25"):
        tiny.score("bm25")


def test_a_known_negative_is_no_leak():
    assert not ALL_LEAKS & KNOWN_NEGATIVE
    assert len(set(LEAKS.values())) == len(LEAKS)
    pool = make_pool([[0.5, 0.4]], [[0.9]], flags=[[KNOWN_NEGATIVE, 0]])
    assert pool.eligible.all()


def test_a_pool_without_candidates_is_possible():
    pool = line([NAN], 0.5)
    assert pool.rank("dense").tolist() == [[0]]
