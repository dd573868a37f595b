import bz2
import lzma
from pathlib import Path

import pytest
from PIL import Image

from preprocessing.dataset.sources.files import list_folder
from preprocessing.errors import UnsupportedImageError
from preprocessing.images.decode import decode_here
from preprocessing.images.formats.kinds import HEAD_BYTES, Kind, find_picture
from preprocessing.images.formats.others import name_of_other
from tests.tools.picture_files import encode

PICTURE = Image.new("RGB", (40, 30), "green")
ENCODED = {
    Kind.JPEG: encode(PICTURE, "JPEG"),
    Kind.PNG: encode(PICTURE, "PNG"),
    Kind.GIF: encode(PICTURE, "GIF"),
    Kind.WEBP: encode(PICTURE, "WEBP"),
    Kind.BMP: encode(PICTURE, "BMP"),
    Kind.ICON: encode(PICTURE, "ICO"),
    Kind.TIFF: encode(PICTURE, "TIFF"),
    Kind.HEIC: encode(PICTURE, "HEIF"),
    Kind.AVIF: encode(PICTURE, "AVIF"),
    Kind.PNM: encode(PICTURE, "PPM"),
}


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_told_by_its_first_bytes(kind: Kind) -> None:
    assert find_picture(ENCODED[kind]) == (kind, 0)
    assert find_picture(ENCODED[kind][:HEAD_BYTES]) == (kind, 0)


@pytest.mark.parametrize("kind", Kind)
def test_a_picture_in_a_folder_is_known_by_what_it_holds(kind: Kind, tmp_path: Path) -> None:
    (tmp_path / "picture.odd").write_bytes(ENCODED[kind])
    assert list_folder(tmp_path).pictures == (Path("picture.odd"),)


@pytest.mark.parametrize(
    "notes", ["P1 23 female\nP2 31\n", "P1 23 1\nP2 31 0\n", "P5\t1\thappy\n", "P7 ANNA 22\n"]
)
def test_notes_on_people_are_no_picture(notes: str, tmp_path: Path) -> None:
    """Beside class folders they would be a picture without a label."""
    (tmp_path / "participants").write_text(notes, "utf-8")
    assert list_folder(tmp_path).pictures == ()


@pytest.mark.parametrize("kind", [Kind.JPEG, Kind.PNG, Kind.GIF])
def test_a_picture_behind_a_little_junk_is_found(kind: Kind) -> None:
    assert find_picture(b"junk" + ENCODED[kind]) == (kind, 4)
    assert find_picture(b"j" * 5_000 + ENCODED[kind]) is None


@pytest.mark.parametrize(
    "head",
    [
        b"%PDF-1.7\n", b"PK\3\4", b"ID3\4", b"<html>", b'{"image": "', b"\xef\xbb\xbf<svg>",
        b"RIFF\0\0\0\0AVI ", b"\x7fELF", b"MZ", b"\0\0\0\x18ftypmp42", b"PAR1\x15\4",
        b"\x80\4\x95\0\0", b"0001.jpg".ljust(257, b"\0") + b"ustar  ".ljust(255, b"\0"),
    ],
)  # fmt: skip
def test_other_kinds_that_hold_a_picture_are_none(head: bytes) -> None:
    assert find_picture(head + ENCODED[Kind.JPEG]) is None


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\xff\x0a\xfa", "a JPEG XL file"), (b"\0\0\0\x0cJXL \r\n", "a JPEG XL file"),
        (b"\0\0\0\x0cjP  \r\n", "a JPEG 2000 file"), (b"\xff\x4f\xff\x51", "a JPEG 2000 file"),
        (b"<svg xmlns=", "an SVG drawing"), (b'<?xml version="1.0"?>\n<svg ', "an SVG drawing"),
        (b"8BPS\0\1", "a Photoshop file"), (b"%PDF-1.7", "a PDF file"),
        (b"\0\0\0\x18ftypcrx ", "a camera's raw file"), (b"\0\0\0\x18ftypmp42", "a video"),
        (b"IIU\0\x18\0\0\0", "a camera's raw file"), (b"IIRO\x08\0", "a camera's raw file"),
        (b"\r\n<!DOCTYPE html>", "a web page"), (b"<html lang=", "a web page"),
        (b"<?xml version='1.0'?><html>", "not a picture"),
        (b'<?xml version="1.0"?>\n<!-- Made with a program -->\n<svg', "an SVG drawing"),
        (b'<!DOCTYPE svg PUBLIC "" "" [\n<!ENTITY a "b>">\n]>\n<!-- a --><svg', "an SVG drawing"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "a video"), (b"\x1aE\xdf\xa3", "a video"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\4CgBI", "a PNG file as it lies in an app"),
        (b"PK\3\4\n\0", "an archive or a document"), (b"%!PS-Adobe", "a PostScript file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an archive or a document"),
        (b"{\\rtf1\\ansi", "an archive or a document"), (b"AT&TFORM", "an archive or a document"),
        (b"\0\5\x16\7\0\2\0\0Mac OS X", "a Mac's record of another file"),
        (b"0001.jpg".ljust(257, b"\0") + b"ustar", "an archive or a document"),
        (lzma.compress(b"1"), "an archive or a document"),
        (bz2.compress(b"1"), "an archive or a document"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "what Git keeps .* git lfs pull"),
        (b"PAR1\x15\4", "a file of tables"), (b"\x93NUMPY\1\0", "a file of tables"),
        (b"\x80\4\x95\0\0", "a file of tables"), (b"\x89HDF\r\n\x1a\n", "a file of tables"),
        (b"II\xbc\1", "a JPEG XR file"), (b"icns\0\0\0\x08", "an Apple icon"),
        (b"/9j/4AAQSkZJRg", "Base64 text"), (b"data:image/png;base64,iVBORw0KGgo", "Base64 text"),
        ("\xff\xd8\xff\xe0".encode(), "a picture that was sent as text"),
        ("\ufffd\ufffd\ufffd\ufffd".encode(), "a picture that was sent as text"),
        (b"\x89PNG\n\x1a\n", "a picture that was sent as text"),
    ],
)  # fmt: skip
def test_formats_that_are_not_read_are_named(head: bytes, name: str) -> None:
    with pytest.raises(UnsupportedImageError, match=f"This is {name}.* Send a JPEG"):
        decode_here(head + bytes(1_000))


def test_a_file_of_comments_is_named_at_once() -> None:
    assert name_of_other(b"<!-- -->" * 1_000 + b"<sv") is None
    assert name_of_other(b"<!--" * 100_000) is None
