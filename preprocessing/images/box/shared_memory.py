"""Memory that two processes share, in which pictures come out of the box without a copy.

To get fresh memory from the system takes longer than to copy a picture, so it is used again.
"""

import ctypes
import gc
import itertools
import math
import mmap
import os
import tempfile
import threading
from contextlib import suppress

import numpy as np

from preprocessing.images.types import GreyImage, RgbImage

CHANNELS = 3
# Stays for the next pictures, in all: one of twelve megapixels.
KEPT_BYTES = 36_000_000
# What each piece may keep in any case: a picture for a screen.
LEAST_KEPT_BYTES = 1_000_000
KEPT_PIECES = 4
_numbers = itertools.count()


class SharedMemory:
    """A piece of memory, known to others by an open file without a name.

    Attributes:
        number: That no other piece of this process has had.
        descriptor: Of the open file.
        used_bytes: How much of it may take memory; what was never written takes none.
    """

    def __init__(self, size: int) -> None:
        """Get it from the system.

        Args:
            size: In bytes. It stays: whoever else has it can neither cut it under a reader nor let
                it grow.
        """
        self.number = next(_numbers)
        self.descriptor = _open_unnamed(size)
        self.used_bytes = 0
        self._mapped = mmap.mmap(self.descriptor, size)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self._mapped))

    def trim(self, size: int) -> bool:
        """Give back to the system what lies beyond `size`; return whether it could be done."""
        if not hasattr(mmap, "MADV_REMOVE"):
            return self.used_bytes <= size
        start = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        if start < len(self._mapped):
            self._mapped.madvise(mmap.MADV_REMOVE, start, len(self._mapped) - start)
        self.used_bytes = min(self.used_bytes, start)
        return True

    def close(self) -> None:
        """Give all of it back."""
        self._mapped.close()
        os.close(self.descriptor)


class SharedMemoryPool:
    """Pieces of shared memory for pictures, used again once their picture is gone."""

    def __init__(self, size: int) -> None:
        """Begin with none.

        Args:
            size: Of each piece, in bytes.
        """
        self._size = size
        self._idle: list[SharedMemory] = []
        # A picture can go while this very thread holds it.
        self._lock = threading.RLock()

    def take(self) -> SharedMemory:
        """Return a piece that nobody uses, the one used last if possible."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return SharedMemory(self._size)

    def give_back(self, memory: SharedMemory) -> None:
        """Keep a piece for the next picture, or close it."""
        with self._lock:
            kept = sum(each.used_bytes for each in self._idle)
            most = max(LEAST_KEPT_BYTES, KEPT_BYTES - kept)
            if len(self._idle) < KEPT_PIECES and memory.trim(most):
                self._idle.append(memory)
                return
        memory.close()

    def picture_in(
        self, memory: SharedMemory, width: int, height: int, *, in_grey: bool = False
    ) -> GreyImage | RgbImage:
        """Return the picture that a piece holds; once it is gone, the piece is given back.

        Returns:
            uint8 (height, width, 3), or (height, width) in grey.
        """
        shape = (height, width) if in_grey else (height, width, CHANNELS)
        memory.used_bytes = max(memory.used_bytes, math.prod(shape))
        return np.asarray(_Lease(self, memory, shape))

    def close(self) -> None:
        """Give all pieces that nobody uses back to the system."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()


class _Lease:
    """What a picture in shared memory holds on to, as long as any part of it is used."""

    def __init__(
        self, pool: SharedMemoryPool, memory: SharedMemory, shape: tuple[int, ...]
    ) -> None:
        self._pool, self._memory = pool, memory
        self._owner = os.getpid()
        self.__array_interface__ = {
            "version": 3,
            "shape": shape,
            "typestr": "|u1",
            "data": (memory.address, False),
        }

    def __del__(self) -> None:
        # A process that was forked has a picture in common with this one, and may not free it.
        if self._owner == os.getpid():
            self._pool.give_back(self._memory)


class SharedPixels:
    """The view that a helper has of shared memory: it writes pictures there."""

    def __init__(self) -> None:
        """Begin with no memory."""
        self._number = -1
        self._mapped: mmap.mmap | None = None

    def open(self, descriptor: int, number: int) -> None:
        """Map the piece of memory with this descriptor and number."""
        if self._mapped is None or self._number != number:
            self.drop()
            self._mapped, self._number = mmap.mmap(descriptor, 0), number

    def canvas(self, shape: tuple[int, ...]) -> GreyImage | RgbImage:
        """Return room for a picture in it, uint8 (height, width, 3) or (height, width).

        Raises:
            MemoryError: The picture is larger than the piece.
        """
        size = math.prod(shape)
        if self._mapped is None or size > len(self._mapped):
            raise MemoryError
        return np.frombuffer(self._mapped, np.uint8, size).reshape(shape)

    def write(self, pixels: GreyImage | RgbImage) -> None:
        """Write a picture, in grey or colour, into it, if it is not there already."""
        canvas = self.canvas(pixels.shape)
        if canvas.__array_interface__["data"] != pixels.__array_interface__["data"]:
            canvas[:] = pixels

    def drop(self) -> None:
        """Unmap it."""
        if self._mapped is not None:
            try:
                self._mapped.close()
            except BufferError:  # an error that was raised still holds pixels
                gc.collect()
                self._mapped.close()
            self._mapped = None


def _open_unnamed(size: int) -> int:
    if not hasattr(os, "memfd_create"):
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
        os.ftruncate(descriptor, size)
        return descriptor
    import fcntl

    descriptor = os.memfd_create("picture", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, size)
    with suppress(OSError):
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    return descriptor
