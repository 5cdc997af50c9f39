"""Agreement with ``sentence_transformers.util.mine_hard_negatives``, and its defects that we do not have.

Each defect is first reproduced in the peer (version 6.2.0 when this was written), then shown to be absent here. A
failing first half means that the peer has mended it: say so in that test and keep the second half.
"""

import re
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from negviz import mine
from negviz.dataset import Dataset
from negviz.pool import ALL_LEAKS, LEAKS, Pool
from negviz.recipe import published
from negviz.select import select
from negviz.selection import Selection
from negviz.store import selection_table
from tests.pools import recipe

datasets = pytest.importorskip("datasets")
util = pytest.importorskip("sentence_transformers.util")
RECIPE = published()["sentence_transformers"]


@dataclass
class Fake:
    """Vectors by text: a model for the peer and an encoder for us."""

    vectors: dict[str, NDArray[np.float32]]
    similarity_name: str = "cosine"

    name = "fake"
    identity = "fake"
    device = "cpu"
    model_card_data = SimpleNamespace(base_model=None)

    def encode(self, texts, **options):
        table = np.stack([self.vectors[text] for text in texts]).astype(np.float32)
        lengths = np.linalg.norm(table, axis=1, keepdims=True)
        return table / np.maximum(lengths, 1e-12) if options.get("normalize_embeddings") else table

    encode_query = encode_document = encode

    def get_embedding_dimension(self):
        return self.dims

    @property
    def dims(self) -> int:
        return len(next(iter(self.vectors.values())))

    def similarity(self, one, other=None):
        scores = {"cosine": util.cos_sim, "dot": util.dot_score}[self.similarity_name]
        return scores(one, other)

    def similarity_pairwise(self, one, other):
        scores = {"cosine": util.pairwise_cos_sim, "dot": util.pairwise_dot_score}[self.similarity_name]
        return scores(one, other)


@dataclass
class FakeEncoder:
    """The same vectors with our encoder's interface."""

    fake: Fake

    name = "fake"
    identity = "fake"

    @property
    def dims(self) -> int:
        return self.fake.dims

    @property
    def similarity(self) -> str:
        return self.fake.similarity_name

    def encode_queries(self, texts):
        return self.fake.encode(texts, normalize_embeddings=self.similarity == "cosine")

    encode_documents = encode_queries


@dataclass
class World:
    """Queries with their positives, and a corpus; every text has a vector."""

    fake: Fake
    corpus: list[str]
    pairs: list[tuple[str, str]]
    plain: bool = False

    def peer(self, **options) -> dict[str, list[str]]:
        """Negatives that the peer mines for each query, in its order."""
        rows = self.peer_table(**options)
        found: dict[str, list[str]] = {}
        for row in rows:
            own = found.setdefault(row["query"], [])
            own += [] if row["negative"] in own else [row["negative"]]
        return found

    def peer_table(self, **options):
        pairs = datasets.Dataset.from_dict(
            {"query": [query for query, _ in self.pairs], "positive": [positive for _, positive in self.pairs]}
        )
        return util.mine_hard_negatives(
            pairs, self.fake, **{"corpus": self.corpus, "verbose": False, "num_negatives": 3, **options}
        )

    def ours(self, made, tmp_path, monkeypatch) -> tuple[Selection, dict[str, list[str]]]:
        """Our selection, and the negatives of each query, best first."""
        pool = self.pool(tmp_path, monkeypatch)
        chosen = select(pool, made)
        if self.plain:
            assert set(np.unique(pool.flags & ALL_LEAKS)) <= {0, LEAKS["labelled positive"]}
        texts = pool.dataset.contents
        found = {
            pool.dataset.query_text(query): [texts[pool.documents[place, column]] for column in columns if column >= 0]
            for place, (query, columns) in enumerate(zip(pool.queries, chosen.columns, strict=True))
        }
        return chosen, found

    def pool(self, tmp_path, monkeypatch) -> Pool:
        monkeypatch.setattr(mine, "open_encoder", lambda *_, **__: FakeEncoder(self.fake))
        return mine.build_pool(self.dataset(), retrievers=["dense"], depth=len(self.corpus), home=tmp_path)

    def dataset(self) -> Dataset:
        texts = list(dict.fromkeys([*self.corpus, *(positive for _, positive in self.pairs)]))
        ids = {text: f"d{row:05}" for row, text in enumerate(texts)}
        queries = list(dict.fromkeys(query for query, _ in self.pairs))
        names = {text: f"q{row:04}" for row, text in enumerate(queries)}
        return Dataset.build(
            name="world",
            format="test",
            queries=[(name, text) for text, name in names.items()],
            documents=[(name, "", text) for text, name in ids.items()],
            positives=[(names[query], ids[positive], 1) for query, positive in self.pairs],
        )


