"""Verb that measures what faster arithmetic of an encoder gives and costs."""

from typing import Any

import click

from negviz.cli._frame import Bars, Report, data_options, json_option, load_data, report


@click.command()
@click.argument("data")
@click.option("--encoder", default="minilm", show_default=True, help="Name, local folder or Hugging Face id.")
@click.option("--documents", default=1000, show_default=True, type=click.IntRange(min=1), help="Documents to try.")
@click.option("--queries", default=100, show_default=True, type=click.IntRange(min=1), help="Queries to try.")
@data_options()
@json_option
def precision(*, data: str, encoder: str, documents: int, queries: int, as_json: bool, **options: Any) -> None:
    """Encode a sample of DATA in every precision that this machine offers, and say how far each agrees with float32.

    Speed is that of the sample, as a multiple of float32. Overlap is the share of the 20 nearest documents that stay;
    flips are the candidates that a margin of 5 % below the positive would decide otherwise.
    """

    def work() -> Report:
        from negviz.home import home_folder
        from negviz.precision import DOCUMENTS, QUERIES, compare_precisions, keep_agreement

        bars, home = Bars(), home_folder()
        try:
            dataset = load_data(data, **options)
            done = compare_precisions(
                dataset, encoder=encoder, home=home, documents=documents, queries=queries, progress=bars
            )
        finally:
            bars.close()
        if (documents, queries) == (DOCUMENTS, QUERIES):
            keep_agreement(done, dataset, home)
        return done

    report(work, as_json, _lines)


def _lines(report: dict[str, Any]) -> list[str]:
    lines = [
        f"{report['encoder']}: {report['documents']:,} documents, {report['queries']:,} queries, against float32",
        f"{'precision':<10} {'texts/s':>9} {'speed':>6} {'overlap@20':>11} {'score p99':>10} {'flips':>7}",
    ]
    for row in report["rows"]:
        lines.append(
            f"{row['precision']:<10} {row['texts_per_second']:>9,.1f} {row['speed_ratio']:>6.2f} "
            f"{row['overlap_at_20']:>11.3f} {row['score_difference_p99']:>10.4f} {row['flipped']:>7.2%}"
        )
    return [*lines, *(f"{name:<10} not offered: {reason}" for name, reason in report["not_offered"].items())]


VERBS = (precision,)
