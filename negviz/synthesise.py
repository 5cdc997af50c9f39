"""Synthesise: have a language model write negatives; the result is a new pool over a larger corpus.

A synthetic document is marked for good: by its id, in the dataset's facts, by its rank layer, in every selection and in
every export.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from negviz.arrays import PAD, Ints, Scores, fingerprint, text_keys, uniform
from negviz.assembly import assemble, list_of, with_layer
from negviz.dataset import Dataset, Judgments
from negviz.embeddings import Embeddings
from negviz.encode import open_encoder
from negviz.errors import MissingInputError, ModelError, RecipeError
from negviz.judges._lists import DATA, json_in, material, positives_of, shown, spoken
from negviz.leaks import leak_flags
from negviz.llm import Answer, Client, Plan, Request, Settings
from negviz.mine import Order, Workshop
from negviz.pool import ALL_LEAKS, LEAKS, Pool
from negviz.scorers import SCORERS, Layer
from negviz.text import is_blank, normalise, text_key

Progress = Callable[[str, int, int], None]
RETRIEVER = "synthetic"
PREFIX = "synthetic-"
MOST_PER_QUERY = 10
LONGEST_TEXT = 8000
SYSTEM = (
    "You write training data for a search engine: passages that a careless search would take for an answer, and that "
    f"are none. {DATA}"
)
TASK = """\
Write {count} hard negative passages for the question. A hard negative reads like something out of the same collection
as the example passage, is on the same subject and shares its words, but somebody who asked the question would not
accept it as an answer.

Work in this order:
1. Requirements: name what a passage must meet to answer the question, as the example passage does; at least two.
2. Passages: for each, choose one or more of the requirements, violate exactly those, and meet all others. The fewer a
   passage violates the harder it is; let the passages differ in which and in how many. Keep to the domain and the style
   of the example, and to about its length ({words} words). State nothing that answers the question after all, and do
   not mention that something is missing, wrong or invented.
3. Check: read each passage as somebody who asked the question. If it answers it, or merely rewords the example, write
   it anew.

