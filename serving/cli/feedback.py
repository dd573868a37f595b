"""Prepare the database of the feedback, and export what it holds."""

from pathlib import Path

from preprocessing.errors import MienError
from preprocessing.runtime.cli import Program, overwrite_option, path_argument

feedback = Program(
    "feedback", help="Keep and export what people say of predictions.", epilog="{} upgrade"
)


@feedback.command("upgrade", epilog="MIEN_FEEDBACK_DATABASE=feedback.db {}")
def upgrade_database() -> None:
    """Make or upgrade the database, once before the server starts."""
    from serving.feedback.upgrade import upgrade

    before, after = upgrade(_place())
    if before == after:
        print(f"The database is at version {after} already.")
    else:
        print(f"The database was {'made' if before is None else 'upgraded'}: version {after}.")


@feedback.command(
    "export",
    epilog="{} said && mien align said data/said --list said/feedback.csv "
    "--frame crop --split-off val=0.2",
)
@path_argument("folder", help="The folder to write.")
@overwrite_option
def export_folder(folder: Path, *, overwrite: bool) -> None:
    """Write what people said, and the chips, as a folder that align reads."""
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
