import json
from dataclasses import replace

import numpy as np
import pytest
import yaml

from negviz.errors import MissingInputError, NegvizError, RecipeError, UnknownNameError
from negviz.recipe import find_recipe
from negviz.select import NO_LABELS
from negviz.training.mining import Miner, mined_anew
from negviz.training.plan import Arm, Material, read_material
from negviz.training.running import Runner, read_negatives, run_plan, unit_folder
from negviz.training.schedule import FOLDER, Schedule, Stage, find_schedule, read_schedule, schedule_of, schedules
from negviz.training.splitting import split_queries
from tests.training.worlds import ADAPTER, TOP, planned, rounds, world, world_dataset

NAMES = sorted(schedules())
# What the published schedules say of themselves: rounds of all stages, how they are mined, whose loss.
SAID = {
    "adore": (5, ["step"], ["lambdarank_mrr"]),
    "ance": (5, ["newest"], ["pairwise_nll"]),
    "bm25": (5, ["first"], ["infonce"]),
    "cl_drd": (4, ["first"] * 3, ["lambda_mrr"] * 3),
    "easy_to_hard": (5, ["first"] * 4, ["infonce"] * 4),
    "fixed": (5, ["first"], ["infonce"]),
    "random": (5, ["first"], ["infonce"]),
    "refreshed": (5, ["newest"], ["infonce"]),
    "star": (5, ["first"], ["pairwise_nll"]),
}


def with_teacher(pool, seed=2, name="cross_encoder"):
    """The pool with scores of a teacher made up by chance."""
    random = np.random.default_rng(seed)
    scores = np.where(pool.present, random.random(pool.documents.shape), np.nan).astype(np.float32)
    own = np.where(pool.positives >= 0, 0.9, np.nan).astype(np.float32)
    return replace(
        pool, scores={**pool.scores, name: scores}, positive_scores={**pool.positive_scores, name: own},
        scales={**pool.scales, name: "probability"}, stored_fingerprint=None,
    )  # fmt: skip


@pytest.fixture(scope="module")
def wide():
    """A pool with enough candidates for a list of thirty, with a cross-encoder's scores."""
    return with_teacher(world(documents=80, depth=45))


def test_the_published_schedules_are_those_that_are_tested_here():
    assert sorted(SAID) == NAMES
    assert sorted(path.stem for path in FOLDER.glob("*.yaml")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_published_schedule_says_what_it_is(name):
    found = find_schedule(name)
    assert found.name == name
    assert found.title
    assert found.about
    assert name in {"fixed", "refreshed"} or found.paper
    assert (found.rounds, [stage.mined for stage in found.stages], [stage.loss.strategy for stage in found.stages]) == (
        SAID[name]
    )


@pytest.mark.parametrize("name", NAMES)
def test_its_plain_form_comes_back_the_same_also_by_way_of_files(name, tmp_path):
    found = find_schedule(name)
    assert schedule_of(found.to_dict()).to_dict() == found.to_dict()
    assert schedule_of(json.loads(json.dumps(found.to_dict()))).to_dict() == found.to_dict()
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(found.to_dict()), "utf-8")
    again = find_schedule(str(path))
    assert again.to_dict() == found.to_dict()
    assert [stage.rate for stage in again.stages] == [stage.rate for stage in found.stages]
    assert [stage.lag for stage in again.stages] == [stage.lag for stage in found.stages]


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_a_round_of_every_stage(name, wide, tmp_path):
    full = find_schedule(name).filled(TOP)
    short = replace(full, stages=tuple(replace(stage, rounds=1, epochs=1) for stage in full.stages))
    folder = planned(tmp_path, wide, Arm(name, short))
    run_plan(folder, home=tmp_path)
    unit = unit_folder(folder, 0, 0)
    about = [json.loads((unit / f"{number + 1:03d}" / "manifest.json").read_text()) for number in range(short.rounds)]
    assert all(each["pairs"] == 8 for each in about)
    assert all(np.isfinite(each["loss"]) and each["loss"] > 0 for each in about)
    assert not np.array_equal(np.load(unit / "before" / "metrics.npy"), np.load(unit / "001" / "ranks.npy"))


