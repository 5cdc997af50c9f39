"""The command line: the same verbs as the dashboard, for scripts and for people who like a terminal.

Every module of this folder names its verbs in ``VERBS``; a new one is found by looking.
"""

import importlib
import os
import pkgutil
import signal
import sys
import threading
from types import FrameType

import click

from negviz import __version__
from negviz.errors import NegvizError

BAD_INPUT = 2
INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; bad input gets one sentence on standard error and exit code 2."""
    try:
        _end_cleanly()
        outcome = commands.main(args=arguments, prog_name="negviz", standalone_mode=False)
    except NegvizError as error:
        _fail(str(error), BAD_INPUT)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(BAD_INPUT)
    except click.ClickException as error:
        _fail(_sentence(f"{error.format_message()} See '{_command(error)} --help'"), BAD_INPUT)
    except (click.Abort, KeyboardInterrupt):
        _fail("Stopped; what was encoded or answered until then is kept, and nothing else was written.", INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output, such as 'head', has gone; the flush at exit must not complain about it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(1)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _fail(f"{place}{error.strerror or error}; see to the place or name another.", BAD_INPUT)
    else:
        sys.exit(outcome if isinstance(outcome, int) else 0)


def _end_cleanly() -> None:
    """Take what a scheduler sends like Ctrl-C: no half-written folder and no temporary file stays behind."""
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    raise KeyboardInterrupt


def _command(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return str(context.command_path) if context else "negviz"


def _sentence(text: str) -> str:
    return f"{' '.join(text.split())}."


def _fail(sentence: str, code: int) -> None:
    click.echo(f"negviz: {sentence}", err=True)
    sys.exit(code)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="negviz")
def commands() -> None:
    """See, tune, label, measure and clean the hard negatives that dense retrievers are trained on."""


def _add_verbs() -> None:
    for found in pkgutil.iter_modules(__path__):
        if found.name.startswith("_"):
            continue
        module = importlib.import_module(f"{__name__}.{found.name}")
        for verb in module.VERBS:
            commands.add_command(verb)


_add_verbs()
