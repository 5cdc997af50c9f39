"""The verb that opens the dashboard."""

import os
import sys
from pathlib import Path

import click

from negviz.errors import DataError
from negviz.home import home_folder


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Port on this machine.")
@click.option("--open", "open_sample", is_flag=True, help="Open the built-in sample where nothing is loaded yet.")
def app(port: int, open_sample: bool) -> None:
    """Open the dashboard."""
    page = Path(__file__).resolve().parents[2] / "app.py"
    if not page.is_file():
        raise DataError(f"The dashboard's app.py is not at {page}; run 'negviz app' from a clone of the project.")
    environment = {**os.environ, **({"NEGVIZ_OPEN": "sample"} if open_sample else {})}
    environment["NEGVIZ_HOME"] = str(home_folder().resolve())
    command = [sys.executable, "-m", "streamlit", "run", str(page), "--server.port", str(port)]
    # Streamlit looks for its configuration in the working directory, so it is run beside app.py; it takes the place of
    # this process, so that whoever stops this process stops the dashboard.
    os.chdir(page.parent)
    os.execve(sys.executable, command, environment)


VERBS = (app,)
