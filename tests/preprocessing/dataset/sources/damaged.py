"""Tables with odd cells and damaged archives, and a limit on what reading them may take."""

import bz2
import gzip
import io
import lzma
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from preprocessing.dataset.sources import compressed

ODD_TEXT = st.text("0123456789 \t\n\r,.-+\"'\x00\x1c\xa0\u0663", max_size=8) | st.sampled_from(
    ["\xa0", "\x1c", "9" * 5000, "x" * 140_000, "\n" * 10_000]
)


def _zipped(data: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("table.csv", data)
    return packed.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".csv": bytes,
    ".csv.gz": gzip.compress,
    ".csv.xz": lzma.compress,
    ".csv.bz2": bz2.compress,
    ".csv.zip": _zipped,
}


@st.composite
def damaged_files(draw: st.DrawFn, header: str, row: list[str]) -> tuple[str, bytes]:
    """Write odd text into some cells of a table, compress it, and change some of its bytes.

    Returns:
        The end of the file's name, and the content.
    """
    cells = [header.split(","), *([*row] for _ in range(3))]
    for _ in range(draw(st.integers(0, 2))):
        line, odd = draw(st.sampled_from(cells)), draw(ODD_TEXT)
        column = draw(st.integers(0, len(row) - 1))
        old = line[column]
        line[column] = draw(st.sampled_from([odd, odd + old, old + odd, old.replace(" ", odd, 1)]))
    suffix = draw(st.sampled_from(sorted(PACKERS)))
    content = bytearray(PACKERS[suffix]("\n".join(map(",".join, cells)).encode()))
    # Near its ends an archive says how it is packed; there a zip file says whether it is encrypted.
    edges = st.integers(0, 40) | st.integers(-90, -1) | st.just(-69)
    for _ in range(draw(st.integers(0, 2))):
        start = draw(edges | st.integers(0, len(content) - 1)) % len(content)
        if draw(st.booleans()):
            content[start] ^= 1 << draw(st.integers(0, 7))
        else:
            content[start : start + draw(st.sampled_from([1, 3, 20]))] = draw(st.binary(max_size=9))
    return suffix, bytes(content)


MOST_UNPACKED_BYTES = 1_000_000
MOST_MEMORY_FACTOR = 20
fuzzed = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@contextmanager
def within_memory(most_unpacked_bytes: int = MOST_UNPACKED_BYTES) -> Iterator[None]:
    """Limit what is unpacked, and the memory of reading to `MOST_MEMORY_FACTOR` times that."""
    tracemalloc.start()
    try:
        with mock.patch.object(compressed, "MAX_UNPACKED_BYTES", most_unpacked_bytes):
            yield
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY_FACTOR * most_unpacked_bytes
    finally:
        tracemalloc.stop()


def written(file: tuple[str, bytes], folder: Path) -> Path:
    suffix, content = file
    path = folder / f"damaged{suffix}"
    path.write_bytes(content)
    return path
