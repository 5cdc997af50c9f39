"""Dataset card: what an export is, how it was made, what was refused and why, and how to train with it."""

import html
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml

from negviz import __version__
from negviz.exporters._rows import backfilled
from negviz.registry import Entry
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
    "queries_without_positive": "queries left out: no positive",
    "queries_with_wrong_positives_only": "queries left out: labels took every positive away",
    "starved": "queries with fewer negatives than wanted",
    "queries_without_negative": "of them without any",
}


def plain(text: object) -> str:
    """Text of a corpus or a recipe on one line of Markdown, as text: no HTML, link, table cell or code."""
    line = html.escape(" ".join(str(text).split()), quote=False)
    return "".join(f"\\{char}" if char in "\\`*_[]|#" else char for char in line)


def card(training_set: TrainingSet, entry: Entry, written: Mapping[str, int | str], knobs: Mapping[str, Any]) -> str:
    """Write the card.

    Args:
        training_set: What was written.
        entry: The exporter.
        written: What the exporter returned.
        knobs: The exporter's knobs.

    Returns:
        Markdown with the front matter that Hugging Face ``datasets`` reads its configurations from.
    """
    name = str(entry.trait("name_shown") or entry.name)
    recipe = training_set.selection.recipe
    parts = [
        _front_matter(training_set, name, written),
        f"# {plain(training_set.dataset.name)}: hard negatives, {plain(recipe.title or recipe.name)}",
        f"Training data for retrieval in the format {name} ({plain(entry.trait('trainer'))}), "
        f"written by negviz {__version__}.",
        entry.summary.replace("``", "`"),
        _numbers(training_set, written),
        _making(training_set),
        _funnel(training_set),
        "## Use it\n\nRun this in the folder of this file.\n\n" + _snippet(training_set, entry, written, knobs),
        _files(written),
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _front_matter(training_set: TrainingSet, name: str, written: Mapping[str, int | str]) -> str:
    rows = int(written["rows"])
    size = next((label for limit, label in SIZES if rows < limit), LARGEST)
    about: dict[str, Any] = {
        "pretty_name": f"{training_set.dataset.name}: hard negatives",
        "task_categories": ["text-retrieval"],
        "tags": ["hard-negatives", "negviz", name],
        "size_categories": [size],
        "configs": _configs(str(written["data"])),
    }
    kept = {key: value for key, value in about.items() if value}
    return f"---\n{yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=1000)}---"


def _configs(data: str) -> list[dict[str, Any]]:
    """Configurations for ``load_dataset``, which reads all of them with the reader of the first."""
    path = PurePosixPath(data)
    if path.parent.name == "qrels":
        return [_config(name, f"{name}.jsonl") for name in ("corpus", "queries", "hard_negatives")]
    if path.suffix == ".parquet":
        main = _config(path.parent.name, f"{path.parent.name}/train-*")
        return [main | {"default": True}, _config("ids", "ids.parquet")]
    return [_config(path.parent.name, data)] if path.suffix == ".jsonl" else []


def _config(name: str, path: str) -> dict[str, Any]:
    return {"config_name": name, "data_files": [{"split": "train", "path": path}]}


def _numbers(training_set: TrainingSet, written: Mapping[str, int | str]) -> str:
    counts = training_set.counts
    lines = [f"| {counts[key]} | {text} |" for key, text in COUNTED.items() if counts[key]]
    if padding := backfilled(training_set):
        lines.append(f"| {padding} | negatives that only fill their query, drawn from the recipe's backfill |")
    if synthetic := sum(1 for _ in training_set.synthetic()):
        lines.append(f"| {synthetic} | negatives that a language model wrote, listed in `synthetic.jsonl` |")
    lines.append(f"| {written['rows']} | rows in `{written['data']}` |")
    if written["queries_left_out"]:
        text = "queries that the format cannot hold, wholly or in part, listed in `left_out.jsonl`"
        lines.append(f"| {written['queries_left_out']} | {text} |")
    return "## Numbers\n\n| count | of |\n| ---: | :--- |\n" + "\n".join(lines)


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


def _funnel(training_set: TrainingSet) -> str:
    selection = training_set.selection
    lines = [f"| {selection.candidates} | candidates |"]
    lines += [f"| -{count} | refused: {plain(stage)} |" for stage, count in selection.refused_counts]
    lines += [f"| -{selection.not_drawn} | allowed, but not drawn |"]
    lines += [f"| {int(selection.taken_counts.sum())} | taken |"]
    head = "## What was refused, and why\n\nEach candidate counts for the first step that refused it.\n\n"
    return head + "| count | of |\n| ---: | :--- |\n" + "\n".join(lines)


def _snippet(
    training_set: TrainingSet, entry: Entry, written: Mapping[str, int | str], knobs: Mapping[str, Any]
) -> str:
    """The exporter's snippet; DATA is the path, FILE its kind, GROUP the texts of a query, DISTIL if scores count."""
    data = str(written["data"])
    filled = {
        "DATA": data,
        "FILE": "parquet" if data.endswith(".parquet") else "json",
        "GROUP": str(training_set.count + 1),
        "DISTIL": str(bool(knobs.get("scores"))),
    }
    text = str(entry.trait("snippet", ""))
    for mark, value in filled.items():
        text = text.replace(mark, value)
    return f"```{entry.trait('language', 'python')}\n{text.strip()}\n```" if text else ""


FILES = {
    "ids.parquet": "row by row where the texts of the data come from: ids, grades, scores and ranks (0 is best), what "
    "labels added (`promoted`) and confirmed, and what only fills its query (`backfilled`)",
    "recipe.yaml": "the recipe; `negviz select --recipe recipe.yaml` takes it",
    "label_changes.jsonl": "what labels changed, if they changed anything",
    "left_out.jsonl": "what the format cannot hold, if there is anything",
    "manifest.json": "versions, fingerprints, counts and the SHA-256 of every other file",
}
BEIR_FILE = {"hard_negatives.jsonl": "the negatives, for which BEIR itself has no place: `qid`, `pos`, `neg`"}
TREC_FILE = {"qrels.trec": "the positives"}


def _files(written: Mapping[str, int | str]) -> str:
    data = str(written["data"])
    kept = dict(FILES)
    if data.endswith((".tsv", ".trec")):
        kept.pop("ids.parquet")
        kept = (BEIR_FILE if data.endswith(".tsv") else TREC_FILE) | kept
    lines = [f"- `{name}`: {text}" for name, text in {data: "the data", **kept}.items()]
    return "## Files\n\n" + "\n".join(lines)
