import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from negviz.encode import open_encoder
from negviz.errors import CancelledError, MissingInputError, ModelError, RecipeError
from negviz.recipe import Step
from negviz.training.lessons import PairScores
from negviz.training.students import Start
from tests.pools import make_pool
from tests.training.students.classroom import collection, lessons, save_bert, start, student, taught, vectors

DATA = collection()
NUMBER = len(DATA.queries)
STEPS = 240


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def still(tmp_path_factory):
    """A start whose model has no dropout."""
    folder = tmp_path_factory.mktemp("still")
    return start(DATA, str(save_bert(folder, DATA)), folder / "home")


@pytest.fixture(scope="module")
def dropping(tmp_path_factory):
    """A start whose model has dropout, so that a round that is resumed must draw as it would have drawn."""
    folder = tmp_path_factory.mktemp("dropping")
    return start(DATA, str(save_bert(folder, DATA, dropout=0.1)), folder / "home")


def pupil(begun, **knobs):
    return student("finetune", begun, **{"learning_rate": 0.001, "batch_size": 8, **knobs})


LONG = lessons(DATA, epochs=30, count=1)


@pytest.fixture(scope="module")
def uninterrupted(dropping, tmp_path_factory):
    """Vectors and losses of a long round of 240 steps that nothing disturbs, without and with low-rank adapters."""
    found = {}
    for lora in (0, 2):
        whole = pupil(dropping, batch_size=4, lora=lora)
        losses = taught(whole, LONG, tmp_path_factory.mktemp("whole"))
        found[lora] = (vectors(whole), losses)
    return found


@pytest.mark.parametrize("lora", [0, 2])
def test_a_round_that_was_stopped_goes_on_to_the_same_result(lora, dropping, uninterrupted, tmp_path):
    wanted, losses = uninterrupted[lora]
    assert len(losses) == STEPS
    with pytest.raises(CancelledError):
        taught(pupil(dropping, batch_size=4, lora=lora), LONG, tmp_path, stop_after=101)
    again, steps = pupil(dropping, batch_size=4, lora=lora), []
    again.learn(LONG, lambda done, total, loss: steps.append((done, total, loss)), lambda: False, tmp_path)
    assert [(done, total) for done, total, _ in steps] == [(step, STEPS) for step in range(1, STEPS + 1)]
    assert [loss for *_, loss in steps] == pytest.approx(losses, abs=1e-6)
    assert vectors(again) == pytest.approx(wanted, abs=1e-6)


class KilledError(Exception):
    pass


def kill(begun, folder, after):
    """Let the process of a round die after a step, without a word to the student."""

    def told(done, total, loss):
        if done == after:
            raise KilledError

    with pytest.raises(KilledError):
        pupil(begun, batch_size=4).learn(LONG, told, lambda: False, folder)


@pytest.mark.parametrize("damage", ["none", "half a state", "nothing kept"])
def test_a_round_that_was_killed_goes_on_from_its_last_whole_checkpoint(
    damage, dropping, uninterrupted, tmp_path
):  # fmt: skip
    wanted, losses = uninterrupted[0]
    kill(dropping, tmp_path, 20 if damage == "nothing kept" else 130)
    (*_, last) = [None, *tmp_path.glob("*/checkpoint-*")]
    assert (last.name if last else None) == (None if damage == "nothing kept" else "checkpoint-120")
    if damage == "half a state":
        state = last / "trainer_state.json"
        state.write_text(state.read_text("utf-8")[:100], "utf-8")
    again = pupil(dropping, batch_size=4)
    assert taught(again, LONG, tmp_path) == pytest.approx(losses, abs=1e-6)
    assert vectors(again) == pytest.approx(wanted, abs=1e-6)


def test_a_round_that_was_finished_but_not_written_is_not_done_again(dropping, uninterrupted, tmp_path):
    taught(pupil(dropping, batch_size=4), LONG, tmp_path)
    again = pupil(dropping, batch_size=4)
    assert taught(again, LONG, tmp_path) == pytest.approx(uninterrupted[0][1], abs=1e-6)
    assert vectors(again) == pytest.approx(uninterrupted[0][0], abs=1e-6)


@pytest.mark.parametrize(
    "other", [{"lessons": {"seed": 1}}, {"lessons": {"loss": Step("infonce", {"scale": 30.0})}}, {"batch_size": 5}]
)
def test_a_checkpoint_of_other_lessons_or_settings_is_not_taken(other, dropping, tmp_path):
    kill(dropping, tmp_path / "work", 130)
    knobs = {"batch_size": other.get("batch_size", 4)}
    what = replace(LONG, **other.get("lessons", {}))
    fresh, late = pupil(dropping, **knobs), pupil(dropping, **knobs)
    assert taught(late, what, tmp_path / "work") == taught(fresh, what, tmp_path / "clean")


