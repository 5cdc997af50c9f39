"""Options of the verbs that work block by block, as scripts meet them."""

import json

import pytest

from negviz.cli import main
from negviz.recipe import find_recipe
from negviz.select import select
from negviz.store import open_pool, save_pool, save_selection
from tests.pools import rich_pool

TAKEN = ("--selection", "s.parquet")
VERBS = {
    "select": ("--recipe", "nv_perc", "--out", "out.parquet"),
    "export": (*TAKEN, "--format", "n-tuple", "--out", "out"),
    "suspects": (*TAKEN, "--out", "out.csv", "--top", "5"),
    "audit": (*TAKEN, "--out", "out.html"),
}


@pytest.fixture
def ran(capfd, tmp_path, monkeypatch):
    """Run a verb on a stored pool beside which a selection lies; gives exit code and what was printed."""
    monkeypatch.chdir(tmp_path)
    pool = rich_pool()
    save_pool(pool, tmp_path / "pool")
    save_selection(select(open_pool(tmp_path / "pool"), find_recipe("nv_perc")), tmp_path / "s.parquet")

    def run(verb, *more):
        capfd.readouterr()
        with pytest.raises(SystemExit) as done:
            main([verb, "pool", *VERBS[verb], *more])
        return done.value.code or 0, *capfd.readouterr()

    return run


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_a_budget_and_an_engine_and_leaves_nothing_behind(verb, ran, tmp_path):
    code, out, err = ran(verb, "--engine", "local", "--memory", "64MB", "--json")
    assert code == 0, err
    assert json.loads(out)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--memory", "much"), "--memory was given 'much'"),
        (("--memory", "1"), "at least 64MB are needed"),
        (("--address", "auto"), "--address names a Ray cluster; give --engine ray, too"),
    ],
)
def test_odd_options_are_refused_in_a_sentence(verb, options, said, ran, tmp_path):
    code, _, err = ran(verb, *options)
    assert code != 0
    assert said in err
    assert "Traceback" not in err
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("out")]


def test_a_budget_does_not_change_the_selection(ran, tmp_path):
    assert ran("select", "--memory", "64MB")[0] == 0
    assert (tmp_path / "out.parquet").read_bytes() == (tmp_path / "s.parquet").read_bytes()


def test_what_cannot_be_bounded_is_told(ran, monkeypatch):
    monkeypatch.setattr("negviz.selecting.OF_WHOLE", 1 << 20)
    monkeypatch.setitem(VERBS, "select", ("--recipe", "in_batch", "--out", "out.parquet"))
    code, _, err = ran("select", "--memory", "64MB")
    assert code == 0, err
    assert "'in_batch' looks across queries" in err
