"""The folder through which the workers of a server share their metrics."""

import atexit
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

PREFIX = "mien-metrics-"
_LOCK = "lock"


def make_metrics_folder(parent: Path | None) -> Path:
    """Make a folder that is removed when this process ends.

    Folders of processes that were killed are removed first.

    Args:
        parent: Where to; by default where temporary files are.
    """
    parent = parent or Path(tempfile.gettempdir())
    for folder in parent.glob(f"{PREFIX}*"):
        _remove_if_abandoned(folder)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    # Held until this process and its workers have ended: the descriptor is never closed.
    descriptor = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # a worker inherits what its parent does at its end
        shutil.rmtree(folder, ignore_errors=True)


def _remove_if_abandoned(folder: Path) -> None:
    """Remove a folder whose lock nobody holds; one without a lock, or of another user, stays."""
    try:
        descriptor = os.open(folder / _LOCK, os.O_RDWR)
    except OSError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return
    else:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(descriptor)
