"""Read compressed files, and name what is damaged."""

import bz2
import gzip
import lzma
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import IO, Any, BinaryIO

from preprocessing.dataset.sources.unread import advice_for
from preprocessing.errors import DatasetError
from preprocessing.runtime.files import open_to_read, read_at_most
from preprocessing.runtime.zip_content import UNPACKING_ERRORS

# FER2013's CSV has 301 MB.
MAX_UNPACKED_BYTES = 1_000_000_000
HEAD_BYTES = 1024

_COMPRESSIONS: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"\xfd7zXZ\0": lzma.open,
    b"BZh": bz2.open,
}


def read_decompressed(file: Path | BinaryIO, name: str) -> bytes:
    """Return the content of a file that is no archive, decompressed where it is compressed.

    Raises:
        DatasetError: It is missing, damaged or too large.
    """
    with damage_named(name), decompressed(file, read_head(file)) as unpacked:
        data = read_at_most(unpacked, MAX_UNPACKED_BYTES + 1)
    return check_size(data, name)


def check_size(data: bytes, name: str) -> bytes:
    """Return unpacked content that is not too large.

    Raises:
        DatasetError: It is.
    """
    if len(data) > MAX_UNPACKED_BYTES:
        raise DatasetError(
            f"{name} unpacks to more than {MAX_UNPACKED_BYTES:,} bytes. Cut it into several files."
        )
    return data


@contextmanager
def damage_named(name: str) -> Iterator[None]:
    """Turn what goes wrong while a file is unpacked into an error that names it.

    Raises:
        DatasetError: Something went wrong.
    """
    try:
        yield
    except PermissionError as error:
        raise DatasetError(f"{name} may not be read. Change its permissions.") from error
    except (*UNPACKING_ERRORS, LookupError, tarfile.TarError) as error:
        advice = advice_for([PurePath(name).suffix.lower()]) or " Download it again."
        raise DatasetError(f"{name} cannot be read: {error}.{advice}") from error


def read_head(file: Path | BinaryIO) -> bytes:
    """Return how a file begins, up to `HEAD_BYTES`."""
    if isinstance(file, Path):
        with damage_named(str(file)), open_to_read(file) as opened:
            return read_at_most(opened, HEAD_BYTES)
    file.seek(0)
    return file.read(HEAD_BYTES)


@contextmanager
def decompressed(file: Path | BinaryIO, head: bytes) -> Iterator[IO[bytes]]:
    """Open a file, by what it begins with, so that it is read decompressed."""
    if isinstance(file, Path):
        with open_to_read(file) as opened, decompressed(opened, head) as unpacked:
            yield unpacked
        return
    file.seek(0)
    for magic, decompress in _COMPRESSIONS.items():
        if head.startswith(magic):
            with decompress(file) as reader:
                yield reader
            return
    yield file
