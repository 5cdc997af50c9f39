"""The command line: the same verbs as the dashboard, for scripts and for people who like a terminal."""

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from negviz import __version__
from negviz.errors import DataError, NegvizError
from negviz.home import home_folder

Report = dict[str, Any] | list[dict[str, Any]]
BAD_INPUT = 2
INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; bad input gets one sentence on standard error and exit code 2."""
    try:
        outcome = commands.main(args=arguments, prog_name="negviz", standalone_mode=False)
    except NegvizError as error:
        _fail(str(error), BAD_INPUT)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(BAD_INPUT)
    except click.ClickException as error:
        _fail(_sentence(f"{error.format_message()} See '{_command(error)} --help'"), BAD_INPUT)
    except (click.Abort, KeyboardInterrupt):
        _fail("Stopped; what was encoded until then is kept, and nothing else was written.", INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output, such as 'head', has gone; the flush at exit must not complain about it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(1)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _fail(f"{place}{error.strerror or error}; see to the place or name another.", BAD_INPUT)
    else:
        sys.exit(outcome if isinstance(outcome, int) else 0)


def _command(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return str(context.command_path) if context else "negviz"


def _sentence(text: str) -> str:
    return f"{' '.join(text.split())}."


def _fail(sentence: str, code: int) -> None:
    click.echo(f"negviz: {sentence}", err=True)
    sys.exit(code)


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


def _report(work: Callable[[], Report], as_json: bool, lines: Callable[[Any], list[str]]) -> None:
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


def data_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options of every verb that reads DATA."""
    options = [
        click.option("--column", "columns", multiple=True, metavar="ROLE=NAME", help="Map an odd column name."),
        click.option("--encoding", help="Encoding of text that is not UTF-8, such as gb18030."),
        click.option("--split", help="Which judgments of a BEIR folder are the labelled positives."),
        click.option("--format", "format_name", help="Format, where recognising it went wrong."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="negviz")
def commands() -> None:
    """See, tune, label, measure and clean the hard negatives that dense retrievers are trained on."""


def _load(data: str, columns: tuple[str, ...], encoding: str | None, split: str | None, format_name: str | None) -> Any:
    from negviz.load import load

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
    bars = Bars()
    try:
        return load(data, format=format_name, columns=mapping or None, encoding=encoding, split=split, progress=bars)
    finally:
        bars.close()


@commands.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Port on this machine.")
@click.option("--open", "open_sample", is_flag=True, help="Open the built-in sample where nothing is loaded yet.")
def app(port: int, open_sample: bool) -> None:
    """Open the dashboard."""
    page = Path(__file__).resolve().parents[1] / "app.py"
    if not page.is_file():
        raise DataError(f"The dashboard's app.py is not at {page}; run 'negviz app' from a clone of the project.")
    environment = {**os.environ, **({"NEGVIZ_OPEN": "sample"} if open_sample else {})}
    environment["NEGVIZ_HOME"] = str(home_folder().resolve())
    command = [sys.executable, "-m", "streamlit", "run", str(page), "--server.port", str(port)]
    # Streamlit looks for its configuration in the working directory, so it is run beside app.py; it takes the place of
    # this process, so that whoever stops this process stops the dashboard.
    os.chdir(page.parent)
    os.execve(sys.executable, command, environment)


@commands.command()
@click.argument("data")
@data_options
@json_option
def describe(data: str, as_json: bool, **options: Any) -> None:
    """Say what DATA is: counts, and every problem with file and line."""
    from negviz.load import describe as describe_dataset

    _report(lambda: describe_dataset(_load(data, **options)), as_json, _describe_lines)


def _describe_lines(report: dict[str, Any]) -> list[str]:
    names = ("documents", "queries", "positives", "given_negatives")
    lines = [f"format: {report['format']}", *(f"{name}: {report[name]:,}" for name in names)]
    problems = report["problems"]
    lines.append(f"problems: {len(problems):,}")
    for problem in problems:
        place = problem["file"] + (f":{problem['line']}" if problem["line"] else "")
        lines.append(f"  {place}: {problem['kind']}: {problem['message']}")
    return lines


@commands.command()
@click.argument("data")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write.")
@click.option("--encoder", default="minilm", show_default=True, help="Name, local folder or Hugging Face id.")
@click.option("--retriever", "retrievers", multiple=True, help="Whose candidates to unite; may be repeated.")
@click.option("--scorer", "scorers", multiple=True, help="Score layer to compute, NAME or NAME=MODEL; may be repeated.")
@click.option("--depth", default=100, show_default=True, help="Candidates that each retriever brings.")
@click.option("--run", "runs", multiple=True, type=click.Path(path_type=Path), help="A TREC run made elsewhere.")
@click.option("--checkpoint", "checkpoints", multiple=True, help="Older checkpoint, oldest first: a model or a run.")
@click.option("--engine", type=click.Choice(["local"]), default="local", help="Where the work runs.")
@click.option("--seed", default=0, show_default=True, help="Seed of the random retriever.")
@data_options
@json_option
def pool(
    *,
    data: str,
    out: Path,
    encoder: str,
    retrievers: tuple[str, ...],
    scorers: tuple[str, ...],
    depth: int,
    runs: tuple[Path, ...],
    checkpoints: tuple[str, ...],
    engine: str,
    seed: int,
    as_json: bool,
    **options: Any,
) -> None:
    """Retrieve, score and flag the candidates of DATA, and store them as a pool."""
    from negviz.mine import DEFAULT_RETRIEVERS, build_pool
    from negviz.store import save_pool
    from negviz.writing import check_folder

    def work() -> Report:
        check_folder(out)
        bars = Bars()
        try:
            made = build_pool(
                _load(data, **options),
                encoder=encoder,
                retrievers=retrievers or (() if runs else DEFAULT_RETRIEVERS),
                checkpoints=checkpoints,
                scorers=scorers,
                depth=depth,
                runs=runs,
                seed=seed,
                progress=bars,
            )
        finally:
            bars.close()
        save_pool(made, out)
        return made.summary()

    _report(work, as_json, _plain_lines)


def _plain_lines(report: dict[str, Any]) -> list[str]:
    return [f"{name.replace('_', ' ')}: {_shown(value)}" for name, value in report.items()]


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(part)}" for key, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)


