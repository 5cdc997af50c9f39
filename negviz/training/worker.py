"""The process that works on the queue of trainings: ``python -m negviz.training.worker HOME``."""

import os
import sys
from pathlib import Path

from negviz.training.process import work

# A page beside it must stay quick.
NICE = 10


def main() -> None:
    """Work on the queue of a home until it is empty."""
    if hasattr(os, "nice"):
        os.nice(NICE)
    work(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
