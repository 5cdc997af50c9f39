"""The layer of the query adapter, its training, and its checkpoints."""

import json
from pathlib import Path

import numpy as np
import torch

from negviz.arrays import Ints
from negviz.embeddings import Embeddings
from negviz.encoders._adapter import ABOUT, WEIGHTS, adapted, adapter_identity
from negviz.errors import CancelledError, ModelError
from negviz.training.bridge import trained_loss
from negviz.training.lessons import Batch, Lessons
from negviz.training.students import Start, Stopped, Told


class Adapter:
    """The layer, its training, and its checkpoints."""

    searches = True
    left_out = 0

    def __init__(
        self, start: Start, first: Embeddings, rank: int, learning_rate: float, weight_decay: float, batch_size: int
    ) -> None:
        """Start as the identity.

        Args:
            start: Texts, vectors and seed.
            first: Vectors by the frozen encoder.
            rank: Rank of the layer; 0 for a full one.
            learning_rate: Of AdamW.
            weight_decay: Of AdamW.
            batch_size: Pairs a step.
        """
        self._start, self._first = start, first
        self._rate, self._decay, self._size = learning_rate, weight_decay, batch_size
        dims = int(first.queries.shape[1])
        device = torch.device(start.device)
        if rank and rank < dims:
            # As in LoRA: one factor is drawn, the other is zero, so that the product is zero and yet has a gradient.
            drawn = torch.empty(rank, dims).normal_(0, dims**-0.5, generator=torch.Generator().manual_seed(start.seed))
            parts = {"up": torch.zeros(dims, rank), "down": drawn}
        else:
            parts = {"full": torch.zeros(dims, dims)}
        self._parts = {name: part.to(device).requires_grad_() for name, part in parts.items()}
        self._queries = torch.from_numpy(np.array(first.queries, dtype=np.float32)).to(device)
        self._documents = torch.from_numpy(np.array(first.documents, dtype=np.float32)).to(device)

    def embeddings(self) -> Embeddings:
        """Adapted queries, and the documents as they were."""
        matrix = self._matrix().detach().cpu().numpy()
        identity = adapter_identity(self._first.identity, matrix)
        queries = adapted(self._first.queries, matrix, self._first.similarity)
        return Embeddings(
            queries, self._first.documents, self._first.similarity, f"{self._first.encoder} adapted", identity
        )

    def learn(self, lessons: Lessons, told: Told, stopped: Stopped, folder: Path) -> None:
        """Go through the lessons with AdamW."""
        optimiser = torch.optim.AdamW(self._parts.values(), lr=self._rate * lessons.rate, weight_decay=self._decay)
        total, done = lessons.steps(self._size), 0
        for epoch in range(lessons.epochs):
            for given in lessons.batches(epoch, self._size):
                if stopped():
                    raise CancelledError("Training was stopped; the rounds that were finished are kept.")
                batch = self._searched(given, lessons) if lessons.search else given
                optimiser.zero_grad()
                loss = trained_loss(self._scores(batch), batch, lessons)
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                done += 1
                told(done, total, float(loss.detach()))

    def save(self, folder: Path) -> None:
        """Write the layer with the name of the encoder that it belongs to."""
        from safetensors.numpy import save_file

        about = {
            "negviz": "query adapter 1", "encoder": self._start.encoder, "identity": self._first.identity,
            "similarity": self._first.similarity,
        }  # fmt: skip
        (folder / ABOUT).write_text(json.dumps(about, indent=1), "utf-8")
        parts = {name: part.detach().cpu().numpy() for name, part in self._parts.items()}
        save_file({**parts, "delta": np.ascontiguousarray(self._matrix().detach().cpu().numpy())}, folder / WEIGHTS)

    def restore(self, folder: Path) -> None:
        """Read the layer back."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            kept = load_file(folder / WEIGHTS)
            with torch.no_grad():
                for name, part in self._parts.items():
                    part.copy_(torch.from_numpy(kept[name]))
        except (OSError, KeyError, RuntimeError, SafetensorError):
            raise ModelError(
                f"{folder / WEIGHTS} is damaged, so training cannot go on from it; start a new one."
            ) from None

    def _matrix(self) -> torch.Tensor:
        parts = self._parts
        return parts["full"] if "full" in parts else parts["up"] @ parts["down"]

    def _moved(self, rows: Ints) -> torch.Tensor:
        vectors = self._queries[torch.from_numpy(rows).long()]
        moved = vectors + vectors @ self._matrix().T
        return torch.nn.functional.normalize(moved, dim=1) if self._first.similarity == "cosine" else moved

    def _scores(self, batch: Batch) -> torch.Tensor:
        return self._moved(batch.queries) @ self._documents[torch.from_numpy(batch.documents).long()].T

    def _searched(self, batch: Batch, lessons: Lessons) -> Batch:
        """The same lines against what the student retrieves now, as ADORE has it.

        Where no answer is among what is retrieved, all known ones are appended; where one is, none is (METHODS B4).
        """
        with torch.no_grad():
            scores = self._moved(batch.queries) @ self._documents.T
            depth = min(lessons.search, scores.shape[1])
            near = scores.topk(depth, dim=1).indices.cpu().numpy().astype(np.int32)
        listed = []
        for line, query in enumerate(batch.queries.tolist()):
            answers = lessons.answers[query]
            shielded = np.isin(near[line], lessons.shielded.get(query, answers[:0])) & ~np.isin(near[line], answers)
            found = near[line][~shielded]
            listed.append(found if np.isin(answers, found).any() else np.concatenate([found, answers]))
        return _listed(batch, listed, lessons)


def _listed(batch: Batch, listed: list[Ints], lessons: Lessons) -> Batch:
    """Lines that see their own list of documents and nothing else."""
    own = batch.documents[batch.own]
    documents = np.unique(np.concatenate([own, *listed])).astype(np.int32)
    present = np.stack([np.isin(documents, rows) for rows in listed])
    answers = np.stack([np.isin(documents, lessons.answers[query]) for query in batch.queries.tolist()])
    places = np.searchsorted(documents, own).astype(np.int32)
    return Batch(batch.queries, documents, places, answers & present, present & ~answers, present)
