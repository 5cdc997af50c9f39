"""What removing false negatives is worth to a student, and how near recipes and 100 labels come to knowing all of them.

    .venv/bin/python benchmarks/training.py adapter cacm=FOLDER lisa=FOLDER sample --out /tmp/training
    .venv/bin/python benchmarks/training.py static  cacm=FOLDER lisa=FOLDER sample --out /tmp/training

Of every query one positive is known, drawn by the seed; the others are hidden, so that they come in as negatives. Half
of the queries train, the other half measure, by the complete judgments; seeds draw other halves, other known positives
and another order. All arms of a seed share both, and see as many negatives as often. Differences are taken for each
query and seed, averaged over the seeds of a query, and the interval (bootstrap, BCa) is over queries. What is there in
the folder is not trained again.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from hidden import SAMPLE, Hidden, hidden, judgments_of

from negviz.home import home_folder
from negviz.labels import LabelEvent, Labels, Verdict
from negviz.recipe import Recipe, Step, find_recipe
from negviz.select import select
from negviz.store import open_pool, save_pool
from negviz.suspects import DIGITS
from negviz.suspicion import suspicion_model
from negviz.training.paired import adjusted, difference, estimate
from negviz.training.plan import Arm, Material, read_material, write_plan
from negviz.training.planning import make_plan, naive
from negviz.training.process import run_here
from negviz.training.report import outcome
from negviz.training.running import SPLIT
from negviz.training.schedule import find_schedule
from negviz.training.splitting import split_queries
from negviz.truth import Truth
from negviz.writing import MANIFEST

LABELLED = 100
RECIPES = ("nv_perc", "sentence_transformers", "nv_abs", "bge_window", "simans", "random")
NAIVE = "naive top-k"


def labels_of_100(given: Hidden, truth: Truth, train: np.ndarray) -> Labels:
    """What a person would say of the 100 most suspect of the naive negatives of the training queries."""
    pool = given.pool
    chosen = select(pool, replace(find_recipe("nv_topk"), count=COUNT))
    rows, columns = np.nonzero(chosen.taken)
    values = np.round(suspicion_model(pool).probabilities()[rows, columns], DIGITS)
    order = np.lexsort((pool.documents[rows, columns], pool.queries[rows], -values))
    kept = order[np.isin(rows[order], train)][:LABELLED]
    queries, documents = pool.queries[rows[kept]], pool.documents[rows[kept], columns[kept]]
    answers, _ = truth.verdicts(queries, documents, len(pool.dataset.documents))
    verdicts = [Verdict.FALSE_NEGATIVE if answer else Verdict.TRUE_NEGATIVE for answer in answers]
    rows = zip(queries.tolist(), documents.tolist(), verdicts, strict=True)
    return Labels.of(LabelEvent.of(pool.dataset, query, row, verdict) for query, row, verdict in rows)


COUNT = 8


def arms(recipes: list[Recipe], asked: argparse.Namespace) -> list[Arm]:
    """Naive first; then the oracle and the labels, each leaving out and promoting; then the recipes."""
    schedule = find_schedule("fixed").with_settings(rounds=asked.rounds, epochs=asked.epochs, negatives=asked.negatives)
    simple = replace(naive(find_recipe("nv_topk")), count=COUNT)
    found = [
        Arm(NAIVE, schedule.filled(simple)),
        Arm("oracle, left out", schedule.filled(simple), "judgments", promote=False),
        Arm("oracle, positives", schedule.filled(simple), "judgments"),
        Arm("100 labels, left out", schedule.filled(simple), "labels", promote=False),
        Arm("100 labels, positives", schedule.filled(simple), "labels"),
    ]
    if asked.few:
        return found[:3]
    return found + [Arm(recipe.name, schedule.filled(replace(recipe, count=COUNT))) for recipe in recipes]


def trained(name: str, place: Path, seed: int, asked: argparse.Namespace) -> Path:
    """Folder of the finished training of a collection with a seed."""
    out = asked.out / f"{asked.student}-{name}-{seed}"
    home = home_folder()
    if not (out / MANIFEST).is_file():
        pools = asked.out / "pools" / f"{name}-{seed}"
        given = hidden(place, seed, home)
        if not (pools / MANIFEST).is_file():
            save_pool(given.pool, pools)
        truth = judgments_of(place, given.pool.dataset)
        split = split_queries(given.pool, truth, seed=seed)
        labels = labels_of_100(given, truth, split.train)
        listed = arms([find_recipe(each) for each in RECIPES], asked)
        plan = make_plan(
            open_pool(pools), pools, listed, kind="table", title=name, student=student(asked), seeds=[seed],
            threads=asked.threads,
        )  # fmt: skip
        write_plan(out, Material(replace(plan, split_seed=seed), open_pool(pools), labels, truth))
    run_here(out, home)
    return out


def student(asked: argparse.Namespace) -> Step:
    """The student with its knobs."""
    return Step(asked.student, dict(item.split("=", 1) for item in asked.set), asked.student)


def values(folders: list[Path]) -> tuple[dict[str, dict[str, list[np.ndarray]]], dict[str, list[dict]]]:
    """Metrics of every arm by query id, one for each seed in which the query measured; and notes of the first round."""
    found: dict[str, dict[str, list[np.ndarray]]] = defaultdict(lambda: defaultdict(list))
    notes: dict[str, list[dict]] = defaultdict(list)
    for folder in folders:
        done = outcome(folder)
        ids = read_material(folder).pool.dataset.query_ids
        with np.load(folder / SPLIT) as split:
            dev = [ids[row] for row in split["dev"].tolist()]
        seed = done.plan.seeds[0]
        for number, arm in enumerate(done.plan.arms):
            for name, part in ((arm.name, None), ("before training", 0)):
                measured = done.values(number, [seed], part)[:, 0, :]
                if part == 0 and number:
                    continue
                for place, query in enumerate(dev):
                    found[name][query].append(measured[:, place])
            notes[arm.name].append(done.about(number, seed, 1))
    return found, notes


def table(name: str, folders: list[Path]) -> Iterator[str]:
    """Rows of a Markdown table."""
    found, notes = values(folders)
    queries = sorted(found[NAIVE])
    means = {arm: np.array([np.mean(rows[query], axis=0) for query in queries]).T for arm, rows in found.items()}
    yield f"\n**{name}**, {len(queries)} queries measured over {len(folders)} seeds\n"
    yield "| negatives | nDCG@10 | against naive top-k | p | MRR@10 | Recall@100 | false | hardness |"
    yield "|---|---|---|---|---|---|---|---|"
    others = [arm for arm in means if arm != NAIVE]
    gaps = {arm: difference(means[arm][0], means[NAIVE][0]) for arm in others}
    corrected = dict(zip(others, adjusted([gaps[arm].p for arm in others]), strict=True))
    for arm, rows in means.items():
        whole = [estimate(each) for each in rows]
        against = "–" if arm == NAIVE else f"{gaps[arm].mean:+.4f} ({gaps[arm].low:+.4f} to {gaps[arm].high:+.4f})"
        p = "–" if arm == NAIVE else f"{corrected[arm]:.3f}"
        first = notes.get(arm, [])
        false = sum(each["false"] for each in first) / max(sum(each["judged"] for each in first), 1)
        hard = np.mean([each["hardness"] for each in first]) if first else float("nan")
        told = [f"{100 * false:.1f}%", f"{hard:.3f}"] if first else ["–", "–"]
        yield (f"| {arm} | {whole[0].mean:.4f} ({whole[0].low:.4f} to {whole[0].high:.4f}) | {against} | {p} | "
               f"{whole[1].mean:.4f} | {whole[2].mean:.4f} | {' | '.join(told)} |")  # fmt: skip


def main() -> None:
    """Train and print a table for each collection."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("student")
    parser.add_argument("collections", nargs="+", help="'sample', or NAME=FOLDER of a BEIR folder with judgments")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--negatives", type=int, default=4, help="of a line in a step")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], metavar="KNOB=VALUE", help="of the student")
    parser.add_argument("--few", action="store_true", help="naive and the oracle alone")
    asked = parser.parse_args()
    sys.stdout.write(f"{json.dumps({name: str(value) for name, value in vars(asked).items()})}\n")
    for text in asked.collections:
        name, _, place = text.partition("=")
        folder = Path(place) if place else SAMPLE
        folders = [trained(name, folder, seed, asked) for seed in range(asked.seeds)]
        sys.stdout.write("\n".join(table(name, folders)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
