"""Whose turn it is before the models."""

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

    def hold(self, name: str, address: str) -> tuple[Event, Future[None]]:
        """Have a task run until it is let go, which gives way once after that."""
        started, let_go = Event(), Event()

        def work() -> None:
            started.set()
            let_go.wait()
            self.queue.give_way()

        asked = self.ask(name, address, work)
        started.wait()
        return let_go, asked

    def wait(self, count: int) -> None:
        """Wait until this many tasks wait."""
        wait_until(lambda: len(self.queue._waiting) == count)

    def note_use(self, address: str, used_s: float) -> None:
        """Let an address have used the models."""
        self.queue._usage.add(address, used_s, now_s=time.monotonic())


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Iterator[Turns]:
    """Any task lets others go first at once."""
    monkeypatch.setattr(queue_module, "LEAST_TURN_S", 0.0)
    with ThreadPoolExecutor() as clients:
        yield Turns(clients)


def test_the_address_that_has_used_least_is_next(turns: Turns) -> None:
    let_go, asked = turns.hold("first", "busy")
    for each in ("busy", "other"):
        turns.note_use(each, 1_000)
    turns.note_use("other", 1_000)
    for count, (name, address) in enumerate([("third", "other"), ("second", "busy")], start=1):
        turns.ask(name, address)
        turns.wait(count)
    let_go.set()
    asked.result()
    wait_until(lambda: len(turns.ended) == 3)
    assert turns.ended == ["first", "second", "third"]


def test_a_task_of_an_address_that_has_used_less_goes_first_amid_a_step(turns: Turns) -> None:
    let_go, asked = turns.hold("long", "busy")
    turns.ask("own", "busy")
    turns.wait(1)
    turns.ask("quick", "new").result()
    assert turns.ended == ["quick"]
    let_go.set()
    asked.result()
    wait_until(lambda: len(turns.ended) == 3)
    assert turns.ended == ["quick", "long", "own"]


def test_a_task_halts_before_its_next_step_for_one_that_went_first(turns: Turns) -> None:
    let_go, asked = turns.hold("long", "busy")
    let_other_go, other = turns.hold("other", "new")
    let_go.set()
    with pytest.raises(TimeoutError):
        asked.result(timeout=0.1)
    let_other_go.set()
    other.result()
    asked.result()
    assert turns.ended == ["other", "long"]


def test_a_task_gives_no_way_to_an_address_that_has_used_more(turns: Turns) -> None:
    let_go, asked = turns.hold("long", "new")
    turns.note_use("busy", 1_000)
    turns.ask("quick", "busy")
    turns.wait(1)
    let_go.set()
    asked.result()
    wait_until(lambda: len(turns.ended) == 2)
    assert turns.ended == ["long", "quick"]


def test_a_task_has_its_turn_before_others_go_first(turns: Turns) -> None:
    let_go, asked = turns.hold("long", "busy")
    turns.queue._running[-1].turn_s = 1_000.0
    quick = turns.ask("quick", "new")
    turns.wait(1)
    let_go.set()
    asked.result()
    quick.result()
    assert turns.ended == ["long", "quick"]


def test_what_goes_first_may_fail_and_costs_the_task_that_halts_nothing(turns: Turns) -> None:
    let_go, asked = turns.hold("long", "busy")
    halting = turns.queue._running[-1]
    let_other_go, other = turns.hold("other", "new")
    ran_s = halting.ran_s
    assert not turns.queue.is_stuck
    let_other_go.set()
    other.result()
    assert isinstance(turns.ask("failed", "newer", lambda: 1 // 0).exception(), ZeroDivisionError)
    let_go.set()
    asked.result()
    assert turns.ended == ["other", "long"]
    assert ran_s <= halting.ran_s < 10
    assert not turns.queue.is_stuck


def test_only_a_task_gives_way(turns: Turns) -> None:
    let_go, asked = turns.hold("long", "busy")
    let_other_go, other = turns.hold("other", "new")
    turns.queue.give_way()
    assert turns.ended == []
    let_other_go.set()
    let_go.set()
    other.result()
    asked.result()


def test_what_a_request_uses_counts_for_its_address(
    app: Flask, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = app.extensions["mien"].queue
    given: list[str] = []
    give_way = queue.give_way

    def give_way_and_note() -> None:
        given.extend(each.address for each in queue._running)
        give_way()

    monkeypatch.setattr(queue, "give_way", give_way_and_note)
    address = {"REMOTE_ADDR": "2001:db8::7"}
    sent = app.test_client().post("/api/v1/predict", data=photo, environ_base=address)
    assert sent.status_code == 200
    network = network_of(address["REMOTE_ADDR"])
    assert queue._usage.of(network, now_s=time.monotonic()) > 0
    assert set(given) <= {network}


def test_a_task_that_was_given_up_ends_at_its_next_step(turns: Turns) -> None:
    let_go, asked = turns.hold("late", "busy")
    turns.queue._running[-1].until_s = 0.0
    let_go.set()
    assert isinstance(asked.exception(), TimeLimitError)
    assert turns.ended == []


def test_a_task_that_is_given_up_while_it_halts_lets_the_other_go_on(turns: Turns) -> None:
    let_go, asked = turns.hold("late", "busy")
    turns.queue._running[-1].until_s = 0.0
    let_other_go, other = turns.hold("other", "new")
    let_go.set()
    assert isinstance(asked.exception(), TimeLimitError)
    let_other_go.set()
    other.result()
    assert turns.ended == ["other"]
    assert turns.queue._running == []


def test_nothing_is_kept_of_a_task_that_was_given_up_before_its_turn(turns: Turns) -> None:
    let_go, asked = turns.hold("long", "busy")
    with pytest.raises(TimeLimitError):
        turns.queue.run(lambda: turns.ended.append("late"), until_s=0.0, address="new")
    assert turns.queue._waiting == []
    let_go.set()
    asked.result()
    assert turns.ended == ["long"]


def test_no_more_tasks_than_some_halt_for_others(turns: Turns) -> None:
    held = [turns.hold(f"held {each}", f"new {each}") for each in range(MOST_HALTED + 1)]
    last = turns.ask("last", "newest")
    with pytest.raises(TimeoutError):
        last.result(timeout=0.1)
    assert len(turns.queue._running) == MOST_HALTED + 1
    for let_go, _ in held:
        let_go.set()
    for _, asked in held:
        asked.result()
    last.result()
    assert len(turns.ended) == MOST_HALTED + 2


def test_a_task_that_was_halted_goes_on_for_half_as_long_as_the_other_took(turns: Turns) -> None:
    let_go, asked = turns.hold("long", "busy")
    halted = turns.queue._running[-1]
    turns.ask("quick", "new", lambda: time.sleep(0.05)).result()
    assert 0.025 <= halted.turn_s <= LONGEST_TURN_S
    let_go.set()
    asked.result()
