"""Report of a comparison: plain numbers for scripts, and every differing pair as CSV."""

import csv
import io
import math
from pathlib import Path
from typing import Any

import numpy as np

from negviz.comparison import Comparison, Contender, Standing, fates
from negviz.diagnostics.hardness_summary import DECILES, Hardness
from negviz.diagnostics.likely_false_negatives import SHARE, LikelyFalse
from negviz.diagnostics.measured_false_negatives import Measured
from negviz.labels.files import guarded
from negviz.taken_pairs import pairs_of, taken_keys
from negviz.truth import Truth
from negviz.writing import file_written_beside

SUMMED = ("taken", "backfilled", "starved", "empty")
MEASURED = ("hardness", "documents", "likely_false", "measured", "measured_by", "seconds")


def report(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain numbers, for scripts; unknown numbers are None."""
    overlap, names = comparison.overlap, comparison.names
    by_name = dict(zip(names, comparison.standings, strict=True))
    alone = {part.members[0]: part.count for part in overlap.intersections if len(part.members) == 1}
    return {
        "queries": len(comparison.pool),
        "pool": comparison.pool.fingerprint,
        "scorer": comparison.scorer,
        "anchor": comparison.anchor,
        "recipes": [_row(each, by_name.get(each.name), comparison) for each in comparison.contenders],
        "compared": list(names),
        "jaccard": _plain(overlap.over_pairs.tolist()),
        "jaccard_per_query": _plain(overlap.per_query.tolist()),
        "union": overlap.union,
        "only": {name: alone.get(place, 0) for place, name in enumerate(names)},
        "intersections": [
            {"recipes": [names[place] for place in part.members], "count": part.count}
            for part in overlap.intersections
        ],
        "judgments": _about(comparison.truth),
    }  # fmt: skip


def _row(contender: Contender, standing: Standing | None, comparison: Comparison) -> dict[str, Any]:
    if contender.selection is None or standing is None:
        nothing = dict.fromkeys((*SUMMED, "count", *MEASURED))
        return {"name": contender.name, **nothing, "runs": 0, "saw_labels": False, "problem": contender.problem}
    summary = contender.selection.summary()
    by = {"judgments": _share(standing.judged), "labels": _share(standing.labelled)}
    used = next((name for name in by if by[name] is not None), None)
    return {
        "name": contender.name,
        **{key: summary[key] for key in SUMMED},
        "count": contender.selection.recipe.count,
        "hardness": _hardness(standing.hardness),
        "documents": {"distinct": standing.documents.distinct, "effective": round(standing.documents.effective, 2)},
        "likely_false": _likely(standing.likely, comparison.scorer),
        "measured": None if used is None else {"by": used, **dict(by[used] or {})},
        "measured_by": by,
        "seconds": contender.seconds,
        "runs": contender.runs,
        "saw_labels": contender.saw_labels,
        "problem": None,
    }  # fmt: skip


def _hardness(hardness: Hardness | None) -> dict[str, Any] | None:
    if hardness is None:
        return None
    deciles = {f"p{tenth}": _plain(value) for tenth, value in zip(DECILES, hardness.deciles, strict=True)}
    return {
        "mean": _plain(hardness.mean), "median": _plain(hardness.median), "deciles": deciles,
        "known": hardness.known, "unknown": hardness.unknown,
    }  # fmt: skip


def _likely(likely: LikelyFalse | None, scorer: str | None) -> dict[str, Any] | None:
    if likely is None:
        return None
    return {
        "rule": f"score by '{scorer}' above {SHARE} of the positive's; a rule of thumb, not a measurement",
        "count": likely.above,
        "share": likely.above / likely.scored if likely.scored else None,
        "disputed": likely.disputed,
        "scored": likely.scored,
    }


def _share(measured: Measured | None) -> dict[str, Any] | None:
    if measured is None:
        return None
    return {
        "false_negatives": measured.false_negatives, "labelled": measured.judged, "taken": measured.taken,
        "rate": _plain(measured.rate), "low": _plain(measured.low), "high": _plain(measured.high), "method": "wilson",
    }  # fmt: skip


def _about(truth: Truth | None) -> dict[str, Any] | None:
    if truth is None:
        return None
    return {
        "file": truth.name, "judgments": len(truth.judgments), "relevant_from": truth.relevant_from,
        "complete": truth.complete, "unknown": truth.unknown, "unreadable": truth.unreadable,
    }  # fmt: skip


def _plain(value: Any) -> Any:
    """Numbers as JSON has them: what is not known is None."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return None if value is None or not math.isfinite(value) else value


def difference_csv(comparison: Comparison) -> str:
    """Every pair that at least one takes, as CSV: who takes it, and what refused it in each of the others.

    A cell that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    pool, selections = comparison.pool, comparison.selections
    pairs = pairs_of(pool, np.unique(np.concatenate([taken_keys(selection) for selection in selections])))
    outcomes = [fates(selection, pairs) for selection in selections]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    head = ["query_id", "document_id", "taken_by", *(f"refused_by {name}" for name in comparison.names)]
    writer.writerow([guarded(cell) for cell in head])
    query_ids, document_ids = pool.dataset.query_ids, pool.dataset.document_ids
    for place, (query, document) in enumerate(pairs.tolist()):
        refused = [outcome[place] for outcome in outcomes]
        takers = [name for name, why in zip(comparison.names, refused, strict=True) if not why]
        cells = [query_ids[pool.queries[query]], document_ids[document], "; ".join(takers), *refused]
        writer.writerow([guarded(cell) for cell in cells])
    return text.getvalue()


def write_differences(comparison: Comparison, path: Path) -> int:
    """Write ``difference_csv``; the file appears whole or not at all.

    Returns:
        Number of pairs.
    """
    text = difference_csv(comparison)
    with file_written_beside(Path(path)) as beside:
        beside.write_bytes(text.encode("utf-8", "surrogatepass"))
    return comparison.overlap.union
