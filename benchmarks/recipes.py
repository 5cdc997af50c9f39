"""How long each published recipe takes on a stored pool of the sample: python benchmarks/recipes.py

Builds the pool with everything that needs neither a language model nor a download, then runs every recipe on a pool
that was opened anew (first run) and once more (what a slider costs), and prints the times, slowest first.
"""

import sys
import tempfile
import time
from pathlib import Path

from negviz.errors import NegvizError
from negviz.load import load
from negviz.mine import build_pool
from negviz.recipe import published
from negviz.select import select
from negviz.store import open_pool, save_pool

LIMIT = 5.0
SCORERS = ["dense", "bm25", "second_encoder", "late_interaction", "similarity_to_positive"]


def main() -> None:
    """Print a line a recipe."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp()) / "pool"
    if not folder.is_dir():
        save_pool(build_pool(load("sample"), scorers=SCORERS, checkpoints=["static"], depth=200), folder)
    rows, missing = [], []
    for name, recipe in published().items():
        pool = open_pool(folder)
        try:
            start = time.perf_counter()
            select(pool, recipe)
            first = time.perf_counter() - start
            start = time.perf_counter()
            select(pool, recipe.with_setting("seed=0"))
            rows.append((first, time.perf_counter() - start, name))
        except NegvizError as error:
            missing.append((name, str(error)))
    for first, again, name in sorted(rows, reverse=True):
        print(f"{name:<22} first {first:6.2f} s   again {again:6.3f} s{'   OVER THE LIMIT' if first > LIMIT else ''}")
    for name, sentence in missing:
        print(f"{name:<22} {sentence}")
    print(f"{len(rows)} recipes ran, the slowest in {max(rows)[0]:.2f} s (limit {LIMIT:g} s); {len(missing)} need more")


if __name__ == "__main__":
    main()
