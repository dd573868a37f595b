"""The command `mien`: one name for the commands of the three packages.

`mien fit ...` is `python -m training fit ...`, and so on. A package is imported only when one of
its commands runs: each needs other libraries, and importing some takes seconds.
"""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from preprocessing.runtime.cli import Program
from preprocessing.runtime.terminal import quoted


@dataclass(frozen=True)
class PackageCommand:
    """Where a command is to be found.

    Attributes:
        package: Whose `__main__` has it.
        meaning: One line of help, as there; told without importing the package.
        extra: What must be installed for it beside the base: `pip install 'mien[extra]'`.
    """

    package: str
    meaning: str
    extra: str | None = None


COMMANDS = {
    "predict": PackageCommand("serving", "Predict which expressions the faces in pictures show."),
    "video": PackageCommand("serving", "Follow the faces of videos and what they show.", "video"),
    "serve": PackageCommand("serving", "Start the server: page and API.", "server"),
    "doctor": PackageCommand("serving", "Check the installation."),
    "feedback": PackageCommand(
        "serving", "Keep and export what people say of predictions.", "feedback"
    ),
    "align": PackageCommand(
        "preprocessing", "Align every face of a source into a dataset.", "training"
    ),
    "report": PackageCommand("preprocessing", "Show what a dataset holds.", "training"),
    "fit": PackageCommand("training", "Train a network on a dataset.", "training"),
    "evaluate": PackageCommand("training", "Measure how good a network is on a split.", "training"),
    "export": PackageCommand("training", "Turn a finished run into a bundle.", "training"),
    "explain": PackageCommand("training", "Show what a prediction rests on.", "training"),
}


class Mien(Program):
    """The program whose commands lie in packages."""

    def list_commands(self, _: click.Context) -> list[str]:
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        """Import the package of a command and return the command."""
        if name not in COMMANDS:
            return None
        program: Program = importlib.import_module(f"{COMMANDS[name].package}.__main__").main
        return program.commands[name]

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find the command that was typed, or say which was meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            meant = f"Did you mean mien predict {quoted(args[0])}?"
            words = f"{error.message} {meant}" if Path(args[0]).exists() else None
            raise click.NoSuchCommand(args[0], words, COMMANDS, ctx) from error

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands and their meanings."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.meaning) for name, command in COMMANDS.items()])

    def what_to_install(self, command: str) -> str:
        """Return the extra of a command."""
        extra = COMMANDS[command].extra
        return f"'mien[{extra}]'" if extra else super().what_to_install(command)


@click.group("mien", cls=Mien, epilog="{} predict photo.jpg")
@click.version_option(package_name="mien", message="%(prog)s %(version)s")
def main() -> None:
    """Find the faces in pictures and predict which expression each shows.

    `mien COMMAND --help` has an example of each command. In bash,
    `eval "$(_MIEN_COMPLETE=bash_source mien)"` completes commands, options and files.
    """
