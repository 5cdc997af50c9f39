"""Verbs that ask a language model; both print what it would take first, and send nothing without --yes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from negviz.cli._frame import Bars, Report, json_option, plain_lines, report
from negviz.errors import DataError

# Beyond any price of a million tokens; a cost must stay a number that JSON can hold.
MOST_PRICE = 1e9


def model_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options of every verb that asks a language model."""
    options = [
        click.option(
            "--address", required=True, help="Base of an OpenAI-compatible API, such as http://localhost:8000/v1."
        ),
        click.option("--model", required=True, help="Name of the model there."),
        click.option(
            "--key-variable", default="OPENAI_API_KEY", show_default=True, help="Environment variable with the key."
        ),
        click.option("--temperature", default=0.0, show_default=True, help="0 for the likeliest answer."),
        click.option("--max-tokens", default=1024, show_default=True, help="Longest answer, in tokens."),
        click.option("--timeout", default=120.0, show_default=True, help="Seconds without a sign of life."),
        click.option("--parallel", default=4, show_default=True, help="Requests at once."),
        click.option("--price-in", type=click.FloatRange(0, MOST_PRICE), help="Price of a million tokens of prompt."),
        click.option("--price-out", type=click.FloatRange(0, MOST_PRICE), help="Price of a million tokens of answer."),
        click.option("--limit", default=0, show_default=True, help="Most queries, drawn by the seed; 0 is all."),
        click.option("--seed", default=0, show_default=True, help="Seed of the order and of the draw of queries."),
        click.option("--yes", is_flag=True, help="Send the requests; without it only the plan is printed."),
        click.option("--out", type=click.Path(path_type=Path), help="Folder of the new pool."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def settings_of(options: dict[str, Any]) -> Any:
    """Take the options about the model out of all of them, as settings."""
    from negviz.llm import Settings

    names = {"most_tokens": "max_tokens"}
    fields = ("address", "model", "key_variable", "temperature", "most_tokens", "timeout", "parallel")
    return Settings(**{field: options.pop(names.get(field, field)) for field in fields})


def _check_out(yes: bool, out: Path | None, pool_folder: Path) -> None:
    from negviz.writing import check_folder

    if out is not None:
        if out.exists() and pool_folder.exists() and out.samefile(pool_folder):
            raise DataError(
                f"--out was given '{out}', which is the pool that is read; name another folder, since selections "
                "that were made from that pool fit no other."
            )
        check_folder(out)
    elif yes:
        raise DataError("--yes sends the requests, but no folder was named for the new pool; name one with --out.")


def _only_planned(trial: Any, prices: tuple[float | None, float | None]) -> Report:
    plan = trial.plan(price_in=prices[0], price_out=prices[1])
    tokens = "estimated at 4 characters a token, 4 bytes in other scripts"
    return {**trial.about(), "plan": {**plan._asdict(), "tokens": tokens}}


def _lines(report: dict[str, Any]) -> list[str]:
    plan = report.pop("plan", None)
    unpriced = "cost: unknown; give --price-in and --price-out"
    lines = plain_lines({name: value for name, value in report.items() if value is not None})
    if plan is None:
        return lines
    lines += [
        f"requests to send: {plan['to_ask']:,} ({plan['cached']:,} of {plan['requests']:,} are answered already)",
        f"tokens of prompt: about {plan['prompt_tokens']:,} ({plan['tokens']})",
        f"tokens of answer: {plan['answer_tokens']:,} at most",
        unpriced if plan["cost"] is None else f"cost: about {plan['cost']:.4g}, were every answer as long as it may be",
        "Nothing was sent. Add --yes to send the requests.",
    ]
    return lines


@click.command()
@click.argument("pool_folder", metavar="POOL", type=click.Path(path_type=Path))
@click.option("--method", required=True, help="rlhn, arhn, llm_judge or gecko.")
@click.option("--selection", type=click.Path(path_type=Path), help="What 'negviz select' wrote, for what was taken.")
@click.option("--scope", type=click.Choice(["disputed", "taken", "top"]), help="Which candidates are judged.")
@click.option("--scorer", default="dense", show_default=True, help="Whose order and zone count.")
@click.option("--top", default=0, help="Most candidates of a query; by default the method's (25, of gecko 20).")
@click.option("--both-orders/--one-order", default=True, show_default=True, help="Ask a second time in reversed order.")
@click.option("--promote", default=0, help="Lowest value that makes a positive in the labels; by default the method's.")
@click.option("--labels-out", type=click.Path(path_type=Path), help="Verdicts as a label file (.csv or .jsonl).")
@model_options
@json_option
def judge(
    *,
    pool_folder: Path,
    selection: Path | None,
    labels_out: Path | None,
    yes: bool,
    out: Path | None,
    price_in: float | None,
    price_out: float | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Ask a language model about candidates of POOL, and write a new pool with its verdicts."""
    from negviz.home import home_folder
    from negviz.judge import Trial
    from negviz.labels import write_labels
    from negviz.labels.files import JSON_LINES
    from negviz.store import open_pool, read_selection, save_pool

    def work() -> Report:
        _check_out(yes, out, pool_folder)
        if labels_out is not None and labels_out.suffix.lower() not in {".csv", *JSON_LINES}:
            raise DataError(f"--labels-out was given '{labels_out}', but wants a name that ends in .csv or .jsonl.")
        settings = settings_of(options)
        pool = open_pool(pool_folder)
        taken = read_selection(selection, pool) if selection else None
        trial = Trial(pool, settings=settings, home=home_folder(), selection=taken, **options)
        if not yes or out is None:
            return _only_planned(trial, (price_in, price_out))
        bars = Bars()
        try:
            judged = trial.run(progress=bars)
        finally:
            bars.close()
        save_pool(judged.pool, out)
        if labels_out is not None:
            write_labels(judged.events, labels_out)
        return {**judged.report, "out": str(out), "fingerprint": judged.pool.fingerprint}

    report(work, as_json, _lines)


@click.command()
@click.argument("pool_folder", metavar="POOL", type=click.Path(path_type=Path))
@click.option("--per-query", default=2, show_default=True, help="Negatives to write for each query.")
@model_options
@json_option
def synthesise(
    *,
    pool_folder: Path,
    yes: bool,
    out: Path | None,
    price_in: float | None,
    price_out: float | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Have a language model write negatives for the queries of POOL, and write a new pool that holds them too."""
    from negviz.home import home_folder
    from negviz.store import open_pool, save_pool
    from negviz.synthesise import Commission

    def work() -> Report:
        _check_out(yes, out, pool_folder)
        settings = settings_of(options)
        commission = Commission(open_pool(pool_folder), settings, home_folder(), **options)
        if not yes or out is None:
            return _only_planned(commission, (price_in, price_out))
        bars = Bars()
        try:
            made = commission.run(progress=bars)
        finally:
            bars.close()
        save_pool(made.pool, out)
        return {**made.report, "out": str(out), "fingerprint": made.pool.fingerprint}

    report(work, as_json, _lines)


VERBS = (judge, synthesise)
