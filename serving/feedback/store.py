"""Keep, delete, count and read feedback."""

import contextlib
import logging
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields

from sqlalchemy import Connection, Engine, delete, func, insert, select, text
from sqlalchemy.exc import (
    DBAPIError,
    InternalError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.orm import Session

from serving.feedback.codes import hash_code, new_code
from serving.feedback.database import SQLITE, WAIT_S, WRITES, open_database
from serving.feedback.tables import REVISION, FeedbackRow
from serving.feedback.types import Count, Feedback, Stored, StoreError

UPGRADE = "Run `mien feedback upgrade` (`python -m serving feedback upgrade`) once."
NAME_DIGITS = 32
# Read at once, so that no reader holds up those who delete.
PAGE_ROWS = 200
_RETRY_S = 0.02
_QUOTE_NO_VALUE = (InternalError, OperationalError, ProgrammingError, sqlite3.OperationalError)
_log = logging.getLogger(__name__)


class Store:
    """The feedback in one database. Threads and processes may use it at once."""

    def __init__(self, place: str) -> None:
        """Prepare it; nothing is connected yet.

        Args:
            place: As `database.open_database` takes it.
        """
        self._engine = open_database(place)
        self._is_current = False

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def check(self) -> None:
        """Make sure that the database answers and has the tables of this version.

        Raises:
            StoreError: It does not.
        """
        with self._connect():
            pass

    def keep(self, feedback: Feedback) -> str:
        """Keep feedback, and return the code by which it is deleted.

        When this returns, it is on the disk.

        Raises:
            StoreError: It could not be kept.
        """
        code = new_code()
        row = {**asdict(feedback), "code_hash": hash_code(code)}
        with self._connect(writes=True) as connection:
            connection.execute(insert(FeedbackRow), [row])
        return code

    def delete(self, codes: Iterable[str]) -> int:
        """Delete what was kept under codes, and return how much that was.

        On SQLite no file holds anything of it when this returns. It does that part also where there
        was nothing to delete, so that a deletion that was cut short can be repeated.

        Raises:
            StoreError: It could not be done.
        """
        hashes = {each for each in map(hash_code, codes) if each is not None}
        with self._connect(writes=True) as connection:
            gone = connection.execute(
                delete(FeedbackRow).where(FeedbackRow.code_hash.in_(hashes))
            ).rowcount
        if self._engine.dialect.name == SQLITE:
            with _told():
                _empty_the_log(self._engine)
        return gone

    def counts(self) -> list[Count]:
        """Count by model, prediction and what people said."""
        row = FeedbackRow
        groups = (row.model, row.model_digest, row.predicted, row.said)
        with self._connect() as connection:
            found = connection.execute(select(*groups, func.count()).group_by(*groups))
            return [Count(*each) for each in found]

    def read(self) -> Iterator[Stored]:
        """Read all feedback, in an order that says nothing; what is deleted meanwhile is left out.

        Raises:
            StoreError: It cannot be read.
        """
        last = b""
        while rows := self._read_after(last):
            yield from map(_to_stored, rows)
            last = rows[-1].code_hash

    def _read_after(self, last: bytes) -> list[FeedbackRow]:
        row = FeedbackRow
        page = select(row).where(row.code_hash > last).order_by(row.code_hash).limit(PAGE_ROWS)
        with self._connect() as connection, Session(connection) as session:
            return list(session.scalars(page))

    @contextlib.contextmanager
    def _connect(self, *, writes: bool = False) -> Iterator[Connection]:
        """Begin a transaction in a database that is as this version needs it, and commit it."""
        with _told():
            self._require_current()
            engine = self._engine.execution_options(**{WRITES: writes})
            with engine.begin() as connection:
                yield connection

    def _require_current(self) -> None:
        if self._is_current:
            return
        with self._engine.connect() as connection:
            found = revision_of(connection)
        if found != REVISION:
            raise StoreError(
                f"The database of the feedback is at version {found or 'none'}; this Mien needs "
                f"{REVISION}. {UPGRADE}"
            )
        if self._engine.dialect.name == SQLITE:
            # A process that was killed while it deleted has left what it deleted in the log. If it
            # is held up now, the next deletion empties it.
            with contextlib.suppress(StoreError):
                _empty_the_log(self._engine)
        self._is_current = True


def _to_stored(row: FeedbackRow) -> Stored:
    kept = {field.name: getattr(row, field.name) for field in fields(Feedback)}
    return Stored(row.code_hash.hex()[:NAME_DIGITS], Feedback(**kept))


def revision_of(connection: Connection) -> str | None:
    """Return the last change that was made to a database; None where there was none."""
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _empty_the_log(engine: Engine) -> None:
    """Move SQLite's write-ahead log into its file and cut it to no length.

    It still holds what was written before it was deleted. Other readers and writers delay this for
    a moment.

    Raises:
        StoreError: Others held it up for too long.
    """
    until_s = time.monotonic() + WAIT_S
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        while True:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            ((is_busy, _, _),) = cursor.fetchall()
            if not is_busy:
                return
            if time.monotonic() > until_s:
                raise StoreError(
                    "It is deleted, but the database's log could not be emptied. Delete it again "
                    "in a moment."
                )
            time.sleep(_RETRY_S)
    finally:
        connection.close()


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Say what went wrong with a database in plain words, and log what it was without its values.

    Of a value that is refused a database's own words may quote it, so these are left out.

    Raises:
        StoreError: Something did.
    """
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        words = f": {cause}".partition("\n")[0] if isinstance(error, _QUOTE_NO_VALUE) else ""
        _log.error("the database of the feedback failed: %s%s", type(cause).__name__, words)
        raise StoreError(
            "The database of the feedback cannot be used at the moment. Try again later; the "
            "server's log has the cause. If the database is new or Mien was updated: "
            f"{UPGRADE}"
        ) from None
