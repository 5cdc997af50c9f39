"""Tables of pairs, triplets, n-tuples, labelled pairs and labelled lists: the sentence-transformers family."""

from collections.abc import Iterable, Iterator, Sequence
from math import isnan
from typing import Any

from negviz.errors import DataError
from negviz.examples import Place, TextDocument, TextExample
from negviz.loaders import LOADERS
from negviz.loaders import _scores as scores
from negviz.loaders._cells import BadRowError, as_id, as_number, as_text, passage_of, with_scores, written_list
from negviz.loaders._columns import Columns, assign, require
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source
from negviz.loaders._table import Table, open_table, shape

NO_HEADER = "The first line is no header; the columns were taken as {roles}."
TRUTH = {"true": 1, "yes": 1, "false": 0, "no": 0}


def recognise(source: Source) -> str | None:
    """Say what kind of table it is."""
    found = shape(source, source.tables[0]) if source.tables else None
    return f"It is {found}." if found else None


@LOADERS.register(
    "Table of pairs, triplets or n-tuples",
    reference="https://sbert.net/docs/sentence_transformer/dataset_overview.html",
    trainer="sentence-transformers",
    title="JSONL, JSON, CSV, TSV or Parquet of pairs, triplets, n-tuples, labelled pairs or lists",
    recognise=recognise,
    last=True,
)
def tabular(source: Source) -> Reading:
    """Read a table with a query and a positive in each row, and negatives or a label if it has them.

    Columns are known by their usual names in any case (query, question, anchor, positive, answer, passage, negative,
    negative_1, label, answers and so on) or are named by the person. A table without a header is read where its columns
    can be told apart by content: pairs, triplets, and rows that end in a 0 or 1.

    Args:
        source: The file or folder.

    Raises:
        DataError: If the query or the positive is not known, or the label of a single document is a score.
    """
    reading = Reading()
    reading.examples = (example for name in source.tables for example in _read(source, name, reading))
    return reading


def _read(source: Source, name: str, reading: Reading) -> Iterator[TextExample]:
    table = open_table(source, name, reading)
    mapping = dict(source.columns) or ({} if table.header else _by_content(table))
    columns = assign(table.columns, mapping, name)
    require(columns, table.columns, name)
    if not table.header:
        roles = ", ".join(f"{role} = column {names}" for role, names in columns.used.items())
        reading.report("no header", NO_HEADER.format(roles=roles), Place(name, 1))
    reader, known = _RowReader(columns, reading, name), set(table.columns)
    for line, cells in table.records:
        if not cells.keys() <= known:
            # Rows of JSON may have keys that no row before them had, such as one more negative.
            known |= cells.keys()
            table.columns.extend(key for key in cells if key not in table.columns)
            reader = _RowReader(assign(table.columns, mapping, name), reading, name, reader.meanings)
        place = Place(name, line)
        try:
            yield reader.read(cells, place)
        except BadRowError as error:
            reading.report("bad row", f"The row {error}; it was left out.", place)
    reading.facts |= {
        "columns": reader.columns.used,
        "columns_not_read": [one for one in table.columns if one not in reader.columns.names],
    }
    if reader.meanings:
        reading.facts["scores"] = "; ".join(reader.meanings)


class _RowReader:
    """Turns the cells of one row after the other into examples.

    Attributes:
        meanings: What the scores of the rows were read as, in order of first appearance.
    """

    def __init__(self, columns: Columns, reading: Reading, file: str, meanings: dict[str, None] | None = None) -> None:
        self.columns = columns
        self.reading = reading
        self.file = file
        self.query, self.query_id = columns.one("query") or "", columns.one("query_id")
        self.parts = {
            role: (columns.all(role), columns.all(f"{role}_id"), columns.one(f"{role}_title"))
            for role in ("positive", "negative")
        }
        self.group = columns.one("group")
        self.answers = columns.all("answers")
        self.label = columns.one("label")
        self.has_negatives = bool(columns.all("negative"))
        self.candidates = columns.one("candidates")
        self.prompt, self.subset = columns.one("prompt"), columns.one("subset")
        self.meanings = {} if meanings is None else meanings

    def read(self, cells: dict[str, Any], place: Place) -> TextExample:
        """Read a row.

        Raises:
            BadRowError: If a cell is not what its column should hold.
        """
        query = as_text(cells.get(self.query))
        query_id = as_id(cells.get(self.query_id)) if self.query_id else None
        positives = self._documents(cells, "positive")
        if self.group and (name := as_id(cells.get(self.group))):
            positives = [document._replace(group=document.group or name) for document in positives]
        answers = tuple(
            answer for name in self.answers for answer in self.reading.answers(cells.get(name), place)
        )  # fmt: skip
        negatives = self._documents(cells, "negative") if self.has_negatives else []
        if self.label and self.has_negatives:
            positives, negatives = self._scored(positives, negatives, cells.get(self.label), place)
        elif self.label:
            positives, negatives = self._labelled(positives, cells.get(self.label))
        if self.candidates:
            negatives = [*negatives, *_others(cells.get(self.candidates), positives)]
        prompt, subset = (
            as_text(cells.get(name)) or "" if name else "" for name in (self.prompt, self.subset)
        )  # fmt: skip
        return TextExample(
            query, tuple(positives), tuple(negatives), query_id, answers, prompt, subset, place=place
        )  # fmt: skip

    def _documents(self, cells: dict[str, Any], role: str) -> list[TextDocument]:
        names, ids, title_column = self.parts[role]
        title = as_text(cells.get(title_column)) if title_column else None
        found: list[TextDocument] = []
        for number, name in enumerate(names):
            value = _listed(cells.get(name))
            own = cells.get(ids[number]) if number < len(ids) else None
            if isinstance(value, list):
                found += _many(value, own)
            elif value is not None or len(names) == 1:
                found.append(_titled(passage_of(value, as_id(own)), title))
        return found

    def _labelled(self, documents: Sequence[TextDocument], label: Any) -> tuple[list[TextDocument], list[TextDocument]]:
        """Documents by their labels; each keeps its label as its grade, or as its score where it is one."""
        found = scores.cells(label)
        labels = found if isinstance(found, list) else [found]
        if len(labels) != len(documents):
            raise BadRowError(f"has {len(documents)} documents and {len(labels)} labels")
        if isinstance(found, list) and scores.are_scores(self.label or "", labels):
            self.meanings[scores.FIRST] = None
            scored = with_scores(documents, map(as_number, labels))
            return list(scored[:1]), list(scored[1:])
        graded = [
            document._replace(grade=self._grade(value)) for document, value in zip(documents, labels, strict=True)
        ]
        return ([each for each in graded if (each.grade or 0) > 0], [each for each in graded if (each.grade or 0) <= 0])

    def _scored(
        self, positives: list[TextDocument], negatives: list[TextDocument], label: Any, place: Place
    ) -> tuple[list[TextDocument], list[TextDocument]]:
        """Documents of a row that says which are negatives, with their scores."""
        try:
            found = scores.of_tuple(label, len(positives), len(negatives))
        except BadRowError as error:
            self.reading.report("unreadable score", f"The row {error}; its scores were left out.", place)
            return positives, negatives
        if found.meaning:
            self.meanings[found.meaning] = None
        if not found.values:
            return positives, negatives
        scored = with_scores([*positives, *negatives], found.values)
        return list(scored[: len(positives)]), list(scored[len(positives) :])

    def _grade(self, value: Any) -> int:
        try:
            number = float(TRUTH.get(str(value).strip().lower(), value))
        except (TypeError, ValueError):
            raise BadRowError(f"has the label '{value}', which is not a number") from None
        if isnan(number):
            raise BadRowError("has no label")
        if not number.is_integer():
            raise DataError(
                f"{self.file} has {number:g} in its column '{self.label}', a score and not a label, so it does not say "
                "what is a positive; turn it into labels (1 for a positive, 0 for a negative), or take every document "
                "as a positive with --column label=none."
            )
        return int(number)


