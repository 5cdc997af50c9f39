"""Feeding a trainer of sentence-transformers: the batches of lessons as tokens, by number."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding

from negviz.arrays import Ints
from negviz.errors import MissingInputError, RecipeError
from negviz.training.lessons import HOW, NONE, Batch, Lessons

OWN = frozenset({"own", "cached_own"})


def fitted(lessons: Lessons, trained_with: str) -> Lessons:
    """Lessons as a loss can use them.

    Losses of negviz take every pair. Those of the library take a table of texts in which each line has as many
    negatives as the others, so pairs without one are left out where others have some; nothing could stand for it that
    is not wrong for somebody. ``gist`` takes one negative a line, ``margin_mse`` those that the teacher knows.

    Args:
        lessons: What the round has.
        trained_with: Name of the loss.

    Raises:
        RecipeError: If the lessons ask for something that the library's losses cannot do.
        MissingInputError: If there is no teacher, or nothing that it knows.
    """
    if trained_with in OWN:
        return lessons
    if lessons.lists:
        raise RecipeError(
            f"This stage learns a teacher's graded lists, which '{trained_with}' of sentence-transformers cannot; "
            "set trained_with=own."
        )
    if not lessons.in_batch and trained_with != "margin_mse":
        raise RecipeError(
            f"This stage has in_batch: false, but '{trained_with}' of sentence-transformers always takes the documents "
            "of other lines as negatives; set trained_with=own, or in_batch: true."
        )
    known = replace(lessons, negatives=_without(lessons.negatives, lessons.answers), in_batch=False)
    if trained_with == "margin_mse":
        known = _judged(known)
    elif not any(map(len, known.negatives.values())):
        return lessons
    return replace(known.usable, in_batch=lessons.in_batch, count=1 if trained_with == "gist" else lessons.count)


def _without(negatives: Mapping[int, Ints], answers: Mapping[int, Ints]) -> dict[int, Ints]:
    return {query: rows[~np.isin(rows, answers.get(query, NONE))] for query, rows in negatives.items()}


def _judged(lessons: Lessons) -> Lessons:
    """The pairs and negatives that the teacher has a score for."""
    teacher = lessons.teacher
    if teacher is None:
        raise MissingInputError(f"The loss 'margin_mse' needs {HOW['teacher']}.")

    def kept(query: int, rows: Ints) -> Ints:
        scored = np.isfinite(teacher.of(np.array([query], dtype=np.int32), rows)[0])
        return np.asarray(rows[scored])

    negatives = {query: kept(query, rows) for query, rows in lessons.negatives.items()}
    known = [bool(len(kept(int(query), np.array([row], dtype=np.int32)))) for query, row in lessons.pairs]
    found = replace(lessons, pairs=lessons.pairs[np.array(known, dtype=bool)], negatives=negatives)
    if not len(found.usable):
        raise MissingInputError(
            "The loss 'margin_mse' has nothing to learn from: the teacher has scored no pair of a positive and a "
            "negative of the queries that are trained on; take a recipe that chooses among what it scored."
        )
    return found


class Feed:
    """What a trainer asks for its rows, which here are numbers of batches: their texts, tokenised.

    A loss of negviz gets every document of a batch once, however many lines have it, so nothing fills a gap and
    nothing has to be masked for it. A loss of the library gets columns: queries, positives, first negatives and so on;
    a line with fewer negatives than another begins anew with its first.
    """

    valid_label_columns: ClassVar[list[str]] = ["label"]

    def __init__(self, lessons: Lessons, size: int, model: SentenceTransformer, trained_with: str, length: int) -> None:
        """Take the lessons.

        Args:
            lessons: As ``fitted`` gives them.
            size: Lines of a batch.
            model: Whose tokens are wanted.
            trained_with: Name of the loss.
            length: Most tokens to read of a text; 0 for the model's own limit.
        """
        self._lessons, self._size, self._model, self._loss = lessons, size, model, trained_with
        self._options: dict[str, Any] = {"max_length": length} if length else {}
        self._preprocess = _Bags(model) if isinstance(model[0], StaticEmbedding) else model.preprocess
        self._ahead: Iterator[tuple[int, Batch]] = iter(())
        self._kept: dict[int, Batch] = {}

    def __len__(self) -> int:
        """Number of batches of all epochs."""
        return self._lessons.steps(self._size)

    def __call__(self, rows: Sequence[Mapping[str, int]]) -> dict[str, Any]:
        """Tokens of a batch, each name with its column before it.

        Args:
            rows: One row, whose label is the number of the batch.
        """
        number = rows[0]["label"]
        batch = self._made(number)
        if self._loss in OWN:
            self._kept = {known: kept for known, kept in self._kept.items() if known > number - 2} | {number: batch}
            columns = {"query": batch.queries, "document": batch.documents}
            return {"label": torch.tensor([number]), **self._tokens(columns)}
        table = _table(batch)
        names = ["query", "positive", *(f"negative_{place}" for place in range(1, table.shape[1]))]
        label = self._margins(batch, table) if self._loss == "margin_mse" else torch.tensor([number])
        columns = dict(zip(names, [batch.queries, *table.T], strict=True))
        return {"label": label, **self._tokens(columns)}

    def batch(self, number: int) -> Batch:
        """One of the last batches that were asked for."""
        return self._kept[number]

    def _made(self, number: int) -> Batch:
        """A batch by number; whoever goes on in the middle has those before it made and thrown away."""
        for found, batch in self._ahead:
            if found == number:
                return batch
        self._ahead = enumerate(self._all())
        return next(batch for found, batch in self._ahead if found == number)

    def _all(self) -> Iterator[Batch]:
        for epoch in range(self._lessons.epochs):
            yield from self._lessons.batches(epoch, self._size)

    def _tokens(self, columns: Mapping[str, Ints]) -> dict[str, Any]:
        data = self._lessons.dataset
        found: dict[str, Any] = {}
        for name, rows in columns.items():
            of_query = name == "query"
            known = data.query_texts if of_query else data.contents
            texts = [known[row] for row in rows.tolist()]
            task = "query" if of_query else "document"
            tokens = self._preprocess(texts, prompt=_prompt(self._model, task), task=task, **self._options)
            found |= {f"{name}_{key}": value for key, value in tokens.items()}
        return found

    def _margins(self, batch: Batch, table: Ints) -> torch.Tensor:
        """(lines, negatives) how much more the teacher gives the positive."""
        teacher = self._lessons.layers(batch)["teacher"]
        scores = np.take_along_axis(teacher, np.searchsorted(batch.documents, table), axis=1)
        return torch.from_numpy((scores[:, :1] - scores[:, 1:]).astype(np.float32))


class _Bags:
    """Tokens of a static model, which take longer to find than to train: each text is read once a round."""

    def __init__(self, model: SentenceTransformer) -> None:
        self._model = model
        self._known: dict[tuple[str, str | None], torch.Tensor] = {}

    def __call__(self, texts: Sequence[str], *, prompt: str | None, **options: Any) -> dict[str, Any]:
        unread = [text for text in dict.fromkeys(texts) if (text, prompt) not in self._known]
        if unread:
            made = self._model.preprocess(unread, prompt=prompt, **options)
            bags = torch.tensor_split(made["input_ids"], made["offsets"][1:].tolist())
            self._known |= {(text, prompt): bag for text, bag in zip(unread, bags, strict=True)}
        found = [self._known[text, prompt] for text in texts]
        starts = np.cumsum([0, *map(len, found[:-1])])
        return {"input_ids": torch.cat(found), "offsets": torch.from_numpy(starts)}


def _table(batch: Batch) -> Ints:
    """(lines, 1 + negatives) positive and negatives of each line, as many as the line with the most has."""
    own = [batch.documents[hard] for hard in batch.hard]
    width = max(map(len, own))
    rows = [np.resize(negatives, width) for negatives in own]
    return np.column_stack([batch.documents[batch.own], *np.reshape(rows, (len(own), width)).T]).astype(np.int32)


PROMPTS: Mapping[str, tuple[str, ...]] = {"query": ("query",), "document": ("document", "passage", "corpus")}


def _prompt(model: SentenceTransformer, task: str) -> str | None:
    """What the model puts before a text when it encodes; training must put the same."""
    prompts: Mapping[str, str | None] = model.prompts
    for name in PROMPTS[task]:
        if name in prompts:
            return prompts[name]
    return prompts.get(model.default_prompt_name) if model.default_prompt_name else None
