"""Manifest of an export: how a folder says that negviz wrote it, and what is in it."""

import json
from pathlib import Path
from typing import Any

from negviz.writing import MANIFEST

KIND = "training set"


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Manifest of an export, None where the folder is none."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return manifest if _is_whole(manifest) else None


def _is_whole(manifest: object) -> bool:
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
        return False
    files, written = manifest.get("files"), manifest.get("written")
    if not isinstance(files, dict) or not all(isinstance(facts, dict) for facts in files.values()):
        return False
    return isinstance(written, dict) and {"rows", "data"} <= set(written)
