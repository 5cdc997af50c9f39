"""A mean-pooled transformer through OpenVINO: faster than torch, and in float32 the same vectors to six digits.

Torch is imported only to convert a model for the first time; afterwards the converted graph and the tokenizer file are
all that is read.

A text's vector depends on the text alone, to the last bit. The length that a text is padded to decides in which order
its sums fall, so it is a function of the text: its own tokens up to the next multiple of ``STEP``, never those of its
neighbours. How many texts go together changes nothing then, and one thread a stream keeps the number of threads out.
"""

import hashlib
import os
import shutil
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from negviz.arrays import Scores
from negviz.encoders._model import Precision
from negviz.errors import ModelError
from negviz.model_files import file_digest

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Output: TypeAlias = Literal["sentence_embedding", "token_embeddings"]
Batch: TypeAlias = dict[str, npt.NDArray[np.int64]]
STEP = 8
# Tokens that go through the model together: more are no faster, since a layer's numbers leave the caches.
TOKENS = 2048
INPUTS = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
# What an int8 graph has left of float arithmetic stays float32: in bfloat16 it agrees far less and is hardly faster.
HINTS: dict[Precision, str] = {"float32": "f32", "bfloat16": "bf16", "int8": "f32"}


def version() -> str | None:
    """Version of OpenVINO, None where it is missing or does not start."""
    try:
        import openvino

        return str(openvino.__version__)
    except Exception:  # a broken native library raises more than ImportError, and torch then does the work
        return None


