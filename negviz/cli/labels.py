"""Verbs for labels."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from negviz.cli._frame import Report, data_options, json_option, load_data, plain_lines, report


@click.group()
def labels() -> None:
    """Bring labels in and out, and compare what several annotators say."""


url_option = click.option(
    "--url", help="Label database: a file or a URL such as postgresql://NAME@HOST/DATABASE; NEGVIZ_HOME's if not given."
)


@labels.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--data", help="DATA that the file's ids belong to, where it has no texts.")
@click.option("--annotator", help="Who judged, where the file does not say; its name if not given.")
@click.option(
    "--relevant-from",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Lowest grade of a judgment that makes a document an answer; lower ones above 0 are dropped.",
)
@url_option
@data_options()
@json_option
def import_labels(
    file: Path, data: str | None, annotator: str | None, relevant_from: int, url: str | None, as_json: bool,
    **options: Any,
) -> None:  # fmt: skip
    """Merge the labels or judgments of FILE into the database; nothing is lost or counted twice."""
    from negviz.labels import LabelStore, read_label_file

    def work() -> Report:
        dataset = load_data(data, **options) if data else None
        read = read_label_file(file, dataset, annotator=annotator, relevant_from=relevant_from)
        merged = LabelStore(url).merge(read.events)
        return {
            "added": merged.added,
            "known": merged.known,
            "unlabelled": read.unlabelled,
            "labelled_positives": read.positives,
        }

    report(work, as_json, plain_lines)


@labels.command(name="export")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--data", help="DATA whose ids judgments are written with; those of the time of labelling if not given.")
@url_option
@data_options()
@json_option
def export_labels(file: Path, data: str | None, url: str | None, as_json: bool, **options: Any) -> None:
    """Write every label event to FILE (.csv or .jsonl), or what counts now as judgments (.qrels or .tsv)."""
    from negviz.labels import write_judgments, write_labels
    from negviz.labels.judgments import BEIR, TREC

    def work() -> Report:
        store = _store(url)
        if file.suffix.lower() in (*TREC, *BEIR):
            dataset = load_data(data, **options) if data else None
            return {"judgments": write_judgments(store.current(), file, dataset), "file": str(file)}
        return {"events": write_labels(store.events(), file), "file": str(file)}

    report(work, as_json, plain_lines)


@labels.command(name="agreement")
@url_option
@json_option
def measure_agreement(url: str | None, as_json: bool) -> None:
    """How far annotators agree: Cohen's kappa of each two, Krippendorff's alpha of all, with 95% intervals."""
    from negviz.labels import agreement

    def work() -> Report:
        store = _store(url)
        found = asdict(agreement(store.events()))
        return {**found, "two": list(found["two"]), "conflicts": len(store.current().conflicts)}

    report(work, as_json, _agreement_lines)


@labels.command(name="conflicts")
@click.argument("file", type=click.Path(path_type=Path))
@url_option
@json_option
def list_conflicts(file: Path, url: str | None, as_json: bool) -> None:
    """Write the pairs that annotators differ on to FILE (.csv); fill in its verdicts and import it to settle them."""
    from negviz.labels import write_conflicts

    def work() -> Report:
        return {"conflicts": write_conflicts(_store(url).current(), file), "file": str(file)}

    report(work, as_json, plain_lines)


def _store(url: str | None) -> Any:
    """The database to read from: one that is named must be there."""
    from negviz.labels import LabelStore

    return LabelStore.existing(url) if url else LabelStore()


def _agreement_lines(found: dict[str, Any]) -> list[str]:
    if not found["two"]:
        return ["No pair has opinions of two annotators yet, so there is nothing to compare."]
    lines = [
        f"{two['first']} and {two['second']}: the same on {two['agreed']:,} of {two['pairs']:,} pairs, "
        f"kappa {_value(two['kappa'])}"
        for two in found["two"]
    ]
    several = f"all: the same on {found['agreed']:,} of {found['pairs']:,} pairs, alpha {_value(found['alpha'])}"
    return [*lines, several, f"unsure: {found['unsure']:,}", f"open conflicts: {found['conflicts']:,}"]


def _value(coefficient: dict[str, float | None]) -> str:
    if coefficient["value"] is None:
        return "undefined (everybody gave one and the same verdict)"
    interval = "" if coefficient["low"] is None else f" ({coefficient['low']:.2f} to {coefficient['high']:.2f})"
    return f"{coefficient['value']:.2f}{interval}"


VERBS = (labels,)
