import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from negviz.dataset import Judgments
from negviz.encode import open_encoder
from negviz.errors import CancelledError, DataError, MissingInputError, ModelError
from negviz.labels import LabelEvent, Labels
from negviz.recipe import Step, find_recipe
from negviz.select import select
from negviz.store import save_pool
from negviz.training import running
from negviz.training.evaluation import METRICS, evaluate
from negviz.training.events import read_journal
from negviz.training.plan import Arm, read_material
from negviz.training.running import (
    SPLIT,
    Runner,
    finished_rounds,
    limited_threads,
    read_negatives,
    run_plan,
    unit_folder,
)
from negviz.training.schedule import Schedule, find_schedule
from negviz.training.splitting import split_queries
from negviz.training.students._query_layer import Adapter
from negviz.truth import Truth
from negviz.writing import MANIFEST
from tests.pools import recipe
from tests.training.worlds import ADAPTER, TOP, planned, rounds, world

POOL = world(documents=80)
LOW_RANK = Step("adapter", {"learning_rate": 0.02, "batch_size": 3, "rank": 3}, "adapter")
SAMPLED = recipe(("rank_window", {"stop": 20}), count=5, draw="sample")
# What resuming could get wrong: draws that depend on the round, negatives of a round before, two stages.
ARMS = (
    Arm("lagging", rounds("ance", 3, SAMPLED, mined="newest", lag=1, in_batch=False, negatives=2, epochs=2)),
    Arm("stages", Schedule("two", (*rounds(number=1, epochs=2).stages, *rounds(number=2, mined="newest").stages))),
)


