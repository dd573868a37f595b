"""Worker processes start fresh, set up, and told how to hand out memory."""

import os

import pytest

from preprocessing.workers import ALLOCATION, worker_pool

_greeting = ""


def greet(name: str) -> None:
    global _greeting  # noqa: PLW0603 - as the pools of the product do it
    _greeting = f"hello {name}"


def greeting() -> str:
    return _greeting


@pytest.mark.parametrize("users", [None, "glibc.malloc.check=1"])
def test_workers_are_set_up_and_told_how_to_hand_out_memory_unless_the_user_does(
    monkeypatch: pytest.MonkeyPatch, users: str | None
) -> None:
    name, value = ALLOCATION
    monkeypatch.setenv(name, users or "")
    if users is None:
        monkeypatch.delenv(name)
    with worker_pool(1, greet, ("you",)) as pool:
        assert pool.submit(os.getenv, name).result() == (users or value)
        assert pool.submit(greeting).result() == "hello you"
