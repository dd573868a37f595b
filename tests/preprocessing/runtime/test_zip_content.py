"""Single files of a zip: whatever packed them, no more of one is unpacked than is asked for."""

import io
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest

from preprocessing.runtime.zip_content import unpack

METHODS = pytest.mark.parametrize(
    "method",
    [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA],
    ids=str,
)
BOMB_BYTES, MOST_BYTES = 40_000_000, 100_000
# Tables and dictionaries of the unpackers: LZMA has eight megabytes for this.
LEAST_NEEDED_BYTES = 12_000_000


def packed(content: bytes, *, method: int) -> tuple[zipfile.ZipFile, zipfile.ZipInfo]:
    """Pack a file into a zip; return both, to be unpacked."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("a", content)
    opened = zipfile.ZipFile(buffer)
    return opened, opened.infolist()[0]


@METHODS
def test_a_file_is_unpacked_as_it_was(method: int) -> None:
    content = np.random.default_rng(0).integers(0, 255, 50_000, np.uint8).tobytes()
    archive, member = packed(content, method=method)
    assert unpack(archive, member, most_bytes=len(content) + 1) == content
    assert unpack(archive, member, most_bytes=1_000) == content[:1_000]


@METHODS
def test_an_empty_file_is_empty(method: int) -> None:
    assert unpack(*packed(b"", method=method), most_bytes=9) == b""


@METHODS
def test_no_more_of_a_bomb_is_unpacked_than_is_asked_for(method: int) -> None:
    archive, member = packed(bytes(BOMB_BYTES), method=method)
    tracemalloc.start()
    try:
        assert unpack(archive, member, most_bytes=MOST_BYTES) == bytes(MOST_BYTES)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < MOST_BYTES + LEAST_NEEDED_BYTES


@METHODS
def test_a_wrong_checksum_is_noticed(method: int) -> None:
    archive, member = packed(b"content", method=method)
    member.CRC ^= 1
    with pytest.raises(zipfile.BadZipFile):
        unpack(archive, member, most_bytes=100)


def test_lzma_ends_where_the_zip_says_so() -> None:
    # As programs write it that set no mark at its end: what fills it up passes for more content.
    content = b"a picture, and what fills it up"
    archive, member = packed(content, method=zipfile.ZIP_LZMA)
    member.file_size, member.CRC = 9, zlib.crc32(content[:9])
    assert unpack(archive, member, most_bytes=100) == content[:9]
