"""Whose turn it is before the models."""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import pytest
from flask import Flask

from serving.web import queue as queue_module
from serving.web.problems import TimeLimitError
from serving.web.queue import LONGEST_TURN_S, MOST_HALTED, TaskQueue
from serving.web.rate_limit import network_of
from tests.tools.server_process import wait_until


class Turns:
    """A queue, and the names of its tasks in the order in which they ended."""

    def __init__(self, clients: ThreadPoolExecutor) -> None:
        self.queue = TaskQueue(capacity=9, time_limit_s=20)
        self.ended: list[str] = []
        self._clients = clients

    def ask(
        self, name: str, address: str, work: Callable[[], object] = lambda: None
    ) -> Future[None]:
        """Run a task as a request from an address does."""

        def task() -> None:
            work()
            self.ended.append(name)

        until_s = self.queue.until_s()
        return self._clients.submit(self.queue.run, task, until_s=until_s, address=address)

    def wait(self, count: int) -> None:
        """Wait until this many tasks wait."""
        wait_until(lambda: len(self.queue._waiting) == count)


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Iterator[Turns]:
    monkeypatch.setattr(queue_module, "LEAST_TURN_S", 0.0)
    with ThreadPoolExecutor() as clients:
        yield Turns(clients)


def hold(turns: Turns, name: str, address: str) -> tuple[Event, Future[None]]:
    """Have a task run until it is let go, which gives way once after that."""
    started, let_go = Event(), Event()

    def work() -> None:
        started.set()
        let_go.wait()
        turns.queue.give_way()

    asked = turns.ask(name, address, work)
    started.wait()
    return let_go, asked


def test_the_address_that_has_used_least_is_next(turns: Turns) -> None:
    let_go, asked = hold(turns, "first", "busy")
    turns.queue._usage.add("other", 1_000, now_s=turns.queue._resumed_s)
    for count, (name, address) in enumerate([("third", "other"), ("second", "busy")], start=1):
        turns.ask(name, address)
        turns.wait(count)
    let_go.set()
    asked.result()
    wait_until(lambda: len(turns.ended) == 3)
    assert turns.ended == ["first", "second", "third"]


def test_a_task_lets_one_of_an_address_that_has_used_less_go_first(turns: Turns) -> None:
    let_go, asked = hold(turns, "long", "busy")
    turns.ask("quick", "new")
    turns.wait(1)
    turns.ask("own", "busy")
    turns.wait(2)
    let_go.set()
    asked.result()
    wait_until(lambda: len(turns.ended) == 3)
    assert turns.ended == ["quick", "long", "own"]


def test_a_task_gives_no_way_to_an_address_that_has_used_more(turns: Turns) -> None:
    let_go, asked = hold(turns, "long", "new")
    turns.queue._usage.add("busy", 1_000, now_s=turns.queue._resumed_s)
    turns.ask("quick", "busy")
    turns.wait(1)
    let_go.set()
    asked.result()
    wait_until(lambda: len(turns.ended) == 2)
    assert turns.ended == ["long", "quick"]


def test_what_goes_first_may_fail_and_costs_the_task_that_gives_way_nothing(turns: Turns) -> None:
    let_go, asked = hold(turns, "long", "busy")
    began_s = turns.queue._started_s
    failed = turns.ask("failed", "new", lambda: 1 // 0)
    turns.wait(1)
    seen: list[float | None] = []
    turns.ask("last", "last", lambda: seen.append(turns.queue._started_s))
    turns.wait(2)
    let_go.set()
    asked.result()
    assert isinstance(failed.exception(), ZeroDivisionError)
    wait_until(lambda: sorted(turns.ended) == ["last", "long"])
    assert began_s is not None
    assert seen[0] is not None
    assert seen[0] > began_s
    assert not turns.queue.is_stuck


def test_only_the_thread_of_the_models_gives_way(turns: Turns) -> None:
    let_go, _ = hold(turns, "long", "busy")
    turns.ask("quick", "new")
    turns.wait(1)
    turns.queue.give_way()
    assert turns.ended == []
    let_go.set()


def test_what_a_request_uses_counts_for_its_address(
    app: Flask, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = app.extensions["mien"].queue
    given: list[str] = []
    take = queue._take

    def take_and_note(least_s: float) -> object:
        if least_s < math.inf:
            given.append(queue._running[-1].address)
        return take(least_s)

    monkeypatch.setattr(queue_module, "LEAST_TURN_S", 0.0)
    monkeypatch.setattr(queue, "_take", take_and_note)
    address = {"REMOTE_ADDR": "2001:db8::7"}
    with ThreadPoolExecutor() as clients:
        sent = [
            clients.submit(
                app.test_client().post, "/api/v1/predict", data=photo, environ_base=address
            )
            for _ in range(2)
        ]
    assert {each.result().status_code for each in sent} == {200}
    network = network_of(address["REMOTE_ADDR"])
    assert queue._used_s(network) > 0
    assert set(given) <= {network}


def test_a_task_that_was_given_up_ends_at_its_next_step(turns: Turns) -> None:
    let_go, asked = hold(turns, "late", "busy")
    turns.queue._running[-1].until_s = 0.0
    let_go.set()
    assert isinstance(asked.exception(), TimeLimitError)
    assert turns.ended == []


def test_nothing_is_kept_of_a_task_that_was_given_up_before_its_turn(turns: Turns) -> None:
    let_go, asked = hold(turns, "long", "busy")
    with pytest.raises(TimeLimitError):
        turns.queue.run(lambda: turns.ended.append("late"), until_s=0.0, address="new")
    assert turns.queue._waiting == []
    let_go.set()
    asked.result()
    assert turns.ended == ["long"]


def test_tasks_that_each_let_another_go_first_are_halted_no_deeper_than_some(turns: Turns) -> None:
    halted: list[int] = []
    asked: list[Future[None]] = []

    def work() -> None:
        count = len(asked)
        if count < 3 * MOST_HALTED:
            asked.append(turns.ask(f"later {count}", f"new {count}", work))
            turns.wait(1)
            halted.append(len(turns.queue._running) - 1)
            turns.queue.give_way()

    turns.ask("first", "busy", work).result()
    wait_until(lambda: len(turns.ended) == 1 + 3 * MOST_HALTED)
    assert max(halted) == MOST_HALTED


def test_a_task_that_was_halted_goes_on_for_as_long_as_the_other_took(turns: Turns) -> None:
    turn_s: list[float] = []

    def work() -> None:
        turns.ask("quick", "new", lambda: time.sleep(0.02))
        turns.wait(1)
        turns.queue.give_way()
        turn_s.append(turns.queue._running[-1].turn_s)
        turns.queue._running[-1].turn_s = 1_000.0
        turns.ask("last", "last")
        turns.wait(1)
        turns.queue.give_way()

    turns.queue._usage.add("busy", 1, now_s=time.monotonic())
    turns.ask("long", "busy", work).result()
    assert 0.02 <= turn_s[0] <= LONGEST_TURN_S
    wait_until(lambda: len(turns.ended) == 3)
    assert turns.ended == ["quick", "long", "last"]
