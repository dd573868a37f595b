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


def check_outputs(paths: Iterable[Path | None], *, overwrite: bool) -> None:
    """Make sure, before the work is done, that each file can be written; None is one not wanted.

    Raises:
        MienError: The folder of one does not exist, or one is there and `overwrite` is false.
    """
    wanted = [path for path in paths if path is not None]
    for path in wanted:
        if not path.parent.is_dir():
            raise MienError(f"The folder {path.parent} does not exist.")
        if path.is_dir():
            raise MienError(f"{path} is a folder. Name a file.")
    refuse_overwriting(wanted, overwrite=overwrite)


def refuse_overwriting(paths: Iterable[Path], *, overwrite: bool) -> None:
    """Make sure that no output replaces a file unasked.

    Raises:
        MienError: A file is there and `overwrite` is false.
    """
    there = [path for path in paths if path.exists()]
    if there and not overwrite:
        raise MienError(f"{there[0]} is there already. Replace it with --overwrite.")
