"""Look into archives of every kind that people have."""

import math
import tarfile
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from preprocessing.dataset.sources.compressed import (
    HEAD_BYTES,
    damage_named,
    decompressed,
    read_head,
)
from preprocessing.dataset.sources.files import is_system
from preprocessing.errors import DatasetError
from preprocessing.images.formats.kinds import TAR_MAGIC, TAR_MAGIC_AT
from preprocessing.runtime.files import read_at_most
from preprocessing.runtime.zip_content import unpack
from preprocessing.runtime.zip_names import name_in_zip

# A small tar file can name more files than memory holds names of.
MOST_MEMBERS = 3_000_000
# Size of what a member of a tar file says of itself, such as a long name.
MOST_HEAD_BYTES = 1_000_000
_IS_ENCRYPTED = 1
ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
"""How zip files begin."""
_UNREAD = {b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!": "RAR", b"\x28\xb5\x2f\xfd": "Zstandard"}


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
            (pair for pair in members if _is_wanted(pair[0])),
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
                with damage_named(self._name):
                    content = unpack(self._zip, self._members[position], most_bytes=limit)
            except DatasetError as error:
                yield error
            else:
                yield content


class _HeadReader:
    """A file that fails to read once a member's head is longer than `MOST_HEAD_BYTES`."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.seek, self.tell = file, file.seek, file.tell
        self.left: float = MOST_HEAD_BYTES

    def read(self, size: int) -> bytes:
        self.left -= size
        if self.left < 0:
            raise tarfile.ReadError("what it says of a file is far too long")
        return self._file.read(size)


class _Tar(Archive):
    """Its files stay in the archive's order: only to go back means to read it from its start."""

    def __init__(self, file: Path | BinaryIO, name: str) -> None:
        self._file, self._name = file, name
        with damage_named(name):
            kept = [
                (number, _with_slashes(each.name), each.size)
                for number, (each, _) in enumerate(_members_of_tar(self._file, self._name))
                if each.isfile() and _is_wanted(_with_slashes(each.name))
            ]
        self._numbers = [number for number, _, _ in kept]
        self.names = tuple(path for _, path, _ in kept)
        self.sizes = tuple(size for _, _, size in kept)
        self._rest, self._next = enumerate(_members_of_tar(self._file, self._name)), 0

    def contents(self, positions: Iterable[int], *, limit: int) -> Iterator[bytes | DatasetError]:
        for position in positions:
            with damage_named(self._name):
                content = read_at_most(self._go_to(self._numbers[position]), limit)
            yield content

    def _go_to(self, wanted: int) -> IO[bytes]:
        """Return the content of a member, going on from where the last one was read."""
        if wanted < self._next:
            self._rest, self._next = enumerate(_members_of_tar(self._file, self._name)), 0
        for number, (_, file) in self._rest:
            self._next = number + 1
            if number == wanted and file is not None:
                return file
        raise tarfile.ReadError("it has changed")


def _members_of_tar(
    file: Path | BinaryIO, name: str
) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """Yield each member's head, and its content if it is a file; none is kept in memory.

    The file stays open until this is at its end, or is let go of.
    """
    with decompressed(file, read_head(file)) as unpacked:
        reader = _HeadReader(unpacked)
        with tarfile.open(fileobj=reader, mode="r:") as archive:  # type: ignore[call-overload]
            for _ in range(MOST_MEMBERS):
                reader.left = MOST_HEAD_BYTES
                member = archive.next()
                if member is None:
                    return
                archive.members.clear()
                reader.left = math.inf
                yield member, archive.extractfile(member) if member.isfile() else None
    raise DatasetError(
        f"{name} holds more than {MOST_MEMBERS:,} files. Cut it into several archives."
    )


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
    head = read_head(file)
    for magic, kind in _UNREAD.items():
        if head.startswith(magic):
            raise DatasetError(
                f"{name} is a {kind} archive, which cannot be read here. Unpack it, and name the "
                "folder or the file in it."
            )
    if head.startswith(ZIP_MAGIC):
        return ZipArchive(file, name)
    with damage_named(name), decompressed(file, head) as unpacked:
        is_tar = read_at_most(unpacked, HEAD_BYTES).startswith(TAR_MAGIC, TAR_MAGIC_AT)
    return _Tar(file, name) if is_tar else None


def _is_wanted(path: str) -> bool:
    """Say whether a member has a name, unlike ".", and is neither hidden nor a system's own."""
    parts = PurePosixPath(path)
    return bool(parts.name) and not is_system(parts)


def _with_slashes(name: str) -> str:
    """Return a member's path with slashes for the backslashes that Windows writes."""
    return name if "/" in name else name.replace("\\", "/")