DIMS = 40


def at(cosine: float, axis: int, length: float = 1.0, *, towards: int = 0) -> NDArray[np.float32]:
    """Vector with a given cosine to axis ``towards``; the rest of it lies on an axis of its own."""
    vector = np.zeros(DIMS, dtype=np.float32)
    vector[towards] += cosine
    vector[axis] += np.sqrt(max(0.0, 1.0 - cosine**2))
    return vector * length


def one_query(scores: dict[str, float], positive: str = "the positive", query: str = "the query") -> World:
    """A query and documents at given cosines to it."""
    vectors = {text: at(score, axis) for axis, (text, score) in enumerate(scores.items(), start=1)}
    return World(Fake({query: at(1.0, 1), **vectors}), list(scores), [(query, positive)])


def random_world(queries: int, documents: int, positives: int = 1) -> World:
    """Queries near their positives among documents of random direction, all texts unlike each other.

    There is none of the peer's traps in it, so that the only leaks are the labelled positives themselves.
    """
    random = np.random.default_rng(documents)
    table = random.normal(size=(documents, 48)).astype(np.float32)
    texts = [f"document {random.bytes(24).hex()}" for _ in range(documents)]
    vectors = dict(zip(texts, table, strict=True))
    pairs = []
    for own in random.permutation(documents)[: queries * positives].reshape(queries, positives):
        query = f"query {random.bytes(12).hex()}"
        vectors[query] = (table[own].mean(axis=0) + random.normal(size=48) * 0.5).astype(np.float32)
        pairs += [(query, texts[row]) for row in own]
    return World(Fake(vectors), texts, pairs, plain=True)


@pytest.mark.parametrize(("queries", "documents"), [(5, 8), (20, 60), (60, 500), (100, 2_000)])
def test_the_same_negatives_in_the_same_order(queries, documents, tmp_path, monkeypatch):
    world = random_world(queries, documents)
    _, ours = world.ours(RECIPE, tmp_path, monkeypatch)
    peer = world.peer(relative_margin=0.05)
    assert {query: found for query, found in ours.items() if found} == peer
    assert len(peer) >= 0.5 * queries


@pytest.mark.parametrize(
    ("step", "options"),
    [
        (("absolute_margin", {"margin": 0.05}), {"absolute_margin": 0.05}),
        (("score_ceiling", {"ceiling": 0.6, "inclusive": True}), {"max_score": 0.6}),
        (("relative_margin", {"margin": 0.2}), {"relative_margin": 0.2}),
    ],
)
def test_the_same_negatives_under_other_thresholds(step, options, tmp_path, monkeypatch):
    world = random_world(40, 300)
    _, ours = world.ours(
        recipe(("rank_window", {"stop": 101, "among": "eligible"}), step, count=3), tmp_path, monkeypatch
    )
    assert {query: found for query, found in ours.items() if found} == world.peer(range_max=101, **options)


def test_the_same_negatives_with_two_positives_each(tmp_path, monkeypatch):
    world = random_world(40, 400, positives=2)
    window = RECIPE.with_knob("rank_window", "stop", 32).with_knob("draw", "limit", 32)
    _, ours = world.ours(window, tmp_path, monkeypatch)
    assert {query: found for query, found in ours.items() if found} == world.peer(relative_margin=0.05)


