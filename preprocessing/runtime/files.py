"""Write files so that nobody ever sees them half written; read them; say what is not there."""

import errno
import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO

_ADDRESSES = ("http:", "https:", "ftp:", "file:")
# No other file is named so.
_BEFORE = "mien-partial-"
# Longest name of a file that every system takes.
MOST_NAME_BYTES = 255
_PIECE_BYTES = 1_000_000
_NO_ROOM = {errno.ENOSPC, errno.EFBIG}


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

    A file that is replaced passes its permissions on, and its owner and group where that is
    allowed, and a link goes on leading to it. What is no file, such as `/dev/null`, is lent itself,
    and so is a file in a folder that may not be written to. Where the system refuses to replace a
    file, as one that is mounted alone into a container, what was written is copied into it.

    Args:
        path: The file to write or to replace.

    Yields:
        Its name with `mien-partial-` before it, or in place of its first letters where it is long.
    """
    may_be_replaced = path.is_file() and os.access(path.resolve().parent, os.W_OK)
    if path.exists() and not may_be_replaced:
        yield path
        return
    path = path.resolve()
    is_long = len(os.fsencode(_BEFORE + path.name)) > MOST_NAME_BYTES
    unfinished = path.with_name(_BEFORE + path.name[len(_BEFORE) if is_long else 0 :])
    try:
        with naming(path, unfinished):
            yield unfinished
            if path.exists():
                _pass_rights_on(path, unfinished)
            _move(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


@contextmanager
def naming(path: Path, unfinished: Path) -> Iterator[None]:
    """Give an error of the system the path that was typed.

    That of a full disk has no name, and that of a lent file or folder nobody has typed.
    """
    try:
        yield
    except OSError as error:
        is_nameless = not error.filename and error.errno in _NO_ROOM
        if is_nameless or Path(str(error.filename)).is_relative_to(unfinished):
            error.filename = str(path)
        raise


def _pass_rights_on(path: Path, unfinished: Path) -> None:
    """Let a file that is to replace another be as private, and of the same people if it may."""
    if os.name == "posix":
        before = path.stat()
        for owner, group in ((-1, before.st_gid), (before.st_uid, -1)):
            with suppress(PermissionError):
                os.chown(unfinished, owner, group)
    shutil.copymode(path, unfinished)


def _move(unfinished: Path, path: Path) -> None:
    try:
        unfinished.replace(path)
    except OSError:
        if not path.is_file():
            raise
        shutil.copyfile(unfinished, path)
        unfinished.unlink()


@contextmanager
def open_to_read(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading the bytes that are there; more are waited for of a pipe only.

    To the system /proc/kmsg is a file like others, but who reads it to its end waits for ever.

    Raises:
        OSError: It cannot be opened.
    """
    with path.open("rb") as file:
        # Not before it is open: a file that a file server has lent to a client would be refused.
        if os.name == "posix" and stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            os.set_blocking(file.fileno(), False)
        yield file


def read_at_most(file: IO[bytes], most_bytes: int) -> bytes:
    """Return the first bytes of an open file, `most_bytes` or fewer.

    It is read in pieces: a single call would take memory for all that may come. What has no more
    bytes now, as `open_to_read` opens it, gives None.
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
