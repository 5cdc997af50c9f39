"""Export: write a training set in a trainer's format, with a manifest, a card and the recipe; and check one later."""

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from negviz import __version__
from negviz.card import card, story_of
from negviz.errors import ExportError
from negviz.exporters import EXPORTERS
from negviz.exporters._files import write_lines
from negviz.held_out import HeldOut, held_out_of
from negviz.labels import Labels
from negviz.leak_check import LeakCheck, OnLeak, check_leaks, refuse_leaks, rows_of_queries
from negviz.loaders import LOADERS
from negviz.manifest import KIND, read_manifest
from negviz.recount import recount
from negviz.registry import Entry
from negviz.selection import Selection
from negviz.survey import Loss, Survey, Tell
from negviz.training_set import TrainingSet, Unsure, make_training_set
from negviz.writing import MANIFEST, written_beside

CARD = "README.md"
RECIPE = "recipe.yaml"
CHANGES = "label_changes.jsonl"
LEAKS = "leaks.jsonl"
SYNTHETIC = "synthetic.jsonl"
BLOCK = 1 << 20


def find_format(name: str) -> Entry:
    """Exporter by its name, in either spelling: ``n-tuple`` or ``n_tuple``.

    Raises:
        UnknownNameError: If there is none; the text lists the ones that are.
    """
    key = name.strip().lower().replace("-", "_").replace(" ", "_")
    shown = {shown_name(entry).replace("-", "_"): entry.name for entry in EXPORTERS}
    return EXPORTERS.get(shown.get(key, key))


def formats() -> list[dict[str, Any]]:
    """Every format that negviz reads or writes: name, title, reads, writes, trainer and knobs, sorted by name."""
    found: dict[str, dict[str, Any]] = {}
    for entry in LOADERS:
        found[entry.name] = _format(entry, entry.name, reads=True, writes=False)
    for entry in EXPORTERS:
        name = str(entry.trait("name_shown") or entry.name)
        reads = entry.name in found or entry.trait("reads") in LOADERS
        found.pop(entry.name, None)
        found[name] = _format(entry, name, reads=reads, writes=True)
    return [found[name] for name in sorted(found)]


def _format(entry: Entry, name: str, *, reads: bool, writes: bool) -> dict[str, Any]:
    trainer = entry.trait("trainer", "")
    knobs = [{"name": knob.name, "default": knob.default, "help": knob.help} for knob in entry.knobs if writes]
    return {"name": name, "title": entry.label, "reads": reads, "writes": writes, "trainer": trainer, "knobs": knobs}


def preview(
    selection: Selection,
    labels: Labels,
    format: str,
    rows: int = 5,
    *,
    knobs: Mapping[str, Any] | None = None,
    unsure: Unsure = "leave out",
) -> list[dict[str, Any]]:
    """The first rows that an export would write, as its data file holds them.

    Args:
        selection: What a recipe took.
        labels: Human verdicts.
        format: Name of the format.
        rows: How many at most.
        knobs: Knobs of the format.
        unsure: Whether negatives labelled unsure are left out or kept.

    Raises:
        UnknownNameError: If there is no such format.
        RecipeError: If a knob is not valid.
        ExportError: If a positive is among the negatives, or an id does not fit the format.
    """
    entry = find_format(format)
    training_set = make_training_set(selection, labels, unsure=unsure)
    made = entry.trait("rows")(training_set, [], **knobs_of(entry, knobs))
    return [dict(row.data) for row in islice(made, rows)]


