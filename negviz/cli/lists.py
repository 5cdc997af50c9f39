"""Verbs that list what there is."""

from typing import Any

import click

from negviz.cli._frame import json_option, report


@click.command()
@json_option
def recipes(as_json: bool) -> None:
    """List the published recipes; --json adds their scale, needs, steps and defaults."""
    from negviz.catalogue import recipe_list

    report(recipe_list, as_json, lambda rows: [f"{row['name']:<22} {row['title']} ({row['paper']})" for row in rows])


@click.command()
@json_option
def strategies(as_json: bool) -> None:
    """List the strategies with their knobs."""
    from negviz.catalogue import strategy_list

    report(strategy_list, as_json, _strategy_lines)


def _strategy_lines(rows: list[dict[str, Any]]) -> list[str]:
    lines = []
    for row in rows:
        needs = f" (needs: {', '.join(row['needs'])})" if row.get("needs") else ""
        lines += [f"{row['name']:<18} {row['summary']}{needs}", *_knob_lines(row)]
    return lines


def _knob_lines(row: dict[str, Any]) -> list[str]:
    return [f"    {knob['name']} = {knob['default']}  {knob['help']}" for knob in row["knobs"]]


@click.command()
@json_option
def encoders(as_json: bool) -> None:
    """List the built-in encoders."""
    from negviz.catalogue import encoder_list

    report(encoder_list, as_json, lambda rows: [_encoder_line(row) for row in rows])


def _encoder_line(row: dict[str, Any]) -> str:
    precisions = f" ({', '.join(row['precisions'])})" if row["precisions"] else ""
    return f"{row['name']:<12} {row['summary'].rstrip('.')}{precisions}"


@click.command()
@json_option
def formats(as_json: bool) -> None:
    """List the formats that negviz reads and writes, with the knobs of those it writes."""
    from negviz.export import formats as format_list

    def line(row: dict[str, Any]) -> str:
        ways = " and ".join(way for way in ("reads", "writes") if row[way])
        return f"{row['name']:<16} {ways:<17} {row['trainer']}"

    def lines(rows: list[dict[str, Any]]) -> list[str]:
        return [text for row in rows for text in (line(row), *_knob_lines(row))]

    report(format_list, as_json, lines)


@click.command()
@json_option
def students(as_json: bool) -> None:
    """List what 'negviz train' can train, with its knobs."""
    from negviz.training.listing import student_list

    report(student_list, as_json, _strategy_lines)


@click.command()
@json_option
def schedules(as_json: bool) -> None:
    """List the schedules of 'negviz train': which negatives a student gets in which round."""
    from negviz.training.listing import schedule_list

    report(schedule_list, as_json, lambda rows: [f"{row['name']:<14} {row['title']}. {row['about']}" for row in rows])


@click.command()
@json_option
def losses(as_json: bool) -> None:
    """List the losses that 'negviz train' trains with, and their knobs."""
    from negviz.training.listing import loss_list

    report(loss_list, as_json, _strategy_lines)


VERBS = (recipes, strategies, encoders, formats, students, schedules, losses)
