"""The box holds whatever the decoder in it does."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from preprocessing.errors import TooCostlyImageError
from preprocessing.images.box.budget import room_of
from preprocessing.images.box.client import Box
from preprocessing.images.sample import sample_photo_path
from preprocessing.images.types import MAX_PIXELS
from tests.preprocessing.images.box.taken_over import HOSTILE, ON_LINUX, decode

ENDS_WITHIN_S = 30


def wait_for(pids: set[int], *, what: str) -> None:
    """Wait until none of some processes is there; fail if one stays."""
    until_s = time.monotonic() + ENDS_WITHIN_S
    while any(is_running(pid) for pid in pids):
        assert time.monotonic() < until_s, what
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("ascii")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def descendants(pid: int) -> set[int]:
    """Return the process ids of all that a process has started, directly or not."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return {int(child) for child in children}.union(*(descendants(int(c)) for c in children))


@ON_LINUX
def test_who_takes_too_much_memory_is_told_so_and_the_next_picture_is_decoded(box: Box) -> None:
    decode(box, b"memory 20")
    with pytest.raises(TooCostlyImageError, match="memory or time"):
        decode(box, b"memory 500")
    decode(box, b"nothing")


@pytest.mark.parametrize("action", [b"time 60", b"time_in_c"])
def test_who_takes_too_much_time_is_ended_even_where_python_never_looks(
    box: Box, action: bytes
) -> None:
    with pytest.raises(TooCostlyImageError, match="memory or time"):
        decode(box, action)
    decode(box, b"nothing")


@pytest.mark.parametrize("action", [b"crash", b"end", b"abort"])
def test_a_decoder_that_crashes_or_ends_is_replaced(box: Box, action: bytes) -> None:
    with pytest.raises(TooCostlyImageError):
        decode(box, action)
    decode(box, b"nothing")


def test_one_costly_picture_holds_up_no_other(box: Box) -> None:
    with ThreadPoolExecutor() as clients:
        costly = clients.submit(decode, box, b"time 60")
        others = [clients.submit(decode, box, b"nothing") for _ in range(20)]
        for other in others:
            other.result()
        assert not costly.done()
        with pytest.raises(TooCostlyImageError):
            costly.result()


def test_where_the_system_offers_nothing_pictures_are_decoded_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("preprocessing.images.box.client.IS_POSSIBLE", False)
    box = Box()
    box.start()
    data = sample_photo_path().read_bytes()
    for _ in range(2):
        assert box.decode(data, max_pixels=MAX_PIXELS).pixels.shape == (512, 512, 3)
    assert len([record for record in caplog.records if "confine" in record.message]) == 1
    box.close()


@pytest.mark.parametrize("action", [b"sleep 60", b"ask_on 5", b"drip 5"])
def test_who_does_not_answer_in_time_is_given_up(box: Box, action: bytes) -> None:
    started_s = time.monotonic()
    with pytest.raises(TimeoutError):
        decode(box, action, until_s=started_s + 0.2)
    assert time.monotonic() - started_s < 4
    decode(box, b"nothing")


def test_a_size_that_cannot_be_is_not_believed(box: Box) -> None:
    with pytest.raises(TooCostlyImageError):
        decode(box, b"say_size 1000 1000")


@pytest.mark.parametrize(
    "lie",
    [
        b'say {"asks": [2.5, 2]}',
        b'say {"decoded": [2.5, 2], "notes": []}',
        b'say {"decoded": [4, 4], "notes": 5}',
        b'say {"decoded": [4, 4]}',
        b'say {"error": ["ImageDecodeError"]}',
        b"say []",
        b"say_deep 60000",
    ],
)
def test_an_answer_of_another_form_is_not_believed(lie: bytes, box: Box) -> None:
    with pytest.raises(TooCostlyImageError):
        decode(box, lie)
    decode(box, b"nothing")


def test_room_is_asked_for_before_the_pixels_are_decoded(box: Box) -> None:
    asked: list[int] = []
    decode(box, b"nothing", make_room=asked.append)
    assert asked == [room_of(b"nothing", pixels=16)]

    def refuse(_: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        decode(box, b"nothing", make_room=refuse)
    decode(box, b"nothing")


def test_helpers_and_starter_that_are_ended_from_outside_are_replaced() -> None:
    others = descendants(os.getpid())
    box = Box(HOSTILE)
    decode(box, b"nothing")
    (pid,) = box.helper_pids()
    os.kill(pid, signal.SIGKILL)
    wait_for({pid}, what="a helper that was killed stays")
    decode(box, b"nothing")
    started = descendants(os.getpid()) - others
    (starter,) = started - {pid, *box.helper_pids()}
    assert os.getpgid(starter) == starter, "Ctrl-C of a terminal reaches it"
    assert os.getsid(starter) == os.getsid(0), "its niceness says nothing beside this process"
    os.kill(starter, signal.SIGKILL)
    wait_for(started, what="a starter was killed and its helper stays")
    decode(box, b"nothing")
    box.close()


def test_a_box_that_is_closed_leaves_nothing_behind_and_can_be_used_again() -> None:
    before = descendants(os.getpid())
    box = Box(HOSTILE)
    decode(box, b"nothing")
    started = descendants(os.getpid()) - before
    assert len(started) == 2
    box.close()
    wait_for(started, what="the box was closed and its processes stay")
    decode(box, b"nothing")
    box.close()


@pytest.mark.parametrize("last", ["input()", "box.decode(b'sleep 600', max_pixels=100)"])
def test_its_processes_end_with_the_one_that_is_killed(last: str) -> None:
    code = (
        "from preprocessing.images.box.client import Box\n"
        f"box = Box({HOSTILE!r})\n"
        "box.decode(b'nothing', max_pixels=100)\n"
        "print('ready', flush=True)\n"
        f"{last}\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        started = descendants(process.pid)
        assert len(started) == 2
        process.kill()
    wait_for(started, what="the process was killed and those of its box stay")
