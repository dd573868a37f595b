"""What is said where a database cannot be used, and what is logged of it."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from serving.feedback.database import open_database
from serving.feedback.store import Store
from serving.feedback.types import StoreError
from serving.feedback.upgrade import upgrade
from tests.serving.feedback.kept import feedback_of


def test_a_database_that_was_not_upgraded_is_told_so(empty_place: str) -> None:
    if "://" not in empty_place:
        sqlite3.connect(empty_place).close()
    with (
        closing(Store(empty_place)) as store,
        pytest.raises(StoreError, match="mien feedback upgrade"),
    ):
        store.keep(feedback_of(1))


def test_a_database_of_another_version_is_left_alone(place: str) -> None:
    engine = open_database(place)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    with closing(Store(place)) as store, pytest.raises(StoreError, match="is at version 9999"):
        store.keep(feedback_of(1))


@pytest.mark.parametrize(
    ("place", "cause"),
    [
        ("/nowhere/feedback.db", "unable to open database file"),
        ("postgresql://u:secret@/n?host=/nowhere", "No such file or directory"),
        ("postgresql://u:secret@/n?host=/nowhere&sslmode=yes", 'invalid sslmode value: "yes"'),
    ],
)
def test_a_database_that_is_not_there_is_told_without_a_secret(
    place: str, cause: str, caplog: pytest.LogCaptureFixture
) -> None:
    for work in (Store(place).check, lambda: upgrade(place)):
        with pytest.raises(StoreError) as caught:
            work()
        assert "secret" not in str(caught.value)
        assert not Path("/nowhere").exists()
    assert cause in caplog.text
    assert "secret" not in caplog.text


def test_what_a_database_says_of_a_value_is_not_logged(
    place: str, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(Store(place)) as store, pytest.raises(StoreError):
        store.keep(replace(feedback_of(1), said=None))  # type: ignore[arg-type]
    assert "failed: " in caplog.text
    assert "said" not in caplog.text
