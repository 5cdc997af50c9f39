"""Synthetic negatives: what is thrown away, that the rest is marked everywhere, and that their share holds."""

import dataclasses
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from negviz.cli import main
from negviz.dataset import Dataset
from negviz.errors import MissingInputError, ModelError, RecipeError
from negviz.export import export, verify
from negviz.exporters import EXPORTERS
from negviz.labels import Labels
from negviz.mine import build_pool
from negviz.recipe import find_recipe
from negviz.select import select
from negviz.store import open_pool, read_selection, save_pool, save_selection, selection_table
from negviz.synthesise import Commission, written_in
from tests.judging import stub as kinds
from tests.judging.conftest import QUERIES, made_pool
from tests.judging.stub import field
from tests.pools import recipe

NONE = Labels.of(())


@pytest.fixture
def mined(home):
    """The towers, mined by the encoder that learns from the corpus, so that new texts can be scored."""
    towers = made_pool()
    return build_pool(towers.dataset, encoder="static", retrievers=["dense", "bm25"], depth=8, home=home)


@pytest.fixture
def written(mined, stub, settings, home):
    return Commission(mined, settings(), home).run()


def saying(*negatives, requirements=("one", "two")):
    return lambda user: json.dumps({"requirements": list(requirements), "negatives": list(negatives)})


def test_two_for_every_query_with_scores_of_their_own(mined, written):
    pool = written.pool
    assert written.report["kept"] == len(pool.dataset.synthetic_ids) == 2 * QUERIES
    brought = pool.ranks["synthetic"] >= 0
    assert brought.sum(axis=1).tolist() == [2] * QUERIES
    names = [pool.dataset.document_id(row) for row in pool.documents[brought]]
    assert all(name.startswith("synthetic-") for name in names)
    assert set(names) == pool.dataset.synthetic_ids
    for layer in ("dense", "bm25"):
        assert np.isfinite(pool.scores[layer][brought]).all()
    assert written.report["unscored"] == []
    assert written.report["violated"] == {"1": 12}
    facts = pool.dataset.facts["synthetic"][names[0]]
    assert (facts["query_id"], facts["model"]) == ("q0", "stub-1")
    assert facts["violated"][0] in {"names it", "measures it"}


def test_old_candidates_keep_ids_scores_and_ranks(mined, written):
    def cells(pool, layers):
        return {
            (pool.dataset.query_id(pool.queries[place]), pool.dataset.document_id(pool.documents[place, column])): [
                layer[place, column] for layer in layers(pool)
            ]
            for place, column in np.argwhere(pool.present).tolist()
        }

    def layers(pool):
        return [pool.scores["dense"], pool.ranks["dense"], pool.ranks["bm25"], pool.flags]

    old, new = cells(mined, layers), cells(written.pool, layers)
    assert {pair: new[pair] for pair in old} == old
    assert len(new) == len(old) + 12
    assert written.pool.dataset.fingerprint != mined.dataset.fingerprint
    assert written.pool.fingerprint != mined.fingerprint
    assert written.pool.positive_scores["dense"].tolist() == mined.positive_scores["dense"].tolist()


def test_the_same_pool_whatever_the_order_of_the_queries(mined, stub, settings, home, written):
    again = Commission(mined, settings(), home).run()
    assert again.pool.fingerprint == written.pool.fingerprint
    assert again.report["asked"] == 0
    turned = np.arange(QUERIES)[::-1].copy()
    other = dataclasses.replace(
        mined, queries=mined.queries[turned], documents=mined.documents[turned], flags=mined.flags[turned],
        positives=mined.positives[turned], stored_fingerprint=None,
        **{group: {name: layer[turned] for name, layer in getattr(mined, group).items()}
           for group in ("ranks", "scores", "positive_scores")},
    )  # fmt: skip
    two = Commission(other, settings(), home).run()
    assert two.pool.dataset.fingerprint == written.pool.dataset.fingerprint
    assert two.pool.embeddings.documents.tobytes() == written.pool.embeddings.documents.tobytes()


