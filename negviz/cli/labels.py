"""Verbs for labels."""

from pathlib import Path
from typing import Any

import click

from negviz.cli._frame import Report, data_options, json_option, load_data, plain_lines, report


@click.group()
def labels() -> None:
    """Bring labels in and out as CSV or JSONL."""


url_option = click.option("--url", help="Label database; the one of NEGVIZ_HOME where not given.")


@labels.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--data", help="DATA that the file's ids belong to, where it has no texts.")
@url_option
@data_options
@json_option
def import_labels(file: Path, data: str | None, url: str | None, as_json: bool, **options: Any) -> None:
    """Merge the labels of FILE into the database; nothing is lost or counted twice."""
    from negviz.labels import LabelStore, read_labels

    def work() -> Report:
        dataset = load_data(data, **options) if data else None
        merged = LabelStore(url).merge(read_labels(file, dataset))
        return {"added": merged.added, "known": merged.known}

    report(work, as_json, plain_lines)


@labels.command(name="export")
@click.argument("file", type=click.Path(path_type=Path))
@url_option
@json_option
def export_labels(file: Path, url: str | None, as_json: bool) -> None:
    """Write every label event to FILE (.csv or .jsonl)."""
    from negviz.labels import LabelStore, write_labels

    def work() -> Report:
        events = (LabelStore.existing(url) if url else LabelStore()).events()
        write_labels(events, file)
        return {"events": len(events), "file": str(file)}

    report(work, as_json, plain_lines)


VERBS = (labels,)
