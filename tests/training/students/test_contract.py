"""Every student that exists, whoever wrote it."""

import importlib
import socket
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from negviz.encode import open_encoder
from negviz.errors import CancelledError, MissingInputError
from negviz.recipe import Step
from negviz.training.students import STUDENTS
from tests.training.students.classroom import collection, lessons, save_bert, start, student, taught, vectors

NAMES = STUDENTS.names()
DATA = collection()
QUICK = {"adapter": {"learning_rate": 0.01}, "static": {"dims": 16}, "finetune": {"learning_rate": 0.001}}


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    folder = tmp_path_factory.mktemp("students")
    return start(DATA, str(save_bert(folder, DATA, dropout=0.1)), folder / "home")


def new(name, begun):
    return student(name, begun, **{**QUICK.get(name, {}), "batch_size": 8})


@pytest.mark.parametrize("name", NAMES)
def test_module_function_and_key_have_one_name_and_every_knob_is_explained(name):
    entry = STUDENTS.get(name)
    module = importlib.import_module(entry.function.__module__)
    assert entry.function.__name__ == entry.name == module.__name__.rpartition(".")[2]
    assert entry.label
    assert entry.reference
    assert all(knob.help for knob in entry.knobs)
    assert {"batch_size", "learning_rate"} <= {knob.name for knob in entry.knobs}


@pytest.mark.parametrize("name", NAMES)
def test_it_has_vectors_before_it_learns(name, begun):
    pupil = new(name, begun)
    found = pupil.embeddings()
    assert isinstance(pupil.searches, bool)
    assert found.queries.dtype == found.documents.dtype == np.float32
    assert len(found.queries) == len(DATA.queries)
    assert len(found.documents) == len(DATA.documents)
    assert np.linalg.norm(vectors(pupil), axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_it_learns_and_tells_every_step(name, begun, tmp_path):
    pupil = new(name, begun)
    before, identity = vectors(pupil), pupil.embeddings().identity
    steps = []
    pupil.learn(lessons(DATA, epochs=6), lambda *told: steps.append(told), lambda: False, tmp_path)
    assert [(done, total) for done, total, _ in steps] == [(step, 24) for step in range(1, 25)]
    losses = [loss for *_, loss in steps]
    assert np.isfinite(losses).all()
    assert np.mean(losses[-4:]) < np.mean(losses[:4])
    assert np.abs(vectors(pupil) - before).max() > 1e-4
    assert pupil.embeddings().identity != identity
    assert pupil.embeddings() is pupil.embeddings() or pupil.searches


@pytest.mark.parametrize("name", NAMES)
def test_what_it_saves_opens_as_an_encoder_with_the_same_vectors(name, begun, tmp_path):
    pupil = new(name, begun)
    taught(pupil, lessons(DATA), tmp_path / "work")
    (tmp_path / "model").mkdir()
    pupil.save(tmp_path / "model")
    assert not {path.suffix for path in (tmp_path / "model").rglob("*")} & {".bin", ".pt", ".pth", ".pkl", ".md"}
    encoder = open_encoder(str(tmp_path / "model"), DATA, home=begun.home)
    opened = np.concatenate([encoder.encode_queries(DATA.query_texts), encoder.encode_documents(DATA.contents)])
    assert opened == pytest.approx(vectors(pupil), abs=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_one_that_is_restored_goes_on_like_the_one_that_was_saved(name, begun, tmp_path):
    pupil, again = new(name, begun), new(name, begun)
    taught(pupil, lessons(DATA, seed=1), tmp_path / "work")
    (tmp_path / "model").mkdir()
    pupil.save(tmp_path / "model")
    again.restore(tmp_path / "model")
    assert vectors(again) == pytest.approx(vectors(pupil), abs=1e-7)
    for number, each in enumerate((pupil, again)):
        taught(each, lessons(DATA, seed=2), tmp_path / f"work{number}")
    assert vectors(again) == pytest.approx(vectors(pupil), abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_and_another_order_another(name, begun, tmp_path):
    found = []
    for number, seed in enumerate((0, 0, 5)):
        pupil = new(name, begun)
        taught(pupil, lessons(DATA, seed=seed), tmp_path / str(number))
        found.append(vectors(pupil))
    assert found[0].tobytes() == found[1].tobytes()
    assert np.abs(found[0] - found[2]).max() > 1e-5


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("steps", [0, 2])
def test_it_stops_when_asked_to(name, steps, begun, tmp_path):
    with pytest.raises(CancelledError):
        taught(new(name, begun), lessons(DATA, epochs=3), tmp_path, stop_after=steps)


@pytest.mark.parametrize("name", NAMES)
def test_a_smaller_rate_moves_it_less(name, begun, tmp_path):
    moved = []
    for rate in (1.0, 0.01):
        pupil = new(name, begun)
        before = vectors(pupil)
        taught(pupil, lessons(DATA, rate=rate), tmp_path / str(rate))
        moved.append(np.abs(vectors(pupil) - before).max())
    assert moved[1] < moved[0] / 5


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_without_what_it_asks_for_says_so(name, begun, tmp_path):
    with pytest.raises(MissingInputError, match="scores of a teacher"):
        taught(new(name, begun), lessons(DATA, loss=Step("margin_mse")), tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_what_counts_for_nobody_moves_nothing(name, begun, tmp_path):
    """Documents that a line must not push away change neither its loss nor its vectors."""
    found = []
    for shielded in (False, True):
        every = np.arange(len(DATA.documents), dtype=np.int32)
        alone = lessons(DATA, in_batch=shielded, shielded=dict.fromkeys(every.tolist(), every) if shielded else {})
        pupil = new(name, begun)
        taught(pupil, alone, tmp_path / str(shielded))
        found.append(vectors(pupil))
    assert found[0] == pytest.approx(found[1], abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_silent_asks_no_network_and_writes_only_where_it_may(name, begun, tmp_path, monkeypatch, capfd):
    def refuse(*_):
        raise AssertionError("a student asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    pupil = new(name, replace(begun, seed=3))
    taught(pupil, lessons(DATA), tmp_path / "work")
    pupil.embeddings()
    (tmp_path / "model").mkdir()
    pupil.save(tmp_path / "model")
    assert capfd.readouterr().out == ""
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "home") == ["here", "model", "work"]
    assert not list(Path(here).iterdir())
