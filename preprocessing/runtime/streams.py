"""Standard streams that were closed by what started this process, such as a timer or a service."""

import os
import sys

_STANDARD = 3  # input, output and errors


def open_closed_streams() -> None:
    """Open what is closed of the standard streams, with nothing behind it.

    Otherwise the next file or socket would get its number, and what a library says would go there.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) < _STANDARD:
        os.set_inheritable(number, True)  # noqa: FBT003 - its only way
    os.close(number)


def replace_missing_streams() -> None:
    """Let a program write to streams that were closed when Python started."""
    open_closed_streams()
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
