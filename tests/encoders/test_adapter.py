import json
import shutil

import numpy as np
import pytest

from negviz.encode import embed, open_encoder, stored_embeddings
from negviz.encoders._adapter import ABOUT, WEIGHTS
from negviz.errors import ModelError
from negviz.mine import build_pool
from negviz.recipe import Step
from negviz.select import NO_LABELS, select
from negviz.training.lessons import lessons_of
from negviz.training.students import Start
from negviz.training.students.adapter import adapter
from negviz.training_set import make_training_set
from tests.encoders.folders import save_static
from tests.pools import recipe
from tests.texts import text_dataset

DOCUMENTS = ["the wall is very long", "a cat sat on the mat", "north and south", "east is on the wall", "very very cat"]
DATA = text_dataset(["how long is the wall", "cat on mat", "north south wall"], DOCUMENTS)


@pytest.fixture(params=["cosine", "dot"])
def trained(tmp_path, request):
    """Home, folder of the base, folder of an adapter over it, and the vectors that the adapter gives itself."""
    home = tmp_path / "home"
    base = save_static(tmp_path / "base", 0, similarity=request.param, prompts={"query": "long ", "document": "a "})
    pool = build_pool(DATA, encoder=str(base), retrievers=["dense"], depth=5, home=home)
    student = adapter(start=Start(DATA, pool.embeddings, str(base), 0, home), learning_rate=0.1, batch_size=2)
    made = make_training_set(select(pool, recipe(count=2)), NO_LABELS)
    given = lessons_of(made, np.arange(3, dtype=np.int32), {}, Step("infonce"))
    student.learn(given, lambda *_: None, lambda: False, tmp_path)
    folder = tmp_path / "adapted"
    folder.mkdir()
    student.save(folder)
    return home, base, folder, student.embeddings(), pool.embeddings


def test_it_opens_as_an_encoder_that_gives_what_was_trained(trained):
    home, base, folder, wanted, first = trained
    encoder = open_encoder(str(folder), DATA, home=home)
    assert encoder.name == str(folder)
    assert encoder.similarity == wanted.similarity
    assert encoder.identity == wanted.identity != first.identity
    assert encoder.document_identity == first.identity
    assert encoder.dims == open_encoder(str(base), DATA, home=home).dims
    assert np.array_equal(encoder.encode_queries(DATA.query_texts), wanted.queries)
    assert np.abs(wanted.queries - first.queries).max() > 0.01
    assert np.array_equal(encoder.encode_documents(DOCUMENTS), first.documents)


def test_vectors_of_documents_are_those_of_the_bases_cache_and_not_made_again(trained):
    home, _, folder, wanted, first = trained
    encoder = open_encoder(str(folder), DATA, home=home)

    def refuse(texts):
        raise AssertionError("documents must not be encoded again")

    encoder.encode_documents = refuse
    found = embed(DATA, encoder, home=home)
    assert np.array_equal(found.queries, wanted.queries)
    assert found.documents.tobytes() == first.documents.tobytes()
    assert not list((home / "embeddings" / encoder.identity).glob("documents-*"))


def test_stored_vectors_are_found_by_the_adapters_identity(trained):
    home, _, folder, wanted, first = trained
    given = {"encoder": "adapted", "identity": wanted.identity, "similarity": wanted.similarity, "home": home}
    assert stored_embeddings(DATA, **given) is None
    embed(DATA, open_encoder(str(folder), DATA, home=home), home=home)
    found = stored_embeddings(DATA, **given)
    assert found is not None
    assert np.array_equal(found.queries, wanted.queries)
    assert np.array_equal(found.documents, first.documents)
    assert found.identity == wanted.identity


def test_a_pool_is_built_with_it(trained):
    home, _, folder, wanted, _ = trained
    pool = build_pool(DATA, encoder=str(folder), retrievers=["dense"], depth=5, home=home)
    assert pool.origin["encoder_identity"] == wanted.identity
    scores = wanted.queries.astype(np.float64) @ wanted.documents.T.astype(np.float64)
    assert np.abs(pool.scores["dense"] - np.take_along_axis(scores, pool.documents, axis=1)).max() < 1e-6


def test_another_base_under_the_same_name_is_refused(trained, tmp_path):
    home, base, folder, _, _ = trained
    shutil.rmtree(base)
    save_static(base, 1)
    with pytest.raises(ModelError, match="trained over the vectors of another encoder") as error:
        open_encoder(str(folder), DATA, home=home)
    assert "\n" not in str(error.value)


def test_a_base_that_is_gone_is_refused(trained):
    home, base, folder, _, _ = trained
    shutil.rmtree(base)
    with pytest.raises(ModelError) as error:
        open_encoder(str(folder), DATA, home=home)
    assert "\n" not in str(error.value)


def test_an_adapter_over_an_adapter_has_the_documents_of_the_encoder_below_both(trained, tmp_path):
    home, _, folder, first, bottom = trained
    student = adapter(start=Start(DATA, first, str(folder), 0, home))
    second = tmp_path / "second"
    second.mkdir()
    student.save(second)
    encoder = open_encoder(str(second), DATA, home=home)
    assert encoder.document_identity == bottom.identity
    found = embed(DATA, encoder, home=home)
    assert np.array_equal(found.queries, first.queries)
    assert not list((home / "embeddings" / encoder.identity).glob("documents-*"))
    given = {"encoder": "second", "identity": encoder.identity, "similarity": encoder.similarity, "home": home}
    assert np.array_equal(stored_embeddings(DATA, **given).documents, bottom.documents)


@pytest.mark.parametrize("text", ["", "{", "[]", "[[1, 2]]", "5", "null", '{"encoder": "minilm"}', '{"identity": "0"}'])
def test_a_damaged_description_gives_one_sentence(trained, text):
    home, _, folder, _, _ = trained
    (folder / ABOUT).write_text(text, "utf-8")
    with pytest.raises(ModelError, match="damaged") as error:
        open_encoder(str(folder), DATA, home=home)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("how", ["empty", "cut short", "no matrix", "another shape", "not finite"])
def test_damaged_weights_give_one_sentence(trained, how):
    from safetensors.numpy import save_file

    home, _, folder, _, _ = trained
    file = folder / WEIGHTS
    if how in {"empty", "cut short"}:
        file.write_bytes(file.read_bytes()[: 50 if how == "cut short" else 0])
    else:
        shape = (3, 5) if how == "another shape" else (8, 8)
        name = "other" if how == "no matrix" else "delta"
        save_file({name: np.full(shape, np.nan if how == "not finite" else 0, dtype=np.float32)}, file)
    with pytest.raises(ModelError, match="damaged") as error:
        open_encoder(str(folder), DATA, home=home)
    assert "\n" not in str(error.value)


def test_an_adapter_over_itself_is_refused(trained):
    home, _, folder, _, _ = trained
    about = json.loads((folder / ABOUT).read_text("utf-8"))
    (folder / ABOUT).write_text(json.dumps({**about, "encoder": str(folder)}), "utf-8")
    with pytest.raises(ModelError) as error:
        open_encoder(str(folder), DATA, home=home)
    assert "\n" not in str(error.value)


def test_two_adapters_that_name_each_other_are_refused(trained):
    home, _, folder, _, _ = trained
    other = folder.with_name("other")
    shutil.copytree(folder, other)
    for one, under in ((folder, other), (other, folder)):
        about = json.loads((one / ABOUT).read_text("utf-8"))
        (one / ABOUT).write_text(json.dumps({**about, "encoder": str(under)}), "utf-8")
    with pytest.raises(ModelError, match="lies over itself"):
        open_encoder(str(folder), DATA, home=home)
