import threading
from pathlib import Path

import numpy as np
import pytest

from negviz import encode as module
from negviz.encode import embed, encoder_name, open_encoder, stored_embeddings
from negviz.errors import CancelledError, ModelError
from tests.encoders.folders import save_static, static_model
from tests.texts import text_dataset


class Counting:
    """An encoder that counts what it is asked; a text's vector is made of its length and its key."""

    name = "counting"
    similarity = "dot"
    dims = 3
    prompts: dict[str, str] = {}  # noqa: RUF012
    max_length = None
    backend = "none"

    def __init__(self, identity="a" * 32, factor=1.0):
        self.identity = identity
        self.factor = factor
        self.asked = []

    def encode_documents(self, texts):
        self.asked.append(list(texts))
        rows = [[len(text), sum(map(ord, text)), 1.0] for text in texts]
        return np.array(rows, dtype=np.float32) * np.float32(self.factor)

    encode_queries = encode_documents


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 4)


def texts(total):
    return [f"text {'x' * (row * 7 % 11)} {row}" for row in range(total)]


def test_rows_belong_to_their_texts_and_distinct_texts_are_encoded_once(tmp_path):
    documents = [*texts(9), *texts(5), ""]
    data = text_dataset(["a", "b", "a"], documents)
    encoder = Counting()
    found = embed(data, encoder, home=tmp_path)
    assert found.documents.tolist() == Counting().encode_documents(data.contents).tolist()
    assert found.queries.tolist() == Counting().encode_queries(data.query_texts).tolist()
    assert sum(map(len, encoder.asked)) == 10 + 2
    lengths = [len(text) for block in encoder.asked[1:] for text in block]
    assert lengths == sorted(lengths, reverse=True)
    assert (found.similarity, found.encoder, found.identity) == ("dot", "counting", "a" * 32)


def test_a_second_run_reads_the_cache_by_memory_mapping(tmp_path):
    data = text_dataset(["a"], texts(9))
    first = embed(data, Counting(), home=tmp_path)
    encoder = Counting()
    second = embed(data, encoder, home=tmp_path)
    assert encoder.asked == []
    assert second.documents.tobytes() == first.documents.tobytes()
    assert isinstance(second.documents, np.memmap)
    assert not list(tmp_path.rglob("block*")) + list(tmp_path.rglob("writing*")) + list(tmp_path.rglob("*.pkl"))


def test_a_stop_keeps_the_finished_blocks(tmp_path):
    data = text_dataset([], texts(14))
    encoder = Counting()
    with pytest.raises(CancelledError):
        embed(data, encoder, home=tmp_path, cancelled=lambda: len(encoder.asked) >= 2)
    assert len(encoder.asked) == 2
    again = Counting()
    found = embed(data, again, home=tmp_path)
    assert sum(map(len, again.asked)) == 14 - 8
    assert found.documents.tolist() == Counting().encode_documents(data.contents).tolist()


def test_a_crash_loses_at_most_its_block(tmp_path, monkeypatch):
    data = text_dataset([], texts(14))
    encoder = Counting()
    plain = Counting.encode_documents

    def failing(self, block):
        if len(self.asked) == 3:
            raise KeyboardInterrupt
        return plain(self, block)

    monkeypatch.setattr(Counting, "encode_documents", failing)
    with pytest.raises(KeyboardInterrupt):
        embed(data, encoder, home=tmp_path)
    monkeypatch.setattr(Counting, "encode_documents", plain)
    again = Counting()
    embed(data, again, home=tmp_path)
    assert sum(map(len, again.asked)) == 2


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-6] ^= 255
    path.write_bytes(data)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def pickled(path: Path) -> None:
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)


@pytest.mark.parametrize("damage", [cut, flip, empty, pickled])
def test_damaged_files_are_made_again(tmp_path, damage):
    data = text_dataset([], texts(9))
    wanted = embed(data, Counting(), home=tmp_path).documents.tobytes()
    (path,) = tmp_path.rglob("vectors-*.npy")
    damage(path)
    encoder = Counting()
    assert embed(data, encoder, home=tmp_path).documents.tobytes() == wanted
    assert sum(map(len, encoder.asked)) == 9


@pytest.mark.parametrize("damage", [cut, flip, empty, pickled])
def test_damaged_blocks_are_made_again(tmp_path, damage):
    data = text_dataset([], texts(14))
    encoder = Counting()
    with pytest.raises(CancelledError):
        embed(data, encoder, home=tmp_path, cancelled=lambda: len(encoder.asked) >= 2)
    damage(sorted(tmp_path.rglob("block*.npy"))[0])
    again = Counting()
    found = embed(data, again, home=tmp_path)
    assert sum(map(len, again.asked)) == 14 - 4
    assert found.documents.tolist() == Counting().encode_documents(data.contents).tolist()


