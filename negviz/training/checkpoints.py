"""Checkpoints of a training as models with names that speak, so that a pool can hold several of them."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from negviz.errors import DataError
from negviz.training.report import Outcome
from negviz.training.running import MODEL
from negviz.writing import written_beside

FOLDER = "checkpoints"
# A pool gets a layer for each, and the student is encoded with each.
MOST = 3


def kept_rounds(found: Outcome, arm: int) -> list[int]:
    """Rounds of an arm's first seed whose model is kept, ascending."""
    seed = found.plan.seeds[0]
    return [
        number
        for number in range(1, found.rounds(arm, seed) + 1)
        if (found.unit(arm, seed) / f"{number:03d}" / MODEL).is_dir()
    ]


def spread_rounds(rounds: Sequence[int], most: int = MOST) -> list[int]:
    """Some of the rounds: the first, the last, and even steps between.

    Args:
        rounds: Ascending.
        most: How many, at least 2.
    """
    if len(rounds) <= most:
        return list(rounds)
    return [rounds[round(place * (len(rounds) - 1) / (most - 1))] for place in range(most)]


def named_model(found: Outcome, arm: int, number: int, home: Path) -> Path:
    """A checkpoint under a name that says whose it is and from which round; it stays when the training is deleted.

    Files are linked where the system can do that, so that nothing is stored twice.

    Args:
        found: The training.
        arm: Number of the arm.
        number: Of the round, from 1.
        home: Folder of caches.

    Raises:
        DataError: If the checkpoint is not kept.
    """
    source = found.unit(arm, found.plan.seeds[0]) / f"{number:03d}" / MODEL
    if not source.is_dir():
        raise DataError(
            f"The checkpoint of round {number} of '{found.plan.arms[arm].name}' is not kept; rounds of a sweep or of a "
            "table of recipes are not, train the one recipe by itself."
        )
    words = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in found.plan.arms[arm].name.lower())
    short = "-".join(part for part in words.split("-") if part)[:32].strip("-") or "arm"
    # The folder's time comes with it, since two trainings may have arms of one name.
    place = home / FOLDER / found.folder.name / f"{short}-{arm + 1}-round-{number}"
    if not place.is_dir():
        with written_beside(place) as beside:
            shutil.copytree(source, beside, dirs_exist_ok=True, copy_function=_linked)
    return place.absolute()


def _linked(source: str, target: str) -> None:
    """Link a file; copy it where that cannot be."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
