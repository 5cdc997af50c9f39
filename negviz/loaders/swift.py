"""ms-swift: rows of chat messages with ``positive_messages`` and ``negative_messages``."""

from collections.abc import Iterator
from typing import Any

from negviz.examples import TextDocument, TextExample
from negviz.loaders import LOADERS
from negviz.loaders import _json as json_text
from negviz.loaders._cells import BadRowError, as_text
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source


def recognise(source: Source) -> str | None:
    """Look for the keys of the first row."""
    first = json_text.first_object(source, source.tables[0]) if source.tables else None
    if first is None or "messages" not in first or "positive_messages" not in first:
        return None
    return "Its rows are JSON objects with the keys messages and positive_messages, as ms-swift reads them."


@LOADERS.register(
    "ms-swift",
    reference="https://github.com/modelscope/ms-swift",
    trainer="ms-swift",
    title="JSONL with messages, positive_messages and negative_messages",
    recognise=recognise,
)
def swift(source: Source) -> Reading:
    """Read rows in which the query and each document are the last message of a conversation.

    Args:
        source: The file or folder.
    """
    reading = Reading()
    reading.examples = _examples(source, reading)
    return reading


def _examples(source: Source, reading: Reading) -> Iterator[TextExample]:
    for place, row in json_text.objects_of(source, reading):
        try:
            query = _last(row.get("messages"))
            positives, negatives = _documents(row, "positive_messages"), _documents(row, "negative_messages")
        except BadRowError as error:
            reading.report("bad row", f"The row {error}; it was left out.", place)
            continue
        yield TextExample(query, positives, negatives, place=place)


def _documents(row: dict[str, Any], key: str) -> tuple[TextDocument, ...]:
    conversations = row.get(key)
    if conversations is None and key == "negative_messages":
        return ()
    if not isinstance(conversations, list):
        raise BadRowError(f"has no list '{key}'")
    return tuple(TextDocument(_last(conversation)) for conversation in conversations)


def _last(conversation: Any) -> str | None:
    """Content of a conversation's last message; a single message may stand without its list."""
    messages = conversation if isinstance(conversation, list) else [conversation]
    if not messages or not isinstance(messages[-1], dict) or "content" not in messages[-1]:
        raise BadRowError("has a conversation without a message")
    return as_text(messages[-1]["content"])
