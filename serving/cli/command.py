"""The command `mien`: one name for the commands of the three packages.

`mien fit ...` is `python -m training fit ...`, and so on. A package is imported only when one of
its commands runs: each needs other libraries, and importing some takes seconds.
"""

import importlib
import sys
from dataclasses import dataclass
from typing import Any

import click

from preprocessing.runtime.cli import EXIT_FAILED

PROGRAM = "mien"


@dataclass(frozen=True)
class _Command:
    """Where a command is to be found.

    Attributes:
        package: Whose `__main__` has it.
        meaning: One line of help.
        extra: What must be installed for it beside the base: `pip install 'mien[extra]'`.
    """

    package: str
    meaning: str
    extra: str | None = None


COMMANDS = {
    "predict": _Command("serving", "Predict which expressions the faces in pictures show."),
    "video": _Command("serving", "Follow the faces of videos and what they show.", "video"),
    "serve": _Command("serving", "Start the server: page and API.", "server"),
    "doctor": _Command("serving", "Check the installation."),
    "feedback": _Command("serving", "Keep and export what people say of predictions.", "feedback"),
    "align": _Command("preprocessing", "Align every face of a source into a dataset.", "training"),
    "report": _Command("preprocessing", "Show what a dataset holds.", "training"),
    "fit": _Command("training", "Train a network on a dataset.", "training"),
    "evaluate": _Command("training", "Measure how good a network is on a split.", "training"),
    "export": _Command("training", "Turn a finished run into a bundle.", "training"),
    "explain": _Command("training", "Show what a prediction rests on.", "training"),
}


@click.group(
    PROGRAM,
    epilog="`mien COMMAND --help` has an example of each. In bash, "
    '`eval "$(_MIEN_COMPLETE=bash_source mien)"` completes commands and files.',
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="mien", message="%(prog)s %(version)s")
def main() -> None:
    """Find the faces in pictures and show which expression each bears."""


def _run(name: str, arguments: tuple[str, ...]) -> int:
    """Run a command in its package and return the exit status."""
    command = COMMANDS[name]
    try:
        package: Any = importlib.import_module(f"{command.package}.__main__")
        status: int = package.main([name, *arguments], program=PROGRAM)
    except ModuleNotFoundError as error:
        if command.extra is None:
            raise
        print(
            f"error: `{PROGRAM} {name}` needs the package {error.name}. "
            f"Install it with: pip install 'mien[{command.extra}]'",
            file=sys.stderr,
        )
        return EXIT_FAILED
    return status


def _add(name: str, meaning: str) -> None:
    # The package itself reads the arguments, --help too.
    @main.command(
        name,
        short_help=meaning,
        add_help_option=False,
        context_settings={"ignore_unknown_options": True},
    )
    @click.argument("arguments", nargs=-1, type=click.Path())  # so that files are completed
    def command(arguments: tuple[str, ...]) -> None:
        sys.exit(_run(name, arguments))


for _name, _command in COMMANDS.items():
    _add(_name, _command.meaning)
