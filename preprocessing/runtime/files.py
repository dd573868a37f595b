"""Write files so that nobody ever sees them half written."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Lend a path to write to; what was written replaces `path` when the block ends.

    The lent file lies in the same folder and has the same suffix, by which some libraries choose
    the format. Where the block fails the file is removed, and `path` stays as it was. A process
    that is killed leaves the file behind; the next one to write `path` overwrites it.

    A file that is replaced passes its permissions on, and a link goes on leading to it. What is no
    file, such as `/dev/stdout`, is lent itself.

    Args:
        path: The file to write or to replace.

    Yields:
        Its name with `partial-` before it.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    path = path.resolve()
    unfinished = path.with_name(f"partial-{path.name}")
    try:
        yield unfinished
        if path.exists():
            shutil.copymode(path, unfinished)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def write_whole(path: Path, text: str) -> None:
    """Write a text file, in UTF-8 and with line feeds on every system."""
    with replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
