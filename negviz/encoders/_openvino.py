"""A mean-pooled transformer through OpenVINO in float32: twice torch's speed, the same vectors to seven digits.

Torch is imported only to convert a model for the first time; afterwards the converted graph and the tokenizer file are
all that is read.
"""

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from negviz.arrays import Scores

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Output: TypeAlias = Literal["sentence_embedding", "token_embeddings"]
BATCH = 32
INPUTS = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}


def version() -> str | None:
    """Version of OpenVINO, None where it is missing or does not start."""
    try:
        import openvino

        return str(openvino.__version__)
    except Exception:  # a broken native library raises more than ImportError, and torch then does the work
        return None


class Graph:
    """A converted model with its tokenizer: texts in, pooled vectors out, or those of each token."""

    def __init__(self, folder: Path, tokenizer: Path, max_length: int) -> None:
        """Compile a converted model.

        Args:
            folder: Where ``model.xml`` and ``model.bin`` lie.
            tokenizer: The model's ``tokenizer.json``.
            max_length: Tokens to read of a text.
        """
        import openvino
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.enable_truncation(max_length)
        self._tokenizer.enable_padding()
        settings = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        self._model = openvino.Core().compile_model(str(folder / "model.xml"), "CPU", settings)

    def encode(self, texts: Sequence[str]) -> Scores:
        """Vectors (texts, dims), as the model's own modules pool and scale them."""
        order = sorted(range(len(texts)), key=lambda row: -len(texts[row]))
        batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
        found = np.concatenate([self._batch([texts[row] for row in rows]) for rows in batches])
        vectors = np.empty_like(found)
        vectors[order] = found
        return vectors

    def tokens(self, text: str) -> Scores:
        """Vectors (tokens, dims) of a text's own tokens, of a model that was converted for them.

        A text at a time: without padding a text's vectors do not depend on its company, and it takes no longer here.
        """
        encoded = self._tokenizer.encode_batch([text])
        own = np.equal(encoded[0].special_tokens_mask, 0)
        return np.asarray(self._run(encoded)[0][own])

    def _batch(self, texts: list[str]) -> Scores:
        return self._run(self._tokenizer.encode_batch(texts))

    def _run(self, encoded: list[Any]) -> Scores:
        inputs: dict[str, npt.NDArray[np.int64]] = {
            name: np.array([getattr(text, attribute) for text in encoded], dtype=np.int64)
            for name, attribute in INPUTS.items()
        }
        return np.array(self._model(inputs)[0], dtype=np.float32)


def open_graph(
    folder: Path,
    load: Callable[[], "SentenceTransformer"],
    tokenizer: Path,
    max_length: int,
    output: Output = "sentence_embedding",
) -> Graph:
    """Compile a model, converting it first where that was not done before.

    Args:
        folder: Where the converted model is kept.
        load: Loads the torch model; called only when it has to be converted.
        tokenizer: The model's ``tokenizer.json``.
        max_length: Tokens to read of a text.
        output: What the graph gives: a vector a text, or a vector a token.
    """
    if _complete(folder):
        try:
            return Graph(folder, tokenizer, max_length)
        except RuntimeError:  # a damaged graph is made again
            shutil.rmtree(folder, ignore_errors=True)
    convert(load(), folder, output)
    return Graph(folder, tokenizer, max_length)


def _complete(folder: Path) -> bool:
    """Whether the graph is there with all its weights: it is moved into place whole, but a disk may lose a part."""
    size = folder / "size"
    weights = folder / "model.bin"
    if not (size.is_file() and weights.is_file() and (folder / "model.xml").is_file()):
        return False
    return size.read_text(encoding="ascii") == str(weights.stat().st_size)


def convert(model: "SentenceTransformer", folder: Path, output: Output = "sentence_embedding") -> None:
    """Convert a model, pooling and scaling included, and put it into a folder in one move."""
    import openvino

    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix="converting-", dir=folder.parent))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            graph = openvino.convert_model(_traceable(model, output), example_input=_example(), input=_shapes(openvino))
        openvino.save_model(graph, str(beside / "model.xml"), compress_to_fp16=False)
        (beside / "size").write_text(str((beside / "model.bin").stat().st_size), encoding="ascii")
        if folder.exists() and not _complete(folder):
            shutil.rmtree(folder, ignore_errors=True)
        os.rename(beside, folder)  # noqa: PTH104 - Path.rename would do the same; a full folder makes both fail
    except OSError:
        if not _complete(folder):  # otherwise another process was faster, and its graph is as good
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _traceable(model: "SentenceTransformer", output: Output) -> Any:
    import torch

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model.eval()

        def forward(
            self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
        ) -> torch.Tensor:
            features = {
                "input_ids": input_ids,
                "attention_mask": attention_mask,
                "token_type_ids": token_type_ids,
            }
            found: torch.Tensor = self.model(features)[output]
            return found

    return Pooled()


def _example() -> dict[str, Any]:
    import torch

    return {name: torch.ones((2, 8), dtype=torch.int64) for name in INPUTS}


def _shapes(openvino: Any) -> list[tuple[str, Any, Any]]:
    shape = openvino.PartialShape([-1, -1])
    return [(name, shape, openvino.Type.i64) for name in INPUTS]
