"""Equal counts: examples with as many negatives as every row of a file must have, and what becomes of the others."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from negviz.examples import Examples, TextDocument, TextExample
from negviz.exporters._rows import NO_NEGATIVE, LeftOut, leave_out

Short = Literal["drop", "pad", "split"]


class Counted(NamedTuple):
    """An example with the negatives that are written of it, and the part of the export that it goes to."""

    example: TextExample
    negatives: Sequence[TextDocument]
    part: str


def counted(examples: Examples, left_out: LeftOut, count: int, short: Short) -> Iterator[Counted]:
    """Examples with the same number of negatives, the hardest first.

    Args:
        examples: What to write.
        left_out: Takes those that have fewer.
        count: Negatives in a row.
        short: What becomes of an example with fewer: ``drop`` leaves it out, ``pad`` fills it with random documents,
            ``split`` puts it into a part of its own number (without any, it is left out).
    """
    for example in examples.texts():
        taken = example.negatives[:count]
        if short == "pad" and len(taken) < count:
            taken = (*taken, *examples.filling(example, count - len(taken)))
        if bool(taken) if short == "split" else len(taken) == count:
            yield Counted(example, taken, f"-{len(taken)}" if short == "split" else "")
        else:
            reason = NO_NEGATIVE if short == "split" else f"it has fewer than {count} negatives"
            leave_out(left_out, example, reason, negatives=len(example.negatives))


def count_of(part: str, count: int) -> int:
    """Negatives in the rows of a part."""
    return int(part.removeprefix("-")) if part else count


def what_would_do(examples: Examples, count: int) -> str:
    """What to do when no example has enough negatives; empty where no smaller number would help."""
    most = max((len(example.negatives) for example in examples.texts()), default=0)
    return f"The most that a query has is {most}: set the knob negatives to {most} or less." if 0 < most < count else ""