def export(
    selection: Selection,
    labels: Labels,
    format: str,
    out: Path,
    *,
    knobs: Mapping[str, Any] | None = None,
    unsure: Unsure = "leave out",
    held_out: HeldOut | None = None,
    leaks: OnLeak = "report",
    tell: Tell | None = None,
) -> dict[str, Any]:
    """Write a training set into a folder: data, sidecars, card, recipe and manifest.

    The folder appears as a whole or not at all. The same inputs give the same bytes in every file but the manifest,
    which holds the time.

    Args:
        selection: What a recipe took.
        labels: Human verdicts: false negatives become positives, dropped ones vanish.
        format: Name of the format.
        out: Folder to write; an older export there is replaced.
        knobs: Knobs of the format.
        unsure: Whether negatives labelled unsure are left out or kept.
        held_out: What the model will be evaluated with; None takes what the dataset itself holds out.
        leaks: What becomes of training queries that are held-out queries, by id, by text or nearly: they are reported
            (in the manifest, in the card and in ``leaks.jsonl``), the export is refused, or they are left out.
        tell: Hears what the format cannot say, before anything is written.

    Returns:
        The manifest.

    Raises:
        UnknownNameError: If there is no such format.
        RecipeError: If a knob is not valid.
        ExportError: If there is nothing to write, the format cannot hold it, or leaks are refused.
        DataError: If the folder holds files that negviz did not write.
    """
    entry, out = find_format(format), Path(out)
    values = knobs_of(entry, knobs)
    refuse_foreign(out)
    training_set, check = _checked(make_training_set(selection, labels, unsure=unsure), labels, unsure, held_out, leaks)
    _refuse_empty(training_set)
    losses = Survey.of(training_set.texts()).losses(entry, values, training_set.count)
    with written_beside(out) as folder:
        if tell:
            tell(losses)
        written = entry.function(examples=training_set, folder=folder, **values)
        if training_set.changes:
            write_lines(folder / CHANGES, (change._asdict() for change in training_set.changes))
        if synthetic := list(training_set.synthetic()):
            write_lines(folder / SYNTHETIC, synthetic)
        _write_text(folder / RECIPE, selection.recipe.to_yaml())
        if check and check.leaks:
            write_lines(folder / LEAKS, (leak._asdict() for leak in check.leaks))
        about = {
            **_about(training_set, labels),
            "leaks": check and check.summary(),
            "knobs": {**values, "unsure": unsure},
        }
        text = card(story_of(training_set, check), entry, written, values, losses)
        return finish(folder, entry, written, {**about, "losses": lost(losses)}, text)


def _checked(
    training_set: TrainingSet, labels: Labels, unsure: Unsure, held_out: HeldOut | None, leaks: OnLeak
) -> tuple[TrainingSet, LeakCheck | None]:
    """The training set, without the queries to evaluate with if they are to be dropped, and what was found."""
    if leaks not in get_args(OnLeak):
        raise ExportError(f"leaks was given '{leaks}', but must be one of: {', '.join(get_args(OnLeak))}.")
    held_out = held_out or held_out_of(training_set.dataset)
    if held_out is None:
        return training_set, None
    check = check_leaks(training_set, held_out)
    if leaks == "refuse":
        refuse_leaks(check)
    rows = rows_of_queries(training_set, check.leaks) if leaks == "drop" else set()
    if not rows:
        return training_set, check
    cleaned = make_training_set(training_set.selection, labels, unsure=unsure, without=rows)
    # What documents still leak is a matter of the queries that are left.
    queries = tuple(leak for leak in check.leaks if leak.what == "query")
    documents = tuple(leak for leak in check_leaks(cleaned, held_out).leaks if leak.what != "query")
    return cleaned, replace(check, leaks=queries + documents, dropped=len(rows))


