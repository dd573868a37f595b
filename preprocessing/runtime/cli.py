"""What the command lines of all packages share: exit statuses, errors, and what may be replaced."""

import functools
import io
import math
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from preprocessing.errors import MienError
from preprocessing.runtime.streams import replace_missing_streams
from preprocessing.runtime.terminal import lines_for_terminal, quoted

EXIT_FAILED = 1
Decorator = Callable[[Any], Any]

path_argument = functools.partial(click.argument, type=click.Path(path_type=Path))
path_option = functools.partial(click.option, type=click.Path(path_type=Path))
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace files that are there.")


def together(*parameters: Decorator) -> Decorator:
    """Return one decorator for several parameters; help lists them in this order."""
    return lambda command: functools.reduce(
        lambda function, add: add(function), reversed(parameters), command
    )


class FloatRange(click.FloatRange):
    """A range of numbers, to which neither NaN nor infinity belongs."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read a number."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is no number that can be used here.", param, ctx)
        return number


# Endings by which other programs know what a file holds.
_KNOWN_ENDS = frozenset((
    ".csv", ".tsv", ".xlsx", ".xls", ".ods", ".json", ".jsonl", ".parquet", ".html", ".htm", ".pdf",
    ".doc", ".docx", ".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic",
    ".zip",
))  # fmt: skip


class OutputFile(click.Path):
    """A file to be written, whose name does not promise another kind of file."""

    def __init__(self, *ends: str) -> None:
        """Say how such files end; the first is proposed where another does not fit."""
        super().__init__(path_type=Path)
        self._ends = ends

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Read a path."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if str(path) == "-":
            self.fail(f"Name a file, such as out{self._ends[0]}.", param, ctx)
        end = path.suffix.lower()
        if end in _KNOWN_ENDS.difference(self._ends):
            other = path.with_suffix(self._ends[0])
            self.fail(f"What is written is no {end} file. Name it {other}.", param, ctx)
        return path


# Seeds of NumPy and Keras end at 2**32; a run adds its epochs.
SEED_RANGE = click.IntRange(0, 2**31 - 1)


class Command(click.Command):
    """A command whose epilog is an example, in which `{}` is replaced by the command's name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; an error of ours about one is wrong usage."""
        typed = list(args)
        try:
            return super().parse_args(ctx, args)
        except MienError as error:
            raise click.UsageError(str(error), ctx) from error
        except click.NoSuchOption as error:
            if files := [each for each in typed if each.startswith("-") and Path(each).exists()]:
                hint = f"For the file or folder, write {quoted(f'./{files[0]}')}"
                raise click.UsageError(f"{error.format_message()} {hint}", ctx) from error
            raise

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example below the options."""
        if self.epilog:
            formatter.write_paragraph()
            # Not wrapped by click: a command that is copied must stay one line.
            formatter.write(f"example: {self.epilog.format(ctx.command_path)}\n")


class Program(Command, click.Group):
    """A command line; its name is what a user types to reach it.

    A command returns its exit status, None for 0. An error of ours or of the system ends it with 1
    and is told in one line.
    """

    command_class = Command
    group_class = type  # a group within is of this class too

    def __init__(self, *args: Any, **attrs: Any) -> None:
        settings = {"help_option_names": ["-h", "--help"], "show_default": True}
        super().__init__(*args, context_settings=settings, **attrs)

    def __call__(self, arguments: Sequence[str] | None = None) -> int:
        """Run a command and return the exit status: 0, 1 it failed, 2 wrong usage.

        Args:
            arguments: What was typed after the name of the program; None for that of the process.
        """
        replace_missing_streams()
        if isinstance(sys.stdout, io.TextIOWrapper):
            # Names of files may have characters, or bytes, that a terminal cannot show.
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            self.main(arguments, prog_name=self.name)
        except SystemExit as ended:
            return int(ended.code or 0)

    def invoke(self, ctx: click.Context) -> None:
        """Run the command that was typed."""
        try:
            status = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader has enough, as `head`; click ends the process
            raise
        except (MienError, OSError) as error:
            print(lines_for_terminal(f"error: {describe(error)}"), file=sys.stderr)
            status = EXIT_FAILED
        except ModuleNotFoundError as error:
            if ctx.parent:  # the program around this group knows what installs it
                raise
            typed = f"{ctx.command_path} {ctx.invoked_subcommand}"
            what = self.what_to_install(ctx.invoked_subcommand or "")
            print(
                f"error: `{typed}` needs the package {error.name}. "
                f"Install it with: pip install {what}",
                file=sys.stderr,
            )
            status = EXIT_FAILED
        ctx.exit(status or 0)

    def what_to_install(self, _command: str) -> str:
        """Return what pip is to install where a command lacks a package."""
        return "'.[server,training,video]'"


def describe(error: Exception) -> str:
    """Return an error in words; one of the system names its reason, and its file if it has one."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
    return str(error)


class OneOf(click.Option):
    """An option of a group of which at most one can be given."""

    def __init__(self, *args: Any, group: str, **attrs: Any) -> None:
        super().__init__(*args, **attrs)
        self.group = group

    def handle_parse_result(
        self, ctx: click.Context, opts: Mapping[str, Any], args: list[str]
    ) -> tuple[Any, list[str]]:
        """Read the option, unless another of its group is given as well."""
        group = [each for each in ctx.command.params if getattr(each, "group", "") == self.group]
        given = [each.opts[0] for each in group if each.name in opts]
        if len(given) > 1:
            raise click.UsageError(f"Give only one of {' and '.join(given)}.", ctx)
        return super().handle_parse_result(ctx, opts, args)


def check_outputs(paths: Iterable[Path | None], *, overwrite: bool) -> None:
    """Make sure, before the work is done, that each file can be written; None is one not wanted.

    Raises:
        MienError: The folder of one does not exist or may not be written to, or one is there and
            `overwrite` is false.
    """
    wanted = [path for path in paths if path is not None]
    for path in wanted:
        if path.is_dir():
            raise MienError(f"{path} is a folder. Name a file.")
        if not path.exists():
            check_writable(path.resolve().parent)
        elif path.is_file() and not os.access(path, os.W_OK):  # not something such as /dev/stdout
            raise MienError(f"{path} may not be written to. Name another file.")
    refuse_overwriting(wanted, overwrite=overwrite)


def prepare_folder(folder: Path) -> None:
    """Make a folder for outputs, before the work is done, unless it is there.

    Raises:
        MienError: It is a file, or may not be written to.
        OSError: It cannot be made.
    """
    if folder.exists() and not folder.is_dir():
        raise MienError(f"{folder} is a file. Name a folder.")
    folder.mkdir(parents=True, exist_ok=True)
    check_writable(folder)


def check_writable(folder: Path) -> None:
    """Make sure that files can be put into a folder.

    Raises:
        MienError: It does not exist or may not be written to.
    """
    if not folder.is_dir():
        raise MienError(f"The folder {folder} does not exist. Make it, or name another one.")
    if not os.access(folder, os.W_OK):
        raise MienError(f"The folder {folder} may not be written to. Name another one.")


def refuse_overwriting(paths: Iterable[Path], *, overwrite: bool) -> None:
    """Make sure that no output replaces a file unasked.

    Raises:
        MienError: A file is there and `overwrite` is false.
    """
    # Of a path that is too long to be one, `Path.exists` raises an error.
    there = [path for path in paths if os.path.exists(path)]  # noqa: PTH110
    if there and not overwrite:
        raise MienError(f"{there[0]} is there already. Replace it with --overwrite.")