def left(folder):
    """Everything that counts of what a run leaves, by path; manifests without what the clock says."""
    found = {}
    for path in sorted((folder / "units").rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix in {".npy", ".safetensors"}:
            found[name] = path.read_bytes()
        elif path.suffix == ".npz":
            with np.load(path) as kept:
                found[name] = {key: kept[key].tobytes() for key in kept.files}
        elif path.name == MANIFEST:
            about = json.loads(path.read_text("utf-8"))
            about.pop("seconds", None)
            found[name] = about
        elif path.is_file():
            found[name] = None
    return found


def metrics(folder, arm=0, seed=0):
    unit = unit_folder(folder, arm, seed)
    names = ["before", *(f"{number + 1:03d}" for number in range(finished_rounds(unit)))]
    return np.stack([np.load(unit / name / "metrics.npy") for name in names])


def small(folder, *arms, **settings):
    """A plan of the arms with a low rank and two seeds."""
    given = {"seeds": (0, 1), "student": LOW_RANK, **settings}
    return planned(folder, POOL, *(arms or ARMS), **given)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What an uninterrupted run leaves, and how often it asked whether to stop."""
    base = tmp_path_factory.mktemp("whole")
    folder, asked = small(base), []
    run_plan(folder, home=base, stopped=lambda: bool(asked.append(1)))
    return left(folder), len(asked)


def test_a_run_leaves_what_a_report_reads(tmp_path):
    folder = small(tmp_path)
    run_plan(folder, home=tmp_path)
    split = split_queries(POOL)
    for arm in (0, 1):
        for seed in (0, 1):
            unit = unit_folder(folder, arm, seed)
            assert finished_rounds(unit) == 3
            found = metrics(folder, arm, seed)
            assert found.shape == (4, len(METRICS), len(split.dev))
            # Round 0 is the encoder itself.
            assert np.array_equal(found[0], evaluate(POOL.dataset, POOL.embeddings, split))
            assert not np.array_equal(found[0], found[3])
            assert not list(unit.glob(".*"))
            assert not (unit / "work").exists()
    # Of the first seed all models are kept, of the others the last one.
    kept = sorted(path.relative_to(folder / "units").as_posix() for path in folder.glob("units/000-*/*/model"))
    assert kept == ["000-0/001/model", "000-0/002/model", "000-0/003/model", "000-1/003/model"]
    with np.load(folder / SPLIT) as told:
        assert np.array_equal(told["train"], split.train)
        assert np.array_equal(told["dev"], split.dev)
    about = json.loads((unit_folder(folder, 0, 0) / "002" / MANIFEST).read_text("utf-8"))
    assert about["pairs"] == len(split.train)
    assert 0 <= about["overlap_before"] <= 1
    assert about["overlap_first"] == about["overlap_before"]
    assert set(about["seconds"]) == {"mining", "training", "measuring"}


def test_the_journal_tells_every_round_of_every_training(tmp_path):
    folder, heard = small(tmp_path), []
    run_plan(folder, home=tmp_path, told=heard.append)
    rows = read_journal(folder)[0]
    assert rows == heard
    told = [(row["seed"], row["arm"], row["round"]) for row in rows if row["kind"] == "round"]
    assert told == [(seed, arm, number) for seed in (0, 1) for arm in (0, 1) for number in range(4)]
    for row in rows:
        if row["kind"] == "round":
            means = metrics(folder, row["arm"], row["seed"])[row["round"]].mean(axis=1)
            assert list(row["metrics"].values()) == pytest.approx(means.tolist())
    doing = [row["doing"] for row in rows if row["kind"] == "step" and (row["arm"], row["seed"]) == (0, 0)]
    assert doing[0] == "mining"
    assert doing.count("measuring") == 3


def test_a_run_that_is_finished_has_nothing_more_to_do(tmp_path, monkeypatch):
    folder = small(tmp_path)
    run_plan(folder, home=tmp_path)
    before = left(folder)
    monkeypatch.setattr(Adapter, "learn", None)
    run_plan(folder, home=tmp_path)
    assert left(folder) == before


# Stopped, crashed, killed.


@pytest.mark.parametrize("part", range(12))
def test_a_run_that_is_stopped_anywhere_and_resumed_leaves_the_same_bytes(tmp_path, whole, part):
    wanted, number = whole
    assert number > 60
    last = 1 + part * (number - 1) // 11
    folder, asked = small(tmp_path), []

    def stopped():
        asked.append(1)
        return len(asked) >= last

    with pytest.raises(CancelledError):
        run_plan(folder, home=tmp_path, stopped=stopped)
    assert len(asked) == last
    run_plan(folder, home=tmp_path)
    assert left(folder) == wanted


def test_a_run_that_is_stopped_again_and_again_leaves_the_same_bytes(tmp_path, whole):
    folder, times = small(tmp_path), 0
    while times < 99:
        asked = []
        try:
            run_plan(folder, home=tmp_path, stopped=lambda asked=asked: len(asked) >= 9 or bool(asked.append(1)))
            break
        except CancelledError:
            times += 1
    assert 7 < times < 99
    assert left(folder) == whole[0]


class Crash(BaseException):
    """What no code catches, as little as it catches a kill."""


CRASHES = [(Adapter, "learn"), (Adapter, "save"), (running, "evaluate"), (running.Unit, "_observe"),
           (running.shutil, "rmtree"), (running, "_save_negatives"), (running.Journal, "round")]  # fmt: skip


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("owner", "name"), CRASHES, ids=[name for _, name in CRASHES])
def test_a_run_that_crashes_at_any_of_its_parts_and_is_resumed_leaves_the_same_bytes(
    tmp_path, whole, monkeypatch, owner, name, after
):
    """Each time that it starts, the third call of the part is its last, before or after it did its work."""
    folder, real, times = small(tmp_path), getattr(owner, name), 0
    while times < 59:
        calls = []

        def crash(*given, calls=calls, **more):
            calls.append(1)
            if len(calls) == 3 and not after:
                raise Crash
            found = real(*given, **more)
            if len(calls) == 3:
                raise Crash
            return found

        with monkeypatch.context() as patch:
            patch.setattr(owner, name, crash)
            try:
                run_plan(folder, home=tmp_path)
                break
            except Crash:
                times += 1
    assert 0 < times < 59
    assert left(folder) == whole[0]


# Everything is imported once, and each child that is to be killed starts from there.
CHILDREN = """
import os, sys
from pathlib import Path
import faiss, ir_measures, pytrec_eval, safetensors.numpy, scipy.stats, threadpoolctl, torch._dynamo
from negviz.training import running
from negviz.training.running import run_plan
running.STUDENTS.names()
for _ in range(int(sys.argv[3])):
    child = os.fork()
    if child == 0:
        run_plan(Path(sys.argv[1]), home=Path(sys.argv[2]))
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_a_process_that_is_killed_and_resumed_leaves_the_same_bytes(tmp_path):
    long = (Arm("long", rounds("ance", 24, SAMPLED, mined="newest", lag=1, epochs=4)),)
    folder, other = (small(tmp_path / name, *long, seeds=(0,), keep=False) for name in ("one", "two"))
    run_plan(folder, home=tmp_path)
    unit, kills = unit_folder(other, 0, 0), (2, 7, 12)
    given = [sys.executable, "-c", CHILDREN, str(other), str(tmp_path), str(len(kills))]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(given, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        for number in kills:
            child, end = int(parent.stdout.readline()), time.monotonic() + 60
            while finished_rounds(unit) < number and time.monotonic() < end:
                time.sleep(0.0005)
            os.kill(child, signal.SIGKILL)
            assert int(parent.stdout.readline()) == -signal.SIGKILL
            assert number <= finished_rounds(unit) < 24
    run_plan(other, home=tmp_path)
    assert left(other) == left(folder)


def test_what_a_killed_process_left_of_the_round_before_is_not_gone_on_from(tmp_path, monkeypatch):
    """A student may keep its own state within a round; that of another round must not be found."""
    seen = []
    learn = Adapter.learn

    def keeping(self, lessons, told, stopped, folder):
        seen.append([path.name for path in folder.iterdir()])
        (folder / "state").write_text("x")
        learn(self, lessons, told, stopped, folder)

    monkeypatch.setattr(Adapter, "learn", keeping)
    folder = small(tmp_path, ARMS[0], seeds=(0,))
    real = shutil.rmtree

    def crash(path, *given, **more):
        if Path(path).name == "work":
            raise Crash
        real(path, *given, **more)

    with monkeypatch.context() as patch:
        patch.setattr(running.shutil, "rmtree", crash)
        with pytest.raises(Crash):
            run_plan(folder, home=tmp_path)
    assert finished_rounds(unit_folder(folder, 0, 0)) == 1
    run_plan(folder, home=tmp_path)
    assert seen == [[], [], []]


def test_what_a_student_kept_within_a_round_is_there_when_the_round_goes_on(tmp_path, monkeypatch):
    seen = []

    def keeping(self, lessons, told, stopped, folder):
        seen.append([path.name for path in folder.iterdir()])
        (folder / "state").write_text("x")
        if len(seen) == 2:
            raise CancelledError("stop")

    monkeypatch.setattr(Adapter, "learn", keeping)
    folder = small(tmp_path, ARMS[0], seeds=(0,))
    with pytest.raises(CancelledError):
        run_plan(folder, home=tmp_path)
    run_plan(folder, home=tmp_path)
    assert seen == [[], [], ["state"], []]


# The same again.


def test_the_same_seed_is_the_same_training_and_another_one_is_not(tmp_path):
    folders = [small(tmp_path / name, ARMS[0], seeds=seeds) for name, seeds in (("a", (0, 1)), ("b", (1, 0)))]
    for folder in folders:
        run_plan(folder, home=tmp_path)
    for seed in (0, 1):
        one, other = (metrics(folder, seed=seed) for folder in folders)
        assert np.array_equal(one.round(4), other.round(4))
    models = [(unit_folder(folders[0], 0, seed) / "003/model/adapter.safetensors").read_bytes() for seed in (0, 1)]
    assert models[0] != models[1]


def test_an_arm_does_not_depend_on_the_arms_beside_it(tmp_path):
    alone, beside = small(tmp_path / "a", ARMS[1], seeds=(0,)), small(tmp_path / "b", seeds=(0,))
    for folder in (alone, beside):
        run_plan(folder, home=tmp_path)
    assert np.array_equal(metrics(alone), metrics(beside, arm=1))


def test_threads_make_no_difference_that_counts(tmp_path):
    folders = [small(tmp_path / str(threads), ARMS[0], seeds=(0,), threads=threads) for threads in (1, 2)]
    for folder in folders:
        run_plan(folder, home=tmp_path)
    assert np.abs(metrics(folders[0]) - metrics(folders[1])).max() < 1e-4


def test_threads_are_set_back():
    before = torch.get_num_threads()
    with limited_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
    with pytest.raises(CancelledError), limited_threads(before + 1):
        raise CancelledError("stop")
    assert torch.get_num_threads() == before


# What is kept.


def test_without_keeping_only_the_last_model_is_there(tmp_path):
    folder = small(tmp_path, keep=False)
    run_plan(folder, home=tmp_path)
    for unit in (folder / "units").iterdir():
        assert [path.parent.name for path in unit.glob("*/model")] == ["003"]
        assert not list(unit.glob("*/gaps.npy"))
        assert len(list(unit.glob("*/metrics.npy"))) == 4


def test_without_keeping_a_model_that_a_crash_left_goes_with_the_next_round(tmp_path, monkeypatch):
    folder = small(tmp_path, ARMS[0], seeds=(0,), keep=False)
    real = shutil.rmtree

    def crash(path, *given, **more):
        if Path(path) == unit_folder(folder, 0, 0) / "001" / "model":
            raise Crash
        real(path, *given, **more)

    with monkeypatch.context() as patch:
        patch.setattr(running.shutil, "rmtree", crash)
        with pytest.raises(Crash):
            run_plan(folder, home=tmp_path)
    run_plan(folder, home=tmp_path)
    assert [path.parent.name for path in unit_folder(folder, 0, 0).glob("*/model")] == ["003"]


def test_the_last_model_gives_the_vectors_that_were_measured(tmp_path):
    folder = small(tmp_path)
    run_plan(folder, home=tmp_path)
    material = read_material(folder)
    runner = Runner(folder, material, tmp_path, lambda: False)
    for arm, seed in material.plan.units:
        student = runner.student(seed)
        student.restore(unit_folder(folder, arm, seed) / "003" / "model")
        found = evaluate(material.pool.dataset, student.embeddings(), runner.split)
        assert np.array_equal(found, metrics(folder, arm, seed)[3])


def test_a_model_says_which_encoder_it_belongs_to(tmp_path):
    folder = small(tmp_path)
    run_plan(folder, home=tmp_path)
    model = unit_folder(folder, 0, 0) / "003" / "model"
    assert json.loads((model / "adapter.json").read_text("utf-8"))["identity"] == POOL.embeddings.identity
    with pytest.raises(ModelError):
        open_encoder(str(model), POOL.dataset, home=tmp_path)


# What cannot run.


def test_a_changed_pool_is_refused(tmp_path):
    folder = small(tmp_path)
    with pytest.raises(CancelledError):
        run_plan(folder, home=tmp_path, stopped=iter([False] * 8 + [True]).__next__)
    save_pool(world(documents=80, seed=1), tmp_path / "pool")
    with pytest.raises(DataError, match="another pool"):
        run_plan(folder, home=tmp_path)


def test_another_split_is_refused(tmp_path):
    folder = small(tmp_path, ARMS[0], seeds=(0,))
    run_plan(folder, home=tmp_path)
    shutil.copy(folder / SPLIT, tmp_path / "kept.npz")
    with np.load(tmp_path / "kept.npz") as kept:
        np.savez(folder / SPLIT, **{**dict(kept), "fingerprint": "0" * 32})
    with pytest.raises(DataError, match="other held-out queries"):
        run_plan(folder, home=tmp_path)
    (folder / SPLIT).write_bytes((tmp_path / "kept.npz").read_bytes()[:100])
    with pytest.raises(DataError, match="damaged") as error:
        run_plan(folder, home=tmp_path)
    assert "\n" not in str(error.value)


def test_a_checkpoint_that_is_damaged_gives_one_sentence(tmp_path):
    folder = small(tmp_path, ARMS[0], seeds=(0,))
    run_plan(folder, home=tmp_path)
    unit = unit_folder(folder, 0, 0)
    shutil.rmtree(unit / "003")
    (unit / "002/model/adapter.safetensors").write_bytes(b"{")
    with pytest.raises(ModelError, match="damaged") as error:
        run_plan(folder, home=tmp_path)
    assert "\n" not in str(error.value)


def test_an_arm_without_negatives_says_so(tmp_path):
    nothing = recipe(("rank_window", {"start": 900, "stop": 1000}), count=3)
    folder = small(tmp_path, Arm("nothing left", rounds(chosen=nothing, in_batch=False)))
    with pytest.raises(DataError, match=r"'nothing left' leaves no pair to learn from.*loosen the recipe") as error:
        run_plan(folder, home=tmp_path)
    assert "\n" not in str(error.value)


def test_an_arm_without_negatives_learns_from_those_of_the_batch(tmp_path):
    nothing = recipe(("rank_window", {"start": 900, "stop": 1000}), count=3)
    folder = small(tmp_path, Arm("batch", rounds(chosen=nothing)), seeds=(0,))
    run_plan(folder, home=tmp_path)
    about = json.loads((unit_folder(folder, 0, 0) / "001" / MANIFEST).read_text("utf-8"))
    assert (about["negatives"], about["hardness"]) == (0, None)
    assert about["loss"] > 0


def test_searching_at_every_step_needs_a_student_that_can(tmp_path, monkeypatch):
    monkeypatch.setattr(Adapter, "searches", False)
    folder = small(tmp_path, Arm("adore", find_schedule("adore")))
    with pytest.raises(MissingInputError, match="which only the student 'adapter' can"):
        run_plan(folder, home=tmp_path)


def test_a_device_that_is_not_there_is_named(tmp_path):
    folder = small(tmp_path, device="nowhere")
    with pytest.raises(MissingInputError, match="'nowhere', which is not there") as error:
        run_plan(folder, home=tmp_path)
    assert "\n" not in str(error.value)


def test_a_pool_without_vectors_says_what_to_do(tmp_path):
    folder = planned(tmp_path, replace(POOL, embeddings=None), Arm("a", rounds()))
    with pytest.raises(MissingInputError, match="--retriever dense"):
        run_plan(folder, home=tmp_path)


def test_stopped_before_it_began_nothing_is_there(tmp_path):
    folder = small(tmp_path)
    with pytest.raises(CancelledError):
        run_plan(folder, home=tmp_path, stopped=lambda: True)
    assert not (folder / "units").exists()


# All together.


def test_arms_that_are_cleaned_and_a_selection_at_hand(tmp_path):
    """Naive, cleaned by labels and by judgments, and a selection: only the cleaned ones are without it."""
    split = split_queries(POOL, truth := Truth("t", Judgments.of([(row, row, 1) for row in range(16)]), 1))
    query = int(POOL.queries[split.train[0]])
    chosen = select(POOL, TOP)
    wrong = int(POOL.documents[split.train[0], chosen.columns[split.train[0], 0]])
    truth = replace(truth, judgments=Judgments.of([*((row, row, 1) for row in range(16)), (query, wrong, 1)]))
    labels = Labels.of([LabelEvent.of(POOL.dataset, query, wrong, "false negative", annotator="me")])
    arms = [Arm("naive", rounds(number=1)), Arm("labels", rounds(number=1), cleaned="labels")]
    arms += [Arm("oracle", rounds(number=1), cleaned="judgments", promote=False)]
    arms += [Arm("given", replace(find_schedule("fixed").with_settings(rounds=1)), selection="chosen.parquet")]
    folder = planned(tmp_path, POOL, *arms, labels=labels, truth=truth, selections={"chosen.parquet": chosen})
    run_plan(folder, home=tmp_path)
    taken, about = [], []
    for arm in range(4):
        unit = unit_folder(folder, arm, 0) / "001"
        taken.append(wrong in read_negatives(unit / "negatives.npz")[query])
        about.append(json.loads((unit / MANIFEST).read_text("utf-8")))
    assert taken == [True, False, False, True]
    assert [each["false"] for each in about] == [1, 0, 0, 1]
    assert [each["pairs"] for each in about] == [8, 9, 8, 8]
    assert all(np.array_equal(metrics(folder, arm)[0], metrics(folder)[0]) for arm in range(4))


def test_a_published_recipe_is_trained_with(tmp_path):
    folder = small(tmp_path, Arm("nv", find_schedule("refreshed").filled(find_recipe("nv_perc"))), student=ADAPTER)
    run_plan(folder, home=tmp_path)
    assert metrics(folder).shape[0] == 6
