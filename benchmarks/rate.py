"""Whether the interval of ``negviz rate`` holds what it promises: simulated audits of pools whose truth is known.

    .venv/bin/negviz pool sample --out /tmp/pool          # any folder
    .venv/bin/python benchmarks/rate.py /tmp/pool         # some minutes; a second argument: how many audits

Every audit draws a sample of a selection with a seed of its own, as ``negviz sample`` does, hears the truth about it,
and estimates the rate as ``negviz rate`` does. Counted is how often the 95 percent interval contains the true rate, on
which side it misses, and how wide it is; the weighted sample is drawn by the suspicion model without any label.

At the end stands what the uniform interval covers exactly, by the hypergeometric distribution and without any draw: 500
audits alone are off by up to two points (two standard errors).

First the published recipes with the sample's complete judgments. Then planted truth: a selection of many negatives in
which a negative is false with a probability that rises with its suspicion, scaled to a wanted rate.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.stats import hypergeom

from negviz.arrays import Bools, Floats, uniform
from negviz.errors import NegvizError
from negviz.intervals import wilson, worth
from negviz.labelled_sample import FALSE, TRUE, LabelledSample
from negviz.pool import Pool
from negviz.queue import chance, weighted_chance
from negviz.rating import CONFIDENCE
from negviz.recipe import find_recipe
from negviz.select import select
from negviz.selection import Selection
from negviz.store import open_pool
from negviz.suspicion import suspicion_model
from negviz.truth import read_truth

TRUTH = Path(__file__).resolve().parents[1] / "data" / "sample" / "truth" / "complete.tsv"
AUDITS = 500
BAR = (0.93, 0.97)
SIZES = (50, 100, 300, 500)
EXACT_OF = 5280
RATES = (0.005, 0.01, 0.03, 0.1, 0.2, 0.3)
RECIPES = ("coder", "ance", "arctic_v2", "bm25", "nv_perc", "ambiguous_zone")
WAYS = ("uniform", "weighted", "weighted, model")


@dataclass(frozen=True)
class Held:
    """What a row of audits came to: coverage, how often the truth was below and above, mean width, design effect."""

    coverage: float
    below: float
    above: float
    width: float
    effect: float


def main() -> None:
    """Print a row a selection and size, and how many of the rows keep the bar."""
    pool = open_pool(Path(sys.argv[1]))
    audits = int(sys.argv[2]) if len(sys.argv) > 2 else AUDITS
    suspicion = suspicion_model(pool).probabilities().astype(np.float64)
    print("| selection | negatives | true rate | sample | " + " | ".join(WAYS) + " |")
    print("|---|---|---|---|" + "---|" * len(WAYS))
    kept: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for name, selection, false in (*_judged(pool), *_planted(pool, suspicion)):
        negatives, rate = int(selection.taken.sum()), float(false[selection.taken].mean())
        for size in (size for size in SIZES if size < 0.75 * negatives):
            row = {way: audited(selection, false, suspicion, size, way, audits) for way in WAYS}
            for way, held in row.items():
                kept[way].append((held.coverage, rate * size))
            cells = " | ".join(
                f"{held.coverage:.1%} (−{held.below:.1%} +{held.above:.1%}), {100 * held.width:.1f}, {held.effect:.2f}"
                for held in row.values()
            )
            print(f"| {name} | {negatives:,} | {rate:.1%} | {size} | {cells} |", flush=True)
    for way, found in kept.items():
        inside = [BAR[0] <= coverage <= BAR[1] for coverage, _ in found]
        usual = [good for good, (_, expected) in zip(inside, found, strict=True) if expected >= 5]
        print(
            f"\n{way}: {sum(inside)} of {len(inside)} rows within {BAR[0]:.0%} to {BAR[1]:.0%}, mean "
            f"{np.mean([coverage for coverage, _ in found]):.1%}; with five or more false ones expected in the sample "
            f"{sum(usual)} of {len(usual)}"
        )

    print(
        "\n| uniform, exactly | " + " | ".join(f"{size} labels" for size in SIZES) + " |\n|---|" + "---|" * len(SIZES)
    )
    for rate in RATES:
        print(f"| {rate:.1%} | " + " | ".join(f"{covered(EXACT_OF, rate, size):.1%}" for size in SIZES) + " |")


def covered(negatives: int, rate: float, size: int) -> float:
    """Exact coverage of the interval of a uniform sample."""
    false = round(rate * negatives)
    seen = np.arange(size + 1)
    chances = hypergeom(negatives, false, size).pmf(seen)
    inside = 0.0
    for hits, part in zip(seen.tolist(), chances.tolist(), strict=True):
        low, high = wilson(hits / size, worth(size, negatives), CONFIDENCE)
        low, high = max(low, hits / negatives), min(high, 1 - (size - hits) / negatives)
        inside += part * (low - 1e-12 <= false / negatives <= high + 1e-12)
    return inside


def _judged(pool: Pool) -> Iterator[tuple[str, Selection, Bools]]:
    """Published recipes, with the sample's complete judgments."""
    truth = read_truth(TRUTH, pool.dataset, relevant_from=2, complete=True)
    queries = np.broadcast_to(pool.queries[:, None], pool.documents.shape)
    relevant, _ = truth.verdicts(queries.ravel(), np.maximum(pool.documents, 0).ravel(), len(pool.dataset.documents))
    for name in RECIPES:
        try:
            selection = select(pool, find_recipe(name))
        except NegvizError as error:
            print(f"not run, {error}", file=sys.stderr)
            continue
        if selection.taken.any():
            yield f"`{name}`", selection, relevant.reshape(pool.documents.shape)


