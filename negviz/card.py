"""Dataset card: what an export is, how it was made, what was refused and why, and how to train with it."""

import html
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import yaml

from negviz import __version__
from negviz.exporters._files import IDS_FILE
from negviz.leak_check import LeakCheck
from negviz.registry import Entry
from negviz.survey import Loss
from negviz.training_set import TrainingSet

SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"))
LARGEST = "n>10M"

COUNTED = {
    "queries": "queries",
    "positives": "positives",
    "promoted": "of them added by labels (false negatives that people found)",
    "wrong_positives": "labelled positives taken away by labels",
    "negatives": "negatives",
    "true_negatives_confirmed": "of them confirmed by people",
    "false_negatives_taken_out": "negatives taken out: labelled false negative",
    "same_text_taken_out": "negatives taken out: same text as a positive that labels added",
    "dropped": "negatives taken out: labelled drop",
    "unsure_left_out": "negatives taken out: labelled unsure",
    "in_queries_left_out": "negatives of queries that were left out",
    "queries_evaluated_with": "queries left out: held-out data to evaluate with has them",
    "queries_without_positive": "queries left out: no positive",
    "queries_with_wrong_positives_only": "queries left out: labels took every positive away",
    "starved": "queries with fewer negatives than wanted",
    "queries_without_negative": "of them without any",
}


def plain(text: object) -> str:
    """Text of a corpus or a recipe on one line of Markdown, as text: no HTML, link, table cell or code."""
    line = html.escape(" ".join(str(text).split()), quote=False)
    return "".join(f"\\{char}" if char in "\\`*_[]|#" else char for char in line)


class Story(NamedTuple):
    """What a card tells of the data, whatever its format.

    Attributes:
        name: Name of the data.
        title: What it is.
        wanted: Negatives for each query.
        numbers: (count, of what).
        sections: Further parts in Markdown.
    """

    name: str
    title: str
    wanted: int
    numbers: Sequence[tuple[int, str]]
    sections: Sequence[str]


def story_of(training_set: TrainingSet, check: LeakCheck | None = None) -> Story:
    """What a card tells of a training set."""
    counts, recipe = training_set.counts, training_set.selection.recipe
    numbers = [(counts[key], text) for key, text in COUNTED.items() if counts[key]]
    numbers.append((training_set.backfilled, "negatives that only fill their query, drawn from the recipe's backfill"))
    written = sum(1 for _ in training_set.synthetic())
    numbers.append((written, "negatives that a language model wrote, listed in `synthetic.jsonl`"))
    return Story(
        training_set.name, f"hard negatives, {plain(recipe.title or recipe.name)}", training_set.count, numbers,
        (_making(training_set), _funnel(training_set), _leaks(check)),
    )  # fmt: skip


