import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from negviz.dataset import Problem
from negviz.errors import DataError
from negviz.pool import Pool
from negviz.recipe import Step
from negviz.select import select
from negviz.selection import Selection
from negviz.store import open_pool, read_selection, save_pool, save_selection, selection_table
from negviz.writing import check_folder, file_written_beside, written_beside
from tests.pools import make_dataset, make_pool, recipe


def layers(pool: Pool):
    yield from (pool.queries, pool.documents, pool.positives, pool.flags)
    for group in (pool.ranks, pool.scores, pool.positive_scores):
        yield from (group[name] for name in sorted(group))


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_pool_comes_back_as_it_was(full, tmp_path):
    save_pool(full, tmp_path / "pool")
    back = open_pool(tmp_path / "pool")
    for old, new in zip(layers(full), layers(back), strict=True):
        assert old.dtype == new.dtype
        assert old.tobytes() == new.tobytes()
    assert back.fingerprint == full.fingerprint
    assert back.scales == full.scales
    assert back.dataset.documents.equals(full.dataset.documents)
    assert back.dataset.positives.of_query(3).tolist() == full.dataset.positives.of_query(3).tolist()
    assert select(back, recipe("relative_margin")).fingerprint == select(full, recipe("relative_margin")).fingerprint
    assert names_in(tmp_path) == ["pool"]


def test_the_stored_fingerprint_is_that_of_the_content(full, tmp_path):
    save_pool(full, tmp_path / "pool")
    back = open_pool(tmp_path / "pool")
    back.dataset.__dict__.pop("fingerprint")
    object.__setattr__(back, "stored_fingerprint", None)
    assert back.fingerprint == full.fingerprint


def test_opening_copies_nothing(full, tmp_path):
    save_pool(full, tmp_path / "pool")
    before = pa.total_allocated_bytes()
    back = open_pool(tmp_path / "pool")
    assert all(isinstance(layer, np.memmap) and not layer.flags.writeable for layer in layers(back))
    assert pa.total_allocated_bytes() - before < 10_000


def test_problems_facts_origin_and_held_out_judgments_come_back(tmp_path):
    dataset = make_dataset(
        1, 4, problems=[Problem("ä.tsv", None, "blank text", "x")], facts={"split": "train"},
        held_out=[("q00", "d003", 2)], given=[("q00", "d002")],
    )  # fmt: skip
    pool = make_pool([[0.5, 0.4]], [[0.9]], dataset=dataset, origin={"encoder": "minilm", "depth": 2})
    save_pool(pool, tmp_path / "ü pool")
    back = open_pool(tmp_path / "ü pool")
    assert back.dataset.problems == dataset.problems
    assert back.dataset.facts == {"split": "train"}
    assert back.origin == {"encoder": "minilm", "depth": 2}
    assert (back.dataset.held_out.documents.tolist(), back.dataset.given.documents.tolist()) == ([3], [2])


def test_saving_again_replaces_a_pool_that_is_open(tiny, full, tmp_path):
    save_pool(tiny, tmp_path / "pool")
    old = open_pool(tmp_path / "pool")
    save_pool(full, tmp_path / "pool")
    assert open_pool(tmp_path / "pool").fingerprint == full.fingerprint
    assert old.scores["dense"][0, 0] == np.float32(0.9)
    assert names_in(tmp_path) == ["pool"]


