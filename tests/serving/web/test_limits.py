from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from threading import Event
from time import monotonic, sleep
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.web.app import create_app
from serving.web.capacity import Capacity
from serving.web.problems import BusyError, TimeLimitError, TooManyRequestsError
from serving.web.queue import TaskQueue
from serving.web.rate_limit import WINDOW_S, RateLimiter
from serving.web.settings import Settings
from serving.web.slots import SUSPECT_CAPACITY, most_taken
from tests.tools.server_process import wait_until

PREDICT = "/api/v1/predict"
T = TypeVar("T")


def run(queue: TaskQueue, task: Callable[[], T]) -> T:
    """Run a task in a slot of its own."""
    with queue.slot():
        return queue.run(task, until_s=queue.until_s())


@given(
    limit=st.integers(1, 20),
    pauses_s=st.lists(st.floats(0, 30), max_size=100),
)
def test_in_no_minute_are_more_than_twice_the_limit_granted(
    limit: int, pauses_s: list[float]
) -> None:
    limiter, now_s, granted_s = RateLimiter(limit), 0.0, []
    for pause_s in pauses_s:
        now_s += pause_s
        try:
            limiter.check("somebody", now_s=now_s)
        except TooManyRequestsError as error:
            # Who waits as long as told is granted again.
            now_s += error.retry_after_s
            limiter.check("somebody", now_s=now_s)
        granted_s.append(now_s)
    for first in granted_s:
        assert sum(first <= each < first + WINDOW_S for each in granted_s) <= 2 * limit


def test_addresses_are_limited_apart_and_zero_grants_all() -> None:
    limiter = RateLimiter(1)
    limiter.check("one", now_s=0)
    limiter.check("another", now_s=0)
    with pytest.raises(TooManyRequestsError, match="60 seconds"):
        limiter.check("one", now_s=0)
    unlimited = RateLimiter(0)
    for _ in range(1000):
        unlimited.check("one", now_s=0)


def test_of_ipv6_a_whole_network_counts_as_one_address() -> None:
    limiter = RateLimiter(1)
    limiter.check("2001:db8::1", now_s=0)
    with pytest.raises(TooManyRequestsError):
        limiter.check("2001:db8::ffff:2", now_s=0)
    limiter.check("2001:db8:0:1::1", now_s=0)
    limiter.check("::ffff:192.0.2.1", now_s=0)
    limiter.check("::ffff:192.0.2.2", now_s=0)
    with pytest.raises(TooManyRequestsError):
        limiter.check("192.0.2.1", now_s=0)


def test_of_very_many_addresses_only_the_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.web.client_address.KEPT_ADDRESSES", 3)
    limiter = RateLimiter(1)
    for address in ("one", "two", "three", "four"):
        limiter.check(address, now_s=0)
    limiter.check("one", now_s=0)  # which was forgotten, as then is "two"
    for address in ("three", "four", "one"):
        with pytest.raises(TooManyRequestsError):
            limiter.check(address, now_s=0)
    limiter.charge("five", 1, now_s=0)
    limiter.check("three", now_s=0)


def test_what_came_with_a_picture_is_paid_off_later() -> None:
    limiter = RateLimiter(6)
    limiter.check("one", now_s=0)
    limiter.charge("one", 11, now_s=0)
    # Twelve take two minutes, of which one is granted in advance; then another is granted.
    with pytest.raises(TooManyRequestsError, match="70 seconds"):
        limiter.check("one", now_s=0)
    limiter.check("one", now_s=70)
    limiter.check("another", now_s=0)


def test_the_address_is_the_one_that_the_trusted_proxy_saw() -> None:
    client = create_app(Settings(pictures_per_minute=1, trusted_proxies=1)).test_client()

    def send(forwarded: str) -> int:
        return client.post(
            PREDICT, data=b"none", headers={"X-Forwarded-For": forwarded}
        ).status_code

    assert send("203.0.113.1") == 415
    assert send("203.0.113.2") == 415
    # What the client itself claims changes nothing.
    refused = client.post(
        PREDICT, data=b"none", headers={"X-Forwarded-For": "198.51.100.7, 203.0.113.1"}
    )
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_requests")
    assert 0 < int(refused.headers["Retry-After"]) <= WINDOW_S
    assert client.get("/livez").status_code == 200


class HeldTask:
    """A task that takes until it is let go."""

    def __init__(self) -> None:
        self.started, self.let_go = Event(), Event()

    def __call__(self) -> bool:
        self.started.set()
        return self.let_go.wait()


