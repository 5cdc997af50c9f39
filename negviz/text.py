"""Text as the leak guards and the labels compare it: one normal form, one key."""

import hashlib
import re
import unicodedata

KEY_BYTES = 16
# Characters without a shape of their own (most of Unicode's Default_Ignorable_Code_Point): soft hyphen, zero-width
# space and joiners, direction marks, byte order mark, variation selectors, tags; and control characters that are not
# white space.
UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]+"
)


def normalise(text: str) -> str:
    """Fold away case, spacing and Unicode form, so that only the words and signs are left.

    Compatibility composition (NFKC) makes full-width digits, ligatures and composed accents equal; casefold makes the
    cases equal; characters that nobody sees go; runs of white space become one space. Casefolding can break
    composition, so it is composed again.
    """
    if text.isascii():
        plain = " ".join(text.casefold().split())
        return plain if plain.isprintable() else " ".join(UNSEEN.sub("", plain).split())
    folded = UNSEEN.sub("", unicodedata.normalize("NFKC", text)).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def text_key(text: str) -> str:
    """Key of a text's normal form: 32 hexadecimal digits, the same on every machine and for every run."""
    data = normalise(text).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=KEY_BYTES).hexdigest()


def is_blank(text: str) -> bool:
    """Whether nothing readable is left: only white space, control and format characters."""
    # Composed first, because a Hangul filler is a letter until then; an empty braille cell counts as a sign.
    left = UNSEEN.sub("", unicodedata.normalize("NFKC", text))
    return all(char.isspace() or char == "\u2800" or unicodedata.category(char) in {"Cc", "Cf", "Zs"} for char in left)