Reply with one JSON object and nothing else:
{{"requirements": ["...", "..."], "negatives": [{{"text": "...", "violates": [1]}}]}}
The numbers in "violates" count the requirements from 1.
"""
PROMPT = SYSTEM + TASK
REFUSED = ("blank", "too long", "violates nothing", "text of a document", "holds an answer", *LEAKS)


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


class Written(NamedTuple):
    """A synthetic negative: row of the pool, its text and the requirements that it violates."""

    place: int
    text: str
    violated: tuple[str, ...]


class Made(NamedTuple):
    """What a commission came to: the pool over the larger corpus, and counts for people."""

    pool: Pool
    report: dict[str, Any]


@dataclass(frozen=True)
class Commission:
    """What a model is asked to write.

    Attributes:
        pool: Whose queries and positives.
        settings: Which model, where, and how it is asked.
        home: Folder whose ``llm`` part keeps the answers.
        per_query: Negatives to write for each query.
        limit: Most queries, drawn by the seed; 0 is all.
        seed: Seed of that draw.
    """

    pool: Pool
    settings: Settings
    home: Path
    per_query: int = 2
    limit: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense."""
        if not 1 <= self.per_query <= MOST_PER_QUERY:
            raise RecipeError(f"per_query was given as {self.per_query}, but must lie from 1 to {MOST_PER_QUERY}.")
        if self.limit < 0:
            raise RecipeError(f"limit was given as {self.limit}, but must be a whole number from 0 on.")

    @cached_property
    def places(self) -> list[int]:
        """Rows of the pool that are asked about, in order."""
        able = np.flatnonzero(self.pool.has_positive)
        if not self.limit or len(able) <= self.limit:
            return [int(place) for place in able]
        names = [self.pool.dataset.query_id(int(self.pool.queries[place])) for place in able]
        drawn = able[np.argsort(uniform(text_keys(names), self.seed), kind="stable")[: self.limit]]
        return sorted(int(place) for place in drawn)

    def request(self, place: int) -> Request:
        """The request about a query of the pool."""
        data = self.pool.dataset
        example = shown(data.content(positives_of(self.pool, place)[0]))
        texts = material(question=data.query_text(int(self.pool.queries[place])), example_passage=example)
        return Request(SYSTEM, f"{texts}\n\n{TASK.format(count=self.per_query, words=len(example.split()))}")

    def plan(self, *, price_in: float | None = None, price_out: float | None = None) -> Plan:
        """What asking would take; sends nothing.

        Args:
            price_in: Price of a million tokens of prompt.
            price_out: Price of a million tokens of answer.
        """
        client = Client(self.settings, self.home)
        try:
            return client.plan(map(self.request, self.places), price_in=price_in, price_out=price_out)
        finally:
            client.store.close()

    def about(self) -> dict[str, Any]:
        """Facts of the commission, for reports; neither address nor key is among them."""
        return {
            "model": self.settings.model,
            "prompt": fingerprint(PROMPT)[:8],
            "per_query": self.per_query,
            "queries": len(self.places),
            "seed": self.seed,
        }

    def run(self, *, progress: Progress = silent, cancelled: Callable[[], bool] = lambda: False) -> Made:
        """Ask what is not kept yet, check what came, and put it into a new pool.

        Args:
            progress: Told (stage, done, total).
            cancelled: Asked several times a second.

        Raises:
            CancelledError: If ``cancelled`` said so; every answer that came is kept for the next time.
            ServiceError: If the service cannot be used; every answer that came is kept.
            MissingInputError: If nothing usable was written.
            ModelError: If the pool's encoder is not the one at hand any more.
        """
        answers = Client(self.settings, self.home).ask(
            self.places, self.request, progress=progress, cancelled=cancelled
        )
        counts: Counter[str] = Counter()
        written = _checked(self.pool, list(self._written(answers, counts)), counts)
        cached = sum(answer.cached for answer in answers)
        report = {
            **self.about(),
            "requests": len(answers),
            "asked": len(answers) - cached,
            "cached": cached,
            **{kind: counts[kind] for kind in ("refused", "failed", "unparsable")},
            "written": counts["written"],
            "kept": len(written),
            "thrown_away": {reason: counts[reason] for reason in REFUSED if counts[reason]},
            "violated": _violations(written),
        }
        if not written:
            raise MissingInputError(
                f"Nothing that {self.settings.model} wrote can be used ({_told(report)}), so there is no new pool; ask "
                "another model or more queries."
            )
        progress("scoring what was written", 0, 1)
        pool, unscored = _extended(self.pool, written, self.settings.model, self.home, progress, cancelled)
        report["unscored"] = unscored
        return Made(replace(pool, origin={**pool.origin, "synthetic": report}), report)

    def _written(self, answers: Sequence[Answer], counts: Counter[str]) -> Iterator[Written]:
        for place, answer in zip(self.places, answers, strict=True):
            if not spoken(answer):
                counts["failed" if answer.kind == "rejected" else answer.kind] += 1
                continue
            found = written_in(answer.text)
            counts["unparsable"] += found is None
            for text, violated in (found or [])[: self.per_query]:
                counts["written"] += 1
                yield Written(place, text, violated)


def written_in(text: str) -> list[tuple[str, tuple[str, ...]]] | None:
    """Texts of an answer, each with the requirements that it violates; None where it cannot be read."""
    value = json_in(text) or {}
    negatives, requirements = value.get("negatives"), value.get("requirements")
    if not isinstance(negatives, list) or not isinstance(requirements, list):
        return None
    named = {place: str(each)[:300] for place, each in enumerate(requirements, start=1)}
    found = []
    for each in negatives:
        if isinstance(each, dict) and isinstance(each.get("text"), str):
            violates = each.get("violates")
            numbers = [number for number in violates if isinstance(number, int)] if isinstance(violates, list) else []
            violated = tuple(named[number] for number in dict.fromkeys(numbers) if number in named)
            found.append((re.sub(r"\s+", " ", each["text"]).strip(), violated))
    return found


def _checked(pool: Pool, written: Sequence[Written], counts: Counter[str]) -> list[Written]:
    """What is usable; the reason of everything else is counted."""
    data = pool.dataset
    known = {*data.document_keys, *(text_key(text) for text in data.documents["text"].to_pylist())}
    left = []
    for each in written:
        reason = _fault(each, pool, known)
        if reason:
            counts[reason] += 1
            continue
        known.add(text_key(each.text))
        left.append(each)
    return _without_leaks(pool, left, counts)


