"""Selecting: run a recipe over a pool of any size, group by group, under an engine, into one file.

The file is the same, byte for byte, as that of ``select`` and ``save_selection``, whatever the engine, and whether the
run was stopped in between.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from negviz import __version__
from negviz.budget import shown
from negviz.engines import Engine
from negviz.labels import Labels, read_labels, write_labels
from negviz.parts import InOrder, Parts
from negviz.pool import Pool
from negviz.recipe import Recipe, recipe_of
from negviz.select import check, check_knobs, choose, looks_across, select
from negviz.selection import Funnel, group_size, groups_of
from negviz.selection_file import SelectionWriter, rows_of, write_selection
from negviz.store import open_pool
from negviz.workplace import delivered, fetched, is_remote, local_path, node_folder
from negviz.writing import file_written_beside

Progress = Callable[[str, int, int], None]
NO_LABELS = Labels.of(())
ABOUT = b"negviz part"
LABELS = "labels.jsonl"
# Bytes for each candidate while it is worked on: a group by the steps, and a whole pool by steps that look across it.
OF_GROUP, OF_WHOLE = 180, 90
OPENED = 2


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Outcome:
    """What a selection that was written to a file came to.

    Attributes:
        recipe: What was run.
        pool: What it chose from, after its source.
        stages: Names of what could refuse.
        funnel: Counts.
        fingerprint: Of the selection.
    """

    recipe: Recipe
    pool: Pool
    stages: tuple[str, ...]
    funnel: Funnel
    fingerprint: str

    def summary(self) -> dict[str, Any]:
        """As ``Selection.summary``."""
        return self.funnel.summary(self.recipe, self.stages, self.pool.fingerprint)


class Group(NamedTuple):
    """A task: one group of a pool's queries.

    Attributes:
        pool: Where the pool lies.
        recipe: As YAML has it.
        labels: Whether there are labels, which lie with the parts.
        parts: Where the outcome is put.
        number: Which group.
    """

    pool: str
    recipe: str
    labels: bool
    parts: Parts
    number: int


def select_to_file(
    pool: str | Path, recipe: Recipe, out: str | Path, *, labels: Labels = NO_LABELS, engine: Engine,
    progress: Progress = silent,
) -> Outcome:  # fmt: skip
    """Run a recipe over a stored pool and write the selection.

    What looks across queries is run over the whole pool at once, by this process; ``whole_memory`` tells what it takes.

    Args:
        pool: Where the pool lies.
        recipe: What to run.
        out: Parquet file to write; what is unfinished lies beside it, in a folder ``.NAME.parts``.
        labels: Human verdicts.
        engine: Where groups are worked on.
        progress: Told (stage, groups done, groups).

    Raises:
        MissingInputError: If the pool lacks an input of the recipe.
        RecipeError: If a step or knob is not valid.
        DataError: If the file cannot be written.
    """
    opened = opened_pool(str(pool))
    check_knobs(recipe)
    with delivered(out) as path, file_written_beside(path) as beside:
        if looks_across(recipe) or not len(opened):
            return _of_whole(opened, recipe, labels, beside)
        check(recipe, opened)
        parts = Parts.beside(out, __version__, opened.fingerprint, recipe.to_yaml(), labels.fingerprint,
                             group_size(opened.depth))  # fmt: skip
        tasks = _tasks(placed(pool), opened, recipe, labels, parts)
        outcome = _joined(opened, recipe, tasks, beside, engine, progress)
    parts.clear()
    return outcome


def _of_whole(pool: Pool, recipe: Recipe, labels: Labels, path: Path) -> Outcome:
    chosen = select(pool, recipe, labels)
    return _outcome(chosen.pool, recipe, write_selection(chosen, path))


def _outcome(pool: Pool, recipe: Recipe, written: SelectionWriter) -> Outcome:
    return Outcome(recipe, pool, written.stages, written.funnel, written.fingerprint)


def whole_memory(pool: Pool, recipe: Recipe) -> int:
    """About how many bytes a recipe takes beyond what is mapped from disk."""
    cells = pool.documents.size
    if looks_across(recipe):
        return cells * OF_WHOLE
    return min(cells, group_size(pool.depth) * max(pool.depth, 1)) * OF_GROUP


def memory_note(pool: Pool, recipe: Recipe, memory: int) -> list[str]:
    """A sentence where a recipe takes more than it may, and why."""
    needed, across = whole_memory(pool, recipe), looks_across(recipe)
    if needed <= memory or not across:
        return []
    return [
        f"'{across[0]}' looks across queries, so all {len(pool):,} are worked on at once, which takes about "
        f"{shown(needed)}; --memory {shown(memory)} cannot bound it."
    ]


def _tasks(place: str, pool: Pool, recipe: Recipe, labels: Labels, parts: Parts) -> list[Group]:
    if len(labels):
        parts.files.write(LABELS, lambda path: write_labels(labels, path))
    count = len(groups_of(len(pool), pool.depth))
    return [Group(place, json.dumps(recipe.to_dict()), bool(len(labels)), parts, number) for number in range(count)]


def _joined(pool: Pool, recipe: Recipe, tasks: list[Group], path: Path, engine: Engine, progress: Progress) -> Outcome:
    """Have the groups made and put them into one file in their order."""
    parts = tasks[0].parts
    with SelectionWriter(path, pool, recipe) as writer:

        def take(number: int) -> None:
            table = parts.read(number)
            about = json.loads(table.schema.metadata[ABOUT])
            rows = table.replace_schema_metadata(None)
            writer.add(rows, tuple(about["stages"]), _funnel(about), about["digest"])

        order = InOrder(range(len(tasks)), take)
        for done, (place, _) in enumerate(engine.run(choose_group, tasks, memory=whole_memory(pool, recipe)), 1):
            order.add(place)
            progress("selecting", done, len(tasks))
        order.check()
    return _outcome(pool, recipe, writer)


def _funnel(about: dict[str, Any]) -> Funnel:
    counts = about["funnel"]
    return Funnel(**{**counts, "refused": tuple(counts["refused"])})


def choose_group(task: Group) -> int:
    """Work on one group, unless that was done before; how many candidates it has."""
    if task.parts.has(task.number):
        return 0
    pool, recipe = opened_pool(task.pool), recipe_of(json.loads(task.recipe))
    rows = groups_of(len(pool), pool.depth)[task.number]
    labels = NO_LABELS if not task.labels else _labels(task.parts)
    chosen = choose(pool.part(rows, f"group {task.number} of {pool.fingerprint}"), recipe, labels)
    about = {"stages": chosen.stages, "funnel": chosen.funnel._asdict(), "digest": chosen.digest}
    table: pa.Table = rows_of(chosen).combine_chunks()
    task.parts.write(task.number, table.replace_schema_metadata({ABOUT: json.dumps(about).encode()}))
    return len(table)


@lru_cache(maxsize=OPENED)
def _labels(parts: Parts) -> Labels:
    return Labels.of(read_labels(parts.files.path(LABELS)))


def placed(place: str | Path) -> str:
    """A place as every worker understands it: paths of this machine are absolute."""
    return str(place) if is_remote(place) else str(local_path(place).absolute())


def opened_pool(place: str) -> Pool:
    """A stored pool, opened once by a process for all that it does with it."""
    folder = fetched(place, node_folder()).absolute()
    stamp = (folder / "manifest.json").stat().st_mtime_ns if (folder / "manifest.json").is_file() else 0
    return _opened_once(folder, stamp)


@lru_cache(maxsize=OPENED)
def _opened_once(folder: Path, stamp: int) -> Pool:
    """A pool that a process works on several times; ``stamp`` is its manifest's time."""
    return open_pool(folder)
