"""What the command lines of all packages share: exit statuses, errors, and what may be replaced."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from preprocessing.errors import MienError

EXIT_FAILED = 1


def run_command(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> int:
    """Run the command that was asked for: its `run_command`, called with the parsed options.

    Returns:
        The exit status: what the command returns, 0 where that is None, or 1 where it failed.
        Wrong usage ends the process with 2.
    """
    options = parser.parse_args(arguments)
    try:
        status: int | None = options.run_command(options)
    except (MienError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_FAILED
    return status or 0


def refuse_overwriting(paths: Iterable[Path | None], *, overwrite: bool) -> None:
    """Make sure that no output replaces a file unasked; None stands for an output not wanted.

    Raises:
        MienError: A file is there and `overwrite` is false.
    """
    there = [path for path in paths if path is not None and path.exists()]
    if there and not overwrite:
        raise MienError(f"{there[0]} is there already. Replace it with --overwrite.")
