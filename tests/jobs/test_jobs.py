"""Jobs in this process: the same bytes as a pool that is made at once, whatever the blocks, and whatever stops them."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from negviz.block_files import Files
from negviz.engines import open_engine
from negviz.errors import CancelledError, DataError, ModelError
from negviz.jobs import pool_of_job, run_job
from negviz.jobs.plan import Plan
from negviz.jobs.running import save_pool_of, stages
from negviz.mine import build_pool
from negviz.store import open_pool, save_pool
from tests.unruly import Unruly

ASKED = {"encoder": "static", "depth": 10}


@pytest.fixture(scope="module")
def whole(dataset, tmp_path_factory):
    return build_pool(dataset, home=tmp_path_factory.mktemp("home"), **ASKED)


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def made(dataset, plan, place, scratch, engine=None):
    scratch.mkdir(parents=True, exist_ok=True)
    return pool_of_job(run_job(dataset, plan, str(place), engine=engine or open_engine()), scratch)


def test_the_stored_pool_has_the_same_bytes(dataset, planned, whole, node, tmp_path):
    job = run_job(dataset, planned(), str(tmp_path / "work"), engine=open_engine())
    assert save_pool_of(job, str(tmp_path / "pool")) == whole.summary()
    save_pool(whole, tmp_path / "whole")
    assert contents(tmp_path / "pool") == contents(tmp_path / "whole")


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.fixed_dictionaries(
        {
            "shard": st.integers(100, 1000),
            "span": st.integers(100, 1000),
            "block": st.integers(20, 300),
            "encoded": st.integers(50, 1000),
        }
    )
)
def test_the_pool_does_not_depend_on_the_blocks(dataset, planned, whole, node, tmp_path_factory, sizes):
    folder = tmp_path_factory.mktemp("job")
    assert made(dataset, planned(**sizes), folder / "work", folder / "scratch").fingerprint == whole.fingerprint


def test_blocks_that_come_in_another_order_or_twice_change_nothing(dataset, planned, whole, node, tmp_path):
    pool = made(dataset, planned(), tmp_path / "work", tmp_path / "scratch", Unruly())
    assert pool.fingerprint == whole.fingerprint


def test_every_kind_of_layer(dataset, node, planned, tmp_path):
    """A run, a checkpoint that is an encoder, given scorers; none of them is searched in another way."""
    run = tmp_path / "mine.trec"
    ids, queries = dataset.document_ids, dataset.query_ids
    lines = [f"{query} Q0 {ids[place * 7 % len(ids)]} 1 {place}.5 x" for place, query in enumerate(queries)]
    run.write_text("\n".join(lines), "utf-8")
    asked = {
        "encoder": "static", "depth": 5, "runs": (run,), "retrievers": ("dense", "bm25", "random", "similar_question"),
        "scorers": ("dense", "bm25", "similarity_to_positive"),
    }  # fmt: skip
    expected = build_pool(dataset, home=tmp_path / "home", **asked)
    run.write_text("\n".join(lines), "utf-8")
    pool = made(dataset, planned(**asked), tmp_path / "work", tmp_path / "scratch")
    assert pool.fingerprint == expected.fingerprint
    assert pool.origin == expected.origin


def test_a_stopped_job_goes_on_where_it_was(dataset, planned, whole, node, tmp_path):
    work, told = tmp_path / "work", []
    with pytest.raises(CancelledError, match="goes on"):
        run_job(dataset, planned(), str(work), engine=open_engine(), progress=lambda *each: told.append(each),
                cancelled=lambda: bool(told) and told[-1][0] == "retrieving: bm25")  # fmt: skip
    kept = {path: path.stat().st_mtime_ns for path in work.rglob("*.npy")}
    assert len(list((work / "found/dense").iterdir())) == 8
    assert not (work / "blocks").exists()
    pool = made(dataset, planned(), work, tmp_path / "scratch")
    assert pool.fingerprint == whole.fingerprint
    assert {path: path.stat().st_mtime_ns for path in kept} == kept, "a finished block was written again"


def test_any_block_that_is_lost_is_made_again(dataset, planned, whole, node, tmp_path):
    work = tmp_path / "work"
    job = run_job(dataset, planned(), str(work), engine=open_engine())
    for stage in stages(job):
        (work / stage.pieces[0][1]).unlink()
    assert made(dataset, planned(), work, tmp_path / "scratch").fingerprint == whole.fingerprint


def test_what_a_killed_worker_left_half_written_is_not_taken_for_a_block(dataset, planned, whole, node, tmp_path):
    work = tmp_path / "work"
    run_job(dataset, planned(), str(work), engine=open_engine())
    block = work / "blocks/00001.npz"
    (work / "blocks/.0123abcd-00001.npz").write_bytes(block.read_bytes()[:100])
    block.unlink()
    assert made(dataset, planned(), work, tmp_path / "scratch").fingerprint == whole.fingerprint


def test_another_job_at_the_same_place_is_refused(dataset, planned, node, tmp_path):
    run_job(dataset, planned(), str(tmp_path / "work"), engine=open_engine())
    with pytest.raises(DataError, match=r"holds another job.*--work"):
        run_job(dataset, planned(depth=11), str(tmp_path / "work"), engine=open_engine())


def test_other_blocks_are_no_other_job(dataset, planned, whole, node, tmp_path):
    run_job(dataset, planned(), str(tmp_path / "work"), engine=open_engine())
    pool = made(dataset, planned(shard=77, block=20), tmp_path / "work", tmp_path / "scratch")
    assert pool.fingerprint == whole.fingerprint
    assert len(list((tmp_path / "work/blocks").iterdir())) == 4


def test_a_folder_with_files_of_others_is_left_alone(dataset, planned, node, tmp_path):
    (tmp_path / "thesis.tex").write_text("all my work")
    with pytest.raises(DataError, match="no job of negviz, so it is left alone"):
        run_job(dataset, planned(), str(tmp_path), engine=open_engine())
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', '{"negviz job": 1}'])
def test_a_plan_that_is_none(dataset, planned, node, tmp_path, text):
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(DataError, match="holds something else than a job"):
        run_job(dataset, planned(), str(tmp_path), engine=open_engine())


def test_a_plan_comes_back_as_it_was(planned, tmp_path):
    plan = planned(runs=(Path("a.trec.gz"),), checkpoints=("sentence-transformers/x",))
    assert Plan.from_json(plan.to_json(), "there") == plan
    older = json.dumps({**json.loads(plan.to_json()), "negviz job": 0})
    with pytest.raises(DataError, match="version 0"):
        Plan.from_json(older, "there")


def test_workers_with_another_encoder_are_refused(dataset, planned, node, tmp_path):
    work = tmp_path / "work"
    job = run_job(dataset, planned(), str(work), engine=open_engine())
    about = work / job.folder_of("static") / "about.json"
    about.write_text(json.dumps({**json.loads(about.read_text()), "identity": "f" * 32}))
    (work / job.folder_of("static") / "documents/00000.npy").unlink()
    with pytest.raises(ModelError, match=r"is another one.*same libraries"):
        run_job(dataset, planned(), str(work), engine=open_engine())


def test_a_file_is_written_once_though_two_do_the_same_work(tmp_path):
    files = Files(str(tmp_path / "job"))

    def slower(path, array):
        """While this copy is at work, another one is finished."""
        files.write("a/b.npy", np.save, np.array([1]))
        np.save(path, array)

    files.write("a/b.npy", slower, np.array([2]))
    assert np.load(tmp_path / "job/a/b.npy") == 1
    assert files.names("a") == {"a/b.npy"}


def test_a_pool_of_a_job_shares_its_vectors_with_nobody(dataset, planned, node, tmp_path):
    """The job's files get a second name instead of being copied; removing the job leaves the pool whole."""
    job = run_job(dataset, planned(), str(tmp_path / "work"), engine=open_engine())
    save_pool_of(job, str(tmp_path / "pool"))
    job.files.remove()
    assert not (tmp_path / "work").exists()
    pool = open_pool(tmp_path / "pool")
    assert pool.embeddings is not None
    assert np.isfinite(pool.embeddings.documents).all()


def test_a_finished_job_makes_nothing_again(dataset, planned, node, tmp_path):
    work = str(tmp_path / "work")
    run_job(dataset, planned(), work, engine=open_engine())

    class Idle(Unruly):
        def run(self, work, tasks, **_):
            assert not tasks, f"{work.__name__} was to be done again"
            return iter(())

    run_job(dataset, planned(), work, engine=Idle())
