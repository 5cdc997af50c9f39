import json
from itertools import islice

import numpy as np
import pytest

from negviz.errors import ExportError
from negviz.exporters import EXPORTERS
from negviz.training_set import make_training_set
from tests.exporters import three
from tests.exporters.three import NONE

NAMES = EXPORTERS.names()


@pytest.mark.parametrize("name", NAMES)
def test_module_function_and_key_are_one(name):
    entry = EXPORTERS.get(name)
    assert entry.function.__name__ == name == entry.function.__module__.rpartition(".")[2]
    assert entry.trait("trainer")
    assert entry.trait("snippet")
    assert entry.trait("reads") is not None
    assert len(entry.help) > 40
    assert all(knob.help for knob in entry.knobs)


@pytest.mark.parametrize("name", NAMES)
def test_counts_are_whole_numbers_and_name_the_data(name, tmp_path):
    counts = EXPORTERS.get(name).function(examples=make_training_set(three.selection(), NONE), folder=tmp_path)
    assert (tmp_path / counts["data"]).is_file()
    wanted = {"rows", "positives", "negatives", "left_out", "queries_left_out", "data", "data_files"}
    assert wanted <= set(counts)
    assert all(isinstance(count, int) for key, count in counts.items() if not key.startswith("data"))
    assert sum(counts["data_files"].values()) == counts["rows"]
    assert all((tmp_path / path).is_file() for path in counts["data_files"])


@pytest.mark.parametrize("name", NAMES)
def test_a_positive_among_the_negatives_is_refused(name, tmp_path):
    """q0 has d1 as positive and its copy d2, in other case and spacing, among the candidates; no flag says so."""
    pool = three.pool()
    positives = pool.positives.copy()
    positives[0, 1] = 1
    broken = type(pool)(**{**vars_of(pool), "positives": positives})
    with pytest.raises(ExportError, match=r"'d[12]' among its negatives"):
        EXPORTERS.get(name).function(examples=make_training_set(three.selection(of=broken), NONE), folder=tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_set_gives_the_same_bytes(name, tmp_path):
    function = EXPORTERS.get(name).function
    for half in ("one", "two"):
        (tmp_path / half).mkdir()
        function(examples=make_training_set(three.selection(), NONE), folder=tmp_path / half)
    one, two = (
        {p.relative_to(h): p.read_bytes() for p in sorted(h.rglob("*")) if p.is_file()}
        for h in (tmp_path / "one", tmp_path / "two")
    )
    assert one == two
    assert one


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_plain_values_without_nan(name):
    made = EXPORTERS.get(name).trait("rows")(make_training_set(three.selection(), NONE), [])
    rows = [row.data for row in islice(made, 50)]
    assert rows
    json.dumps(rows, allow_nan=False)
    assert not any(isinstance(value, np.generic) for row in rows for value in row.values())


def vars_of(pool):
    return {name: getattr(pool, name) for name in pool.__dataclass_fields__}