def test_the_same_scores(tmp_path, monkeypatch):
    world = random_world(20, 100)
    chosen, _ = world.ours(RECIPE, tmp_path, monkeypatch)
    rows = world.peer_table(relative_margin=0.05, output_scores=True)
    theirs = {(row["query"], row["negative"]): row["scores"][1] for row in rows}
    dataset, pool = chosen.pool.dataset, chosen.pool
    ours = {
        (dataset.query_text(pool.queries[place]), dataset.contents[pool.documents[place, column]]): float(
            pool.scores["dense"][place, column]
        )
        for place, column in zip(*np.nonzero(chosen.taken), strict=True)
    }
    assert ours.keys() == theirs.keys()
    assert all(ours[pair] == pytest.approx(theirs[pair], abs=1e-6) for pair in ours)


def test_w1_a_cache_never_gives_another_checkpoint_s_vectors(tmp_path):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    from negviz.encoders.static import static_model

    words = [
        "river",
        "delta",
        "bread",
        "oven",
        "piano",
        "string",
        "planet",
        "orbit",
        "copper",
        "iron",
        "violin",
        "castle",
    ]
    texts = [f"{one} {other} {one}" for one in words for other in words if one < other]
    first = static_model(texts, dims=8)
    weights = np.random.default_rng(0).normal(size=first[0].embedding.weight.shape).astype(np.float32)
    second = SentenceTransformer(modules=[StaticEmbedding(first[0].tokenizer, embedding_weights=weights)], device="cpu")
    first.save(str(tmp_path / "first"))
    second.save(str(tmp_path / "second"))
    world = World(Fake({}), texts, [(f"{word} where", texts[row]) for row, word in enumerate(words[:6])])

    def peer(name, cache):
        world.fake = SentenceTransformer(str(tmp_path / name), device="cpu")
        return world.peer(cache_folder=str(tmp_path / cache))

    def ours(name, home):
        return mine.build_pool(
            world.dataset(), encoder=str(tmp_path / name), retrievers=["dense"], home=tmp_path / home
        )

    old, fresh, stale = peer("first", "shared"), peer("second", "fresh"), peer("second", "shared")
    assert stale == old != fresh, "the peer has mended its cache key"
    old, fresh, again = ours("first", "shared home"), ours("second", "fresh home"), ours("second", "shared home")
    assert again.scores["dense"].tobytes() == fresh.scores["dense"].tobytes()
    assert again.fingerprint == fresh.fingerprint != old.fingerprint


def test_w3_the_query_itself_is_not_its_own_negative(tmp_path, monkeypatch):
    world = one_query({"the positive": 0.9, "a": 0.8, "b": 0.7, "c": 0.6})
    world.corpus.append("the query")
    assert world.peer()["the query"][0] == "the query"
    world.corpus.append("The  QUERY")
    world.fake.vectors["The  QUERY"] = at(1.0, 1)
    chosen, ours = world.ours(recipe(count=3), tmp_path, monkeypatch)
    assert ours["the query"] == ["a", "b", "c"]
    assert dict(chosen.refused_counts)["is the query itself"] == 2


def test_w4_copies_of_the_positive_and_blank_texts_are_no_negatives(tmp_path, monkeypatch):
    positive = "The cat sat."
    copies = {"the cat sat. ": 0.9, "THE CAT\u00a0SAT.": 0.9, "Ｔｈｅ cat sat.": 0.9}
    world = one_query({positive: 0.9, **copies, "": 0.85, "a dog": 0.5, "a cow": 0.4, "a pig": 0.3}, positive)
    world.fake.vectors["the cat sat."] = at(0.9, 2)  # how our encoders see the first copy
    assert set(world.peer()["the query"]) == set(copies)
    assert set(world.peer(absolute_margin=0.0)["the query"]) & set(copies), "an equal score passes"
    assert "" in world.peer(num_negatives=5, range_max=20)["the query"]
    for made in (recipe(count=5), recipe(("absolute_margin", {"margin": 0.0}), count=5)):
        chosen, ours = world.ours(made, tmp_path, monkeypatch)
        assert ours["the query"] == ["a dog", "a cow", "a pig"]
    assert dict(chosen.refused_counts)["same text as a positive"] == 3
    assert dict(chosen.refused_counts)["blank text"] == 1


