"""Worker processes start fresh, set up, and with large pages."""

import os

import pytest

from preprocessing.workers import LARGE_PAGES, worker_pool

_greeting = ""


def greet(name: str) -> None:
    global _greeting  # noqa: PLW0603 - as the pools of the product do it
    _greeting = f"hello {name}"


def greeting() -> str:
    return _greeting


@pytest.mark.parametrize("users", [None, "glibc.malloc.check=1"])
def test_workers_are_set_up_and_have_large_pages_unless_the_user_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, users: str | None
) -> None:
    name, value = LARGE_PAGES
    monkeypatch.setenv(name, users or "")
    if users is None:
        monkeypatch.delenv(name)
    with worker_pool(1, greet, ("you",)) as pool:
        assert pool.submit(os.getenv, name).result() == (users or value)
        assert pool.submit(greeting).result() == "hello you"
