"""Verbs of an audit: draw a sample to judge, the false-negative rate from it, and what a knob should be for a rate."""

import csv
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from negviz.cli._frame import Bars, Report, json_option, labels_of, plain_lines, report
from negviz.errors import DataError, MissingInputError

if TYPE_CHECKING:
    from negviz.arrays import Bools
    from negviz.labelled_sample import Span
    from negviz.pool import Pool
    from negviz.rate_advice import Offer, RateAdvice
    from negviz.rating import Rate
    from negviz.selection import Selection

FILE = click.Path(path_type=Path)
COLUMNS = ("query_id", "document_id", "verdict", "grade", "query", "document", "note", "queue", "probability",
           "query_key", "document_key")  # fmt: skip
pool_argument = click.argument("pool_folder", metavar="POOL", type=FILE)
selection_option = click.option("--selection", required=True, type=FILE, help="What 'negviz select' wrote.")
confidence_option = click.option("--confidence", default=0.95, show_default=True, type=float, help="Of the interval.")


@click.command()
@pool_argument
@selection_option
@click.option("--labels", "labels_file", required=True, metavar="FILE|URL",
              help="Labels: CSV, JSONL, qrels, or a label database.")  # fmt: skip
@click.option("--by", type=click.Choice(["retriever", "rank", "score", "query"]), help="Also the rate of each group.")
@click.option("--width", type=float, help="Say how many more labels make the interval so narrow, such as 0.05.")
@confidence_option
@click.option("--model/--no-model", default=True, show_default=True,
              help="Show beside it what the suspicion model (without labels) makes of the sample.")  # fmt: skip
@json_option
def rate(
    *,
    pool_folder: Path,
    selection: Path,
    labels_file: str,
    by: str | None,
    width: float | None,
    confidence: float,
    model: bool,
    as_json: bool,
) -> None:
    """Measure the false-negative rate of a selection from POOL, with its interval.

    Labels that were drawn by chance know with what probability, and they alone count; see 'negviz sample'. Where no
    label knows it, all of them are taken as a random sample, and the method says so.
    """
    from negviz.rating import labels_needed, rates_by
    from negviz.rating import rate as measure
    from negviz.store import open_pool, read_selection

    def work() -> Report:
        opened = open_pool(pool_folder)
        chosen = read_selection(selection, opened)
        labels = labels_of(labels_file, opened.dataset)
        found = measure(chosen, labels, confidence=confidence)
        if not found.labelled:
            none = f"None of the {len(labels):,} labels says" if len(labels) else "There is no label yet that says"
            raise MissingInputError(
                f"{none} false or true negative of what this selection takes; draw a "
                f"sample of it with 'negviz sample {pool_folder} --selection {selection} --size 300 --out FILE.csv'."
            )
        done = _numbers(found)
        done["assisted"] = _assisted(chosen, labels, confidence) if model else None
        if by:
            groups = rates_by(chosen, labels, by, confidence=confidence)  # type: ignore[arg-type]
            done["groups"] = [{"name": group.name, "too_few": group.few, **_numbers(group)} for group in groups]
        if width is not None:
            done["width"], done["more_labels"] = width, labels_needed(found, width)
        return done

    report(work, as_json, _rate_lines)


def _assisted(chosen: "Selection", labels: Any, confidence: float) -> dict[str, Any]:
    from negviz.labelled_sample import ASSISTED
    from negviz.rating import assisted_rate
    from negviz.suspicion import suspicion_model

    # Without labels: a model that was fitted to these answers would agree with them too well.
    model = suspicion_model(chosen.pool)
    found = assisted_rate(chosen, labels, model.probabilities(), confidence=confidence)
    return {**_ends(found), "method": found.method, "helps": found.method == ASSISTED, "model": model.about}


def _numbers(found: "Rate") -> dict[str, Any]:
    return {
        **_ends(found), "labelled": found.labelled, "false_negatives": found.false_negatives, "method": found.method,
        "confidence": found.confidence, "negatives": found.negatives, "unsure": found.unsure, "dropped": found.dropped,
        "widest": [_known(end) for end in found.widest], "not_drawn": found.not_drawn,
        "stands_for": _known(found.stands_for), "design_effect": _known(found.effect), "left": _ends(found.left),
        "about": list(found.about),
    }  # fmt: skip


