"""Commands that keep TensorFlow's log off the terminal.

Its libraries, and LiteRT's, write to file descriptor 2: some of it before they read any setting,
some whatever the setting is.
"""

import faulthandler
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from preprocessing.runtime.cli import Command, Program

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
"""TensorFlow's own variable. Where it is set, the log is shown as it says: 0 shows all."""
STDERR = 2


class QuietCommand(Command):
    """A command that writes nothing to stderr but what Python code writes there."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _without_native_log():
            return super().invoke(ctx)


class QuietProgram(Program):
    """A program of such commands."""

    command_class = QuietCommand


@contextmanager
def _without_native_log() -> Iterator[None]:
    """Give `sys.stderr` a file descriptor of its own, and lead the one of all libraries nowhere.

    Nothing is changed where the log is wanted, and where `sys.stderr` is closed or not the
    process's own.
    """
    before, is_replaced = sys.stderr, sys.stderr is not sys.__stderr__
    if LOG_LEVEL in os.environ or is_replaced or before is None:
        yield
        return
    own = os.dup(STDERR)
    # Left open: a handler of Python's logging may keep it.
    sys.stderr = open(  # noqa: SIM115
        own, "w", buffering=1, encoding=before.encoding, errors=before.errors, closefd=False
    )
    # A library that aborts says why where nobody reads it; this tells at least where.
    faulthandler.enable(sys.stderr)
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), STDERR)
    try:
        yield
    finally:
        os.dup2(own, STDERR)
        sys.stderr = before
