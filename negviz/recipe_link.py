"""Recipe in an address: short text that a link carries, made of compressed JSON; read back with care."""

import base64
import binascii
import json
import zlib
from typing import Any

from negviz.errors import NegvizError, RecipeError
from negviz.recipe import TEXTS, Recipe, published, recipe_of
from negviz.select import check_knobs

# Addresses beyond a few thousand letters are cut by some mail programs and servers.
LONGEST = 6_000
MOST_BYTES = 60_000
BROKEN = "The recipe in the address is broken"


def to_address(recipe: Recipe) -> str:
    """The recipe as letters that an address can carry.

    Texts that equal those of the published recipe of that name are left out, since the reader has them.

    Raises:
        RecipeError: If it is too long for an address.
    """
    data = recipe.to_dict()
    original = published().get(recipe.name)
    known = original.to_dict() if original else {}
    for key in (*TEXTS, "needs"):
        if key in data and data.get(key) == known.get(key):
            del data[key]
    plain = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    text = base64.urlsafe_b64encode(zlib.compress(plain, 9)).decode().rstrip("=")
    if len(text) > LONGEST:
        raise RecipeError("This recipe is too long for an address; share it as a file.")
    return text


def from_address(text: str) -> Recipe:
    """Read a recipe back and check every step, knob, source and draw.

    Raises:
        NegvizError: If it is too long, cut off, altered, or not a recipe that can be used here.
    """
    data = _decoded(text)
    if isinstance(data, dict) and str(data.get("name")) in published():
        known = published()[str(data["name"])].to_dict()
        data = {**{key: known[key] for key in (*TEXTS, "needs") if key in known}, **data}
    recipe = recipe_of(data, "shared")
    check_knobs(recipe)
    return recipe


def _decoded(text: str) -> Any:
    if len(text) > LONGEST:
        raise RecipeError(f"{BROKEN}: it has {len(text):,} letters, but at most {LONGEST:,} are read.")
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        unpack = zlib.decompressobj()
        plain = unpack.decompress(packed, MOST_BYTES)
        if not unpack.eof:
            raise RecipeError(f"{BROKEN}: it is cut off or too long; ask for the link again.")
        return json.loads(plain)
    except NegvizError:
        raise
    except (binascii.Error, zlib.error, UnicodeError, ValueError, RecursionError):
        raise RecipeError(f"{BROKEN}; copy the whole link, or ask for it again.") from None
