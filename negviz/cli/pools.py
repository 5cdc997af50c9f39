"""Verbs from data to a pool."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from negviz.cli._frame import (
    Bars,
    Report,
    data_options,
    engine_of,
    engine_options,
    json_option,
    load_data,
    place_of,
    plain_lines,
    report,
)

if TYPE_CHECKING:
    from negviz.engines import Engine
    from negviz.jobs import Estimate, Plan


@click.command()
@click.argument("data")
@data_options()
@json_option
def describe(data: str, as_json: bool, **options: Any) -> None:
    """Say what DATA is: counts, and every problem with file and line."""
    from negviz.load import describe as describe_dataset

    report(lambda: describe_dataset(load_data(data, **options)), as_json, _describe_lines)


def _describe_lines(report: dict[str, Any]) -> list[str]:
    names = ("documents", "queries", "positives", "given_negatives", "queries_with_answers")
    lines = [f"format: {report['format']}: {report['why']}", *(f"{name}: {report[name]:,}" for name in names)]
    if rest := report["facts"].get("files_not_read"):
        lines.append(f"files not read: {', '.join(rest)}")
    problems = report["problems"]
    lines.append(f"problems: {len(problems):,}")
    for problem in problems:
        place = problem["file"] + (f":{problem['line']}" if problem["line"] else "")
        lines.append(f"  {place}: {problem['kind']}: {problem['message']}")
    return lines


@click.command()
@click.argument("data")
@click.option("--out", required=True, metavar="POOL", help="Folder to write, or an address such as s3://bucket/pool.")
@click.option("--encoder", default="minilm", show_default=True, help="Name, local folder or Hugging Face id.")
@click.option(
    "--precision",
    type=click.Choice(["float32", "bfloat16", "int8"]),
    help="Arithmetic of the encoder, where it leaves a choice; see 'negviz precision DATA' for what it changes.",
)
@click.option("--retriever", "retrievers", multiple=True, help="Whose candidates to unite; may be repeated.")
@click.option(
    "--scorer",
    "scorers",
    multiple=True,
    metavar="NAME[=MODEL]",
    help="Score layer to compute; may be repeated, and a second of a kind is called NAME_2. dense, bm25, "
    "similarity_to_positive, late_interaction (tokens of the encoder at hand, or of MODEL), second_encoder (static, or "
    "MODEL), cross_encoder=MODEL. MODEL is an encoder's name, a local folder or a Hugging Face id. Without this "
    "option: dense and bm25 where they retrieve, and second_encoder beside dense.",
)
@click.option("--depth", default=100, show_default=True, help="Candidates that each retriever brings.")
@click.option("--run", "runs", multiple=True, type=click.Path(path_type=Path), help="A TREC run made elsewhere.")
@click.option(
    "--checkpoint",
    "checkpoints",
    multiple=True,
    metavar="MODEL|RUN",
    help="Older checkpoint of the encoder, oldest first, may be repeated: a folder, a Hugging Face id or a TREC run. "
    "Each becomes a retriever and a score layer named after it.",
)
@engine_options
@click.option(
    "--work",
    metavar="PLACE",
    help="Where the blocks of a job lie until it is done: a folder or an address that all workers reach. With it the "
    "work goes block by block and can be stopped and started again. With --engine ray: beside POOL, if not named.",
)
@click.option("--keep-work", is_flag=True, help="Leave the blocks of the job where they are.")
@click.option("--dry-run", is_flag=True, help="Say what would be done: blocks, memory, disk, time and cost.")
@click.option("--hourly", type=click.FloatRange(min=0), help="Price of a worker's hour, for the cost of --dry-run.")
@click.option("--seed", default=0, show_default=True, help="Seed of the random retriever.")
@data_options()
@json_option
def pool(
    *,
    data: str,
    out: str,
    engine: str,
    address: str | None,
    memory: int,
    work: str | None,
    keep_work: bool,
    dry_run: bool,
    hourly: float | None,
    as_json: bool,
    retrievers: tuple[str, ...],
    runs: tuple[Path, ...],
    format_name: str | None,
    columns: tuple[str, ...],
    encoding: str | None,
    split: str | None,
    **asked: Any,
) -> None:
    """Retrieve, score and flag the candidates of DATA, and store them as a pool."""
    from negviz.mine import DEFAULT_RETRIEVERS

    asked |= {"retrievers": retrievers or (() if runs else DEFAULT_RETRIEVERS), "runs": runs}
    how = _How(out, work, keep_work, memory, hourly)

    def build() -> Report:
        from negviz.workplace import check_out

        check_out(out)
        with engine_of(engine, address) as opened, _bars() as bars:
            dataset = load_data(str(place_of(data)), columns, encoding, split, format_name)
            if dry_run:
                return _estimate(dataset, asked, how, opened).report()
            _measure_agreement(dataset, asked, bars)
            if work is None and engine == "local":
                return _at_once(dataset, asked, how, bars)
            return _as_job(dataset, asked, how, opened, bars)

    report(build, as_json, _plan_lines if dry_run else plain_lines)


class _How(NamedTuple):
    """Where a pool is made, and with what."""

    out: str
    work: str | None
    keep_work: bool
    memory: int
    hourly: float | None


@contextlib.contextmanager
def _bars() -> Iterator[Bars]:
    bars = Bars()
    try:
        yield bars
    finally:
        bars.close()


def _measure_agreement(dataset: Any, asked: dict[str, Any], bars: Bars) -> None:
    """Of a faster arithmetic, say and keep how far it agrees with float32 on these texts."""
    from negviz.home import home_folder
    from negviz.precision import EXACT, measured_agreement

    if asked["precision"] in {None, EXACT}:
        return
    found = measured_agreement(dataset, asked["encoder"], asked["precision"], home_folder(), bars)
    asked["agreement"] = found
    click.echo(
        f"negviz: note: {asked['precision']} finds {found['overlap_at_20']:.1%} of the 20 nearest documents that "
        f"float32 finds, and decides {found['flipped']:.2%} of the candidates otherwise at a margin of 5 %, on "
        f"{found['documents']:,} documents and {found['queries']:,} queries of this data.",
        err=True,
    )


def _at_once(dataset: Any, asked: dict[str, Any], how: _How, bars: Bars) -> Report:
    from negviz.mine import build_pool
    from negviz.store import save_pool
    from negviz.workplace import delivered

    made = build_pool(dataset, **asked, memory=how.memory, progress=bars)
    with delivered(how.out) as target:
        save_pool(made, target)
    return made.summary()


def _as_job(dataset: Any, asked: dict[str, Any], how: _How, engine: "Engine", bars: Bars) -> Report:
    from negviz.jobs import run_job, save_pool_of

    job = run_job(dataset, _plan(dataset, asked, how), _place(how), engine=engine, memory=how.memory, progress=bars)
    summary = save_pool_of(job, how.out)
    if not how.keep_work:
        job.files.remove()
    return summary


def _place(how: _How) -> str:
    return how.work or f"{how.out.rstrip('/')}.work"


def _estimate(dataset: Any, asked: dict[str, Any], how: _How, engine: "Engine") -> "Estimate":
    from negviz.home import home_folder
    from negviz.jobs import cores, estimate

    plan = _plan(dataset, asked, how)
    threads = cores() if engine.name == "local" else 1
    return estimate(dataset, plan, workers=engine.workers, threads=threads, home=home_folder(), hourly=how.hourly)


def _plan(dataset: Any, asked: dict[str, Any], how: _How) -> "Plan":
    from negviz.jobs import make_plan
    from negviz.mine import make_order

    return make_plan(dataset, make_order(dataset, **asked), how.memory)


def _plan_lines(report: dict[str, Any]) -> list[str]:
    from negviz.jobs import plan_lines

    return plan_lines(report)


VERBS = (describe, pool)
