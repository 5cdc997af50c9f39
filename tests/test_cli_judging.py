"""negviz judge and synthesise, before anything is sent: what they refuse, and what the plan tells people."""

import pytest

from negviz.cli import main
from negviz.store import open_pool, save_pool
from tests.pools import rich_pool

ASKED = {
    "judge": ["--method", "gecko", "--address", "http://127.0.0.1:9/v1", "--model", "m"],
    "synthesise": ["--address", "http://127.0.0.1:9/v1", "--model", "m"],
}


@pytest.fixture
def run(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEGVIZ_HOME", str(tmp_path / "home"))
    save_pool(rich_pool(), tmp_path / "pool")

    def call(verb, *arguments):
        capfd.readouterr()
        with pytest.raises(SystemExit) as done:
            main([verb, "pool", *ASKED[verb], *arguments])
        return done.value.code or 0, *capfd.readouterr()

    return call


@pytest.mark.parametrize("verb", sorted(ASKED))
@pytest.mark.parametrize("place", ["pool", "pool/", "link"])
def test_the_pool_that_is_read_is_not_written_over(run, tmp_path, verb, place):
    (tmp_path / "link").symlink_to("pool")
    before = open_pool(tmp_path / "pool").fingerprint
    code, out, err = run(verb, "--yes", "--out", place)
    assert (code, out) == (2, "")
    assert "is the pool that is read; name another folder" in err
    assert open_pool(tmp_path / "pool").fingerprint == before


@pytest.mark.parametrize("verb", sorted(ASKED))
def test_a_price_beyond_numbers_is_refused_by_name(run, verb):
    code, out, err = run(verb, "--price-in", "1e308", "--price-out", "1e308", "--json")
    assert (code, out) == (2, "")
    assert "'--price-in': 1e+308 is not in the range" in err


def test_the_plan_says_yes_or_no_in_words(run):
    code, out, err = run("judge", "--one-order")
    assert code == 0, err
    assert "both orders: no" in out
