"""``negviz pool`` in blocks: what is said beforehand, what is refused, and what is left behind."""

import json
import sys

import pytest

from negviz.store import open_pool

ASKED = ("--encoder", "static", "--depth", "10")


def test_a_dry_run_says_what_it_would_take_and_writes_nothing(negviz, tmp_path):
    code, out, _ = negviz("pool", "sample", "--out", "pool", "--dry-run", "--hourly", "0.5", "--json", *ASKED)
    assert code == 0
    told = json.loads(out)
    stages = {row["stage"]: row for row in told["stages"]}
    assert {"encoding with static", "indexing words", "retrieving: dense", "retrieving: bm25", "scoring"} <= set(stages)
    assert all(row["blocks"] >= 1 and row["seconds"] > 0 and row["memory"] > 0 for row in told["stages"])
    assert told["disk"] == sum(row["disk"] for row in told["stages"])
    assert told["core_hours"] == pytest.approx(sum(row["seconds"] for row in told["stages"]) / 3600, abs=1e-3)
    assert told["cost"] == pytest.approx(told["hours"] * told["workers"] * 0.5, abs=0.01)
    assert told["texts_per_second"]["static"] > 0
    assert not (tmp_path / "pool").exists()
    assert not (tmp_path / "pool.work").exists()


def test_a_dry_run_for_people(negviz):
    code, out, _ = negviz("pool", "sample", "--out", "pool", "--dry-run", *ASKED)
    assert code == 0
    assert "estimated time" in out
    assert "most memory of a worker" in out
    assert "estimated cost" not in out


def test_with_a_place_for_the_work_the_blocks_stay_if_asked(negviz, tmp_path):
    assert negviz("pool", "sample", "--out", "pool", "--work", "work", "--keep-work", *ASKED)[0] == 0
    assert (tmp_path / "work/plan.json").is_file()
    assert negviz("pool", "sample", "--out", "again", "--work", "work", *ASKED)[0] == 0
    assert not (tmp_path / "work").exists()
    assert open_pool(tmp_path / "pool").fingerprint == open_pool(tmp_path / "again").fingerprint


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (("--memory", "12"), "at least 64MB"),
        (("--memory", "plenty"), "wants an amount such as 2GB"),
        (("--address", "auto"), "--address names a Ray cluster"),
        (("--work", "gopher://hole"), "Protocol not known"),
        (("--precision", "bfloat16"), "precision"),
    ],
)
def test_what_is_refused(negviz, options, wanted):
    code, out, err = negviz("pool", "sample", "--out", "pool", *ASKED, *options)
    assert (code, out) == (2, "")
    assert wanted in err
    assert "Traceback" not in err


def test_without_ray_it_says_how_to_get_it(negviz, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    code, _, err = negviz("pool", "sample", "--out", "pool", "--engine", "ray", *ASKED)
    assert code == 2
    assert "pip install -r requirements-ray.txt" in err