def test_a_second_commission_adds_to_the_first(mined, stub, settings, home, written):
    stub.reply = lambda user: saying({"text": f"Another text on {field(user, 'question')}", "violates": [1]})(user)
    more = Commission(written.pool, settings(most_tokens=900), home).run().pool
    assert len(more.dataset.synthetic_ids) == 3 * QUERIES
    assert (more.ranks["synthetic"] >= 0).sum(axis=1).tolist() == [3] * QUERIES


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "blank"),
        ("\u200b \u00a0", "blank"),
        ("TOWER 3 text 4  [neither] is 34 metres high", "text of a document"),
        ("Tower 1 text 0 [positive] is 10 metres  high!", "near-duplicate of a positive"),
        ("How high is tower 1?", "is the query itself"),
        ("x" * 9000, "too long"),
    ],
)
def test_what_is_no_negative_is_thrown_away_and_counted(mined, stub, settings, home, text, reason):
    stub.reply = lambda user: (
        saying({"text": text, "violates": [1]})(user)
        if "tower 1?" in user
        else saying({"text": f"A good one: {field(user, 'question')}", "violates": [2]})(user)
    )
    made = Commission(mined, settings(), home).run()
    assert made.report["thrown_away"] == {reason: 1}
    assert made.report["kept"] == QUERIES - 1
    assert "q1" not in {fact["query_id"] for fact in made.pool.dataset.facts["synthetic"].values()}


def test_a_text_that_holds_an_answer_or_violates_nothing_is_thrown_away(mined, stub, settings, home):
    pytest.importorskip("negviz.answers")
    stub.reply = lambda user: saying(
        {"text": f"It is 0 metres, so {field(user, 'question')}", "violates": [1]},
        {"text": f"Fine: {field(user, 'question')}", "violates": []},
    )(user)
    made = Commission(mined, settings(), home).run()
    assert made.report["thrown_away"] == {"violates nothing": 6, "holds an answer": 1}


def test_what_the_service_refuses_and_what_it_does_not_take_is_counted(mined, stub, settings, home):
    stub.faults = [None, kinds.BAD, kinds.REFUSAL, kinds.FOREIGN]
    made = Commission(mined, settings(parallel=1), home).run()
    told = {name: made.report[name] for name in ("failed", "refused", "unparsable", "written", "asked")}
    assert told == {"failed": 1, "refused": 1, "unparsable": 1, "written": 2 * (QUERIES - 3), "asked": QUERIES}
    again = Commission(mined, settings(parallel=1), home).run()
    assert (again.report["asked"], again.report["failed"], again.report["refused"]) == (1, 0, 1)


def test_a_commission_plans_what_it_sends(mined, stub, settings, home):
    plan = Commission(mined, settings(), home).plan(price_out=1.0)
    assert plan.cost == pytest.approx(QUERIES * 1024 / 1e6)
    Commission(mined, settings(), home).run()
    assert plan.to_ask == stub.count == QUERIES


@pytest.mark.parametrize("fault", [kinds.FOREIGN, kinds.REFUSAL, kinds.HUGE])
def test_where_nothing_usable_comes_there_is_no_pool(mined, stub, settings, home, fault):
    stub.always = fault
    with pytest.raises(MissingInputError, match="Nothing that stub-1 wrote can be used"):
        Commission(mined, settings(), home).run()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"requirements": ["a", "b"], "negatives": [{"text": " x\\ny ", "violates": [2, 2, 7]}]}', [("x y", ("b",))]),
        ('{"requirements": ["a"], "negatives": [{"text": 3}, "no", {"text": "z"}]}', [("z", ())]),
        ('{"negatives": []}', None),
        ('{"requirements": ["a"], "negatives": [', None),
        ("", None),
        ("[]", None),
    ],
)
def test_answers_are_read(text, found):
    assert written_in(text) == found


def test_vectors_of_another_encoder_are_refused(mined, stub, settings, home):
    other = dataclasses.replace(mined.embeddings, identity="f" * 32)
    with pytest.raises(ModelError, match="build the pool again"):
        Commission(dataclasses.replace(mined, embeddings=other), settings(), home).run()


@pytest.mark.parametrize("more", [{"per_query": 0}, {"per_query": 11}, {"limit": -1}])
def test_odd_numbers_are_refused(mined, settings, home, more):
    with pytest.raises(RecipeError):
        Commission(mined, settings(), home, **more)


# The recipe.


@pytest.mark.parametrize(("share", "synthetic"), [(0.0, 0), (0.25, 1), (0.5, 2), (0.375, 2)])
def test_f2_every_query_has_the_configured_share_exactly(written, share, synthetic):
    found = select(written.pool, find_recipe("syneg").with_knob("synthetic_mix", "share", share))
    brought = (written.pool.ranks["synthetic"] >= 0) & found.taken
    assert found.taken_counts.tolist() == [4] * QUERIES
    assert brought.sum(axis=1).tolist() == [synthetic] * QUERIES


def test_a_query_that_cannot_hold_the_share_is_dropped_and_counted(mined, stub, settings, home):
    made = Commission(mined, settings(), home, limit=4).run()
    found = select(made.pool, find_recipe("syneg"))
    assert sorted(found.taken_counts.tolist()) == [0, 0, 4, 4, 4, 4]
    assert found.summary()["starved"] == 2
    three = select(made.pool, find_recipe("syneg").with_knob("synthetic_mix", "share", 0.75))
    assert not three.taken.any()


