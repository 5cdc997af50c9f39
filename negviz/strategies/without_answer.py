"""Without an answer: DPR's filter."""

from typing import Literal

import numpy as np

from negviz.answers import answered, contains_answer
from negviz.arrays import Floats
from negviz.pool import Pool
from negviz.strategies import STRATEGIES


@STRATEGIES.register("Without an answer (DPR)", reference="DPR, Karpukhin et al. 2020, arXiv:2004.04906")
def without_answer(pool: Pool, *, match: Literal["string", "regex"] = "string", titles: bool = False) -> Floats:
    """Refuse candidates that contain one of the query's answer strings.

    A text with the answer in it may well answer the query. The test errs both ways: "1998" stands in many texts that
    do not answer, and a paraphrase is not found. Of a query without answer strings every candidate is refused: the
    filter is not defined there, and letting them through would pass off as tested what nobody tested.

    Args:
        pool: Candidates to judge.
        match: ``string`` looks for the answer's words one after the other, without case; ``regex`` takes each answer as
            a regular expression, as CuratedTREC's are.
        titles: Whether the title counts too, as in RocketQA's rule for Natural Questions; DPR reads the text alone.

    Returns:
        (queries, depth) weights of 0 and 1.

    Raises:
        MissingInputError: If no query of the data has answers.
        DataError: If an answer is no regular expression, or takes too long as one.

    References:
        METHODS A2; facebookresearch/DPR, dpr/data/qa_validation.py.
    """
    found = contains_answer(pool, "without_answer", match, titles)
    return np.asarray(pool.present & ~found & answered(pool)[:, None], dtype=np.float64)
