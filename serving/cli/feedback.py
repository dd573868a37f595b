"""Prepare the database of the feedback, and export what it holds."""

import argparse
from pathlib import Path

from preprocessing.errors import MienError


def add_feedback(parser: argparse.ArgumentParser) -> None:
    """Add the commands of `feedback` to its parser."""
    actions = parser.add_subparsers(dest="action", required=True)
    upgrade = actions.add_parser(
        "upgrade",
        help="make or upgrade the database, once before the server starts",
        epilog="example: MIEN_FEEDBACK_DATABASE=feedback.db %(prog)s",
    )
    upgrade.set_defaults(run_command=lambda _: upgrade_database())
    export = actions.add_parser(
        "export",
        help="write what people said, and the chips, as a folder that align reads",
        epilog="example: %(prog)s said && mien align said data/said --list said/feedback.csv "
        "--frame crop --split-off val=0.2",
    )
    export.add_argument("folder", type=Path, help="the folder to write")
    export.add_argument("--overwrite", action="store_true", help="replace an earlier export")
    export.set_defaults(
        run_command=lambda options: export_folder(options.folder, overwrite=options.overwrite)
    )


def upgrade_database() -> None:
    """Bring the database to this version.

    Raises:
        MienError: None is set, or it cannot be changed.
    """
    from serving.feedback.upgrade import upgrade

    before, after = upgrade(_place())
    if before == after:
        print(f"The database is at version {after} already.")
    else:
        print(f"The database was {'made' if before is None else 'upgraded'}: version {after}.")


def export_folder(folder: Path, *, overwrite: bool) -> None:
    """Write what people said as a folder.

    Args:
        folder: To write.
        overwrite: Replace an earlier export.

    Raises:
        MienError: No database is set, it cannot be read, or the folder cannot be written.
    """
    from serving.feedback.export import export
    from serving.feedback.store import Store

    store = Store(_place())
    exported = export(store.read(), folder, overwrite=overwrite)
    store.close()
    total = sum(exported.by_label.values())
    print(f"Written to {folder}: {total} face{'' if total == 1 else 's'}.")
    for label, count in exported.by_label.items():
        print(f"{count:6} {label}")


def _place() -> str:
    from serving.web.environment import read_settings

    place = read_settings().feedback_database.get_secret_value()
    if not place:
        raise MienError(
            "No database of feedback is set. Name one in MIEN_FEEDBACK_DATABASE: a file, or "
            "postgresql://USER:PASSWORD@HOST/NAME."
        )
    return place