def _others(candidates: Any, positives: Sequence[TextDocument]) -> list[TextDocument]:
    """Documents of a reranker's list that are none of the positives, each with its place in the list."""
    value = _listed(candidates)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadRowError("has no list of documents")
    known = {each.content for each in positives}
    return [each._replace(rank=rank) for rank, each in enumerate(_many(value, None)) if each.content not in known]


def _titled(passage: TextDocument, title: str | None) -> TextDocument:
    """A document with the title of its own column; a dash is how RocketQA writes that there is none."""
    return passage if not title or title == "-" or passage.title else passage._replace(title=title)


def _listed(value: Any) -> Any:
    """A cell of delimited text that writes out a list of texts, as that list."""
    return written_list(value) if isinstance(value, str) and value[:1] == "[" else value


def _many(values: Iterable[Any], ids: Any) -> list[TextDocument]:
    """Documents of a list-valued cell, with their ids where there is one for each."""
    parts = list(values)
    own = ids if isinstance(ids, list) and len(ids) == len(parts) else [None] * len(parts)
    return [passage_of(value, as_id(name)) for value, name in zip(parts, own, strict=True)]


def _by_content(table: Table) -> dict[str, str]:
    """Roles of the columns of a table without a header, by what its rows hold; columns are named by number.

    Raises:
        DataError: If they cannot be told apart.
    """
    rows = [row for row in table.sample if len(row) == len(table.columns)]
    width = len(table.columns)
    numeric = [all(str(row[place]).strip().lstrip("-").isdecimal() for row in rows) for place in range(width)]
    word = [all(not any(char.isspace() for char in str(row[place]).strip()) for row in rows) for place in range(width)]
    labelled = bool(rows) and numeric[-1] and all(str(row[-1]).strip() in {"0", "1"} for row in rows)
    _refuse_ids(table.file, width, numeric, word)
    layouts = {
        (2, False): {"query": "1", "positive": "2"},
        (3, False): {"query": "1", "positive": "2", "negative": "3"},
        (3, True): {"query": "1", "positive": "2", "label": "3"},
        (6, True): {"query": "1", "positive_title": "2", "positive": "3", "negative_title": "4", "negative": "5"},
        # Four columns that end in a label: a number, two texts (ATEC) or query, title, text (RocketQA).
        (4, True): {"query": "2", "positive": "3", "label": "4"}
        if numeric[0]
        else {"query": "1", "positive_title": "2", "positive": "3", "label": "4"},
    }
    if (width, labelled) not in layouts:
        raise DataError(
            f"{table.file} has {width} columns and no header that is known; say which is which by name or number, "
            "as in --column query=1 --column positive=2."
        )
    return layouts[width, labelled]


def _refuse_ids(file: str, width: int, numeric: list[bool], word: list[bool]) -> None:
    """Refuse judgments by id and lists of (id, text), which are no pairs."""
    if (width in {3, 4} and numeric[-1] and word[0] and word[-2]) and (numeric[0] or numeric[-2] or width == 4):
        raise DataError(
            f"{file} looks like relevance judgments by id (no header, {width} columns), whose texts are in other "
            "files; give the folder that holds them all, such as a BEIR folder."
        )
    if width in {2, 3} and numeric[0] and word[0] and (width == 2 or all(numeric)):
        raise DataError(
            f"{file} looks like texts or ids that are numbered, not pairs of texts; give the folder that also holds "
            "the judgments, or name the columns as in --column query=1 --column positive=2."
        )
