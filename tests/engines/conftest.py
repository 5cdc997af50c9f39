"""The cluster of these tests."""

from tests.cluster import cluster, ray

__all__ = ["cluster", "ray"]
