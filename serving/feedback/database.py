"""Open the database of the feedback: a file of SQLite, or a PostgreSQL server."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection

# How long to wait for another process that writes, and for a server, in seconds.
WAIT_S = 10
SQLITE = "sqlite"
WRITES = "mien_writes"
_SCHEME = "://"


def open_database(place: str) -> Engine:
    """Prepare connections to a database; none is made yet.

    A commit is on the disk when it returns, also where the process or the machine ends at once
    afterwards: SQLite writes through (`synchronous=FULL`), PostgreSQL waits for its log. What is
    deleted from SQLite is overwritten with zeros (`secure_delete`).

    Args:
        place: The path of a file, `sqlite:///PATH`, or `postgresql://USER:PASSWORD@HOST/NAME`.
    """
    url = database_url(place)
    if url.get_backend_name() == SQLITE:
        engine = create_engine(url, connect_args={"timeout": WAIT_S, "check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = create_engine(
        url, pool_pre_ping=True, pool_timeout=WAIT_S, connect_args={"connect_timeout": WAIT_S}
    )
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def database_url(place: str) -> URL:
    """Return the address that SQLAlchemy takes for a place that was set.

    A file of SQLite is never made by connecting to it, so that a wrong path is an error.
    """
    path = sqlite_path(place)
    if path is not None:
        return URL.create(SQLITE, database=path.as_uri(), query={"mode": "rw", "uri": "true"})
    return make_url(place).set(drivername="postgresql+psycopg")


def sqlite_path(place: str) -> Path | None:
    """Return the absolute path of a file of SQLite; None where the place is a server."""
    if _SCHEME in place and not place.startswith(f"{SQLITE}{_SCHEME}"):
        return None
    return Path(place.removeprefix(f"{SQLITE}{_SCHEME}/")).absolute()


def _prepare_sqlite(connection: DBAPIConnection, _record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        raise TypeError(f"a connection of sqlite3 is expected, not {type(connection).__name__}")
    # Transactions begin where `_begin_sqlite` says so.
    connection.isolation_level = None
    for setting in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {setting}").close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that will write waits for others here; later it could only fail.
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get(WRITES, False):
        # A server may be set to answer before its log is on the disk.
        connection.exec_driver_sql("SET LOCAL synchronous_commit TO on")
