"""Write files so that nobody ever sees them half written; read them; say what is not there."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_ADDRESSES = ("http:", "https:", "ftp:", "file:")
_BEFORE = "partial-"
# Longest name of a file that every system takes.
_MOST_BYTES = 255
_PIECE_BYTES = 1_000_000


def what_is_missing(path: Path) -> str:
    """Say, in a sentence or two, that there is nothing at a path that was typed."""
    if str(path).lower().startswith(_ADDRESSES):
        # As a path it has lost a slash.
        address = re.sub(":/+", "://", str(path), count=1)
        return (
            f"{address} is an address, not a file or folder here. Download it, and name the file."
        )
    if str(path) == "-":
        return "Standard input is not read. Name a file."
    return f"{path} does not exist. Check its name."


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
        Its name with `partial-` before it, or in place of its first letters where it is long.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    path = path.resolve()
    is_long = len(os.fsencode(_BEFORE + path.name)) > _MOST_BYTES
    unfinished = path.with_name(_BEFORE + path.name[len(_BEFORE) if is_long else 0 :])
    try:
        yield unfinished
        if path.exists():
            shutil.copymode(path, unfinished)
        unfinished.replace(path)
    except BaseException as error:
        unfinished.unlink(missing_ok=True)
        # That of a full disk has no name, and that of the lent file nobody has typed.
        if isinstance(error, OSError) and error.filename in (None, str(unfinished)):
            error.filename = str(path)
        raise


def read_at_most(file: IO[bytes], most_bytes: int) -> bytes:
    """Return the first bytes of an open file, `most_bytes` or fewer.

    It is read in pieces: a single call would take memory for all that may come.
    """
    pieces = []
    while most_bytes > 0 and (piece := file.read(min(most_bytes, _PIECE_BYTES))):
        pieces.append(piece)
        most_bytes -= len(piece)
    return b"".join(pieces)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file; text in UTF-8 and with line feeds on every system."""
    with replacing(path) as unfinished:
        if isinstance(content, bytes):
            unfinished.write_bytes(content)
        else:
            unfinished.write_text(content, encoding="utf-8", newline="\n")