def _fault(each: Written, pool: Pool, known: set[str]) -> str:
    """Why a text cannot be a negative, empty where it can; leaks are looked for later."""
    from negviz.answers import has_answer

    answers = pool.dataset.answers[int(pool.queries[each.place])]
    checks = (
        ("blank", is_blank(each.text)),
        ("too long", len(each.text) > LONGEST_TEXT),
        ("violates nothing", not each.violated),
        ("text of a document", text_key(each.text) in known),
        ("holds an answer", bool(answers) and has_answer(each.text, answers)),
    )
    return next((reason for reason, found in checks if found), "")


def _without_leaks(pool: Pool, written: list[Written], counts: Counter[str]) -> list[Written]:
    """Without what the pool's own guards would refuse, near-duplicates of a positive first of all."""
    if not written:
        return []
    larger = _larger(pool.dataset, pool, written, "")
    rows = _rows(pool, written, larger)
    place = _moved(pool.dataset, larger)
    flags = leak_flags(larger, pool.queries, rows, place[pool.positives])
    kept = []
    for each, column in zip(written, _columns(written), strict=True):
        bits = int(flags[each.place, column]) & ALL_LEAKS
        if bits:
            counts[next(leak for leak, bit in LEAKS.items() if bits & bit)] += 1
        else:
            kept.append(each)
    return kept


def _columns(written: Sequence[Written]) -> list[int]:
    """Place of each text among those of its query."""
    seen: Counter[int] = Counter()
    columns = []
    for each in written:
        columns.append(seen[each.place])
        seen[each.place] += 1
    return columns


def _name(pool: Pool, each: Written) -> str:
    """Id of a synthetic document: the same for the same query and text."""
    query = pool.dataset.query_id(int(pool.queries[each.place]))
    key = f"{query}\0{normalise(each.text)}".encode("utf-8", "surrogatepass")
    return PREFIX + hashlib.blake2b(key, digest_size=10).hexdigest()


def _rows(pool: Pool, written: Sequence[Written], larger: Dataset) -> Ints:
    """(queries, most of a query) rows of the synthetic documents in the larger dataset."""
    columns = _columns(written)
    row = {name: place for place, name in enumerate(larger.document_ids)}
    rows = np.full((len(pool), max(columns, default=0) + 1), PAD, dtype=np.int32)
    for each, column in zip(written, columns, strict=True):
        rows[each.place, column] = row[_name(pool, each)]
    return rows


def _moved(old: Dataset, new: Dataset) -> Ints:
    """(old documents + 1,) row of each old document in the larger dataset; the last entry is for ``PAD``."""
    row = {name: place for place, name in enumerate(new.document_ids)}
    return np.array([*(row[name] for name in old.document_ids), PAD], dtype=np.int32)


def _larger(data: Dataset, pool: Pool, written: Sequence[Written], model: str) -> Dataset:
    """The dataset with the synthetic documents, marked in its facts."""
    table = data.documents.to_pylist()
    new = {_name(pool, each): each for each in written}
    clash = next((row["id"] for row in table if row["id"] in new), None)
    if clash:
        raise RecipeError(f"The data has a document called '{clash}' already; rename it before more are written.")
    facts = {}
    for name, each in new.items():
        query = data.query_id(int(pool.queries[each.place]))
        facts[name] = {"query_id": query, "model": model, "violated": list(each.violated)}

    def judged(kind: str) -> list[tuple[str, str, int]]:
        each = getattr(data, kind)
        columns = (each.queries.tolist(), each.documents.tolist(), each.grades.tolist())
        return [(data.query_id(q), data.document_id(d), grade) for q, d, grade in zip(*columns, strict=True)]

    return Dataset.build(
        name=data.name,
        format=data.format,
        queries=list(zip(data.query_ids, data.query_texts, strict=True)),
        documents=[*((row["id"], row["title"], row["text"]) for row in table),
                   *((name, "", each.text) for name, each in new.items())],
        positives=judged("positives"),
        given=[pair[:2] for pair in judged("given")],
        held_out=judged("held_out"),
        groups=[*(row["group"] for row in table), *([None] * len(new))],
        answers=dict(zip(data.query_ids, data.answers, strict=True)),
        problems=data.problems,
        facts={**data.facts, "synthetic": {**dict(data.facts.get("synthetic") or {}), **facts}},
    )  # fmt: skip