@cache
def has_bfloat16() -> bool:
    """Whether this processor computes in bfloat16 by itself; elsewhere it is imitated, and many times slower."""
    import openvino

    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def streams() -> int:
    """Batches that are computed at once: one a processor core, or as many as ``OMP_NUM_THREADS`` allows."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        cores = os.cpu_count() or 1
    allowed = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(cores, int(allowed))) if allowed.isdigit() else cores


class Graph:
    """A converted model with its tokenizer: texts in, pooled vectors out, or those of each token."""

    def __init__(self, folder: Path, tokenizer: Path, max_length: int, precision: Precision = "float32") -> None:
        """Compile a converted model.

        Args:
            folder: Where ``model.xml`` and ``model.bin`` lie.
            tokenizer: The model's ``tokenizer.json``.
            max_length: Tokens to read of a text.
            precision: Of the arithmetic; an int8 graph is another graph.
        """
        import openvino
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.enable_truncation(max_length)
        self._tokenizer.no_padding()
        self._max_length = max_length
        self._streams = streams()
        settings = {
            "INFERENCE_PRECISION_HINT": HINTS[precision],
            "NUM_STREAMS": self._streams,
            "INFERENCE_NUM_THREADS": self._streams,  # one a stream
            "ENABLE_CPU_PINNING": False,  # processes side by side would all sit on the first cores
        }
        self._model = openvino.Core().compile_model(str(folder / "model.xml"), "CPU", settings)
        self._inputs = [port.get_any_name() for port in self._model.inputs]
        self._busy = threading.Lock()

    @cached_property
    def _queue(self) -> Any:
        import openvino

        return openvino.AsyncInferQueue(self._model, self._streams)

    def encode(self, texts: Sequence[str]) -> Scores:
        """Vectors (texts, dims), as the model's own modules pool and scale them."""
        encoded = self._tokenizer.encode_batch_fast(list(texts))
        vectors = np.empty((len(texts), self._model.output(0).partial_shape[-1].get_length()), dtype=np.float32)

        def finish(request: Any, rows: list[int]) -> None:
            vectors[rows] = request.get_output_tensor(0).data

        with self._busy:  # the queue has one callback
            self._queue.set_callback(finish)
            for rows, length in self._batches(encoded):
                self._queue.start_async(self._feed([encoded[row] for row in rows], length), rows)
            self._queue.wait_all()
        return vectors

    def tokens(self, text: str) -> Scores:
        """Vectors (tokens, dims) of a text's own tokens, of a model that was converted for them."""
        encoded = self._tokenizer.encode(text)
        own = np.flatnonzero(np.equal(encoded.special_tokens_mask, 0))
        with self._busy:
            found = self._model(self._feed([encoded], self._padded(len(encoded.ids))))[0]
            return np.array(found[0][own], dtype=np.float32)

    def inputs(self, texts: Sequence[str]) -> list[Batch]:
        """What the model is fed with, a text each."""
        encoded = self._tokenizer.encode_batch_fast(list(texts))
        return [self._feed([text], self._padded(len(text.ids))) for text in encoded]

    def _padded(self, tokens: int) -> int:
        return min(-(-tokens // STEP) * STEP, self._max_length)

    def _batches(self, encoded: Sequence[Any]) -> Iterator[tuple[list[int], int]]:
        """Rows of one padded length each, with it, the longest first: what comes last is soon done on every stream."""
        lengths = [self._padded(len(text.ids)) for text in encoded]
        order = sorted(range(len(encoded)), key=lambda row: -lengths[row])
        start = 0
        while start < len(order):
            length = lengths[order[start]]
            most = order[start : start + max(1, TOKENS // max(length, 1))]
            rows = [row for row in most if lengths[row] == length]
            yield rows, length
            start += len(rows)

    def _feed(self, encoded: Sequence[Any], length: int) -> Batch:
        # What stands in the padding is masked; BERT's own sign for it is 0 as well.
        batch = {name: np.zeros((len(encoded), length), dtype=np.int64) for name in self._inputs}
        for name, array in batch.items():
            for row, text in enumerate(encoded):
                array[row, : len(text.ids)] = getattr(text, INPUTS[name])
        return batch


def quantized(folder: Path, open_float: Callable[[], Graph], texts: Sequence[str], kept: Path) -> Path:
    """Turn a converted model into one of 8-bit integers; the same model and texts give the same bytes.

    Scales of weights and activations are measured once, on texts (static quantisation, Jacob et al. 2018), by NNCF.

    Args:
        folder: Of the converted model.
        open_float: Opens that model, and converts it before if need be.
        texts: To measure on.
        kept: Folder to keep the graph in; made again where a part of it is missing.

    Returns:
        ``kept``.

    Raises:
        ModelError: If NNCF is missing.
    """
    if _complete(kept):
        return kept
    nncf = _nncf()
    import openvino

    calibration = nncf.Dataset(open_float().inputs(texts))
    model = openvino.Core().read_model(str(folder / "model.xml"))
    graph = nncf.quantize(model, calibration, model_type=nncf.ModelType.TRANSFORMER, subset_size=len(texts))
    _save(graph, kept)
    return kept


def _nncf() -> Any:
    import logging

    try:
        import nncf
    except ImportError:
        raise ModelError(
            "'int8' needs the package nncf, which is not installed; run pip install -r requirements-int8.txt, or take "
            "another precision."
        ) from None
    nncf.set_log_level(logging.ERROR)
    return nncf


def nncf_version() -> str:
    """Version of NNCF.

    Raises:
        ModelError: If it is missing.
    """
    return str(_nncf().__version__)


def graph_digest(folder: Path) -> str:
    """Digest of a stored graph: its operations and its weights."""
    return hashlib.sha256((file_digest(folder / "model.xml") + file_digest(folder / "model.bin")).encode()).hexdigest()


def open_graph(
    folder: Path,
    load: Callable[[], "SentenceTransformer"],
    tokenizer: Path,
    max_length: int,
    output: Output = "sentence_embedding",
    precision: Precision = "float32",
) -> Graph:
    """Compile a model, converting it first where that was not done before.

    Args:
        folder: Where the converted model is kept.
        load: Loads the torch model; called only when it has to be converted.
        tokenizer: The model's ``tokenizer.json``.
        max_length: Tokens to read of a text.
        output: What the graph gives: a vector a text, or a vector a token.
        precision: Of the arithmetic.
    """
    if _complete(folder):
        try:
            return Graph(folder, tokenizer, max_length, precision)
        except RuntimeError:  # a damaged graph is made again
            shutil.rmtree(folder, ignore_errors=True)
    convert(load(), folder, output)
    return Graph(folder, tokenizer, max_length, precision)


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

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph = openvino.convert_model(_traceable(model, output), example_input=_example(), input=_shapes(openvino))
    _save(graph, folder)


def _save(graph: Any, folder: Path) -> None:
    """Put a graph into a folder in one move."""
    import openvino

    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix="converting-", dir=folder.parent))
    try:
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
