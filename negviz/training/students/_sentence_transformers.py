"""A student that sentence-transformers trains: what ``static`` and ``finetune`` have in common."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset as Rows
from safetensors.torch import load_model, save_model
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.base.sampler import DefaultBatchSampler
from torch.utils.data import BatchSampler, SequentialSampler
from transformers import PrinterCallback, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from negviz.arrays import fingerprint
from negviz.embeddings import Embeddings
from negviz.encoders._sentence_transformer import SentenceTransformerEncoder, load_folder
from negviz.errors import CancelledError
from negviz.model_files import quiet_loading
from negviz.training.lessons import Lessons, Listed
from negviz.training.students import Start, Stopped, Told
from negviz.training.students._feed import OWN, Feed, fitted
from negviz.training.students._lora import load_lora, merged, save_lora
from negviz.training.students._trained_losses import CachedOwnLoss, OwnLoss, library_loss

LONG = 200
PARTS = 10
STATE = "trainer_state.json"
WEIGHTS = "weights.safetensors"
LOSSES = "losses.npy"
STOPPED = "Training was stopped; what was finished is kept, and it goes on from there."


@dataclass(frozen=True)
class Settings:
    """How a student is trained.

    Attributes:
        learning_rate: Highest of a round: it rises over ``warmup`` of the steps and then falls to zero, linearly.
        batch_size: Pairs a step.
        weight_decay: Of AdamW.
        warmup: Share of the steps, 0 to 1.
        trained_with: Whose loss.
        mini_batch_size: Texts that go through the model at once, with the cached losses.
        max_length: Tokens that are read of a text in training; 0 for the model's own limit.
        precision: ``fp32`` or ``bf16``; weights are float32 either way.
        lora: Rank of the low-rank adapters that the model has; 0 where it has none.
    """

    learning_rate: float
    batch_size: int
    weight_decay: float
    warmup: float
    trained_with: str
    mini_batch_size: int = 32
    max_length: int = 0
    precision: str = "fp32"
    lora: int = 0


@dataclass(frozen=True, eq=False)
class Origin:
    """Where a student starts.

    Attributes:
        name: What people call the model.
        identity: Of the model as it was opened.
        model: The model, which will be trained.
        again: Opens it once more, as it was.
        first: Its vectors, where they are known.
    """

    name: str
    identity: str
    model: SentenceTransformer
    again: Callable[[], SentenceTransformer]
    first: Embeddings | None = None


class SentenceTransformerStudent:
    """A model of sentence-transformers, its training by the library's own trainer, and its checkpoints."""

    searches = False

    def __init__(self, start: Start, origin: Origin, settings: Settings) -> None:
        """Take the model over.

        Args:
            start: Texts, seed and device.
            origin: The model.
            settings: How it is trained.
        """
        self._start, self._origin, self._settings = start, origin, settings
        self._model = origin.model.to(start.device)
        self._known = origin.first
        self.left_out = 0

    def embeddings(self) -> Embeddings:
        """Vectors of all queries and documents, made once for each state of the weights."""
        if self._known is None:
            content = [self._origin.identity, self._weights()]
            encoder = SentenceTransformerEncoder(f"{self._origin.name} trained", self._model, content)
            data = self._start.dataset
            queries, documents = encoder.encode_queries(data.query_texts), encoder.encode_documents(data.contents)
            self._known = Embeddings(queries, documents, encoder.similarity, encoder.name, encoder.identity)
        return self._known

    def learn(self, lessons: Lessons, told: Told, stopped: Stopped, folder: Path) -> None:
        """Go through the lessons; a round of many steps that was cut short goes on where its last checkpoint is.

        Pairs that the loss cannot use are counted as ``left_out``.

        Args:
            lessons: What to learn.
            told: Called after each step.
            stopped: Asked after each step.
            folder: Where checkpoints within the round are kept.

        Raises:
            CancelledError: If ``stopped`` said so.
        """
        if stopped():
            raise CancelledError(STOPPED)
        settings = self._settings
        fit = fitted(lessons, settings.trained_with)
        self.left_out = len(lessons) - len(fit)
        length = int(min(settings.max_length, self._model.max_seq_length or math.inf))
        feed = Feed(fit, settings.batch_size, self._model, settings.trained_with, length)
        # Checkpoints of another round, of other lessons or of other settings must not be taken for this one's.
        work = folder / fingerprint(self._weights(), settings, *_facts(fit))
        watch = _Watch(told, stopped, len(feed))
        self._known = None
        with quiet_loading():
            trainer = _Trainer(
                watch, model=self._model, args=self._arguments(work, fit, len(feed)), data_collator=feed,
                train_dataset=Rows.from_dict({"label": list(range(len(feed)))}), loss=self._loss(feed, fit),
                callbacks=[watch],
            )  # fmt: skip
            trainer.remove_callback(PrinterCallback)
            trainer.train(resume_from_checkpoint=_newest(work))
        self._model.eval()
        if watch.halted:
            raise CancelledError(STOPPED)

    def save(self, folder: Path) -> None:
        """Write the model; low-rank adapters are multiplied out, and lie beside it to be trained on."""
        whole = merged(self._model) if self._settings.lora else self._model
        with quiet_loading():
            whole.save_pretrained(str(folder), create_model_card=False)
        if self._settings.lora:
            save_lora(self._model, folder)

    def restore(self, folder: Path) -> None:
        """Read the weights back."""
        if self._settings.lora:
            load_lora(self._model, folder)
        else:
            kept = load_folder(self._origin.name, folder).model
            self._model.load_state_dict(kept.state_dict())
        self._known = None

    def _weights(self) -> str:
        """Digest of the weights."""
        state = self._model.state_dict()
        parts = [(name, np.atleast_1d(value.detach().cpu().numpy())) for name, value in sorted(state.items())]
        return fingerprint(*(part for named in parts for part in named))

    def _loss(self, feed: Feed, lessons: Lessons) -> torch.nn.Module:
        name, mini = self._settings.trained_with, self._settings.mini_batch_size
        if name == "own":
            return OwnLoss(self._model, feed, lessons)
        if name in OWN:
            return CachedOwnLoss(self._model, feed, lessons, mini)
        return library_loss(name, self._model, lambda: self._origin.again().to(self._start.device).eval(), mini)

    def _arguments(self, work: Path, lessons: Lessons, steps: int) -> SentenceTransformerTrainingArguments:
        settings, on_cpu = self._settings, torch.device(self._start.device).type == "cpu"
        arguments = SentenceTransformerTrainingArguments(
            output_dir=str(work),
            num_train_epochs=1,
            per_device_train_batch_size=1,
            learning_rate=settings.learning_rate * lessons.rate,
            weight_decay=settings.weight_decay,
            warmup_steps=math.ceil(settings.warmup * steps),
            bf16=settings.precision == "bf16",
            use_cpu=on_cpu,
            dataloader_pin_memory=not on_cpu,
            seed=(self._start.seed * 1_000_003 + lessons.seed) % 2**32,
            save_strategy="steps" if steps >= LONG else "no",
            save_steps=-(-steps // PARTS),
            save_total_limit=1,
            logging_strategy="no",
            log_level="error",
            report_to="none",
            disable_tqdm=True,
        )
        # With more than one GPU the trainer would part every batch, and its documents would not see each other.
        arguments._n_gpu = min(arguments.n_gpu, 1)
        return arguments


class _Watch(TrainerCallback):
    """Tells how far it is, and stops when asked to."""

    def __init__(self, told: Told, stopped: Stopped, total: int) -> None:
        self._told, self._stopped, self._total = told, stopped, total
        self.losses: list[float] = []
        self.halted = False

    def again(self, losses: list[float]) -> None:
        """Tell the steps that were done before, so that whoever keeps the losses has them all."""
        self.losses = losses
        for number, loss in enumerate(losses, 1):
            self._told(number, self._total, loss)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:  # fmt: skip
        self._told(state.global_step, self._total, self.losses[-1])
        if state.global_step < self._total and self._stopped():
            self.halted = control.should_training_stop = True
            control.should_save = self._total >= LONG
        return control


class _Trainer(SentenceTransformerTrainer):
    """The library's trainer without model cards, over batches that are made elsewhere, with lean checkpoints."""

    def __init__(self, watch: _Watch, **settings: Any) -> None:
        self._watch = watch
        super().__init__(**settings)

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """Gather nothing for a model card: it would look the model up on the Hub."""

    def get_batch_sampler(self, dataset: Any, *_: Any, **__: Any) -> BatchSampler:
        """One row at a time, which is a whole batch, in order."""
        return DefaultBatchSampler(SequentialSampler(dataset), batch_size=1, drop_last=False)

    def training_step(self, *given: Any, **named: Any) -> torch.Tensor:
        """One step, whose loss is kept."""
        loss: torch.Tensor = super().training_step(*given, **named)
        self._watch.losses.append(float(loss))
        return loss

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        folder = Path(str(output_dir or self.args.output_dir))
        folder.mkdir(parents=True, exist_ok=True)
        save_model(self.model, str(folder / WEIGHTS))
        np.save(folder / LOSSES, self._watch.losses)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: torch.nn.Module | None = None) -> None:
        folder = Path(resume_from_checkpoint)
        load_model(model or self.model, str(folder / WEIGHTS))
        self._watch.again(np.load(folder / LOSSES, allow_pickle=False).tolist())


def _newest(work: Path) -> str | None:
    """The last checkpoint that was written to its end; its state is what is written last."""
    found = sorted(work.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]), reverse=True)
    return next((str(path) for path in found if _is_whole(path)), None)


def _is_whole(checkpoint: Path) -> bool:
    try:
        return bool(json.loads((checkpoint / STATE).read_text("utf-8")))
    except (OSError, ValueError):
        return False


def _facts(lessons: Lessons) -> list[object]:
    """All that the steps of a round depend on, but for what comes with the pool and never changes within it."""
    names = [each.name for each in fields(lessons) if each.name not in {"dataset", "guide", "teacher"}]
    values = [getattr(lessons, name) for name in names]
    return [lessons.dataset.fingerprint, *names, *(part for value in values for part in _parts(value))]


def _parts(value: Any) -> list[object]:
    if isinstance(value, Mapping):
        return [len(value), *(part for key in sorted(value) for part in (key, *_parts(value[key])))]
    return [value.documents, value.grades] if isinstance(value, Listed) else [value]
