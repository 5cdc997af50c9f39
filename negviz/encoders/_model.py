"""What every encoder offers, and the digest that tells one encoder from another."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from negviz.arrays import Scores
from negviz.embeddings import Similarity
from negviz.errors import ModelError

SCHEME = "encoder 1"
NOT_READ = {".md", ".py", ".pyc", ".h5", ".msgpack", ".onnx", ".ot", ".xml"}


class Encoder(Protocol):
    """A model that turns texts into vectors.

    Attributes:
        name: What people call it.
        identity: Digest of everything its vectors depend on (see ``identity``).
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


def identity(content: Iterable[str], **facts: object) -> str:
    """Digest that two encoders share only when they give the same vectors.

    Args:
        content: Digests of the weights, the tokenizer and the configuration.
        facts: Prompts, max length, dims, similarity, backend and whatever else changes a vector.

    Returns:
        32 hexadecimal digits.
    """
    parts = [SCHEME, *content, *(f"{name}={facts[name]!r}" for name in sorted(facts))]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_digests(folder: Path) -> list[str]:
    """Relative name and SHA-256 of each file that a model is made of, in order of name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and _is_read(path.relative_to(folder)))
    return [f"{path.relative_to(folder).as_posix()} {file_digest(path)}" for path in files]


def _is_read(path: Path) -> bool:
    return path.suffix not in NOT_READ and not any(part.startswith(".") for part in path.parts)


def unit(vectors: Scores) -> Scores:
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
