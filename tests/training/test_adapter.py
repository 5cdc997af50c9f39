from dataclasses import replace

import numpy as np
import pytest
import torch

from negviz.arrays import RELATIVE_TOLERANCE
from negviz.errors import CancelledError, MissingInputError, ModelError
from negviz.recipe import Step
from negviz.select import NO_LABELS, resolved_knobs, select
from negviz.training.bridge import trained_loss
from negviz.training.evaluation import evaluate
from negviz.training.lessons import lessons_of
from negviz.training.splitting import split_queries
from negviz.training.students import STUDENTS, Start
from negviz.training_set import make_training_set
from tests.training.worlds import TOP, world, world_dataset

LOSS = Step("infonce")


def silent(done, total, loss):
    pass


def start_of(pool, folder, seed=0):
    return Start(pool.dataset, pool.embeddings, "made for tests", seed, folder)


@pytest.fixture
def student(tmp_path):
    def made(pool, seed=0, **knobs):
        given = resolved_knobs(STUDENTS, Step("adapter", {"learning_rate": 0.02, "batch_size": 4, **knobs}))
        return STUDENTS.get("adapter").function(start=start_of(pool, tmp_path, seed), **given)

    return made


def lessons(pool, **settings):
    places = settings.pop("places", np.arange(len(pool), dtype=np.int32))
    made = make_training_set(select(pool, TOP), NO_LABELS)
    return replace(lessons_of(made, places, settings.pop("shielded", {}), settings.pop("loss", LOSS)), **settings)


def learn(student, given, folder, told=silent, stopped=lambda: False):
    student.learn(given, told, stopped, folder)
    return student


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
@pytest.mark.parametrize("rank", [0, 3])
def test_it_starts_as_the_encoder_itself_to_the_last_bit(student, similarity, rank):
    pool = world(similarity=similarity)
    found = student(pool, rank=rank).embeddings()
    assert np.array_equal(found.queries, pool.embeddings.queries)
    assert np.array_equal(found.documents, pool.embeddings.documents)
    assert found.similarity == similarity
    split = split_queries(pool)
    assert np.array_equal(evaluate(pool.dataset, found, split), evaluate(pool.dataset, pool.embeddings, split))


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_b2_documents_are_bit_identical_before_and_after(student, tmp_path, similarity):
    pool = world(similarity=similarity)
    before = pool.embeddings.documents.tobytes()
    made = learn(student(pool), lessons(pool, epochs=3), tmp_path)
    assert made.embeddings().documents.tobytes() == before
    assert pool.embeddings.documents.tobytes() == before
    assert not np.array_equal(made.embeddings().queries, pool.embeddings.queries)


def test_queries_keep_their_length_for_cosine_alone(student, tmp_path):
    lengths = {}
    for similarity in ("cosine", "dot"):
        pool = world(similarity=similarity)
        made = learn(student(pool), lessons(pool, epochs=3, loss=Step("infonce", {"scale": 2})), tmp_path)
        lengths[similarity] = np.linalg.norm(made.embeddings().queries, axis=1)
    assert np.abs(lengths["cosine"] - 1).max() < 1e-6
    assert np.abs(lengths["dot"] - 1).max() > 0.1


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
@pytest.mark.parametrize("rank", [0, 2])
def test_the_gradient_of_its_parameters_is_that_of_the_loss(student, similarity, rank):
    """Central differences in double precision, at a layer that is not zero."""
    pool = world(similarity=similarity)
    made = student(pool, rank=rank)
    given = lessons(pool)
    batch = next(iter(given.batches(0, 6)))
    for name in ("_queries", "_documents"):
        setattr(made, name, getattr(made, name).double())
    generator = torch.Generator().manual_seed(3)
    made._parts = {
        name: torch.empty_like(part, dtype=torch.float64).normal_(0, 0.3, generator=generator).requires_grad_()
        for name, part in made._parts.items()
    }
    trained_loss(made._scores(batch), batch, given).backward()
    for part in made._parts.values():
        for place in [(0, 1), (1, 0), tuple(size - 1 for size in part.shape)]:
            ends = []
            for step in (1e-6, -1e-6):
                with torch.no_grad():
                    part[place] += step
                    ends.append(trained_loss(made._scores(batch), batch, given).item())
                    part[place] -= step
            assert part.grad[place].item() == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-6)


