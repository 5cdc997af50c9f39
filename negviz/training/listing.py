"""What can be trained, by which schedules and with which losses, as plain rows."""

from typing import Any

from negviz.catalogue import knob_row
from negviz.losses import LOSSES
from negviz.registry import Entry
from negviz.training.schedule import AT_HAND, Stage, schedules
from negviz.training.students import STUDENTS


def student_list() -> list[dict[str, Any]]:
    """Students with their knobs."""
    return [_row(entry) for entry in STUDENTS]


def loss_list() -> list[dict[str, Any]]:
    """Losses with their knobs, and what each needs beyond scores and positives."""
    given = {"scores", "positive", "held", "hard"}
    return [{**_row(entry), "needs": sorted(entry.wants - given)} for entry in LOSSES]


def schedule_list() -> list[dict[str, Any]]:
    """Schedules with their stages."""
    return [
        {
            "name": schedule.name, "title": schedule.title, "paper": schedule.paper, "about": schedule.about,
            "notes": schedule.notes, "rounds": schedule.rounds,
            "stages": [_stage(stage) for stage in schedule.stages],
        }
        for schedule in schedules().values()
    ]  # fmt: skip


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name, "label": entry.label, "summary": entry.summary, "reference": entry.reference,
        "knobs": [knob_row(knob) for knob in entry.knobs],
    }  # fmt: skip


def _stage(stage: Stage) -> dict[str, Any]:
    return {**stage.to_dict(), "recipe": stage.recipe.name if stage.recipe else AT_HAND}