def _planted(pool: Pool, suspicion: Floats) -> Iterator[tuple[str, Selection, Bools]]:
    """Thirty negatives a query, with truth that agrees with the suspicion as a middling model does."""
    selection = select(pool, replace(find_recipe("nv_topk"), count=30))
    known = np.nan_to_num(suspicion, nan=0.0)
    noise = uniform(pool.pair_keys, seed=7)
    hidden = 1.5 * np.log(known + 1e-4) + np.log(noise / (1 - noise))
    for rate in RATES:
        limit = np.quantile(hidden[selection.taken], 1 - rate)
        yield f"planted {rate:.1%}", selection, np.asarray(hidden > limit)


def audited(selection: Selection, false: Bools, suspicion: Floats, size: int, way: str, audits: int) -> Held:
    """Audit a selection many times with samples of their own."""
    true = float(false[selection.taken].mean())
    found = np.array([_once(selection, false, suspicion, size, way, seed) for seed in range(audits)])
    low, high, effect = found.T
    below, above = float((true < low - 1e-12).mean()), float((true > high + 1e-12).mean())
    return Held(1 - below - above, below, above, float((high - low).mean()), float(effect.mean()))


def _once(
    selection: Selection, false: Bools, suspicion: Floats, size: int, way: str, seed: int
) -> tuple[float, float, float]:
    pool, taken = selection.pool, selection.taken
    chances: Floats
    if way == "uniform":
        priority, probability = chance(pool, taken, seed=seed, size=size)
        chances = np.full(taken.shape, probability)
    else:
        priority, chances = weighted_chance(pool, taken, suspicion=suspicion, seed=seed, size=size)
    rows, columns = np.nonzero(np.isfinite(priority))
    codes = np.where(false[rows, columns], FALSE, TRUE).astype(np.int8)
    sample = LabelledSample(
        selection, taken, taken & False, rows.astype(np.int32), columns.astype(np.int32), codes,
        chances[rows, columns], np.arange(len(rows), dtype=np.int32), [""] * len(rows), CONFIDENCE,
    )  # fmt: skip
    estimate = sample.share(taken, int(taken.sum()))
    if way == WAYS[2]:
        estimate = sample.assisted(suspicion) or estimate
    return estimate.span.low, estimate.span.high, estimate.effect


if __name__ == "__main__":
    main()