def test_w5_queries_that_ask_the_same_do_not_poison_each_other(tmp_path, monkeypatch):
    tall, height = "how tall is the tower", "tower height?"
    vectors = {
        tall: at(1.0, 1),
        height: at(0.995, 2),
        "It rises 330 metres.": at(0.9, 3),
        "Its top is at 330 m.": at(0.9, 4),
    }
    pairs = [(tall, "It rises 330 metres."), (height, "Its top is at 330 m.")]
    for number in range(8):
        vectors[f"other question {number}"] = at(0.0, 10 + number)
        vectors[f"other answer {number}"] = at(0.9, 20 + number, towards=10 + number)
        pairs.append((f"other question {number}", f"other answer {number}"))
    world = World(Fake(vectors), [text for text in vectors if text not in dict(pairs)], pairs)
    peer = world.peer()
    assert peer[tall][0] == "Its top is at 330 m."
    assert peer[height][0] == "It rises 330 metres."
    chosen, ours = world.ours(recipe(count=3), tmp_path, monkeypatch)
    assert not {"It rises 330 metres.", "Its top is at 330 m."} & {*ours[tall], *ours[height]}
    assert dict(chosen.refused_counts)["positive of a near-identical query"] == 2


def test_w6_a_skip_of_ranks_is_not_a_skip_of_survivors(tmp_path, monkeypatch):
    above = {f"above {row}": 0.88 - row / 1000 for row in range(4)}
    good = {f"good {row}": 0.8 - row / 100 for row in range(8)}
    world = one_query({"the positive": 0.9, **above, **good})
    assert world.peer(range_min=4, relative_margin=0.05)["the query"] == ["good 4", "good 5", "good 6"]
    skip = ("rank_window", {"start": 4, "among": "eligible"})
    _, ours = world.ours(recipe(skip, "relative_margin", count=3), tmp_path, monkeypatch)
    assert ours["the query"] == ["good 0", "good 1", "good 2"]
    # Whoever wants the peer's reading can have it, under its own name.
    _, same = world.ours(recipe("relative_margin", draw=("top", {"skip": 4}), count=3), tmp_path, monkeypatch)
    assert same["the query"] == ["good 4", "good 5", "good 6"]


def test_w8_one_weak_positive_does_not_silently_empty_the_query(tmp_path, monkeypatch):
    world = one_query({"the positive": 0.9, "a weak positive": 0.3, "a": 0.8, "b": 0.7, "c": 0.6})
    world.pairs.append(("the query", "a weak positive"))
    assert world.peer(relative_margin=0.05) == {}
    chosen, ours = world.ours(RECIPE, tmp_path, monkeypatch)
    assert ours["the query"] == []
    assert chosen.summary()["starved"] == chosen.summary()["empty"] == 1, "starved, but counted and shown"
    _, ours = world.ours(replace(RECIPE, anchor="max"), tmp_path, monkeypatch)
    assert ours["the query"] == ["a", "b", "c"]


def test_w10_counts_add_up(tmp_path, monkeypatch, capsys):
    world = one_query({"the positive": 0.9, "a": 0.8, "b": 0.7, "c": 0.1})
    world.peer(min_score=0.5, verbose=True, range_max=20)
    said = capsys.readouterr().out
    skipped = int(re.search(r"Skipped (\d+) potential negatives .* min_score", said)[1])
    assert skipped > 1, "the peer has mended its count"
    chosen, _ = world.ours(recipe(("score_floor", {"floor": 0.5})), tmp_path, monkeypatch)
    assert dict(chosen.refused_counts)["score_floor"] == 1
    assert sum(count for _, count in chosen.refused_counts) + chosen.not_drawn + chosen.taken.sum() == 4


