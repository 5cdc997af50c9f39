"""Plan of a job: what is made, in which blocks; written once, so that whoever goes on cuts at the same places."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from negviz.budget import rows_within
from negviz.dataset import Dataset
from negviz.errors import DataError
from negviz.mine import Order, block_size, kind_of, labelled
from negviz.retrievers import RETRIEVERS
from negviz.scorers import SCORERS

VERSION = 1
# Texts of a block of encoding: on one core of a CPU about a minute of a small model.
ENCODED = 4096
# Bytes of a document while the words of its shard are indexed: its text, its words, and their weights.
PER_DOCUMENT = 4096
MOST_DOCUMENTS = 2**20
MOST_QUERIES = 4096
# A task holds more than its rows.
SHARE = 2


class Span(NamedTuple):
    """Rows from ``start`` to before ``stop``, the ``number``-th of its kind."""

    number: int
    start: int
    stop: int


@dataclass(frozen=True)
class Plan:
    """What a job makes.

    Attributes:
        dataset: Fingerprint of the dataset.
        order: What is mined.
        documents: How many there are.
        queries: How many there are, with those that have no positive.
        labelled: Queries that have a positive, which are those of the pool.
        positives: Most positives of a query.
        encoders: Encoders whose vectors are wanted, by what they are called.
        shard: Documents whose words are indexed together.
        span: Documents whose vectors are searched together; they are mapped from disk, so that there may be many.
        block: Queries of a block.
        memory: Bytes that a worker may take beyond what it maps from disk.
        encoded: Texts that are encoded together.
    """

    dataset: str
    order: Order
    documents: int
    queries: int
    labelled: int
    positives: int
    encoders: tuple[str, ...]
    shard: int
    block: int
    memory: int
    span: int = MOST_DOCUMENTS
    encoded: int = ENCODED

    def shards(self) -> list[Span]:
        """Rows of documents whose words are indexed together."""
        return list(_spans(self.documents, self.shard))

    def parts_of(self, layer: str) -> list[Span]:
        """Rows of documents that a retriever searches together."""
        return self.shards() if layer == "bm25" else list(_spans(self.documents, self.span))

    def blocks(self) -> list[Span]:
        """Queries of the pool that are searched, scored and stored together."""
        return list(_spans(self.labelled, self.block))

    def texts(self, side: str) -> list[Span]:
        """Rows of documents or of queries that are encoded together."""
        return list(_spans(self.documents if side == "documents" else self.queries, self.encoded))

    def encoder_of(self, layer: str) -> str:
        """Encoder whose vectors a layer is made from."""
        return self.order.models.get(layer, self.order.encoder)

    def searched(self) -> tuple[str, ...]:
        """Retrievers that search shard by shard by vectors: the exact one, and those of checkpoints."""
        return tuple(name for name in self.order.retrievers if name == "dense" or name in self.order.models)

    def layers(self) -> tuple[str, ...]:
        """Retrievers that search shard by shard; the others work on a block of queries at a time."""
        return tuple(name for name in self.order.retrievers if name == "bm25" or name in self.searched())

    def by_words(self) -> bool:
        """Whether documents are indexed by their words."""
        return "bm25" in (*self.order.retrievers, *map(kind_of, self.order.scorers))

    def to_json(self) -> str:
        """The plan as text."""
        order = {**asdict(self.order), "runs": {name: str(path) for name, path in self.order.runs.items()}}
        return json.dumps({"negviz job": VERSION, **{**asdict(self), "order": order}}, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str, place: str) -> "Plan":
        """Read a plan back.

        Raises:
            DataError: If it is none of this version.
        """
        try:
            facts = dict(json.loads(text))
            version = facts.pop("negviz job")
            asked = facts.pop("order")
        except (ValueError, KeyError, TypeError):
            raise DataError(f"{place} holds something else than a job of negviz; name another place.") from None
        if version != VERSION:
            raise DataError(f"The job in {place} has version {version}, this negviz reads {VERSION}; start it anew.")
        runs = {name: Path(path) for name, path in asked.pop("runs").items()}
        order = Order(**{key: _tupled(value) for key, value in asked.items()}, runs=runs)
        return cls(order=order, **{key: _tupled(value) for key, value in facts.items()})

    def same_as(self, other: "Plan") -> bool:
        """Whether another plan makes the same pool, in whichever blocks."""
        return (self.dataset, _comparable(self.order)) == (other.dataset, _comparable(other.order))


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _comparable(order: Order) -> dict[str, Any]:
    return {**asdict(order), "runs": sorted(order.runs), "agreement": None}


def _spans(total: int, size: int) -> Iterator[Span]:
    for number, start in enumerate(range(0, total, size)):
        yield Span(number, start, min(start + size, total))


def make_plan(dataset: Dataset, order: Order, memory: int) -> Plan:
    """Cut a job into blocks that fit into a budget.

    Args:
        dataset: What is mined.
        order: What is asked for.
        memory: Bytes that a worker may take beyond what it maps from disk.
    """
    queries, positives = labelled(dataset)
    return Plan(
        dataset=dataset.fingerprint,
        order=order,
        documents=len(dataset.documents),
        queries=len(dataset.queries),
        labelled=len(queries),
        positives=int(positives.shape[1]),
        encoders=tuple(dict.fromkeys(_encoders(order))),
        shard=rows_within(memory // SHARE, PER_DOCUMENT, least=1024, most=MOST_DOCUMENTS),
        block=min(block_size(order, int(positives.shape[1]), memory // SHARE), MOST_QUERIES),
        memory=memory,
    )


def _encoders(order: Order) -> Iterator[str]:
    """Encoders whose vectors somebody wants."""
    registered = [RETRIEVERS.get(name) for name in order.retrievers if name not in order.outside()]
    registered += [SCORERS.get(kind_of(name)) for name in order.scorers if name not in order.outside()]
    if any("embeddings" in entry.wants for entry in registered):
        yield order.encoder
    yield from order.models.values()
    yield from (model for name, model in order.scorers.items() if kind_of(name) == "second_encoder")


def safe(name: str) -> str:
    """A name as part of a file's name: whatever else than letters and digits becomes a dash."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", name)
