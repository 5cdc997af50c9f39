"""Students: one file a kind of model that is trained; module name = function name = key.

Each is a function ``(*, start, knobs) -> Student``. What a knob says is the student's own: its learning rate, the lines
of a batch. How often each pair is seen, and with which negatives, is the schedule's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.registry import Registry
from negviz.training.lessons import Lessons

Told = Callable[[int, int, float], None]
Stopped = Callable[[], bool]


@dataclass(frozen=True, eq=False)
class Start:
    """What a student may start from.

    Attributes:
        dataset: Texts.
        first: Vectors by the pool's encoder, None where it was built without one.
        encoder: Name, folder or id of the pool's encoder; empty where there is none.
        seed: Seed of whatever is drawn.
        home: Folder of caches.
        device: Where to train: ``cpu``, ``cuda`` and so on.
    """

    dataset: Dataset
    first: Embeddings | None
    encoder: str
    seed: int
    home: Path
    device: str = "cpu"


class Student(Protocol):
    """A retriever that learns.

    Attributes:
        searches: Whether it can retrieve anew at every step: only where the documents' vectors stay.
        left_out: Pairs of the last round that its loss could not use.
    """

    searches: bool
    left_out: int

    def embeddings(self) -> Embeddings:
        """Vectors of the dataset's queries and documents by the student as it is."""
        ...

    def learn(self, lessons: Lessons, told: Told, stopped: Stopped, folder: Path) -> None:
        """Learn for one round, with an optimiser that starts anew.

        Args:
            lessons: What to learn.
            told: Called after steps with the number of steps done, their total and the loss.
            stopped: Asked between steps whether to stop.
            folder: For what a student wants to keep to go on in the middle of a round.

        Raises:
            CancelledError: If ``stopped`` said so.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write itself into an empty folder, as a model that ``open_encoder`` opens."""
        ...

    def restore(self, folder: Path) -> None:
        """Become again what ``save`` wrote."""
        ...


STUDENTS = Registry("student", "negviz.training.students", context=frozenset({"start"}))
