"""Selections made by hand, for the findings."""

import numpy as np

from negviz.arrays import PAD
from negviz.dataset import Dataset
from negviz.findings import Case, run_finding
from negviz.given_negatives import GIVEN, given_selection
from negviz.select import select
from tests.pools import make_pool, recipe


def case_of(pool, *steps, labels=None, truth=None, held_out=None, **settings):
    """A case of what a recipe takes from a pool."""
    selection = select(pool, recipe(*steps, **settings))
    more = {} if labels is None else {"labels": labels}
    return Case(selection, truth=truth, held_out=held_out, **more)


def given_case(rows, *, positives=None, texts=None, queries=None, flags=None, scores=None, random=(), **more):
    """A case of given negatives: for each query the documents that came with it, as rows of documents.

    Args:
        rows: For each query the rows of its given negatives.
        positives: For each query the rows of its positives; the first document where not given.
        texts: Of the documents.
        queries: Texts of the queries.
        flags: For each query the leak bits of its negatives.
        scores: For each query the scores of its candidates; 0.5 where not given.
        random: For each query rows of random documents beside.
        more: For the case.
    """
    total = len(rows)
    own = positives or [[0]] * total
    beside = list(random) or [[]] * total
    wide = max(len(one) + len(other) for one, other in zip(rows, beside, strict=True))
    table = np.full((total, max(wide, 1)), PAD)
    ranks = {name: np.full(table.shape, -1, dtype=np.int32) for name in (GIVEN, "random")}
    bits = np.zeros(table.shape)
    for place, (mine, others) in enumerate(zip(rows, beside, strict=True)):
        order = np.argsort([*mine, *others], kind="stable")
        table[place, : len(order)] = np.array([*mine, *others])[order]
        leaks = flags[place] if flags else [0] * len(mine)
        bits[place, : len(order)] = np.array([*leaks, *[0] * len(others)])[order]
        ranks[GIVEN][place, : len(order)] = np.where(order < len(mine), order, -1)
        ranks["random"][place, : len(order)] = np.where(order >= len(mine), order, -1)
    size = max(int(table.max()), *(max(each) for each in own)) + 1
    told = texts or [f"answer number {row}" for row in range(size)]
    asked = queries or [f"question number {row}" for row in range(total)]
    documents = [(f"d{row:03}", "", text) for row, text in enumerate(told)]
    named = [(f"q{row:02}", text) for row, text in enumerate(asked)]
    dataset = Dataset.build(
        name="given", format="test", documents=documents, queries=named,
        positives=[(f"q{place:02}", f"d{row:03}", 1) for place, each in enumerate(own) for row in each],
        given=[(f"q{place:02}", f"d{row:03}") for place, each in enumerate(rows) for row in each],
    )  # fmt: skip
    widest = max(map(len, own))
    columns = [[*each, *[PAD] * (widest - len(each))] for each in own]
    values = np.full(table.shape, 0.5) if scores is None else np.array(scores, dtype=np.float64)
    pool = make_pool(
        np.where(table == PAD, np.nan, values), np.where(np.array(columns) == PAD, np.nan, 0.8), documents=table,
        positives=columns, flags=bits, ranks=ranks, dataset=dataset,
    )  # fmt: skip
    return Case(given_selection(pool), **more)


def found(name, case):
    """What a finding says of a case."""
    return run_finding(name, case)
