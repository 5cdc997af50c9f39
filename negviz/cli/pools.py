"""Verbs from data to a pool."""

from pathlib import Path
from typing import Any

import click

from negviz.cli._frame import Bars, Report, data_options, json_option, load_data, plain_lines, report


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
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write.")
@click.option("--encoder", default="minilm", show_default=True, help="Name, local folder or Hugging Face id.")
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
@click.option("--engine", type=click.Choice(["local"]), default="local", help="Where the work runs.")
@click.option("--seed", default=0, show_default=True, help="Seed of the random retriever.")
@data_options()
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
                load_data(data, **options),
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

    report(work, as_json, plain_lines)


VERBS = (describe, pool)
