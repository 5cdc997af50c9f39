"""Embeddings: the vectors of a dataset's queries and documents under one encoder."""

from dataclasses import dataclass
from typing import Literal

from negviz.arrays import Scores

Similarity = Literal["cosine", "dot"]


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Vectors by row; with ``cosine`` they have unit length, so that an inner product is the similarity either way.

    Attributes:
        queries: (queries, dims).
        documents: (documents, dims).
        similarity: The model's own similarity function, never forced.
        encoder: Name of the encoder, for people.
        identity: Digest of weights, prompts, max length, dims, backend and precision.
    """

    queries: Scores
    documents: Scores
    similarity: Similarity
    encoder: str
    identity: str
