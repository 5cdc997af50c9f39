"""The bridge from the losses, which are NumPy with a gradient of their own, to PyTorch, which trains with them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from negviz.arrays import Floats
from negviz.errors import MissingInputError
from negviz.losses import LOSSES, Loss
from negviz.select import resolved_knobs
from negviz.training.lessons import HOW, Batch, Lessons


class _Given(torch.autograd.Function):
    """A loss whose derivative is known."""

    @staticmethod
    def forward(ctx: Any, scores: torch.Tensor, lose: Callable[[Floats], Loss]) -> torch.Tensor:
        """Mean over the lines that have a loss."""
        found = lose(scores.detach().cpu().double().numpy())
        lines = np.isfinite(found.values)
        number = max(int(lines.sum()), 1)
        gradient = np.where(lines[:, None], found.gradient, 0.0) / number
        ctx.save_for_backward(torch.from_numpy(gradient).to(scores))
        return scores.new_tensor(float(found.values[lines].sum()) / number)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[torch.Tensor, None]:
        """The known derivative times what comes from above."""
        (gradient,) = ctx.saved_tensors
        return gradient * grads[0], None


def trained_loss(scores: torch.Tensor, batch: Batch, lessons: Lessons) -> torch.Tensor:
    """Loss of a batch by the lessons' loss, through which PyTorch can go back.

    Args:
        scores: (lines, documents) similarity of every query with every document of the batch.
        batch: Which of them are positives, and which count.
        lessons: Whose loss, with its knobs and what it asks for.

    Raises:
        MissingInputError: If the loss asks for something that the lessons do not have.
    """
    return _Given.apply(scores, loss_function(batch, lessons))  # type: ignore[no-any-return, no-untyped-call]


def loss_function(batch: Batch, lessons: Lessons) -> Callable[[Floats], Loss]:
    """The lessons' loss as a function of the (lines, documents) scores of a batch alone."""
    entry, knobs = LOSSES.get(lessons.loss.strategy), resolved_knobs(LOSSES, lessons.loss)
    known: dict[str, Any] = {"hard": batch.hard, **lessons.layers(batch)}
    wanted = entry.wants - {"scores", "positive", "held"}
    for name in sorted(wanted):
        if name not in known:
            raise MissingInputError(f"The loss '{entry.name}' needs {HOW[name]}.")
    given = {name: known[name] for name in wanted}

    def lose(scores: Floats) -> Loss:
        found: Loss = entry.function(np.where(batch.present, scores, np.nan), batch.positive, **given, **knobs)
        return found

    return lose
