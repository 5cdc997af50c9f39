"""Short or odd texts: blank, very short, cut off, damaged, or full of markup."""

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from negviz.arrays import PAD, Ints
from negviz.charts import TAKEN
from negviz.charts.lengths import lengths
from negviz.diagnostics.word_counts import word_counts
from negviz.errors import MissingInputError
from negviz.findings import FINDINGS, TOP, Case, Finding, document_cells, query_cells
from negviz.text import is_blank

BLANK, SHORT, CUT, DAMAGED, MARKUP, LONG = (
    "blank", "very short", "cut off", "damaged characters", "markup", "very long",
)  # fmt: skip
ORDER = (BLANK, DAMAGED, CUT, MARKUP, SHORT, LONG)
FEWEST_WORDS = 3
MOST_WORDS = 5000
MOST_QUERY_WORDS = 500
# So many texts of exactly the greatest length are no chance.
SAME_END, SAME_END_SHARE, SHORTEST_END = 5, 0.01, 100
MANY = 0.05
SCANNED = 100_000
# The replacement character, UTF-8 read as Latin-1 or Windows-1252, escapes left as text, and unseen control characters.
BROKEN = re.compile(
    "\ufffd|[\u00c2\u00c3][\u0080-\u00bf]|\u00e2\u20ac|\\\\u[0-9a-fA-F]{4}|[\x00-\x08\x0b\x0c\x0e-\x1f]"
)
NAMES = "p|div|br|span|a|li|ul|ol|td|tr|table|script|style|h[1-6]|b|i|em|strong|img"
TAGS = re.compile(rf"</?(?:{NAMES})(?:\s[^<>]*)?/?>", re.IGNORECASE)
COLUMNS = ("what", "where", "id", "text", "words")


@FINDINGS.register("Short or odd texts", place=120)
def short_or_odd_texts(case: Case) -> Finding:
    """Look at the texts that are trained on: queries, positives and negatives.

    Blank; under three words; cut off (1% of the documents, and five at least, have exactly the greatest length);
    damaged (replacement characters, UTF-8 read as Latin-1, escapes, control characters); with HTML tags; above 5,000
    words, or 500 of a query. Above 5% of the texts is bad; the limits are ours.

    Args:
        case: What is audited.

    Raises:
        MissingInputError: If there is no text.
    """
    positives = case.pool.positives
    rows = np.unique(np.concatenate([positives[np.not_equal(positives, PAD)], case.pairs[:, 1]]))
    if not len(case.pool):
        raise MissingInputError("There is no query and no document to look at; load data with labelled positives.")
    texts = [case.dataset.contents[row] for row in rows]
    words = word_counts(pa.chunked_array([_arrow(texts)]))
    cut = _cut_off(texts)
    asked = [case.dataset.query_text(int(row)) for row in case.pool.queries]
    asked_words = word_counts(pa.chunked_array([_arrow(asked)]))
    found = [(kind, "document", int(row), int(count))
             for row, text, count, ends in zip(rows, texts, words, cut, strict=True)
             for kind in _kinds(text, int(count), bool(ends), MOST_WORDS, FEWEST_WORDS)]  # fmt: skip
    found += [(kind, "query", int(row), int(count))
              for row, text, count in zip(case.pool.queries, asked, asked_words, strict=True)
              for kind in _kinds(text, int(count), False, MOST_QUERY_WORDS, 1)]  # fmt: skip
    found.sort(key=lambda each: (ORDER.index(each[0]), each[1] == "document"))
    counts = Counter(kind for kind, *_ in found)
    odd, total = len({each[1:3] for each in found}), len(rows) + len(asked)
    told = ", ".join(f"{kind} {counts[kind]:,}" for kind in ORDER if counts[kind])
    return Finding(
        "good" if not odd else "bad" if odd / total > MANY else "look",
        f"{odd:,} of {total:,} texts ({odd / total:.1%}) are odd: {told}." if odd
        else f"None of the {total:,} texts is blank, very short, cut off, damaged or full of markup.",
        "Look at how the texts were extracted: a model learns the oddities, too." if odd else "",
        COLUMNS, tuple(_row(case, *each) for each in found[:TOP]), max(len(found) - TOP, 0),
        figure=lengths(words, what="documents", colour=TAKEN) if len(words) else None,
        facts={"texts": total, "odd": odd, "by_kind": {kind: counts[kind] for kind in ORDER}},
    )  # fmt: skip


def _arrow(texts: list[str]) -> pa.Array:
    """Texts for Arrow, which refuses halves of characters."""
    return pa.array([text.encode("utf-8", "replace").decode() for text in texts], pa.large_string())


def _kinds(text: str, words: int, cut: bool, most: int, fewest: int) -> Iterator[str]:
    if is_blank(text):
        yield BLANK
        return
    start = text[:SCANNED]
    checks = {SHORT: words < fewest, CUT: cut, DAMAGED: BROKEN.search(start), MARKUP: TAGS.search(start),
              LONG: words > most}  # fmt: skip
    yield from (kind for kind, here in checks.items() if here)


def _cut_off(texts: list[str]) -> "np.typing.NDArray[np.bool_]":
    """(texts,) whether a text has exactly the greatest length, which many others have, too."""
    sizes: Ints = np.array([len(text) for text in texts], dtype=np.int32)
    if not len(sizes):
        return np.zeros(0, dtype=bool)
    longest = np.equal(sizes, sizes.max())
    enough = int(longest.sum()) >= max(SAME_END, SAME_END_SHARE * len(sizes)) and int(sizes.max()) >= SHORTEST_END
    return np.asarray(longest & enough)


def _row(case: Case, kind: str, where: str, row: int, words: int) -> tuple[str | int, ...]:
    cells = query_cells(case, row) if where == "query" else document_cells(case, row)
    return (kind, where, *cells, words)
