"""Long texts on the Label page: where query and answers occur in them, and the part around the best of that."""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TypeAlias

import regex

from negviz.answers import answer_tokens
from negviz.lexical import spans

Spans: TypeAlias = Sequence[tuple[int, int]]
# Characters that a long text is folded to, and how many times as long it must be for that.
PART = 560
WORTH = 1.6
LOOKED_AT = 200
# How far a cut is moved to stand between two sentences.
REACH = 160
_ENDS = regex.compile(r"[.!?…؟।]+[\"')\]”’»]*\s+|[。！？]+[\"」』”’]*|\n+")
_GRAPHEME = regex.compile(r"\X")
FEWEST_SIGNS = 2


def folded(text: str, length: int = PART) -> bool:
    """Whether a text is so long that only a part of about some length is shown at first."""
    return len(text) > WORTH * fitting(text, length)


def fitting(text: str, length: int) -> int:
    """How many characters take up as much room as so many Latin letters; those of East Asia are twice as wide."""
    seen = text[:LOOKED_AT]
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in seen)
    return length // 2 if 2 * wide > len(seen) else length


def best_part(text: str, found: Spans, length: int = PART) -> tuple[int, int]:
    """The part of a text with the most different words of some, from one end of a sentence to another.

    Args:
        text: The text.
        found: (start, end) of the words that were looked for, in order.
        length: About how many characters are wanted.

    Returns:
        (start, end) in the text; its beginning where no word was found.
    """
    length = fitting(text, length)
    first, last = _densest(text, found, length)
    slack = max(length - (last - first), 0)
    start = _cut_before(text, max(first - slack // 3, 0), first)
    stop = _cut_after(text, min(max(start + length, last), len(text)), last)
    return start, stop


def _densest(text: str, found: Spans, length: int) -> tuple[int, int]:
    """From the first to the last word of the best run that fits into a length."""
    best, worth = (0, 0), (0, 0)
    words: Counter[str] = Counter()
    begin = 0
    for end, (_, stop) in enumerate(found):
        words[_word(text, found[end])] += 1
        while stop - found[begin][0] > length and begin < end:
            gone = _word(text, found[begin])
            words[gone] -= 1
            if not words[gone]:
                del words[gone]
            begin += 1
        # Words that differ say more about a part than one word that comes again and again.
        now = len(words), end - begin
        if now > worth:
            best, worth = (found[begin][0], stop), now
    return best


def _word(text: str, span: tuple[int, int]) -> str:
    return text[span[0] : span[1]].casefold()


def _cut_before(text: str, wanted: int, latest: int) -> int:
    """Where a part begins: at a sentence near the place, else at a word, never within a character."""
    earliest = max(wanted - REACH, 0)
    if earliest == 0:
        return 0
    ends = [int(match.end()) for match in _ENDS.finditer(text, earliest, latest)]
    if ends:
        return min(ends, key=lambda place: (abs(place - wanted), place))
    space = text.find(" ", wanted, latest)
    return space + 1 if space >= 0 else _whole(text, wanted)


def _cut_after(text: str, wanted: int, earliest: int) -> int:
    """Where a part ends: likewise."""
    latest = min(wanted + REACH, len(text))
    if latest == len(text):
        return latest
    ends = [int(match.end()) for match in _ENDS.finditer(text, earliest, latest)]
    if ends:
        return min(ends, key=lambda place: (abs(place - wanted), place))
    space = text.rfind(" ", earliest, wanted)
    return space if space > earliest else _whole(text, wanted)


def _whole(text: str, place: int) -> int:
    """The beginning of the character that a place lies in: marks and joined emoji are not torn off."""
    start = max(place - 40, 0)
    for match in _GRAPHEME.finditer(text, start):
        if match.end() > place:
            return int(match.start())
    return place


def term_spans(query: str, text: str) -> Spans:
    """Where words of the query occur in a text."""
    return spans(query, text)


def answer_spans(answers: Sequence[str], text: str) -> Spans:
    """Where a query's answer strings occur in a text, without case and whatever the spacing.

    Args:
        answers: Texts that answer the query.
        text: The document.

    Returns:
        (start, end) characters of ``text``, in order, apart from each other.
    """
    pattern = _pattern(tuple(answers))
    if pattern is None:
        return []
    plain, places = _decomposed(text)
    found: list[tuple[int, int]] = []
    for match in pattern.finditer(plain):
        start, stop = places[match.start()][0], places[match.end() - 1][1]
        if not found or start >= found[-1][1]:
            found.append((start, stop))
    return found


@lru_cache(maxsize=64)
def _pattern(answers: tuple[str, ...]) -> "regex.Pattern[str] | None":
    """Any of the answers, longest first, as whole words; a single letter would be found everywhere."""
    tokens = [answer_tokens(answer) for answer in answers]
    long_enough = [each for each in tokens if len("".join(each)) >= FEWEST_SIGNS]
    wanted = sorted(long_enough, key=lambda each: -len("".join(each)))
    if not wanted:
        return None
    gap = r"[\p{Z}\p{C}]*"
    either = "|".join(gap.join(map(regex.escape, each)) for each in wanted)
    spaced = r"[[\p{L}\p{N}\p{M}]--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]]"
    edges = rf"(?<!{spaced}(?={spaced}))(?:{either})(?!(?<={spaced}){spaced})"
    return regex.compile(edges, regex.VERSION1 | regex.IGNORECASE)


def _decomposed(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text in canonical decomposition, and for each of its characters the place it came from."""
    if text.isascii():
        return text, [(place, place + 1) for place in range(len(text))]
    pieces: list[str] = []
    places: list[tuple[int, int]] = []
    for start, stop in _characters(text):
        piece = unicodedata.normalize("NFD", text[start:stop])
        pieces.append(piece)
        places.extend([(start, stop)] * len(piece))
    return "".join(pieces), places


def _characters(text: str) -> Iterator[tuple[int, int]]:
    for match in _GRAPHEME.finditer(text):
        yield match.span()
