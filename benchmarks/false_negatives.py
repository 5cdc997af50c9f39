"""Share of false negatives that each recipe takes on the sample, whose complete judgments are known.

    .venv/bin/negviz pool sample --out /tmp/pool    # any folder
    .venv/bin/python benchmarks/false_negatives.py /tmp/pool

A taken negative is false when the complete judgments give it grade 2 or 3. The interval is Wilson's, 95 percent; taken
negatives of one query are not independent, so it is somewhat too narrow. Mining reads none of this.
"""

import csv
import sys
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from negviz.recipe import published
from negviz.select import select
from negviz.store import open_pool

TRUTH = Path(__file__).resolve().parents[1] / "data" / "sample" / "truth" / "complete.tsv"
RELEVANT = 2


def main() -> None:
    pool = open_pool(Path(sys.argv[1]))
    with TRUTH.open(encoding="utf-8") as file:
        rows = csv.DictReader(file, delimiter="\t")
        relevant = {(row["query-id"], row["corpus-id"]) for row in rows if int(row["score"]) >= RELEVANT}
    print("| recipe | taken | false | share | 95% interval | starved queries |\n|---|---|---|---|---|---|")
    for name, recipe in published().items():
        selection = select(pool, recipe)
        pairs = [
            (pool.dataset.query_id(pool.queries[row]), pool.dataset.document_id(pool.documents[row, column]))
            for row, column in zip(*np.nonzero(selection.taken), strict=True)
        ]
        false = sum(pair in relevant for pair in pairs)
        interval = binomtest(false, len(pairs)).proportion_ci(method="wilson")
        share = f"{false / len(pairs):.1%} | {interval.low:.1%} to {interval.high:.1%}"
        print(f"| `{name}` | {len(pairs):,} | {false} | {share} | {int(selection.starved.sum())} |")


if __name__ == "__main__":
    main()
