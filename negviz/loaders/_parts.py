"""Parts: which files of a folder hold documents, queries, judgments and rows that name them by id, and their splits."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from negviz.errors import DataError
from negviz.loaders import _columnar as columnar
from negviz.loaders import _json as json_text
from negviz.loaders._columns import key
from negviz.loaders._reading import Reading
from negviz.loaders._source import ENDINGS, Source, bare, ending, is_table
from negviz.loaders._table import first_record

DOCUMENTS, QUERIES, JUDGMENTS = "documents", "queries", "judgments"
ID_ROWS, TEACHER, MINED = "rows with document ids", "teacher lists", "mined ids"
SPLITS = ("train", "dev", "val", "valid", "validation", "test")

# Letters and digits only, as ``key`` compares names.
QUERY_IDS = frozenset({"queryid", "qid", "questionid"})
DOCUMENT_IDS = frozenset({"corpusid", "docid", "documentid", "pid", "docno", "passageid"})
PLAIN_IDS = frozenset({"id"})
QUERY_TEXTS = frozenset({"text", "query", "querytext", "question", "contents", "content"})
DOCUMENT_TEXTS = frozenset({"text", "document", "documenttext", "passage", "contents", "content", "body"})
# What only rows of training data have, by how it begins.
TRAINING = ("positive", "negative", "pos", "neg", "label", "anchor", "passages", "documents", "response")
CALLED = {
    QUERIES: frozenset({"queries", "query", "questions", "topics"}),
    DOCUMENTS: frozenset({"corpus", "documents", "document", "docs", "collection", "passages"}),
}
NEUTRAL = frozenset({"data", "default", "part", "shard", "file", "of"})
_SHARD = re.compile(r"[-_.]?\d{1,6}(?:-of-\d{1,6})?(?:-[0-9a-f]{8,})?$")


def words_of(name: str) -> list[str]:
    """Words of a file's name and of its folder's, in lower case."""
    folder, _, _ = name.rpartition("/")
    return [word for word in re.split(r"[^a-z0-9]+", f"{folder.lower()} {bare(name)}") if word]


def stem_of(name: str) -> str:
    """Name of a file without its number: ``test-00000-of-00002.parquet`` gives ``test``."""
    return _SHARD.sub("", bare(name))


def split_of(name: str) -> str:
    """Split that a file is named for, empty where it is named for none.

    ``qrels/test-00000-of-00002.parquet``, ``test/data-00000-of-00001.arrow`` and ``queries.test.jsonl`` give ``test``,
    ``scores/msmarco-00000-of-00001.parquet`` gives ``msmarco``.
    """
    folder, _, _ = name.rpartition("/")
    stem = stem_of(name)
    for part in (stem, folder.lower()):
        known = [word for word in re.split(r"[^a-z0-9]+", part) if word in SPLITS]
        if known:
            return known[0]
    return stem if folder and stem not in {*NEUTRAL, stem_of(folder), ""} else ""


def config_of(name: str) -> str:
    """Configuration that a file belongs to: its folder, or what its own name has beside split and number."""
    folder, _, _ = name.rpartition("/")
    inside = folder.rpartition("/")[2]
    if inside and not {*re.split(r"[^a-z0-9]+", inside.lower())} <= {*NEUTRAL, *SPLITS}:
        return inside
    left = [word for word in re.split(r"[^a-z0-9]+", stem_of(name)) if word not in {*NEUTRAL, *SPLITS, ""}]
    return "-".join(left)


def first_row(source: Source, name: str) -> dict[str, Any] | None:
    """First row of a file, None if it has none or cannot be read; looked at once."""
    if name not in source.rows:
        try:
            source.rows[name] = first_record(source, name)
        except DataError:
            # What is damaged is said when it is read, and only then: it may be of no use here.
            source.rows[name] = None
    found: dict[str, Any] | None = source.rows[name]
    return found


def rows_of(source: Source, names: Sequence[str], reading: Reading) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Rows of JSON or columnar files: the file, the line, the cells."""
    for name in names:
        columnar_file = source.is_columnar(name)
        found = columnar.rows_of(source, name) if columnar_file else json_text.objects(source, name, reading)
        for line, row in found:
            yield name, line, row


