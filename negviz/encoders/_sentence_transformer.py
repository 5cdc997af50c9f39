"""A sentence-transformers model in a local folder: safetensors only, no code but the library's own."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from negviz.arrays import Scores
from negviz.embeddings import Similarity
from negviz.encoders._model import checked, folder_digests, identity, known_similarity, unit
from negviz.errors import ModelError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BATCH = 32
PICKLES = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"}
NOT_WEIGHTS = {"training_args.bin", "optimizer.pt", "scheduler.pt", "rng_state.pth", "scaler.pt", "optimizer.bin"}


class SentenceTransformerEncoder:
    """Encoder around a loaded sentence-transformers model, with the model's own prompts and similarity."""

    def __init__(self, name: str, model: "SentenceTransformer", content: Sequence[str]) -> None:
        """Take a model over.

        Args:
            name: What people call it.
            model: The loaded model, on the device it shall run on.
            content: Digests of what the model was loaded from.

        Raises:
            ModelError: If the model compares by something else than cosine or dot.
        """
        import torch

        self.name = name
        self.model = model.float().eval()
        self.similarity: Similarity = known_similarity(model.similarity_fn_name, name)
        self.dims = int(model.get_embedding_dimension() or 0)
        self.prompts: Mapping[str, str] = {key: str(value or "") for key, value in sorted(model.prompts.items())}
        length = model.max_seq_length
        self.max_length = int(length) if length is not None and np.isfinite(length) else None
        self.backend = f"torch {torch.__version__} float32 {model.device.type}"
        self.identity = identity(
            content,
            prompts=dict(self.prompts),
            default_prompt=model.default_prompt_name,
            max_length=self.max_length,
            dims=self.dims,
            similarity=self.similarity,
            backend=self.backend,
        )

    def encode_queries(self, texts: Sequence[str]) -> Scores:
        """Vectors (texts, dims) of queries, under the model's query prompt."""
        return self._finish(self.model.encode_query(list(texts), **self._options()) if texts else None)

    def encode_documents(self, texts: Sequence[str]) -> Scores:
        """Vectors (texts, dims) of documents, under the model's document prompt."""
        return self._finish(self.model.encode_document(list(texts), **self._options()) if texts else None)

    def _options(self) -> dict[str, Any]:
        return {"batch_size": BATCH, "show_progress_bar": False, "convert_to_numpy": True}

    def _finish(self, vectors: Any) -> Scores:
        if vectors is None:
            return np.empty((0, self.dims), dtype=np.float32)
        found = checked(np.asarray(vectors, dtype=np.float32), self.name)
        return unit(found) if self.similarity == "cosine" else found


def load_folder(name: str, folder: Path, *, max_length: int | None = None) -> SentenceTransformerEncoder:
    """Load a sentence-transformers model (or a plain transformers one, mean-pooled) from a folder.

    Args:
        name: What people call it.
        folder: Where ``modules.json`` or ``config.json`` lies.
        max_length: Tokens to read of a text, the model's own limit if None.

    Raises:
        ModelError: If there are no safetensors weights, if it needs code of its own, or if it cannot be read.
    """
    _refuse_unsafe(name, folder)
    model = _load(name, folder)
    if max_length is not None and np.isfinite(model.max_seq_length or 0):
        model.max_seq_length = max_length
    return SentenceTransformerEncoder(name, model, folder_digests(folder))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers' bars and remarks about loading off the screen; errors are raised all the same."""
    from transformers.utils import logging as untyped

    logging: Any = untyped
    level = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        logging.enable_progress_bar()


def _load(name: str, folder: Path) -> "SentenceTransformer":
    from sentence_transformers import SentenceTransformer

    options = {"use_safetensors": True, "trust_remote_code": False}
    safe: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True, "model_kwargs": options}
    try:
        with _quiet():
            return SentenceTransformer(str(folder), **safe)
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError(
            f"'{name}' was given as an encoder, but its folder could not be read as a sentence-transformers model: "
            f"{reason[0].rstrip('.')}."
        ) from error


def _refuse_unsafe(name: str, folder: Path) -> None:
    """Refuse what would run code: pickled weights, and modules that are not the library's own."""
    if not (folder / "modules.json").is_file() and not (folder / "config.json").is_file():
        raise ModelError(
            f"'{name}' was given as an encoder, but {folder.name} holds neither modules.json nor config.json; "
            "give the folder of a saved sentence-transformers model."
        )
    for pickled in _pickles(folder):
        raise ModelError(
            f"'{name}' keeps weights in {pickled.relative_to(folder).as_posix()}, a pickle that could run code when "
            "it is opened, and has no safetensors beside it; save the model again with safe_serialization=True."
        )
    for kind in _module_types(name, folder):
        if not kind.startswith("sentence_transformers."):
            raise ModelError(
                f"'{name}' needs the module '{kind}', which is code outside sentence-transformers; "
                "negviz runs no code that comes with a model, so use a model made of the library's own modules."
            )


def _pickles(folder: Path) -> list[Path]:
    found = (path for path in sorted(folder.rglob("*")) if path.suffix in PICKLES and path.name not in NOT_WEIGHTS)
    return [path for path in found if not any(path.parent.glob("*.safetensors"))]


def _module_types(name: str, folder: Path) -> list[str]:
    path = folder / "modules.json"
    if not path.is_file():
        return []
    try:
        return [str(module["type"]) for module in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError, KeyError, UnicodeDecodeError) as error:
        raise ModelError(f"'{name}' has a modules.json that is not a list of modules; save the model again.") from error
