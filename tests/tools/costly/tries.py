"""Send costly pictures to a server, and measure what they cost it."""

import time
from dataclasses import dataclass

from tests.tools.memory import PeakMemory
from tests.tools.server_process import PREDICT, Answer, ServerProcess

# Where other programs keep the machine busy, more than a server waits for usually.
TIME_LIMIT_S = "55"


@dataclass(frozen=True)
class Try:
    """What a picture cost a server.

    Attributes:
        answer: What it answered.
        above_rest_mb: The most memory that all its processes took, beyond what they had before.
        cpu_s: The processor time that they used, in seconds; on an idle machine about the time
            that the answer takes.
        wall_s: The time until the answer came, in seconds.
    """

    answer: Answer
    above_rest_mb: float
    cpu_s: float
    wall_s: float


def ask_from(server: ServerProcess, address: str, picture: bytes, path: str = PREDICT) -> Answer:
    """Send a picture as if from an address; the server must trust one proxy."""
    return server.ask(path, picture, {"X-Forwarded-For": address})


def try_picture(server: ServerProcess, picture: bytes, *, address: str, honest: bytes) -> Try:
    """Send a picture and measure what it costs.

    Args:
        server: Nothing else is asked of it meanwhile.
        picture: The bytes of a picture file.
        address: From where it comes. One under suspicion may have to come again, so that each
            picture needs an address of its own.
        honest: A photo that the server answers; it is sent before, until there is a box that waits.
    """
    while ask_from(server, "192.0.2.1", honest).status != 200:
        pass
    before_s = server.cpu_s()
    with PeakMemory(server.processes) as memory:
        started_s = time.monotonic()
        answer = ask_from(server, address, picture)
        wall_s = time.monotonic() - started_s
    return Try(answer, memory.peak_mb - memory.rest_mb, server.cpu_s() - before_s, wall_s)
