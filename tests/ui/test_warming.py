"""Compiling ahead."""

import threading
from unittest import mock

from negviz.pool import Pool
from negviz.ui import warming
from tests.pools import line


def test_every_kind_of_loop_is_run(full: Pool) -> None:
    assert warming.run_each(full) == len(warming.RECIPES)


def test_a_pool_without_what_a_recipe_needs_is_passed_over() -> None:
    assert warming.run_each(line([0.5, 0.4], float("nan"))) < len(warming.RECIPES)


def test_a_small_pool_needs_no_compiling(full: Pool) -> None:
    with mock.patch.object(threading.Thread, "start") as start:
        warming.warm(full, lambda: full)
    start.assert_not_called()
    with mock.patch.object(threading.Thread, "start") as start, mock.patch.object(warming, "MANY", 1):
        warming.warm(full, lambda: full)
    start.assert_called_once()


def test_of_a_large_pool_counting_compiles(full: Pool) -> None:
    with (
        mock.patch.object(threading.Thread, "start") as start,
        mock.patch.object(warming, "MANY", 1), mock.patch.object(warming, "LARGE", 2),
    ):  # fmt: skip
        warming.warm(full, lambda: full)
    start.assert_not_called()
