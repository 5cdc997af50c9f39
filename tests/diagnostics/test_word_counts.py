"""Word counts in scripts with and without spaces."""

import pyarrow as pa
import pytest

from negviz.diagnostics.word_counts import word_counts


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a don't b.", 3),
        ("", 0),
        (None, 0),
        ("我喜欢苹果。", 5),
        ("東京 tower ２", 4),
        ("  x　y ", 2),
        ("مرحبا بالعالم", 2),
    ],
)
def test_words_are_what_stands_between_spaces_and_characters_where_there_are_none(text: str | None, words: int) -> None:
    assert word_counts(pa.chunked_array([[text]], pa.large_string())).tolist() == [words]
