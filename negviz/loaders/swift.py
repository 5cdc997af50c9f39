"""ms-swift: rows of chat messages with ``positive_messages`` and ``negative_messages``."""

from collections.abc import Callable
from typing import Any, TypeAlias

from negviz.examples import Place, TextDocument, TextExample
from negviz.loaders import LOADERS
from negviz.loaders._cells import BadRowError, as_text, is_listed, listed
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source
from negviz.loaders._table import examples_of, first_of

MEDIA = ("images", "videos", "audios")
LEFT_OUT = "The row has {what}, which is no text and was left out; its texts were read."

Notice: TypeAlias = Callable[[str], None]


def recognise(source: Source) -> str | None:
    """Look for the keys of the first row."""
    first = first_of(source)
    if "messages" not in first or not is_listed(first, "positive_messages"):
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

    It does not matter in which role a document speaks (``user`` for embedding, ``assistant`` for reranking). A system
    message before the query is its prompt. Of messages with pictures or sound the text is read.

    Args:
        source: The file or folder.
    """
    reading = Reading()

    def read(row: dict[str, Any], place: Place) -> TextExample:
        def notice(what: str) -> None:
            reading.report("not text", LEFT_OUT.format(what=what), place)

        for key in MEDIA:
            if row.get(key):
                notice(key)
        asked = _messages(row.get("messages"))
        return TextExample(
            _text(asked[-1], notice),
            _documents(row, "positive_messages", notice),
            _documents(row, "negative_messages", notice),
            prompt=_prompt(asked, notice),
            place=place,
        )

    reading.examples = examples_of(source, reading, read)
    return reading


def _documents(row: dict[str, Any], key: str, notice: Notice) -> tuple[TextDocument, ...]:
    conversations = listed(row, key, optional=key == "negative_messages")
    return tuple(TextDocument(_text(_messages(conversation)[-1], notice)) for conversation in conversations)


def _messages(conversation: Any) -> list[dict[str, Any]]:
    """Messages of a conversation; a single message may stand without its list.

    Raises:
        BadRowError: If there is none.
    """
    messages = conversation if isinstance(conversation, list) else [conversation]
    if not messages or not all(isinstance(message, dict) and "content" in message for message in messages):
        raise BadRowError("has a conversation without a message")
    return messages


def _prompt(messages: list[dict[str, Any]], notice: Notice) -> str:
    system = [message for message in messages[:-1] if message.get("role") == "system"]
    return "\n".join(text for message in system if (text := _text(message, notice)))


def _text(message: dict[str, Any], notice: Notice) -> str | None:
    """Text of a message, whose content may be a list of typed parts."""
    parts = message["content"]
    if not isinstance(parts, list):
        return as_text(parts)
    texts = []
    for part in parts:
        if isinstance(part, dict) and part.get("text") is not None:
            texts.append(as_text(part["text"]) or "")
        else:
            notice(f"a part of the type '{part.get('type')}'" if isinstance(part, dict) else "a part without a type")
    return "\n".join(texts) if texts else None