def test_encoders_texts_and_sides_never_share_an_entry(tmp_path):
    data = text_dataset(texts(3), texts(3))
    embed(data, Counting(), home=tmp_path)
    other = embed(data, Counting("b" * 32, factor=2.0), home=tmp_path)
    assert other.documents.tolist() == Counting(factor=2.0).encode_documents(data.contents).tolist()
    more = embed(text_dataset(texts(3), texts(4)), Counting(), home=tmp_path)
    assert more.documents.shape == (4, 3)
    assert len(list(tmp_path.rglob("documents-*"))) == 3
    assert len(list(tmp_path.rglob("queries-*"))) == 2


def test_two_checkpoints_of_one_shape_do_not_get_each_others_vectors(tmp_path):
    """The peer's cache confuses local checkpoints: same texts, same folder, different weights."""
    data = text_dataset(["how long is the wall"], ["the wall is long", "a cat sat", "on the mat"])
    found = {}
    for seed in (1, 2):
        encoder = open_encoder(str(save_static(tmp_path / f"model{seed}", seed)), data, home=tmp_path / "home")
        found[seed] = embed(data, encoder, home=tmp_path / "home")
        wanted = static_model(seed).encode(data.contents, normalize_embeddings=True)
        assert found[seed].documents == pytest.approx(wanted, abs=1e-6)
    assert np.abs(found[1].documents - found[2].documents).max() > 0.1
    assert np.abs(found[1].queries - found[2].queries).max() > 0.1


def test_a_checkpoint_that_is_trained_on_in_its_folder_is_encoded_anew(tmp_path):
    data = text_dataset([], ["the wall is long", "a cat sat"])
    for seed in (1, 2):
        encoder = open_encoder(str(save_static(tmp_path / "model", seed)), data, home=tmp_path)
        wanted = static_model(seed).encode(data.contents, normalize_embeddings=True)
        assert embed(data, encoder, home=tmp_path).documents == pytest.approx(wanted, abs=1e-6)


def test_runs_at_the_same_time_do_not_disturb_each_other(tmp_path):
    data = text_dataset(texts(5), texts(60))
    found, failed = [], []

    def work():
        try:
            found.append(embed(data, Counting(), home=tmp_path).documents.tobytes())
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert set(found) == {Counting().encode_documents(data.contents).tobytes()}


def test_progress_is_told_for_every_block(tmp_path):
    told = []
    embed(text_dataset(["a"], texts(9)), Counting(), home=tmp_path, progress=lambda *facts: told.append(facts))
    assert ("Encoding queries", 1, 1) in told
    assert [done for what, done, _ in told if what == "Encoding documents"] == [0, 4, 8, 9]
    assert {total for what, _, total in told if what == "Encoding documents"} == {9}


def test_nothing_to_encode(tmp_path):
    found = embed(text_dataset([], []), Counting(), home=tmp_path)
    assert found.queries.shape == found.documents.shape == (0, 3)


def test_vectors_of_another_shape_are_refused(tmp_path):
    encoder = Counting()
    encoder.dims = 4
    with pytest.raises(ModelError, match="shape"):
        embed(text_dataset([], ["a"]), encoder, home=tmp_path)


def test_surrogates_do_not_stop_the_key(tmp_path):
    assert module._digest(["\ud800"]) != module._digest(["a"]) != module._digest(["", "a"])
    assert module._digest(["ab", "c"]) != module._digest(["a", "bc"])


def test_the_name_of_the_encoder_is_kept_beside_its_vectors(tmp_path):
    assert encoder_name(Counting().identity, tmp_path) == ""
    embed(text_dataset(["a"], ["b"]), Counting(), home=tmp_path)
    assert encoder_name(Counting().identity, tmp_path) == "counting"


def test_blocks_of_another_size_are_never_mistaken_for_ones_own(tmp_path, monkeypatch):
    """Of 10 texts, the second block of 4 and the last of 6 and 4 have one number and one shape."""
    data = text_dataset([], texts(10))
    encoder = Counting()
    with pytest.raises(CancelledError):
        embed(data, encoder, home=tmp_path, cancelled=lambda: len(encoder.asked) >= 2)
    monkeypatch.setattr(module, "BLOCK", 6)
    found = embed(data, Counting(), home=tmp_path)
    assert found.documents.tolist() == Counting().encode_documents(data.contents).tolist()
    assert not list(tmp_path.rglob("block*"))


def test_vectors_that_earlier_releases_stored_once_a_text_are_still_found(tmp_path):
    data = text_dataset(["a"], ["x", "yy", "x"])
    embed(text_dataset(["a"], ["x", "yy"]), Counting(), home=tmp_path)
    found = stored_embeddings(data, encoder="counting", identity="a" * 32, similarity="dot", home=tmp_path)
    assert found.documents.tolist() == Counting().encode_documents(data.contents).tolist()


def test_texts_that_occur_twice_are_mapped_and_not_copied(tmp_path):
    data = text_dataset(["q"], ["x", "yy", "x", "zzz", "yy"])
    found = embed(data, Counting(), home=tmp_path)
    assert isinstance(found.documents, np.memmap)
    assert found.documents.tolist() == Counting().encode_documents(data.contents).tolist()
    stored = stored_embeddings(data, encoder="counting", identity="a" * 32, similarity="dot", home=tmp_path)
    assert isinstance(stored.documents, np.memmap)