def card(
    story: Story, entry: Entry, written: Mapping[str, Any], knobs: Mapping[str, Any], losses: Sequence[Loss] = ()
) -> str:
    """Write the card.

    Args:
        story: What was written.
        entry: The exporter.
        written: What the exporter returned.
        knobs: The exporter's knobs.
        losses: What the format cannot say of it.

    Returns:
        Markdown with the front matter that Hugging Face ``datasets`` reads its configurations from.
    """
    name = str(entry.trait("name_shown") or entry.name)
    parts = [
        _front_matter(story, entry, name, written),
        f"# {plain(story.name)}: {story.title}",
        f"Training data for retrieval in the format {name} ({plain(entry.trait('trainer'))}), "
        f"written by negviz {__version__}.",
        entry.summary.replace("``", "`"),
        _numbers(story, written),
        _lost(losses),
        *story.sections,
        "## Use it\n\nRun this in the folder of this file.\n\n" + _snippet(story.wanted, entry, written, knobs),
        _files(entry, written),
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _lost(losses: Sequence[Loss]) -> str:
    if not losses:
        return ""
    return "## What the format cannot say\n\n" + "\n".join(f"- {plain(loss.message)}." for loss in losses)


def _front_matter(story: Story, entry: Entry, name: str, written: Mapping[str, Any]) -> str:
    rows = int(written["rows"])
    size = next((label for limit, label in SIZES if rows < limit), LARGEST)
    about: dict[str, Any] = {
        "pretty_name": f"{story.name}: {story.title}",
        "task_categories": ["text-retrieval"],
        "tags": ["hard-negatives", "negviz", name],
        "size_categories": [size],
        "configs": _configs(entry, written),
    }
    kept = {key: value for key, value in about.items() if value}
    return f"---\n{yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=1000)}---"


def _configs(entry: Entry, written: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Configurations for ``load_dataset``, which reads all of them with the reader of the first."""
    named = entry.trait("configs")
    if named is not None:
        return [_config(name, path) for name, path in named.items()]
    folders = dict.fromkeys(PurePosixPath(path).parent.name for path in written["data_files"])
    kinds = {PurePosixPath(path).suffix for path in written["data_files"]}
    if kinds == {".parquet"}:
        found = [_config(folder, f"{folder}/train-*") for folder in folders]
        return [found[0] | {"default": True}, *found[1:], _config("ids", IDS_FILE)]
    path = PurePosixPath(str(written["data"]))
    return [_config(path.parent.name, str(path))] if ".jsonl" in path.name else []


def _config(name: str, path: str) -> dict[str, Any]:
    return {"config_name": name, "data_files": [{"split": "train", "path": path}]}


def _numbers(story: Story, written: Mapping[str, Any]) -> str:
    lines = [f"| {count} | {text} |" for count, text in story.numbers if count]
    lines += [f"| {rows} | rows in `{name}` |" for name, rows in _data(written).items()]
    # What stands in the rows may differ from the above: a format may have no place for something, or repeat it.
    lines += [f"| {written[side]} | {side} in the rows |" for side in ("positives", "negatives") if side in written]
    if written["queries_left_out"]:
        text = "queries that the format cannot hold, wholly or in part, listed in `left_out.jsonl`"
        lines.append(f"| {written['queries_left_out']} | {text} |")
    if written.get("backfilled"):
        lines.append(f"| {written['backfilled']} | negatives in the rows that only fill up, marked in `{IDS_FILE}` |")
    return "## Numbers\n\n| count | of |\n| ---: | :--- |\n" + "\n".join(lines)


def _data(written: Mapping[str, Any]) -> Mapping[str, int]:
    """Rows of each file of the data; of shards, which one pattern names, those of all."""
    files: Mapping[str, int] = written.get("data_files") or {}
    return files if str(written["data"]) in files else {str(written["data"]): int(written["rows"])}


def _making(training_set: TrainingSet) -> str:
    recipe, origin = training_set.selection.recipe, training_set.pool.origin
    about = training_set.dataset.facts
    retrievers = ", ".join(origin.get("retrievers") or training_set.pool.ranks)
    facts = {
        "recipe": f"{recipe.name} (`recipe.yaml`)",
        "paper": recipe.paper,
        "notes": recipe.notes,
        "wanted negatives a query": recipe.count,
        "seed": recipe.seed,
        "scores": f"{recipe.scorer} ({training_set.pool.scales.get(recipe.scorer, 'unknown scale')})",
        "encoder": origin.get("encoder") or "",
        "retrievers": retrievers,
        "depth": training_set.pool.depth,
        "source": f"{training_set.dataset.name} ({training_set.dataset.format})",
        "licence of the source": about.get("licence") or about.get("license") or "not recorded; see the source",
    }
    lines = [f"- {key}: {plain(value).replace(chr(92) + '`', '`')}" for key, value in facts.items() if value != ""]
    return "## How it was made\n\n" + "\n".join(lines)


def _leaks(check: LeakCheck | None) -> str:
    if check is None:
        return ""
    beside = " See `leaks.jsonl`." if check.leaks else ""
    return f"## Held-out data\n\n{plain(check.sentence())}{beside}"


def _funnel(training_set: TrainingSet) -> str:
    selection = training_set.selection
    lines = [f"| {selection.candidates} | candidates |"]
    lines += [f"| -{count} | refused: {plain(stage)} |" for stage, count in selection.refused_counts]
    lines += [f"| -{selection.not_drawn} | allowed, but not drawn |"]
    lines += [f"| {int(selection.taken_counts.sum())} | taken |"]
    head = "## What was refused, and why\n\nEach candidate counts for the first step that refused it.\n\n"
    return head + "| count | of |\n| ---: | :--- |\n" + "\n".join(lines)


def _snippet(count: int, entry: Entry, written: Mapping[str, Any], knobs: Mapping[str, Any]) -> str:
    text = snippet(entry, str(written["data"]), knobs, int(written.get("negatives_in_a_row", count)))
    return f"```{entry.trait('language', 'python')}\n{text}\n```" if text else ""


def snippet(entry: Entry, data: str, knobs: Mapping[str, Any], count: int) -> str:
    """Code that loads an export or trains with it, run from its folder.

    Args:
        entry: The exporter; in its trait ``snippet``, text or a function from knobs to text, DATA is the path of the
            data, FOLDER the folder that it lies in, FILE its kind, GROUP the texts of a query, COUNT its negatives,
            DISTIL whether scores count.
        data: Path of the data.
        knobs: Knobs of the exporter.
        count: Negatives of a query.
    """
    filled = {
        "DATA": data,
        "FOLDER": str(PurePosixPath(data).parent),
        "FILE": "parquet" if data.endswith(".parquet") else "json",
        "GROUP": str(count + 1),
        "COUNT": str(count),
        "DISTIL": str(bool(knobs.get("scores"))),
    }
    code = entry.trait("snippet", "")
    text = str(code(knobs) if callable(code) else code)
    for mark, value in filled.items():
        text = re.sub(rf"\b{mark}\b", lambda _, value=value: value, text)  # type: ignore[misc]
    return text.strip()


FILES = {
    "ids.parquet": "row by row where the texts of the data come from: ids, grades, scores and ranks (0 is best), what "
    "labels added (`promoted`) and confirmed, and what only fills its query (`backfilled`)",
    "recipe.yaml": "the recipe; `negviz select --recipe recipe.yaml` takes it",
    "label_changes.jsonl": "what labels changed, if they changed anything",
    "left_out.jsonl": "what the format cannot hold, if there is anything",
    "manifest.json": "versions, fingerprints, counts and the SHA-256 of every other file",
}


def _files(entry: Entry, written: Mapping[str, Any]) -> str:
    beside: Mapping[str, str] = entry.trait("beside", {})
    kept = {name: text for name, text in FILES.items() if name != IDS_FILE or not beside}
    lines = [
        f"- `{name}`: {text}" for name, text in (dict.fromkeys(_data(written), "the data") | {**beside, **kept}).items()
    ]
    return "## Files\n\n" + "\n".join(lines)
