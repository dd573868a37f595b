"""Let the slowest clients of batches give way once another wants to send one, or memory is short.

A thread that waits for a client to take lines of a batch has one of the few slots for batches; so
there are always more threads that wait for nobody.
"""

import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

# How often it is looked whether a client is too slow.
STEP_S = 0.25
# The least time a client has in any case: enough to send a lost packet again.
LEAST_S = 2.0
# Who is as quick as this is not slow: a picture of a phone takes a minute so.
DECENT_BYTES_PER_S = 50_000
# How quick a client is goes by its last seconds: for twice this its whole rate counts, from then on
# what is older weighs less and less. Or who sends megabytes at once could wait for minutes.
REMEMBERED_S = 2.5
# A client that is quicker by less than this is about as slow.
ABOUT = 1.5
# How long a slow client is looked for that can make room for a batch that was rejected.
BATCH_WANTED_S = 1.0
# Size of all lines that clients of a worker have not taken yet: six marked pictures of noise.
MOST_HELD_BYTES = 100_000_000


class Client(Protocol):
    """The other end of a connection.

    Attributes:
        begun_s: When a thread began to wait for it, by `time.monotonic`; put off as
            what came long ago is forgotten.
        moved_bytes: How many bytes it has taken since then.
        held_bytes: How much it is to take.
        holds_batch: It has one of the few slots for batches.
    """

    begun_s: float
    moved_bytes: int
    held_bytes: int
    holds_batch: bool


class ClientWatch:
    """The clients that threads of a worker wait for."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._awaited: list[Client] = []
        self._batch_wanted_s = -math.inf
        self._lock = threading.Lock()

    def want_batch(self) -> None:
        """Note that a batch was rejected, for others have all slots."""
        with self._lock:
            self._batch_wanted_s = time.monotonic()

    @contextmanager
    def awaiting(self, client: Client) -> Iterator[None]:
        """Note that a thread waits for a client meanwhile."""
        with self._lock:
            self._awaited.append(client)
        try:
            yield
        finally:
            with self._lock:
                self._awaited.remove(client)

    def is_to_go(self, client: Client) -> bool:
        """Say whether a client that a thread waits for is to give way.

        It is if a batch was rejected just now, and it is slow and the slowest of those that hold
        one; or if lines take too much memory, and nobody else takes one more slowly.
        """
        now_s = time.monotonic()
        with self._lock:
            forget(client, now_s)
            rates = {
                each: rate_of(each, now_s)
                for each in self._awaited
                if now_s - each.begun_s >= LEAST_S
            }
            slowest = sorted(rates, key=lambda each: rates[each])
            held_bytes = sum(each.held_bytes for each in self._awaited)
            if held_bytes > MOST_HELD_BYTES and _is_slow_among(client, slowest, rates):
                return True
            batches = [
                each for each in slowest if each.holds_batch and rates[each] < DECENT_BYTES_PER_S
            ]
            is_batch_wanted = now_s - self._batch_wanted_s < BATCH_WANTED_S
            if not is_batch_wanted or not _is_slow_among(client, batches, rates):
                return False
            self._batch_wanted_s = -math.inf
            return True


def _is_slow_among(
    client: Client, slowest: Sequence[Client], rates: Mapping[Client, float]
) -> bool:
    """Say whether a client is the slowest, or about as slow.

    Who asks has just taken something: of clients that are equally quick it is never the
    slowest at that moment.

    Args:
        client: Any client.
        slowest: Those that may have to go, the slowest first.
        rates: How quick each client is, in bytes a second.
    """
    if client not in slowest:
        return False
    return rates[client] <= ABOUT * rates[slowest[0]]


def rate_of(client: Client, now_s: float) -> float:
    """Return how quick a client is, in bytes a second."""
    return client.moved_bytes / max(now_s - client.begun_s, 1e-3)


def forget(client: Client, now_s: float) -> None:
    """Let what a client sends or takes from now on count more than what it did long ago."""
    age_s = now_s - client.begun_s
    if age_s > 2 * REMEMBERED_S:
        client.moved_bytes = round(client.moved_bytes * REMEMBERED_S / age_s)
        client.begun_s = now_s - REMEMBERED_S
