"""Answers: whether a text contains one of a query's answer strings, as open-domain question answering tests it."""

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Literal, cast

import numpy as np
import regex

from negviz.arrays import PAD, Bools
from negviz.dataset import Dataset
from negviz.errors import DataError, MissingInputError
from negviz.pool import Pool

Match = Literal["string", "regex"]
# Seconds that a pattern may take for one text; honest ones take microseconds, catastrophic ones for ever.
PATIENCE = 0.5
# Written without spaces between words: each character is a token, or an answer within a sentence would never be found.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_TOKEN = regex.compile(
    rf"[{_UNSPACED}]\p{{M}}*|[[\p{{L}}\p{{N}}\p{{M}}]--[{_UNSPACED}]]+|[^\p{{Z}}\p{{C}}]", regex.VERSION1
)
_FLAGS = regex.IGNORECASE | regex.MULTILINE
# Stands around every token; the tokeniser gives no control character, so it is in none of them.
_EDGE = "\x1f"


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def answer_tokens(text: str) -> list[str]:
    """Tokens of a text as answers are looked for: runs of letters, digits and marks, and every other sign alone.

    Canonical decomposition (NFD) and lower case. As in DPR, but for scripts without spaces, which are cut into their
    characters: DPR would take a whole Chinese sentence for one token.
    """
    return [str(token).lower() for token in _TOKEN.findall(_decomposed(text))]


def _edged(text: str) -> str:
    """The text's tokens with an edge around each: one text's tokens follow in another's exactly if it is a part."""
    return _EDGE + _EDGE.join(answer_tokens(text)) + _EDGE


def _patterns(answers: Sequence[str]) -> "list[regex.Pattern[str]]":
    """Compiled patterns.

    Raises:
        DataError: If an answer is no regular expression.
    """
    found = []
    for answer in answers:
        try:
            found.append(regex.compile(_decomposed(answer), _FLAGS))
        except regex.error as error:
            raise DataError(
                f"The answer '{answer[:80]}' is no regular expression ({error}); mend it in the data, or take "
                "match=string."
            ) from None
    return found


def _searched(pattern: "regex.Pattern[str]", text: str) -> bool:
    try:
        return pattern.search(text, timeout=PATIENCE) is not None
    except TimeoutError:
        raise DataError(
            f"The answer '{pattern.pattern[:80]}' as a regular expression takes more than {PATIENCE:g} s for one text; "
            "write it without nested repetitions, or take match=string."
        ) from None


def has_answer(text: str, answers: Sequence[str], match: Match = "string") -> bool:
    """Whether a text contains one of the answers.

    Args:
        text: The document.
        answers: Answer strings, or regular expressions.
        match: ``string`` looks for the answer's tokens one after the other, without case; ``regex`` takes each answer
            as a pattern, without case, as CuratedTREC's are.

    Raises:
        DataError: If a pattern is not valid, or takes too long.

    References:
        METHODS A2; Chen et al. 2017 (DrQA); Karpukhin et al. 2020 (DPR).
    """
    if match == "regex":
        decomposed = _decomposed(text)
        return any(_searched(pattern, decomposed) for pattern in _patterns(answers))
    edged = _edged(text)
    return any(wanted in edged for wanted in map(_edged, answers) if len(wanted) > 2)


class _Texts:
    """Documents in the form in which answers are looked for, made once each."""

    def __init__(self, dataset: Dataset, match: Match, titles: bool) -> None:
        self._texts = dataset.contents if titles else dataset.documents["text"].to_pylist()
        self._match = match
        self._made: dict[int, str] = {}

    def __getitem__(self, row: int) -> str:
        if row not in self._made:
            text = str(self._texts[row] or "")
            self._made[row] = _decomposed(text) if self._match == "regex" else _edged(text)
        return self._made[row]


def answered(pool: Pool) -> Bools:
    """(queries,), whether a query has answer strings."""
    return np.array([bool(pool.dataset.answers[row]) for row in pool.queries], dtype=bool)


def contains_answer(pool: Pool, user: str, match: Match = "string", titles: bool = False) -> Bools:
    """Whether each candidate contains an answer of its query.

    Args:
        pool: Candidates.
        user: Who asks, for the error.
        match: As for ``has_answer``.
        titles: Whether the title counts too.

    Returns:
        (queries, depth); False at padding and where the query has no answers. Kept beside the pool.

    Raises:
        MissingInputError: If no query of the data has answers.
        DataError: If a pattern is not valid, or takes too long.
    """
    # Asked of all data: whether a recipe runs must not depend on which of the queries are looked at together.
    if not any(pool.dataset.answers):
        raise MissingInputError(
            f"'{user}' looks for answers in the candidates, but no query of '{pool.dataset.name}' has any; load data "
            'that has them (DPR files, queries.jsonl with "answers", a column called answers or named with --column '
            "answers=NAME), then build the pool again."
        )
    cache = cast(dict[tuple[Match, bool], Bools], pool.__dict__.setdefault("_answers", {}))
    if (match, titles) not in cache:
        found = np.zeros(pool.documents.shape, dtype=bool)
        texts = _texts_of(pool.dataset, match, titles)
        for place, answers in _answers_of(pool):
            here = np.flatnonzero(np.not_equal(pool.documents[place], PAD))
            found[place, here] = _which(texts, pool.documents[place, here].tolist(), answers, match)
        found.flags.writeable = False
        cache[match, titles] = found
    return cache[match, titles]


def _texts_of(dataset: Dataset, match: Match, titles: bool) -> _Texts:
    """The documents' forms, kept beside the dataset: pools of one dataset share them."""
    kept = cast(dict[tuple[Match, bool], _Texts], dataset.__dict__.setdefault("_answer_texts", {}))
    return kept.setdefault((match, titles), _Texts(dataset, match, titles))


def _answers_of(pool: Pool) -> Iterator[tuple[int, list[str]]]:
    """Places of the queries that have answers, with them."""
    for place, row in enumerate(pool.queries):
        if pool.dataset.answers[row]:
            yield place, pool.dataset.answers[row]


def _which(texts: _Texts, documents: list[int], answers: Sequence[str], match: Match) -> list[bool]:
    if match == "regex":
        patterns = _patterns(answers)
        return [any(_searched(pattern, texts[row]) for pattern in patterns) for row in documents]
    wanted = [edged for edged in map(_edged, answers) if len(edged) > 2]
    return [any(edged in texts[row] for edged in wanted) for row in documents]
