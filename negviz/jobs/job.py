"""A job as a worker opens it: the plan, the dataset mapped from disk, and the files of its blocks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from negviz.arrays import PAD, Ints, Scores
from negviz.block_files import Files
from negviz.dataset import Dataset, Judgments
from negviz.embeddings import Embeddings
from negviz.encode import open_encoder
from negviz.encoders._model import Encoder
from negviz.encoders.static import Static
from negviz.jobs.plan import SHARE, Plan, Span, safe
from negviz.leaks import DocumentCodes, LeakGuard
from negviz.lexical import Counts, LexicalIndex
from negviz.mine import Workshop, labelled
from negviz.store import told_of
from negviz.workplace import node_folder

PLAN = "plan.json"
CODES = "codes.npy"
QUERY_CODES = "query_codes.npy"
SIBLINGS = "siblings.npy"
SIDES = ("queries", "documents")
JUDGED = ("positives", "given", "held_out")
KEPT_INDEXES = 4


@dataclass(frozen=True, eq=False)
class Job:
    """A job at its place; what it opens stays open in this process.

    Attributes:
        files: Where its files lie.
        plan: What is made.
    """

    files: Files
    plan: Plan

    @cached_property
    def dataset(self) -> Dataset:
        """The texts and judgments, mapped from this machine's disk."""
        tables = {side: _table(self.files.path(f"data/{side}.arrow")) for side in SIDES}
        about = json.loads(self.files.path("data/about.json").read_text("utf-8"))
        judged = {kind: Judgments(*np.load(self.files.path(f"data/{kind}.npy"))) for kind in JUDGED}
        given: dict[str, Any] = {**told_of(about), **tables, **judged}
        dataset = Dataset(**given)
        dataset.__dict__["fingerprint"] = self.plan.dataset
        return dataset

    @cached_property
    def labelled(self) -> tuple[Ints, Ints]:
        """Rows of the queries of the pool, and their positives."""
        return labelled(self.dataset)

    def encoder(self, name: str) -> Encoder:
        """An encoder of the plan; opened once in this process."""
        if name not in self._encoders and self.files.exists(learnt_name(self, name)):
            tokenizer = self.files.path(tokenizer_name(self, name)).read_text("utf-8")
            self._encoders[name] = Static.of_learnt(tokenizer, np.load(self.files.path(learnt_name(self, name))))
        if name not in self._encoders:
            precision = {"precision": self.plan.order.precision} if self.plan.order.precision else {}
            knobs: Mapping[str, Any] = precision if name == self.plan.order.encoder else {}
            self._encoders[name] = open_encoder(name, self.dataset, home=node_folder(), **knobs)
        return self._encoders[name]

    @cached_property
    def _encoders(self) -> dict[str, Encoder]:
        return {}

    def array(self, name: str) -> npt.NDArray[Any]:
        """An array of the job, mapped from disk."""
        found: npt.NDArray[Any] = np.load(self.files.path(name), mmap_mode="r", allow_pickle=False)
        return found

    def vectors(self, encoder: str, side: str) -> Scores:
        """Vectors of all queries or documents by one of the plan's encoders, mapped from disk."""
        return self.array(f"{self.folder_of(encoder)}/{side}.npy")

    def folder_of(self, encoder: str) -> str:
        """Folder of an encoder's vectors."""
        return f"vectors/{self.plan.encoders.index(encoder):02d}"

    def embeddings(self, encoder: str) -> Embeddings:
        """Vectors of an encoder with what is known of it."""
        about = json.loads(self.files.path(f"{self.folder_of(encoder)}/about.json").read_text("utf-8"))
        return Embeddings(self.vectors(encoder, "queries"), self.vectors(encoder, "documents"), **about)

    @cached_property
    def guard(self) -> LeakGuard:
        """What leaks are told from."""
        codes = DocumentCodes.from_array(self.array(CODES))
        return LeakGuard(self.dataset, codes, self.array(QUERY_CODES), self.array(SIBLINGS))

    def index(self, shard: Span) -> LexicalIndex:
        """The lexical index of a shard, mapped from disk."""
        return _index(self.files, shard)

    @cached_property
    def counts(self) -> Counts:
        """How often words occur in the whole corpus."""
        return Counts.open(self.files.path("lexical/counts.parquet"))

    @cached_property
    def shop(self) -> Workshop:
        """What retrievers and scorers may ask for, with the vectors that the job made."""
        known = {name: self.embeddings(name) for name in self.plan.encoders}
        order = replace(self.plan.order, runs=self._runs())
        at_hand = known.get(order.encoder)
        memory = self.plan.memory // SHARE
        shop = Workshop(self.dataset, order, node_folder(), _silent, _never, at_hand, known, memory=memory)
        if self.plan.by_words():
            from negviz.lexical import provide

            provide(self.dataset, Shards(self))
        return shop

    def _runs(self) -> dict[str, Path]:
        """Run files, as this machine has them."""
        return {name: self.files.path(run_name(name, run)) for name, run in self.plan.order.runs.items()}


@dataclass(frozen=True)
class Shards:
    """The lexical indexes of all shards as one; scores pairs as one index over all documents does."""

    job: Job

    def score(self, texts: Sequence[str], documents: Ints) -> Scores:
        """Scores of given pairs, see ``LexicalIndex.score``."""
        scores = np.full(documents.shape, np.nan, dtype=np.float32)
        for shard in self.job.plan.shards():
            here = (documents >= shard.start) & (documents < shard.stop)
            if here.any():
                inside = np.where(here, documents - shard.start, PAD).astype(np.int32)
                scores[here] = self.job.index(shard).score(texts, inside)[here]
        return scores


@lru_cache(maxsize=KEPT_INDEXES)
def _index(files: Files, shard: Span) -> LexicalIndex:
    folder = f"lexical/{shard.number:05d}"
    inside = files.path(f"{folder}/complete.json").parent
    for name in json.loads((inside / "complete.json").read_text("utf-8")):
        files.path(f"{folder}/{name}")
    return LexicalIndex.open(inside)


def run_name(layer: str, run: Path) -> str:
    """File of a run."""
    return f"runs/{safe(layer)}{''.join(run.suffixes)}"


def learnt_name(job: Job, encoder: str) -> str:
    """File of the vectors that an encoder learnt from the corpus, where it is of that kind."""
    return f"{job.folder_of(encoder)}/learnt.npy"


def tokenizer_name(job: Job, encoder: str) -> str:
    """File of the tokenizer that an encoder learnt."""
    return f"{job.folder_of(encoder)}/tokenizer.json"


def codes_name(shard: Span) -> str:
    """File of a shard's codes."""
    return f"codes/{shard.number:05d}.npy"


def _table(path: Path) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def _silent(stage: str, done: int, total: int) -> None:
    """A worker reports by its results."""


def _never() -> bool:
    return False


@lru_cache(maxsize=2)
def open_job(place: str) -> Job:
    """The job at a place; opened once in a process."""
    files = Files(place)
    return Job(files, Plan.from_json(files.path(PLAN).read_text("utf-8"), place))