def _ends(span: "Span") -> dict[str, float | None]:
    return {"rate": _known(span.rate), "low": _known(span.low), "high": _known(span.high)}


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _rate_lines(done: dict[str, Any]) -> list[str]:
    lines = [
        f"false-negative rate: {_shown(done)} ({done['confidence']:.0%} interval)",
        f"from {done['false_negatives']:,} false of {done['labelled']:,} answers about {done['negatives']:,} negatives",
        f"method: {done['method']}",
        *done["about"],
        f"left when the labels are applied: {_shown(done['left'])}",
    ]
    helped = done["assisted"]
    if helped:
        told = (
            _shown(helped) if helped["helps"] else "no help here, since all answers are alike or nothing is estimated"
        )
        lines.append(f"beside it, corrected by the suspicion model: {told}")
    for group in done.get("groups", ()):
        what = "too few answers" if group["too_few"] else _shown(group)
        lines.append(
            f"  {group['name']}: {what}; {group['false_negatives']:,} of {group['labelled']:,} answers, "
            f"{group['negatives']:,} negatives"
        )
    if "more_labels" in done:
        lines.append(f"labels still needed for an interval of {done['width']:.1%} end to end: {done['more_labels']:,}")
    return lines


def _shown(span: dict[str, Any]) -> str:
    if span["rate"] is None:
        return "unknown"
    return f"{span['rate']:.1%}, {span['low']:.1%} to {span['high']:.1%}"


@click.command()
@pool_argument
@selection_option
@click.option("--size", required=True, type=click.IntRange(min=1), help="How many negatives to draw.")
@click.option("--weighted", is_flag=True, help="Draw the suspect more often; the rate undoes it and is closer.")
@click.option("--seed", default=0, show_default=True, type=int, help="Another seed draws another sample.")
@click.option("--out", required=True, type=FILE, help="CSV file to write; fill in its column verdict.")
@json_option
def sample(
    *, pool_folder: Path, selection: Path, size: int, weighted: bool, seed: int, out: Path, as_json: bool
) -> None:
    """Draw negatives of a selection from POOL by chance, to be judged.

    Write false negative, true negative, drop or unsure (or FN, TN) into the column verdict, in any order, and give the
    file to 'negviz rate --labels' or 'negviz labels import'. Leave the other columns: they hold the probability.
    """
    from negviz.store import open_pool, read_selection

    def work() -> Report:
        chosen = read_selection(selection, open_pool(pool_folder))
        return _draw(chosen.pool, chosen.taken, size, seed, weighted, out)

    report(work, as_json, plain_lines)


def _draw(pool: "Pool", taken: "Bools", size: int, seed: int, weighted: bool, out: Path) -> dict[str, Any]:
    """Draw some of the negatives taken and write them as a sheet."""
    from negviz.queue import RANDOM, WEIGHTED, chance, make_queue, weighted_chance
    from negviz.suspicion import suspicion_model
    from negviz.writing import file_written_beside

    if out.suffix.lower() != ".csv":
        raise DataError(f"The sample cannot be written to '{out.name}'; give a name that ends in .csv.")
    if not taken.any():
        raise DataError("This selection takes no negative, so there is nothing to draw; loosen its recipe.")
    probability: Any
    if weighted:
        suspicion = suspicion_model(pool).probabilities()
        priority, probability = weighted_chance(pool, taken, suspicion=suspicion, seed=seed, size=size)
    else:
        priority, probability = chance(pool, taken, seed=seed, size=size)
    order = WEIGHTED if weighted else RANDOM
    queue = make_queue(pool, priority, taken & False, order=order, probability=probability, most=size)
    with file_written_beside(out) as beside:
        beside.write_text(_sheet(pool.dataset, queue), "utf-8", newline="")
    return {"drawn": len(queue), "of": int(taken.sum()), "order": order, "seed": seed, "file": str(out)}


def _sheet(dataset: Any, queue: Any) -> str:
    """The pairs as a sheet to fill in, which label files are read from."""
    from negviz.labels.files import guarded
    from negviz.text import text_key

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for place in range(len(queue)):
        query, document = queue.pair(place)
        asked, content = dataset.query_text(query), dataset.content(document)
        cells = [dataset.query_id(query), dataset.document_id(document), "", "", asked, content, "", queue.order]
        chance = repr(float(queue.probability_of(query, document)))
        writer.writerow([*map(guarded, cells), chance, text_key(asked), text_key(content)])
    return text.getvalue()


