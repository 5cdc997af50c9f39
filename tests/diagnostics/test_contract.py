"""Every registered diagnostic and chart."""

import inspect

import pytest

from negviz.charts import CHARTS
from negviz.diagnostics import DIAGNOSTICS

ENTRIES = [*DIAGNOSTICS, *CHARTS]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.function.__module__)
def test_module_function_and_key_have_one_name_and_say_what_they_are(entry):
    assert entry.function.__name__ == entry.name == entry.function.__module__.rpartition(".")[2]
    assert entry.label
    assert inspect.getdoc(entry.function)
