"""What every encoder offers."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

import numpy as np

from negviz.arrays import Floats, Scores
from negviz.embeddings import Similarity
from negviz.errors import ModelError

Precision: TypeAlias = Literal["float32", "bfloat16", "int8"]


class Encoder(Protocol):
    """A model that turns texts into vectors.

    One that also knows the vector of each token in its context has ``has_tokens`` set, and the methods
    ``query_tokens`` and ``document_tokens`` beside those below: unit vectors (tokens, dims) of each text, without the
    tokens that frame every text. Late interaction asks for them. One whose documents are encoded by another model has
    that one's identity as ``document_identity``.

    Attributes:
        name: What people call it.
        identity: Digest of everything its vectors depend on (see ``model_files.identity``).
        similarity: The model's own similarity function.
        dims: Length of a vector.
        prompts: Text put before queries and documents, by name.
        max_length: Most tokens that are read of a text, None where there is no limit.
        backend: What computes the vectors, with its version and precision.
    """

    name: str
    identity: str
    similarity: Similarity
    dims: int
    prompts: Mapping[str, str]
    max_length: int | None
    backend: str

    def encode_queries(self, texts: Sequence[str]) -> Scores:
        """Vectors (texts, dims) of queries; of unit length for a cosine model, untouched for a dot model."""
        ...

    def encode_documents(self, texts: Sequence[str]) -> Scores:
        """Vectors (texts, dims) of documents; of unit length for a cosine model, untouched for a dot model."""
        ...


def refuse_imitated_bfloat16(offered: bool, what: str) -> None:
    """Refuse bfloat16 where it would be imitated, which can be a hundred times slower than float32.

    Args:
        offered: Whether it is computed by the hardware.
        what: What computes, for the error.

    Raises:
        ModelError: If it is not.
    """
    if not offered:
        raise ModelError(
            f"'bfloat16' was asked for, but this {what} has no arithmetic for it, so that it would be far slower than "
            "float32; take precision float32."
        )


def unit(vectors: Scores | Floats) -> Scores:
    """Scale each row to length one; a row of zeros (a text without any known token) stays zero."""
    wide = np.asarray(vectors, dtype=np.float64)
    length = np.sqrt(np.einsum("nd,nd->n", wide, wide))[:, None]
    return np.asarray(wide / np.where(length > 0, length, 1.0), dtype=np.float32)


def checked(vectors: Scores, name: str) -> Scores:
    """Return vectors as they are.

    Raises:
        ModelError: If a component is not a finite number, which would make every ranking meaningless.
    """
    if not np.isfinite(vectors).all():
        raise ModelError(
            f"'{name}' gave vectors with components that are not finite numbers; "
            "its weights are damaged or overflow, so use another checkpoint or another precision."
        )
    return vectors


def known_similarity(value: object, name: str) -> Similarity:
    """The model's similarity function as negviz uses it.

    Raises:
        ModelError: If it is neither cosine nor dot.
    """
    text = str(getattr(value, "value", value))
    if text == "cosine":
        return "cosine"
    if text == "dot":
        return "dot"
    raise ModelError(
        f"'{name}' compares by '{text}', but negviz mines by 'cosine' or 'dot'; "
        "use a model with one of those, or set its similarity_fn_name and save it again if it was trained for it."
    )
