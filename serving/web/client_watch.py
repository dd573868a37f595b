"""Let the slowest clients give way once others have waited for a thread, or want memory.

A thread that waits for a slow client harms nobody as long as no request waits for a thread, and the
answers that clients take slowly are few or small.
"""

import math
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

# A request that waits for less than this asks nobody to give way: threads are soon free again.
PATIENCE_S = 1.0
# The least time a client has in any case: enough to send a lost packet again.
LEAST_S = 2.0
# Who is as quick as this keeps its thread: a picture of a phone takes a minute so.
DECENT_BYTES_PER_S = 50_000
# How quick a client is goes by its last seconds: for twice this its whole rate counts, from then on
# what is older weighs less and less. Or who sends megabytes at once could wait for minutes.
REMEMBERED_S = 2.5
# A client that is quicker by less than this is about as slow.
ABOUT = 1.5
# How long a slow client is looked for that can make room for a batch that was rejected.
BATCH_WANTED_S = 1.0
# Size of all answers that clients of a worker have not taken yet: six marked pictures of noise.
MOST_HELD_BYTES = 100_000_000


class Client(Protocol):
    """The other end of a connection.

    Attributes:
        peer: Its address (`network_of`); empty where many clients share one, as behind a proxy.
        begun_s: When a thread began to wait for it, by `time.monotonic`; put off as
            what came long ago is forgotten.
        moved_bytes: How many bytes it has sent or taken since then.
        held_bytes: How long the answer is that it is taking.
        holds_batch: It has one of the few slots for batches.
    """

    peer: str
    begun_s: float
    moved_bytes: int
    held_bytes: int
    holds_batch: bool


class ClientWatch:
    """The requests that wait for a thread of a worker, and the clients that threads wait for."""

    def __init__(self, *, threads: int = 1) -> None:
        """Begin with nobody.

        Args:
            threads: How many the worker has.
        """
        self._threads = threads
        # By connection, in the order in which they came: since when it has waited, and its peer.
        self._waiting: dict[object, tuple[float, str]] = {}
        self._awaited: list[Client] = []
        self._batch_wanted_s = -math.inf
        self._lock = threading.Lock()

    def wait(self, connection: object, *, peer: str = "") -> None:
        """Note that a request waits for a thread, and from which address it comes."""
        with self._lock:
            self._waiting[connection] = (time.monotonic(), peer)

    def served(self, connection: object) -> float:
        """Note that a request has its thread; return when it began to wait."""
        with self._lock:
            return self._waiting.pop(connection, (time.monotonic(), ""))[0]

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

        It is if a request has waited for long, it is slow, and no other client is slower; or if a
        batch was rejected just now, and it is slow and the slowest of those that hold one; or if
        answers take too much memory, and nobody else takes one more slowly. A quick one is to go
        too if more than half of all threads wait for its address alone, and the request comes from
        another.
        """
        now_s = time.monotonic()
        with self._lock:
            forget(client, now_s)
            late = [
                connection
                for connection, (since_s, _) in self._waiting.items()
                if now_s - since_s >= PATIENCE_S
            ]
            rates = {
                each: each.moved_bytes / (now_s - each.begun_s)
                for each in self._awaited
                if now_s - each.begun_s >= LEAST_S
            }
            slowest = sorted(rates, key=lambda each: rates[each])
            held_bytes = sum(each.held_bytes for each in self._awaited)
            takers = [each for each in slowest if each.held_bytes]
            if held_bytes > MOST_HELD_BYTES and _is_slow_among(client, takers, rates):
                return True
            batches = [
                each for each in slowest if each.holds_batch and rates[each] < DECENT_BYTES_PER_S
            ]
            is_batch_wanted = now_s - self._batch_wanted_s < BATCH_WANTED_S
            if is_batch_wanted and _is_slow_among(client, batches, rates):
                self._batch_wanted_s = -math.inf
                return True
            crowding = self._crowding_peer()
            others_wait = any(self._waiting[connection][1] != crowding for connection in late)
            slow = [
                each
                for each in slowest
                if rates[each] < DECENT_BYTES_PER_S or (others_wait and each.peer == crowding)
            ]
            if not late or not _is_slow_among(client, slow, rates, places=len(late)):
                return False
            # One client goes for each that waits.
            self._waiting.pop(late[0])
            return True

    def _crowding_peer(self) -> str | None:
        """Return the address for which more than half of all threads wait; None where none is."""
        peers = Counter(each.peer for each in self._awaited)
        peer, count = max(peers.items(), key=lambda item: item[1], default=("", 0))
        return peer if peer and 2 * count > self._threads else None


def _is_slow_among(
    client: Client, slowest: Sequence[Client], rates: Mapping[Client, float], *, places: int = 1
) -> bool:
    """Say whether a client is one of the slowest, or about as slow.

    Who asks has just sent or taken something: of clients that are equally quick it is never the
    slowest at that moment.

    Args:
        client: Any client.
        slowest: Those that may have to go, the slowest first.
        rates: How quick each client is, in bytes a second.
        places: How many are to go.
    """
    if client not in slowest:
        return False
    return rates[client] <= ABOUT * rates[slowest[min(places, len(slowest)) - 1]]


def forget(client: Client, now_s: float) -> None:
    """Let what a client sends or takes from now on count more than what it did long ago."""
    age_s = now_s - client.begun_s
    if age_s > 2 * REMEMBERED_S:
        client.moved_bytes = round(client.moved_bytes * REMEMBERED_S / age_s)
        client.begun_s = now_s - REMEMBERED_S
