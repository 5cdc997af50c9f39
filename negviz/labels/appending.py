"""What happens inside a transaction of the label store: reading what was said, appending what was not."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import Column, Connection, Row, Select, func, insert, select

from negviz.labels.events import LabelEvent, Pair, new_event, now
from negviz.labels.schema import EVENTS
from negviz.labels.state import Labels

CHUNK = 500  # databases limit the number of values of a statement
FIELDS = tuple(field.name for field in fields(LabelEvent))


def event_of(row: Row[Any]) -> LabelEvent:
    """The event that a row holds."""
    return LabelEvent(**{name: getattr(row, name) for name in FIELDS})


def having(
    connection: Connection, query: Select[Any], column: Column[Any], values: Iterable[str]
) -> Iterator[Row[Any]]:
    """Rows of a query whose column has one of the values, however many values there are."""
    wanted = list(dict.fromkeys(values))
    for start in range(0, len(wanted), CHUNK):
        yield from connection.execute(query.where(column.in_(wanted[start : start + CHUNK])))


def after(connection: Connection, last: int) -> list[LabelEvent]:
    """Events with a number above ``last``, in the order of their numbers."""
    return [event_of(row) for row in connection.execute(select(EVENTS).where(EVENTS.c.id > last).order_by(EVENTS.c.id))]


def append(connection: Connection, given: list[LabelEvent]) -> list[LabelEvent]:
    """Store what is not said yet, at a time that puts it last.

    Returns:
        For each event the stored one that says it, with its number.
    """
    before = _by_pair(connection, given)
    names = [event.event for event in given]
    stored = {row.event: event_of(row) for row in having(connection, select(EVENTS), EVENTS.c.event, names)}
    spoke = _last_times(connection, {event.annotator for event in given})
    fresh: list[LabelEvent] = []
    said: list[LabelEvent] = []
    for event in given:
        past = before[event.pair]
        stands = stored.get(event.event) or _repeated(event, past)
        if stands is None:
            latest = max([event.time, spoke.get(event.annotator, ""), *(other.time for other in past)])
            stands = stored[event.event] = replace(event, time=latest, id=None)
            spoke[event.annotator] = latest
            past.append(stands)
            fresh.append(stands)
        said.append(stands)
    numbers = insert_events(connection, fresh)
    return [replace(event, id=numbers.get(event.event, event.id)) for event in said]


def insert_events(connection: Connection, events: list[LabelEvent]) -> dict[str, int]:
    """Insert events in their order.

    Returns:
        The number that each event got, by its name.
    """
    rows = [{name: getattr(event, name) for name in FIELDS if name != "id"} for event in events]
    for row in rows:
        row["verdict"] = None if row["verdict"] is None else str(row["verdict"])
    for start in range(0, len(rows), CHUNK):
        connection.execute(insert(EVENTS), rows[start : start + CHUNK])
    numbers = select(EVENTS.c.event, EVENTS.c.id)
    return {row.event: row.id for row in having(connection, numbers, EVENTS.c.event, (event.event for event in events))}


def unknown(connection: Connection, given: list[LabelEvent]) -> list[LabelEvent]:
    """Events that the store lacks; an edited copy of a stored event is a further event, under a name of its own."""
    names = [name for event in given for name in (event.event, _edited_name(event))]
    query = select(EVENTS.c.event, EVENTS.c.verdict, EVENTS.c.grade, EVENTS.c.note)
    known = {row.event: (row.verdict, row.grade, row.note) for row in having(connection, query, EVENTS.c.event, names)}
    fresh: list[LabelEvent] = []
    for event in given:
        edited = known.get(event.event, _said(event)) != _said(event)
        arrival = replace(event, event=_edited_name(event)) if edited else event
        if arrival.event not in known:
            known[arrival.event] = _said(arrival)
            fresh.append(arrival)
    return fresh


def withdrawal(event: LabelEvent) -> LabelEvent:
    """The event that takes another one back."""
    return replace(event, verdict=None, grade=None, note="", withdraws=event.event, time=now(), event=new_event())


def _by_pair(connection: Connection, given: list[LabelEvent]) -> defaultdict[Pair, list[LabelEvent]]:
    """Stored events about the pairs of some events, in the order in which they count."""
    found: defaultdict[Pair, list[LabelEvent]] = defaultdict(list)
    pairs = {event.pair for event in given}
    ordered = select(EVENTS).order_by(EVENTS.c.time, EVENTS.c.id)
    if len(pairs) == 1:
        ordered = ordered.where(EVENTS.c.document_key == given[0].document_key)
    for row in having(connection, ordered, EVENTS.c.query_key, (query for query, _ in pairs)):
        if (row.query_key, row.document_key) in pairs:
            found[row.query_key, row.document_key].append(event_of(row))
    return found


def _last_times(connection: Connection, annotators: set[str]) -> dict[str, str]:
    latest = select(EVENTS.c.annotator, func.max(EVENTS.c.time).label("latest")).group_by(EVENTS.c.annotator)
    return {row.annotator: row.latest for row in having(connection, latest, EVENTS.c.annotator, sorted(annotators))}


def _repeated(event: LabelEvent, past: list[LabelEvent]) -> LabelEvent | None:
    """The annotator's current verdict of the pair, if the event says nothing else."""
    stands = Labels.of(past, event.annotator).get(event.pair)
    if stands is None or event.withdraws:
        return None
    same = all(getattr(event, name) == getattr(stands, name) for name in ("verdict", "grade", "note", "queue"))
    return stands if same else None


def _said(event: LabelEvent) -> tuple[str | None, int | None, str]:
    return event.verdict, event.grade, event.note


def _edited_name(event: LabelEvent) -> str:
    """Name made from what an event says, so that one edit is one event however often it comes."""
    parts = (event.event, *(str(part) for part in _said(event)))
    return uuid.uuid5(uuid.NAMESPACE_OID, repr(parts)).hex
