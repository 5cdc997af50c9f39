"""Every encoder that exists, whoever wrote it."""

import importlib
import re

import numpy as np
import pytest

from negviz.encode import open_encoder
from negviz.encoders import ENCODERS
from tests.encoders.folders import save_static
from tests.texts import text_dataset

NAMES = ENCODERS.names()
DATA = text_dataset(
    ["How long is the wall?", "长城有多长"],
    ["The wall is very long.", "A cat sat on the mat.", "长城全长超过两万公里。", "The mat is on the wall.", ""],
)


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoders")
    known = {}

    def open_one(name):
        if name not in known:
            where = str(save_static(folder / "local", seed=1)) if name == "huggingface" else name
            known[name] = open_encoder(where, DATA, home=folder / "home")
        return known[name]

    return open_one


def test_modules_and_names():
    for entry in ENCODERS:
        module = importlib.import_module(entry.function.__module__)
        assert entry.function.__name__ == entry.name == module.__name__.rpartition(".")[2]
        assert entry.label
        assert entry.function.__doc__


@pytest.mark.parametrize("name", NAMES)
def test_vectors_have_their_shape_and_length(name, opened):
    encoder = opened(name)
    for encode, texts in ((encoder.encode_queries, DATA.query_texts), (encoder.encode_documents, DATA.contents)):
        vectors = encode(texts)
        assert vectors.dtype == np.float32
        assert vectors.shape == (len(texts), encoder.dims)
        assert np.isfinite(vectors).all()
        length = np.linalg.norm(vectors, axis=1)
        assert ((np.abs(length - 1) < 1e-5) | (length == 0)).all() or encoder.similarity == "dot"
        assert encode([]).shape == (0, encoder.dims)


@pytest.mark.parametrize("name", NAMES)
def test_same_texts_same_bytes(name, opened):
    encoder = opened(name)
    assert encoder.encode_documents(DATA.contents).tobytes() == encoder.encode_documents(DATA.contents).tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_facts_for_people_and_keys(name, opened):
    encoder = opened(name)
    assert encoder.name
    assert encoder.backend.startswith(("torch", "openvino", "numpy"))
    assert encoder.similarity in {"cosine", "dot"}
    assert re.fullmatch("[0-9a-f]{32}", encoder.identity)
    assert encoder.max_length is None or encoder.max_length > 0
    assert all(isinstance(text, str) for text in encoder.prompts.values())


def test_identities_differ(opened):
    assert len({opened(name).identity for name in NAMES}) == len(NAMES)
