"""Why the steps of checkpoint- and rank-based methods refuse, in words."""

import numpy as np
import pytest

from negviz.diagnostics.refusal_reason import refusal_reason
from negviz.select import resolved_knobs, select
from negviz.strategies import STRATEGIES
from tests.pools import make_pool, recipe

POOL = make_pool(
    [[0.9, 0.42], [0.9, 0.3]],
    [[0.5], [0.95]],
    more_scores={"old": np.array([[0.9, 0.5], [0.9, 0.3]], np.float32)},
    origin={"checkpoints": ["old", "dense"]},
)


@pytest.mark.parametrize(
    ("step", "knobs", "words"),
    [
        ("score_decay", {}, "scored 0.5 by 'old' and scores 0.42 by 'dense'"),
        ("ranking_consistency", {"filter_topk": 0}, "scores 0.5, below the candidate at rank 0"),
        ("chunked_refresh", {"chunks": 2, "generation": 2}, "not its query's turn: generation 2"),
    ],
)
def test_the_sentence_has_the_numbers_that_decided(step, knobs, words):
    found = select(POOL, recipe((step, knobs)))
    own = {step: resolved_knobs(STRATEGIES, found.recipe.step(step))}
    assert words in refusal_reason(found, 0, 1, own)