def parts(source: Source) -> Mapping[str, list[str]]:
    """Files of a folder (or the file) by what their rows hold, as far as that is known; files of one role in order."""
    found: dict[str, list[str]] = {}
    roles: dict[tuple[str, str], str | None] = {}
    for name in source.files:
        if not is_table(name) and source.is_folder:
            continue
        if source.is_folder and ENDINGS[ending(name)] == "delimited":
            continue
        # Files that differ in their number alone are parts of one table: the first speaks for all.
        same = name.rpartition("/")[0], stem_of(name) or name
        if same not in roles:
            roles[same] = role_of(first_row(source, name), words_of(name))
        role = roles[same]
        if role:
            found.setdefault(role, []).append(name)
    return found


def role_of(row: Mapping[str, Any] | None, words: Sequence[str] = ()) -> str | None:
    """What a file holds, by the keys of a row and, where those are ``_id`` and ``text``, by the words of its name."""
    if not row:
        return None
    keys = {key(name) for name in row}
    if "positivedocumentids" in keys:
        return ID_ROWS
    if keys & QUERY_IDS and "documentids" in keys:
        return TEACHER
    by_miner = {"pos", "neg"} <= keys and not keys & {"query", "question"}
    # A score that a miner gave is no grade.
    if keys & QUERY_IDS and (by_miner or ("miner" in keys and keys & DOCUMENT_IDS)):
        return MINED
    if any(name.startswith(TRAINING) for name in keys):
        return None
    return _listed(keys, words)


def _listed(keys: set[str], words: Sequence[str]) -> str | None:
    """Whether keys are those of judgments, of a list of documents or of a list of queries."""
    of_query, of_document = bool(keys & QUERY_IDS), bool(keys & DOCUMENT_IDS)
    texts = keys & (QUERY_TEXTS | DOCUMENT_TEXTS)
    if of_query and of_document:
        return None if texts else JUDGMENTS
    if not texts:
        return None
    if of_query:
        return QUERIES if texts <= QUERY_TEXTS else None
    if of_document:
        return DOCUMENTS if texts <= DOCUMENT_TEXTS else None
    called = [role for role, names in CALLED.items() if names & set(words)]
    return called[0] if keys & PLAIN_IDS and len(called) == 1 else None


def of_split(source: Source, names: Sequence[str], what: str) -> list[str]:
    """Files of the split that was asked for; else of ``train``, else of the only one.

    Args:
        source: What was asked for.
        names: Files of training rows.
        what: What they hold, for the error.

    Raises:
        DataError: If there is no such split, or none is the natural one.
    """
    splits: dict[str, list[str]] = {}
    for name in names:
        splits.setdefault(split_of(name), []).append(name)
    wanted = source.split or ("train" if "train" in splits else next(iter(splits)) if len(splits) == 1 else "")
    if wanted in splits:
        return splits[wanted]
    known = ", ".join(sorted(filter(None, splits)))
    if source.split and not known:
        return list(names)
    if source.split:
        raise DataError(f"{source.name} has no {what} for the split '{source.split}'; there are {known}.")
    raise DataError(f"{source.name} has {what} for {known}; choose one, as in --split {min(filter(None, splits))}.")


def beside(source: Source, names: Sequence[str], splits: Sequence[str], what: str) -> list[str]:
    """Files of documents or queries that go with some splits: those named for them, or all where that is not said.

    Args:
        source: What was asked for.
        names: Files of documents or of queries.
        splits: The splits that are read.
        what: ``corpus`` or ``list of queries``, for the error.

    Raises:
        DataError: If they belong to several collections.
    """
    configs = sorted({config_of(name) for name in names} - {""})
    if len(configs) > 1:
        raise DataError(
            f"{source.name} has more than one {what} ({', '.join(configs)}); give the files of one collection in a "
            "folder of their own, or name one, as in ORGANISATION/NAME:CONFIGURATION for a dataset on the Hub."
        )
    own = {split_of(name) for name in names}
    fitting = [name for name in names if split_of(name) in splits]
    return fitting if fitting and "" not in own else list(names)
