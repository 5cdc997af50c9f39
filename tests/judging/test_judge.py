"""Trials and the verb: scope, plan, new pool, labels, resuming; and nothing that holds the key."""

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from negviz.cli import main
from negviz.errors import CancelledError, MissingInputError, RecipeError
from negviz.judge import Trial
from negviz.labels import read_labels
from negviz.recipe import find_recipe, published
from negviz.scorers.llm import llm
from negviz.select import select
from negviz.store import open_pool, save_pool, save_selection
from tests.judging import stub as kinds
from tests.pools import recipe

SECRET = "sk-verysecret0123456789"


def test_scopes(towers, settings, home):
    def cells(**more):
        return Trial(towers, "rlhn", settings(), home, **more).cells

    # From 0.855 to 1.0: d1 .89, d2 .88, d3 .87, d4 .86; the labelled positive is a leak.
    assert cells().tolist() == [[False, True, True, True, True, False, False, False, False]] * 6
    assert cells(scope="top", top=2).sum(axis=1).tolist() == [2] * 6
    assert cells(scope="top")[:, 1:].all()
    taken = select(towers, recipe(count=3))
    assert np.array_equal(cells(selection=taken), taken.taken)
    assert cells(scope="top", limit=2).any(axis=1).sum() == 2
    with pytest.raises(MissingInputError, match="--selection"):
        Trial(towers, "rlhn", settings(), home, scope="taken").requests()
    with pytest.raises(RecipeError, match="only be 'top'"):
        Trial(towers, "gecko", settings(), home, scope="disputed").requests()
    assert Trial(towers, "gecko", settings(), home).cells.all(), "the head of the list holds the positive"
    empty = dataclasses.replace(towers, flags=np.ones_like(towers.flags), stored_fingerprint=None)
    with pytest.raises(MissingInputError, match="nothing to judge"):
        Trial(empty, "rlhn", settings(), home).requests()


@pytest.mark.parametrize("limit", [1, 3])
def test_the_queries_of_a_limit_are_drawn_by_id_and_not_by_row(limit, towers, settings, home):
    turned = np.arange(6)[::-1].copy()
    other = dataclasses.replace(
        towers, queries=towers.queries[turned], documents=towers.documents[turned], flags=towers.flags[turned],
        positives=towers.positives[turned], ranks={"dense": towers.ranks["dense"][turned]},
        scores={"dense": towers.scores["dense"][turned]},
        positive_scores={"dense": towers.positive_scores["dense"][turned]},
    )  # fmt: skip
    one, two = (Trial(pool, "rlhn", settings(), home, limit=limit).cells for pool in (towers, other))
    assert np.array_equal(one, two[turned])
    wanted = [set(Trial(pool, "rlhn", settings(), home, limit=limit).requests()) for pool in (towers, other)]
    assert wanted[0] == wanted[1]


def test_the_new_pool_differs_from_the_old_and_says_how_it_came(towers, settings, home, tmp_path):
    trial = Trial(towers, "rlhn", settings(), home)
    made = trial.run().pool
    assert made.fingerprint != towers.fingerprint
    assert towers.scores.keys() == {"dense"}
    save_pool(made, tmp_path / "pool")
    opened = open_pool(tmp_path / "pool")
    facts = opened.origin["judged"]["rlhn"]
    assert {"model", "prompt", "asked", "cached", "unparsable", "disagreeing", "refused"} <= set(facts)
    assert facts["model"] == "stub-1"
    assert opened.scales["rlhn"] == "verdict"
    assert opened.fingerprint == made.fingerprint == trial.run().pool.fingerprint


def test_a_stopped_trial_goes_on_where_it_was(towers, stub, settings, home):
    stub.pause = 0.02
    trial = Trial(towers, "llm_judge", settings(parallel=2), home, scope="top")
    with pytest.raises(CancelledError):
        trial.run(cancelled=lambda: len(stub.asked) >= 20)
    sent = stub.count
    plan = trial.plan()
    assert plan.to_ask == 96 - sent
    assert plan.cached == sent
    found = trial.run()
    assert stub.count == 96
    assert (found.report["asked"], found.report["cached"]) == (96 - sent, sent)


