"""Documents of a topical batch (METHODS C3)."""

import numpy as np

from negviz.batches import remembered
from negviz.sources.cluster_batch import cluster_batch
from negviz.sources.in_batch import in_batch
from tests.batches.test_clustering import subjects


def test_topical_batches_are_harder_than_random_ones():
    pool = subjects([20, 20, 20])
    topical = cluster_batch(pool, scorer="dense", seed=0, batch_size=10, clusters=3)
    random = in_batch(pool, scorer="dense", seed=0, batch_size=10)
    middles = [float(np.nanmedian(found.scores["dense"][found.present])) for found in (topical, random)]
    assert middles[0] > 0.9
    assert middles[1] < 0.5


def test_origin_says_how_many_clusters_were_used(full):
    found = cluster_batch(full, scorer="dense", seed=0)
    assert found.origin["source"]["clusters"] == 2
    assert found.origin["source"]["per_batch"] == 1
    assert remembered(found).masked is False
