"""How many requests are worked on at once, and how many of one address."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from serving.web.problems import BusyError
from serving.web.slots import SUSPECT_CAPACITY, most_taken

SUSPECTS = "suspects"


class Capacity:
    """Slots for the requests that are worked on at once.

    Addresses share them evenly: whether an address gets one more depends on how many it would then
    hold, and of what others hold no more than that number counts. So an address with many requests
    keeps no other out.
    """

    def __init__(self, capacity: int, *, addresses: int | None = None) -> None:
        """Start with all of them free.

        Args:
            capacity: How many there are.
            addresses: How many addresses may have one each; by default as many as there are slots.
                Beyond those, an address has its first slot alone.
        """
        self._capacity = capacity
        self._addresses = capacity if addresses is None else addresses
        # By the address that holds them.
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def take(self, address: str = "", *, is_suspect: bool = False) -> Iterator[None]:
        """Take a slot for a request.

        Args:
            address: From which it comes.
            is_suspect: It is under suspicion, so its requests take no slots from others.

        Raises:
            BusyError: All slots are taken.
        """
        holder = SUSPECTS if is_suspect else address
        with self._lock:
            if not self._has_slot(holder):
                raise BusyError(
                    "More pictures arrive than can be looked at. Try again in a moment."
                )
            self._taken[holder] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[holder] -= 1
                self._taken += Counter()  # forgets addresses without a slot

    def _has_slot(self, holder: str) -> bool:
        if holder == SUSPECTS:
            return self._taken[SUSPECTS] < SUSPECT_CAPACITY
        would_hold = self._taken[holder] + 1
        others = [count for each, count in self._taken.items() if each not in (holder, SUSPECTS)]
        counted = would_hold + sum(min(count, would_hold) for count in others)
        return counted <= (self._addresses if would_hold == 1 else self._capacity)

    @property
    def most_taken(self) -> int:
        """How many requests have one at once at most."""
        return most_taken(self._capacity, addresses=self._addresses)

    @property
    def fraction_taken(self) -> float:
        """The fraction of the slots that are taken, 0 to 1."""
        with self._lock:
            taken = self._taken.total() - self._taken[SUSPECTS]
        return min(1.0, taken / self._capacity)


@contextmanager
def hold_for_client(slot: AbstractContextManager[None], client: Any) -> Iterator[None]:
    """Hold a slot for what a client sends and takes, which gives it up where others want it.

    Args:
        slot: Of `Capacity.take`.
        client: Its connection. If that is a `ClientSocket`, it gives way where it is slow and
            another one has just been rejected.

    Raises:
        BusyError: All slots are taken.
    """
    can_give_way = hasattr(client, "watch")
    with ExitStack() as held:
        try:
            held.enter_context(slot)
        except BusyError:
            if can_give_way:
                client.watch.want_batch()
            raise
        if can_give_way:
            client.holds_batch = True
        yield
