"""Read a command line without running the command."""

from collections.abc import Sequence
from typing import Any

import click


def understood(command: click.Command, words: Sequence[str]) -> dict[str, Any]:
    """Return the values of a command's parameters.

    Args:
        command: A command, or a group with the command that the first word names.
        words: What is typed after its name.

    Raises:
        KeyError: The group has no such command.
        click.UsageError: The command does not understand its arguments.
    """
    if isinstance(command, click.Group):
        name, *rest = words
        return understood(command.commands[name], rest)
    return command.make_context(command.name, list(words)).params
