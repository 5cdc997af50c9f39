"""From the rows of a label file, whoever wrote it, to events."""

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from negviz.dataset import Dataset
from negviz.errors import LabelError
from negviz.labels.events import HIGHEST_GRADE, LabelEvent, Pair, Verdict, later
from negviz.text import text_key

_ALIASES = {
    "qid": "query_id",
    "did": "document_id",
    "doc_id": "document_id",
    "docid": "document_id",
    "docno": "document_id",
    "corpus_id": "document_id",
    "pid": "document_id",
    "passage_id": "document_id",
    "question": "query",
    "passage": "document",
    "relevance": "score",
    "rel": "score",
    "judgment": "label",
    "judgement": "label",
    "annotation": "label",
    "assessor": "annotator",
    "rater": "annotator",
    "comment": "note",
}


class RowReader:
    """Turns rows into events; unknown ids are collected, so that one error can name the first and count the rest."""

    def __init__(
        self, name: str, dataset: Dataset | None, *, annotator: str, modified: float, relevant_from: int
    ) -> None:
        """Say where the rows come from.

        Args:
            name: Name of the file, for errors.
            dataset: Where to find the texts of ids.
            annotator: Who gets the credit where a row does not say.
            modified: When the file was last changed (seconds since 1970): the time of rows that have none.
            relevant_from: Lowest grade of a judgment that makes a document an answer.
        """
        self._name = name
        self._dataset = dataset
        self._annotator = annotator
        self._time = datetime.fromtimestamp(modified, UTC).isoformat(timespec="milliseconds")
        self._relevant_from = relevant_from
        self._unknown: list[str] = []
        self._said: dict[tuple[Pair, str], str] = {}
        self.unlabelled = 0
        self.positives = 0

    def events(self, rows: Iterable[tuple[int, Mapping[str, Any]]]) -> list[LabelEvent]:
        """Events of (line, row) pairs.

        Raises:
            LabelError: With the line, if a row is no label or names an unknown id.
        """
        found = []
        for line, row in rows:
            try:
                event = self._event(line, _plain(row))
            except LabelError as problem:
                raise LabelError(f"Line {line} of '{self._name}': {problem}") from None
            if event is not None:
                found.append(event)
        if self._unknown:
            more = len(self._unknown) - 1
            rest = f" and {more} more" if more else ""
            raise LabelError(
                f"'{self._name}' names ids that the data does not have: {self._unknown[0]}{rest}; "
                "load the data that the labels were made with."
            )
        return found

    def _event(self, line: int, row: dict[str, Any]) -> LabelEvent | None:
        if row.get("event"):
            return LabelEvent(
                **self._pair(row),
                **_details(row),
                verdict=Verdict.parse(row["verdict"]) if row.get("verdict") else None,
                probability=_number(row, "probability", float),
                withdraws=_cell(row, "withdraws"),
                event=_cell(row, "event"),
            )
        if "verdict" not in row and ("score" in row or "grade" in row):
            return self._judgment(line, row)
        if "verdict" not in row:
            raise LabelError(
                f"there is no verdict, only {', '.join(row) or 'nothing'}; "
                "wanted are query_id, document_id and verdict."
            )
        if not _cell(row, "verdict").strip():
            self.unlabelled += 1
            return None
        # Without a queue a probability is no draw's: lists of suspects have a column of that name with another meaning.
        probability = _number(row, "probability", float) if row.get("queue") else None
        verdict = Verdict.parse(row["verdict"])
        return self._named(line, row, {**_details(row), "verdict": verdict, "probability": probability})

    def _judgment(self, line: int, row: dict[str, Any]) -> LabelEvent | None:
        """A judgment of relevance; less than 0 is junk or not judged."""
        score = _number(row, "score" if "score" in row else "grade", int)
        if score is None:
            self.unlabelled += 1
            return None
        answers = score >= self._relevant_from
        verdict = Verdict.FALSE_NEGATIVE if answers else Verdict.TRUE_NEGATIVE if score == 0 else Verdict.DROP
        grade = min(score, HIGHEST_GRADE) if score >= 0 else None
        event = self._named(line, row, {**_voice(row), "verdict": verdict, "grade": grade, "queue": "judgments"})
        if event is not None and answers and (event.query_id, event.document_id) in self._positives:
            self.positives += 1
            return None
        return event

    def _named(self, line: int, row: dict[str, Any], details: dict[str, Any]) -> LabelEvent | None:
        """An event that is named after its content, None if its ids are unknown."""
        known = self._known_ids(line, row)
        if known is None:
            return None
        details = {"annotator": self._annotator, "time": self._time, "queue": "import", **_filled(details)}
        event = LabelEvent(**self._pair(known), **details, event="unnamed")
        # Of two rows about a pair the lower one counts, as the later one.
        said = self._said.get((event.pair, event.annotator), "")
        event = replace(event, time=max(event.time, later(said)) if said else event.time)
        self._said[event.pair, event.annotator] = event.time
        parts = (
            *event.pair,
            event.verdict and str(event.verdict),
            event.grade,
            event.annotator,
            event.note,
            event.time,
        )
        return replace(event, event=uuid.uuid5(uuid.NAMESPACE_OID, repr(parts)).hex)

    def _known_ids(self, line: int, row: dict[str, Any]) -> dict[str, Any] | None:
        if self._dataset is None or row.get("query_key"):
            return row
        for kind, places in (("query", self._query_rows), ("document", self._document_rows)):
            given = _cell(row, f"{kind}_id")
            if given and given not in places:
                self._unknown.append(f"{kind} '{given}' (line {line})")
                return None
        return row

    def _pair(self, row: dict[str, Any]) -> dict[str, Any]:
        """Keys, ids and texts of a row: as they stand there, else by the ids, else from the texts."""
        return {**self._side("query", row), **self._side("document", row)}

    def _side(self, kind: str, row: dict[str, Any]) -> dict[str, str]:
        key, given, text = (_cell(row, name) for name in (f"{kind}_key", f"{kind}_id", kind))
        if not key and given and self._dataset is not None:
            places = self._query_rows if kind == "query" else self._document_rows
            if given not in places:
                raise LabelError(f"the data has no {kind} '{given}'; load the data that the labels were made with.")
            text_of: Callable[[int], str] = self._dataset.query_text if kind == "query" else self._dataset.content
            text = text_of(places[given])
        elif not key and not text:
            raise LabelError(
                f"the {kind} is known by its id only, and no data is loaded to look it up in; load the data first."
                if given
                else f"there is no {kind}_id; wanted are query_id, document_id and verdict."
            )
        return {f"{kind}_key": key or text_key(text), f"{kind}_id": given, kind: text}

    @cached_property
    def _query_rows(self) -> dict[str, int]:
        ids = self._dataset.query_ids if self._dataset else []
        return {given: row for row, given in enumerate(ids)}

    @cached_property
    def _document_rows(self) -> dict[str, int]:
        ids = self._dataset.document_ids if self._dataset else []
        return {given: row for row, given in enumerate(ids)}

    @cached_property
    def _positives(self) -> set[tuple[str, str]]:
        if self._dataset is None:
            return set()
        queries, documents = self._dataset.query_ids, self._dataset.document_ids
        judged = self._dataset.positives
        return {(queries[q], documents[d]) for q, d in zip(judged.queries, judged.documents, strict=True)}


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row under our own column names; ``label`` is a verdict or, as in judgments, a number."""
    plain = {name.strip().lower().replace("-", "_").replace(" ", "_"): value for name, value in row.items()}
    plain = {_ALIASES.get(name, name): value for name, value in plain.items()}
    if "label" in plain and "verdict" not in plain:
        label = plain.pop("label")
        plain["score" if re.fullmatch(r"-?\d+(\.0+)?", str(label).strip()) else "verdict"] = label
    return plain


def _cell(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value)


def _voice(row: Mapping[str, Any]) -> dict[str, str]:
    """Who says a row, why and when."""
    return {name: _cell(row, name) for name in ("annotator", "note", "time")}


def _details(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**_voice(row), "queue": _cell(row, "queue"), "grade": _number(row, "grade", int)}


def _filled(details: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in details.items() if value != ""}


def _number(row: Mapping[str, Any], name: str, kind: type[int] | type[float]) -> Any:
    given = _cell(row, name).strip()
    if not given:
        return None
    try:
        value = float(given)
        if kind is int and not value.is_integer():
            raise ValueError
    except ValueError:
        wanted = "a whole number" if kind is int else "a number"
        raise LabelError(f"the {name} is '{given}', but must be {wanted}.") from None
    return kind(value)
