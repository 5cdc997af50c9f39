import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.text import is_blank, normalise, text_key

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The cat sat.", "  the CAT\tsat. \n"),
        ("naïve café", unicodedata.normalize("NFD", "naïve café")),
        ("Height 8,849 m", "Ｈｅｉｇｈｔ ８,８４９ ｍ"),
        ("the first office", "the ﬁrst oﬃce"),
        ("Straße", "STRASSE"),
        ("İstanbul", unicodedata.normalize("NFD", "İstanbul")),
        ("İstanbul", "İstanbul".lower()),
        ("İSTANBUL", "İSTANBUL".lower().upper()),
        ("ὈΔΥΣΣΕΎΣ", "ὀδυσσεύς"),
        ("10\u00a0km", "10 km"),
        ("co\u00adoperate", "cooperate"),
        ("\ufeffstart", "start"),
        ("zero\u200b width", "zero width"),
        ("x²", "x2"),
        ("bell\x07 rings\x00", "bell rings"),
        ("Ñandú\x85\x9f", "ñandú"),
    ],
)
def test_case_spacing_and_unicode_form_do_not_matter(one, other):
    assert normalise(one) == normalise(other)
    assert text_key(one) == text_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("8,849 m", "8,848 m"),
        ("resume", "résumé"),
        ("The cat sat.", "The cat sat!"),
        ("therapist", "the rapist"),
        ("ısı", "isi"),
        ("", "a"),
    ],
)
def test_other_letters_digits_signs_and_words_do_matter(one, other):
    assert text_key(one) != text_key(other)


@given(WORDS)
def test_normal_form_is_stable_under_itself_and_every_unicode_form(text):
    plain = normalise(text)
    assert normalise(plain) == plain
    assert {normalise(unicodedata.normalize(form, text)) for form in ("NFC", "NFD", "NFKC", "NFKD")} == {plain}


@given(WORDS)
def test_normal_form_does_not_see_case(text):
    # The one letter whose capital belongs to another letter.
    text = text.replace("ı", "")
    assert normalise(text.upper()) == normalise(text) == normalise(text.lower())


def test_key_is_32_hexadecimal_digits_and_pinned():
    # Labels in people's databases are known by this key: it must never change.
    assert text_key("How long is the Amazon River?") == text_key("how long  is the amazon river?")
    assert text_key("abc") == "cf4ab791c62b8d2b2109c90275287816"


def test_a_lone_surrogate_has_a_key():
    assert len(text_key("\ud800")) == 32


@pytest.mark.parametrize(
    "text", ["", " ", "\n\t", "\u200b\u00ad", "\ufeff", "\u00a0\u3000", "\x00", "\ufe0f", "\u3164", "\u2800"]
)
def test_nothing_readable_is_blank(text):
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", ".", "0", " ? ", "\u200bx"])
def test_any_sign_is_not_blank(text):
    assert not is_blank(text)
