"""Judge: ask a language model about candidates of a pool; the result is a new pool with a layer of verdicts.

Nothing is sent by making a ``Trial`` or asking for its plan.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from negviz.arrays import Bools, positions, text_keys, uniform
from negviz.assembly import with_layer
from negviz.derived import disputed
from negviz.errors import MissingInputError, RecipeError, ServiceError
from negviz.judges import JUDGES, Hearing, Ruling, prompt_digest
from negviz.judges._lists import spoken
from negviz.labels import LabelEvent
from negviz.llm import Answer, Client, Plan, Request, Settings
from negviz.pool import Pool
from negviz.registry import Entry
from negviz.selection import Selection

Scope = Literal["disputed", "taken", "top"]
Progress = Callable[[str, int, int], None]
MOST_SNIPPETS = 5000


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


class Judged(NamedTuple):
    """What a trial came to: the pool with the new layer, label events, and counts for people."""

    pool: Pool
    events: list[LabelEvent]
    report: dict[str, Any]


@dataclass(frozen=True)
class Trial:
    """Which candidates are put before a model, and how.

    Attributes:
        pool: Candidates.
        method: Name of a judge.
        settings: Which model, where, and how it is asked.
        home: Folder whose ``llm`` part keeps the answers.
        scope: ``disputed`` (between 0.95 of the positive and 0.1 above it), ``taken`` (by a selection) or ``top`` (the
            head of the list). None is ``taken`` where there is a selection and ``disputed`` where there is none; judges
            that order a whole list take the head of it.
        selection: What a recipe took, for ``taken``.
        scorer: Whose order and zone count.
        top: Most candidates of a query; 0 is the judge's own number.
        limit: Most queries, drawn by the seed; 0 is all.
        both_orders: Whether everything is asked a second time in the other order.
        promote: From which value a verdict makes a candidate a positive; 0 is the judge's own.
        seed: Seed of shuffling and of the draw of queries.
    """

    pool: Pool
    method: str
    settings: Settings
    home: Path
    scope: Scope | None = None
    selection: Selection | None = None
    scorer: str = "dense"
    top: int = 0
    limit: int = 0
    both_orders: bool = True
    promote: int = 0
    seed: int = 0

    @property
    def entry(self) -> Entry:
        """The judge."""
        return JUDGES.get(self.method)

    @property
    def of(self) -> Scope:
        """The scope that counts."""
        whole = bool(self.entry.trait("whole_list"))
        scope = self.scope or ("top" if whole else "taken" if self.selection else "disputed")
        if whole and scope != "top":
            raise RecipeError(f"'{self.method}' orders the head of a list, so its scope can only be 'top'.")
        return scope

    @cached_property
    def cells(self) -> Bools:
        """(queries, depth), True for the candidates that are judged.

        Raises:
            MissingInputError: If the scope needs something that is not there.
        """
        inside = self._inside() & np.isfinite(self.pool.score(self.scorer))
        for name in ("top", "limit", "promote"):
            if not 0 <= getattr(self, name) <= 1_000_000:
                raise RecipeError(f"{name} was given as {getattr(self, name)}, but must be a whole number from 0 on.")
        most = self.top or int(self.entry.trait("most"))
        scores = np.where(inside, self.pool.score(self.scorer).astype(np.float64), -np.inf)
        place = positions(np.lexsort((-scores, ~inside), axis=1).astype(np.int32))
        return np.asarray(inside & (place < most) & self._drawn(inside)[:, None])

    def _inside(self) -> Bools:
        pool = self.pool
        if self.of == "top":
            return pool.present if self.entry.trait("whole_list") else pool.eligible
        if self.of == "disputed":
            return disputed(pool, self.scorer, pool.anchor(self.scorer, "min")) & pool.eligible
        if self.selection is None:
            raise MissingInputError(
                "The scope 'taken' needs to know what was taken; name what 'negviz select' wrote with --selection."
            )
        if self.selection.pool.fingerprint != pool.fingerprint:
            raise MissingInputError(
                "The selection was made from candidates of its recipe's own source, which this pool does not hold; "
                "choose the scope 'top' or 'disputed', or a recipe without a source."
            )
        return self.selection.taken

    def _drawn(self, inside: Bools) -> Bools:
        """(queries,), True for those that are judged: all, or as many as the limit says, by noise of their ids."""
        asked: Bools = np.asarray(inside.any(axis=1))
        if not self.limit or int(asked.sum()) <= self.limit:
            return asked
        names = [self.pool.dataset.query_id(row) for row in self.pool.queries]
        noise = np.where(asked, uniform(text_keys(names), self.seed), np.inf)
        drawn: Bools = np.zeros(asked.shape, dtype=np.bool_)
        drawn[np.argsort(noise, kind="stable")[: self.limit]] = True
        return drawn

    @cached_property
    def hearing(self) -> Hearing:
        """What is asked, and how the answers are read.

        Raises:
            MissingInputError: If there is nothing to judge.
        """
        if not self.cells.any():
            raise MissingInputError(
                f"No candidate lies in the scope '{self.of}' by '{self.scorer}', so there is nothing to judge; choose "
                "another scope or scorer."
            )
        promote = self.promote or int(self.entry.trait("promote"))
        made: Hearing = self.entry.function(
            pool=self.pool, cells=self.cells, seed=self.seed, both_orders=self.both_orders, promote=promote
        )
        if not made.questions:
            raise MissingInputError(
                f"'{self.method}' compares candidates with the labelled positive of their query, but no query in scope "
                "has one; load data with judgments, or take the method llm_judge."
            )
        return made

    def requests(self) -> list[Request]:
        """Everything that would be sent, cached or not."""
        return [self.hearing.request(question) for question in self.hearing.questions]

    def plan(self, *, price_in: float | None = None, price_out: float | None = None) -> Plan:
        """What asking would take; sends nothing.

        Args:
            price_in: Price of a million tokens of prompt.
            price_out: Price of a million tokens of answer.
        """
        client = Client(self.settings, self.home)
        try:
            requests = (self.hearing.request(question) for question in self.hearing.questions)
            return client.plan(requests, price_in=price_in, price_out=price_out)
        finally:
            client.store.close()

    def about(self) -> dict[str, Any]:
        """Facts of the trial, for reports; neither address nor key is among them."""
        return {
            "method": self.method,
            "model": self.settings.model,
            "prompt": prompt_digest(self.entry),
            "scope": self.of,
            "scorer": self.scorer,
            "both_orders": self.both_orders,
            "seed": self.seed,
            "queries": int(self.cells.any(axis=1).sum()),
            "pairs": int(self.cells.sum()),
        }

    def run(self, *, progress: Progress = silent, cancelled: Callable[[], bool] = lambda: False) -> Judged:
        """Ask what is not kept yet, and read the answers.

        Args:
            progress: Told (stage, done, total).
            cancelled: Asked several times a second.

        Raises:
            CancelledError: If ``cancelled`` said so; every answer that came is kept for the next time.
            ServiceError: If the service cannot be used, or nothing that it said can be read; every answer that came is
                kept.
        """
        hearing = self.hearing
        client = Client(self.settings, self.home)
        answers = client.ask(hearing.questions, hearing.request, progress=progress, cancelled=cancelled)
        ruling = hearing.read(answers)
        self._need_readable(answers, ruling)
        cached = sum(answer.cached for answer in answers)
        report = {
            **self.about(),
            "requests": len(answers),
            "asked": len(answers) - cached,
            "cached": cached,
            **dict(ruling.counts),
            "values": _values(ruling.layer) if self.entry.trait("values") else {},
            "known": int(np.isfinite(ruling.layer).sum()),
            "labels": len(ruling.said),
        }
        return Judged(self._with(ruling, report), self._events(ruling), report)

    def _need_readable(self, answers: Sequence[Answer], ruling: Ruling) -> None:
        """Refuse to make verdicts of nothing: an answer that cannot be read counts as one that finds nothing."""
        if sum(map(spoken, answers)) > ruling.counts["unparsable"]:
            return
        told = ", ".join(f"{name} {ruling.counts[name]}" for name in ("unparsable", "refused", "failed"))
        raise ServiceError(
            f"None of the {len(answers)} answers of {self.settings.model} can be read ({told}), so there are no "
            "verdicts; a model that thinks before it answers needs more --max-tokens, others may not follow the format."
        )

    def _with(self, ruling: Ruling, report: dict[str, Any]) -> Pool:
        pool, name = self.pool, self.method
        snippets: dict[str, dict[str, str]] = {}
        for place, document in sorted(ruling.snippets)[:MOST_SNIPPETS]:
            query = pool.dataset.query_id(int(pool.queries[place]))
            words = ruling.snippets[place, document]
            snippets.setdefault(query, {})[pool.dataset.document_id(document)] = words
        facts = {**report, **({"snippets": snippets} if snippets else {})}
        unknown = np.full(pool.positives.shape, np.nan, dtype=np.float32)
        judged = {**dict(pool.origin.get("judged") or {}), name: facts}
        return with_layer(pool, name, ruling.layer, unknown, str(self.entry.trait("scale")), {"judged": judged})

    def _events(self, ruling: Ruling) -> list[LabelEvent]:
        """Verdicts as label events of the annotator ``llm:MODEL``."""
        pool, digest = self.pool, prompt_digest(self.entry)
        annotator = f"llm:{self.settings.model}"[:255]
        return [
            LabelEvent.of(
                pool.dataset, int(pool.queries[each.place]), each.document, each.verdict, grade=each.grade,
                annotator=annotator, note=f"{each.note}; prompt {digest}", queue=f"llm {self.method}",
            )
            for each in ruling.said
        ]  # fmt: skip


def _values(layer: Any) -> dict[str, int]:
    known = layer[np.isfinite(layer)]
    values, counts = np.unique(known, return_counts=True)
    return {f"{value:g}": int(count) for value, count in zip(values.tolist(), counts.tolist(), strict=True)}


def methods() -> Sequence[Entry]:
    """Every judge there is."""
    return list(JUDGES)