@pytest.mark.parametrize("manifest", [None, '{"name": "a web site"}', "[]", "not json"])
def test_a_folder_of_somebody_else_is_left_alone(tiny, tmp_path, manifest):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    if manifest:
        (tmp_path / "thesis" / "manifest.json").write_text(manifest)
    with pytest.raises(DataError, match="files that negviz did not write, so it is left alone"):
        save_pool(tiny, tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"


def test_a_file_in_the_place_of_the_folder_is_left_alone(tiny, tmp_path):
    (tmp_path / "pool").write_text("a file")
    with pytest.raises(DataError, match="is a file, but a folder is to be written there"):
        save_pool(tiny, tmp_path / "pool")
    assert (tmp_path / "pool").read_text() == "a file"


@pytest.mark.parametrize("write", [written_beside, file_written_beside])
def test_a_place_that_cannot_be_written_is_said_in_a_sentence(tmp_path, write):
    (tmp_path / "file").write_text("a file")
    with pytest.raises(DataError, match="file"), write(tmp_path / "file" / "pool"):
        pass
    assert (tmp_path / "file").read_text() == "a file"


def test_a_place_that_cannot_be_written_is_seen_before_long_work(tmp_path):
    (tmp_path / "file").write_text("a file")
    with pytest.raises(DataError, match="is a file; name another place"):
        check_folder(tmp_path / "file" / "below" / "pool")


@pytest.mark.parametrize("write", [written_beside, file_written_beside])
def test_a_full_disk_is_said_in_a_sentence_and_leaves_no_litter(tmp_path, write):
    with pytest.raises(DataError, match="No space left"), write(tmp_path / "out"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert list(tmp_path.iterdir()) == []


def test_a_query_row_that_the_dataset_lacks_is_damage(full, tmp_path):
    save_pool(full, tmp_path / "pool")
    layers = json.loads((tmp_path / "pool" / "manifest.json").read_text())["layers"]
    np.save(tmp_path / "pool" / layers["queries"], full.queries + 2**24)
    with pytest.raises(DataError, match="damaged"):
        open_pool(tmp_path / "pool")


def test_an_empty_folder_is_filled(tiny, tmp_path):
    (tmp_path / "pool").mkdir()
    save_pool(tiny, tmp_path / "pool")
    assert open_pool(tmp_path / "pool").fingerprint == tiny.fingerprint


@pytest.mark.parametrize(("writer", "name"), [(written_beside, "pool"), (file_written_beside, "file.parquet")])
def test_failure_while_writing_leaves_the_old_content_and_no_litter(tiny, tmp_path, writer, name):
    save_pool(tiny, tmp_path / "pool")

    def fail():
        with writer(tmp_path / name) as beside:
            (beside / "half" if beside.is_dir() else beside).write_text("x")
            raise RuntimeError("disk is full")

    with pytest.raises(RuntimeError, match="disk is full"):
        fail()
    assert open_pool(tmp_path / "pool").fingerprint == tiny.fingerprint
    assert names_in(tmp_path) == ["pool"]


KILLED = """
import os, sys, time
from pathlib import Path
import numpy as np
from negviz import store
from tests.pools import make_pool
calls = 0
real = np.save
def slow(*args, **more):
    global calls
    calls += 1
    real(*args, **more)
    if calls == int(sys.argv[2]):
        Path(sys.argv[1], "now").touch()
        time.sleep(60)
store.np.save = slow
store.save_pool(make_pool([[0.1, 0.2]], [[0.3]]), Path(sys.argv[1], "pool"))
"""


@pytest.mark.parametrize("existing", [True, False])
def test_killed_while_saving_leaves_the_old_pool_or_nothing(tiny, tmp_path, existing):
    if existing:
        save_pool(tiny, tmp_path / "pool")
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path), "5"], env={**os.environ, "PYTHONPATH": "."}
    )
    while not (tmp_path / "now").exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    if existing:
        assert open_pool(tmp_path / "pool").fingerprint == tiny.fingerprint
    else:
        assert not (tmp_path / "pool").exists()
        save_pool(tiny, tmp_path / "pool")
        assert open_pool(tmp_path / "pool").fingerprint == tiny.fingerprint


def damage_manifest(folder: Path, **change):
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "manifest.json").unlink(), "is not a pool"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "not readable JSON"),
        (lambda folder: (folder / "manifest.json").write_text("[1]"), "describes something else"),
        (lambda folder: damage_manifest(folder, version=99), "version 99, this negviz reads version 2"),
        (lambda folder: damage_manifest(folder, layers=[1]), "is damaged"),
        (lambda folder: damage_manifest(folder, layers={}), "is damaged"),
        (lambda folder: (folder / "003.npy").unlink(), "is damaged"),
        (lambda folder: (folder / "003.npy").write_bytes(b""), "is damaged"),
        (lambda folder: (folder / "003.npy").write_bytes(b"garbage"), "is damaged"),
        (lambda folder: os.truncate(folder / "001.npy", 140), "is damaged"),
        (lambda folder: os.truncate(folder / "documents.arrow", 60), "is damaged"),
        (lambda folder: (folder / "queries.arrow").write_bytes(b""), "is damaged"),
    ],
)
def test_damaged_pools_are_refused_in_a_sentence(tiny, tmp_path, damage, message):
    save_pool(tiny, tmp_path / "pool")
    damage(tmp_path / "pool")
    with pytest.raises(DataError, match=message):
        open_pool(tmp_path / "pool")


