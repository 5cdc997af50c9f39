"""A cross-encoder reads query and document together; slower and better than an encoder's similarity."""

from negviz.arrays import Ints, Scores
from negviz.scorers import SCORERS
from negviz.scorers._cross_encoder import model_folder, open_pair_model
from negviz.scorers._pairs import score_pairs
from negviz.scorers._shop import Shop


def _check(shop: Shop, model: str) -> None:
    model_folder(model)


@SCORERS.register(
    "Cross-encoder", reference="Nogueira and Cho 2019, arXiv:1901.04085", scale="probability", check=_check
)
def cross_encoder(*, queries: Ints, documents: Ints, shop: Shop, model: str) -> Scores:
    """Score by the probability, from 0 to 1, that a model which reads both texts together gives to a pair.

    A model with one label gives a logit, which a sigmoid turns into the probability, whatever activation the model
    itself comes with; of a model with two labels the softmax of the second is taken. Methods that denoise with a
    teacher (RocketQA) have their limits on this scale. Runs on a GPU where there is one.

    Args:
        queries: (queries,) rows.
        documents: (queries, any) document rows, ``PAD`` where there is none.
        shop: Texts, folder of caches, progress.
        model: Local folder or Hugging Face id.

    Returns:
        Probabilities of the shape of ``documents``, NaN at ``PAD``.

    Raises:
        MissingInputError: If no model was named.
        ModelError: If the model cannot be found or read, keeps its weights in pickles, needs code of its own, or gives
            more than two labels.
        CancelledError: If the person asked for it; what was scored is kept.

    References:
        METHODS C1 (probabilities).
    """
    opened = open_pair_model(model)
    folder = shop.home / "scores" / opened.identity
    return score_pairs(shop, queries, documents, opened.probabilities, folder, "Scoring pairs with the cross-encoder")
