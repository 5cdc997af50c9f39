"""Columns: which column of a table is the query, the positive and so on, by its usual names or by the person's."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from negviz.errors import DataError

ROLES = ("query", "query_id", "positive", "positive_id", "positive_title", "negative", "negative_id", "negative_title",
         "label", "candidates", "group", "answers", "prompt", "subset")  # fmt: skip

# In order of preference; letters and digits only, so that "Query-ID" and "query_id" are both "queryid".
USUAL = {
    "query": "query queries question anchor querytext sentence1 sentencea text1 q claim",
    "query_id": "queryid qid questionid anchorid",
    "positive": "positive positives pos posdoc positivetext positivepassage positivedocument relevantpassages "
    "passage document doc context chunk answer response sentence2 sentenceb text2 text content contents "
    "documents docs passages candidates",
    "positive_id": "positiveid positiveids posid posids positivedocid docid documentid passageid corpusid pid",
    "positive_title": "positivetitle postitle passagetitle documenttitle doctitle",
    "negative": "negative negatives neg negs negdoc hardnegative hardnegatives negativetext negativepassage "
    "negativedocument rejectedresponse sentence3 text3",
    "negative_id": "negativeid negativeids negid negids negativedocid hardnegativeid hardnegativeids",
    "negative_title": "negativetitle negtitle",
    "label": "label labels score scores relevance grade rel isduplicate",
    "group": "group docgroup article url",
    # A list of a first search, some of which are the positives of another column.
    "candidates": "documents docs passages candidates",
    "prompt": "prompt instruction queryprompt queryinstruction",
    "subset": "subset",
    # Last, for a column called answer is the positive where there is no other.
    "answers": "answers answer answerstrings shortanswers goldanswers answeraliases",
}
NUMBERED = {
    "positive": re.compile(r"(?:positive|pos)\d+"),
    "negative": re.compile(r"(?:hard)?(?:negative|neg)s?\d+"),
    "negative_id": re.compile(r"(?:hard)?(?:negative|neg)(?:id\d+|\d+id)"),
}
TITLED = frozenset({"passage", "document", "doc", "context", "chunk", "text", "content", "contents"})
# Roles whose columns may be the positive, where there is no other.
AFTER_POSITIVE = frozenset({"candidates", "answers"})
NOTHING = frozenset({"", "none"})


def key(name: str) -> str:
    """A column's name as it is compared: letters and digits, without case."""
    return re.sub(r"[\W_]+", "", name.casefold())


@dataclass(frozen=True)
class Columns:
    """Names of the columns of each role; several where there are numbered ones."""

    of: Mapping[str, tuple[str, ...]]

    def one(self, role: str) -> str | None:
        """Name of a role's (first) column, None if there is none."""
        return next(iter(self.of.get(role, ())), None)

    def all(self, role: str) -> tuple[str, ...]:
        """Names of a role's columns, in the file's order."""
        return self.of.get(role, ())

    @property
    def names(self) -> frozenset[str]:
        """Names of all columns that have a role."""
        return frozenset(name for names in self.of.values() for name in names)

    @property
    def used(self) -> dict[str, str]:
        """Role to columns, for people."""
        return {role: ", ".join(names) for role, names in self.of.items() if names}


def has_known(names: Sequence[str], mapping: Mapping[str, str]) -> bool:
    """Whether a line of cells is a header: one of them is a usual name of a column, or one the person gave."""
    keys = {key(name) for name in names if len(name) < 64}
    given = {name for wanted in mapping.values() for name in wanted.split(",")}
    usual = any(set(words.split()) & keys for words in USUAL.values())
    return (
        usual
        or bool(given & {name.strip() for name in names})
        or any(pattern.fullmatch(name) for pattern in NUMBERED.values() for name in keys)
    )


def assign(names: Sequence[str], mapping: Mapping[str, str], file: str) -> Columns:
    """Give each role its columns.

    Args:
        names: The file's columns.
        mapping: The person's choice, role to column (several by commas); ``none`` leaves a role empty.
        file: Name of the file, for errors.

    Raises:
        DataError: If a role is unknown or a column is not there; names the columns that are, and how to choose.
    """
    found = {role: _chosen(role, mapping[role], names, file) for role in mapping if _known_role(role)}
    chosen = {name for names_of_role in found.values() for name in names_of_role}
    free = [name for name in names if name not in chosen]
    for role in USUAL:
        if role not in found:
            taken = found["positive"] if role in AFTER_POSITIVE else ()
            left = [name for name in free if name not in taken]
            found[role] = _usual(role, left)
    if "positive_title" not in mapping and not found["positive_title"] and "positive" not in mapping:
        positive = next(iter(found["positive"]), "")
        found["positive_title"] = tuple(name for name in free if key(name) == "title" and key(positive) in TITLED)
    return Columns(found)


def require(columns: Columns, names: Sequence[str], file: str) -> None:
    """Refuse a table in which the query or the positive is not known.

    Raises:
        DataError: Names the columns that are there and shows how to choose.
    """
    missing = [role for role in ("query", "positive") if not columns.all(role)]
    if not names:
        raise DataError(f"{file} has no columns and no rows; give the file that has some.")
    if missing:
        raise DataError(
            f"{file} has the columns {listing(names)}, and none of them is known as the {' or the '.join(missing)}"
            f"{_advice(columns, missing)}."
        )


def listing(names: Sequence[str]) -> str:
    """Names for people, not more than a dozen."""
    shown = [name if len(name) <= 40 else f"{name[:39]}…" for name in names[:12]]
    return ", ".join(shown) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def _advice(columns: Columns, missing: Sequence[str]) -> str:
    """What to do about a table in which a role is missing, to complete a sentence."""
    if len(missing) == 2 and columns.all("query_id") and columns.all("positive_id"):
        return "; it looks like judgments by id, whose texts are in other files: give the folder that holds them all"
    name_them = "; name them, as in --column query=NAME --column positive=NAME"
    if missing == ["query"] and key(columns.one("positive") or "") in TITLED:
        return (
            f" (documents or queries alone need the others and judgments beside them, as a BEIR folder has){name_them}"
        )
    if missing == ["positive"]:
        return f" (queries alone need documents and judgments beside them, as a BEIR folder has){name_them}"
    return name_them


def _known_role(role: str) -> bool:
    if role in ROLES:
        return True
    raise DataError(f"There is no role called '{role}' for a column; the roles are {', '.join(ROLES)}.")


def _chosen(role: str, wanted: str, names: Sequence[str], file: str) -> tuple[str, ...]:
    if wanted in names:
        return (wanted,)
    if wanted.strip().lower() in NOTHING:
        return ()
    parts = [part.strip() for part in wanted.split(",")]
    by_key = {key(name): name for name in reversed(names)}
    chosen = []
    for part in parts:
        numbered = names[int(part) - 1] if part.isdecimal() and 0 < int(part) <= len(names) else None
        name = part if part in names else by_key.get(key(part)) or numbered
        if name is None:
            raise DataError(f"{file} has no column '{part}' for the {role}; its columns are {listing(names)}.")
        chosen.append(name)
    return tuple(chosen)


def _usual(role: str, names: Sequence[str]) -> tuple[str, ...]:
    numbered = tuple(name for name in names if role in NUMBERED and NUMBERED[role].fullmatch(key(name)))
    for word in USUAL[role].split():
        plain = [name for name in names if key(name) == word]
        if plain:
            return (plain[0], *numbered)
    return numbered
