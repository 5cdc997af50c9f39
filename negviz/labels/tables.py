"""The tables of a label database."""

import re

from sqlalchemy import Column, Dialect, Float, Index, Integer, MetaData, String, Table, Text, TypeDecorator


class ShortText(TypeDecorator[str]):
    """Text of any characters, with a length so that it can be indexed.

    PostgreSQL keeps no NUL, so on servers it is written as a pair of characters that nothing trips over.
    """

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text as the database keeps it."""
        if value is None or dialect.name == "sqlite":
            return value
        return value.replace("\x1a", "\x1a1").replace("\0", "\x1a0")

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """The text as it was given."""
        if value is None or dialect.name == "sqlite" or "\x1a" not in value:
            return value
        return re.sub("\x1a([01])", lambda found: "\x1a" if found[1] == "1" else "\0", value)


class AnyText(ShortText):
    """Text of any characters and any length."""

    impl = Text
    cache_ok = True


METADATA = MetaData()
EVENTS = Table(
    "label_events",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("event", ShortText(64), nullable=False, unique=True),
    Column("query_key", ShortText(64), nullable=False),
    Column("document_key", ShortText(64), nullable=False),
    Column("query_id", AnyText, nullable=False),
    Column("document_id", AnyText, nullable=False),
    Column("query", AnyText, nullable=False),
    Column("document", AnyText, nullable=False),
    Column("verdict", String(16)),
    Column("grade", Integer),
    Column("annotator", ShortText(255), nullable=False),
    Column("note", AnyText, nullable=False),
    Column("time", String(24), nullable=False),
    Column("queue", ShortText(255), nullable=False),
    Column("probability", Float(53)),
    Column("withdraws", ShortText(64), nullable=False),
    Index("label_events_pair", "query_key", "document_key"),
    Index("label_events_annotator", "annotator", "time"),
    Index("label_events_time", "time"),
    Index("label_events_withdraws", "withdraws"),
    sqlite_autoincrement=True,
)
CLAIMS = Table(
    "label_claims",
    METADATA,
    Column("query_key", ShortText(64), primary_key=True),
    Column("document_key", ShortText(64), primary_key=True),
    Column("annotator", ShortText(255), primary_key=True),
    Column("until", Float(53), nullable=False),
    Index("label_claims_until", "until"),
)
# One row, for servers: writers lock it in turn, so that what they read is still true when they write. SQLite has a
# lock and a number of its own.
SCHEMA = Table(
    "label_schema",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
)
