"""A trained layer over the queries of a frozen encoder: documents are encoded as before, and not again."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from negviz.arrays import Scores
from negviz.embeddings import Similarity
from negviz.encoders._model import Encoder, unit
from negviz.errors import ModelError
from negviz.model_files import identity

ABOUT = "adapter.json"
WEIGHTS = "adapter.safetensors"


def adapted(vectors: Scores, matrix: Scores, similarity: Similarity) -> Scores:
    """Vectors plus a linear function of them, of unit length for cosine.

    Args:
        vectors: (queries, dims).
        matrix: (dims, dims) what is added, as a matrix that multiplies a column.
        similarity: How the encoder compares.
    """
    if not np.any(matrix):  # a layer that has learnt nothing is the encoder itself, to the last bit
        return np.asarray(vectors, dtype=np.float32)
    wide = np.asarray(vectors, dtype=np.float64)
    moved = wide + wide @ np.asarray(matrix, dtype=np.float64).T
    return unit(moved) if similarity == "cosine" else np.asarray(moved, dtype=np.float32)


def adapter_identity(base: str, matrix: Scores) -> str:
    """Identity of an adapted encoder."""
    return identity([base, hashlib.sha256(np.ascontiguousarray(matrix).tobytes()).hexdigest()], adapter=1)


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds a trained query adapter."""
    return (folder / ABOUT).is_file() and (folder / WEIGHTS).is_file()


def about_adapter(folder: Path) -> Mapping[str, Any]:
    """What is known of an adapter: the encoder that it belongs to, and that encoder's identity.

    Raises:
        ModelError: If the file is damaged.
    """
    try:
        about = dict(json.loads((folder / ABOUT).read_text("utf-8")))
        if Path(about["encoder"]).resolve() == folder.resolve():
            raise ValueError("it is said to lie over itself")
        return {"encoder": str(about["encoder"]), "identity": str(about["identity"])}
    except (OSError, ValueError, KeyError, TypeError):
        raise ModelError(f"{folder / ABOUT} is damaged, so its adapter cannot be used; train it again.") from None


class AdaptedEncoder:
    """An encoder whose queries are moved by a trained layer."""

    has_tokens = False

    def __init__(self, name: str, base: Encoder, folder: Path) -> None:
        """Read the layer.

        Args:
            name: What people call it.
            base: The encoder that it was trained over.
            folder: Where the layer lies.

        Raises:
            ModelError: If the layer is damaged, or was trained over another encoder.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        trained_over = about_adapter(folder)["identity"]
        if base.identity != trained_over:
            raise ModelError(
                f"'{name}' is a layer that was trained over the vectors of another encoder than '{base.name}' gives "
                "now (its weights, settings or texts differ); open it with the data and the model it was trained on."
            )
        try:
            self._matrix = load_file(folder / WEIGHTS)["delta"]
            if self._matrix.shape != (base.dims, base.dims) or not np.isfinite(self._matrix).all():
                raise ValueError("it is no layer over this encoder")
        except (OSError, KeyError, ValueError, SafetensorError):
            raise ModelError(f"{folder / WEIGHTS} is damaged; train the adapter again.") from None
        self._base, self.name = base, name
        self.similarity: Similarity = base.similarity
        self.dims, self.prompts, self.max_length = base.dims, base.prompts, base.max_length
        self.backend = base.backend
        self.identity = adapter_identity(base.identity, self._matrix)
        self.document_identity: str = getattr(base, "document_identity", base.identity)

    def encode_queries(self, texts: Sequence[str]) -> Scores:
        """Vectors (texts, dims) of queries, moved by the layer."""
        return adapted(self._base.encode_queries(texts), self._matrix, self.similarity)

    def encode_documents(self, texts: Sequence[str]) -> Scores:
        """Vectors (texts, dims) of documents, as the frozen encoder has them."""
        return self._base.encode_documents(texts)
