"""Open a file that no other process may write at the same time."""

import os
import sys
from pathlib import Path
from typing import BinaryIO

from preprocessing.errors import MienError

if sys.platform == "win32":
    import msvcrt

    # Windows forbids reading what is locked, so a byte far behind the end of the file is.
    _LOCKED_BYTE = 1 << 40

    def _lock(file: BinaryIO) -> None:
        file.seek(_LOCKED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def open_alone(path: Path) -> BinaryIO:
    """Open a file for reading and for appending; where there is none, make it.

    The system gives the file free when it is closed, and when the process ends in any way.

    Raises:
        MienError: Another process has opened it with this function.
    """
    while True:
        file = path.open("a+b")
        try:
            _lock(file)
            # The process that held the lock may have deleted it since it was opened.
            if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except (BlockingIOError, PermissionError):
            file.close()
            raise MienError(
                f"Another run is writing {path}. Wait until it has ended, or give the output "
                "another name."
            ) from None
        file.close()
