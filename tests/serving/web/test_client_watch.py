"""Which of the clients that threads wait for give way once others wait for a thread."""

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
    peer: str = ""
    holds_batch: bool = False

    def __post_init__(self) -> None:
        self.begun_s = time.monotonic() - self.age_s


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_watch, "PATIENCE_S", 0.0)


def leaving(
    clients: Sequence[Client], *, waiting: int, peer: str = "", threads: int = 4
) -> list[int]:
    """Ask each client in turn; return which are to go, where so many requests wait."""
    some = ClientWatch(threads=threads)
    for connection in range(waiting):
        some.wait(connection, peer=peer)
    with contextlib.ExitStack() as stack:
        for client in clients:
            stack.enter_context(some.awaiting(client))
        return [index for index, client in enumerate(clients) if some.is_to_go(client)]


def slow_clients() -> list[Client]:
    """Return four that have begun just as long ago as they say."""
    return [Client(20, 400), Client(10, 10), Client(10, 9 * DECENT_BYTES_PER_S), Client(5, 0)]


@pytest.mark.parametrize(
    ("waiting", "expected"), [(0, []), (1, [3]), (2, [1, 3]), (9, [0, 1, 2, 3])]
)
def test_for_each_request_that_waits_the_slowest_client_goes(
    waiting: int, expected: list[int]
) -> None:
    assert leaving(slow_clients(), waiting=waiting) == expected


def test_of_equally_slow_clients_the_one_goes_that_asks_first() -> None:
    # Who asks has just sent something, the others are about to.
    clients = [Client(10, 9_000), Client(10, 8_000), Client(10, 8_000), Client(10, 40_000)]
    assert leaving(clients, waiting=1) == [0]
    assert leaving(clients[::-1], waiting=1) == [1]


def test_nobody_goes_before_the_least_time_is_over() -> None:
    assert leaving([Client(LEAST_S - 1, 0)], waiting=1) == []


def test_who_is_quick_enough_keeps_its_thread() -> None:
    assert leaving([Client(10, 11 * DECENT_BYTES_PER_S)], waiting=1) == []


def test_nobody_goes_for_a_request_that_has_just_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_watch, "PATIENCE_S", 60.0)
    assert leaving(slow_clients(), waiting=5) == []


@pytest.mark.parametrize(("is_wanted", "expected"), [(True, [1]), (False, [])])
def test_for_a_batch_that_was_rejected_the_slowest_of_those_that_hold_one_goes(
    expected: list[int], *, is_wanted: bool
) -> None:
    some = ClientWatch(threads=4)
    clients = [
        Client(10, 9_000, holds_batch=True),
        Client(10, 4_000, holds_batch=True),
        Client(10, 3_000),
        Client(LEAST_S - 1, 0, holds_batch=True),
    ]
    if is_wanted:
        some.want_batch()
    with contextlib.ExitStack() as stack:
        for client in clients:
            stack.enter_context(some.awaiting(client))
        assert [at for at, client in enumerate(clients) if some.is_to_go(client)] == expected


def test_a_quick_batch_goes_for_no_other() -> None:
    quick, some = Client(10, 11 * DECENT_BYTES_PER_S, holds_batch=True), ClientWatch(threads=4)
    some.want_batch()
    with some.awaiting(quick):
        assert not some.is_to_go(quick)


def test_a_quick_beginning_earns_no_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    # As of one that sends nearly all of a picture and then nothing, or whose system takes megabytes
    # of an answer of which it reads nothing.
    client, some = Client(0, 9_000_000), ClientWatch()
    some.wait("request")
    seconds = (client.begun_s + step / 4 for step in range(4 * 30))
    monkeypatch.setattr(time, "monotonic", lambda: next(seconds))
    with some.awaiting(client):
        while not some.is_to_go(client):
            pass


def test_a_steady_client_is_as_quick_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    client, some = Client(0, 0), ClientWatch()
    some.wait("request")
    seconds = [client.begun_s + step / 4 for step in range(4 * 200)]
    with some.awaiting(client):
        for now_s in seconds:
            client.moved_bytes += DECENT_BYTES_PER_S * 11 // 40
            monkeypatch.setattr(time, "monotonic", lambda now_s=now_s: now_s)
            assert not some.is_to_go(client)


def test_a_request_with_a_thread_waits_no_more_and_a_client_that_left_is_not_counted() -> None:
    some, slowest, slow = ClientWatch(), Client(9, 0), Client(9, 9)
    before_s = time.monotonic()
    some.wait("request")
    with some.awaiting(slow):
        with some.awaiting(slowest):
            pass
        assert before_s <= some.served("request") <= time.monotonic()
        assert not some.is_to_go(slow)
        some.wait("another")
        assert some.is_to_go(slow)


def test_of_those_who_take_answers_the_slowest_goes_where_they_hold_too_much() -> None:
    sender, taker, slow_taker = Client(9, 0), Client(9, 500, 60_000_000), Client(9, 9, 60_000_000)
    assert leaving([sender, taker], waiting=0) == []
    assert leaving([sender, taker, slow_taker], waiting=0) == [2]


@pytest.mark.parametrize(
    ("peers", "waiting_peer", "expected"),
    [
        ("aaab", "c", [1]),
        ("aaab", "a", []),  # it has its share
        ("aabb", "c", []),
        (["", "", "", "b"], "c", []),  # behind a proxy
    ],
)
def test_who_has_most_threads_alone_gives_way_to_others_though_it_is_quick(
    peers: Sequence[str], waiting_peer: str, expected: list[int]
) -> None:
    clients = [
        Client(10, (20 if number == 1 else 40 + number) * DECENT_BYTES_PER_S, peer=peer)
        for number, peer in enumerate(peers)
    ]
    assert leaving(clients, waiting=1, peer=waiting_peer) == expected


def test_a_quick_client_keeps_its_thread_where_the_others_wait_for_no_client() -> None:
    quick = Client(10, 20 * DECENT_BYTES_PER_S, peer="a")
    assert leaving([quick], waiting=1, peer="b", threads=4) == []