def _extended(
    pool: Pool,
    written: Sequence[Written],
    model: str,
    home: Path,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> tuple[Pool, list[str]]:
    """The pool over the larger corpus, and the score layers that do not know the new candidates."""
    larger = _larger(pool.dataset, pool, written, model)
    row = _moved(pool.dataset, larger)
    embeddings = _longer(pool, larger, written, home) if pool.embeddings is not None else None
    moved = replace(
        pool, dataset=larger, documents=row[pool.documents], positives=row[pool.positives], embeddings=embeddings,
        stored_fingerprint=None,
    )  # fmt: skip
    new = _rows(pool, written, larger)
    lists = {name: list_of(moved, name) for name in moved.ranks}
    lists[RETRIEVER] = np.concatenate([lists[RETRIEVER], new], axis=1) if RETRIEVER in lists else new
    made = assemble(moved, lists)
    shop = Workshop(larger, Order(str(pool.origin.get("encoder") or "")), home, progress, cancelled)
    if "bm25" in made.scores:
        made = _weighed_anew(shop, made)
    unscored = []
    for name in sorted(set(made.scores) - {"bm25", *(["dense"] if embeddings is not None else [])}):
        model_of = str(dict(pool.origin.get("models") or {}).get(name, ""))
        if name in SCORERS and model_of and not SCORERS.get(name).wants & {"run", "embeddings"}:
            found = shop.call(SCORERS, name, queries=made.queries, documents=new, model=model_of)
            made = _filled(made, name, new, found.scores if isinstance(found, Layer) else found)
        else:
            unscored.append(name)
    return made, unscored


def _weighed_anew(shop: Workshop, pool: Pool) -> Pool:
    """BM25 of every pair anew: words are weighed by the whole corpus, which is larger now."""
    both = np.concatenate([pool.documents, pool.positives], axis=1)
    scores = shop.call(SCORERS, "bm25", queries=pool.queries, documents=both)
    return with_layer(pool, "bm25", scores[:, : pool.depth], scores[:, pool.depth :], pool.scales["bm25"])


def _filled(pool: Pool, name: str, documents: Ints, scores: Scores) -> Pool:
    """A layer with the scores of the new candidates put where they stand."""
    layer = pool.scores[name].copy()
    for place, column in np.argwhere(np.not_equal(documents, PAD)).tolist():
        layer[place, np.equal(pool.documents[place], documents[place, column])] = scores[place, column]
    return with_layer(pool, name, layer, pool.positive_scores[name], pool.scales[name])


def _longer(pool: Pool, larger: Dataset, written: Sequence[Written], home: Path) -> Embeddings:
    """The pool's vectors with those of the new documents, by the encoder that made the others.

    Raises:
        ModelError: If that encoder is not at hand, or has changed since.
    """
    old = pool.vectors("synthesise")
    # Opened on the corpus as it was mined: an encoder that learns from its corpus would otherwise be another one.
    encoder = open_encoder(old.encoder, _mined(pool.dataset), home=home)
    if encoder.identity != old.identity:
        raise ModelError(
            f"The pool's vectors were made by '{old.encoder}' as it was then (identity {old.identity[:8]}, now "
            f"{encoder.identity[:8]}), so new texts cannot be compared with them; build the pool again."
        )
    # In order of text, so that a batch, and with it the last bits of a vector, does not depend on who wrote first.
    texts = sorted({each.text for each in written})
    vectors = dict(zip(texts, np.asarray(encoder.encode_documents(texts), dtype=np.float32), strict=True))
    documents = np.empty((len(larger.document_ids), old.documents.shape[1]), dtype=np.float32)
    place = _moved(pool.dataset, larger)[:-1]
    documents[place] = old.documents
    row = {name: at for at, name in enumerate(larger.document_ids)}
    for each in written:
        documents[row[_name(pool, each)]] = vectors[each.text]
    return replace(old, documents=documents)


def _mined(data: Dataset) -> Dataset:
    """The texts without synthetic documents; judgments, whose rows would be others, are left out."""
    inside = pa.array([name not in data.synthetic_ids for name in data.document_ids])
    none = Judgments.of(())
    return replace(data, documents=data.documents.filter(inside), positives=none, given=none, held_out=none)


def _violations(written: Sequence[Written]) -> dict[str, int]:
    """How many texts violate one, two, ... requirements: the fewer, the harder."""
    counts = Counter(len(each.violated) for each in written)
    return {str(number): counts[number] for number in sorted(counts)}


def _told(report: Mapping[str, Any]) -> str:
    parts = {name: report[name] for name in ("written", "unparsable", "refused", "failed")} | report["thrown_away"]
    return ", ".join(f"{name} {count}" for name, count in parts.items())
