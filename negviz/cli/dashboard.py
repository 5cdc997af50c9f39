"""The verb that opens the dashboard."""

import os
import sys
from pathlib import Path

import click

from negviz.errors import DataError
from negviz.home import home_folder


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Port on this machine.")
@click.option("--labels", "url", metavar="URL", help="Label database that a team shares: any SQLAlchemy URL, such as "
              "postgresql://user@host/name, or a SQLite file; NEGVIZ_LABELS says the same.")  # fmt: skip
@click.option("--open", "open_sample", is_flag=True, help="Open the built-in sample where nothing is loaded yet.")
def app(port: int, url: str | None, open_sample: bool) -> None:
    """Open the dashboard."""
    if url:
        from negviz.labels import LabelStore

        # Told here and not by a page: who mistyped it is still at the command line.
        LabelStore(url).close()
    page = Path(__file__).resolve().parents[2] / "app.py"
    if not page.is_file():
        raise DataError(f"The dashboard's app.py is not at {page}; run 'negviz app' from a clone of the project.")
    environment = {**os.environ, **({"NEGVIZ_OPEN": "sample"} if open_sample else {})}
    if url:
        environment["NEGVIZ_LABELS"] = url if "://" in url else str(Path(url).absolute())
    environment["NEGVIZ_HOME"] = str(home_folder().resolve())
    command = [sys.executable, "-m", "streamlit", "run", str(page), "--server.port", str(port)]
    # Streamlit looks for its configuration in the working directory, so it is run beside app.py; it takes the place of
    # this process, so that whoever stops this process stops the dashboard.
    os.chdir(page.parent)
    os.execve(sys.executable, command, environment)


VERBS = (app,)