def test_a_short_round_leaves_no_checkpoint(still, tmp_path):
    taught(pupil(still), lessons(DATA), tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_before_training_the_vectors_are_the_pools(still):
    assert pupil(still).embeddings() is still.first
    alike = pupil(replace(still, first=None))
    assert vectors(alike) == pytest.approx(vectors(pupil(still)), abs=1e-5)


@pytest.mark.parametrize("loss", ["cached_mnrl", "cached_own", "cached_gist"])
def test_the_size_of_mini_batches_changes_nothing(loss, still, tmp_path):
    """METHODS A4: mini-batches of 1, 2 and the whole batch give the gradient of the whole batch."""
    found = []
    plain = {"cached_mnrl": "mnrl", "cached_own": "own"}.get(loss, loss)
    for name, mini in ((loss, 1), (loss, 2), (loss, 8), (plain, 32)):
        one = pupil(still, trained_with=name, mini_batch_size=mini, learning_rate=0.0001)
        losses = taught(one, lessons(DATA), tmp_path / f"{name}{mini}")
        found.append((losses, vectors(one)))
    for losses, moved in found[1:]:
        assert losses == pytest.approx(found[0][0], abs=1e-5)
        assert np.abs(moved - found[0][1]).max() < 1e-5


@pytest.mark.parametrize("mini", [1, 2, 8])
@pytest.mark.parametrize("name", ["cached_mnrl", "cached_own"])
def test_gradients_of_mini_batches_are_those_of_the_batch(name, mini, still):
    """METHODS A4, on the gradients themselves: equal within 1e-6."""
    wanted = _gradients(still, name.removeprefix("cached_"), 32)
    found = _gradients(still, name, mini)
    assert max(float((found[key] - wanted[key]).abs().max()) for key in wanted) < 1e-6


def _gradients(begun, name, mini):
    from negviz.training.students._feed import Feed, fitted
    from negviz.training.students._trained_losses import CachedOwnLoss, OwnLoss, library_loss

    model = open_encoder(begun.encoder, DATA, home=begun.home).model
    # A scale of 1 keeps gradients near 1, where 1e-6 is what float32 can promise.
    plain = fitted(lessons(DATA, loss=Step("infonce", {"scale": 1.0})), name)
    feed = Feed(plain, 8, model, name, 0)
    rows = feed([{"label": 0}])
    columns = list(dict.fromkeys(key.removesuffix("_input_ids") for key in rows if key.endswith("_input_ids")))
    features = [
        {key.removeprefix(f"{column}_"): value for key, value in rows.items() if key.startswith(f"{column}_")}
        for column in columns
    ]
    if name == "own":
        loss = OwnLoss(model, feed, plain)
    elif name == "cached_own":
        loss = CachedOwnLoss(model, feed, plain, mini)
    else:
        loss = library_loss(name, model, lambda: model, mini)
        (loss.loss if name.startswith("cached") else loss).scale = 1.0
    loss(features, rows["label"]).backward()
    return {key: value.grad for key, value in model.named_parameters() if value.grad is not None}


def test_own_infonce_without_masks_is_the_librarys_ranking_loss(still, tmp_path):
    """METHODS A1: no two lines share a document or an answer, so nothing is masked and nothing counts twice."""
    half = NUMBER // 2
    apart = {row: np.array([half + row], dtype=np.int32) for row in range(half)}
    plain = lessons(
        DATA, pairs=np.array([(row, row) for row in apart], dtype=np.int32), negatives=apart,
        loss=Step("infonce", {"scale": 20.0}),
    )  # fmt: skip
    found = []
    for loss in ("own", "mnrl"):
        one = pupil(still, batch_size=half, trained_with=loss, warmup=0.0, learning_rate=0.0001)
        found.append((taught(one, plain, tmp_path / loss), vectors(one)))
    assert len(found[0][0]) == 1
    assert found[0][0] == pytest.approx(found[1][0], abs=1e-5)
    assert found[0][1] == pytest.approx(found[1][1], abs=1e-5)


def teacher():
    """A teacher that has scored every document for every query, the answer highest."""
    documents = np.tile(np.arange(NUMBER), (NUMBER, 1))
    scores = np.where(documents == np.arange(NUMBER)[:, None], 0.9, 0.1)
    positives = np.arange(NUMBER)[:, None]
    pool = make_pool(scores, np.full((NUMBER, 1), 0.9), documents=documents, positives=positives, dataset=DATA)
    return PairScores(pool, "dense")


@pytest.mark.parametrize("loss", ["mnrl", "cached_mnrl", "gist", "cached_gist", "margin_mse"])
def test_the_librarys_losses_train(loss, still, tmp_path):
    one = pupil(still, trained_with=loss, learning_rate=0.002)
    losses = taught(one, lessons(DATA, epochs=6, teacher=teacher()), tmp_path)
    assert len(losses) == 24
    assert np.mean(losses[-4:]) < np.mean(losses[:4])


def test_the_guide_is_the_model_as_it_was_before_all_training(still, tmp_path, monkeypatch):
    from sentence_transformers.sentence_transformer import losses

    given = []
    made = losses.CachedGISTEmbedLoss
    monkeypatch.setattr(losses, "CachedGISTEmbedLoss", lambda model, guide, **more: (
        given.append((model, guide)), made(model, guide, **more))[1])  # fmt: skip
    one = pupil(still, trained_with="cached_gist")
    for number in range(2):
        taught(one, lessons(DATA, seed=number), tmp_path / str(number))
    (model, guide) = given[1]
    assert not any(value.requires_grad for value in guide.parameters())
    assert guide.encode(DATA.contents, normalize_embeddings=True) == pytest.approx(still.first.documents, abs=1e-5)
    assert np.abs(model.encode(DATA.contents, normalize_embeddings=True) - still.first.documents).max() > 1e-3


def test_low_rank_adapters_leave_the_weights_and_open_without_peft(still, tmp_path, monkeypatch):
    one = pupil(still, lora=2, learning_rate=0.01)
    before = {key: value.clone() for key, value in one._model.state_dict().items()}
    taught(one, lessons(DATA, epochs=4), tmp_path / "work")
    moved = {key for key, value in one._model.state_dict().items() if not torch.equal(value, before[key])}
    assert moved
    assert all("lora_" in key for key in moved)
    assert np.abs(vectors(one) - vectors(pupil(still))).max() > 1e-3
    (tmp_path / "model").mkdir()
    one.save(tmp_path / "model")
    assert not list(tmp_path.rglob("adapter_config.json"))
    monkeypatch.setitem(__import__("sys").modules, "peft", None)
    encoder = open_encoder(str(tmp_path / "model"), DATA, home=tmp_path)
    assert encoder.encode_documents(DATA.contents) == pytest.approx(one.embeddings().documents, abs=1e-5)


def test_restored_low_rank_adapters_go_on_as_they_were(still, tmp_path):
    one, again = pupil(still, lora=2, learning_rate=0.01), pupil(still, lora=2, learning_rate=0.01)
    taught(one, lessons(DATA, epochs=2), tmp_path / "work")
    (tmp_path / "model").mkdir()
    one.save(tmp_path / "model")
    again.restore(tmp_path / "model")
    for number, each in enumerate((one, again)):
        taught(each, lessons(DATA, epochs=2, seed=1), tmp_path / str(number))
    assert vectors(one) == pytest.approx(vectors(again), abs=1e-6)


def test_low_rank_adapters_ask_for_peft(still, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "peft" else found(name, *more))
    with pytest.raises(MissingInputError, match=r"pip install -r requirements-lora\.txt"):
        pupil(still, lora=4)


def test_half_precision_trains_and_keeps_full_weights(still, tmp_path):
    one = pupil(still, precision="bf16")
    losses = taught(one, lessons(DATA, epochs=6), tmp_path)
    assert np.mean(losses[-4:]) < np.mean(losses[:4])
    assert {value.dtype for value in one._model.parameters()} == {torch.float32}
    assert vectors(one).dtype == np.float32


def test_training_reads_the_prompts_and_the_tokens_that_it_is_told_to(tmp_path):
    from negviz.training.students._feed import Feed

    folder = save_bert(tmp_path, DATA, prompts={"query": "ask ", "document": "tell "})
    model = open_encoder(str(folder), DATA, home=tmp_path).model
    for length, most in ((0, 19), (6, 6)):
        rows = Feed(lessons(DATA), 4, model, "own", length)([{"label": 0}])
        words = {name: model.tokenizer.batch_decode(rows[f"{name}_input_ids"]) for name in ("query", "document")}
        assert all(text.startswith("[CLS] ask where") for text in words["query"])
        assert all(text.startswith("[CLS] tell in") for text in words["document"])
        assert rows["document_input_ids"].shape[1] == most


def test_it_needs_a_model_that_can_be_trained(still, tmp_path):
    with pytest.raises(MissingInputError, match="built without an encoder"):
        pupil(Start(DATA, None, "", 0, tmp_path))
    with pytest.raises(RecipeError, match="no model of sentence-transformers"):
        pupil(Start(DATA, None, "static", 0, tmp_path))
    folder = save_bert(tmp_path, DATA)
    modules = json.loads((folder / "modules.json").read_text("utf-8"))
    (folder / "modules.json").write_text(json.dumps([{**modules[0], "type": "evil.Evil"}]), "utf-8")
    with pytest.raises(ModelError, match=r"'evil\.Evil'"):
        pupil(still, model=str(folder))


@pytest.mark.model
def test_minilm_is_found_in_its_package(tmp_path):
    begun = start(DATA, "minilm", tmp_path / "home")
    one = student("finetune", begun, batch_size=4, max_length=16)
    assert one.embeddings() is begun.first
    apart = student("finetune", replace(begun, first=None))
    assert vectors(apart) == pytest.approx(vectors(one), abs=1e-5)
    few = lessons(DATA, pairs=np.array([(row, row) for row in range(4)], dtype=np.int32))
    assert len(taught(one, few, tmp_path / "work")) == 1
    (tmp_path / "model").mkdir()
    one.save(Path(tmp_path / "model"))
    encoder = open_encoder(str(tmp_path / "model"), DATA, home=tmp_path)
    assert encoder.max_length == 256
    assert encoder.encode_queries(DATA.query_texts) == pytest.approx(one.embeddings().queries, abs=1e-5)
