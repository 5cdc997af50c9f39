"""What tests of published methods share."""

import pytest

from negviz.errors import MissingInputError
from negviz.pool import Pool
from negviz.recipe import Recipe
from negviz.select import select


def runnable(pool: Pool, found: Recipe) -> Recipe:
    """The recipe, or a skip with its own words where the pool lacks an input."""
    try:
        select(pool, found)
    except MissingInputError as error:
        pytest.skip(str(error))
    return found