def test_arrays_with_pickles_are_never_opened(tiny, tmp_path):
    save_pool(tiny, tmp_path / "pool")
    np.save(tmp_path / "pool" / "000.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="is damaged"):
        open_pool(tmp_path / "pool")


def test_a_manifest_cannot_point_out_of_its_folder(tiny, tmp_path):
    save_pool(tiny, tmp_path / "pool")
    np.save(tmp_path / "outside.npy", np.array(tiny.queries))
    manifest = json.loads((tmp_path / "pool" / "manifest.json").read_text())
    manifest["layers"]["queries"] = "../outside.npy"
    (tmp_path / "pool" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DataError, match="is damaged"):
        open_pool(tmp_path / "pool")


@pytest.fixture
def chosen(tiny) -> Selection:
    return select(tiny, recipe(("relative_margin", {"margin": 0.1}), count=2))


def test_selection_columns_are_the_promised_ones(chosen, full):
    table = selection_table(chosen)
    assert table.column_names == ["query_id", "document_id", "rank", "dense", "weight", "taken", "refused_by"]
    assert selection_table(select(full, recipe())).column_names == [
        "query_id", "document_id", "rank", *full.scores, "weight", "taken", "refused_by",
    ]  # fmt: skip
    padded = selection_table(select(full, recipe(underfill="pad", backfill=Step("rank_window"))))
    assert padded.column_names[-3:] == ["taken", "backfilled", "refused_by"]


def test_selection_rows_by_hand(chosen):
    rows = selection_table(chosen).to_pylist()
    about = ("query_id", "document_id", "rank", "weight", "taken", "refused_by")
    assert [tuple(row[name] for name in about) for row in rows] == [
        ("q00", "d000", 0, 0.0, False, "labelled positive"),
        ("q00", "d001", 1, 1.0, True, None),
        ("q00", "d002", 2, 1.0, True, None),
        ("q00", "d003", 3, 1.0, False, None),
        ("q01", "d005", 0, 0.0, False, "relative_margin"),
        ("q01", "d001", 1, 0.0, False, "labelled positive"),
        ("q01", "d004", 2, 0.0, False, "relative_margin"),
    ]
    assert [row["dense"] for row in rows] == pytest.approx([0.9, 0.8, 0.8, 0.6, 0.95, 0.75, None])


def test_a_scorer_called_rank_does_not_hide_ours(tiny):
    scores = {"rank": np.zeros((2, 4), np.float32), "taken": np.ones((2, 4), np.float32)}
    pool = make_pool([[0.5] * 4] * 2, [[0.9]] * 2, more_scores=scores)
    names = selection_table(select(pool, recipe())).column_names
    assert names == ["query_id", "document_id", "rank", "dense", "score_rank", "score_taken", "weight", "taken", "refused_by"]  # fmt: skip  # noqa: E501


@pytest.mark.parametrize("draw", ["top", "sample"])
@pytest.mark.parametrize("underfill", ["keep", "drop"])
def test_a_selection_comes_back_as_it_was(full, tmp_path, draw, underfill):
    steps = ["relative_margin", ("near_positive", {"width": 0.2})]
    made = select(full, recipe(*steps, draw=draw, underfill=underfill, count=7, seed=5))
    save_selection(made, tmp_path / "s.parquet")
    back = read_selection(tmp_path / "s.parquet", full)
    assert back.fingerprint == made.fingerprint
    assert back.summary() == made.summary()
    assert np.array_equal(back.columns, made.columns)


def test_the_same_selection_is_the_same_file(full, tmp_path):
    for name in ("a.parquet", "b.parquet"):
        save_selection(select(full, recipe("relative_margin", draw="sample")), tmp_path / name)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert names_in(tmp_path) == ["a.parquet", "b.parquet"]


def test_a_selection_of_another_pool_or_of_nobody_is_refused(full, tiny, chosen, tmp_path):
    save_selection(chosen, tmp_path / "s.parquet")
    with pytest.raises(DataError, match="was made from another pool"):
        read_selection(tmp_path / "s.parquet", full)
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    (tmp_path / "text.parquet").write_text("hello")
    for name in ("other.parquet", "text.parquet"):
        with pytest.raises(DataError, match="is not a selection of negviz"):
            read_selection(tmp_path / name, tiny)
    with pytest.raises(DataError, match="There is no selection file"):
        read_selection(tmp_path / "none.parquet", tiny)
    with pytest.raises(DataError, match="is a folder, but a file"):
        save_selection(chosen, tmp_path)
