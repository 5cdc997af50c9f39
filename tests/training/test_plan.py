import json
from dataclasses import replace

import numpy as np
import pytest

from negviz.dataset import Judgments
from negviz.errors import DataError, NegvizError, RecipeError
from negviz.labels import LabelEvent, Labels, Verdict
from negviz.recipe import Step
from negviz.select import select
from negviz.store import save_pool
from negviz.training.plan import MOST_UNITS, Arm, Material, Plan, plan_of, read_material, read_plan, write_plan
from negviz.training.schedule import Schedule, Stage, find_schedule
from negviz.training.students import STUDENTS
from negviz.truth import Truth
from negviz.writing import MANIFEST
from tests.training.worlds import ADAPTER, TOP, planned, rounds, world

POOL = world()
TRUTH = Truth("truth.tsv", Judgments.of([(0, 0, 2), (1, 3, 1), (1, 1, 2)]), 2, complete=True)
LABELS = Labels.of([LabelEvent.of(POOL.dataset, 0, 5, Verdict.FALSE_NEGATIVE, annotator="me", note="é")])


def plan(*arms, **settings):
    given = {"title": "t", "kind": "train", "pool": "p", "fingerprint": "f", "student": ADAPTER, **settings}
    return Plan(arms=arms or (Arm("a", rounds()),), **given)


def full_plan():
    arms = (
        Arm("naive", rounds("fixed", 2)),
        Arm("cleaned", find_schedule("ance"), cleaned="labels", promote=False),
        Arm("turned ü", find_schedule("cl_drd"), cleaned="judgments", value=0.25),
        Arm("given", find_schedule("fixed"), selection="chosen.parquet"),
    )
    return plan(*arms, title="four — of them", kind="sweep", seeds=(3, 0), share=0.25, split_seed=7, keep=False,
                knob="nv_perc.ratio", threads=2, device="cpu")  # fmt: skip


def test_the_plain_form_comes_back_the_same_also_by_way_of_json():
    one = full_plan()
    again = plan_of(json.loads(json.dumps(one.to_dict())))
    assert again.to_dict() == one.to_dict()
    assert replace(again, student=one.student, arms=one.arms) == one
    assert [arm.to_dict() for arm in again.arms] == [arm.to_dict() for arm in one.arms]


def test_the_plain_form_has_every_knob_of_the_student_so_that_a_new_default_changes_nothing():
    told = plan(student=Step("adapter", {"rank": 4})).to_dict()["student"]["adapter"]
    assert told == {knob.name: knob.default for knob in STUDENTS.get("adapter").knobs} | {"rank": 4}


def test_units_come_seed_by_seed():
    assert plan(Arm("a", rounds()), Arm("b", rounds(number=2)), seeds=(5, 1)).units == [(0, 5), (1, 5), (0, 1), (1, 1)]
    assert plan(Arm("a", rounds()), Arm("b", rounds(number=2)), seeds=(5, 1)).rounds == 2 * (3 + 2)


def test_a_folder_holds_everything_that_a_plan_is_run_on(tmp_path):
    selection = select(POOL, TOP)
    arms = (
        Arm("a", rounds(), cleaned="labels"),
        Arm("b", find_schedule("fixed"), selection="chosen.parquet"),
        Arm("c", rounds(), cleaned="judgments"),
    )
    folder = planned(tmp_path, POOL, *arms, labels=LABELS, truth=TRUTH, selections={"chosen.parquet": selection})
    found = read_material(folder)
    assert found.plan.to_dict() == read_plan(folder)[0].to_dict()
    assert found.pool.fingerprint == POOL.fingerprint
    assert found.labels.fingerprint == LABELS.fingerprint
    assert found.truth.fingerprint == TRUTH.fingerprint
    assert (found.truth.name, found.truth.relevant_from, found.truth.complete) == ("truth.tsv", 2, True)
    assert np.array_equal(found.selections["chosen.parquet"].columns, selection.columns)


def test_without_labels_and_judgments_there_are_none(tmp_path):
    found = read_material(planned(tmp_path, POOL, Arm("a", rounds())))
    assert found.truth is None
    assert len(found.labels) == 0
    assert not found.selections


@pytest.mark.parametrize(("cleaned", "how"), [("labels", "--labels FILE"), ("judgments", "--judgments FILE")])
def test_cleaned_by_something_that_is_not_there_is_refused_before_anything_is_written(tmp_path, cleaned, how):
    with pytest.raises(RecipeError, match=how) as error:
        write_plan(tmp_path / "run", Material(plan(Arm("a", rounds(), cleaned=cleaned)), POOL))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