# The marks.


def test_a_selection_marks_them_only_where_there_are_some(mined, written, tmp_path):
    assert "synthetic" not in selection_table(select(mined, recipe())).column_names
    found = select(written.pool, find_recipe("syneg"))
    table = selection_table(found).to_pylist()
    assert {row["document_id"] for row in table if row["synthetic"]} == written.pool.dataset.synthetic_ids
    assert sum(row["synthetic"] and row["taken"] for row in table) == 12
    save_selection(found, tmp_path / "s.parquet")
    save_pool(written.pool, tmp_path / "pool")
    opened = open_pool(tmp_path / "pool")
    assert opened.dataset.synthetic_ids == written.pool.dataset.synthetic_ids
    assert read_selection(tmp_path / "s.parquet", opened).fingerprint == found.fingerprint


@pytest.mark.parametrize("name", EXPORTERS.names())
def test_every_export_counts_and_lists_them(name, written, tmp_path):
    found = select(written.pool, find_recipe("syneg"))
    manifest = export(found, NONE, name, tmp_path / "out")
    assert manifest["counts"]["synthetic_negatives"] == 12
    rows = [json.loads(line) for line in (tmp_path / "out" / "synthetic.jsonl").read_text("utf-8").splitlines()]
    assert {row["document_id"] for row in rows} == written.pool.dataset.synthetic_ids
    assert all(row["document_id"].startswith("synthetic-") for row in rows)
    assert {row["query_id"] for row in rows} == {f"q{n}" for n in range(QUERIES)}
    assert all("was often asked" in row["document"] for row in rows)
    assert "synthetic.jsonl" in manifest["files"]
    assert "a language model wrote" in (tmp_path / "out" / "README.md").read_text("utf-8")
    assert verify(tmp_path / "out") == []
    if "negatives" in EXPORTERS.get(name).trait("holds") and (tmp_path / "out" / "ids.parquet").is_file():
        told = {
            each for row in pq.read_table(tmp_path / "out" / "ids.parquet").to_pylist() for each in row["negative_ids"]
        }
        assert written.pool.dataset.synthetic_ids <= told


@pytest.mark.parametrize("name", EXPORTERS.names())
def test_an_export_without_them_has_no_list(name, written, mined, tmp_path):
    without = select(written.pool, find_recipe("syneg").with_knob("synthetic_mix", "share", 0.0))
    for place, selection in enumerate((without, select(mined, recipe()))):
        manifest = export(selection, NONE, name, tmp_path / f"{place}")
        assert manifest["counts"]["synthetic_negatives"] == 0
        assert not (tmp_path / f"{place}" / "synthetic.jsonl").exists()
        data = b"".join(path.read_bytes() for path in (tmp_path / f"{place}").rglob("*.jsonl"))
        assert b'"synthetic-' not in data, "a corpus holds none that is nobody's negative"


# The verb.


def test_the_verb_plans_first_and_then_writes(mined, stub, tmp_path, capfd, monkeypatch, home):
    monkeypatch.setenv("NEGVIZ_HOME", str(home))
    save_pool(mined, tmp_path / "POOL")
    command = ["synthesise", str(tmp_path / "POOL"), "--address", stub.address, "--model", "stub-1", "--json"]

    def run(*more):
        capfd.readouterr()
        with pytest.raises(SystemExit) as done:
            main([*command, *more])
        return done.value.code or 0, capfd.readouterr()

    code, (out, _) = run("--per-query", "2", "--limit", "3")
    assert (code, json.loads(out)["plan"]["to_ask"], stub.count) == (0, 3, 0)
    code, (out, err) = run("--yes", "--out", str(tmp_path / "NEW"))
    assert code == 0, err
    assert json.loads(out)["kept"] == 12
    assert len(open_pool(tmp_path / "NEW").dataset.synthetic_ids) == 12
    assert b"sk-verysecret" not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_clash_of_ids_is_named(mined, written, settings, home):
    taken = next(iter(written.pool.dataset.synthetic_ids))
    data = mined.dataset
    clashing = Dataset.build(
        name="x", format="test", queries=list(zip(data.query_ids, data.query_texts, strict=True)),
        documents=[*((name, "", text) for name, text in zip(data.document_ids, data.contents, strict=True)),
                   (taken, "", "something else")],
        positives=[(f"q{n}", f"d{n}0", 1) for n in range(QUERIES)],
    )  # fmt: skip
    pool = build_pool(clashing, encoder="static", retrievers=["dense"], depth=8, home=home)
    with pytest.raises(RecipeError, match="already"):
        Commission(pool, settings(), home).run()
