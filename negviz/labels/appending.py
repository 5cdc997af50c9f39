"""What happens inside a transaction of the label store: reading what was said, appending what was not."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import Column, Connection, Row, Select, func, insert, select

from negviz.labels.events import LabelEvent, Pair, later, now
from negviz.labels.state import Labels
from negviz.labels.tables import EVENTS

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


def about(connection: Connection, pairs: Collection[Pair]) -> defaultdict[Pair, list[LabelEvent]]:
    """Stored events about some pairs, in the order in which they count."""
    found: defaultdict[Pair, list[LabelEvent]] = defaultdict(list)
    wanted = list(dict.fromkeys(pairs))
    ordered = select(EVENTS).order_by(EVENTS.c.time, EVENTS.c.id)
    for start in range(0, len(wanted), CHUNK):
        asked = set(wanted[start : start + CHUNK])
        near = ordered.where(EVENTS.c.query_key.in_({query for query, _ in asked}))
        for row in connection.execute(near.where(EVENTS.c.document_key.in_({document for _, document in asked}))):
            if (row.query_key, row.document_key) in asked:
                found[row.query_key, row.document_key].append(event_of(row))
    return found


def append(connection: Connection, given: list[LabelEvent]) -> list[LabelEvent]:
    """Store what is not said yet, at a time that puts it last.

    Returns:
        For each event the stored one that says it, with its number.
    """
    before = about(connection, {event.pair for event in given})
    stored = {event.event: event for events in before.values() for event in events}
    spoke = _last_times(connection, {event.annotator for event in given})
    fresh: list[LabelEvent] = []
    said: list[LabelEvent] = []
    for event in given:
        past = before[event.pair]
        stands = stored.get(event.event) or _repeated(event, past)
        if stands is None:
            # No two events of a pair share a time, so that the last one is the last in every store it is merged to.
            after_others = [later(other.time) for other in past]
            latest = max([event.time, spoke.get(event.annotator, ""), *after_others])
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
    if len(rows) == 1 and connection.dialect.insert_returning:  # a key press; a server is asked as seldom as can be
        added = connection.execute(insert(EVENTS).returning(EVENTS.c.event, EVENTS.c.id), rows[0])
        return {row.event: row.id for row in added}
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
        arrival = replace(event, event=_edited_name(event), time=later(event.time)) if edited else event
        if arrival.event not in known:
            known[arrival.event] = _said(arrival)
            fresh.append(arrival)
    return fresh


def withdrawal(event: LabelEvent, name: str) -> LabelEvent:
    """The event, of the name given, that takes another one back."""
    return replace(event, verdict=None, grade=None, note="", withdraws=event.event, time=now(), event=name)


def _last_times(connection: Connection, annotators: set[str]) -> dict[str, str]:
    """When each of some people spoke last; asked one by one, since databases look only that up in an index."""
    latest = select(func.max(EVENTS.c.time))
    found = {
        annotator: connection.execute(latest.where(EVENTS.c.annotator == annotator)).scalar()
        for annotator in sorted(annotators)
    }
    return {annotator: time for annotator, time in found.items() if time is not None}


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
