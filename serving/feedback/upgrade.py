"""Bring a database to the version that this Mien needs, with Alembic."""

import os
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from serving.feedback.database import SQLITE, WRITES, open_database, sqlite_path
from serving.feedback.store import revision_of
from serving.feedback.types import StoreError

MIGRATIONS = Path(__file__).parent / "migrations"
# Number of PostgreSQL's advisory lock: the letters "mien".
_LOCK = 0x6D69656E
_OWNER_ONLY = 0o600


def upgrade(place: str) -> tuple[str | None, str | None]:
    """Make what changes are still to be made; those who run this at once wait for each other.

    All are made or none. A file of SQLite is made where there is none, readable to its owner only.

    Args:
        place: As `database.open_database` takes it.

    Returns:
        The version before, None for a new database, and the version now.

    Raises:
        StoreError: The database cannot be reached or changed.
    """
    path = sqlite_path(place)
    try:
        if path is not None:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, _OWNER_ONLY))
        engine = open_database(place)
        with engine.execution_options(**{WRITES: True}).begin() as connection:
            _lock(connection)
            before = revision_of(connection)
            command.upgrade(alembic_config(connection), "head")
            after = revision_of(connection)
        engine.dispose()
    except (SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        raise StoreError(
            f"The database of the feedback cannot be upgraded: {str(cause).strip()}. Check "
            "MIEN_FEEDBACK_DATABASE, and that this user may write there."
        ) from None
    return before, after


def alembic_config(connection: Connection) -> Config:
    """Return what Alembic needs to know; it works within the connection's transaction."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _lock(connection: Connection) -> None:
    # On SQLite the transaction itself is the lock.
    if connection.dialect.name != SQLITE:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
