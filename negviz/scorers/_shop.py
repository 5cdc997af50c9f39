"""What a scorer may ask of the workshop in which a pool is made (``mine.Workshop``)."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from negviz.arrays import Scores
from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.errors import CancelledError


class TokenEncoder(Protocol):
    """An encoder that also gives the vector of each token in its context (see ``encoders._model.Encoder``)."""

    name: str
    identity: str
    has_tokens: bool

    def query_tokens(self, texts: Sequence[str]) -> list[Scores]:
        """Unit vectors (tokens, dims) of each query."""
        ...

    def document_tokens(self, texts: Sequence[str]) -> list[Scores]:
        """Unit vectors (tokens, dims) of each document."""
        ...


class Shop(Protocol):
    """Encoders, the folder of caches, progress, and whether to stop."""

    @property
    def dataset(self) -> Dataset:
        """The texts."""
        ...

    @property
    def encoder(self) -> str:
        """Name of the encoder at hand."""
        ...

    @property
    def home(self) -> Path:
        """Folder of caches."""
        ...

    @property
    def progress(self) -> Callable[[str, int, int], None]:
        """Told (stage, done, total)."""
        ...

    @property
    def cancelled(self) -> Callable[[], bool]:
        """Asked between blocks of work."""
        ...

    @property
    def model(self) -> Any:
        """The encoder at hand."""
        ...

    def open(self, name: str) -> Any:
        """An encoder by name, folder or id."""
        ...

    def of_encoder(self, name: str) -> Embeddings:
        """Vectors of all queries and documents by an encoder that is called by its name, folder or id."""
        ...


def check_stop(shop: Shop, what: str) -> None:
    """End the work where the person asked for it.

    Raises:
        CancelledError: If so.
    """
    if shop.cancelled():
        raise CancelledError(f"{what} was stopped; what was finished is kept for the next time.")
