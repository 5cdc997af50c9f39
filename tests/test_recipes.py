"""The published methods: numbers as published, sums that add up, the same bytes whatever the order."""

import dataclasses

import numpy as np
import pytest

from negviz.draws import DRAWS
from negviz.pool import Pool
from negviz.recipe import FOLDER, published
from negviz.select import resolved_knobs, select
from negviz.sources import SOURCES
from negviz.store import selection_table
from negviz.strategies import STRATEGIES
from tests.methods import runnable
from tests.pools import make_pool

NAMES = sorted(published())


@pytest.mark.parametrize("name", NAMES)
def test_file_name_and_text_for_people(name):
    found = published()[name]
    assert (FOLDER / f"{name}.yaml").is_file()
    assert found.title
    assert found.paper
    assert found.scale


@pytest.mark.parametrize("name", NAMES)
def test_every_step_and_knob_exists_and_holds(name):
    found = published()[name]
    for step in found.steps:
        assert set(step.knobs) <= set(resolved_knobs(STRATEGIES, step))
    resolved_knobs(DRAWS, found.draw)


@pytest.mark.parametrize("name", NAMES)
def test_runs_on_a_full_pool_and_adds_up(name, full):
    found = select(full, runnable(full, published()[name]))
    full = found.pool
    summary = found.summary()
    refused = sum(item["count"] for item in summary["refused"])
    assert refused + summary["not_drawn"] + summary["taken"] == summary["candidates"] == full.present.sum()
    assert summary["taken"] > 0
    assert not (full.flags[found.taken] & found.recipe.refused_flags).any()


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_bytes(name, full):
    found = runnable(full, published()[name])
    one, other = (select(full, found) for _ in range(2))
    assert one.fingerprint == other.fingerprint
    assert one.columns.tobytes() == other.columns.tobytes()
    assert one.weights.tobytes() == other.weights.tobytes()


def with_more_documents(pool: Pool) -> Pool:
    """The same pool over a corpus with further documents between the old ones, so that every row is another."""
    dataset = pool.dataset
    table = dataset.documents.to_pylist()
    pairs = [(row["id"], row["title"], row["text"]) for row in table]
    more = [(f"{name}+", "", f"further {text}") for name, _, text in pairs]
    judged = dataset.positives
    wider = dataset.build(
        name="wider",
        format="test",
        queries=list(zip(dataset.query_ids, dataset.query_texts, strict=True)),
        documents=[*reversed(more), *reversed(pairs)],
        positives=[
            (dataset.query_id(query), dataset.document_id(document), int(grade))
            for query, document, grade in zip(judged.queries, judged.documents, judged.grades, strict=True)
        ],
        groups=[*([None] * len(more)), *(row["group"] for row in reversed(table))],
        answers=dict(zip(dataset.query_ids, dataset.answers, strict=True)),
    )
    rows = {name: row for row, name in enumerate(wider.document_ids)}
    new = np.array([*(rows[name] for name in dataset.document_ids), -1], dtype=np.int32)
    vectors = pool.embeddings
    wide = np.zeros((len(wider.document_ids), vectors.documents.shape[1]), dtype=np.float32)
    wide[new[:-1]] = vectors.documents
    return dataclasses.replace(
        pool,
        dataset=wider,
        documents=new[pool.documents],
        positives=new[pool.positives],
        embeddings=dataclasses.replace(vectors, documents=wide),
    )


@pytest.mark.parametrize("name", NAMES)
def test_order_and_size_of_the_corpus_file_do_not_matter(name, full):
    found = runnable(full, published()[name])
    one, other = (selection_table(select(pool, found)) for pool in (full, with_more_documents(full)))
    assert one.equals(other)


