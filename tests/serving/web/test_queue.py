"""Whose turn it is before the models."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import pytest

from serving.web import queue as queue_module
from serving.web.problems import TimeLimitError
from serving.web.queue import TaskQueue
from tests.tools.server_process import wait_until

# More than any test takes: who has this much less against it is ahead, and by nothing else.
AHEAD_S = 100.0
# Of an address, so that even the share of it that counts is more than that.
MUCH_S = 10_000.0
WAITS_S = 20.0


class Turns:
    """A queue, and the names of its tasks in the order in which they ended."""

    def __init__(self, clients: ThreadPoolExecutor) -> None:
        self.queue = TaskQueue(capacity=9, time_limit_s=WAITS_S)
        self.ended: list[str] = []
        self._clients = clients

    def ask(
        self, name: str, address: str, work: Callable[[], object] = lambda: None
    ) -> Future[None]:
        """Run a task as a request from an address does; return once it is in the queue."""

        def task() -> None:
            work()
            self.ended.append(name)

        count = len(self.queue._tasks)
        until_s = self.queue.until_s()
        asked = self._clients.submit(self.queue.run, task, until_s=until_s, address=address)
        wait_until(lambda: len(self.queue._tasks) > count or asked.done())
        return asked

    def hold(self, name: str, address: str) -> tuple[Event, Future[None]]:
        """Have a task run until it is let go, which gives way once after that."""
        started, let_go = Event(), Event()

        def work() -> None:
            started.set()
            let_go.wait()
            self.queue.give_way()

        asked = self.ask(name, address, work)
        assert started.wait(WAITS_S)
        return let_go, asked

    def note_use(self, address: str, used_s: float) -> None:
        """Let an address have used the models."""
        self.queue._usage.add(address, used_s, now_s=time.monotonic())


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Iterator[Turns]:
    monkeypatch.setattr(queue_module, "LEAST_AHEAD_S", AHEAD_S)
    with ThreadPoolExecutor() as clients:
        yield Turns(clients)


def test_the_address_that_has_used_least_is_next(turns: Turns) -> None:
    turns.note_use("other", 2 * MUCH_S)
    turns.note_use("busy", MUCH_S)
    let_go, first = turns.hold("first", "new")
    asked = [turns.ask("third", "other"), turns.ask("second", "busy"), first]
    let_go.set()
    for each in asked:
        each.result()
    assert turns.ended == ["first", "second", "third"]


def test_those_of_one_address_come_in_their_order(turns: Turns) -> None:
    let_go, first = turns.hold("first", "one")
    asked = [turns.ask(name, "one") for name in ("second", "third")]
    let_go.set()
    for each in (first, *asked):
        each.result()
    assert turns.ended == ["first", "second", "third"]


def test_a_task_of_an_address_that_has_used_less_goes_first_amid_a_step(turns: Turns) -> None:
    turns.note_use("busy", MUCH_S)
    let_go, asked = turns.hold("long", "busy")
    own = turns.ask("own", "busy")
    turns.ask("quick", "new").result()
    assert turns.ended == ["quick"]
    let_go.set()
    asked.result()
    own.result()
    assert turns.ended == ["quick", "long", "own"]


def test_any_number_of_tasks_lets_one_go_first_that_has_used_less_than_all(turns: Turns) -> None:
    held = []
    for count in reversed(range(1, 6)):
        turns.note_use(f"busy {count}", 3**count * MUCH_S)
        held.append(turns.hold(f"long {count}", f"busy {count}"))
    turns.ask("quick", "new").result()
    assert turns.ended == ["quick"]
    for let_go, _ in held:
        let_go.set()
    for _, asked in held:
        asked.result()
    assert turns.ended == ["quick", *(f"long {count}" for count in range(1, 6))]


def test_a_task_halts_before_its_next_step_for_one_that_went_first(turns: Turns) -> None:
    turns.note_use("busy", MUCH_S)
    let_go, asked = turns.hold("long", "busy")
    let_other_go, other = turns.hold("other", "new")
    let_go.set()
    with pytest.raises(TimeoutError):
        asked.result(timeout=0.1)
    let_other_go.set()
    other.result()
    asked.result()
    assert turns.ended == ["other", "long"]


def test_the_turn_comes_back_once_the_other_has_used_more(turns: Turns) -> None:
    let_go, asked = turns.hold("long", "busy")
    turns.queue._tasks[0].ran_s = 2 * AHEAD_S
    let_other_go, other = turns.hold("other", "new")
    turns.queue._tasks[1].ran_s = 8 * AHEAD_S
    let_go.set()
    asked.result()
    let_other_go.set()
    other.result()
    assert turns.ended == ["long", "other"]


def test_two_that_take_long_change_turns_seldom(turns: Turns) -> None:
    let_go, asked = turns.hold("long", "busy")
    turns.queue._tasks[0].ran_s = 5 * AHEAD_S
    let_other_go, other = turns.hold("longer", "new")
    let_go.set()
    turns.queue._tasks[1].ran_s = 9 * AHEAD_S
    let_other_go.set()
    other.result()
    asked.result()
    assert turns.ended == ["longer", "long"]


def test_a_task_gives_no_way_to_an_address_that_has_used_more_or_little_less(turns: Turns) -> None:
    turns.note_use("busy", MUCH_S)
    let_go, asked = turns.hold("long", "new")
    more = turns.ask("more", "busy")
    with pytest.raises(TimeoutError):
        more.result(timeout=0.1)
    little = [turns.ask("little", "new"), more]
    assert turns.ended == []
    let_go.set()
    for each in (asked, *little):
        each.result()
    assert turns.ended == ["long", "little", "more"]


def test_what_goes_first_may_fail_and_costs_the_task_that_halts_nothing(turns: Turns) -> None:
    turns.note_use("busy", MUCH_S)
    let_go, asked = turns.hold("long", "busy")
    (halting,) = turns.queue._tasks
    let_other_go, other = turns.hold("other", "new")
    ran_s = halting.ran_s
    failed = turns.ask("failed", "new", lambda: 1 // 0)
    let_other_go.set()
    other.result()
    assert isinstance(failed.exception(), ZeroDivisionError)
    assert halting.ran_s - ran_s < AHEAD_S
    let_go.set()
    asked.result()
    assert turns.ended == ["other", "long"]
    assert not turns.queue.is_stuck


def test_what_a_task_has_used_itself_counts_more_than_what_its_address_has(turns: Turns) -> None:
    turns.note_use("busy", 2 * AHEAD_S)
    let_go, asked = turns.hold("long", "new")
    turns.queue._tasks[0].ran_s = 2 * AHEAD_S
    turns.ask("quick", "busy").result()
    assert turns.ended == ["quick"]
    let_go.set()
    asked.result()


def test_only_a_task_gives_way(turns: Turns) -> None:
    turns.note_use("busy", MUCH_S)
    let_go, asked = turns.hold("long", "busy")
    let_other_go, other = turns.hold("other", "new")
    turns.queue.give_way()
    assert turns.ended == []
    let_other_go.set()
    let_go.set()
    other.result()
    asked.result()


def test_a_task_that_was_given_up_ends_at_its_next_step(turns: Turns) -> None:
    let_go, asked = turns.hold("late", "busy")
    turns.queue._tasks[-1].until_s = 0.0
    let_go.set()
    assert isinstance(asked.exception(), TimeLimitError)
    assert turns.ended == []


def test_a_task_that_is_given_up_while_it_halts_lets_the_other_go_on(turns: Turns) -> None:
    turns.note_use("busy", MUCH_S)
    let_go, asked = turns.hold("late", "busy")
    turns.queue._tasks[-1].until_s = 0.0
    let_other_go, other = turns.hold("other", "new")
    let_go.set()
    assert isinstance(asked.exception(), TimeLimitError)
    let_other_go.set()
    other.result()
    assert turns.ended == ["other"]
    wait_until(lambda: not turns.queue._tasks)


def test_nothing_is_kept_of_a_task_that_was_given_up_before_its_turn(turns: Turns) -> None:
    let_go, asked = turns.hold("long", "one")
    with pytest.raises(TimeLimitError):
        turns.queue.run(lambda: turns.ended.append("late"), until_s=0.0, address="one")
    wait_until(lambda: len(turns.queue._tasks) == 1)
    let_go.set()
    asked.result()
    assert turns.ended == ["long"]