@commands.command()
@click.argument("pool_folder", metavar="POOL", type=click.Path(path_type=Path))
@click.option("--recipe", required=True, help="Name of a published recipe, or a YAML file.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Parquet file to write.")
@click.option("--set", "settings", multiple=True, metavar="STEP.PARAM=VALUE", help="Turn a knob; may be repeated.")
@click.option("--count", type=int, help="Negatives a query.")
@click.option("--seed", type=int, help="Seed of the draw.")
@click.option("--labels", "labels_file", help="Labels to respect: CSV, JSONL, or a label database.")
@json_option
def select(
    *,
    pool_folder: Path,
    recipe: str,
    out: Path,
    settings: tuple[str, ...],
    count: int | None,
    seed: int | None,
    labels_file: str | None,
    as_json: bool,
) -> None:
    """Run a recipe over POOL and write who was taken, who was refused, and by what."""
    from negviz.advice import outcome_warnings, scale_warnings
    from negviz.recipe import find_recipe
    from negviz.select import select as run
    from negviz.store import open_pool, save_selection

    def work() -> Report:
        wanted = find_recipe(recipe)
        for setting in settings:
            wanted = wanted.with_setting(setting)
        for name, value in (("count", count), ("seed", seed)):
            if value is not None:
                wanted = wanted.with_setting(f"{name}={value}")
        opened = open_pool(pool_folder)
        selection = run(opened, wanted, _labels(labels_file, opened.dataset))
        save_selection(selection, out)
        warnings = [*scale_warnings(wanted, opened), *outcome_warnings(selection)]
        for warning in warnings:
            click.echo(f"negviz: note: {warning}", err=True)
        return {**selection.summary(), "warnings": warnings}

    _report(work, as_json, _funnel_lines)


def _funnel_lines(report: dict[str, Any]) -> list[str]:
    lines = [f"recipe: {report['recipe']}", f"{report['candidates']:>10,}  candidates of {report['queries']:,} queries"]
    lines += [f"{-step['count']:>10,}  {step['step']}" for step in report["refused"] if step["count"]]
    lines.append(f"{-report['not_drawn']:>10,}  allowed, not drawn")
    lines.append(f"{report['taken']:>10,}  taken")
    lines.append(f"starved queries (fewer than {report['count']}): {report['starved']:,}")
    return lines


def _labels(source: str | None, dataset: Any) -> Any:
    """Labels of a file or a database; none where nothing is named."""
    from negviz.labels import Labels, open_labels

    return Labels.of(()) if source is None else open_labels(source, dataset)


