"""negviz train, as scripts and people meet it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from negviz.cli import main
from negviz.home import home_folder
from negviz.mine import build_pool
from negviz.store import save_pool
from negviz.training import process
from negviz.training.report import outcome, report
from tests.commands import numbers
from tests.e2e.subjects import dataset

QUICK = ("--rounds", "2", "--epochs", "1", "--seeds", "2", "--threads", "1")
ONE = ("--recipe", "nv_perc", *QUICK)
SWEEP = (*ONE, "--knob", "relative_margin.margin")
JUDGED = ("--judgments", "truth.tsv", "--complete")
KEYS = {
    "title", "kind", "folder", "pool", "student", "queries", "seeds", "rounds", "rounds_done", "finished", "metrics",
    "knob", "before", "arms", "sentences",
}  # fmt: skip


@pytest.fixture(scope="module")
def mined(tmp_path_factory):
    """A small pool with vectors, and the home in which those are."""
    place = tmp_path_factory.mktemp("mined")
    save_pool(build_pool(dataset(), encoder="static", depth=30, home=place / "home"), place / "pool")
    return place


@pytest.fixture
def ran(capfd, tmp_path, monkeypatch, mined):
    """Run the command line beside the pool; gives exit code, standard output and standard error."""
    (tmp_path / "pool").symlink_to(mined / "pool")
    monkeypatch.chdir(tmp_path)

    def run(*arguments, verb="train"):
        capfd.readouterr()
        with pytest.raises(SystemExit) as done:
            main([verb, *map(str, arguments)])
        return done.value.code or 0, *capfd.readouterr()

    return run


@pytest.fixture
def truth(tmp_path):
    """Judgments in which every query has a second answer among its candidates."""
    rows = "".join(f"q{row}\td{number:03}\t1\n" for row in range(12) for number in (row, row + 12))
    (tmp_path / "truth.tsv").write_text(f"query-id\tcorpus-id\tscore\n{rows}")


def told(outcome):
    """The sentence of a run that was refused."""
    code, out, err = outcome
    assert (code, out) == (2, ""), err
    assert "Traceback" not in err
    lines = [line for line in err.splitlines() if line.strip() and not line.startswith("negviz: training in")]
    assert len(lines) == 1, err
    return lines[0]


def test_json_is_one_document_with_what_the_report_of_the_folder_has(ran, tmp_path):
    found = numbers(ran("pool", *ONE, "--out", "run", "--json"))
    assert found.keys() >= KEYS
    assert found == json.loads(json.dumps(report(tmp_path / "run"))) | {"folder": found["folder"]}
    assert (found["kind"], found["rounds"], found["rounds_done"], found["finished"]) == ("train", 4, 4, True)
    assert found["queries"]["train"] + found["queries"]["dev"] == 12
    (arm,) = found["arms"]
    assert arm["seeds_done"] == 2
    assert 0 <= arm["final"]["nDCG@10"]["low"] <= arm["final"]["nDCG@10"]["mean"] <= arm["final"]["nDCG@10"]["high"]


def test_without_a_place_it_lies_in_the_home_and_the_page_shows_it(ran):
    found = numbers(ran("pool", *ONE, "--json"))
    (training,) = process.trainings(home_folder())
    assert Path(found["folder"]) == training.folder
    assert training.state == "done"


def test_people_get_a_table_and_sentences(ran):
    code, out, err = ran("pool", *ONE, "--out", "run")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].endswith("run")
    assert "student adapter" in lines[1]
    assert any(line.startswith("negatives ") and "nDCG@10 (95% interval)" in line for line in lines)
    assert any(line.startswith("(before training)") for line in lines)
    assert any("the student before training" in line for line in lines)
    assert "training in run" in err


def test_a_proof_has_naive_recipe_and_oracle(ran, truth):
    found = numbers(ran("pool", *ONE, "--proof", *JUDGED, "--json"))
    assert found["kind"] == "proof"
    assert [arm["cleaned"] for arm in found["arms"]] == ["nothing", "nothing", "judgments", "judgments"]
    assert found["arms"][0]["name"] == "Naive top-k"
    assert found["arms"][0]["judged"] > 0
    assert all(arm["against_first"] for arm in found["arms"][1:])


def test_an_oracle_that_knows_nothing_of_what_it_is_trained_on_is_refused(ran, tmp_path):
    """It trained like naive top-k, and "no difference found" was told of it."""
    rows = "".join(f"q{row}\td{number:03}\t1\n" for row in (0, 4, 8, 1, 5, 9) for number in (row, row + 12))
    (tmp_path / "truth.tsv").write_text(f"query-id\tcorpus-id\tscore\n{rows}")
    refused = told(ran("pool", *ONE, "--proof", *JUDGED, "--out", "run", "--json"))
    assert "none that is trained on is judged" in refused
    assert not (tmp_path / "run").exists()
    found = numbers(ran("pool", *ONE, "--proof", *JUDGED, "--share", "0.25", "--out", "run", "--json"))
    assert found["queries"]["dev"] == 3


def test_labels_clean_the_recipe_in_a_proof(ran, tmp_path):
    (tmp_path / "labels.csv").write_text("query_id,document_id,verdict\nq0,d012,false negative\n")
    found = numbers(ran("pool", *ONE, "--proof", "--labels", "labels.csv", "--json"))
    assert [arm["cleaned"] for arm in found["arms"]] == ["nothing", "nothing", "labels"]


def test_a_knob_is_trained_at_each_value(ran):
    found = numbers(ran("pool", *SWEEP, "--from", "0", "--to", "0.2", "--steps", "3", "--json"))
    assert (found["kind"], found["knob"]) == ("sweep", "relative_margin.margin")
    assert [arm["value"] for arm in found["arms"]] == [0, 0.1, 0.2]


def test_a_table_compares_every_recipe_that_can_run_with_random_ones(ran):
    found = numbers(ran("pool", "--table", *QUICK, "--rounds", "1", "--seeds", "1", "--json"))
    assert found["kind"] == "table"
    assert found["arms"][0]["name"] == "random"
    assert len(found["arms"]) > 5


def test_the_same_seed_gives_the_same_numbers(ran):
    one, other = (numbers(ran("pool", *ONE, "--json"))["arms"][0]["final"] for _ in range(2))
    assert one == other


def test_one_that_waits_in_the_background_is_queued_for_the_page(ran, monkeypatch):
    monkeypatch.setattr(process, "start_worker", lambda home: None)
    found = numbers(ran("pool", *ONE, "--background", "--json"))
    assert found["state"] == "queued"
    assert process.training(Path(found["folder"])).state == "queued"


# What runs the tests in the background may ignore Ctrl-C, and a process inherits that.
HEARS_CTRL_C = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from negviz.cli import main
main()
"""


