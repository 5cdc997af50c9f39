"""docs/scale.md says what its scripts reckon, from the unit costs that are on record."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "scale.md").read_text("utf-8")
NAMES = ("units", "disk", "memory", "work", "hours", "indexes")


@pytest.fixture
def script(monkeypatch):
    """Import of a script by name."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module


def table(name):
    found = re.findall(rf"<!-- table: {name} -->\n(.*?)\n<!-- end -->", TEXT, re.DOTALL)
    assert len(found) == 1, name
    return found[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_table_is_what_the_script_reckons(script, name):
    assert table(name) == script("scale_arithmetic").TABLES[name]()


def test_every_table_of_the_script_is_checked(script):
    assert set(NAMES) == set(script("scale_arithmetic").TABLES)


@pytest.mark.parametrize("name", ["crews", "blocks"])
def test_a_table_is_what_the_simulation_says(script, name):
    pytest.importorskip("simpy")
    assert table(name) == script("schedule").document_tables()[name]


def test_jobs_are_cut_as_they_are_reckoned(script):
    from negviz import mine
    from negviz.jobs import plan

    reckoned = script("scale_arithmetic")
    for name in ("PER_DOCUMENT", "MOST_DOCUMENTS", "MOST_QUERIES", "ENCODED", "SHARE"):
        assert getattr(reckoned, name) == getattr(plan, name), name
    assert reckoned.PER_CANDIDATE == mine.PER_CANDIDATE


def test_a_line_of_arithmetic_by_hand(script):
    """10 million documents at 384 x 4 bytes are 14.3 GiB; 500,000 x 10 million x 768 / 97.5 GFLOP/s are 10.9 hours."""
    reckoned = script("scale_arithmetic")
    assert "| vectors | documents x 384 x 4 bytes | 14 GiB |" in reckoned.table_of_disk()
    expected = 500_000 * 10_000_000 * 768 / (reckoned.units()["search_rate"] * 1e9)
    assert reckoned.searching(10_000_000) == pytest.approx(expected)
    assert reckoned.hours(expected) == f"{expected / 3600:,.0f}"


def test_options_in_the_commands_exist():
    from negviz.cli.pools import pool

    known = {text for option in pool.params for text in option.opts}
    named = {word for line in TEXT.splitlines() if "negviz pool" in line for word in re.findall(r"--[a-z-]+", line)}
    assert named <= known


def test_what_was_not_measured_is_marked(script):
    units = script("scale_arithmetic").table_of_units().splitlines()
    gpu = [line for line in units if "GPU" in line]
    assert gpu
    assert all("assumed, not measured here" in line for line in gpu)
