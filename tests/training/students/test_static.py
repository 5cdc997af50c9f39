from dataclasses import replace

import numpy as np
import pytest
import torch

from negviz.encode import embed, open_encoder
from negviz.encoders.static import static_model
from negviz.errors import MissingInputError, ModelError, RecipeError
from negviz.recipe import Step
from negviz.training.evaluation import evaluate
from negviz.training.lessons import Listed, PairScores
from negviz.training.splitting import Split
from negviz.training.students import Start
from tests.pools import make_pool
from tests.training.students.classroom import collection, lessons, save_bert, student, taught, vectors

DATA = collection()
NUMBER = len(DATA.queries)


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def begun(tmp_path):
    return Start(DATA, None, "", 0, tmp_path / "home")


def test_it_starts_from_the_encoder_that_is_learnt_from_the_corpus(begun, tmp_path):
    encoder = open_encoder("static", DATA, home=tmp_path, dims=16)
    wanted = np.concatenate([encoder.encode_queries(DATA.query_texts), encoder.encode_documents(DATA.contents)])
    assert vectors(student("static", begun, dims=16)) == pytest.approx(wanted, abs=1e-6)


def test_vectors_of_the_pool_are_taken_only_where_its_encoder_is_this_one(begun, tmp_path):
    first = embed(DATA, open_encoder("static", DATA, home=tmp_path, dims=16), home=tmp_path)
    with_first = replace(begun, first=first, encoder="static")
    assert student("static", with_first, dims=16).embeddings() is first
    assert student("static", with_first, dims=8).embeddings() is not first


def test_it_goes_on_from_a_saved_static_model_and_from_no_other(begun, tmp_path):
    static_model(DATA.contents, dims=5).save_pretrained(str(tmp_path / "saved"))
    assert vectors(student("static", begun, model=str(tmp_path / "saved"))).shape == (2 * NUMBER, 5)
    with pytest.raises(RecipeError, match="not a static model"):
        student("static", begun, model=str(save_bert(tmp_path, DATA)))
    with pytest.raises(ModelError, match="neither an encoder"):
        student("static", begun, model=str(tmp_path / "nothing"))


def test_the_same_seed_gives_the_same_metrics(begun, tmp_path):
    rows = np.arange(0, NUMBER, 2, dtype=np.int32)
    split = Split(rows + 1, rows, DATA.positives, 1, 0, "")
    kept = np.isin(split.judged.queries, rows)
    judged = type(split.judged)(
        *(np.asarray(part)[kept] for part in (split.judged.queries, split.judged.documents, split.judged.grades))
    )
    split = replace(split, judged=judged)
    found = []
    for number in range(2):
        pupil = student("static", begun, dims=16, batch_size=8, learning_rate=0.01)
        taught(pupil, lessons(DATA, epochs=3), tmp_path / str(number))
        found.append(evaluate(DATA, pupil.embeddings(), split).mean(axis=1).round(4))
    assert found[0].tolist() == found[1].tolist()


