"""What every benchmark writes: its figures with their spread, beside the machine that they were measured on.

    from results import record, spread, told

    ratios = [4.1, 3.9, 4.4]
    record("bm25", "Index and queries within 1.1 times bm25s alone", [{"what": "bm25s / ours", **spread(ratios)}])

``record`` writes ``benchmarks/results/<name>.json``; all.py gathers these files into one table. A row is a flat mapping
of texts and numbers. all.py shows ``what``, ``median``, ``low``, ``high``, ``unit``, ``limit`` and ``met``; other keys
are kept in the file alone. A row with a ``limit`` such as ``>= 2.2`` says whether its median met it.
NEGVIZ_RESULTS names another folder, so that a trial does not overwrite what was measured.
"""

import datetime
import importlib.metadata
import json
import os
import platform
import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

PACKAGES = (
    "numpy",
    "torch",
    "sentence-transformers",
    "transformers",
    "openvino",
    "faiss-cpu",
    "bm25s",
    "rank-bm25",
    "numba",
    "pyarrow",
    "ray",
)
COMPARED = {
    ">=": lambda found, limit: found >= limit,
    "<=": lambda found, limit: found <= limit,
    ">": lambda found, limit: found > limit,
    "<": lambda found, limit: found < limit,
}


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, lowest and highest."""
    return {
        "median": rounded(statistics.median(values)),
        "low": rounded(min(values)),
        "high": rounded(max(values)),
    }


def rounded(value: float) -> float:
    """Four digits that count: more is noise, and makes every run a difference."""
    return float(f"{value:.4g}")


def told(found: Mapping[str, float], digits: int = 2) -> str:
    """A spread as words: ``2.31 (2.20 to 2.48)``."""
    return f"{found['median']:,.{digits}f} ({found['low']:,.{digits}f} to {found['high']:,.{digits}f})"


def met(found: float, limit: str) -> bool:
    """Whether a figure meets a limit such as ``>= 2.2``."""
    parts = re.fullmatch(r"(>=|<=|>|<)\s*([\d.]+)", limit)
    if not parts:
        raise ValueError(f"A limit is written as '>= 2.2', not '{limit}'.")
    return bool(COMPARED[parts[1]](found, float(parts[2])))


def machine() -> dict[str, Any]:
    """What the figures depend on; no name of a person or of a machine."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
        "packages": versions,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    text = facts.read_text(encoding="utf-8") if facts.is_file() else ""
    named = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return named[1] if named else platform.processor() or platform.machine()


def results_folder() -> Path:
    """Where figures go."""
    return Path(os.environ.get("NEGVIZ_RESULTS") or Path(__file__).parent / "results")


def record(name: str, claim: str, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write ``<name>.json``: what is claimed, the rows, and the machine.

    Args:
        name: Name of the file, without ending.
        claim: What the rows are to show, as a sentence.
        rows: Flat mappings; numbers of NumPy become plain ones. ``met`` is added where a row has a ``limit``.

    Returns:
        The file.
    """
    checked = [
        {**row, "met": met(float(row["median"]), str(row["limit"]))} if row.get("limit") else dict(row) for row in rows
    ]
    folder = results_folder()
    folder.mkdir(parents=True, exist_ok=True)
    path, beside = folder / f"{name}.json", folder / f".{name}.{os.getpid()}"
    body = {"name": name, "claim": claim, "rows": checked, "machine": machine()}
    beside.write_text(json.dumps(body, indent=1, ensure_ascii=False, default=_plain) + "\n", encoding="utf-8")
    beside.replace(path)
    return path


def recorded(name: str) -> dict[str, Any] | None:
    """What a benchmark wrote last; None where it did not run."""
    path = results_folder() / f"{name}.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return value.name
    raise TypeError(f"A row holds {type(value).__name__}, which JSON cannot hold.")
