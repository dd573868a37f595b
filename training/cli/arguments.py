"""Arguments and options that several commands of `python -m training` have."""

from collections.abc import Sequence

import click

from preprocessing.errors import MienError
from preprocessing.runtime.cli import Decorator, path_argument, together

members_argument = path_argument(
    "members",
    nargs=-1,
    required=True,
    help="Runs, bundles, and snapshots such as runs/snapshots/snapshot-01.keras.",
)


def split_options(*splits: str) -> Decorator:
    """Let the split be chosen from these, and the test split be allowed."""
    return together(
        click.option(
            "--split", type=click.Choice(splits), default="val", help="The split to measure on."
        ),
        click.option(
            "--final", is_flag=True, help="Allow the test split; choose nothing by its figures."
        ),
    )


def guard_test_split(split: str, *, final: bool, splits: Sequence[str] = ("test",)) -> None:
    """Make sure that the test split is measured on only where a person says so.

    Args:
        split: The one that was asked for.
        final: Whether they said so.
        splits: Those that hold rows of test.

    Raises:
        MienError: They did not.
    """
    if split in splits and not final:
        raise MienError(
            "The test split is for the last word only: everything is chosen on val. "
            "Say --final if nothing will be chosen by the answer; the use is recorded."
        )
