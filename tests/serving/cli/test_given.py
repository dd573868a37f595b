"""What `predict` is given as an archive: its photos are read as those of a folder are."""

import json
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from preprocessing.errors import DatasetError, MienError
from preprocessing.images.sample import sample_photo_path
from serving.__main__ import main
from serving.cli.given import GivenPicture, list_given
from serving.cli.marked_copies import prepare_copies
from tests.preprocessing.dataset.sources.drawn import tarred


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A zip as a Mac makes it: one photo, a broken one, a text, and what the system adds."""
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(sample_photo_path(), "trip/face.jpg")
        archive.writestr("trip/broken.png", b"\x89PNG\r\n\x1a\n")
        archive.writestr("trip/notes.txt", "no picture")
        archive.writestr("__MACOSX/trip/._face.jpg", b"\0\5\x16\7")
    return path


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_photos_in_an_archive_are_read(
    kind: str, packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = tmp_path / "drawn"
    if kind != "zip":
        with zipfile.ZipFile(packed) as archive:
            members = [(name, archive.read(name)) for name in archive.namelist()]
        packed = tmp_path / f"photos.{kind}"
        packed.write_bytes(tarred(members, kind.partition(".")[2]))
    assert main(["predict", str(packed), "--json", "--annotate", str(drawn)]) == 0
    said = capsys.readouterr()
    answer, broken = sorted(map(json.loads, said.out.splitlines()), key=len, reverse=True)
    assert broken["file"] == str(packed / "trip" / "broken.png")
    assert answer["file"] == str(packed / "trip" / "face.jpg")
    assert answer["faces_found"] == 1
    assert f"failed: {packed / 'trip' / 'broken.png'}: " in said.err
    assert f"{'files passed over':<34}{1:>9}  1 .txt" in said.err
    assert [file.name for file in drawn.iterdir()] == ["face.jpg.png"]


def test_what_is_packed_as_a_zip_and_holds_no_picture_is_one_file(tmp_path: Path) -> None:
    document = tmp_path / "table.xlsx"
    with zipfile.ZipFile(document, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    (given,), others = list_given([document])
    assert (given.path, given.read()) == (document, document.read_bytes())
    assert not others


@pytest.mark.parametrize("damage", ["encrypted", "cut short"])
def test_a_zip_that_cannot_be_read_says_why(damage: str, packed: Path) -> None:
    data = bytearray(packed.read_bytes())
    at = data.find(b"PK\1\2")
    if damage == "encrypted":
        data[at + 8] |= 1
    packed.write_bytes(data if damage == "encrypted" else data[:at])
    (given,), _ = list_given([packed])
    with pytest.raises(DatasetError, match=r"photos.zip .*(asks for a password|cannot be read)"):
        given.read()


def test_a_folder_without_pictures_says_what_it_holds(tmp_path: Path) -> None:
    for name in ("clip.MP4", "photos.zip"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(
        MienError, match=r"but 1 \.mp4, 1 \.zip\. Name an archive itself.*mien video"
    ):
        list_given([tmp_path])
    (tmp_path / "empty").mkdir()
    with pytest.raises(MienError, match=r"no pictures\. Name other folders"):
        list_given([tmp_path / "empty"])


def test_copies_of_pictures_of_one_name_keep_their_folders(packed: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("/C:/face.jpg", b"")
    pictures, _ = list_given([packed])
    copies = prepare_copies(tmp_path / "drawn", pictures, overwrite=False)
    assert [copies.path(each).relative_to(tmp_path).as_posix() for each in pictures] == [
        "drawn/_/C_/face.jpg.png",
        "drawn/trip/broken.png.png",
        "drawn/trip/face.jpg.png",
    ]
    with pytest.raises(MienError, match=r"face\.jpg and .*face\.jpg have the same name"):
        prepare_copies(tmp_path / "drawn", [*pictures, *pictures], overwrite=False)


@pytest.mark.parametrize("letter", ["a", "\u00e9", "\U0001f642", "\udcff"])
def test_copies_of_pictures_with_very_long_names_are_written(letter: str, tmp_path: Path) -> None:
    """One such name, as that of a photo with 252 bytes, ended the command for all pictures."""
    inside = [PurePosixPath(f"{letter * 300}{end}.jpg") for end in ("", letter)]
    pictures = [GivenPicture(tmp_path / name.name, name) for name in inside]
    copies = prepare_copies(tmp_path / "drawn", pictures, overwrite=False)
    for picture in pictures:
        copies.write(picture, np.zeros((2, 2, 3), np.uint8))
    names = [path.name for path in copies.folder.iterdir()]
    assert len(names) == len(pictures)
    assert all(name.endswith(".png") and len(name.encode()) <= 255 for name in names)
    with pytest.raises(MienError, match="is there already"):
        prepare_copies(tmp_path / "drawn", pictures, overwrite=False)


def test_only_the_copy_is_missing_whose_folders_no_path_can_name(tmp_path: Path) -> None:
    inside = [PurePosixPath("a/" * 3_000 + "a.jpg"), PurePosixPath("a.jpg")]
    pictures = [GivenPicture(tmp_path / name.name, name) for name in inside]
    copies = prepare_copies(tmp_path / "drawn", pictures, overwrite=False)
    with pytest.raises(OSError, match="too long"):
        copies.write(pictures[0], np.zeros((2, 2, 3), np.uint8))
    copies.write(pictures[1], np.zeros((2, 2, 3), np.uint8))
    assert copies.path(pictures[1]).is_file()


def test_a_copy_of_a_picture_whose_name_no_file_can_have_is_written(tmp_path: Path) -> None:
    """A tar file may name it so; that ended the command for all pictures, in Python's words."""
    member = tarfile.TarInfo("a.png")
    member.pax_headers = {"path": "a\0b.png"}
    packed = tmp_path / "photos.tar"
    with tarfile.open(packed, "w") as archive:
        archive.addfile(member)
    (picture,), _ = list_given([packed])
    copies = prepare_copies(tmp_path / "drawn", [picture], overwrite=False)
    copies.write(picture, np.zeros((2, 2, 3), np.uint8))
    assert [path.name for path in copies.folder.iterdir()] == ["a_b.png.png"]
