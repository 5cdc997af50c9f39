"""A sentence-transformers model in a local folder: safetensors only, no code but the library's own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from negviz.arrays import Scores
from negviz.embeddings import Similarity
from negviz.encoders._model import Precision, checked, known_similarity, refuse_imitated_bfloat16, unit
from negviz.errors import ModelError
from negviz.model_files import folder_digests, identity, quiet_loading, refuse_unsafe

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BATCH = 32
FRAME = ("cls", "sep", "bos", "eos", "pad", "mask")


class SentenceTransformerEncoder:
    """Encoder around a loaded sentence-transformers model, with the model's own prompts and similarity."""

    def __init__(
        self, name: str, model: "SentenceTransformer", content: Sequence[str], precision: Precision = "float32"
    ) -> None:
        """Take a model over.

        Args:
            name: What people call it.
            model: The loaded model, on the device it shall run on.
            content: Digests of what the model was loaded from.
            precision: Of the matrix products: float32, or bfloat16 where the device has it.

        Raises:
            ModelError: If the model compares by something else than cosine or dot, or the precision is not offered.
        """
        import torch

        _check_precision(name, precision, model.device.type)
        self._precision = precision

        self.name = name
        self.model = model.float().eval()
        self.similarity: Similarity = known_similarity(model.similarity_fn_name, name)
        self.dims = int(model.get_embedding_dimension() or 0)
        self.prompts: Mapping[str, str] = {key: str(value or "") for key, value in sorted(model.prompts.items())}
        length = model.max_seq_length
        self.max_length = int(length) if length is not None and np.isfinite(length) else None
        self.backend = f"torch {torch.__version__} {precision} {model.device.type}"
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
        with self._arithmetic():
            return self._finish(self.model.encode_query(list(texts), **self._options()) if texts else None)

    def encode_documents(self, texts: Sequence[str]) -> Scores:
        """Vectors (texts, dims) of documents, under the model's document prompt."""
        with self._arithmetic():
            return self._finish(self.model.encode_document(list(texts), **self._options()) if texts else None)

    @contextmanager
    def _arithmetic(self) -> Iterator[None]:
        """Weights and sums stay float32 in either precision; matrix products are made in the one asked for."""
        import torch

        with torch.autocast(self.model.device.type, torch.bfloat16, enabled=self._precision == "bfloat16"):
            yield

    @property
    def has_tokens(self) -> bool:
        """Whether the model reads tokens in their context; a static one does not."""
        from sentence_transformers.base.modules import Transformer

        return isinstance(self.model[0], Transformer)

    def query_tokens(self, texts: Sequence[str]) -> list[Scores]:
        """Vectors (tokens, dims) of unit length of each query's tokens; those of a prompt are among them."""
        return self._tokens(self.model.encode_query, texts)

    def document_tokens(self, texts: Sequence[str]) -> list[Scores]:
        """Vectors (tokens, dims) of unit length of each document's tokens; those of a prompt are among them."""
        return self._tokens(self.model.encode_document, texts)

    def _tokens(self, encode: Callable[..., Any], texts: Sequence[str]) -> list[Scores]:
        """A text at a time on a processor: without padding a text's vectors do not depend on its company."""
        batch = 1 if self.model.device.type == "cpu" else BATCH
        with self._arithmetic():
            found = encode(list(texts), batch_size=batch, show_progress_bar=False, output_value=None) if texts else []
        return [unit(checked(self._own_tokens(features), self.name)) for features in found]

    def _own_tokens(self, features: Mapping[str, Any]) -> Scores:
        """Vectors without those of padding and of the signs that frame a text."""
        tokenizer = self.model.tokenizer
        frame = {getattr(tokenizer, f"{name}_token_id", None) for name in FRAME}
        seen = features["attention_mask"].bool().tolist()
        ids = features["input_ids"].tolist()
        own = [place for place, token in enumerate(ids) if seen[place] and token not in frame]
        return np.asarray(features["token_embeddings"][own].float().cpu().numpy(), dtype=np.float32)

    def _options(self) -> dict[str, Any]:
        return {"batch_size": BATCH, "show_progress_bar": False, "convert_to_numpy": True}

    def _finish(self, vectors: Any) -> Scores:
        if vectors is None:
            return np.empty((0, self.dims), dtype=np.float32)
        found = checked(np.asarray(vectors, dtype=np.float32), self.name)
        return unit(found) if self.similarity == "cosine" else found


def _check_precision(name: str, precision: Precision, device: str) -> None:
    if precision == "int8":
        raise ModelError(
            f"'int8' was asked for, but '{name}' runs through torch, where it is not offered; take float32 or bfloat16."
        )
    if precision == "bfloat16":
        refuse_imitated_bfloat16(_has_bfloat16(device), "processor" if device == "cpu" else device)


def _has_bfloat16(device: str) -> bool:
    import torch

    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device != "cpu":
        return False
    return bool(torch.cpu._is_avx512_bf16_supported())


def load_folder(
    name: str, folder: Path, *, max_length: int | None = None, precision: Precision = "float32"
) -> SentenceTransformerEncoder:
    """Load a sentence-transformers model (or a plain transformers one, mean-pooled) from a folder.

    Args:
        name: What people call it.
        folder: Where ``modules.json`` or ``config.json`` lies.
        max_length: Tokens to read of a text, the model's own limit if None.
        precision: Of the matrix products.

    Raises:
        ModelError: If there are no safetensors weights, if it needs code of its own, or if it cannot be read.
    """
    refuse_unsafe(name, folder)
    model = _load(name, folder)
    if max_length is not None and np.isfinite(model.max_seq_length or 0):
        model.max_seq_length = max_length
    return SentenceTransformerEncoder(name, model, folder_digests(folder), precision)


def _load(name: str, folder: Path) -> "SentenceTransformer":
    from sentence_transformers import SentenceTransformer

    options = {"use_safetensors": True, "trust_remote_code": False}
    safe: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True, "model_kwargs": options}
    try:
        with quiet_loading():
            return SentenceTransformer(str(folder), **safe)
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError(
            f"'{name}' was given as an encoder, but its folder could not be read as a sentence-transformers model: "
            f"{reason[0].rstrip('.')}."
        ) from error
