"""Late interaction, a second encoder, and nearness to the positive, by hand."""

import dataclasses

import numpy as np
import pytest

from negviz.arrays import PAD
from negviz.derived import similarity_to_positive as derived
from negviz.embeddings import Embeddings
from negviz.errors import CancelledError, MissingInputError
from negviz.scorers import Layer, _tokens
from negviz.scorers.late_interaction import late_interaction
from negviz.scorers.second_encoder import second_encoder
from negviz.scorers.similarity_to_positive import similarity_to_positive
from tests.pools import rich_pool
from tests.scorers.models import Letters, Shop
from tests.texts import text_dataset

DATA = text_dataset(["ant bee", "cat", ""], ["bee ant", "ant", "cat bee ant dog", "", "ant"])
ROWS = np.arange(3, dtype=np.int32)
ALL = np.tile(np.arange(5, dtype=np.int32), (3, 1))


@pytest.fixture
def shop(tmp_path):
    return Shop(DATA, tmp_path / "home", None)


def late(shop, queries=ROWS, documents=ALL, model=""):
    return late_interaction(queries=queries, documents=documents, shop=shop, model=model)


def cosine(one, other):
    return float(Letters._vector(one) @ Letters._vector(other))


def test_maxsim_is_the_mean_of_the_largest_cosines(shop):
    found = late(shop)
    assert found[0, 0] == pytest.approx(1, abs=2e-3)
    assert found[0, 1] == pytest.approx((1 + cosine("ant", "bee")) / 2, abs=2e-3)
    assert found[0, 2] == pytest.approx(1, abs=2e-3)
    assert found[1, 1] == pytest.approx(cosine("cat", "ant"), abs=2e-3)
    assert np.isnan(found[:, 3]).all()
    assert np.isnan(found[2]).all()
    assert (np.abs(found[np.isfinite(found)]) <= 1.001).all()


def test_each_text_is_encoded_once_and_only_if_it_is_a_candidate(shop):
    found = late(shop, documents=np.array([[0, PAD], [1, 4], [PAD, PAD]], np.int32))
    assert sorted(shop.model.encoded) == sorted(["ant bee", "cat", "", "bee ant", "ant"])
    shop.model.encoded.clear()
    again = late(shop)
    assert sorted(shop.model.encoded) == ["", "cat bee ant dog"]
    assert again[0, 0] == found[0, 0]
    assert again[1, 4] == again[1, 1] == found[1, 1]


def test_what_was_encoded_survives_a_stop_and_damage_is_made_again(shop, monkeypatch, tmp_path):
    monkeypatch.setattr(_tokens, "BLOCK", 2)
    whole = late(Shop(DATA, tmp_path / "other", None))
    calls = iter([False, False, False, True])
    shop.cancelled = lambda: next(calls)
    with pytest.raises(CancelledError, match="kept"):
        late(shop)
    (kept,) = (shop.home / "tokens").rglob("documents/tokens-*.npy")
    kept.write_bytes(kept.read_bytes()[:-3] + b"xxx")
    shop.cancelled = lambda: False
    assert late(shop).tobytes() == whole.tobytes()
    assert np.load(next((shop.home / "tokens").rglob("tokens-*.npy"))).dtype == np.float16


def test_an_encoder_without_context_is_refused(shop):
    shop.model.has_tokens = False
    with pytest.raises(MissingInputError, match=r"'letters' does not have; take --encoder minilm"):
        late(shop)


def test_another_encoder_can_be_named(shop):
    late(shop, model="other")
    assert shop.opened == ["other"]


@pytest.mark.model
def test_the_tokens_of_both_backends_agree_and_leave_the_frame_out(tmp_path):
    from negviz.encoders import _openvino
    from negviz.encoders.minilm import minilm

    if not _openvino.version():
        pytest.skip("OpenVINO is not installed")
    texts = ["How tall is the Eiffel Tower?", "héllo 北京", "", "long " * 400]
    here, there = (minilm(home=tmp_path, backend=backend) for backend in ("openvino", "torch"))
    for one, other in zip(here.query_tokens(texts), there.document_tokens(texts), strict=True):
        assert one.shape == other.shape
        assert np.abs(one - other).max(initial=0) < 1e-5
    assert [len(vectors) for vectors in here.query_tokens(texts)] == [9, 3, 0, 254]
    assert here.has_tokens
    assert there.has_tokens


def test_a_second_encoder_brings_its_own_scale_and_is_another(shop):
    vectors = np.eye(8, dtype=np.float32)
    shop.vectors = Embeddings(vectors[:3], vectors[[0, 1, 1, 2, 3]], "dot", "e", "i")
    found = second_encoder(queries=ROWS, documents=ALL, shop=shop, model="static")
    assert isinstance(found, Layer)
    assert found.scale == "dot"
    assert found.scores.tolist() == [[1, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 1, 0]]
    assert shop.opened == ["static"]
    with pytest.raises(MissingInputError, match=r"another encoder than 'letters'.*--scorer second_encoder=MODEL"):
        second_encoder(queries=ROWS, documents=ALL, shop=shop, model="letters")


def test_nearness_to_the_positive_leaves_out_the_positive_itself():
    data = text_dataset(["one", "two"], ["a", "b", "c"])
    data = dataclasses.replace(data, positives=data.positives.of([(0, 0, 1), (1, 0, 1), (1, 1, 1)]))
    vectors = np.array([[1, 0], [0.6, 0.8], [0, 1]], dtype=np.float32)
    embeddings = Embeddings(vectors[:2], vectors, "cosine", "e", "i")
    documents = np.array([[0, 1, 2], [0, 1, 2]], np.int32)
    found = similarity_to_positive(dataset=data, queries=ROWS[:2], documents=documents, embeddings=embeddings)
    assert np.isnan(found[0, 0])
    assert found.ravel()[1:].tolist() == pytest.approx([0.6, 0.0, 0.6, 0.6, 0.8])


def test_the_layer_is_what_a_pool_without_it_derives_from_its_vectors():
    pool = rich_pool()
    found = similarity_to_positive(
        dataset=pool.dataset, queries=pool.queries, documents=pool.documents, embeddings=pool.embeddings
    )
    is_positive = (pool.documents[:, :, None] == pool.positives[:, None, :]).any(axis=2)
    both = np.isfinite(found) & ~is_positive
    assert both.sum() > 1000
    assert derived(pool, "test")[both] == pytest.approx(found[both], abs=1e-6)
