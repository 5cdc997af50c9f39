"""A second encoder as a guide: what two models agree on is less likely to be an accident of one."""

from negviz.arrays import Ints
from negviz.embeddings import similarities
from negviz.errors import MissingInputError
from negviz.scorers import SCORERS, Layer
from negviz.scorers._shop import Shop


def _check(shop: Shop, model: str) -> None:
    if model == shop.encoder:
        raise MissingInputError(
            f"The scorer 'second_encoder' needs another encoder than '{model}', which is the one at hand; name it with "
            "--scorer second_encoder=MODEL (static, minilm, a local folder or a Hugging Face id)."
        )


@SCORERS.register(
    "Second encoder",
    reference="GISTEmbed, Solatorio 2024, arXiv:2402.16829",
    scale=None,
    model="static",
    check=_check,
)
def second_encoder(*, queries: Ints, documents: Ints, shop: Shop, model: str) -> Layer:
    """Score by the similarity of another encoder than the one at hand, as a guide or a second opinion.

    Args:
        queries: (queries,) rows.
        documents: (queries, any) document rows, ``PAD`` where there is none.
        shop: Opens encoders and embeds the dataset.
        model: Encoder: ``static`` (made from the corpus itself), ``minilm``, a local folder or a Hugging Face id.

    Returns:
        Similarities of the shape of ``documents``, NaN at ``PAD``, on that encoder's own scale.

    Raises:
        MissingInputError: If that encoder is the one at hand, which is no second opinion.
        ModelError: If it cannot be found or read.
        CancelledError: If the person asked for it; what was encoded is kept.
    """
    _check(shop, model)
    vectors = shop.of_encoder(model)
    return Layer(similarities(vectors, queries, documents), vectors.similarity)
