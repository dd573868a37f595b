"""Zips of pictures: what is in them is read, passed over or refused, each for itself."""

import io
import stat
import struct
import zipfile
from typing import Any

import pytest
from flask.testing import FlaskClient

from serving.web.settings import Settings
from serving.web.uploads import MAX_BATCH_PICTURES, MAX_ZIP_MEMBERS
from serving.web.zip_files import list_zip
from tests.serving.web.batches import BATCH, lines, zipped


@pytest.mark.parametrize("end", [b"PK\x05\x06" + bytes(18), b"PK\x05\x06" + b"\xff" * 18])
def test_a_picture_that_ends_like_a_zip_stays_a_picture(
    end: bytes, client: FlaskClient, photo: bytes
) -> None:
    files = [(io.BytesIO(data), name) for name, data in (("a.jpg", photo + end), ("b.jpg", photo))]
    found = lines(client.post(BATCH, data={"image": files}))
    assert [line["name"] for line in found] == ["a.jpg", "b.jpg"]
    assert found[0]["answer"]["faces"] == found[1]["answer"]["faces"]


def test_folders_and_what_systems_add_are_passed_over(client: FlaskClient, empty: bytes) -> None:
    added = ("__MACOSX/._a.png", "photos/__MACOSX/._a.png", "photos/.DS_Store", "Thumbs.db")
    data = zipped({"photos/": b"", "photos/a.png": empty, **dict.fromkeys(added, b"x")})
    (line,) = lines(client.post(BATCH, data=data, content_type="application/zip"))
    assert line["name"] == "photos/a.png"


def test_a_member_without_a_name_is_read(client: FlaskClient, empty: bytes) -> None:
    # Python reads a name to its first zero byte.
    data = zipped({"QQ": empty}).replace(b"QQ", b"\0Q")
    (line,) = lines(client.post(BATCH, data=data, content_type="application/zip"))
    assert line["answer"]["faces"] == []


def test_what_unpacks_to_too_much_is_a_problem_of_its_own(
    client: FlaskClient, empty: bytes
) -> None:
    data = zipped({"bomb": bytes(Settings().max_upload_bytes * 5), "a.png": empty})
    assert len(data) < 200_000
    bomb, fine = lines(client.post(BATCH, data=data, content_type="application/zip"))
    assert bomb["problem"]["code"] == "upload_too_large"
    assert "answer" in fine


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=str
)
def test_a_damaged_member_is_a_problem_of_its_own(
    method: int, client: FlaskClient, photo: bytes
) -> None:
    data = bytearray(zipped({"a.jpg": photo, "b.jpg": photo}, method=method))
    data[100:400] = bytes(300)
    broken, fine = lines(client.post(BATCH, data=bytes(data), content_type="application/zip"))
    assert broken["problem"]["code"] == "invalid_request"
    assert fine["answer"]["faces"]


@pytest.mark.parametrize("kind", [stat.S_IFREG, stat.S_IFLNK], ids=["file", "link"])
def test_a_member_beyond_all_memory_is_a_problem_of_its_own(
    kind: int, client: FlaskClient, empty: bytes
) -> None:
    where = struct.pack("<HHQ", 1, 8, 2**64 - 1)  # in the extra field of large zips
    data = bytearray(zipped({"a.png": empty, "b.png": empty}))
    at = data.find(b"PK\x01\x02")
    data[at + 38 : at + 46] = struct.pack("<II", kind << 16, 0xFFFFFFFF)
    data[at + 30 : at + 32] = struct.pack("<H", len(where))
    data[at + 51 : at + 51] = where  # behind the head and the name
    end = data.rfind(b"PK\x05\x06")
    (size,) = struct.unpack_from("<I", data, end + 12)
    struct.pack_into("<I", data, end + 12, size + len(where))
    beyond, fine = lines(client.post(BATCH, data=bytes(data), content_type="application/zip"))
    assert beyond["problem"]["code"] == "invalid_request"
    assert "answer" in fine


def test_a_zip_of_very_many_members_is_refused_before_it_is_listed(client: FlaskClient) -> None:
    data = zipped({f"{number}/": b"" for number in range(MAX_ZIP_MEMBERS + 1)})
    answer = client.post(BATCH, data=data, content_type="application/zip")
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
    assert f"{MAX_ZIP_MEMBERS:,}" in answer.json["detail"]


@pytest.mark.parametrize("what", ["fields", "folders"])
def test_a_zip_that_says_far_too_much_of_a_file_is_refused_before_it_is_listed(
    what: str, client: FlaskClient, empty: bytes
) -> None:
    # Read as they are, 500 of the first take 16 s, and one of the second 600 MB.
    member = zipfile.ZipInfo("a.png" if what == "fields" else "a/" * 30_000 + "b.png")
    member.extra = struct.pack("<HH", 0x9999, 0) * 16_000 if what == "fields" else b""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(member, empty)
    answer = client.post(BATCH, data=buffer.getvalue(), content_type="application/zip")
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
    assert "far too" in answer.json["detail"]


def test_members_and_pictures_are_counted_over_all_zips_while_they_are_listed(
    client: FlaskClient, empty: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[object] = []

    class Counted(zipfile.ZipFile):
        def __init__(self, file: Any) -> None:
            listed.append(file)
            super().__init__(file)

    folders = zipped({f"{number}/": b"" for number in range(MAX_ZIP_MEMBERS // 2)})
    pictures = zipped({str(number): empty for number in range(MAX_BATCH_PICTURES)})
    monkeypatch.setattr(zipfile, "ZipFile", Counted)
    for data, most, said in ((folders, 2, "files and folders"), (pictures, 2, "50 pictures")):
        listed.clear()
        files = [(io.BytesIO(data), f"{number}.zip") for number in range(4)]
        answer = client.post(BATCH, data={"image": files})
        assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
        assert said in answer.json["detail"]
        assert len(listed) == most


@pytest.mark.parametrize(
    "method",
    [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA],
    ids=str,
)
def test_links_are_followed_only_where_they_cost_nothing_to_unpack(method: int) -> None:
    link = zipfile.ZipInfo("link")
    link.create_system, link.external_attr, link.compress_type = 3, stat.S_IFLNK << 16, method
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", b"content")
        archive.writestr(link, b"a")
    _, found = list_zip(buffer.getvalue())
    is_followed = method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    assert found.read(100) == (b"content" if is_followed else b"a")