def test_what_it_trains_by_are_the_scores_of_the_vectors_that_it_gives(student, tmp_path):
    for similarity in ("cosine", "dot"):
        pool = world(similarity=similarity)
        made = learn(student(pool, rank=3), lessons(pool, epochs=2), tmp_path)
        batch = next(iter(lessons(pool).batches(0, 6)))
        given = made.embeddings()
        wanted = given.queries[batch.queries] @ given.documents[batch.documents].T
        assert np.abs(made._scores(batch).detach().numpy() - wanted).max() < 1e-5


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
@pytest.mark.parametrize("rank", [0, 3])
def test_it_learns_what_all_queries_share(student, tmp_path, similarity, rank):
    """The queries of a world are their positives, half of them turned in one and the same way."""
    pool = world(queries=40, documents=120, similarity=similarity)
    split = split_queries(pool)
    losses = []
    given = lessons(pool, places=split.train, epochs=15, loss=Step("infonce", {"scale": 5}))
    made = student(pool, rank=rank)
    before = evaluate(pool.dataset, made.embeddings(), split)[0].mean()
    learn(made, given, tmp_path, told=lambda done, total, loss: losses.append((done, total, loss)))
    after = evaluate(pool.dataset, made.embeddings(), split)[0].mean()
    assert [done for done, _, _ in losses] == list(range(1, given.steps(4) + 1))
    assert {total for _, total, _ in losses} == {given.steps(4)}
    assert np.mean([loss for *_, loss in losses[-5:]]) < 0.8 * np.mean([loss for *_, loss in losses[:5]])
    assert after > before + 0.01


@pytest.mark.parametrize("rank", [1, 3])
def test_a_low_rank_is_kept(student, tmp_path, rank):
    pool = world()
    made = learn(student(pool, rank=rank), lessons(pool, epochs=3), tmp_path)
    assert np.linalg.matrix_rank(made._matrix().detach().numpy(), tol=1e-5) == rank
    full = learn(student(pool), lessons(pool, epochs=3), tmp_path)
    assert np.linalg.matrix_rank(full._matrix().detach().numpy(), tol=1e-5) > 3


def test_a_rank_beyond_the_dimensions_is_a_full_layer(student, tmp_path):
    pool = world()
    made, full = (learn(student(pool, rank=rank), lessons(pool), tmp_path) for rank in (999, 0))
    assert np.array_equal(made.embeddings().queries, full.embeddings().queries)


def test_the_seed_of_a_low_rank_decides_and_nothing_outside_of_it(student, tmp_path):
    pool = world()
    found = []
    for seed, outside in [(1, 5), (1, 6), (2, 5)]:
        torch.manual_seed(outside)
        made = learn(student(pool, seed=seed, rank=2), lessons(pool), tmp_path)
        found.append(made.embeddings().queries)
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


@pytest.mark.parametrize("rank", [0, 2])
def test_what_was_saved_comes_back_and_learns_on_in_the_same_way(student, tmp_path, rank):
    pool = world()
    made = learn(student(pool, rank=rank), lessons(pool), tmp_path)
    (tmp_path / "kept").mkdir()
    made.save(tmp_path / "kept")
    other = student(pool, seed=9, rank=rank)
    other.restore(tmp_path / "kept")
    assert np.array_equal(other.embeddings().queries, made.embeddings().queries)
    assert other.embeddings().identity == made.embeddings().identity
    again = lessons(pool, seed=1)
    one, two = (learn(each, again, tmp_path).embeddings().queries for each in (made, other))
    assert np.array_equal(one, two)


def test_each_state_has_an_identity_of_its_own(student, tmp_path):
    pool = world()
    made = student(pool)
    names = {pool.embeddings.identity, made.embeddings().identity}
    names.add(learn(made, lessons(pool), tmp_path).embeddings().identity)
    assert len(names) == 3


@pytest.mark.parametrize("how", ["missing", "cut short", "another shape", "other names"])
def test_a_damaged_checkpoint_gives_one_sentence(student, tmp_path, how):
    from safetensors.numpy import save_file

    file = tmp_path / "adapter.safetensors"
    student(world()).save(tmp_path)
    if how == "missing":
        file.unlink()
    elif how == "cut short":
        file.write_bytes(file.read_bytes()[:40])
    else:
        save_file({"full" if how == "another shape" else "part": np.zeros((3, 5), dtype=np.float32)}, file)
    with pytest.raises(ModelError, match="damaged") as error:
        student(world()).restore(tmp_path)
    assert "\n" not in str(error.value)


def test_a_pool_without_vectors_says_what_to_do(student):
    with pytest.raises(MissingInputError, match="--retriever dense"):
        student(replace(world(), embeddings=None))


