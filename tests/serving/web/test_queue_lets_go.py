"""Nothing of a picture is kept once its task has failed, without the garbage collector."""

import gc
import weakref
from collections.abc import Iterator
from functools import partial
from threading import Event

import pytest

from serving.web.problems import TimeLimitError
from serving.web.queue import TaskQueue
from tests.tools.server_process import wait_until

pytestmark = pytest.mark.usefixtures("_no_collector")


class Picture:
    """Stands for the bytes of an upload, or its pixels."""


@pytest.fixture
def _no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def test_what_a_failed_task_held_is_let_go() -> None:
    queue = TaskQueue(capacity=1, time_limit_s=20)
    picture = Picture()
    held = weakref.ref(picture)

    def fail(_: Picture) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        queue.run(partial(fail, picture), until_s=queue.until_s())
    del picture
    wait_until(lambda: held() is None)


def test_what_a_task_held_that_is_given_up_between_its_steps_is_let_go() -> None:
    queue, ended = TaskQueue(capacity=1, time_limit_s=0.1), Event()
    pictures = [Picture()]
    held = weakref.ref(pictures[0])

    def look(_: Picture) -> None:
        try:
            while True:
                queue.give_way()
        finally:
            ended.set()

    with pytest.raises(TimeLimitError):
        queue.run(lambda: look(pictures.pop()), until_s=queue.until_s())
    ended.wait()
    wait_until(lambda: held() is None)
