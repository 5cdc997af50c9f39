"""Claims: which pairs a person has before them at the moment, so that nobody else is asked the same meanwhile."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select

from negviz.errors import LabelError
from negviz.labels.appending import about, having
from negviz.labels.events import LabelEvent, Pair, Verdict
from negviz.labels.schema import moment
from negviz.labels.state import Labels
from negviz.labels.tables import CLAIMS

_ONE = (
    delete(CLAIMS)
    .where(CLAIMS.c.annotator == bindparam("who"))
    .where(CLAIMS.c.query_key == bindparam("query"))
    .where(CLAIMS.c.document_key == bindparam("document"))
)


def take(
    connection: Connection, annotator: str, pairs: Sequence[Pair], *, seconds: float, most: int | None, double: bool,
    again: Collection[Pair] = (),
) -> set[Pair]:  # fmt: skip
    """Claim the first of some pairs that are free; see ``LabelStore.claim``."""
    if not 0 < seconds < float("inf"):
        raise LabelError(f"A pair cannot be claimed for {seconds} seconds; give a number above 0.")
    present = moment(connection)
    connection.execute(delete(CLAIMS).where(CLAIMS.c.until <= present))
    wanted = list(dict.fromkeys(pairs))
    closed: set[Pair] = set()
    if not double:
        closed = _held(connection, annotator, wanted)
        closed |= _done(connection, annotator, [pair for pair in wanted if pair not in again])
    taken = [pair for pair in wanted if pair not in closed][:most]
    give_back(connection, [(annotator, pair) for pair in taken])
    if taken:
        connection.execute(
            insert(CLAIMS),
            [
                {"query_key": query, "document_key": document, "annotator": annotator, "until": present + seconds}
                for query, document in taken
            ],
        )
    return set(taken)


def give_back(connection: Connection, claims: Iterable[tuple[str, Pair]]) -> None:
    """End claims of (annotator, pair); those that do not exist are passed over."""
    rows = [{"who": who, "query": query, "document": document} for who, (query, document) in claims]
    if rows:
        connection.execute(_ONE, rows)


def give_all_back(connection: Connection, annotator: str) -> None:
    """End every claim of a person."""
    connection.execute(delete(CLAIMS).where(CLAIMS.c.annotator == annotator))


def _held(connection: Connection, annotator: str, pairs: Sequence[Pair]) -> set[Pair]:
    """Pairs that somebody else has before them."""
    others = select(CLAIMS).where(CLAIMS.c.annotator != annotator)
    rows = having(connection, others, CLAIMS.c.query_key, (query for query, _ in pairs))
    return {(row.query_key, row.document_key) for row in rows}


def _done(connection: Connection, annotator: str, pairs: Sequence[Pair]) -> set[Pair]:
    """Pairs on which somebody else is sure."""
    return {pair for pair, events in about(connection, pairs).items() if _sure(events, annotator)}


def _sure(events: Sequence[LabelEvent], annotator: str) -> bool:
    others = Labels.of(event for event in events if event.annotator != annotator)
    return any(event.verdict is not Verdict.UNSURE for event in others.values())
