"""SQuAD: questions about paragraphs, nested in articles or flat as Hugging Face has them; some have no answer."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from negviz.examples import Place, TextDocument, TextExample
from negviz.loaders import LOADERS
from negviz.loaders import _json as json_text
from negviz.loaders._cells import BadRowError, as_id, as_text, is_listed, listed
from negviz.loaders._members import members
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source
from negviz.loaders._table import first_of, rows_of

NESTED = re.compile(r'"data"\s*:\s*\[\s*\{')
PARAGRAPHS = re.compile(r'"paragraphs"\s*:\s*\[\s*\{\s*"(?:context|qas|[^"]{1,40})"')


def recognise(source: Source) -> str | None:
    """Look for articles with paragraphs, or for answers with their place in a context."""
    if not source.tables:
        return None
    if _is_nested(source, source.tables[0]):
        return "It is one JSON object whose data are articles with paragraphs, as SQuAD's are."
    first = first_of(source)
    if is_listed(first, "paragraphs", dict) and all("qas" in paragraph for paragraph in listed(first, "paragraphs")):
        return "Its rows are articles with paragraphs and their questions (qas), as SQuAD's are."
    if _is_flat(first):
        return "Its rows have a context, a question and answers with their answer_start, as SQuAD's have."
    return None


@LOADERS.register(
    "SQuAD",
    reference="https://rajpurkar.github.io/SQuAD-explorer/",
    trainer="question answering, and what is trained on it",
    title="SQuAD 1.1 and 2.0: JSON of articles, or flat JSONL or Parquet with context, question and answers",
    recognise=recognise,
)
def squad(source: Source) -> Reading:
    """Read questions with their paragraph as the positive; its article is the paragraph's title and its group.

    A question that its paragraph does not answer (``is_impossible``, or no answers at all) was written so that the
    paragraph looks right: the paragraph is its negative, which somebody judged (grade 0). Its plausible answers are
    not read, for they are wrong. The fact ``unanswerable`` counts such questions.

    Args:
        source: The file or folder.
    """
    reading = Reading()
    reading.examples = _examples(source, reading)
    return reading


def _is_nested(source: Source, name: str) -> bool:
    if not json_text.looks_like_json(source, name):
        return False
    head = source.head(name)
    return bool(head.lstrip().startswith("{") and NESTED.search(head) and PARAGRAPHS.search(head) and '"qas"' in head)


def _is_flat(row: dict[str, Any]) -> bool:
    if not {"context", "question", "answers"} <= row.keys() or not is_listed(row, "answers", dict):
        # Of no answers the object of empty lists is left.
        return isinstance(row.get("answers"), dict) and {"text", "answer_start"} <= row["answers"].keys()
    return all("answer_start" in answer for answer in listed(row, "answers")) and bool(row["answers"])


@dataclass
class _Asked:
    """A question with its paragraph.

    Attributes:
        row: What says ``question``, ``id``, ``answers`` and perhaps ``is_impossible``.
        context: The paragraph.
        title: Of its article.
    """

    row: dict[str, Any]
    context: Any
    title: Any

    def example(self, reading: Reading, place: Place) -> TextExample:
        """As an example.

        Raises:
            BadRowError: If something is not what it should be.
        """
        title = as_text(self.title) or ""
        paragraph = TextDocument(as_text(self.context), title, group=title or None)
        question, own = as_text(self.row.get("question")), as_id(self.row.get("id"))
        answers = reading.answers(self.row.get("answers"), place)
        if not answers or self.row.get("is_impossible") is True:
            reading.facts["unanswerable"] = reading.facts.get("unanswerable", 0) + 1
            return TextExample(question, (), (paragraph._replace(grade=0),), own, place=place)
        return TextExample(question, (paragraph,), (), own, answers, place=place)


def _examples(source: Source, reading: Reading) -> Iterator[TextExample]:
    for place, row in _rows(source, reading):
        try:
            for asked in _questions(row, place, reading):
                yield asked.example(reading, place)
        except BadRowError as error:
            reading.report("bad row", f"The row {error}; it was left out.", place)


def _rows(source: Source, reading: Reading) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Articles, or rows of a question each."""
    if source.tables and not _is_nested(source, source.tables[0]):
        yield from rows_of(source, reading)
        return
    for name in source.tables:
        for line, _, _, article in members(source, name, reading, {"data"}, {"data"}):
            if isinstance(article, dict):
                yield Place(name, line), article
            else:
                reading.report("bad row", "The article is not a JSON object; it was left out.", Place(name, line))


def _questions(row: dict[str, Any], place: Place, reading: Reading) -> Iterable[_Asked]:
    if "paragraphs" not in row:
        if not {"question", "context", "answers"} <= row.keys():
            raise BadRowError("has neither paragraphs nor a question, a context and answers")
        yield _Asked(row, row["context"], row.get("title"))
        return
    for paragraph in listed(row, "paragraphs"):
        if not isinstance(paragraph, dict) or not is_listed(paragraph, "qas", dict):
            message = "A paragraph has no questions (qas); it was left out."
            reading.report("bad row", message, place)
            continue
        for question in listed(paragraph, "qas"):
            yield _Asked(question, paragraph.get("context"), row.get("title"))
