"""A helper that is slow with a picture gets a lower priority."""

import math
import os
import sys
from collections.abc import Iterator

import pytest

from preprocessing.images.box import helper
from preprocessing.images.box.client import Box
from preprocessing.images.box.helper import SLOW_NICENESS, SLOW_S, Helper
from tests.preprocessing.images.box import hostile

HOSTILE = "tests.preprocessing.images.box.hostile:decode"
MOST_WAITS = 9


def decode(box: Box, data: bytes) -> None:
    """Have a small picture decoded."""
    box.decode(data, max_pixels=10_000)


@pytest.fixture
def box() -> Iterator[Box]:
    box = Box(HOSTILE)
    yield box
    box.close()


@pytest.fixture
def stood_back(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """What priority was set for which process, as it is set."""
    given: list[tuple[int, ...]] = []
    really = os.setpriority

    def note(which: int, who: int, priority: int) -> None:
        really(which, who, priority)
        given.append((which, who, priority))

    monkeypatch.setattr(os, "setpriority", note)
    return given


def start_helper(box: Box) -> tuple[int, int]:
    """Have a helper started that waits; return its process id and niceness."""
    decode(box, b"nothing")
    (pid,) = box.helper_pids()
    return pid, os.getpriority(os.PRIO_PROCESS, pid)


class SilentConnection:
    """A connection by which nothing comes for long, and for how long that is waited for."""

    def __init__(self) -> None:
        self.waits_s: list[float] = []

    def settimeout(self, wait_s: float) -> None:
        self.waits_s.append(wait_s)

    def recv(self, *_: object) -> bytes:
        if len(self.waits_s) > MOST_WAITS:
            return b"an answer"
        raise TimeoutError


@pytest.mark.skipif(sys.platform != "linux", reason="no processor time of others is told")
def test_a_slow_helper_gets_a_lower_priority_and_is_not_used_again(
    box: Box, stood_back: list[tuple[int, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pid, niceness = start_helper(box)
    monkeypatch.setattr(helper, "SLOW_S", 0.2)
    decode(box, b"time 0.35")
    assert stood_back == [(os.PRIO_PROCESS, pid, niceness + SLOW_NICENESS)]
    assert pid not in box.helper_pids()
    decode(box, b"sleep 0.4")  # which takes no processor time
    (pid,) = box.helper_pids()
    assert os.getpriority(os.PRIO_PROCESS, pid) == niceness


def test_for_a_large_picture_a_helper_gets_a_lower_priority_at_once(
    box: Box, stood_back: list[tuple[int, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pid, niceness = start_helper(box)
    monkeypatch.setattr(helper, "LARGE_PIXELS", hostile.SIDE_PX**2 - 1)
    decode(box, b"nothing")
    assert stood_back == [(os.PRIO_PROCESS, pid, niceness + SLOW_NICENESS)]
    assert box.helper_pids() == ()


def test_one_that_has_used_nearly_too_much_is_looked_at_again_as_soon_as_it_can_have_used_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    used_s, set_for = iter([SLOW_S - 0.1, SLOW_S]), []
    monkeypatch.setattr(helper, "_processor_s", lambda _: next(used_s))
    monkeypatch.setattr(os, "setpriority", lambda *given: set_for.append(given))
    connection = SilentConnection()
    asked = Helper(connection, pid=0)  # type: ignore[arg-type]
    asked._await_answer(until_s=math.inf, slow_from_s=SLOW_S)
    assert asked.has_low_priority
    assert len(set_for) == 1
    assert connection.waits_s[1] < 0.11
