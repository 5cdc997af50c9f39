"""Losses as a trainer of sentence-transformers calls them: negviz's own through the bridge, and the library's."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.losses.gradcache import CachedLossMixin
from sentence_transformers.sentence_transformer import losses
from sentence_transformers.util import cos_sim, dot_score, pairwise_cos_sim, pairwise_dot_score

from negviz.encoders._model import known_similarity
from negviz.errors import RecipeError
from negviz.training.bridge import trained_loss
from negviz.training.lessons import Lessons
from negviz.training.students._feed import Feed

Features = Iterable[dict[str, Any]]


class OwnLoss(torch.nn.Module):
    """A loss of negviz over the scores of a batch."""

    def __init__(self, model: SentenceTransformer, feed: Feed, lessons: Lessons) -> None:
        """Take what it needs.

        Args:
            model: That is trained.
            feed: Knows which documents count for whom.
            lessons: Whose loss.
        """
        super().__init__()
        self.model = model
        self._feed, self._lessons = feed, lessons
        self._cosine = known_similarity(model.similarity_fn_name, "the student") == "cosine"

    def forward(self, sentence_features: Features, labels: torch.Tensor) -> torch.Tensor:
        """Mean loss of the lines of a batch.

        Args:
            sentence_features: Tokens of the queries, and of the documents.
            labels: (1,) number of the batch.
        """
        queries, documents = (self.model(tokens)["sentence_embedding"] for tokens in sentence_features)
        return self._loss(queries, documents, labels)

    def _loss(self, queries: torch.Tensor, documents: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        # In bfloat16 two scores that differ by less than 0.004 are one.
        with torch.autocast(queries.device.type, enabled=False):
            scores = (cos_sim if self._cosine else dot_score)(queries.float(), documents.float())
        return trained_loss(scores, self._feed.batch(int(labels[0])), self._lessons)


class CachedOwnLoss(CachedLossMixin, OwnLoss):
    """The same by GradCache: memory of a mini-batch, gradient of the whole batch (METHODS A4)."""

    def __init__(self, model: SentenceTransformer, feed: Feed, lessons: Lessons, mini_batch_size: int) -> None:
        """Take what it needs.

        Args:
            model: That is trained.
            feed: Knows which documents count for whom.
            lessons: Whose loss.
            mini_batch_size: Texts that go through the model at once.
        """
        OwnLoss.__init__(self, model, feed, lessons)
        self.mini_batch_size = mini_batch_size

    def forward(self, sentence_features: Features, labels: torch.Tensor) -> torch.Tensor:
        """Mean loss of the lines of a batch."""
        return self.forward_cached(sentence_features, labels)

    def calculate_loss(
        self, reps: list[list[torch.Tensor]], labels: torch.Tensor | None = None, *, with_backward: bool = False
    ) -> torch.Tensor:
        """Loss of a batch from the vectors of its mini-batches.

        Args:
            reps: Vectors of queries and of documents, mini-batch by mini-batch.
            labels: (1,) number of the batch.
            with_backward: Whether to go back to the vectors at once.
        """
        if labels is None:
            raise ValueError("A batch without a number has no masks.")
        queries, documents = (torch.cat(part) for part in reps)
        loss = self._loss(queries, documents, labels)
        if not with_backward:
            return loss
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()


def library_loss(
    name: str, model: SentenceTransformer, guide: Callable[[], SentenceTransformer], mini_batch_size: int
) -> torch.nn.Module:
    """A loss of sentence-transformers with the library's own settings; for a dot model with its inner products.

    Args:
        name: ``mnrl``, ``cached_mnrl``, ``gist``, ``cached_gist`` or ``margin_mse``.
        model: That is trained.
        guide: Gives the frozen model that says which negatives are false, where one is asked for.
        mini_batch_size: Texts that go through the model at once, where the loss is a cached one.

    Raises:
        RecipeError: If the loss cannot train the model.
    """
    cosine = known_similarity(model.similarity_fn_name, "the student") == "cosine"
    if name == "margin_mse":
        return losses.MarginMSELoss(model, similarity_fct=pairwise_cos_sim if cosine else pairwise_dot_score)
    cached: dict[str, Any] = {"mini_batch_size": mini_batch_size} if name.startswith("cached_") else {}
    if name.endswith("mnrl"):
        # The library's advice for inner products is a scale of 1.
        settings: dict[str, Any] = {} if cosine else {"scale": 1.0, "similarity_fct": dot_score}
        ranking = losses.CachedMultipleNegativesRankingLoss if cached else losses.MultipleNegativesRankingLoss
        return ranking(model, **settings, **cached)
    if not cosine:
        raise RecipeError(
            f"'{name}' of sentence-transformers compares by cosine, but this model compares by inner products; set "
            "trained_with=own with the loss 'gist', or trained_with=mnrl."
        )
    guided = losses.CachedGISTEmbedLoss if cached else losses.GISTEmbedLoss
    return guided(model, guide().requires_grad_(False), **cached)