def test_recipes_say_what_is_missing(towers):
    for name in ("rlhn", "arhn", "llm_judge", "gecko"):
        with pytest.raises(MissingInputError, match=f"negviz judge POOL --method {name} "):
            select(towers, find_recipe(name))
    with pytest.raises(MissingInputError, match="negviz synthesise POOL"):
        select(towers, find_recipe("syneg"))
    assert all(published()[name].about for name in ("rlhn", "arhn", "llm_judge", "gecko", "syneg"))


def test_a_candidate_without_a_verdict_is_refused_unless_it_is_let_through(towers, settings, home):
    pool = Trial(towers, "rlhn", settings(), home).run().pool
    strict = select(pool, find_recipe("rlhn"))
    assert strict.taken.sum(axis=1).tolist() == [2] * 6
    assert strict.reason(0, 1) == "llm_verdict"
    loose = select(pool, find_recipe("rlhn").with_knob("llm_verdict", "unjudged", True))
    assert loose.taken.sum(axis=1).tolist() == [6] * 6


def test_stored_grades_come_back_as_a_scorer_without_a_request(towers, stub, settings, home, monkeypatch):
    monkeypatch.setenv("NEGVIZ_HOME", str(home))
    judged = Trial(towers, "llm_judge", settings(), home).run().pool
    sent = stub.count
    shop = SimpleNamespace(home=home)
    given = {"dataset": towers.dataset, "queries": towers.queries, "documents": towers.documents, "shop": shop}
    assert np.array_equal(llm(**given, model="stub-1"), judged.scores["llm_judge"], equal_nan=True)
    assert stub.count == sent
    with pytest.raises(MissingInputError, match="No grade of 'other'"):
        llm(**given, model="other")
    with pytest.raises(MissingInputError, match="llm=MODEL"):
        llm(**given, model="")


def test_a_stored_grade_on_which_two_orders_differ_is_no_score(towers, stub, settings, home):
    honest = stub.reply
    stub.reply = lambda user: '{"grade": 3}' if user.startswith('{"passage"') else honest(user)
    judged = Trial(towers, "llm_judge", settings(), home, scope="top").run().pool
    found = llm(
        dataset=towers.dataset, queries=towers.queries, documents=towers.documents, shop=SimpleNamespace(home=home),
        model="stub-1",
    )  # fmt: skip
    assert np.isfinite(found).sum() == 6
    assert np.array_equal(found, judged.scores["llm_judge"], equal_nan=True)


# The verb.


class Ran:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def negviz(capfd, monkeypatch, tmp_path, towers):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEGVIZ_HOME", str(tmp_path / "home"))
    save_pool(towers, tmp_path / "POOL")

    def run(*arguments):
        capfd.readouterr()
        with pytest.raises(SystemExit) as done:
            main([str(part) for part in arguments])
        return Ran(done.value.code or 0, *capfd.readouterr())

    return run


def test_without_yes_the_plan_is_printed_and_nothing_is_sent_or_written(negviz, stub, tmp_path):
    command = ["judge", "POOL", "--method", "rlhn", "--address", stub.address, "--model", "stub-1", "--out", "NEW"]
    ran = negviz(*command, "--json", "--price-in", "1", "--price-out", "2")
    assert ran.code == 0, ran.err
    report = json.loads(ran.out)
    assert report["plan"]["to_ask"] == report["plan"]["requests"] == 12
    assert report["plan"]["cost"] > 0
    assert "4 characters" in report["plan"]["tokens"]
    shown = negviz(*command, "--price-out", "2").out
    # 12 answers of at most 1,024 tokens at 2 a million.
    assert "cost: about 0.02458, were every answer as long as it may be" in shown
    assert report["pairs"] == 24
    shown = negviz(*command).out
    assert "requests to send: 12" in shown
    assert "Nothing was sent" in shown
    assert stub.count == 0
    assert {path.name for path in tmp_path.iterdir()} == {"POOL"}


