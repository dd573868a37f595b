"""A real PostgreSQL in a temporary folder; it listens on a socket in it and nowhere else."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

INSTALLED = Path("/usr/lib/postgresql")
OWNER = "mien"
# PostgreSQL refuses to run as root; Debian's package brings this user.
UNPRIVILEGED = "postgres"
START_S = "60"


@dataclass(frozen=True)
class Postgres:
    """A running server.

    Attributes:
        folder: Of its socket, and in `data` of all its files.
    """

    folder: Path

    @property
    def place(self) -> str:
        """The address of its one database, as a setting takes it."""
        return f"postgresql://{OWNER}@/postgres?host={self.folder}"

    def run(self, statement: str) -> None:
        """Run a statement outside a transaction."""
        with psycopg.connect(self.place, autocommit=True) as connection:
            connection.execute(statement.encode())

    def empty(self) -> str:
        """Drop all tables; return the address."""
        self.run("DROP SCHEMA public CASCADE")
        self.run("CREATE SCHEMA public")
        return self.place


def find_postgres() -> Path | None:
    """Return the folder of the newest programs that are installed; None without any."""
    found = INSTALLED.glob("*/bin/initdb")
    return max((path.parent for path in found), key=lambda path: path.parts[-2], default=None)


@contextmanager
def running_postgres(programs: Path) -> Iterator[Postgres]:
    """Start a server, and stop it in the end.

    Its commits need not survive a failure of the machine: that is PostgreSQL's own affair.
    """
    as_root = os.geteuid() == 0
    prefix = ["runuser", "-u", UNPRIVILEGED, "--"] if as_root else []
    folder = Path(tempfile.mkdtemp(prefix="mien-postgres-"))
    if as_root:
        shutil.chown(folder, UNPRIVILEGED)
    data = folder / "data"

    def run(program: str, *arguments: str) -> None:
        command = [*prefix, str(programs / program), "-D", str(data), *arguments]
        subprocess.run(command, cwd="/", check=True, stdout=subprocess.DEVNULL)

    options = f"-k {folder} -c listen_addresses= -c fsync=off -c shared_buffers=16MB"
    try:
        run("initdb", "-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        run("pg_ctl", "start", "-w", "-t", START_S, "-l", str(folder / "log"), "-o", options)
        try:
            yield Postgres(folder)
        finally:
            run("pg_ctl", "stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder)