@pytest.fixture
def begun(mined):
    """Start a long training in a process of its own, and wait until it has finished a round."""
    started = []

    def begin(folder):
        process_ = subprocess.Popen(
            [sys.executable, "-c", HEARS_CTRL_C, "train", str(mined / "pool"), "--recipe", "nv_perc", "--rounds", "300",
             "--epochs", "20", "--seeds", "1", "--threads", "1", "--out", str(folder)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ,
        )  # fmt: skip
        started.append(process_)
        end = time.monotonic() + 60
        while time.monotonic() < end and process_.poll() is None:
            if (folder / "manifest.json").is_file() and outcome(folder).done >= 1:
                return process_
            time.sleep(0.05)
        raise AssertionError(process_.communicate()[1])

    yield begin
    for process_ in started:
        process_.kill()
        process_.wait()


def test_ctrl_c_keeps_the_rounds_and_says_how_to_go_on(ran, begun, tmp_path):
    running = begun(tmp_path / "run")
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert (running.returncode, out) == (130, ""), err
    assert f"negviz train --resume {tmp_path / 'run'}" in err
    assert "Traceback" not in err
    kept = outcome(tmp_path / "run").done
    assert 1 <= kept < 300
    assert process.training(tmp_path / "run").state == "stopped"
    found = numbers(ran("--resume", tmp_path / "run", "--json"))
    assert found["finished"]


def test_two_processes_do_not_work_on_one_training(ran, begun, tmp_path):
    begun(tmp_path / "run")
    assert "Another process is at work" in told(ran("--resume", tmp_path / "run", "--json"))


def test_a_killed_one_resumes_to_what_an_unbroken_one_finds(ran, tmp_path):
    whole = numbers(ran("pool", *ONE, "--out", "whole", "--json"))
    numbers(ran("pool", *ONE, "--out", "broken", "--json"))
    shutil.rmtree(tmp_path / "broken" / "units" / "000-0" / "002")
    shutil.rmtree(tmp_path / "broken" / "units" / "000-1")
    resumed = numbers(ran("--resume", "broken", "--json"))
    assert resumed["arms"][0]["final"] == whole["arms"][0]["final"]


@pytest.mark.parametrize(("arguments", "words"), [
    (("nowhere", *ONE), "nowhere"),
    (ONE, "No pool was given"),
    (("pool", *ONE, "--student", "giant"), "giant"),
    (("pool", *ONE, "--student-set", "learning_rate"), "KNOB=VALUE"),
    (("pool", *ONE, "--student-set", "learning_rate=fast"), "learning_rate"),
    (("pool", *SWEEP), "give --from and --to"),
    (("pool", *SWEEP, "--from", "0.2", "--to", "0.1"), "the second must be larger"),
    (("pool", *ONE, "--knob", "nothing.here", "--from", "0", "--to", "1"), "nothing.here"),
    (("pool", *ONE, "--recipe", "bm25", "--set", "relative_margin.margin=0.1"), "but 2 were given"),
    (("pool", *ONE, "--recipe", "nv_abs", "--proof"), "wants one recipe"),
    (("pool", *ONE, "--proof", "--table"), "Give one of"),
    (("pool", *QUICK), "Nothing was given to train on"),
    (("pool", *ONE, "--schedule", "nothing"), "no schedule called"),
    (("pool", *ONE, "--loss", "nothing"), "nothing"),
    (("pool", *ONE, "--complete"), "--judgments FILE"),
    (("pool", *ONE, "--judgments", "nowhere.tsv"), "nowhere.tsv"),
    (("pool", *ONE, "--share", "0.99"), "must lie from 0.05 to 0.95"),
    (("pool", *ONE, "--device", "nonsense"), "nonsense"),
    (("pool", "--resume", "run"), "leave POOL out"),
    (("--resume", "nowhere"), "is not a training"),
])  # fmt: skip
def test_bad_input_gets_one_sentence_and_leaves_nothing(ran, tmp_path, arguments, words):
    place = () if "--resume" in arguments else ("--out", "run")
    assert words in told(ran(*arguments, *place, "--json"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("text", "words"), [
    ("stages: [", "odd.yaml"), ("stages: 3", "'odd' is not a schedule"), ("stages: [{rounds: 0}]", "has rounds '0'"),
    ("stages: [{rond: 3}]", "unknown key 'rond'"), ("\x00", "odd.yaml"),
])  # fmt: skip
def test_a_damaged_schedule_gets_one_sentence(ran, tmp_path, text, words):
    (tmp_path / "odd.yaml").write_text(text)
    assert words in told(ran("pool", *ONE[:2], "--seeds", "1", "--schedule", "odd.yaml", "--out", "run", "--json"))
    assert not (tmp_path / "run").exists()


def test_a_pool_that_changed_is_refused_and_the_rounds_stay(ran, tmp_path, mined):
    numbers(ran("pool", *ONE, "--out", "run", "--json"))
    (tmp_path / "pool").unlink()
    save_pool(build_pool(dataset(), encoder="static", depth=12, home=mined / "home"), tmp_path / "pool")
    assert "another pool" in told(ran("--resume", "run", "--json"))
    assert outcome(tmp_path / "run").done == 4


def test_a_folder_with_other_files_is_left_alone(ran, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("mine")
    assert "negviz did not write" in told(ran("pool", *ONE, "--out", "run", "--json"))
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["thesis.txt"]


def test_a_training_that_is_at_work_is_not_written_over(ran, tmp_path):
    numbers(ran("pool", *ONE, "--out", "run", "--json"))
    with FileLock(tmp_path / "run" / process.LOCK):
        assert "Another process is at work" in told(ran("pool", *ONE, "--out", "run", "--json"))
    assert outcome(tmp_path / "run").done == 4


def test_a_training_with_finished_rounds_is_not_written_over(ran, tmp_path):
    numbers(ran("pool", *ONE, "--out", "my run", "--json"))
    shutil.rmtree(tmp_path / "my run" / "units" / "000-1")
    refused = told(ran("pool", *ONE, "--out", "my run", "--json"))
    assert "2 of 4 rounds finished" in refused
    assert "negviz train --resume 'my run'" in refused
    assert outcome(tmp_path / "my run").done == 2


@pytest.mark.parametrize("option", [("--recipe", "bm25"), ("--rounds", "9"), ("--seeds", "3"), ("--own-only",)])
def test_to_resume_with_other_settings_is_refused(ran, tmp_path, option):
    numbers(ran("pool", *ONE, "--out", "run", "--json"))
    assert f"{option[0].replace('--own-only', '--in-batch')} would change nothing" in told(
        ran("--resume", "run", *option, "--json")
    )


def test_a_full_disk_gets_one_sentence_and_the_rounds_stay(ran, tmp_path, monkeypatch):
    from safetensors import SafetensorError

    from negviz.training.students import _query_layer

    save, times = _query_layer.Adapter.save, []

    def full(self, folder):
        times.append(folder)
        if len(times) > 1:
            raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")
        save(self, folder)

    monkeypatch.setattr(_query_layer.Adapter, "save", full)
    assert "No space left on device" in told(ran("pool", *ONE, "--out", "run", "--json"))
    assert outcome(tmp_path / "run").done == 1
    assert "fault of negviz" not in process.training(tmp_path / "run").message
    monkeypatch.undo()
    assert numbers(ran("--resume", tmp_path / "run", "--json"))["finished"]
