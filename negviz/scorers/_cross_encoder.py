"""A sentence-transformers CrossEncoder whose probability of a pair does not depend on the pairs beside it.

On a processor each pair is run alone on one core, several at a time: a batch that is padded, and a sum that is split
over cores, both change the last digits, and alone is no slower. On a GPU batches hold texts of one length and are
always full, so that the same kernels run for a pair whatever else is asked.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from negviz.arrays import Scores
from negviz.errors import MissingInputError, ModelError
from negviz.model_files import folder_digests, hub_folder, identity, quiet_loading, refuse_unsafe

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

GPU_BATCH = 32
SHARE = 8


class PairModel:
    """A loaded cross-encoder.

    Attributes:
        name: What people call it.
        identity: Digest of everything its probabilities depend on.
    """

    def __init__(self, name: str, model: "CrossEncoder", content: Sequence[str]) -> None:
        """Take a model over.

        Args:
            name: What people call it.
            model: The loaded model, on the device it shall run on.
            content: Digests of what the model was loaded from.

        Raises:
            ModelError: If it gives more than two labels, of which none is known to say that the document answers.
        """
        import torch

        self.name = name
        self._model = model.float().eval()
        self._labels = int(model.num_labels)
        if self._labels not in {1, 2}:
            raise ModelError(
                f"'{name}' gives {self._labels} labels a pair, but a cross-encoder here must give one (a relevance, "
                "made a probability by a sigmoid) or two (softmax, of which the second says relevant); take a reranker."
            )
        self._device = model.device.type
        backend = f"torch {torch.__version__} float32 {self._device}"
        activation = "sigmoid" if self._labels == 1 else "softmax of class 1"
        length = str(model.max_seq_length)
        self.identity = identity(content, kind="cross-encoder 1", length=length, activation=activation, backend=backend)

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> Scores:
        """Probability (pairs,) that the second text of a pair answers the first.

        Raises:
            ModelError: If the model gives something else than numbers.
        """
        logits = self._alone(pairs) if self._device == "cpu" else self._by_length(pairs)
        if not np.isfinite(logits).all():
            raise ModelError(f"'{self.name}' gave scores that are not finite numbers; its weights are damaged.")
        wide = logits.astype(np.float64)
        above = wide[:, 0] if self._labels == 1 else wide[:, 1] - wide[:, 0]
        return np.asarray(np.exp(-np.logaddexp(0.0, -above)), dtype=np.float32)

    def _predict(self, pairs: Sequence[tuple[str, str]], batch: int) -> Scores:
        import torch

        found: Any = self._model.predict(
            list(pairs), batch_size=batch, activation_fn=torch.nn.Identity(), show_progress_bar=False
        )
        return np.asarray(found, dtype=np.float32).reshape(len(pairs), self._labels)

    def _alone(self, pairs: Sequence[tuple[str, str]]) -> Scores:
        """Each pair by itself on one core, as many at a time as there are cores."""
        import torch

        parts = [pairs[start : start + SHARE] for start in range(0, len(pairs), SHARE)]
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with ThreadPoolExecutor(_cores(), initializer=torch.set_num_threads, initargs=(1,)) as workers:
                found = list(workers.map(lambda part: self._predict(part, 1), parts))
        finally:
            torch.set_num_threads(threads)
        return np.concatenate(found) if found else np.empty((0, self._labels), dtype=np.float32)

    def _by_length(self, pairs: Sequence[tuple[str, str]]) -> Scores:
        """Batches of one length in tokens, each filled up with copies of its first pair."""
        logits = np.empty((len(pairs), self._labels), dtype=np.float32)
        lengths = self._lengths(pairs)
        for length in np.unique(lengths):
            rows = np.flatnonzero(np.equal(lengths, length))
            for start in range(0, len(rows), GPU_BATCH):
                own = rows[start : start + GPU_BATCH]
                filled = [*own, *[own[0]] * (GPU_BATCH - len(own))]
                logits[own] = self._predict([pairs[row] for row in filled], GPU_BATCH)[: len(own)]
        return logits

    def _lengths(self, pairs: Sequence[tuple[str, str]]) -> "np.ndarray[Any, np.dtype[np.int64]]":
        if not pairs:
            return np.empty(0, dtype=np.int64)
        one, other = (list(texts) for texts in zip(*pairs, strict=True))
        found = self._model.tokenizer(one, other, truncation=True, max_length=self._model.max_seq_length)
        return np.array([len(ids) for ids in found["input_ids"]], dtype=np.int64)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def open_pair_model(name: str) -> PairModel:
    """Open a cross-encoder of a local folder, or of the Hugging Face Hub.

    Args:
        name: What the person gave.

    Raises:
        MissingInputError: If nothing was given.
        ModelError: If the model cannot be found or read, keeps its weights in pickles, or needs code of its own.
    """
    folder = model_folder(name)
    return PairModel(name, _load(name, folder), folder_digests(folder))


def model_folder(name: str) -> Path:
    """Folder of a cross-encoder, fetched from the Hub where it is no local one.

    Raises:
        MissingInputError: If nothing was given.
        ModelError: If the model cannot be found, keeps its weights in pickles, or needs code of its own.
    """
    if not name:
        raise MissingInputError(
            "The scorer 'cross_encoder' needs a model; give --scorer cross_encoder=MODEL, a local folder or a Hugging "
            "Face id such as cross-encoder/ms-marco-MiniLM-L6-v2."
        )
    place = Path(name).expanduser()
    folder = place if place.is_dir() else _fetched(name)
    refuse_unsafe(name, folder, "a cross-encoder")
    return folder


def _fetched(name: str) -> Path:
    return hub_folder(
        name,
        unknown="no folder",
        offline=f"where there is a network, run hf download {name} --local-dir FOLDER, bring that folder here and give "
        "it as --scorer cross_encoder=FOLDER",
    )


def _load(name: str, folder: Path) -> "CrossEncoder":
    import torch
    from sentence_transformers import CrossEncoder

    safe: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
    device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        with quiet_loading():
            model: CrossEncoder = CrossEncoder(
                str(folder), device=device, model_kwargs={"use_safetensors": True}, **safe
            )
            return model
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError(
            f"'{name}' was given as a cross-encoder, but its folder could not be read as one: {reason[0].rstrip('.')}."
        ) from error
