"""Text as the leak guards and the labels compare it: one normal form, one key."""

import hashlib
import unicodedata

KEY_BYTES = 16


def normalise(text: str) -> str:
    """Fold away case, spacing and Unicode form, so that only the words and signs are left.

    Compatibility composition (NFKC) makes full-width digits, ligatures and composed accents equal; casefold makes the
    cases equal; runs of white space become one space. Casefolding can break composition, so it is composed again.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def text_key(text: str) -> str:
    """Key of a text's normal form: 32 hexadecimal digits, the same on every machine and for every run."""
    data = normalise(text).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=KEY_BYTES).hexdigest()


def is_blank(text: str) -> bool:
    """Whether nothing readable is left: only white space, control and format characters."""
    return all(char.isspace() or unicodedata.category(char) in {"Cc", "Cf", "Zs"} for char in text)
