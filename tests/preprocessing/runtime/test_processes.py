"""Worker processes are set up, told how to hand out memory, and share the landmark model."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from preprocessing.errors import MienError
from preprocessing.faces import landmarker as detect
from preprocessing.runtime.processes import ALLOCATION, end_if_stopped, worker_pool

pytestmark = pytest.mark.slow

NAME, VALUE = ALLOCATION
_greeting = ""


def greet(name: str) -> None:
    global _greeting  # noqa: PLW0603 - as the pools of the product do it
    _greeting = f"hello {name}"


def greeting() -> str:
    return _greeting


def loaded_models() -> int:
    return detect._load_landmark_model.cache_info().currsize


def main() -> None:
    with worker_pool(1, greet, arguments=("you",)) as pool:
        calls = (pool.submit(greeting), pool.submit(os.getenv, NAME), pool.submit(loaded_models))
        print(*(call.result() for call in calls), sep="\n")


def read_pictures() -> None:
    while True:
        end_if_stopped()
        time.sleep(0.01)


def work_until_stopped() -> None:
    # Where the tests run in the background of a shell, it is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with worker_pool(2, greet, arguments=("you",)) as pool:
            pool.submit(greeting).result()
            tasks = [pool.submit(read_pictures) for _ in range(100_000)]
            while not tasks[0].running():
                time.sleep(0.01)
            print("begun", flush=True)
            for task in tasks:
                task.result()
    except KeyboardInterrupt:
        print("stopped", all(task.cancelled() for task in tasks[-1000:]))


def test_ctrl_c_stops_workers_without_a_word_of_theirs(repository_root: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import work_until_stopped as work; work()"],
        cwd=repository_root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline() == "begun\n"
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate() == ("stopped True\n", "")
    assert process.returncode == 0


@pytest.mark.parametrize("problem", [BrokenPipeError, ConnectionRefusedError, EOFError])
def test_a_killed_process_from_which_workers_are_forked_is_told_of(
    problem: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise problem

    monkeypatch.setattr("multiprocessing.forkserver.connect_to_new_process", fail)
    with (
        pytest.raises(MienError, match="A worker process was killed"),
        worker_pool(1, greet, arguments=("you",)) as executor,
    ):
        executor.submit(greeting).result()


# In a process of its own: workers are forked from one that is started once in a life.
@pytest.mark.parametrize("users", [None, "glibc.malloc.check=1"])
def test_workers_are_set_up_share_the_model_and_hand_out_memory_as_told_unless_the_user_does(
    users: str | None, repository_root: Path
) -> None:
    environment = {name: value for name, value in os.environ.items() if name != NAME}
    run = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import main; main()"],
        env=environment | ({} if users is None else {NAME: users}),
        cwd=repository_root,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert run.stdout.splitlines() == ["hello you", users or VALUE, "1"]