@click.command()
@pool_argument
@click.option("--recipe", required=True, help="Name of a recipe, or a YAML file.")
@click.option("--labels", "labels_file", metavar="FILE|URL", help="Labels: CSV, JSONL, qrels, or a label database.")
@click.option("--rate", "wanted", type=float, help="Rate that is not to be exceeded, such as 0.05.")
@click.option("--draw", type=FILE, help="Draw a sample that speaks for all values instead, and write this CSV file.")
@click.option("--size", default=300, show_default=True, type=click.IntRange(min=1), help="Of --draw.")
@click.option("--seed", default=0, show_default=True, type=int, help="Of --draw.")
@click.option("--weighted", is_flag=True, help="Of --draw: the suspect more often.")
@click.option("--knob", required=True, metavar="STEP.KNOB", help="What to turn.")
@click.option("--from", "low", required=True, type=float, help="First value.")
@click.option("--to", "high", required=True, type=float, help="Last value.")
@click.option("--steps", default=11, show_default=True, type=int, help="How many values.")
@click.option("--set", "settings", multiple=True, metavar="STEP.PARAM=VALUE", help="Turn another knob; repeatable.")
@confidence_option
@json_option
def advise(
    *,
    pool_folder: Path,
    recipe: str,
    labels_file: str | None,
    wanted: float | None,
    draw: Path | None,
    size: int,
    seed: int,
    weighted: bool,
    knob: str,
    low: float,
    high: float,
    steps: int,
    settings: tuple[str, ...],
    confidence: float,
    as_json: bool,
) -> None:
    """Find the value of a knob that meets a false-negative rate on POOL at the most negatives kept.

    It goes by labels of a random sample, and by an upper end that holds for all the values together, since the best of
    many by the same labels is also the luckiest. A recipe that fills up takes other negatives at each value, so draw
    the sample with --draw first, have it judged, and give it as --labels.
    """
    from negviz.rate_advice import taken_by_any, thresholds_for_rate
    from negviz.recipe import find_recipe
    from negviz.select import check_knobs
    from negviz.store import open_pool
    from negviz.sweeping import find_turn, spread, value_of

    def work() -> Report:
        asked = find_recipe(recipe)
        for setting in settings:
            asked = asked.with_setting(setting)
        check_knobs(asked)
        turn = find_turn(asked, knob)
        values = spread(turn, low, high, steps, marks=(value_of(asked, turn),))
        opened = open_pool(pool_folder)
        if draw is not None:
            return _draw(*taken_by_any(opened, asked, turn, values), size, seed, weighted, draw)
        if labels_file is None or wanted is None:
            raise DataError("Advice needs labels and a rate: give --labels FILE and --rate 0.05, or --draw FILE.csv.")
        labels = labels_of(labels_file, opened.dataset)
        bars = Bars()
        try:
            return _advice(
                thresholds_for_rate(opened, asked, labels, turn, values, wanted, confidence=confidence, progress=bars)
            )
        finally:
            bars.close()

    report(work, as_json, plain_lines if draw is not None else _advice_lines)


def _advice(found: "RateAdvice") -> dict[str, Any]:
    return {
        "wanted": found.wanted, "knob": found.knob, "confidence": found.confidence, "compared": found.compared,
        "now": _offered(found.now, found), "sure": _offered(found.sure, found), "likely": _offered(found.likely, found),
        "more_labels": found.more_labels, "offers": [_offered(offer, found) for offer in found.offers],
        "about": list(found.about),
    }  # fmt: skip


def _offered(offer: "Offer | None", found: "RateAdvice") -> dict[str, Any] | None:
    if offer is None:
        return None
    return {
        "value": offer.value, "negatives": offer.negatives, "costs": found.cost(offer), "starved": offer.starved,
        "hardness": _known(offer.hardness), **_ends(offer.rate), "ceiling": _known(offer.ceiling),
        "labelled": offer.rate.labelled, "false_negatives": offer.rate.false_negatives, "method": offer.rate.method,
        "measured": offer.measured,
    }  # fmt: skip


def _advice_lines(done: dict[str, Any]) -> list[str]:
    head = ("value", "negatives", "starved", "hardness", "answers", "rate (interval)", "ceiling")
    table = [head, *(_offer_cells(offer) for offer in done["offers"])]
    wide = [max(len(row[place]) for row in table) for place in range(len(head))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, wide, strict=True)) for row in table]
    return [*done["about"], "", f"{done['knob']}:", *lines]


def _offer_cells(offer: dict[str, Any]) -> tuple[str, ...]:
    measured = offer["measured"] and offer["rate"] is not None
    return (
        f"{offer['value']:g}", f"{offer['negatives']:,}", f"{offer['starved']:,}",
        "unknown" if offer["hardness"] is None else f"{offer['hardness']:.3f}", f"{offer['labelled']:,}",
        _shown(offer) if measured else "not measured", f"{offer['ceiling']:.1%}" if measured else "–",
    )  # fmt: skip


VERBS = (rate, sample, advise)
