"""Verb that trains on negatives and says what they are worth."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from negviz.cli._frame import Bars, Report, json_option, labels_of, report
from negviz.errors import CancelledError, DataError, NegvizError

if TYPE_CHECKING:
    from negviz.pool import Pool
    from negviz.recipe import Recipe, Step
    from negviz.training.plan import Arm, Material
    from negviz.training.schedule import Schedule
    from negviz.truth import Truth

FILE = click.Path(path_type=Path)
# Of a table of every recipe there are dozens of sentences; those that found something are told instead.
MOST_SENTENCES = 12


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """Options of the verb, in the order of its help."""
    options = [
        click.option("--selection", "selections", multiple=True, type=FILE,
                     help="What 'negviz select' wrote; several are compared."),
        click.option("--recipe", "recipes", multiple=True, help="Name or YAML file of a recipe; several are compared."),
        click.option("--set", "settings", multiple=True, metavar="STEP.PARAM=VALUE", help="Turn a knob of the recipe."),
        click.option("--schedule", "schedules", multiple=True,
                     help="Name or YAML file of a schedule: fixed (usual), refreshed, random, bm25, ance, adore, star, "
                     "cl_drd, easy_to_hard; several are compared."),
        click.option("--proof", is_flag=True,
                     help="Compare naive top-k, the recipe, the recipe cleaned by --labels, and an oracle by "
                     "--judgments."),
        click.option("--table", is_flag=True, help="Compare every recipe that can run on the pool."),
        click.option("--knob", metavar="STEP.KNOB", help="Train at several values of a knob of the recipe."),
        click.option("--from", "low", type=float, help="First value of the knob."),
        click.option("--to", "high", type=float, help="Last value of the knob."),
        click.option("--steps", type=int, default=6, show_default=True, help="How many values."),
        click.option("--student", default="adapter", show_default=True, help="adapter, static or finetune."),
        click.option("--student-set", "student_settings", multiple=True, metavar="KNOB=VALUE",
                     help="Turn a knob of the student, such as learning_rate=0.001."),
        click.option("--rounds", type=int, help="Rounds, after each of which is measured."),
        click.option("--epochs", type=int, help="How often each pair is seen in a round."),
        click.option("--negatives", type=int, help="Negatives that a pair gets in a step."),
        click.option("--loss", help="Name of a loss, such as infonce; its defaults are taken."),
        click.option("--in-batch/--own-only", "in_batch", default=None,
                     help="Whether documents of other lines are negatives, too."),
        click.option("--seeds", type=click.IntRange(1, 100), default=3, show_default=True,
                     help="How many times everything is trained."),
        click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="The first of them."),
        click.option("--share", type=float, default=0.5, show_default=True,
                     help="Share of the queries to measure with, where the data hold none out."),
        click.option("--labels", "labels_file", metavar="FILE|URL",
                     help="Labels that clean the recipe in --proof, and count false negatives."),
        click.option("--judgments", type=FILE, help="Qrels to measure with (TREC or BEIR), and for the oracle."),
        click.option("--relevant-from", type=click.IntRange(min=1),
                     help="Smallest grade that answers; 2 where grades reach 2, else 1."),
        click.option("--complete", is_flag=True,
                     help="Pairs of a judged query that are not in the qrels answer nothing."),
        click.option("--threads", type=click.IntRange(min=0),
                     help="Threads, 0 for all; what suits the student if absent. With 1 the same seed gives the same "
                     "numbers on every run."),
        click.option("--device", default="auto", show_default=True, help="cpu, cuda, ...; auto takes a GPU if there."),
        click.option("--out", type=FILE, help="Folder of the training and its checkpoints; one in the home if absent."),
        click.option("--resume", type=FILE, metavar="RUN", help="Go on with a training that was stopped or killed."),
        click.option("--background", is_flag=True, help="Queue it and return; the Train page shows it."),
        json_option,
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@dataclass(frozen=True)
class _Asked:
    """What was given on the command line."""

    values: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        return self.values[name]


@click.command()
@click.argument("pool_folder", metavar="POOL", type=FILE, required=False)
@_options
def train(*, pool_folder: Path | None, as_json: bool, **values: Any) -> None:
    """Train on negatives mined from POOL and measure on queries that were not trained on.

    Every figure is a mean over held-out queries with its 95% interval; differences are paired over the queries. Where
    the data hold no queries out, half of them are drawn to measure with, near-duplicates on one side.

    A training is a folder: it can be stopped (Ctrl-C), and goes on with --resume. Its rounds/model folders are models
    that --encoder and --checkpoint of 'negviz pool' open.
    """
    from negviz.home import home_folder
    from negviz.training.process import enqueue, remove
    from negviz.training.report import outcome

    asked = _Asked({"pool_folder": pool_folder, **values})
    home = home_folder()

    def work() -> Report:
        folder = _resumed(asked) if asked.resume is not None else _planned(asked, home)
        if asked.background:
            enqueue(folder, home)
            return {"folder": str(folder), "state": "queued"}
        try:
            _run(folder, home)
        except NegvizError:
            # What could not even begin leaves nothing behind; what has a finished round can be resumed.
            if asked.resume is None and not outcome(folder).done:
                remove(folder)
            raise
        from negviz.training.report import report as numbers

        return numbers(folder)

    report(work, as_json, _lines)


def _resumed(asked: _Asked) -> Path:
    from negviz.training.plan import read_plan

    if asked.pool_folder is not None:
        raise DataError("--resume names a training, which knows its pool; leave POOL out.")
    given = [name for name in _given() if name not in {"--resume", "--json", "--background"}]
    if given:
        raise DataError(
            f"--resume goes on with a training as it was planned, so {given[0]} would change nothing; leave it out, or "
            "start a new training."
        )
    read_plan(asked.resume)
    return Path(asked.resume)


def _given() -> list[str]:
    """Options that stand on the command line."""
    context = click.get_current_context()
    told = [each for each in context.command.params if isinstance(each, click.Option) and each.name is not None]
    usual = click.core.ParameterSource.DEFAULT
    return [each.opts[0] for each in told if context.get_parameter_source(str(each.name)) is not usual]


def _planned(asked: _Asked, home: Path) -> Path:
    from negviz.training.plan import write_plan
    from negviz.training.process import at_work, new_folder
    from negviz.writing import check_folder

    if asked.pool_folder is None:
        raise DataError("No pool was given; name the folder of 'negviz pool', or a training with --resume RUN.")
    material = _material(asked)
    folder = asked.out or new_folder(home, material.plan.title)
    check_folder(folder)
    if at_work(folder):
        raise DataError(f"Another process is at work on the training in {folder}; name another folder.")
    _spare(folder)
    write_plan(folder, material)
    return Path(folder)


def _spare(folder: Path) -> None:
    """Refuse to write over rounds that took somebody hours."""
    from negviz.training.report import outcome
    from negviz.writing import MANIFEST

    try:
        found = outcome(folder) if (folder / MANIFEST).is_file() else None
    except DataError:  # something else that negviz wrote, which a new one replaces
        return
    if found is not None and found.done:
        raise DataError(
            f"{folder} holds a training with {found.done:,} of {found.plan.rounds:,} rounds finished; go on with "
            f"'{_go_on(folder)}', delete it, or name another folder."
        )


def _go_on(folder: Path) -> str:
    """What to type, ready to be copied."""
    return f"negviz train --resume {shlex.quote(str(folder))}"


def _run(folder: Path, home: Path) -> None:
    from negviz.cli import INTERRUPTED
    from negviz.training.plan import read_plan
    from negviz.training.process import run_here
    from negviz.training.report import outcome

    plan, _ = read_plan(folder)
    bars, done = Bars(), outcome(folder).done

    def told(row: dict[str, Any]) -> None:
        nonlocal done
        if row["kind"] == "round":
            done += row["round"] > 0
            bars(f"Training on {len(plan.arms)} sets of negatives, {len(plan.seeds)} seeds", done, plan.rounds)

    click.echo(f"negviz: training in {folder}", err=True)
    try:
        run_here(folder, home, told)
    except (KeyboardInterrupt, CancelledError):
        bars.close()
        click.echo(f"negviz: Stopped; finished rounds are kept. Go on with: {_go_on(folder)}", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    finally:
        bars.close()


def _material(asked: _Asked) -> "Material":
    from negviz.store import open_pool
    from negviz.training.plan import Material
    from negviz.training.planning import make_plan, title_of
    from negviz.truth import read_truth

    pool = open_pool(asked.pool_folder)
    if asked.judgments is None and (asked.complete or asked.relevant_from is not None):
        raise DataError("--complete and --relevant-from say how to read judgments; give --judgments FILE, too.")
    truth = None
    if asked.judgments is not None:
        truth = read_truth(asked.judgments, pool.dataset, relevant_from=asked.relevant_from, complete=asked.complete)
    labels = labels_of(asked.labels_file, pool.dataset)
    selections = _selections(asked, pool)
    kind, arms = _arms(asked, pool, labels, truth, selections)
    plan = make_plan(
        pool, asked.pool_folder, arms, kind=kind, title=title_of(kind, arms), student=_student(asked),
        seeds=range(asked.seed, asked.seed + asked.seeds), share=asked.share, knob=asked.knob or "",
        threads=asked.threads, device=asked.device,
    )  # fmt: skip
    return Material(plan, pool, labels, truth, selections)


def _selections(asked: _Asked, pool: "Pool") -> dict[str, Any]:
    from negviz.store import read_selection

    return {f"selection-{number}.parquet": read_selection(path, pool) for number, path in enumerate(asked.selections)}


def _student(asked: _Asked) -> "Step":
    from negviz.recipe import Step

    knobs = {}
    for item in asked.student_settings:
        name, equals, value = item.partition("=")
        if not equals:
            raise DataError(f"--student-set was given '{item}', but wants KNOB=VALUE, such as learning_rate=0.001.")
        knobs[name.strip()] = value.strip()
    return Step(asked.student, knobs, asked.student)


def _recipes(asked: _Asked) -> "list[Recipe]":
    from negviz.recipe import find_recipe
    from negviz.select import check_knobs

    found = [find_recipe(name) for name in asked.recipes]
    for setting in asked.settings:
        if len(found) != 1:
            raise DataError(f"--set turns a knob of the recipe, but {len(found)} were given; give one with --recipe.")
        found = [found[0].with_setting(setting)]
    for recipe in found:
        check_knobs(recipe)
    return found


def _schedules(asked: _Asked) -> "list[Schedule]":
    from negviz.recipe import Step
    from negviz.training.schedule import find_schedule

    loss = Step(asked.loss, {}, asked.loss) if asked.loss else None
    return [
        find_schedule(name).with_settings(
            rounds=asked.rounds, epochs=asked.epochs, negatives=asked.negatives, in_batch=asked.in_batch, loss=loss
        )
        for name in asked.schedules or ("fixed",)
    ]


def _arms(asked: _Asked, pool: "Pool", labels: Any, truth: "Truth | None", selections: dict[str, Any]) -> Any:
    """Kind of the plan and its arms."""
    from negviz.sweeping import find_turn, spread
    from negviz.training import planning

    recipes, schedules = _recipes(asked), _schedules(asked)
    special = [name for name in ("proof", "table", "knob") if asked.values[name]]
    if len(special) > 1 or (special and (len(schedules) > 1 or selections)):
        raise DataError("Give one of --proof, --table and --knob, with one schedule and without --selection.")
    if asked.table:
        return "table", planning.table_arms(pool, schedules[0])
    if special and len(recipes) != 1:
        raise DataError(f"--{special[0]} wants one recipe, but {len(recipes)} were given; give --recipe NAME.")
    if asked.proof:
        return "proof", planning.proof_arms(recipes[0], schedules[0], labels, truth)
    if asked.knob:
        if asked.low is None or asked.high is None:
            raise DataError("--knob wants its first and last value; give --from and --to.")
        turn = find_turn(recipes[0], asked.knob)
        values = spread(turn, asked.low, asked.high, asked.steps)
        return "sweep", planning.sweep_arms(recipes[0], turn, values, schedules[0])
    return "train", _compared(asked, recipes, schedules, selections)


def _compared(
    asked: _Asked, recipes: "list[Recipe]", schedules: "list[Schedule]", selections: dict[str, Any]
) -> "list[Arm]":  # fmt: skip
    """Selections, then recipes, each with every schedule; schedules that need neither stand alone."""
    from negviz.training import planning
    from negviz.training.plan import Arm

    arms: list[Arm] = []
    for schedule in schedules:
        ending = f" ({schedule.name})" if len(schedules) > 1 else ""
        names = [f"{path.stem}{ending}" for path in asked.selections]
        if any(stage.recipe is None for stage in schedule.stages):
            arms += planning.selection_arms(selections, names, schedule)
            arms += [Arm(f"{recipe.name}{ending}", schedule.filled(recipe)) for recipe in recipes]
            if not selections and not recipes:
                raise DataError(
                    f"Nothing was given to train on: schedule '{schedule.name}' takes the negatives at hand; give "
                    "--selection FILE or --recipe NAME."
                )
        else:
            arms.append(Arm(schedule.name, schedule))
    return arms


def _lines(report: dict[str, Any]) -> list[str]:
    from negviz.training.report import summary

    if "arms" not in report:
        return [f"queued: {report['folder']}"]
    queries = report["queries"]
    return [
        f"training in {report['folder']}",
        f"student {report['student']['name']}; {queries['train']:,} queries to learn from, {queries['dev']:,} to "
        f"measure with, {len(report['seeds'])} seeds",
        queries["how"],
        "",
        *_table(report),
        "",
        *(report["sentences"] if len(report["sentences"]) <= MOST_SENTENCES else summary(report)),
    ]


def _table(report: dict[str, Any]) -> list[str]:
    head = ["negatives", *(f"{metric} (95% interval)" for metric in report["metrics"]), "false", "hardness", "seconds"]
    rows = [head]
    if report["before"]:
        rows.append(
            ["(before training)", *(_interval(report["before"][name]) for name in report["metrics"]), *["–"] * 3]
        )
    for arm in report["arms"]:
        measured = [_interval(arm["final"][name]) if arm["final"] else "–" for name in report["metrics"]]
        false = "–" if arm["false_rate"] is None else f"{100 * arm['false_rate']:.1f}%"
        hardness = "–" if arm["hardness"] is None else f"{arm['hardness']:.3f}"
        rows.append([arm["name"], *measured, false, hardness, f"{arm.get('seconds', 0):.1f}"])
    wide = [max(len(row[place]) for row in rows) for place in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, wide, strict=True)).rstrip() for row in rows]


def _interval(found: dict[str, Any]) -> str:
    if found["low"] is None:
        return f"{found['mean']:.4f}"
    return f"{found['mean']:.4f} ({found['low']:.4f}–{found['high']:.4f})"


VERBS = (train,)