def test_it_stops_between_steps(student, tmp_path):
    asked = []
    pool = world()
    with pytest.raises(CancelledError):
        learn(student(pool), lessons(pool), tmp_path, stopped=lambda: len(asked) == 2 or asked.append(1))
    assert len(asked) == 2


def test_a_faster_stage_moves_farther(student, tmp_path):
    pool = world()
    moved = []
    for rate in (0.5, 1.0, 2.0):
        made = learn(student(pool, weight_decay=0.0), lessons(pool, rate=rate), tmp_path)
        moved.append(float(np.abs(made._matrix().detach().numpy()).mean()))
    assert moved[0] < moved[1] < moved[2]


# ADORE: the index is searched at every step.


class Watched:
    """Takes down what every step of a student searched, and what its vectors were at the time."""

    def __init__(self, made):
        self.steps = []
        searched = made._searched

        def watch(batch, given):
            vectors = made.embeddings()
            found = searched(batch, given)
            self.steps.append((vectors, found))
            return found

        made._searched = watch


def exact_top(vectors, query, depth):
    """The nearest documents and the score of the last, by plain sums."""
    scores = vectors.documents.astype(np.float64) @ vectors.queries[query].astype(np.float64)
    order = np.lexsort((np.arange(len(scores)), -scores))
    gap = scores[order[depth - 1]] - scores[order[depth]]
    assert gap > RELATIVE_TOLERANCE * 8, "the world must not be ambiguous"
    return set(order[:depth].tolist())


ADORE = {"in_batch": False, "loss": Step("lambdarank_mrr", {"metric_cut": 200})}


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_b4_negatives_of_a_step_are_the_top_of_the_student_at_that_step(student, tmp_path, similarity):
    pool = world(similarity=similarity)
    made = student(pool, learning_rate=0.2)
    watched = Watched(made)
    learn(made, lessons(pool, search=10, epochs=2, **ADORE), tmp_path)
    assert len(watched.steps) == 8
    changed = appended = 0
    for vectors, batch in watched.steps:
        for line, query in enumerate(batch.queries.tolist()):
            top = exact_top(vectors, query, 10)
            seen = set(batch.documents[batch.present[line]].tolist())
            inside = query in top
            assert seen == (top if inside else top | {query})
            assert set(batch.documents[batch.positive[line]].tolist()) == {query}
            assert set(batch.documents[batch.hard[line]].tolist()) == seen - {query}
            changed += top != exact_top(pool.embeddings, query, 10)
            appended += not inside
    assert changed > 0
    assert 0 < appended < 32


def test_b4_where_one_answer_is_inside_the_others_are_not_appended(student, tmp_path):
    """Also where answers were candidates of the pool, and so are flagged as leaks."""
    positives = [(f"q{row:02}", f"d{row + far:03}", 1) for row in range(16) for far in (0, 20)]
    pool = world(world_dataset(positives=positives), depth=60)
    shielded = {query: np.array([query, query + 20], dtype=np.int32) for query in range(16)}
    made = student(pool)
    watched = Watched(made)
    learn(made, lessons(pool, search=10, shielded=shielded, **ADORE), tmp_path)
    kinds = set()
    for vectors, batch in watched.steps:
        for line, query in enumerate(batch.queries.tolist()):
            top = exact_top(vectors, query, 10)
            answers = {query, query + 20}
            wanted = answers & top or answers
            assert set(batch.documents[batch.positive[line]].tolist()) == wanted
            assert set(batch.documents[batch.present[line]].tolist()) == top | wanted
            kinds.add(len(answers & top))
    assert kinds >= {0, 1}


def test_b4_what_is_shielded_is_not_searched_for(student, tmp_path):
    pool = world()
    made = student(pool)
    shielded = {query: np.arange(30, 60, dtype=np.int32) for query in range(0, 16, 2)}
    watched = Watched(made)
    learn(made, lessons(pool, search=10, shielded=shielded, **ADORE), tmp_path)
    far = {query: set() for query in range(16)}
    for _, batch in watched.steps:
        for line, query in enumerate(batch.queries.tolist()):
            far[query] |= set(batch.documents[batch.present[line]].tolist()) & set(range(30, 60))
    assert not any(far[query] for query in range(0, 16, 2))
    assert all(far[query] for query in range(1, 16, 2))


def test_a_search_deeper_than_the_corpus_is_the_corpus(student, tmp_path):
    pool = world()
    made = student(pool)
    watched = Watched(made)
    learn(made, lessons(pool, search=200, **ADORE), tmp_path)
    assert all(batch.present.all() and batch.present.shape[1] == 60 for _, batch in watched.steps)
