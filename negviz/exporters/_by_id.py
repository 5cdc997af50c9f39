"""What the formats that name documents by id share: numbers for ids, lists of texts, judgments and pieces of JSON."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from negviz.errors import ExportError
from negviz.examples import Examples, TextDocument, TextExample
from negviz.exporters._files import json_bytes, one_line, refuse_odd_ids, write_data
from negviz.exporters._rows import Row, ids

DOCUMENT_IDS = "document_ids.parquet"
QUERY_IDS = "query_ids.parquet"
QRELS = "qrels/train.tsv"
QRELS_HEADER = ["query-id", "corpus-id", "score"]
NUMBERED = pa.schema([("number", pa.int64()), ("id", pa.string())])
DOCUMENT_IDS_ARE = "the id of each document by its number"
QUERY_IDS_ARE = "the id of each query by its number"
IDS_ARE = (
    "row by row where the data comes from: ids, grades, scores and ranks (0 is best), what labels added (`promoted`) "
    "and confirmed, and what only fills its query (`backfilled`)"
)
JUDGED_IDS_ARE = f"{IDS_ARE}; the negatives of a query stand with its first positive"
# Each makes another hash of every id; that all of them bring two ids together by chance does not happen.
SALTS = 4


def id_of(each: TextDocument | TextExample) -> str:
    """Id of a document, or of an example's query.

    Raises:
        ExportError: If it has none.
    """
    found = each.id if isinstance(each, TextDocument) else each.query_id
    if found is None:
        raise ExportError("A document or a query has no id, but this format names them by id; give each one.")
    return found


def document_ids(examples: Examples) -> Iterator[str]:
    """Ids of the corpus, in its order."""
    return map(id_of, examples.corpus())


def query_ids(examples: Examples) -> Iterator[str]:
    """Ids of the queries, in the order of the examples."""
    return map(id_of, examples.texts())


class Numbers:
    """Numbers of ids, from 0 by their order; sixteen bytes of memory for each."""

    def __init__(self, names: Callable[[], Iterable[str]], what: str = "document") -> None:
        """Go through the ids; again, should two share a hash.

        Args:
            names: Gives the ids, always in the same order.
            what: What they name.

        Raises:
            ExportError: If an id stands there twice.
        """
        self._what = what
        for salt in range(SALTS):
            self._salt = salt
            keys = np.fromiter((hash((salt, name)) for name in names()), dtype=np.int64)
            order = np.argsort(keys, kind="stable")
            keys = keys[order]
            # Looked at one by one, which a memory view is several times quicker for than an array.
            self._order, self._keys = order.data, keys.data
            if not np.equal(keys[1:], keys[:-1]).any():
                return
        raise ExportError(f"A {what} id stands for two {what}s, so neither can be named by it; give each its own.")

    def __getitem__(self, name: str) -> int:
        """Number of an id.

        Raises:
            ExportError: If it is not there.
        """
        key = hash((self._salt, name))
        place = bisect_left(self._keys, key)
        if place == len(self._keys) or self._keys[place] != key:
            raise ExportError(f"The {self._what} '{name}' is named, but is not in the list of {self._what}s.")
        return int(self._order[place])


def write_numbers(names: Iterable[str], path: Path) -> int:
    """Write which number stands for which id, so that the person's ids come back."""
    return write_data(path, ({"number": number, "id": name} for number, name in enumerate(names)), NUMBERED)


class Flattening:
    """Texts on one line, for cells that no quotation marks protect; counts those that it had to change."""

    def __init__(self) -> None:
        """Begin to count."""
        self.count = 0

    def __call__(self, text: str) -> str:
        """A text without tabs and line ends."""
        flat = one_line(text)
        self.count += flat != text
        return flat


def refuse_spaces(name: str, kind: str) -> str:
    """Pass an id on.

    Raises:
        ExportError: If it is empty or holds white space.
    """
    if not name or name.split() != [name]:
        raise ExportError(
            f"The {kind} id {name!r} is empty or holds white space, which ends a field of a TREC file; change the id "
            "in the data, or choose another format."
        )
    return name


def judged(examples: Examples, line: Callable[[TextExample, TextDocument], dict[str, Any]]) -> Iterator[Row]:
    """A row for each positive; in the ids, the negatives of a query stand with its first one.

    Args:
        examples: What to write.
        line: Makes the data of a row from an example and a positive.
    """
    for example in examples.texts():
        for place, positive in enumerate(example.positives):
            yield Row(line(example, positive), ids(example, [positive], () if place else example.negatives))


def grade_of(positive: TextDocument) -> int:
    """Grade of a positive, 1 where nobody gave one; a whole number, because readers call ``int`` on it."""
    return int(positive.grade or 1)


def beir_corpus(examples: Examples) -> Iterator[dict[str, Any]]:
    """Lines of a BEIR ``corpus.jsonl``."""
    for each in examples.corpus():
        yield {"_id": id_of(each), "title": each.title, "text": each.text or ""}


def beir_queries(examples: Examples) -> Iterator[dict[str, Any]]:
    """Lines of a BEIR ``queries.jsonl``."""
    for example in examples.texts():
        answers = {"metadata": {"answers": list(example.answers)}} if example.answers else {}
        yield {"_id": id_of(example), "text": example.query, **answers}


def write_qrels(examples: Examples, folder: Path) -> int:
    """Write the positives as a BEIR ``qrels/train.tsv`` and return how many.

    The first line is the header, because readers skip it. Only an id that begins with a quotation mark is quoted: to
    readers that know no quotation marks, more would change ids.
    """
    lines = (
        [*map(_quoted, refuse_odd_ids([id_of(example), id_of(positive)])), grade_of(positive)]
        for example in examples.texts()
        for positive in example.positives
    )
    return write_data(folder / QRELS, chain([QRELS_HEADER], lines)) - 1


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if name.startswith('"') else name


def miner_of(negative: TextDocument, examples: Examples) -> str:
    """What mined a negative; what chose them all where that is unknown."""
    return negative.miner or examples.miner


def json_members(members: Iterable[tuple[str, Any]]) -> Iterator[bytes]:
    """A JSON object, a member a line, piece by piece: it may be larger than the memory."""
    yield b"{"
    for place, (key, value) in enumerate(members):
        yield (b",\n" if place else b"\n") + json_bytes(key) + b":" + json_bytes(value)
    yield b"\n}"


def json_array(values: Iterable[Any]) -> Iterator[bytes]:
    """A JSON array, a value a line, piece by piece."""
    yield b"["
    for place, value in enumerate(values):
        yield (b",\n" if place else b"\n") + json_bytes(value)
    yield b"\n]"


def write_object(path: Path, **members: Iterable[bytes]) -> None:
    """Write a JSON object whose members are made piece by piece."""
    with path.open("wb") as file:
        for place, (name, pieces) in enumerate(members.items()):
            file.write((b"," if place else b"{") + json_bytes(name) + b":")
            file.writelines(pieces)
        file.write(b"}\n")
