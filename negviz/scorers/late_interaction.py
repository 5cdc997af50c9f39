"""Late interaction: every word of the query looks for its nearest word in the document."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from negviz.arrays import PAD, Ints, Scores
from negviz.errors import MissingInputError
from negviz.scorers import SCORERS
from negviz.scorers._pairs import text_digests
from negviz.scorers._shop import Shop, TokenEncoder, check_stop
from negviz.scorers._tokens import KeptTokens, keep_tokens

STAGE = "Comparing tokens"


def _check(shop: Shop, model: str) -> None:
    if not model:
        _with_tokens(shop.model)


def _with_tokens(encoder: Any) -> TokenEncoder:
    """The encoder, if it has token vectors.

    Raises:
        MissingInputError: If it has none in context.
    """
    if not getattr(encoder, "has_tokens", False):
        raise MissingInputError(
            f"The scorer 'late_interaction' compares the vectors of tokens in their context, which '{encoder.name}' "
            "does not have; take --encoder minilm or another transformer, or name one for it alone with --scorer "
            "late_interaction=MODEL."
        )
    found: TokenEncoder = encoder
    return found


@SCORERS.register(
    "Late interaction",
    reference="ColBERT, Khattab and Zaharia 2020, arXiv:2004.12832",
    scale="maxsim",
    check=_check,
)
def late_interaction(*, queries: Ints, documents: Ints, shop: Shop, model: str) -> Scores:
    """Score by MaxSim: for each token of the query its largest cosine to a token of the document, and their mean.

    A second opinion that needs no further model: it uses the token vectors of the encoder at hand, in their context,
    before they are pooled. ColBERT takes the sum over the query's tokens; the mean ranks the candidates of a query in
    the same order and stays between -1 and 1, so that a limit means the same for short and long queries. Tokens that
    frame every text ([CLS], [SEP]) are left out. The encoder was not trained for it, unlike ColBERT.

    Args:
        queries: (queries,) rows.
        documents: (queries, any) document rows, ``PAD`` where there is none.
        shop: Encoders, folder of caches, progress.
        model: Another encoder than the one at hand, empty for that one.

    Returns:
        Scores of the shape of ``documents``, NaN at ``PAD`` and where a text has no token.

    Raises:
        MissingInputError: If the encoder has no token vectors in context.
        CancelledError: If the person asked for it; what was encoded is kept.
    """
    encoder = _with_tokens(shop.open(model) if model else shop.model)
    dataset, folder = shop.dataset, shop.home / "tokens" / encoder.identity
    asked = sorted({dataset.query_texts[row] for row in queries})
    wanted = sorted({dataset.contents[row] for row in np.unique(documents[np.not_equal(documents, PAD)])})
    of_queries = keep_tokens(shop, asked, encoder.query_tokens, folder / "queries", "Encoding tokens of queries")
    of_documents = keep_tokens(
        shop, wanted, encoder.document_tokens, folder / "documents", "Encoding tokens of documents"
    )
    return _compare(shop, queries, documents, of_queries, of_documents)


def _compare(shop: Shop, queries: Ints, documents: Ints, of_queries: KeptTokens, of_documents: KeptTokens) -> Scores:
    """Score document by document, so that no more than a block's vectors are needed at a time."""
    scores = np.full(documents.shape, np.nan, dtype=np.float32)
    texts = [shop.dataset.query_texts[row] for row in queries]
    # The same text may stand in several rows of queries.
    asking = dict(_vectors(of_queries, list(dict.fromkeys(texts))))
    cells = _cells(shop, documents)
    total, done = len(cells), 0
    with threadpool_limits(1):  # sums that are split over threads fall in another order
        for text, vectors in _vectors(of_documents, list(cells)):
            if done % 64 == 0:
                check_stop(shop, STAGE)
                shop.progress(STAGE, done, total)
            done += 1
            rows, columns = cells[text]
            scores[rows, columns] = [_maxsim(asking[texts[row]], vectors) for row in rows]
    shop.progress(STAGE, total, total)
    return scores


def _cells(shop: Shop, documents: Ints) -> dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Rows and columns of the candidates that have each text."""
    rows, columns = np.nonzero(np.not_equal(documents, PAD))
    of_text: dict[str, list[int]] = {}
    for place, document in enumerate(documents[rows, columns].tolist()):
        of_text.setdefault(shop.dataset.contents[document], []).append(place)
    return {text: (rows[places], columns[places]) for text, places in of_text.items()}


def _vectors(kept: KeptTokens, texts: list[str]) -> Iterator[tuple[str, Scores]]:
    """Each text with its token vectors, shard by shard."""
    keys = {(high, low): text for text, (high, low) in zip(texts, text_digests(texts).tolist(), strict=True)}
    for shard in kept.shards:
        for key, (start, stop) in shard.places.items():
            text = keys.pop(key, None)
            if text is not None:
                yield text, np.asarray(shard.vectors[start:stop], dtype=np.float32)


def _maxsim(query: Scores, document: Scores) -> float:
    """Mean over the query's tokens of the largest cosine to a token of the document; NaN without tokens."""
    if not len(query) or not len(document):
        return float("nan")
    return float((query @ document.T).max(axis=1).mean(dtype=np.float64))
