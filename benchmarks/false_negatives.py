"""Share of false negatives that each recipe takes on the sample, whose complete judgments are known.

    .venv/bin/negviz pool sample --out /tmp/pool    # any folder
    .venv/bin/python benchmarks/false_negatives.py /tmp/pool

A taken negative is false when the complete judgments give it grade 2 or 3. The interval is Wilson's, 95 percent; taken
negatives of one query are not independent, so it is somewhat too narrow. Mining reads none of this. Recipes that lack
an input on this pool are named at the end.
"""

import sys
from pathlib import Path

import numpy as np

from negviz.diagnostics.measured_false_negatives import measured_false_negatives
from negviz.errors import MissingInputError
from negviz.recipe import published
from negviz.select import select
from negviz.selection import Selection
from negviz.store import open_pool
from negviz.truth import Truth, read_truth

TRUTH = Path(__file__).resolve().parents[1] / "data" / "sample" / "truth" / "complete.tsv"


def main() -> None:
    """Print a row of a Markdown table for each recipe that runs on the pool."""
    pool = open_pool(Path(sys.argv[1]))
    truth = read_truth(TRUTH, pool.dataset, relevant_from=2, complete=True)
    left_out = []
    print("| recipe | taken | false | share | 95% interval | queries without one |\n|---|---|---|---|---|---|")
    for name, recipe in published().items():
        try:
            print(f"| `{name}` | {_cells(select(pool, recipe), truth)} |")
        except MissingInputError:
            left_out.append(name)
    print(f"\nNot run, for lack of an input: {', '.join(left_out)}.")


def _cells(selection: Selection, truth: Truth) -> str:
    pool = selection.pool
    rows, columns = np.nonzero(selection.taken)
    found = measured_false_negatives(
        *truth.verdicts(pool.queries[rows], pool.documents[rows, columns], len(pool.dataset.documents))
    )
    without = int((~selection.taken.any(axis=1)).sum())
    interval = f"{found.low:.1%} to {found.high:.1%}"
    return f"{found.taken:,} | {found.false_negatives:,} | {found.rate:.1%} | {interval} | {without}"


if __name__ == "__main__":
    main()
