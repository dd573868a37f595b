"""Look into archives and compressed files of every kind that people have."""

import bz2
import gzip
import lzma
import struct
import tarfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO

from preprocessing.dataset.sources.files import is_system
from preprocessing.errors import DatasetError
from preprocessing.images.formats.kinds import TAR_MAGIC, TAR_MAGIC_AT
from preprocessing.runtime.files import read_at_most
from preprocessing.runtime.zip_names import name_in_zip

# FER2013's CSV has 301 MB.
MAX_UNPACKED_BYTES = 1_000_000_000
HEAD_BYTES = 1024

_COMPRESSIONS: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"\xfd7zXZ\0": lzma.open,
    b"BZh": bz2.open,
}
_IS_ENCRYPTED = 1
ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
"""How zip files begin."""
_UNREAD = {b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!": "RAR", b"\x28\xb5\x2f\xfd": "Zstandard"}
# A zip file that is encrypted, or packed in a way that is not known, is a RuntimeError.
_UNPACKING_ERRORS = (
    OSError, EOFError, ValueError, OverflowError, RuntimeError, LookupError, struct.error,
    lzma.LZMAError, zlib.error, zipfile.BadZipFile, tarfile.TarError,
)  # fmt: skip


class Archive(ABC):
    """The files in a zip or tar file, without folders and what systems add.

    Attributes:
        names: Their paths, with "/" between folders.
        sizes: Their unpacked sizes in bytes, in the same order.
    """

    names: tuple[str, ...]
    sizes: tuple[int, ...]

    @abstractmethod
    def contents(self, positions: Iterable[int], *, limit: int) -> Iterator[bytes | DatasetError]:
        """Yield the first `limit` bytes of the files at some positions, which must rise.

        In place of a file that is damaged or asks for a password its error is yielded.

        Raises:
            DatasetError: The archive is damaged as a whole.
        """


class ZipArchive(Archive):
    """The files in a zip file."""

    def __init__(self, file: Path | BinaryIO, name: str) -> None:
        """Open it.

        Args:
            file: Its path, or an open file.
            name: For messages.

        Raises:
            DatasetError: It is damaged, or asks for a password.
        """
        self._name = name
        with damage_named(name):
            self._zip = zipfile.ZipFile(file)
        members = [
            (_with_slashes(name_in_zip(each)), each)
            for each in self._zip.infolist()
            if each.filename and not each.is_dir()
        ]
        kept = sorted(
            (pair for pair in members if not is_system(PurePosixPath(pair[0]))),
            key=lambda pair: PurePosixPath(pair[0]),
        )
        if any(each.flag_bits & _IS_ENCRYPTED for _, each in kept):
            raise DatasetError(
                f"{name} is encrypted: it asks for a password. Unpack it, and name the folder or "
                "the file in it."
            )
        self.names = tuple(path for path, _ in kept)
        self.sizes = tuple(each.file_size for _, each in kept)
        self._members = [each for _, each in kept]

    def contents(self, positions: Iterable[int], *, limit: int) -> Iterator[bytes | DatasetError]:
        """Yield how the files at some positions begin, as `Archive.contents` does."""
        for position in positions:
            try:
                with damage_named(self._name), self._zip.open(self._members[position]) as file:
                    content = read_at_most(file, limit)
            except DatasetError as error:
                yield error
            else:
                yield content


class _Tar(Archive):
    """Its files stay in the archive's order: to go back means to read it again from its start."""

    def __init__(self, file: Path | BinaryIO, name: str) -> None:
        self._file, self._name = file, name
        with damage_named(name), self._open() as archive:
            kept = [
                (number, _with_slashes(each.name), each.size)
                for number, each in enumerate(archive)
                if each.isfile() and not is_system(PurePosixPath(_with_slashes(each.name)))
            ]
        self._numbers = [number for number, _, _ in kept]
        self.names = tuple(path for _, path, _ in kept)
        self.sizes = tuple(size for _, _, size in kept)

    def contents(self, positions: Iterable[int], *, limit: int) -> Iterator[bytes | DatasetError]:
        wanted = {self._numbers[position] for position in positions}
        with damage_named(self._name), self._open() as archive:
            for number, member in enumerate(archive):
                if number in wanted and (file := archive.extractfile(member)) is not None:
                    yield read_at_most(file, limit)

    def _open(self) -> tarfile.TarFile:
        if isinstance(self._file, Path):
            return tarfile.open(self._file)
        self._file.seek(0)
        return tarfile.open(fileobj=self._file)


def open_archive(file: Path | BinaryIO, name: str) -> Archive | None:
    """Open a zip or tar file, also a compressed tar file, by its content.

    Args:
        file: Its path, or an open file.
        name: For messages.

    Returns:
        The archive, or None where the file is none.

    Raises:
        DatasetError: It is damaged, or of a kind that cannot be read here.
    """
    head = _head(file)
    for magic, kind in _UNREAD.items():
        if head.startswith(magic):
            raise DatasetError(
                f"{name} is a {kind} archive, which cannot be read here. Unpack it, and name the "
                "folder or the file in it."
            )
    if head.startswith(ZIP_MAGIC):
        return ZipArchive(file, name)
    with damage_named(name), _decompressed(file, head) as unpacked:
        is_tar = unpacked.read(HEAD_BYTES).startswith(TAR_MAGIC, TAR_MAGIC_AT)
    return _Tar(file, name) if is_tar else None


def read_decompressed(file: Path | BinaryIO, name: str) -> bytes:
    """Return the content of a file that is no archive, decompressed where it is compressed.

    Raises:
        DatasetError: It is missing, damaged or too large.
    """
    with damage_named(name), _decompressed(file, _head(file)) as unpacked:
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
    except _UNPACKING_ERRORS as error:
        raise DatasetError(f"{name} cannot be read: {error}. Download it again.") from error


def _head(file: Path | BinaryIO) -> bytes:
    if isinstance(file, Path):
        with damage_named(str(file)), file.open("rb") as opened:
            return opened.read(HEAD_BYTES)
    file.seek(0)
    return file.read(HEAD_BYTES)


@contextmanager
def _decompressed(file: Path | BinaryIO, head: bytes) -> Iterator[IO[bytes]]:
    if isinstance(file, Path):
        with file.open("rb") as opened, _decompressed(opened, head) as unpacked:
            yield unpacked
        return
    file.seek(0)
    for magic, decompress in _COMPRESSIONS.items():
        if head.startswith(magic):
            with decompress(file) as reader:
                yield reader
            return
    yield file


def _with_slashes(name: str) -> str:
    """Return a member's path as it is meant where Windows wrote it."""
    return name if "/" in name else name.replace("\\", "/")
