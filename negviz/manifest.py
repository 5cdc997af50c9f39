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
    whole = isinstance(manifest, dict) and manifest.get("kind") == KIND and isinstance(manifest.get("files"), dict)
    return manifest if whole else None
