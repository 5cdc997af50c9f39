import os
import subprocess
import sys

import numpy as np
import pytest

from negviz.encode import open_encoder
from negviz.encoders.static import Static, _some, learn, static, static_model
from negviz.errors import ModelError
from tests.texts import text_dataset

ENGLISH = [
    f"{subject} {verb} the {thing}"
    for subject in ("cats", "dogs")
    for verb in ("eat", "see")
    for thing in ("fish", "birds")
]
ENGLISH += [
    f"the {planet} orbits the sun in {days} days" for planet, days in (("earth", 365), ("mars", 687), ("venus", 225))
]
CHINESE = [
    "长城全长超过两万公里",
    "长城是古代的军事工程",
    "故宫是明清两代的皇宫",
    "故宫位于北京的中心",
    "熊猫吃竹子",
    "熊猫住在四川",
]


def nearest(encoder, query, documents):
    return int((encoder.encode_documents(documents) @ encoder.encode_queries([query])[0]).argmax())


def test_it_learns_what_belongs_together():
    encoder = static(dataset=text_dataset([], ENGLISH))
    assert nearest(encoder, "planet mars days", ENGLISH) == 9


def test_it_reads_chinese():
    encoder = static(dataset=text_dataset([], CHINESE))
    assert nearest(encoder, "熊猫吃什么", CHINESE) in {4, 5}
    assert nearest(encoder, "长城有多长", CHINESE) in {0, 1}


def test_dims_are_what_was_asked_or_what_the_corpus_gives():
    assert static(dataset=text_dataset([], ENGLISH)).dims == len(ENGLISH)
    assert static(dataset=text_dataset([], ENGLISH), dims=4).dims == 4
    assert static(dataset=text_dataset([], ["one"])).dims == 1


def test_texts_without_tokens_get_zeros():
    vectors = static(dataset=text_dataset([], ENGLISH)).encode_documents(["", "☃", "cats"])
    assert (vectors[:2] == 0).all()
    assert np.linalg.norm(vectors[2]) == pytest.approx(1, abs=1e-6)


def test_a_corpus_without_tokens_is_refused():
    for documents in ([], ["", " "]):
        with pytest.raises(ModelError, match="no token"):
            static(dataset=text_dataset([], documents))


def test_same_corpus_same_weights_for_any_threads_and_hash_seed():
    code = (
        "from tests.encoders.test_static import ENGLISH, CHINESE; from hashlib import sha256;"
        "from negviz.encoders.static import learn;"
        "tokenizer, weights = learn(ENGLISH + CHINESE, 256);"
        "print(sha256(weights.tobytes() + tokenizer.to_str().encode()).hexdigest())"
    )
    runs = set()
    for number in ("1", "2"):
        threads = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"], number)
        environment = {**os.environ, **threads, "PYTHONHASHSEED": number, "PYTHONPATH": os.getcwd()}  # noqa: PTH109
        run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        runs.add(run.stdout.strip())
    assert len(runs) == 1


def test_identity_is_that_of_the_weights():
    first, again, other = (static(dataset=text_dataset([], texts)) for texts in (ENGLISH, ENGLISH, CHINESE))
    assert first.identity == again.identity != other.identity


def test_it_can_be_saved_and_opened_as_any_model(tmp_path):
    model = static_model(ENGLISH)
    model.save(str(tmp_path / "saved"))
    opened = open_encoder(str(tmp_path / "saved"), text_dataset([], []), home=tmp_path)
    own = static(dataset=text_dataset([], ENGLISH))
    assert np.abs(opened.encode_documents(ENGLISH) - own.encode_documents(ENGLISH)).max() < 1e-6


def test_it_gives_the_vectors_of_the_library_s_own_module_without_loading_it():
    texts = [*ENGLISH, "", "cats orbit", "☃ fish fish"]
    found = static(dataset=text_dataset([], ENGLISH)).encode_documents(texts)
    wanted = static_model(ENGLISH).encode(texts, normalize_embeddings=True)
    assert np.abs(found - wanted).max() < 1e-6
    code = (
        "import sys; from tests.encoders.test_static import ENGLISH; from tests.texts import text_dataset;"
        "from negviz.encode import open_encoder; from pathlib import Path;"
        "sys.modules.pop('torch', None);"
        "open_encoder('static', text_dataset([], ENGLISH), home=Path('x')).encode_queries(['cats']);"
        "print('torch' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=os.getcwd())  # noqa: PTH109
    assert run.stdout.split()[-1] == "False"


def test_of_very_many_documents_some_are_learnt_from_the_same_in_any_order(monkeypatch):
    monkeypatch.setattr("negviz.encoders.static.LEARNT_FROM", 100)
    texts = [f"word{n % 7} thing{n % 11} number {n}" for n in range(400)]
    some = list(_some(texts))
    assert 50 < len(some) < 200
    assert set(_some(texts[::-1])) == set(some)
    assert list(_some(texts[:100])) == texts[:100]


def test_what_was_learnt_can_be_stored():
    made = Static(*learn(ENGLISH, 16))
    again = Static.of_learnt(*made.learnt())
    assert again.identity == made.identity
    assert np.array_equal(again.encode_queries(["a river"]), made.encode_queries(["a river"]))
