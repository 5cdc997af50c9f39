import json

import numpy as np
import pytest

from negviz import model_files as module
from negviz.encode import open_encoder
from negviz.errors import ModelError, RecipeError
from tests.encoders.folders import save_static, static_model
from tests.texts import text_dataset

DATA = text_dataset(["how long is the wall"], ["the wall is long", "a cat sat"])


def open_local(folder, **knobs):
    return open_encoder(str(folder), DATA, home=folder.parent / "home", **knobs)


def test_a_dot_model_stays_dot(tmp_path):
    """Models trained for the inner product must not be mined under cosine."""
    encoder = open_local(save_static(tmp_path / "m", 1, similarity="dot", scale=9.0))
    vectors = encoder.encode_documents(DATA.contents)
    assert encoder.similarity == "dot"
    assert vectors == pytest.approx(static_model(1, scale=9.0).encode(DATA.contents), rel=1e-6)
    assert (np.linalg.norm(vectors, axis=1) > 2).all()


def test_a_cosine_model_without_a_normalising_module_is_normalised(tmp_path):
    encoder = open_local(save_static(tmp_path / "m", 1, scale=9.0))
    assert np.linalg.norm(encoder.encode_queries(DATA.query_texts), axis=1) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("similarity", ["euclidean", "manhattan"])
def test_distances_are_refused(tmp_path, similarity):
    with pytest.raises(ModelError, match=f"'{similarity}'"):
        open_local(save_static(tmp_path / "m", 1, similarity=similarity))


def test_own_prompts_are_used_and_belong_to_the_identity(tmp_path):
    plain = open_local(save_static(tmp_path / "plain", 1))
    prompts = {"query": "north south ", "document": "east "}
    prompted = open_local(save_static(tmp_path / "prompted", 1, prompts=prompts))
    assert plain.identity != prompted.identity
    assert dict(prompted.prompts) == prompts
    wanted = plain.encode_queries(["north south " + text for text in DATA.query_texts])
    assert prompted.encode_queries(DATA.query_texts) == pytest.approx(wanted, abs=1e-6)
    wanted = plain.encode_documents(["east " + text for text in DATA.contents])
    assert prompted.encode_documents(DATA.contents) == pytest.approx(wanted, abs=1e-6)


def test_same_files_same_identity_and_other_weights_another(tmp_path):
    first, again, other = (save_static(tmp_path / name, seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert open_local(first).identity == open_local(again).identity != open_local(other).identity


def test_pickled_weights_are_refused(tmp_path):
    import torch

    folder = save_static(tmp_path / "m", 1)
    torch.save(static_model(1)[0].state_dict(), folder / "pytorch_model.bin")
    for path in folder.rglob("*.safetensors"):
        path.unlink()
    with pytest.raises(ModelError, match=r"pytorch_model\.bin, a pickle"):
        open_local(folder)


def test_code_beside_a_model_never_runs(tmp_path, monkeypatch):
    folder = save_static(tmp_path / "m", 1)
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Evil: pass\n", encoding="utf-8")
    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    modules[0]["type"] = "evil.Evil"
    (folder / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    monkeypatch.chdir(folder)
    with pytest.raises(ModelError, match=r"'evil\.Evil'"):
        open_local(folder)
    assert not (tmp_path / "ran").exists()


def test_damaged_and_foreign_folders_are_refused_in_one_sentence(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ModelError, match=r"neither modules\.json nor config\.json"):
        open_local(empty)
    folder = save_static(tmp_path / "m", 1)
    weights = next(folder.rglob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:50])
    with pytest.raises(ModelError, match="could not be read") as caught:
        open_local(folder)
    assert "\n" not in str(caught.value)
    (folder / "modules.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match=r"modules\.json"):
        open_local(folder)


def test_weights_that_are_not_numbers_are_refused(tmp_path):
    encoder = open_local(save_static(tmp_path / "m", 1, scale=float("nan")))
    with pytest.raises(ModelError, match="not finite"):
        encoder.encode_documents(DATA.contents)


def test_a_failing_hub_is_one_sentence(monkeypatch, tmp_path):
    import huggingface_hub

    def refuse(name, **options):
        raise OSError(f"no such model {name}\nlong trace")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(ModelError, match=r"neither an encoder of negviz nor a folder.*no such model me/none\)"):
        open_encoder("me/none", DATA, home=tmp_path)


def test_hub_models_come_without_code_and_pickles(monkeypatch, tmp_path):
    import huggingface_hub

    folder = save_static(tmp_path / "snapshot", 3)
    asked = {}

    def fetch(name, **options):
        asked.update(options, name=name)
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
    encoder = open_encoder("me/model", DATA, home=tmp_path)
    assert (encoder.name, asked["name"]) == ("me/model", "me/model")
    assert asked["allow_patterns"] == module.FETCHED
    assert not any(pattern.endswith((".bin", ".py", "*")) for pattern in module.FETCHED)
    next(folder.rglob("*.safetensors")).unlink()
    with pytest.raises(ModelError, match="no safetensors weights on the Hugging Face Hub"):
        open_encoder("me/model", DATA, home=tmp_path)


def test_knobs_are_checked(tmp_path):
    folder = save_static(tmp_path / "m", 1)
    with pytest.raises(RecipeError, match="max_length"):
        open_local(folder, max_length="many")
    with pytest.raises(RecipeError, match="no knob"):
        open_local(folder, speed=3)
    with pytest.raises(ModelError, match="No encoder was named"):
        open_encoder(" ", DATA, home=tmp_path)
