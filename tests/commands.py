"""A verb of the command line beside a stored pool, as scripts and people meet it."""

import json

import pytest

from negviz.cli import main
from negviz.store import save_pool
from tests.pools import rich_pool


def beside_a_pool(verb, capfd, folder, monkeypatch):
    """Store a pool called ``pool`` in a folder and work there.

    Returns:
        A function of arguments that runs the verb on it and gives exit code, standard output and standard error.
    """
    monkeypatch.chdir(folder)
    save_pool(rich_pool(), folder / "pool")

    def run(*arguments):
        capfd.readouterr()
        with pytest.raises(SystemExit) as done:
            main([verb, "pool", *map(str, arguments)])
        return done.value.code or 0, *capfd.readouterr()

    return run


def numbers(outcome):
    """What a run with ``--json`` said, on one line."""
    code, out, err = outcome
    assert code == 0, err
    assert out.count("\n") == 1
    return json.loads(out)