# (steps, draw, count, anchor) as METHODS sections 2, B10, D1-D4 and PEERS 3.1 give them.
NUMBERS = {
    "nv_topk": ([], 4, "min"),
    "nv_shifted": ([("rank_window", {"start": 10, "among": "eligible"})], 4, "min"),
    "nv_abs": ([("score_ceiling", {"ceiling": 0.7, "inclusive": False})], 4, "min"),
    "nv_margin": ([("absolute_margin", {"margin": 0.05, "inclusive": False})], 4, "min"),
    "nv_perc": ([("relative_margin", {"margin": 0.05, "inclusive": False})], 4, "min"),
    "sentence_transformers": (
        [("rank_window", {"start": 0, "stop": 31}), ("relative_margin", {"margin": 0.05, "inclusive": True})],
        3,
        "min",
    ),
    "arctic_v1": ([("score_ceiling", {"inclusive": False})], 10, "min"),
    "arctic_v2": (
        [
            ("positive_retrieved", {"retriever": "dense"}),
            ("brought_by", {"retriever": "dense"}),
            ("relative_margin", {"margin": 0.05, "inclusive": False}),
        ],
        10,
        "max",
    ),
    "rocketqa": (
        [
            ("rank_window", {"start": 0, "stop": 50, "among": "all"}),
            ("teacher_bands", {"negative": 0.1, "positive": 0.9}),
        ],
        4,
        "min",
    ),
    "pair": ([("passage_centric", {"margin": 0.0})], 4, "min"),
    "cl_drd": ([("rank_window", {"stop": 200}), ("teacher_order", {"stage": 1, "length": 30})], 25, "min"),
    "coder": ([("rank_window", {"start": 0, "stop": 1000})], 1000, "min"),
    "coder_smoothing": (
        [("rank_window", {"start": 0, "stop": 1000}), ("reciprocal_evidence", {"k": 20, "top": 4, "ceiling": 0.1})],
        1000,
        "min",
    ),
    "trisampler_style": (
        [("rank_window", {"stop": 200}), ("triangle", {"a": 0.25, "combine": "two_step", "width": 0.0, "first": 50})],
        4,
        "min",
    ),
    "simans_code": (
        [
            ("rank_window", {"stop": 200, "among": "eligible"}),
            ("near_positive", {"a": 0.5, "b": 1.0, "b_sign": "code", "shape": "gaussian", "width": 0.0}),
        ],
        15,
        "min",
    ),
    "simans_laplace": (
        [
            ("rank_window", {"stop": 200, "among": "eligible"}),
            ("near_positive", {"a": 3.0, "b": 0.0, "shape": "laplace", "width": 0.0}),
        ],
        15,
        "min",
    ),
    "simans": (
        [("rank_window", {"stop": 100, "among": "eligible"}), ("near_positive", {"a": 0.5, "b": 0.0, "width": 0.0})],
        15,
        "min",
    ),
    "ambiguous_zone": ([("ambiguous_zone", {"width": 0.1})], 4, "min"),
}


# (source, steps, draw, count, underfill and backfill) of the recipes above the score windows, as METHODS A1-B11, C3
# and section 2 give them, or as their notes say that they are ours.
WINDOW_200 = ("rank_window", {"start": 0, "stop": 200, "among": "all"})
RANDOM_PAD = ("keep", ("brought_by", {"retriever": "random"}))
COMPOSED = {
    "random": (None, [("brought_by", {"retriever": "random"})], ("sample", {"limit": 0}), 4, ("keep", None)),
    "bm25": (None, [("brought_by", {"retriever": "bm25"})], ("top", {"skip": 0}), 4, ("keep", None)),
    "dpr": (
        None,
        [("brought_by", {"retriever": "bm25"}), ("without_answer", {"match": "string", "titles": False})],
        ("sample", {"skip": 0}),
        1,
        ("keep", None),
    ),
    "ance": (
        None,
        [WINDOW_200, ("chunked_refresh", {"chunks": 5, "generation": 0})],
        ("sample", {"skip": 0, "limit": 0}),
        20,
        ("keep", None),
    ),
    "ltre": (None, [WINDOW_200], ("top", {"skip": 0}), 200, ("keep", None)),
    "adore": (
        None,
        [WINDOW_200, ("lambda_weight", {"length": 200, "metric_cut": 200})],
        ("top", {"skip": 0}),
        200,
        ("keep", None),
    ),
    "star": (
        ("in_batch", {"batch_size": 256, "workers": 1, "hard": 1, "hard_depth": 200, "mask_positives": True}),
        [],
        ("top", {"skip": 0}),
        511,
        ("keep", None),
    ),
    "negative_cache": (
        ("cache", {"size": 131_072, "policy": "lru", "top_k": 64, "scale": 20.0}),
        [("softmax_weight", {"scale": 20.0})],
        ("sample", {"skip": 0}),
        1,
        ("keep", None),
    ),
    "conan_style": (None, [("score_decay", {"factor": 1.15, "floor": 0.8})], ("top", {"skip": 0}), 8, ("keep", None)),
    "rance_style": (
        None, [WINDOW_200, ("measured_irrelevance", {"judged": "labels"})], ("sample", {"skip": 0}), 20, ("keep", None),
    ),
    "bge_window": (
        None,
        [("rank_window", {"start": 10, "stop": 210, "among": "all"})],
        ("sample", {"skip": 0, "limit": 0}),
        15,
        RANDOM_PAD,
    ),
    "kalm": (
        None,
        [("ranking_consistency", {"filter_topk": 50}), ("rank_window", {"start": 50, "stop": 100, "among": "all"})],
        ("sample", {"skip": 0, "limit": 0}),
        7,
        RANDOM_PAD,
    ),
    "lu_mix": (
        ("related", {"context": 20, "similar": 20, "neighbours": 10}),
        [],
        ("stratified", {"strata": "context bm25 dense similar_question"}),
        4,
        ("keep", None),
    ),
    "hybrid_rrf": (
        ("fused", {"method": "rrf", "retrievers": "dense bm25", "k": 60}), [], ("top", {"skip": 0}), 4, ("keep", None),
    ),
    "hybrid_convex": (
        ("fused", {"method": "convex", "retrievers": "dense bm25", "alpha": 0.5}),
        [],
        ("top", {"skip": 0}),
        4,
        ("keep", None),
    ),
    "tas_balanced": (
        None, [("balanced_margins", {"bins": 10, "fewest": 2})], ("sample", {"skip": 0}), 1, ("keep", None),
    ),
    "rocketqa": (
        None,
        [("rank_window", {"start": 0, "stop": 50}), ("teacher_bands", {"negative": 0.1})],
        ("top", {"skip": 0}),
        4,
        ("pad", ("rank_window", {"start": 50, "stop": 1000, "among": "all"})),
    ),
    "sentence_transformers": (
        None,
        [("rank_window", {"stop": 31, "among": "eligible"}), ("relative_margin", {"margin": 0.05})],
        ("top", {"skip": 0, "limit": 31}),
        3,
        ("keep", None),
    ),
    "arctic_v1": (None, [("score_ceiling", {"ceiling": 0.8})], ("top", {"skip": 0}), 10, ("keep", None)),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(COMPOSED))