@commands.command()
@click.argument("pool_folder", metavar="POOL", type=click.Path(path_type=Path))
@click.option("--selection", required=True, type=click.Path(path_type=Path), help="What 'negviz select' wrote.")
@click.option("--format", "format_name", required=True, help="Name of the trainer's format; see 'negviz formats'.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write.")
@click.option("--set", "settings", multiple=True, metavar="PARAM=VALUE", help="Turn a knob of the format.")
@click.option("--labels", "labels_file", help="Labels to apply: CSV, JSONL, or a label database.")
@json_option
def export(
    *,
    pool_folder: Path,
    selection: Path,
    format_name: str,
    out: Path,
    settings: tuple[str, ...],
    labels_file: str | None,
    as_json: bool,
) -> None:
    """Write a selection as a training set, exactly as the trainer's code reads it."""
    from negviz.export import export as write
    from negviz.store import open_pool, read_selection

    def work() -> Report:
        knobs = {}
        for item in settings:
            name, equals, value = item.partition("=")
            if not equals:
                raise DataError(f"--set was given '{item}', but wants PARAM=VALUE; see 'negviz formats'.")
            knobs[name.strip()] = value.strip()
        opened = open_pool(pool_folder)
        chosen = read_selection(selection, opened)
        return write(chosen, _labels(labels_file, opened.dataset), format_name, out, knobs=knobs)

    _report(work, as_json, lambda report: _plain_lines({"wrote": str(out), **report["counts"]}))


@commands.group()
def labels() -> None:
    """Bring labels in and out as CSV or JSONL."""


url_option = click.option("--url", help="Label database; the one of NEGVIZ_HOME where not given.")


@labels.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--data", help="DATA that the file's ids belong to, where it has no texts.")
@url_option
@data_options
@json_option
def import_labels(file: Path, data: str | None, url: str | None, as_json: bool, **options: Any) -> None:
    """Merge the labels of FILE into the database; nothing is lost or counted twice."""
    from negviz.labels import LabelStore, read_labels

    def work() -> Report:
        dataset = _load(data, **options) if data else None
        merged = LabelStore(url).merge(read_labels(file, dataset))
        return {"added": merged.added, "known": merged.known}

    _report(work, as_json, _plain_lines)


@labels.command(name="export")
@click.argument("file", type=click.Path(path_type=Path))
@url_option
@json_option
def export_labels(file: Path, url: str | None, as_json: bool) -> None:
    """Write every label event to FILE (.csv or .jsonl)."""
    from negviz.labels import LabelStore, write_labels

    def work() -> Report:
        events = (LabelStore.existing(url) if url else LabelStore()).events()
        write_labels(events, file)
        return {"events": len(events), "file": str(file)}

    _report(work, as_json, _plain_lines)


@commands.command()
@json_option
def recipes(as_json: bool) -> None:
    """List the published recipes with their paper, scale, needs, steps and defaults."""
    from negviz.catalogue import recipe_list

    _report(recipe_list, as_json, lambda rows: [f"{row['name']:<22} {row['title']} ({row['paper']})" for row in rows])


@commands.command()
@json_option
def strategies(as_json: bool) -> None:
    """List the strategies with their knobs."""
    from negviz.catalogue import strategy_list

    _report(strategy_list, as_json, _strategy_lines)


def _strategy_lines(rows: list[dict[str, Any]]) -> list[str]:
    lines = []
    for row in rows:
        lines.append(f"{row['name']:<18} {row['summary']}")
        lines += [f"    {knob['name']} = {knob['default']}  {knob['help']}" for knob in row["knobs"]]
    return lines


@commands.command()
@json_option
def encoders(as_json: bool) -> None:
    """List the built-in encoders."""
    from negviz.catalogue import encoder_list

    _report(encoder_list, as_json, lambda rows: [f"{row['name']:<10} {row['summary']}" for row in rows])


@commands.command()
@json_option
def formats(as_json: bool) -> None:
    """List the formats that negviz reads and writes."""
    from negviz.export import formats as format_list

    def line(row: dict[str, Any]) -> str:
        ways = " and ".join(way for way in ("reads", "writes") if row[way])
        return f"{row['name']:<16} {ways:<17} {row['trainer']}"

    _report(format_list, as_json, lambda rows: [line(row) for row in rows])
