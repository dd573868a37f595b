"""The terminal shows what commands say, and not what TensorFlow logs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from preprocessing.images.sample import sample_photo_path
from training.cli.fit import SHIPPED_BUNDLE
from training.cli.quiet import LOG_LEVEL

SAYS_BOTH = """
import os, sys
from training.cli.quiet import QuietProgram

main = QuietProgram("program")

@main.command()
def speak() -> None:
    print("ours", file=sys.stderr)
    os.write(2, b"theirs\\n")
    {then}

@main.command()
def work() -> None:
    print("out")

@main.command()
def fail() -> None:
    raise OSError("ours")

sys.exit(main())
"""


def run(
    *arguments: str, before: tuple[str, ...] = (), **variables: str
) -> subprocess.CompletedProcess[str]:
    # JAX sets the variable when it is imported, as other tests do.
    environment = {name: value for name, value in os.environ.items() if name != LOG_LEVEL}
    return subprocess.run(
        [*before, sys.executable, *arguments],
        capture_output=True,
        check=False,
        env=environment | variables,
        text=True,
    )


def test_libraries_are_silent_and_python_is_heard() -> None:
    code = SAYS_BOTH.format(then="print('out')")
    ended = run("-c", code, "speak")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "out\n", "ours\n")
    assert run("-c", code, "speak", **{LOG_LEVEL: "0"}).stderr == "ours\ntheirs\n"
    assert run("-c", code, "fail").stderr == "error: ours\n"


def test_a_program_without_stderr_runs() -> None:
    closed = ("sh", "-c", 'exec "$@" 2>&-', "sh")
    ended = run("-c", SAYS_BOTH.format(then=""), "work", before=closed)
    assert (ended.returncode, ended.stdout) == (0, "out\n")


@pytest.mark.parametrize(
    ("end", "said"), [("os.abort()", "Aborted"), ("raise ZeroDivisionError", "ZeroDivisionError")]
)
def test_how_a_program_ended_badly_is_told(end: str, said: str) -> None:
    ended = run("-c", SAYS_BOTH.format(then=end), "speak")
    assert ended.returncode != 0
    assert said in ended.stderr
    assert "theirs" not in ended.stderr


@pytest.mark.slow
def test_a_command_that_runs_networks_says_nothing_but_its_own_lines(tmp_path: Path) -> None:
    picture, out = str(sample_photo_path()), str(tmp_path / "why")
    ended = run("-m", "training", "explain", str(SHIPPED_BUNDLE), picture, out)
    assert ended.returncode == 0
    assert ended.stderr == ""
    assert out in ended.stdout
