"""Which of the clients that threads wait for give way."""

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from serving.web import client_watch
from serving.web.client_watch import DECENT_BYTES_PER_S, LEAST_S, ClientWatch


@dataclass(eq=False)
class Client:
    """A client for which a thread has waited for some seconds."""

    age_s: float
    moved_bytes: int
    held_bytes: int = 0
    holds_batch: bool = True

    def __post_init__(self) -> None:
        self.begun_s = time.monotonic() - self.age_s


def leaving(clients: Sequence[Client], *, is_wanted: bool) -> list[int]:
    """Ask each client in turn; return which are to go, where a batch was rejected or not."""
    some = ClientWatch()
    with contextlib.ExitStack() as stack:
        for client in clients:
            stack.enter_context(some.awaiting(client))
        if is_wanted:
            some.want_batch()
        return [index for index, client in enumerate(clients) if some.is_to_go(client)]


def test_of_equally_slow_clients_the_one_goes_that_asks_first() -> None:
    # Who asks has just taken something, the others are about to.
    clients = [Client(10, 9_000), Client(10, 8_000), Client(10, 8_000), Client(10, 40_000)]
    assert leaving(clients, is_wanted=True) == [0]
    assert leaving(clients[::-1], is_wanted=True) == [1]


def test_nobody_goes_before_the_least_time_is_over() -> None:
    assert leaving([Client(LEAST_S - 1, 0)], is_wanted=True) == []


def test_who_is_quick_enough_stays() -> None:
    assert leaving([Client(10, 11 * DECENT_BYTES_PER_S)], is_wanted=True) == []


@pytest.mark.parametrize(("is_wanted", "expected"), [(True, [1]), (False, [])])
def test_for_a_batch_that_was_rejected_the_slowest_of_those_that_hold_one_goes(
    expected: list[int], *, is_wanted: bool
) -> None:
    clients = [
        Client(10, 9_000),
        Client(10, 4_000),
        Client(10, 3_000, holds_batch=False),
        Client(LEAST_S - 1, 0),
    ]
    assert leaving(clients, is_wanted=is_wanted) == expected


def test_a_quick_beginning_earns_no_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    # As of one whose system takes megabytes of an answer of which it reads nothing.
    client, some = Client(0, 9_000_000), ClientWatch()
    monkeypatch.setattr(client_watch, "BATCH_WANTED_S", 60.0)
    some.want_batch()
    seconds = (client.begun_s + step / 4 for step in range(4 * 30))
    monkeypatch.setattr(time, "monotonic", lambda: next(seconds))
    with some.awaiting(client):
        while not some.is_to_go(client):
            pass


def test_a_steady_client_is_as_quick_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    client, some = Client(0, 0), ClientWatch()
    monkeypatch.setattr(client_watch, "BATCH_WANTED_S", 600.0)
    some.want_batch()
    seconds = [client.begun_s + step / 4 for step in range(4 * 200)]
    with some.awaiting(client):
        for now_s in seconds:
            client.moved_bytes += DECENT_BYTES_PER_S * 11 // 40
            monkeypatch.setattr(time, "monotonic", lambda now_s=now_s: now_s)
            assert not some.is_to_go(client)


def test_a_client_that_left_is_not_counted() -> None:
    some, slowest, slow = ClientWatch(), Client(9, 0), Client(9, 9)
    with some.awaiting(slow):
        some.want_batch()
        with some.awaiting(slowest):
            assert not some.is_to_go(slow)
        assert some.is_to_go(slow)


def test_the_slowest_goes_where_lines_take_too_much_memory() -> None:
    taker, slow_taker = Client(9, 500, 60_000_000), Client(9, 9, 60_000_000)
    assert leaving([taker], is_wanted=False) == []
    assert leaving([taker, slow_taker], is_wanted=False) == [1]
