"""What the ms-swift formats share: conversations of one message, in the role that the trainer expects."""

from collections.abc import Sequence
from typing import Any, Literal

from negviz.examples import TextDocument, TextExample

Message = dict[str, str]
Role = Literal["user", "assistant"]


def asked(example: TextExample) -> list[Message]:
    """The query as a conversation; a prompt goes before it as its system message, which is how templates take one."""
    prompt = [{"role": "system", "content": example.prompt}] if example.prompt else []
    return [*prompt, {"role": "user", "content": str(example.query)}]


def told(document: TextDocument, role: Role) -> list[Message]:
    """A document as a conversation."""
    return [{"role": role, "content": document.content}]


def row(
    example: TextExample, positives: Sequence[TextDocument], negatives: Sequence[TextDocument], role: Role
) -> dict[str, Any]:
    """A row; the key of the negatives is left out where there are none."""
    found = {"messages": asked(example), "positive_messages": [told(each, role) for each in positives]}
    return found | ({"negative_messages": [told(each, role) for each in negatives]} if negatives else {})