def test_with_yes_a_pool_and_labels_are_written_and_no_file_holds_the_key(negviz, stub, tmp_path):
    command = ["judge", "POOL", "--method", "rlhn", "--address", stub.address, "--model", "stub-1", "--yes"]
    ran = negviz(*command, "--out", "NEW", "--labels-out", "said.csv", "--json")
    assert ran.code == 0, ran.err
    report = json.loads(ran.out)
    assert report["values"] == {"0": 12, "1": 6, "2": 6}
    assert open_pool(tmp_path / "NEW").fingerprint == report["fingerprint"]
    assert len(read_labels(tmp_path / "said.csv")) == report["labels"] == 24
    assert json.loads(negviz("select", "NEW", "--recipe", "rlhn", "--out", "s.parquet", "--json").out)["taken"] == 12
    done = negviz("export", "NEW", "--selection", "s.parquet", "--format", "triplet", "--out", "set", "--labels",
                  "said.csv", "--json")  # fmt: skip
    assert json.loads(done.out)["counts"]["promoted"] == 6
    again = json.loads(negviz(*command, "--out", "AGAIN", "--json").out)
    assert (again["asked"], again["cached"], again["fingerprint"]) == (0, 12, report["fingerprint"])
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 20
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]
    assert SECRET not in ran.out + ran.err
    assert stub.keys[0] == f"Bearer {SECRET}"


def test_the_key_of_another_variable_is_sent_and_not_told(negviz, stub, monkeypatch):
    monkeypatch.setenv("MY_KEY", "another-secret-1")
    stub.always = kinds.DENIED
    ran = negviz("judge", "POOL", "--method", "rlhn", "--address", stub.address, "--model", "m", "--key-variable",
                 "MY_KEY", "--yes", "--out", "NEW")  # fmt: skip
    assert ran.code == 2
    assert stub.keys[0] == "Bearer another-secret-1"
    assert "another-secret-1" not in ran.out + ran.err
    assert "MY_KEY, which is set" in ran.err
    assert not Path("NEW").exists()


def test_what_fails_leaves_no_pool_behind(negviz, stub, tmp_path):
    stub.always = kinds.BAD
    command = ["judge", "POOL", "--method", "rlhn", "--address", stub.address, "--model", "m", "--yes"]
    ran = negviz(*command, "--out", "NEW", "--labels-out", "said.csv")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.strip().splitlines()[-1].startswith("negviz: ")
    assert not {"NEW", "said.csv"} & {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--method", "rlhm"], "Did you mean 'rlhn'"),
        (["--method", "rlhn", "--yes"], "--out"),
        (["--method", "rlhn", "--scope", "taken"], "--selection"),
        (["--method", "rlhn", "--labels-out", "x.txt"], ".csv or .jsonl"),
        (["--method", "rlhn", "--scorer", "bm25"], "no scores called 'bm25'"),
        (["--method", "rlhn", "--parallel", "0"], "parallel"),
        (["--method", "rlhn", "--top", "-1"], "top"),
        (["--method", "rlhn", "--out", "POOL/manifest.json"], "is a file"),
    ],
)
def test_bad_input_is_one_sentence_and_sends_nothing(negviz, stub, arguments, words):
    ran = negviz("judge", "POOL", "--address", stub.address, "--model", "m", *arguments)
    assert (ran.code, ran.out) == (2, ""), ran.err
    assert words in ran.err
    assert stub.count == 0


def test_what_a_selection_took_is_judged(negviz, stub, towers, tmp_path):
    save_selection(select(towers, recipe(count=2)), tmp_path / "s.parquet")
    ran = negviz("judge", "POOL", "--method", "llm_judge", "--address", stub.address, "--model", "m", "--selection",
                 "s.parquet", "--one-order", "--json")  # fmt: skip
    report = json.loads(ran.out)
    assert (report["scope"], report["pairs"], report["plan"]["to_ask"]) == ("taken", 12, 12)