WRONG = {
    "no arm": ({"arms": ()}, "at least one set of negatives"),
    "no seed": ({"seeds": ()}, "one seed"),
    "two of one name": ({"arms": (Arm("a", rounds()), Arm("a", rounds(number=2)))}, "have one name"),
    "a seed twice": ({"seeds": (1, 1)}, "each once"),
    "a seed below zero": ({"seeds": (0, -1)}, "from 0"),
    "a seed that no generator takes": ({"seeds": (2**64,)}, "from 0 to"),
    "too many units": ({"seeds": tuple(range(MOST_UNITS + 1))}, "more than 2,000 trainings"),
    "no share": ({"share": 0.0}, "0.05 to 0.95"),
    "a share that is no number": ({"share": float("nan")}, "0.05 to 0.95"),
    "threads below zero": ({"threads": -1}, "threads"),
    "an unknown student": ({"student": Step("bert")}, "bert"),
    "an unknown knob": ({"student": Step("adapter", {"ranks": 3})}, "ranks"),
    "a knob beyond its range": ({"student": Step("adapter", {"batch_size": 0})}, "batch_size"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_plan_that_makes_no_sense_is_refused(kind):
    settings, said = WRONG[kind]
    with pytest.raises(NegvizError, match=said) as error:
        replace(plan(), **settings)
    assert "\n" not in str(error.value)


def test_as_many_units_as_are_allowed_are():
    assert len(plan(seeds=tuple(range(MOST_UNITS))).units) == MOST_UNITS


def test_an_arm_that_makes_no_sense_is_refused():
    with pytest.raises(RecipeError, match="cleaned by 'magic'"):
        Arm("a", rounds(), cleaned="magic")
    with pytest.raises(RecipeError, match="without a recipe, and no selection"):
        Arm("a", find_schedule("fixed"))
    Arm("a", find_schedule("fixed"), selection="chosen.parquet")
    # A selection cannot be mined anew: to take it all the same would be another schedule under this one's name.
    for mined in ("newest", "step"):
        with pytest.raises(RecipeError, match="mined anew but no recipe"):
            Arm("a", Schedule("s", (Stage(mined=mined),)), selection="chosen.parquet")


def damaged(text):
    def change(folder):
        (folder / MANIFEST).write_text(text, "utf-8")

    return change


def edited(**settings):
    def change(folder):
        about = json.loads((folder / MANIFEST).read_text("utf-8"))
        (folder / MANIFEST).write_text(json.dumps({**about, **settings}), "utf-8")

    return change


def without(key):
    def change(folder):
        about = json.loads((folder / MANIFEST).read_text("utf-8"))
        del about[key]
        (folder / MANIFEST).write_text(json.dumps(about), "utf-8")

    return change


def gone(name):
    return lambda folder: (folder / name).unlink()


def cut(name):
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:60])


BROKEN = {
    "gone": gone(MANIFEST),
    "empty": damaged(""),
    "cut short": cut(MANIFEST),
    "a list": damaged("[1]"),
    "a number": damaged("5"),
    "something else": edited(negviz="round"),
    "a later version": edited(version=99),
    "no arms": without("arms"),
    "arms that are none": edited(arms=[5]),
    "an arm without schedule": edited(arms=[{"name": "a"}]),
    "an unknown key": edited(colour="red"),
    "no student": edited(student={}),
    "a student that is a list": edited(student=["adapter"]),
    "seeds that are texts": edited(seeds=["0"]),
    "seeds that are none": edited(seeds=None),
    "a share that is a text": edited(share="half"),
    "judgments gone": gone("judgments.npz"),
    "judgments cut short": cut("judgments.npz"),
    "labels gone": gone("labels.jsonl"),
    "labels cut short": cut("labels.jsonl"),
    "judgments of an odd kind": edited(truth={"name": "x"}),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_damaged_folder_gives_one_sentence(tmp_path, how):
    arms = (Arm("a", rounds(), cleaned="labels"), Arm("b", rounds(), cleaned="judgments"))
    folder = planned(tmp_path, POOL, *arms, labels=LABELS, truth=TRUTH)
    BROKEN[how](folder)
    with pytest.raises(NegvizError) as error:
        read_material(folder)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 600


def test_a_pool_that_changed_or_went_is_refused(tmp_path):
    folder = planned(tmp_path, POOL, Arm("a", rounds()))
    save_pool(world(seed=1), tmp_path / "pool")
    with pytest.raises(DataError, match="planned for another pool"):
        read_material(folder)
    (tmp_path / "pool").rename(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="is not a pool"):
        read_material(folder)


def test_a_folder_of_other_things_is_left_alone(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("x")
    with pytest.raises(DataError, match="did not write"):
        planned(tmp_path, POOL, Arm("a", rounds()))
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["thesis.txt"]
