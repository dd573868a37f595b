"""The most that processes had in memory is seen while they have it, shared memory once."""

import subprocess
import sys
import time

from tests.tools.memory import SAMPLED_EVERY_S, PeakMemory, memory_mb, tree
from tests.tools.server_process import wait_until

HELD_MB = 100
# What a process needs beside, and what others that share its libraries change.
NEAR_MB = 20
# Holds the memory between the first and the second line that it reads, together with a child.
HOLD = f"""
import os, sys

print("ready", flush=True)
sys.stdin.readline()
held = bytearray(b"x") * {HELD_MB * 1_000_000}
child = os.fork()
if not child:
    sys.stdin.readline()
    os._exit(0)
os.wait()
del held
print("free", flush=True)
sys.stdin.readline()
"""


def test_the_peak_is_seen_and_what_is_shared_counts_once() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout

        def go_on() -> None:
            process.stdin.write(b"\n")
            process.stdin.flush()

        assert process.stdout.readline() == b"ready\n"
        with PeakMemory(lambda: tree(process.pid)) as memory:
            go_on()
            wait_until(lambda: memory.peak_mb > memory.rest_mb + HELD_MB - NEAR_MB)
            wait_until(lambda: len(tree(process.pid)) == 2)
            time.sleep(10 * SAMPLED_EVERY_S)
            go_on()
            assert process.stdout.readline() == b"free\n"
            assert memory_mb(tree(process.pid)) < memory.rest_mb + NEAR_MB
        assert memory.peak_mb < memory.rest_mb + HELD_MB + NEAR_MB
        go_on()
