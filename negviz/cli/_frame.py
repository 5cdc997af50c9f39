"""What every verb shares: the report, progress bars, options, and reading of DATA and labels."""

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from negviz.errors import DataError

if TYPE_CHECKING:
    from negviz.engines import Engine

ENGINES = ("local", "ray")
Report = dict[str, Any] | list[dict[str, Any]]


@contextlib.contextmanager
def _standard_output_kept() -> Iterator[None]:
    """Send whatever libraries print to standard error, so that standard output holds the report alone."""
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        sys.stdout.flush()
        os.dup2(saved, 1)
        os.close(saved)


def report(work: Callable[[], Report], as_json: bool, lines: Callable[[Any], list[str]]) -> None:
    """Do the work, then print its report as one JSON document or as lines for people."""
    with _standard_output_kept():
        report = work()
    if as_json:
        # JSON is UTF-8 whatever the terminal's encoding; parts of odd file names that are not become question marks.
        click.echo(json.dumps(report, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace"))
        return
    encoding = sys.stdout.encoding or "utf-8"
    for line in lines(report):
        click.echo(line.encode(encoding, "replace"))


class Bars:
    """Progress bars on standard error, one a stage."""

    def __init__(self) -> None:
        """Start without a bar."""
        self._stage = ""
        self._bar: Any = None

    def __call__(self, stage: str, done: int, total: int | None = None) -> None:
        """Show how far a stage is."""
        from tqdm import tqdm

        if stage != self._stage:
            self.close()
            self._stage = stage
            self._bar = tqdm(total=total, desc=stage, file=sys.stderr, leave=False, delay=0.5)
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """End the bar that is shown."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")


def _memory(_context: click.Context, _option: click.Parameter, text: str) -> int:
    from negviz.budget import bytes_of

    return bytes_of(text)


def engine_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options of every verb that works block by block: ``engine``, ``address`` and ``memory`` (bytes)."""
    options = [
        click.option("--memory", default="2GB", show_default=True, metavar="SIZE", callback=_memory,
                     help="Memory to use beyond what is mapped from disk; the result does not depend on it."),
        click.option("--engine", type=click.Choice(ENGINES), default="local", show_default=True,
                     help="Where blocks are worked on: in this process, or on a Ray cluster."),
        click.option("--address", metavar="ADDRESS",
                     help="Ray cluster that runs already, such as auto or ray://head:10001."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def check_address(engine: str, address: str | None) -> None:
    """See whether the options of ``engine_options`` go together.

    Raises:
        DataError: If an address is given to an engine that has none.
    """
    if address is not None and engine != "ray":
        raise DataError("--address names a Ray cluster; give --engine ray, too, or leave it out.")


@contextlib.contextmanager
def engine_of(engine: str, address: str | None) -> Iterator["Engine"]:
    """The engine of ``engine_options``, closed at the end.

    Raises:
        DataError: If an address is given to an engine that has none.
    """
    from negviz.engines import open_engine

    check_address(engine, address)
    opened = open_engine(engine, address=address)
    try:
        yield opened
    finally:
        opened.close()


def place_of(place: str) -> Path:
    """A file or folder as a path of this machine; a remote one is copied once."""
    from negviz.home import home_folder
    from negviz.workplace import fetched

    return fetched(place, home_folder())


def data_options(format_option: str = "--format") -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Options of every verb that reads DATA.

    Args:
        format_option: What the option for the format is called.
    """
    options = [
        click.option("--column", "columns", multiple=True, metavar="ROLE=NAME", help="Map an odd column name."),
        click.option("--encoding", help="Encoding of text that is not UTF-8, such as gb18030."),
        click.option("--split", help="Which judgments of a BEIR folder are the labelled positives."),
        click.option(format_option, "format_name", help="Format of DATA, where recognising it went wrong."),
    ]

    def add(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def mapping_of(columns: tuple[str, ...]) -> dict[str, str] | None:
    """Columns by role, of the option ``--column``."""
    mapping: dict[str, str] = {}
    for item in columns:
        role, equals, name = item.partition("=")
        if not equals or not role or not name:
            raise DataError(f"--column was given '{item}', but wants ROLE=NAME, such as query=question.")
        role = role.strip()
        if role in mapping:
            raise DataError(
                f"--column names two columns for '{role}' ('{mapping[role]}' and '{name.strip()}'); give one, or "
                f"several of a role in one, as in {role}=a,b."
            )
        mapping[role] = name.strip()
    return mapping or None


strict_option = click.option(
    "--strict", is_flag=True, help="Write nothing if the format cannot say everything that the data says."
)


def note_losses(strict: bool) -> Callable[[list[Any]], None]:
    """What says what the format cannot say, and which knob decides what becomes of it; ``strict`` stops there."""

    def tell(losses: list[Any]) -> None:
        from negviz.survey import refuse_losses

        if strict:
            refuse_losses(losses)
        for loss in losses:
            choice = f" (choose with --set {loss.choice}=…)" if loss.choice else ""
            click.echo(f"negviz: note: {loss.message}{choice}.", err=True)

    return tell


NAMES_OF = {"query": "queries", "positive": "positives", "negative": "negatives"}


def note_leaks(manifest: dict[str, Any]) -> None:
    """Say what of the held-out data is trained on, but for the queries that were left out for it."""
    leaks = manifest.get("leaks") or {"by_kind": {}, "dropped": 0}
    found = {what: sum(kinds.values()) for what, kinds in leaks["by_kind"].items() if kinds}
    if dropped := leaks["dropped"]:
        found.pop("query")
        click.echo(f"negviz: note: queries left out because '{leaks['held_out']}' holds them: {dropped:,}.", err=True)
    if found:
        counts = ", ".join(f"{NAMES_OF[what]} {count:,}" for what, count in found.items())
        click.echo(f"negviz: note: of the held-out data '{leaks['held_out']}', trained on: {counts}.", err=True)


def settings_of(settings: tuple[str, ...]) -> dict[str, str]:
    """Knobs of a format, of the option ``--set``."""
    knobs = {}
    for item in settings:
        name, equals, value = item.partition("=")
        if not equals:
            raise DataError(f"--set was given '{item}', but wants PARAM=VALUE; see 'negviz formats'.")
        knobs[name.strip()] = value.strip()
    return knobs


def load_data(
    data: str, columns: tuple[str, ...], encoding: str | None, split: str | None, format_name: str | None
) -> Any:
    from negviz.load import load

    bars = Bars()
    try:
        return load(
            data, format=format_name, columns=mapping_of(columns), encoding=encoding, split=split, progress=bars
        )
    finally:
        bars.close()


def plain_lines(report: dict[str, Any]) -> list[str]:
    return [f"{name.replace('_', ' ')}: {shown(value)}" for name, value in report.items()]


def shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {shown(part)}" for key, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def labels_of(source: str | None, dataset: Any) -> Any:
    """Labels of a file or a database; none where nothing is named."""
    from negviz.labels import Labels, open_labels

    return Labels.of(()) if source is None else open_labels(source, dataset)
