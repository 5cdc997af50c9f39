"""What cannot be trained says so beforehand; checkpoints get names that speak; a report becomes a table."""

from dataclasses import replace
from pathlib import Path

import pytest

from negviz.errors import DataError
from negviz.labels import Labels
from negviz.recipe import Step, find_recipe
from negviz.training import planning
from negviz.training.checkpoints import kept_rounds, named_model, spread_rounds
from negviz.training.plan import Arm
from negviz.training.report import outcome, report, summary, table_rows
from negviz.training.running import run_plan
from negviz.training.schedule import find_schedule
from tests.training.worlds import TOP, planned, rounds, world


@pytest.fixture(scope="module")
def pool():
    return world()


def lacks(pool, name: str, student: str = "adapter", recipe: str = "nv_perc") -> str:
    return " ".join(planning.lacks(pool, planning.schedule_arms([name], find_recipe(recipe)), student))


def test_what_can_run_lacks_nothing(pool):
    for name in ("fixed", "refreshed", "ance", "adore", "star", "bm25"):
        assert not lacks(pool, name)


def test_a_teacher_that_is_not_there_is_named_before_anything_is_trained(pool):
    assert "cross_encoder" in lacks(pool, "cl_drd")


def test_searching_at_every_step_wants_the_adapter(pool):
    assert "only the student 'adapter' can" in lacks(pool, "adore", "static")


def test_a_recipe_by_other_scores_cannot_be_mined_anew_by_the_student(pool):
    layers = {**pool.scores, "teacher": pool.scores["dense"]}
    positives = {**pool.positive_scores, "teacher": pool.positive_scores["dense"]}
    more = replace(pool, scores=layers, positive_scores=positives, scales={**pool.scales, "teacher": "cosine"})
    recipe = replace(find_recipe("nv_perc"), scorer="teacher")
    assert not planning.lacks(more, planning.schedule_arms(["fixed"], recipe), "adapter")
    (problem,) = planning.lacks(more, planning.schedule_arms(["refreshed"], recipe), "adapter")
    assert "Mined anew by the student" in problem


def test_a_loss_says_what_it_needs(pool):
    arms = [Arm("a", rounds(loss=Step("margin_mse", {}, "margin_mse")))]
    assert "needs scores of a teacher" in " ".join(planning.lacks(pool, arms, "adapter"))
    assert "vectors of a guide" in " ".join(
        planning.lacks(replace(pool, embeddings=None), [Arm("a", rounds(loss=Step("gist", {}, "gist")))], "static")
    )


def test_too_few_queries_are_the_only_thing_said():
    (said,) = planning.lacks(world(queries=3), planning.schedule_arms(["adore"], TOP), "static")
    assert "holds 3 queries" in said


def test_recipes_that_miss_an_input_of_a_step_do_not_count_as_runnable(pool):
    fit, lacking = planning.runnable(pool)
    assert "cl_drd_1" not in {recipe.name for recipe in fit}
    assert {"nv_perc", "random", "bm25"} <= {recipe.name for recipe in fit}
    for reason in lacking.values():
        assert reason.endswith((".", ")"))
    arms = planning.table_arms(pool, find_schedule("fixed"), recipes=fit)
    assert arms[0].name == "random"
    assert len(arms) == len(fit)


def test_titles_say_what_a_plan_is_about():
    arms = [Arm(name, rounds()) for name in ("Naive top-k", "mine", "Oracle")]
    assert planning.title_of("proof", arms) == "Proof: mine"
    assert planning.title_of("train", arms) == "Training: Naive top-k, mine and 1 more"
    assert planning.title_of("table", arms) == "All recipes: 3 of them"


def test_some_rounds_are_the_first_the_last_and_steps_between():
    assert spread_rounds([1, 2, 3, 4, 5]) == [1, 3, 5]
    assert spread_rounds([1, 2]) == [1, 2]
    assert spread_rounds(list(range(1, 11)), 4) == [1, 4, 7, 10]
    assert spread_rounds([]) == []


@pytest.fixture(scope="module")
def run(pool, tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("training")
    folder = planned(place, pool, Arm("First, <b>of</b> two!", rounds()), Arm("other", rounds()), seeds=(0, 1))
    run_plan(folder, home=place / "home")
    return folder


def test_a_checkpoint_gets_a_name_that_outlives_its_training(run, tmp_path):
    found = outcome(run)
    assert kept_rounds(found, 0) == [1, 2, 3]
    place = named_model(found, 0, 2, tmp_path)
    assert place.name == "first-b-of-b-two-1-round-2"
    kept = run / "units" / "000-0" / "002" / "model"
    assert {path.name: path.read_bytes() for path in place.iterdir()} == {
        path.name: path.read_bytes() for path in kept.iterdir()
    }
    assert named_model(found, 0, 2, tmp_path) == place
    assert named_model(found, 1, 2, tmp_path) != place
    with pytest.raises(DataError, match="round 9"):
        named_model(found, 0, 9, tmp_path)


def test_the_table_has_a_row_for_each_and_the_start_first(run):
    found = report(run)
    rows = table_rows(found)
    assert [row["negatives of"] for row in rows] == ["before training", "First, <b>of</b> two!", "other"]
    assert rows[1]["difference"] is None
    assert rows[2]["difference"] == found["arms"][1]["against_first"]["nDCG@10"]["mean"]
    assert rows[0]["seconds"] is None
    assert rows[1]["seeds"] == 2
    assert all(row.keys() == rows[0].keys() for row in rows)


def test_many_are_summed_up_by_adjusted_p_values():
    def arm(name, mean, p):
        return {"name": name, "against_first": {"nDCG@10": {"mean": mean, "p_adjusted": p}}}

    first = {"name": "random", "against_first": None}
    told = summary({"arms": [first, arm("a", 0.02, 0.01), arm("b", 0.05, 0.04), arm("c", -0.1, 0.001), arm("d", 0, 1)]})
    assert told[0] == "Above 'random' in nDCG@10: 'b' (+0.050), 'a' (+0.020)."
    assert told[1] == "Below 'random' in nDCG@10: 'c' (-0.100)."
    assert "was found for 1 of 4 after adjusting" in told[2]
    assert summary({"arms": [first]}) == []


def test_rounds_tell_how_far_the_seeds_are_apart(run):
    found, numbers = outcome(run), report(run)["arms"][0]["rounds"]
    values = found.values(0, [0, 1], 3)[0].mean(axis=1)
    assert numbers[3]["spread_of_seeds"]["nDCG@10"] == pytest.approx(abs(values[0] - values[1]) / 2**0.5)
    assert found.ranks(0, 0).shape == found.ranks(0, 3).shape
    assert isinstance(found.preferred(0, 3), list)


def test_a_proof_without_anything_to_compare_is_refused(pool):
    with pytest.raises(Exception, match="choose another recipe than naive top-k"):
        planning.proof_arms(find_recipe("nv_topk"), find_schedule("fixed"), Labels.of(()), None)
