"""Checkpoints: which two of a pool's scorers are compared as an older and a newer state of one model."""

from negviz.errors import MissingInputError
from negviz.pool import Pool

HOW = "build it again with --checkpoint OLDER (a folder, an id or a run file; repeat it, oldest first)"


def two_checkpoints(pool: Pool, user: str, older: str = "", newer: str = "") -> tuple[str, str]:
    """Names of the scorers of an older and a newer checkpoint.

    Args:
        pool: Whose checkpoints.
        user: Who asks, for the error.
        older: Name of the older scorer; empty for the last but one of the pool's checkpoints.
        newer: Name of the newer scorer; empty for the last of the pool's checkpoints.

    Raises:
        MissingInputError: If a name has to be found among fewer than two checkpoints, or is no scorer of the pool.
    """
    known = pool.checkpoints
    if not (older and newer) and len(known) < 2:
        raise MissingInputError(
            f"'{user}' compares scores of one model at two checkpoints, but this pool has "
            f"{len(known) or 'none'}; {HOW}."
        )
    names = older or known[-2], newer or known[-1]
    for name in names:
        pool.layer(name, user, "scores of a checkpoint")
    return names