def test_the_rounds_of_the_stages_follow_each_other():
    found = find_schedule("cl_drd")
    assert [found.stages.index(found.stage(number)) for number in range(4)] == [0, 0, 1, 2]
    assert [found.started(number) for number in range(4)] == [0, 0, 2, 3]
    for asked in (found.stage, found.started):
        with pytest.raises(IndexError):
            asked(4)


def test_stages_without_a_recipe_get_the_one_at_hand():
    found = find_schedule("easy_to_hard").filled(TOP)
    assert [stage.recipe.name for stage in found.stages] == ["random", "bm25", "bge_window", "test"]


def test_settings_are_those_of_every_stage():
    found = find_schedule("fixed").with_settings(rounds=2, epochs=3, negatives=None)
    assert (found.rounds, found.stages[0].epochs, found.stages[0].negatives) == (2, 3, 4)
    assert [stage.epochs for stage in find_schedule("cl_drd").with_settings(epochs=1).stages] == [1, 1, 1]
    with pytest.raises(RecipeError, match="stages with rounds of their own"):
        find_schedule("cl_drd").with_settings(rounds=1)
    with pytest.raises(RecipeError, match="epochs"):
        find_schedule("fixed").with_settings(epochs=0)


WRONG = {
    "an unknown key": ({"stages": [{}], "stage": 1}, "unknown key 'stage'.*Did you mean 'stages'"),
    "an unknown key of a stage": ({"stages": [{"epoch": 1}]}, "unknown key 'epoch'.*Did you mean 'epochs'"),
    "a key that is no text": ({"stages": [{3: 1}]}, "unknown key '3'"),
    "no stages": ({"name": "x"}, "list of 'stages'"),
    "an empty list of stages": ({"stages": []}, "no stage"),
    "stages that are none": ({"stages": ["fixed"]}, "a stage is a mapping"),
    "nothing": (None, "not a schedule"),
    "a list": ([1], "not a schedule"),
    "rounds as a text": ({"stages": [{"rounds": "5"}]}, "rounds '5'.*whole number"),
    "rounds of none": ({"stages": [{"rounds": 0}]}, "rounds '0'"),
    "too many epochs": ({"stages": [{"epochs": 10**6}]}, "epochs"),
    "half a negative": ({"stages": [{"negatives": 1.5}]}, "negatives '1.5'"),
    "true rounds": ({"stages": [{"rounds": True}]}, "rounds 'True'"),
    "a rate of zero": ({"stages": [{"rate": 0}]}, "rate '0'"),
    "a rate that is no number": ({"stages": [{"rate": float("nan")}]}, "rate 'nan'"),
    "a rate that is a text": ({"stages": [{"rate": "fast"}]}, "rate 'fast'"),
    "in_batch as a text": ({"stages": [{"in_batch": "no"}]}, "in_batch 'no'"),
    "mined by nobody": ({"stages": [{"mined": "daily"}]}, "mined by 'daily'"),
    "mined by a list": ({"stages": [{"mined": ["first"]}]}, "mined by"),
    "a lag of what is mined once": ({"stages": [{"lag": 1}]}, "lag"),
    "a lag below zero": ({"stages": [{"mined": "newest", "lag": -1}]}, "lag '-1'"),
    "no loss": ({"stages": [{"loss": None}]}, "loss 'None'"),
    "two losses": ({"stages": [{"loss": {"infonce": {}, "ccr": {}}}]}, "has a loss"),
    "a loss that is a list": ({"stages": [{"loss": ["infonce"]}]}, "has a loss"),
    "a loss whose knobs are a number": ({"stages": [{"loss": {"infonce": 5}}]}, "has a loss"),
    "a loss whose knobs are a list": ({"stages": [{"loss": {"infonce": ["scale"]}}]}, "has a loss"),
    "a loss of an unknown knob": ({"stages": [{"loss": {"infonce": {"tau": 1}}}]}, "tau"),
    "a loss of an unknown knob that is a number": ({"stages": [{"loss": {"infonce": {1: 1}}}]}, "'1'"),
    "a loss beyond its range": ({"stages": [{"loss": {"infonce": {"scale": -1}}}]}, "scale"),
    "an unknown loss": ({"stages": [{"loss": "triplet"}]}, "triplet"),
    "an unknown recipe": ({"stages": [{"recipe": "hardest"}]}, "hardest"),
    "a recipe that is nothing": ({"stages": [{"recipe": None}]}, "nothing"),
    "a recipe with an unknown key": ({"stages": [{"recipe": {"steps": [], "counts": 3}}]}, "counts"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_is_said_in_one_sentence(kind):
    data, said = WRONG[kind]
    with pytest.raises(NegvizError, match=said) as error:
        schedule_of(data, "mine")
    assert isinstance(error.value, RecipeError | UnknownNameError)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["stages: [", "\x00", "stages: [{rounds: 2001-13-45}]", "[" * 5000])
def test_a_file_that_is_no_yaml_is_named(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(RecipeError, match=r"mine") as error:
        read_schedule(path)
    assert "\n" not in str(error.value)


def test_names_and_files_that_do_not_exist_are_told_from_each_other(tmp_path):
    with pytest.raises(UnknownNameError, match="adore, ance, bm25"):
        find_schedule("anse")
    with pytest.raises(RecipeError, match="could not be read"):
        find_schedule(str(tmp_path / "gone.yaml"))
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match="is not UTF-8"):
        find_schedule(str(tmp_path / "bytes.yaml"))


# ANCE: a refresh behind.


def run_ance(pool, folder, lag, number=4):
    student = {"learning_rate": 0.1, "batch_size": 4}
    stage = find_schedule("ance").stages[0]
    few = replace(find_recipe("nv_topk"), count=3)
    schedule = Schedule("ance", (replace(stage, recipe=few, lag=lag, rounds=number),))
    arm = Arm("ance", schedule)
    made = planned(folder, pool, arm, student=replace(ADAPTER, knobs=student))
    run_plan(made, home=folder)
    return made, unit_folder(made, 0, 0)


def same(one, other):
    return sorted(one) == sorted(other) and all(set(one[query].tolist()) == set(other[query].tolist()) for query in one)


@pytest.mark.parametrize("lag", [0, 1, 2])
def test_b1_a_round_trains_on_what_was_mined_some_rounds_ago(tmp_path, lag):
    pool = world(documents=80)
    _, unit = run_ance(pool, tmp_path, lag)
    mined, used = (
        {number: read_negatives(unit / f"{number:03d}" / f"{what}.npz") for number in range(1, 5)}
        for what in ("mined", "negatives")
    )
    for number in range(1, 5):
        assert same(used[number], mined[max(number - lag, 1)])
    # Every refresh brings others, or nothing would be shown.
    assert not any(same(mined[number], mined[number + 1]) for number in range(1, 4))


def test_b1_what_is_mined_before_a_round_is_what_the_checkpoint_before_it_finds(tmp_path):
    pool = world(documents=80)
    folder, unit = run_ance(pool, tmp_path, 1)
    material = read_material(folder)
    runner = Runner(folder, material, tmp_path, lambda: False)
    for number in (1, 2, 3):
        student = runner.student(0)
        if number > 1:
            student.restore(unit / f"{number - 1:03d}" / "model")
        found = mined_anew(material.pool, student.embeddings(), tmp_path, lambda: False)
        miner = Miner(material, material.plan.arms[0], runner.split, 0)
        stage = material.plan.arms[0].schedule.stages[0]
        wanted = miner.lessons(stage, miner.training_set(stage, found), number - 1).negatives
        assert same(read_negatives(unit / f"{number:03d}" / "mined.npz"), wanted)


def test_a_lag_does_not_reach_back_into_the_stage_before(tmp_path):
    pool = world(documents=80)
    stages = (*rounds(number=2).stages, *rounds(mined="newest", lag=1, number=2).stages)
    folder = planned(tmp_path, pool, Arm("two", Schedule("two", stages)))
    run_plan(folder, home=tmp_path)
    unit = unit_folder(folder, 0, 0)
    used = [read_negatives(unit / f"{number:03d}" / "negatives.npz") for number in (1, 2, 3, 4)]
    mined = [read_negatives(unit / f"{number:03d}" / "mined.npz") for number in (1, 2, 3, 4)]
    assert same(used[2], mined[2])
    assert same(used[3], mined[2])
    assert not same(used[2], mined[1])


# CL-DRD: graded lists.


def lists_of(pool, stage, labels=NO_LABELS, cleaned="nothing"):
    arm = Arm("cl_drd", find_schedule("cl_drd"), cleaned=cleaned)
    miner = Miner(Material(None, pool, labels), arm, split_queries(pool), 0)
    return miner.lessons(stage, miner.training_set(stage, pool), 0)


def pairs_of(grades):
    """Pairs of unequal grades."""
    return int((grades[:, None] > grades[None, :]).sum())


@pytest.mark.parametrize(("number", "pairs", "grades"), [
    (0, 291, [1 / (1 + rank) for rank in range(5)] + [-0.25] * 12 + [-0.5] * 13),
    (1, 345, [1 / (1 + rank) for rank in range(10)] + [-0.25] * 10 + [-0.5] * 10),
    (2, 390, [1 / (1 + rank) for rank in range(20)] + [0] * 10),
])  # fmt: skip
def test_c4_pairs_and_labels_of_the_stages(wide, number, pairs, grades):
    made = lists_of(wide, find_schedule("cl_drd").stages[number])
    assert len(made.lists) == 8
    for query, listed in made.lists.items():
        assert pairs_of(listed.grades) == pairs
        assert sorted(listed.grades, reverse=True) == pytest.approx(grades)
        assert len(set(listed.documents.tolist())) == 30
        # The labelled positive leads.
        assert listed.documents[np.argmax(listed.grades)] == query
        # What follows is in the teacher's order.
        place = int(np.flatnonzero(wide.queries == query)[0])
        score = dict(zip(wide.documents[place].tolist(), wide.scores["cross_encoder"][place].tolist(), strict=True))
        order = listed.documents[np.argsort(-listed.grades, kind="stable")][1 : (5, 10, 20)[number]]
        taught = [score[document] for document in order.tolist()]
        assert taught == sorted(taught, reverse=True)


def test_c4_two_labelled_positives_lead_every_line_of_their_query():
    """Both are in the list of both lines: 291 pairs for each line, not fewer."""
    positives = [(f"q{row:02}", f"d{row + far:03}", 1) for row in range(16) for far in (0, 20)]
    pool = with_teacher(world(world_dataset(documents=80, positives=positives), depth=50))
    made = lists_of(pool, find_schedule("cl_drd").stages[0])
    assert len(made) == 16
    for batch in made.batches(0, 3):
        grades = np.where(batch.present, made.layers(batch)["grades"], np.nan)
        for line, query in enumerate(batch.queries.tolist()):
            known = grades[line][np.isfinite(grades[line])]
            assert pairs_of(known) == 291
            best = batch.documents[np.argsort(-np.nan_to_num(grades[line], nan=-9))[:2]].tolist()
            assert sorted(best) == [query, query + 20]


def test_c4_without_a_cross_encoder_it_says_how_to_get_one(tmp_path):
    folder = planned(tmp_path, world(), Arm("cl_drd", find_schedule("cl_drd")))
    with pytest.raises(MissingInputError, match="--scorer cross_encoder"):
        run_plan(folder, home=tmp_path)


def test_a_teachers_order_is_no_list_for_a_loss_that_learns_none(wide):
    """The recipe of CL-DRD with InfoNCE: its negatives, as many as the stage says, and no pseudo-relevant ones."""
    recipe_ = find_schedule("cl_drd").stages[0].recipe
    stage = Stage(recipe=recipe_, negatives=4, in_batch=False)
    made = lists_of(wide, stage)
    graded = lists_of(wide, find_schedule("cl_drd").stages[0])
    assert not made.lists
    for batch in made.batches(0, 4):
        assert batch.hard.sum(axis=1).tolist() == [4] * len(batch.queries)
        for line, query in enumerate(batch.queries.tolist()):
            listed = graded.lists[query]
            relevant = set(listed.documents[listed.grades > 0].tolist())
            assert not relevant & set(batch.documents[batch.hard[line]].tolist())


def test_a_key_that_comes_twice_is_refused(tmp_path):
    file = tmp_path / "twice.yaml"
    file.write_text("name: twice\nstages:\n  - {recipe: random, rounds: 1}\nstages: []\n")
    with pytest.raises(RecipeError, match="'stages' comes twice"):
        find_schedule(str(file))
