"""Verbs from file to file: into another format, and whether an export is whole."""

from pathlib import Path
from typing import Any

import click

from negviz.cli._frame import (
    Bars,
    Report,
    data_options,
    json_option,
    mapping_of,
    note_losses,
    plain_lines,
    report,
    settings_of,
    strict_option,
)


@click.command()
@click.argument("data")
@click.option("--to", "--format", "target", required=True, help="Format to write; see 'negviz formats'.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write.")
@click.option("--set", "settings", multiple=True, metavar="PARAM=VALUE", help="Turn a knob of the format.")
@data_options("--from")
@strict_option
@json_option
def convert(
    *,
    data: str,
    target: str,
    out: Path,
    settings: tuple[str, ...],
    columns: tuple[str, ...],
    encoding: str | None,
    split: str | None,
    format_name: str | None,
    strict: bool,
    as_json: bool,
) -> None:
    """Write DATA, in any format that is read, in another, without loading it into memory."""
    from negviz.convert import convert as run

    def work() -> Report:
        bars = Bars()
        try:
            manifest = run(
                data, target, out, knobs=settings_of(settings), reads=format_name, columns=mapping_of(columns),
                encoding=encoding, split=split, progress=bars, tell=note_losses(strict),
            )  # fmt: skip
        finally:
            bars.close()
        return manifest

    report(work, as_json, lambda found: _lines(found, out))


def _lines(manifest: dict[str, Any], out: Path) -> list[str]:
    source = manifest["converted_from"]
    counts = {name: count for name, count in manifest["counts"].items() if count}
    written = {"rows": manifest["written"]["rows"], "queries left out": manifest["written"]["queries_left_out"]}
    return plain_lines({"read as": f"{source['format']}: {source['why']}", **counts, "wrote": str(out), **written})


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@json_option
def verify(*, folder: Path, as_json: bool) -> None:
    """See whether the export in FOLDER is as it was written, and recount what it holds; exit code 1 if it is not."""
    from negviz.export import verify as run

    found: list[str] = []

    def work() -> Report:
        found.extend(run(folder))
        return {"folder": str(folder), "whole": not found, "problems": found}

    report(work, as_json, lambda _: found or [f"{folder} is as it was written."])
    if found:
        click.get_current_context().exit(1)


VERBS = (convert, verify)
