"""Places beyond this machine's folders: a store in memory, and one that speaks S3."""

import json

import numpy as np
import pytest

from negviz.block_files import Files
from negviz.cli import main
from negviz.errors import DataError, MissingInputError
from negviz.workplace import check_out, delivered, fetched, is_remote, local_path, opened
from tests.s3 import bucket

__all__ = ["bucket"]


@pytest.fixture
def memory():
    """A store of fsspec in this process, emptied afterwards."""
    system, _ = opened("memory://job")
    yield "memory://job"
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def test_what_is_remote():
    assert is_remote("s3://bucket/pool")
    assert not is_remote("file:///tmp/pool")
    assert not is_remote("pool")
    assert str(local_path("file:///tmp/pool")) == "/tmp/pool"


def test_a_protocol_that_nobody_knows():
    with pytest.raises(MissingInputError, match="Protocol not known: gopher"):
        check_out("gopher://hole/pool")


def test_a_folder_of_this_machine_is_itself(tmp_path):
    assert fetched(tmp_path / "pool", tmp_path) == tmp_path / "pool"
    with delivered(tmp_path / "pool") as path:
        assert path == tmp_path / "pool"


def test_a_folder_goes_there_and_comes_back(memory, tmp_path):
    with delivered(f"{memory}/pool") as path:
        (path / "inner").mkdir(parents=True)
        (path / "inner/a.txt").write_text("a")
        (path / "manifest.json").write_text("{}")
    back = fetched(f"{memory}/pool", tmp_path)
    assert (back / "inner/a.txt").read_text() == "a"
    assert fetched(f"{memory}/pool", tmp_path) == back


def test_a_changed_folder_is_fetched_anew(memory, tmp_path):
    for text in ("old", "newer"):
        with delivered(f"{memory}/pool") as path:
            path.mkdir()
            (path / "a.txt").write_text(text)
        assert (fetched(f"{memory}/pool", tmp_path) / "a.txt").read_text() == text


def test_what_failed_is_not_delivered(memory):
    def write_half():
        with delivered(f"{memory}/a.txt") as path:
            path.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert not opened(memory)[0].exists("/job/a.txt")


def test_nothing_there(memory, tmp_path):
    with pytest.raises(DataError, match="There is nothing at memory://job/none"):
        fetched(f"{memory}/none", tmp_path)


@pytest.mark.parametrize("place", ["memory", "bucket"])
def test_files_of_blocks(place, request, monkeypatch, tmp_path):
    monkeypatch.setenv("NEGVIZ_NODE", str(tmp_path / "node"))
    files = Files(f"{request.getfixturevalue(place)}/blocks")
    assert files.names("a") == set()
    files.write("a/1.npy", np.save, np.arange(3))
    files.write("a/1.npy", np.save, np.arange(9))
    assert files.exists("a/1.npy")
    assert files.names("a") == {"a/1.npy"}
    assert np.load(files.path("a/1.npy")).tolist() == [0, 1, 2]
    with pytest.raises(DataError, match="There is nothing at"):
        files.path("a/2.npy")
    files.remove()
    assert files.names("") == set()
    assert not any((tmp_path / "node").rglob("*.npy"))


def test_from_data_to_selection_in_a_bucket(bucket, capfd, monkeypatch, tmp_path):
    """Data, the blocks of a job, the pool and the selection all lie in the store, and are those of a folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEGVIZ_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NEGVIZ_NODE", str(tmp_path / "node"))

    def run(*arguments):
        capfd.readouterr()
        with pytest.raises(SystemExit) as done:
            main([*arguments, "--json"])
        out, err = capfd.readouterr()
        assert not done.value.code, err
        return json.loads(out)

    with delivered(f"{bucket}/pairs.jsonl") as path:
        rows = [{"query": f"what is word{n}", "positive": f"word{n} is a thing number {n}"} for n in range(40)]
        path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    asked = ("--encoder", "static", "--depth", "5", "--scorer", "dense", "--scorer", "bm25")
    there = run("pool", f"{bucket}/pairs.jsonl", "--out", f"{bucket}/pool", "--work", f"{bucket}/job", *asked)
    here = run("pool", str(fetched(f"{bucket}/pairs.jsonl", tmp_path)), "--out", "pool", *asked)
    assert there == here
    assert opened(f"{bucket}/job")[0].find("negatives/job") == []
    for pool, out in ((f"{bucket}/pool", f"{bucket}/taken.parquet"), ("pool", "taken.parquet")):
        run("select", pool, "--recipe", "nv_topk", "--out", out)
    assert fetched(f"{bucket}/taken.parquet", tmp_path).read_bytes() == (tmp_path / "taken.parquet").read_bytes()


def test_a_disk_without_second_names(monkeypatch, tmp_path):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr("os.link", refuse)
    Files(str(tmp_path)).write("a/1.npy", np.save, np.arange(3))
    assert np.load(tmp_path / "a/1.npy").tolist() == [0, 1, 2]
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["1.npy"]
