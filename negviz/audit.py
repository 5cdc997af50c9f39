"""Audit: run every finding over a selection, and say on what it rests."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from negviz import __version__
from negviz.arrays import Scores
from negviz.dataset import Dataset
from negviz.findings import NO_LABELS, Case, Finding, finding_names, run_finding, silent
from negviz.held_out import HeldOut, held_out_of
from negviz.labels import Labels
from negviz.pool import Pool
from negviz.selection import Selection
from negviz.truth import Truth

SEVERITIES = ("bad", "look", "good", "unknown")


@dataclass(frozen=True, eq=False)
class Audit:
    """All that was found.

    Attributes:
        case: What was audited.
        findings: In the order of the report.
    """

    case: Case
    findings: tuple[Finding, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many findings have each severity, the worst first."""
        found = Counter(finding.severity for finding in self.findings)
        return {severity: found[severity] for severity in SEVERITIES}  # type: ignore[index]

    @property
    def provenance(self) -> dict[str, Any]:
        """What the audit rests on: with the same, it is the same."""
        case, recipe = self.case, self.case.selection.recipe
        return {
            "negviz": __version__,
            "data": case.dataset.name,
            "dataset": case.dataset.fingerprint,
            "pool": case.pool.fingerprint,
            "selection": case.selection.fingerprint,
            "recipe": recipe.to_dict(),
            "seed": recipe.seed,
            "encoder": case.pool.origin.get("encoder"),
            "labels": len(case.labels),
            "labels_fingerprint": case.labels.fingerprint if case.labels else None,
            "judgments": case.truth.name if case.truth else None,
            "held_out": case.held_out.name if case.held_out else None,
            "queries": len(case.pool),
            "documents": len(case.dataset.documents),
            "negatives": len(case.pairs),
        }

    def to_json(self) -> dict[str, Any]:
        """Everything but the pictures, as plain values."""
        return {
            **self.provenance,
            "counts": self.counts,
            "findings": [as_json(finding, self.case.dataset) for finding in self.findings],
        }


def as_json(finding: Finding, dataset: Dataset) -> dict[str, Any]:
    """A finding as plain values; pairs by their ids.

    Args:
        finding: What was found.
        dataset: Whose rows its pairs are.
    """
    pairs = [] if finding.pairs is None else finding.pairs.tolist()
    return {
        "name": finding.name,
        "title": finding.title,
        "severity": finding.severity,
        "sentence": finding.sentence,
        "todo": finding.todo,
        "facts": finding.facts,
        "table": {"columns": list(finding.columns), "rows": [list(row) for row in finding.rows], "more": finding.more},
        "pairs": [[dataset.query_id(query), dataset.document_id(document)] for query, document in pairs],
    }


def audit(
    pool: Pool,
    selection: Selection,
    *,
    labels: Labels = NO_LABELS,
    truth: Truth | None = None,
    held_out: HeldOut | None = None,
    names: Iterable[str] | None = None,
    suspected: Scores | None = None,
    progress: Callable[[str, int, int], None] = silent,
) -> Audit:
    """Look at a selection from every side.

    Args:
        pool: Where it was chosen from; its dataset's own held-out judgments count where no others are given.
        selection: The negatives.
        labels: What people said.
        truth: Judgments that only measure.
        held_out: What the model will be evaluated with.
        names: Only these findings.
        suspected: (negatives,) P(false negative) where it was worked out before, see ``suspects.suspicions_of``.
        progress: Told (stage, done, total).
    """
    case = Case(selection, labels, truth, held_out or held_out_of(pool.dataset), progress, suspected)
    asked = finding_names() if names is None else list(names)
    found = []
    for done, name in enumerate(asked):
        progress(f"auditing: {name.replace('_', ' ')}", done, len(asked))
        found.append(run_finding(name, case))
    progress("auditing", len(asked), len(asked))
    return Audit(case, tuple(found))