def test_the_queue_gives_up_what_waits_too_long_and_knows_what_is_stuck() -> None:
    queue, task = TaskQueue(capacity=2, time_limit_s=0.2), HeldTask()
    with ThreadPoolExecutor() as clients:
        stuck = clients.submit(run, queue, task)
        task.started.wait()
        waiting = clients.submit(run, queue, task)
        for late in (stuck, waiting):
            with pytest.raises(TimeLimitError):
                late.result()
        wait_until(lambda: queue.is_stuck)
        task.let_go.set()
    wait_until(lambda: not queue.is_stuck)


def test_who_waited_too_long_does_not_make_the_task_before_stuck() -> None:
    queue, task = TaskQueue(capacity=2, time_limit_s=0.05), HeldTask()
    with ThreadPoolExecutor() as clients:
        before = clients.submit(queue.run, task, until_s=monotonic() + 60)
        task.started.wait()
        with pytest.raises(TimeLimitError):
            queue.run(task, until_s=monotonic())
        sleep(0.2)
        assert not queue.is_stuck
        task.let_go.set()
        assert before.result()


def test_the_queue_takes_so_many_and_no_more() -> None:
    queue, task = TaskQueue(capacity=1, time_limit_s=20), HeldTask()
    with ThreadPoolExecutor() as clients:
        accepted = clients.submit(run, queue, task)
        task.started.wait()
        with pytest.raises(BusyError):
            run(queue, task)
        assert queue.fraction_taken == 1
        task.let_go.set()
        assert accepted.result()
    assert queue.fraction_taken == 0
    assert run(queue, lambda: "free again")


def test_the_queue_returns_and_raises_what_its_tasks_do() -> None:
    queue = TaskQueue(capacity=1, time_limit_s=20)
    assert run(queue, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        run(queue, lambda: 1 // 0)
    assert not queue.is_stuck


def test_one_address_cannot_take_the_places_of_others() -> None:
    queue = TaskQueue(capacity=3, time_limit_s=20)
    with ExitStack() as held:
        for _ in range(3):
            held.enter_context(queue.slot("one"))
        with pytest.raises(BusyError), queue.slot("one"):
            pass
        for another in ("two", "three"):
            held.enter_context(queue.slot(another))
        for late in ("one", "two", "four"):
            with pytest.raises(BusyError), queue.slot(late):
                pass
    with ExitStack() as held:
        for each in ("one", "two", "three"):
            held.enter_context(queue.slot(each))
        with pytest.raises(BusyError), queue.slot("four"):
            pass


@pytest.mark.parametrize(("capacity", "addresses"), [(1, 1), (1, 4), (2, 2), (3, 12), (5, 7)])
def test_more_than_are_said_to_be_taken_at_most_never_are(capacity: int, addresses: int) -> None:
    slots, taken = Capacity(capacity, addresses=addresses), 0
    with ExitStack() as held:
        # One address takes all that it can, then another, at last those under suspicion.
        for address, is_suspect in [
            *[(str(each), False) for each in range(addresses + 1) for _ in range(capacity + 1)],
            *[("bad", True)] * (SUSPECT_CAPACITY + 1),
        ]:
            with suppress(BusyError):
                held.enter_context(slots.take(address, is_suspect=is_suspect))
                taken += 1
    assert taken == most_taken(capacity, addresses=addresses)


@pytest.mark.parametrize(
    ("addresses", "expected"), [(6, [6, 3, 2, 1, 1, 1, 0, 0]), (7, [6, 3, 2, 1, 1, 1, 1, 0])]
)
def test_addresses_share_the_places_evenly(addresses: int, expected: list[int]) -> None:
    slots, held = Capacity(6, addresses=addresses), Counter[int]()
    with ExitStack() as all_held:
        for address in range(8):
            for _ in range(7):
                with suppress(BusyError):
                    all_held.enter_context(slots.take(str(address)))
                    held[address] += 1
    assert [held[address] for address in range(8)] == expected


def test_addresses_under_suspicion_take_nobody_else_s_places() -> None:
    queue = TaskQueue(capacity=1, time_limit_s=20)
    with ExitStack() as held:
        for _ in range(SUSPECT_CAPACITY):
            held.enter_context(queue.slot("one", is_suspect=True))
        with pytest.raises(BusyError), queue.slot("two", is_suspect=True):
            pass
        assert queue.fraction_taken == 0
        held.enter_context(queue.slot("three"))
        assert queue.fraction_taken == 1
    assert queue.fraction_taken == 0