def test_w11_a_model_trained_for_the_inner_product_is_mined_with_it(tmp_path, monkeypatch):
    vectors = {
        "the query": at(1.0, 1, 10.0),
        "the positive": at(0.95, 2),
        "long and far": at(0.5, 3, 1.8),
        "middling": at(0.5, 4, 1.0),
        "short and near": at(0.9, 5, 0.05),
    }
    world = World(Fake(vectors, "dot"), list(vectors)[1:], [("the query", "the positive")])
    assert world.peer(num_negatives=1)["the query"] == ["short and near"], "its inner product is the smallest of all"
    chosen, ours = world.ours(recipe(count=3), tmp_path, monkeypatch)
    assert ours["the query"] == ["long and far", "middling", "short and near"]
    assert chosen.pool.scales["dense"] == "dot"
    assert sorted(chosen.pool.scores["dense"][0]) == pytest.approx([0.45, 5.0, 9.0, 9.5], rel=1e-5)


def test_w13_a_draw_has_a_seed(tmp_path, monkeypatch):
    world = random_world(20, 100)
    options = {"sampling_strategy": "random", "range_max": 40}
    assert world.peer(**options) != world.peer(**options)
    made = recipe(("rank_window", {"stop": 40, "among": "eligible"}), draw="sample", count=3, seed=4)
    one, other = (world.ours(made, tmp_path, monkeypatch)[0] for _ in range(2))
    assert one.columns.tobytes() == other.columns.tobytes()
    third, _ = world.ours(replace(made, seed=5), tmp_path, monkeypatch)
    assert not np.array_equal(one.columns, third.columns)


def two_queries() -> World:
    world = one_query({"the positive": 0.9, "a": 0.8, "b": 0.7, "c": 0.6})
    poor = one_query({"poor positive": 0.05, "d": 0.3}, "poor positive", "poor query")
    for axis, (text, towards) in enumerate([("poor query", 1.0), ("poor positive", -0.2), ("d", 0.3)], start=30):
        world.fake.vectors[text] = at(towards, axis, towards=20)
    world.corpus += poor.corpus
    world.pairs += poor.pairs
    return world


def test_w15_a_query_with_too_few_is_kept_or_dropped_but_never_silently(tmp_path, monkeypatch):
    world = two_queries()
    rows = world.peer_table(relative_margin=0.05, output_format="n-tuple")
    assert [row["query"] for row in rows] == ["the query"], "two queries in, one out"
    chosen, ours = world.ours(RECIPE, tmp_path, monkeypatch)
    assert set(ours) == {"the query", "poor query"}
    assert chosen.summary()["starved"] == 1
    dropped, _ = world.ours(replace(RECIPE, underfill="drop"), tmp_path, monkeypatch)
    assert dropped.summary()["starved"] == dropped.summary()["empty"] == 1


def test_w16_ids_ranks_scores_and_reasons_are_in_the_output(tmp_path, monkeypatch):
    world = two_queries()
    pairs = datasets.Dataset.from_dict(
        {
            "query": [query for query, _ in world.pairs],
            "positive": [positive for _, positive in world.pairs],
            "qid": ["q1", "q2"],
            "docid": ["d1", "d2"],
        }
    )
    peer = util.mine_hard_negatives(pairs, world.fake, corpus=world.corpus, num_negatives=1, verbose=False)
    assert not {"qid", "docid"} & set(peer.column_names), "the peer has learnt to keep columns"
    chosen, _ = world.ours(RECIPE, tmp_path, monkeypatch)
    table = selection_table(chosen).to_pylist()
    assert {row["query_id"] for row in table} == {"q0000", "q0001"}
    first = [(row["document_id"], row["rank"], row["taken"], row["refused_by"]) for row in table[:2]]
    assert first == [("d00000", 0, False, "labelled positive"), ("d00001", 1, True, None)]
