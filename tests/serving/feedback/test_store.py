"""The same of a file of SQLite and of a real PostgreSQL, and what is special to each."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from serving.feedback.codes import hash_code, new_code
from serving.feedback.database import open_database
from serving.feedback.store import Store
from serving.feedback.tables import REVISION, Base
from serving.feedback.types import Count, Feedback
from serving.feedback.upgrade import alembic_config, upgrade
from tests.serving.feedback.kept import DIGEST, bytes_below, feedback_of, pieces_of
from tests.tools.postgres import Postgres


@pytest.fixture
def store(place: str) -> Iterator[Store]:
    store = Store(place)
    yield store
    store.close()


@pytest.fixture
def sqlite_store(sqlite_place: str) -> Iterator[Store]:
    store = Store(sqlite_place)
    yield store
    store.close()


def test_what_is_kept_is_read_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.feedback.store.PAGE_ROWS", 10)
    sent = [feedback_of(number) for number in range(23)]
    codes = [store.keep(each) for each in sent]
    read = list(store.read())
    assert sorted(each.feedback.chip for each in read) == sorted(each.chip for each in sent)
    assert {each.feedback.chip: each.feedback for each in read} == {
        each.chip: each for each in sent
    }
    names = {(hash_code(code) or b"").hex()[:32] for code in codes}
    assert {each.name for each in read} == names


def test_nothing_else_is_kept(place: str, store: Store) -> None:
    store.keep(feedback_of(1))
    engine = open_database(place)
    tables = inspect(engine)
    assert set(tables.get_table_names()) == {"feedback", "alembic_version"}
    columns = {column["name"]: str(column["type"]) for column in tables.get_columns("feedback")}
    engine.dispose()
    assert set(columns) == {field.name for field in fields(Feedback)} | {"code_hash"}
    assert columns["day"] == "DATE"
    assert not any("TIME" in kind for kind in columns.values())


def test_a_code_deletes_what_was_kept_under_it_once(store: Store) -> None:
    codes = [store.keep(feedback_of(number)) for number in range(5)]
    assert store.delete([codes[0], codes[1].lower(), new_code(), "no code"]) == 2
    assert store.delete(codes[:2]) == 0
    assert store.delete([]) == 0
    left = {feedback_of(number).chip for number in range(2, 5)}
    assert {each.feedback.chip for each in store.read()} == left


def test_answers_are_counted(store: Store) -> None:
    for number, said in enumerate(["happy", "angry", "happy"]):
        store.keep(feedback_of(number, said=said))
    assert sorted(store.counts(), key=lambda each: each.said) == [
        Count("mien-test", DIGEST, "happy", "angry", 1),
        Count("mien-test", DIGEST, "happy", "happy", 2),
    ]


def test_several_may_write_and_delete_at_once(place: str, store: Store) -> None:
    others = [Store(place) for _ in range(3)]

    def work(worker: int) -> int:
        mine = others[worker]
        codes = [mine.keep(feedback_of(100 * worker + number)) for number in range(15)]
        return sum(mine.delete([code]) for code in codes[:5])

    with ThreadPoolExecutor() as workers:
        assert list(workers.map(work, range(3))) == [5, 5, 5]
    assert sum(each.count for each in store.counts()) == 30
    for other in others:
        other.close()


def test_a_database_is_made_by_the_first_of_several_processes(empty_place: str) -> None:
    with ThreadPoolExecutor() as several:
        done = list(several.map(upgrade, [empty_place] * 4))
    assert sorted(done, key=str) == [(REVISION, REVISION)] * 3 + [(None, REVISION)]
    assert upgrade(empty_place) == (REVISION, REVISION)


def test_the_changes_lead_to_the_tables_that_are_mapped(place: str) -> None:
    engine = open_database(place)
    with engine.connect() as connection:
        heads = ScriptDirectory.from_config(alembic_config(connection)).get_heads()
        difference = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    engine.dispose()
    assert heads == [REVISION]
    assert difference == []


def test_nothing_of_a_deleted_chip_is_left_in_a_file_of_sqlite(
    sqlite_store: Store, tmp_path: Path
) -> None:
    chance = random.Random(0)  # noqa: S311 - nothing secret
    kept: dict[str, Feedback] = {}
    gone: list[tuple[str, Feedback]] = []
    for number in range(120):
        feedback = feedback_of(number)
        kept[sqlite_store.keep(feedback)] = feedback
        if number % 10 == 9:
            codes = chance.sample(sorted(kept), 5)
            assert sqlite_store.delete(codes) == 5
            gone += [(code, kept.pop(code)) for code in codes]
    on_disk = bytes_below(tmp_path)
    # That bytes are looked for in the right way, those that are kept show.
    assert all(piece in on_disk for each in kept.values() for piece in pieces_of(each.chip)[:5])
    assert len(gone) == 60
    for code, feedback in gone:
        assert not any(piece in on_disk for piece in pieces_of(feedback.chip))
        assert (hash_code(code) or b"") not in on_disk


def test_a_kill_in_the_middle_of_a_deletion_leaves_nothing_once_the_store_is_used_again(
    sqlite_place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(sqlite_place)
    code = store.keep(feedback_of(1))
    monkeypatch.setattr("serving.feedback.store._empty_the_log", lambda _: None)
    assert store.delete([code]) == 1
    pieces = pieces_of(feedback_of(1).chip)
    assert any(piece in bytes_below(tmp_path) for piece in pieces)
    monkeypatch.undo()
    with closing(Store(sqlite_place)) as again:
        again.check()
        assert not any(piece in bytes_below(tmp_path) for piece in pieces)
    store.close()


def test_no_code_is_in_a_file(sqlite_store: Store, tmp_path: Path) -> None:
    code = sqlite_store.keep(feedback_of(1))
    on_disk = bytes_below(tmp_path)
    assert all(text.encode() not in on_disk for text in (code, code.replace("-", "")))


def test_a_reader_does_not_keep_what_is_deleted(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.feedback.store.PAGE_ROWS", 5)
    codes = [sqlite_store.keep(feedback_of(number)) for number in range(20)]
    reader = sqlite_store.read()
    next(reader)
    assert sqlite_store.delete(codes) == len(codes)
    on_disk = bytes_below(tmp_path)
    assert not any(pieces_of(feedback_of(number).chip)[3] in on_disk for number in range(20))
    assert len(list(reader)) == 4


def test_sqlite_writes_through_and_only_its_owner_reads_it(sqlite_place: str) -> None:
    engine = open_database(sqlite_place)
    with engine.connect() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "secure_delete")
        ]
    engine.dispose()
    assert found == ["wal", 2, 1]
    assert {path.stat().st_mode & 0o777 for path in Path(sqlite_place).parent.iterdir()} == {0o600}


def test_postgresql_answers_when_its_log_is_on_the_disk(postgres: Postgres) -> None:
    engine = open_database(f"{postgres.place}&options=-csynchronous_commit%3Doff")
    show = "SHOW synchronous_commit"
    with engine.begin() as connection:
        assert connection.exec_driver_sql(show).scalar() == "off"
    with engine.execution_options(mien_writes=True).begin() as connection:
        assert connection.exec_driver_sql(show).scalar() == "on"
    engine.dispose()


def test_postgresql_frees_what_was_deleted_when_it_is_told_to(postgres: Postgres) -> None:
    upgrade(postgres.empty())
    store = Store(postgres.place)
    codes = [store.keep(feedback_of(number)) for number in range(20)]
    tables = postgres.folder / "data" / "base"
    postgres.run("CHECKPOINT")
    assert pieces_of(feedback_of(7).chip)[3] in bytes_below(tables)
    assert store.delete(codes[5:10]) == 5
    store.close()
    postgres.run("VACUUM FULL feedback")
    postgres.run("CHECKPOINT")
    on_disk = bytes_below(tables)
    for number in range(5, 10):
        assert not any(piece in on_disk for piece in pieces_of(feedback_of(number).chip)[::4])