def test_own_infonce_without_masks_is_the_librarys_ranking_loss(begun, tmp_path):
    """METHODS A1: no two lines share a document or an answer, so nothing is masked and nothing counts twice."""
    apart = {row: np.array([NUMBER // 2 + row], dtype=np.int32) for row in range(NUMBER // 2)}
    pairs = np.array([(row, row) for row in apart], dtype=np.int32)
    found = {}
    for loss in ("own", "mnrl"):
        pupil = student("static", begun, dims=16, batch_size=len(apart), trained_with=loss, warmup=0.0)
        plain = lessons(DATA, pairs=pairs, negatives=apart, loss=Step("infonce", {"scale": 20.0}))
        losses = taught(pupil, plain, tmp_path / loss)
        assert len(losses) == 1
        found[loss] = (losses[0], vectors(pupil))
    assert found["own"][0] == pytest.approx(found["mnrl"][0], abs=1e-5)
    assert found["own"][1] == pytest.approx(found["mnrl"][1], abs=1e-5)


def test_a_line_with_fewer_negatives_is_filled_with_nothing(begun, tmp_path):
    """The loss of a batch is the mean of what each line loses over exactly its own documents, by hand."""
    negatives = {0: [1], 1: [2, 3, 4], 2: []}
    given = {row: np.array(negatives.get(row, []), dtype=np.int32) for row in range(NUMBER)}
    pairs = np.array([(0, 0), (1, 1), (2, 2)], dtype=np.int32)
    pupil = student("static", begun, dims=16, batch_size=3)
    scores = 20.0 * pupil.embeddings().queries.astype(float) @ pupil.embeddings().documents.T.astype(float)
    few = lessons(DATA, pairs=pairs, negatives=given, in_batch=False, count=3)
    losses = taught(pupil, few, tmp_path)
    by_hand = [np.log(np.exp(scores[row, [row, *negatives[row]]]).sum()) - scores[row, row] for row in (0, 1, 2)]
    assert losses[0] == pytest.approx(np.mean(by_hand), abs=1e-5)


def test_a_known_answer_in_another_line_is_masked_by_own_losses_and_not_by_the_librarys(begun, tmp_path):
    pairs = np.array([(0, 0), (1, 1)], dtype=np.int32)
    none = dict.fromkeys(range(NUMBER), np.zeros(0, dtype=np.int32))
    answers = {0: np.array([0, 1], dtype=np.int32), 1: np.array([1], dtype=np.int32)}
    found = {}
    for loss in ("own", "mnrl"):
        pupil = student("static", begun, dims=16, batch_size=2, trained_with=loss)
        scores = 20.0 * pupil.embeddings().queries.astype(float) @ pupil.embeddings().documents.T.astype(float)
        (found[loss],) = taught(pupil, lessons(DATA, pairs=pairs, negatives=none, answers=answers), tmp_path / loss)
    second = np.log(np.exp(scores[1, :2]).sum()) - scores[1, 1]
    assert found["own"] == pytest.approx(second / 2, abs=1e-5)
    first = np.log(np.exp(scores[0, :2]).sum()) - scores[0, 0]
    assert found["mnrl"] == pytest.approx((first + second) / 2, abs=1e-5)


def test_the_library_leaves_out_pairs_without_negatives_and_counts_them(begun, tmp_path):
    some = lessons(DATA)
    negatives = {row: rows if row % 4 else rows[:0] for row, rows in some.negatives.items()}
    pupil = student("static", begun, dims=16, batch_size=8, trained_with="mnrl")
    assert len(taught(pupil, replace(some, negatives=negatives), tmp_path / "some")) == 3
    assert pupil.left_out == NUMBER // 4
    none = {row: rows[:0] for row, rows in some.negatives.items()}
    assert len(taught(pupil, replace(some, negatives=none), tmp_path / "none")) == 4
    assert pupil.left_out == 0


def test_the_librarys_losses_refuse_what_they_cannot_do(begun, tmp_path):
    pupil = student("static", begun, dims=16, trained_with="mnrl")
    with pytest.raises(RecipeError, match="in_batch: false"):
        taught(pupil, lessons(DATA, in_batch=False), tmp_path)
    listed = {0: Listed(np.array([0, 1], dtype=np.int32), np.array([1.0, 0.5]))}
    with pytest.raises(RecipeError, match="graded lists"):
        taught(pupil, lessons(DATA, lists=listed), tmp_path)
    with pytest.raises(MissingInputError, match="scores of a teacher"):
        taught(student("static", begun, dims=16, trained_with="margin_mse"), lessons(DATA), tmp_path)


def teacher(known):
    """Scores of two queries: positives 0 and 1, candidates 2, 3 and 4."""
    pool = make_pool(
        known, [[0.9], [0.8]], documents=[[2, 3, 4], [2, 3, 4]], positives=[[0], [1]], dataset=DATA,
    )  # fmt: skip
    return PairScores(pool, "dense")


def test_margin_mse_follows_the_teachers_margins(begun, tmp_path):
    """Line 0 has teacher margins .9-.5 and .9-.1; the teacher does not know a negative of line 1, which is left out."""
    rows = {0: [2, 3], 1: [2, 4], 5: [6]}
    negatives = {row: np.array(rows.get(row, []), dtype=np.int32) for row in range(NUMBER)}
    pairs = np.array([(0, 0), (1, 1), (5, 5)], dtype=np.int32)
    given = lessons(
        DATA, pairs=pairs, negatives=negatives, teacher=teacher([[0.5, 0.1, 0.3], [0.2, 0.6, np.nan]])
    )  # fmt: skip
    pupil = student("static", begun, dims=16, batch_size=8, trained_with="margin_mse")
    scores = pupil.embeddings().queries.astype(float) @ pupil.embeddings().documents.T.astype(float)
    losses = taught(pupil, given, tmp_path)
    first = [(scores[0, 0] - scores[0, 2] - 0.4) ** 2, (scores[0, 0] - scores[0, 3] - 0.8) ** 2]
    second = (scores[1, 1] - scores[1, 2] - 0.6) ** 2
    assert losses == [pytest.approx((np.mean(first) + second) / 2, abs=1e-5)]
    assert pupil.left_out == 1


def test_graded_lists_are_learnt_by_own_losses(begun, tmp_path):
    listed = {
        row: Listed(np.sort([row, (row + 1) % NUMBER, (row + 5) % NUMBER]).astype(np.int32), np.array([0.5, 1.0, 0.25]))
        for row in range(NUMBER)
    }
    pupil = student("static", begun, dims=16, batch_size=8, learning_rate=0.01)
    graded = lessons(DATA, lists=listed, in_batch=False, loss=Step("lambda_mrr"), epochs=4)
    losses = taught(pupil, graded, tmp_path)
    assert np.mean(losses[-4:]) < np.mean(losses[:4])