def test_sources_steps_draws_and_fillings_are_the_published_ones(name):
    found = published()[name]
    source, steps, draw, count, (underfill, backfill) = COMPOSED[name]
    for registry, parts, wanted in (
        (SOURCES, [found.source], [source]),
        (STRATEGIES, found.steps, steps),
        (DRAWS, [found.draw], [draw]),
        (STRATEGIES, [found.backfill], [backfill]),
    ):
        assert [part and part.strategy for part in parts] == [want and want[0] for want in wanted]
        for part, want in zip(parts, wanted, strict=True):
            assert not want or resolved_knobs(registry, part).items() >= want[1].items()
    assert (found.count, found.underfill) == (count, underfill)


@pytest.mark.parametrize("name", sorted(NUMBERS))
def test_numbers_are_the_published_ones(name):
    found = published()[name]
    steps, count, anchor = NUMBERS[name]
    assert [step.strategy for step in found.steps] == [strategy for strategy, _ in steps]
    for step, (_, knobs) in zip(found.steps, steps, strict=True):
        assert resolved_knobs(STRATEGIES, step).items() >= knobs.items()
    assert (found.count, found.anchor) == (count, anchor)


def test_draws_and_underfill_are_the_published_ones():
    assert published()["simans"].draw.strategy == "sample"
    assert published()["random"].draw.strategy == "sample"
    assert published()["arctic_v2"].underfill == "drop"
    assert published()["bm25"].scorer == "bm25"
    drawn = {"simans", "simans_code", "simans_laplace", "trisampler_style"}
    assert {published()[name].draw.strategy for name in drawn} == {"sample"}
    assert {published()[name].draw.strategy for name in NUMBERS if name not in drawn} == {"top"}
    filled = published()["rocketqa"]
    assert (filled.underfill, filled.backfill.strategy) == ("pad", "rank_window")
    assert filled.backfill.knobs["start"] == 50


def test_arctic_v2_drops_a_query_with_nine_and_keeps_one_with_ten():
    scores = [[0.9] + [0.5] * 10, [0.9] + [0.5] * 9 + [0.9]]
    pool = make_pool(scores, [[0.9], [0.9]], documents=[range(11)] * 2, flags=[[1] + [0] * 10] * 2)
    assert select(pool, published()["arctic_v2"]).taken_counts.tolist() == [10, 0]


def test_arctic_v2_is_not_filled_by_documents_of_another_retriever():
    # METHODS D3: "fewer than 10 eligible" counts what was retrieved, here ten of dense and one of random.
    ranks = {"dense": np.array([[*range(11)], [*range(10), -1]]), "random": np.array([[-1] * 11, [-1] * 10 + [0]])}
    scores = [[0.9] + [0.5] * 10] * 2
    pool = make_pool(
        scores, [[0.9], [0.9]], documents=[range(11)] * 2, flags=[[1] + [0] * 10] * 2,
        ranks={name: layer.astype(np.int32) for name, layer in ranks.items()},
    )  # fmt: skip
    assert select(pool, published()["arctic_v2"]).taken_counts.tolist() == [10, 0]


def test_shifted_ranks_count_what_the_leak_guards_left():
    scores = [[(40 - column) / 64 for column in range(20)]]
    pool = make_pool(scores, [[0.9]], flags=[[1, 0, 2, *[0] * 17]])
    assert select(pool, published()["nv_shifted"]).columns.tolist() == [[12, 13, 14, 15]]


def test_scale_says_what_a_threshold_was_published_for():
    assert {published()[name].scale for name in ("nv_abs", "nv_margin", "nv_perc", "arctic_v2")} == {"cosine"}
    assert published()["simans"].scale == "dot"