def finish(
    folder: Path, entry: Entry, written: Mapping[str, Any], about: Mapping[str, Any], text: str
) -> dict[str, Any]:
    """Write the card and the manifest of an export.

    Args:
        folder: Where its data lies.
        entry: The exporter.
        written: What the exporter returned.
        about: What the manifest says of where the data comes from.
        text: The card.

    Returns:
        The manifest, with the SHA-256, the size and the rows of every file.
    """
    _write_text(folder / CARD, text)
    manifest = {
        "negviz": __version__,
        "kind": KIND,
        "format": shown_name(entry),
        "exporter": entry.name,
        "reads": written.get("reads", entry.trait("reads")),
        "by_id": bool(entry.trait("by_id")),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "pyarrow": pa.__version__},
        **_clean(about),
        "written": dict(written),
        "files": {name: _facts(folder / name) for name in _names(folder)},
    }
    _write_text(folder / MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    return manifest


def shown_name(entry: Entry) -> str:
    """Name of a format as people know it."""
    return str(entry.trait("name_shown") or entry.name)


def lost(losses: Iterable[Loss]) -> list[dict[str, Any]]:
    """What a format cannot say, as plain values for JSON."""
    return [loss._asdict() for loss in losses]


def knobs_of(entry: Entry, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """All knobs of a format, those that were given checked, the others at their defaults."""
    given = given or {}
    parsed = {name: entry.knob(name).parse(value, shown_name(entry)) for name, value in given.items()}
    return {knob.name: parsed.get(knob.name, knob.default) for knob in entry.knobs}


def _refuse_empty(training_set: TrainingSet) -> None:
    counts = training_set.counts
    if not counts["queries"] and counts["queries_evaluated_with"]:
        raise ExportError(
            f"Every query with a positive ({counts['queries_evaluated_with']}) is in the held-out data, so none is "
            "left to train on; hold out other data, or write them all the same with --leaks report."
        )
    if not counts["queries"]:
        raise ExportError(
            f"None of the {len(training_set.pool)} queries has a positive, so there is nothing to train on; load data "
            "with labelled positives, or label some."
        )
    if not counts["negatives"]:
        raise ExportError(
            f"No negative is left ({counts['taken']} were taken by the recipe), so the training set would be empty; "
            "loosen the recipe and select again."
        )


def refuse_foreign(out: Path) -> None:
    """Leave a folder alone that is no export (a pool has a manifest too), or to which somebody added files."""
    if not (out / MANIFEST).is_file():
        return
    manifest = read_manifest(out)
    if manifest is None:
        raise ExportError(f"The folder {out} holds something else than an export, so it is left alone; name another.")
    added = [name for name in _names(out) if name not in {*manifest["files"], MANIFEST}]
    if added:
        raise ExportError(
            f"The folder {out} holds '{added[0]}', which is not of the export there, so it is left alone; move it or "
            "name another folder."
        )


def _about(training_set: TrainingSet, labels: Labels) -> dict[str, Any]:
    """What the manifest says of a training set."""
    selection, pool = training_set.selection, training_set.pool
    origin = dict(pool.origin)
    return {
        "dataset": training_set.name,
        "encoder": origin.get("encoder"),
        "encoder_identity": origin.get("encoder_identity"),
        "origin": origin,
        "recipe": selection.recipe.to_dict(),
        "seed": selection.recipe.seed,
        "fingerprints": {
            "dataset": training_set.dataset.fingerprint,
            "pool": pool.fingerprint,
            "selection": selection.fingerprint,
            "labels": labels.fingerprint,
        },
        "counts": {
            **training_set.counts,
            "synthetic_negatives": sum(1 for _ in training_set.synthetic()),
            "backfilled_negatives": training_set.backfilled,
        },
        "funnel": selection.summary(),
        "labels": {str(verdict): count for verdict, count in labels.counts().items()},
    }


def _clean(value: Any) -> Any:
    """A value as JSON can hold it: other types become text."""
    return json.loads(json.dumps(value, default=str))


def _write_text(path: Path, text: str) -> None:
    """Write UTF-8; halves of surrogate pairs, which odd file names bring along, become question marks."""
    path.write_bytes(text.encode("utf-8", "replace"))


def _names(folder: Path) -> list[str]:
    """Files in a folder other than its manifest, with forward slashes, sorted."""
    paths = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
    return sorted(name for name in paths if name != MANIFEST)


def _facts(path: Path) -> dict[str, Any]:
    """SHA-256, size, and number of rows (of lines in a text file)."""
    digest, lines = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            lines += block.count(b"\n")
    rows = pq.read_metadata(path).num_rows if path.suffix == ".parquet" else lines
    return {"sha256": digest.hexdigest(), "bytes": path.stat().st_size, "rows": rows}


def verify(folder: Path) -> list[str]:
    """See whether an export is as it was written: every file, its SHA-256 and its rows; then read the data and recount.

    Returns:
        One sentence for each problem; none if all is well.

    Raises:
        ExportError: If the folder is no export.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    if manifest is None:
        raise ExportError(f"{folder} is not an export of negviz (no readable {MANIFEST}); name a folder of 'export'.")
    problems = [
        problem for name, facts in sorted(manifest["files"].items()) for problem in _compare(folder, name, facts)
    ]
    problems += [f"{name} is not in the manifest." for name in _names(folder) if name not in manifest["files"]]
    return problems + ([] if problems else recount(folder, manifest))


def _compare(folder: Path, name: str, facts: Mapping[str, Any]) -> list[str]:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        return [f"The manifest names {name}, which is outside of the folder."]
    if not (folder / path).is_file():
        return [f"{name} is missing."]
    try:
        found = _facts(folder / path)
    except pa.ArrowInvalid:
        return [f"{name} is damaged: it is not readable as Parquet."]
    return [
        f"{name} has changed: its {what} is {found[what]}, but was {facts.get(what)}."
        for what in ("sha256", "bytes", "rows")
        if found[what] != facts.get(what)
    ]
