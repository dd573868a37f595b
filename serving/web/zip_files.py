"""Find the pictures in a zip, as different systems write them."""

import io
import posixpath
import stat
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from preprocessing.dataset.sources.files import SYSTEM_NAMES
from preprocessing.runtime.zip_content import UNPACKING_ERRORS, unpack
from preprocessing.runtime.zip_names import name_in_zip
from serving.web.problems import InvalidRequestError

# In all zips of a request, folders included: to list millions would take long.
MAX_ZIP_MEMBERS = 1_000
_MEMBER = b"PK\x01\x02"
# Where the lengths of name, extra fields and comment stand in the head of a member; and the most
# that they have together, for to read long ones takes time by the square of their length.
_LENGTHS_AT, _LENGTHS = 28, struct.Struct("<HHH")
MOST_HEAD_BYTES = 4_000
# What systems add of themselves to a zip: files and folders.
_ADDED_BY_SYSTEMS = SYSTEM_NAMES | {
    ".ds_store", "icon\r", ".spotlight-v100", ".trashes", ".fseventsd",
}  # fmt: skip
# What macOS keeps of a file beside its content, where a disk has no room of its own for it.
_APPLE_DOUBLE = "._"
_IS_ENCRYPTED = 0x1
_UNIX = 3
# How links are packed. Others would be unpacked as a whole, a thousand of them before any picture.
_PACKINGS_OF_LINKS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
MOST_LINKS, MOST_LINK_BYTES = 8, 4_096


@dataclass(frozen=True, eq=False)
class ZippedFile:
    """A file in a zip.

    Attributes:
        name: Its path in the zip, as it was packed.
        archive: The zip.
        member: Where its content is.
    """

    name: str
    archive: zipfile.ZipFile
    member: zipfile.ZipInfo

    def read(self, most_bytes: int) -> bytes:
        """Unpack at most this many bytes, whatever size the zip declares.

        Raises:
            InvalidRequestError: It cannot be unpacked.
        """
        if self.member.flag_bits & _IS_ENCRYPTED:
            raise InvalidRequestError(
                "This file is protected by a password. Pack it without one and try again."
            )
        try:
            return unpack(self.archive, _follow(self.archive, self.member), most_bytes=most_bytes)
        except (*UNPACKING_ERRORS, MemoryError):
            raise InvalidRequestError(
                "This file cannot be unpacked: the zip is damaged, or packed in a rare way. Pack "
                "it again and retry."
            ) from None


def is_zip(data: bytes) -> bool:
    """Say whether it is a zip. A picture may end like one, and stays a picture."""
    return data.startswith(b"PK") and zipfile.is_zipfile(io.BytesIO(data))


def count_members(data: bytes) -> int:
    """Count the files and folders of a zip, roughly, without reading its directory.

    Raises:
        InvalidRequestError: A name, or the metadata beside it, is far too long.
    """
    count, at = 0, data.find(_MEMBER)
    while at >= 0 and count <= MAX_ZIP_MEMBERS:
        lengths = data[at + _LENGTHS_AT : at + _LENGTHS_AT + _LENGTHS.size]
        if len(lengths) == _LENGTHS.size and sum(_LENGTHS.unpack(lengths)) > MOST_HEAD_BYTES:
            raise InvalidRequestError(
                "The zip names a file in far too many letters, or says far too much of it. Pack "
                "the pictures again and retry."
            )
        count, at = count + 1, data.find(_MEMBER, at + len(_MEMBER))
    return count


def list_zip(data: bytes) -> list[ZippedFile]:
    """List the files of a zip, without folders and what systems add of themselves.

    Raises:
        InvalidRequestError: It cannot be read.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, OSError):
        raise InvalidRequestError(
            "The zip cannot be read: it is damaged or cut short. Pack it again and retry."
        ) from None
    return list(_files(archive))


def _files(archive: zipfile.ZipFile) -> Iterator[ZippedFile]:
    for member in archive.infolist():
        name = name_in_zip(member)
        parts = name.split("/")
        # Not `is_dir`, which fails where the name is empty.
        is_folder = name.endswith("/")
        is_added = any(
            part.lower() in _ADDED_BY_SYSTEMS or part.startswith(_APPLE_DOUBLE) for part in parts
        )
        if is_folder or is_added or _leads_to_folder(archive, member):
            continue
        yield ZippedFile(name, archive, member)


def _is_link(member: zipfile.ZipInfo) -> bool:
    is_link = member.create_system == _UNIX and stat.S_ISLNK(member.external_attr >> 16)
    return is_link and member.compress_type in _PACKINGS_OF_LINKS


def _target(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> str:
    """Return the path in the zip to which a link leads; it may lead outside."""
    text = unpack(archive, member, most_bytes=MOST_LINK_BYTES).decode("utf-8", "replace")
    return posixpath.normpath(posixpath.join(posixpath.dirname(member.filename), text))


def _leads_to_folder(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    """Say whether a member is a link to a folder of the zip, whose files are listed anyway."""
    if not _is_link(member):
        return False
    try:
        folder = f"{_target(archive, member)}/"
        return any(name.startswith(folder) for name in archive.NameToInfo)
    except (*UNPACKING_ERRORS, MemoryError):
        return False


def _follow(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """Follow links within the zip.

    Raises:
        InvalidRequestError: One leads outside, or to nothing.
    """
    for _ in range(MOST_LINKS):
        if not _is_link(member):
            return member
        found = archive.NameToInfo.get(_target(archive, member))
        if found is None:
            break
        member = found
    raise InvalidRequestError("This file is a link to something that is not in the zip.")
