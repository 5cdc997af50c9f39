"""Grades that a language model has given before."""

import numpy as np

from negviz.arrays import PAD, Ints, Scores
from negviz.dataset import Dataset
from negviz.errors import MissingInputError
from negviz.judges.llm_judge import grade_request, graded
from negviz.llm import AnswerStore, Settings
from negviz.scorers import SCORERS
from negviz.scorers._shop import Shop

# The address is no part of an answer's key, and nothing is sent to it.
NOWHERE = "http://localhost"


@SCORERS.register("Stored grades of a language model", reference="METHODS F7", scale="grade")
def llm(*, dataset: Dataset, queries: Ints, documents: Ints, model: str, shop: Shop) -> Scores:
    """Take grades from 0 to 3 from the answers that 'negviz judge --method llm_judge' has kept; nothing is sent.

    Scores that cost money are asked for by that verb alone, after it has said how many; this brings them into a pool
    that is built again, with whatever encoder or retriever.

    Args:
        dataset: Texts.
        queries: (queries,) rows.
        documents: (queries, any) document rows, ``PAD`` where there is none.
        model: Name of the model that was asked, with the usual temperature and length of answers.
        shop: Knows the home in which answers are kept.

    Returns:
        Scores of the shape of ``documents``, NaN where a pair was not graded or its two grades differ.

    Raises:
        MissingInputError: If no model is named, or no answer of it is kept for any of the pairs.
    """
    if not model:
        raise MissingInputError("--scorer llm needs the model whose grades are wanted; write --scorer llm=MODEL.")
    settings, store = Settings(NOWHERE, model), AnswerStore(shop.home)
    scores = np.full(documents.shape, np.nan, dtype=np.float32)
    found = 0
    try:
        for place, column in np.argwhere(np.not_equal(documents, PAD)).tolist():
            pair = int(queries[place]), int(documents[place, column])
            kept = [store.get(settings.key(grade_request(dataset, *pair, turn))) for turn in (0, 1)]
            answers = [answer for answer in kept if answer is not None]
            found += len(answers)
            if answers:
                scores[place, column] = graded(answers)[0]
    finally:
        store.close()
    if not found and bool(np.not_equal(documents, PAD).any()):
        raise MissingInputError(
            f"No grade of '{model}' is kept for these pairs; build the pool without it and ask with 'negviz judge POOL "
            f"--method llm_judge --address URL --model {model}'."
        )
    return scores
