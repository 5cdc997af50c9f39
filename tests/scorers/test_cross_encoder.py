import math
from collections.abc import Sequence

import numpy as np
import pytest

from negviz.arrays import PAD
from negviz.errors import CancelledError, MissingInputError, ModelError
from negviz.scorers import _pairs
from negviz.scorers._cross_encoder import open_pair_model
from negviz.scorers.cross_encoder import cross_encoder
from tests.scorers.models import Shop, save_cross_encoder
from tests.texts import text_dataset

QUERIES = ["how long is the wall", "cats", "what do cats eat in the north of china"]
DOCUMENTS = [f"{'the wall is very long and ' * (row % 7)} document {row}" for row in range(20)]
DATA = text_dataset(QUERIES, DOCUMENTS)
ROWS = np.arange(3, dtype=np.int32)
ALL = np.tile(np.arange(20, dtype=np.int32), (3, 1))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_cross_encoder(tmp_path_factory.mktemp("one"))


@pytest.fixture
def shop(tmp_path):
    return Shop(DATA, tmp_path / "home", None)


def score(shop, folder, queries=ROWS, documents=ALL):
    return cross_encoder(queries=queries, documents=documents, shop=shop, model=str(folder))


def logits(folder, pairs) -> Sequence[float]:
    """What the library itself gives, pair by pair."""
    import torch
    from sentence_transformers import CrossEncoder

    model = CrossEncoder(str(folder), device="cpu")
    return [model.predict([pair], activation_fn=torch.nn.Identity(), show_progress_bar=False)[0] for pair in pairs]


def test_one_label_becomes_a_probability_by_a_sigmoid(shop, folder):
    found = score(shop, folder)
    pairs = [(query, document) for query in QUERIES for document in DOCUMENTS]
    wanted = [1 / (1 + math.exp(-logit)) for logit in logits(folder, pairs)]
    assert found.ravel() == pytest.approx(wanted, abs=1e-6)
    assert found.std() > 0.01


def test_of_two_labels_the_softmax_of_the_second_is_taken(shop, tmp_path):
    folder = save_cross_encoder(tmp_path / "two", labels=2)
    found = score(shop, folder, documents=ALL[:, :3])
    pairs = [(query, document) for query in QUERIES for document in DOCUMENTS[:3]]
    wanted = [math.exp(yes) / (math.exp(no) + math.exp(yes)) for no, yes in logits(folder, pairs)]
    assert found.ravel() == pytest.approx(wanted, abs=1e-6)


def test_more_labels_are_refused(shop, tmp_path):
    with pytest.raises(ModelError, match="gives 3 labels"):
        score(shop, save_cross_encoder(tmp_path / "three", labels=3))


def test_company_and_number_of_threads_leave_every_bit(folder, tmp_path, monkeypatch):
    import torch

    from negviz.scorers import _cross_encoder

    whole = score(Shop(DATA, tmp_path / "a", None), folder)
    threads = torch.get_num_threads()
    monkeypatch.setattr(_cross_encoder, "_cores", lambda: 3)
    turned = score(Shop(DATA, tmp_path / "b", None), folder, ROWS[::-1].copy(), ALL[:, ::-1].copy())
    assert turned[::-1, ::-1].tobytes() == whole.tobytes()
    assert torch.get_num_threads() == threads


def test_a_gpu_s_full_batches_of_one_length_give_the_same_to_float32(folder):
    model = open_pair_model(str(folder))
    pairs = [(query, document) for query in QUERIES for document in DOCUMENTS]
    alone, together = model._alone(pairs), model._by_length(pairs)
    assert together.ravel() == pytest.approx(alone.ravel(), abs=1e-5)
    for some in (pairs[:1], pairs[5:9], pairs[::-1]):
        rows = [pairs.index(pair) for pair in some]
        assert model._by_length(some).tobytes() == together[rows].tobytes()


def test_each_distinct_pair_is_scored_once_and_kept(shop, folder, monkeypatch):
    first = score(shop, folder, documents=ALL[:, :6])
    told = len(shop.told)
    monkeypatch.setattr("negviz.scorers._cross_encoder.PairModel.probabilities", None)
    again = score(shop, folder, documents=np.where(ALL[:, :6] == 2, PAD, ALL[:, :6]))
    assert np.isnan(again[:, 2]).all()
    assert np.array_equal(np.delete(again, 2, axis=1), np.delete(first, 2, axis=1))
    assert len(shop.told) == told
    assert len(list((shop.home / "scores").rglob("*.npy"))) == 1


def test_what_was_scored_survives_a_stop_and_damage_is_scored_again(shop, folder, monkeypatch):
    monkeypatch.setattr(_pairs, "BLOCK", 8)
    whole = score(Shop(DATA, shop.home / "other", None), folder)
    calls = iter([False, False, True])
    shop.cancelled = lambda: next(calls)
    with pytest.raises(CancelledError, match="kept for the next time"):
        score(shop, folder)
    files = sorted((shop.home / "scores").rglob("pairs-*.npy"))
    assert len(files) == 2
    files[0].write_bytes(files[0].read_bytes()[:-5] + b"xxxxx")
    shop.cancelled = lambda: False
    shop.told.clear()
    assert score(shop, folder).tobytes() == whole.tobytes()
    assert shop.told[0][1:] == (0, 60 - 8)


def test_another_model_has_scores_of_its_own(shop, folder, tmp_path):
    other = score(shop, save_cross_encoder(tmp_path / "other", seed=1))
    assert not np.array_equal(other, score(shop, folder))


def test_without_a_model_it_says_what_to_give(shop):
    with pytest.raises(MissingInputError, match=r"give --scorer cross_encoder=MODEL, a local folder or a Hugging Face"):
        score(shop, "")


def test_an_id_that_the_hub_does_not_give_says_what_to_download_and_where_to_put_it(shop, monkeypatch):
    import huggingface_hub

    def refuse(name, **options):
        raise OSError("offline\ntrace")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(ModelError, match=r"\(offline\); .* hf download me/ranker --local-dir FOLDER, .*=FOLDER\.$"):
        score(shop, "me/ranker")


def test_pickles_and_folders_that_are_no_model_are_refused(shop, folder, tmp_path):
    import shutil

    import torch

    copy = tmp_path / "pickled"
    shutil.copytree(folder, copy)
    (copy / "model.safetensors").unlink()
    torch.save({}, copy / "pytorch_model.bin")
    with pytest.raises(ModelError, match="a pickle"):
        score(shop, copy)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"given as a cross-encoder, but empty holds neither"):
        score(shop, tmp_path / "empty")
    (copy / "pytorch_model.bin").unlink()
    with pytest.raises(ModelError, match="could not be read as one") as caught:
        score(shop, copy)
    assert "\n" not in str(caught.value)


def test_surrogates_and_empty_texts_do_not_stop_it(tmp_path, folder):
    data = text_dataset(["a", ""], ["", "b", "\u200b"])
    found = score(Shop(data, tmp_path, None), folder, ROWS[:2], np.tile(np.arange(3, dtype=np.int32), (2, 1)))
    assert np.isfinite(found).all()
