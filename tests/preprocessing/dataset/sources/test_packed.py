"""Archives of pictures: read without unpacking them, whole or damaged."""

import contextlib
import gc
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from preprocessing.dataset.sources import archives
from preprocessing.dataset.sources.archives import open_archive
from preprocessing.dataset.sources.compressed import decompressed
from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.reading import Reading
from preprocessing.dataset.sources.types import SourceKind
from preprocessing.errors import DatasetError, ImageDecodeError, ImageTooLargeError
from tests.preprocessing.dataset.sources.damaged import fuzzed
from tests.preprocessing.dataset.sources.drawn import png, tarred, write_folders, zipped


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar"])
def test_pictures_in_an_archive_are_read_without_unpacking_it(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "unpacked"
    write_folders(folder, ("train", "test"), ("happy", "sad"))
    (folder / "train" / "sad" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "notes.pdf").write_bytes(b"%PDF")
    (folder / "cameras.csv").write_text("camera,lens\nA,35 mm\n", encoding="utf-8")
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    members = [(f"set/{file.relative_to(folder).as_posix()}", file.read_bytes()) for file in files]
    members.append(("__MACOSX/set/train/happy/._0_0.png", b"\0\5"))
    packed = zipped(members) if kind == "zip" else tarred(members, kind.partition(".")[2])
    path = tmp_path / f"set.{kind}"
    path.write_bytes(packed)
    source, plain = open_source(path), list(open_source(folder).items())
    items = list(source.items())
    assert source.kind is SourceKind.CLASS_FOLDERS
    assert [(item.name, item.label, item.split) for item in items] == [
        (f"set/{item.name}", item.label, item.split) for item in plain
    ]
    for packed_item, item in zip(items, plain, strict=True):
        if "broken" not in item.name:
            np.testing.assert_array_equal(packed_item.load(), item.load())
    assert [item.row for item in source.items(3)] == list(range(3, len(items)))
    passed_over = {f"{end} files that are no pictures": 1 for end in (".pdf", ".csv")}
    assert source.passed_over == passed_over


def test_rows_of_pixels_are_read_though_a_picture_lies_beside_them_and_a_header_lacks(
    tmp_path: Path,
) -> None:
    rows = "".join(f"3,{' '.join([str(grey)] * 48 * 48)},Training\n" for grey in range(3))
    path = tmp_path / "set.zip"
    path.write_bytes(zipped([("fer.csv", rows.encode()), ("logo.png", png(0))]))
    assert open_source(path).counts == {("happy", "train"): 3}


class _NameOfAMac(zipfile.ZipInfo):
    """A member whose name is UTF-8, which the zip does not say."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - as zipfile calls it
        return self.filename.encode(), 0


def test_folders_in_a_zip_of_a_mac_have_their_own_letters(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, label in enumerate(("glücklich", "müde")):
            archive.writestr(_NameOfAMac(f"set/{label}/0.png"), png(number))
    source = open_source(path, Reading(own_labels=("glücklich", "müde")))
    assert source.counts == {("glücklich", "train"): 1, ("müde", "train"): 1}


PACKED = {
    kind: (zipped if kind == "zip" else partial(tarred, kind=kind.partition(".")[2]))(
        [(f"set/{label}/{n}.png", png(n)) for label in ("happy", "sad") for n in range(2)]
        + [("set/notes.txt", b"notes"), ("set/happy/odd", png(5))]
    )
    for kind in ("zip", "tar", "tar.gz", "tar.bz2", "tar.xz")
}


@fuzzed
@given(data=st.data())
def test_damage_to_an_archive_of_pictures_gives_pictures_or_a_named_error(
    data: st.DataObject, tmp_path: Path
) -> None:
    kind = data.draw(st.sampled_from(sorted(PACKED)))
    content = bytearray(PACKED[kind])
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content) - 1) | st.integers(0, 600)) % len(content)
        content[start : start + data.draw(st.sampled_from([1, 3, 20]))] = data.draw(
            st.binary(max_size=9)
        )
    path = tmp_path / f"set.{kind}"
    path.write_bytes(content)
    try:
        items = list(open_source(path).items())
    except DatasetError:
        return
    for item in items:
        assert item.label in ("happy", "sad", None)
        with contextlib.suppress(ImageDecodeError, ImageTooLargeError):
            assert item.load().ndim in (2, 3)


def test_a_tar_file_is_read_on_from_where_it_was_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anew for each picture, it would be read by the square of their number."""
    path = tmp_path / "a.tar.gz"
    path.write_bytes(tarred([(f"{number}.png", png(number)) for number in range(9)]))
    archive = open_archive(path, path.name)
    assert archive is not None
    opened = []
    monkeypatch.setattr(
        archives, "decompressed", lambda *of: opened.append(of) or decompressed(*of)
    )
    contents = [
        *archive.contents([0, 3], limit=10**6),
        *(next(archive.contents([place], limit=10**6)) for place in (4, 8, 2)),
    ]
    assert contents == [png(number) for number in (0, 3, 4, 8, 2)]
    assert len(opened) <= 2


def test_a_tar_file_that_is_left_midway_is_closed_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(tarred([(f"{number}.png", png(number)) for number in range(3)]))
    files = []

    @contextlib.contextmanager
    def noted(*of: Any) -> Iterator[IO[bytes]]:
        with decompressed(*of) as file:
            files.append(file)
            yield file

    monkeypatch.setattr(archives, "decompressed", noted)
    gc.disable()
    try:
        archive = open_archive(path, path.name)
        assert archive is not None
        assert next(archive.contents([0], limit=10**6)) == png(0)
        del archive
        assert all(file.closed for file in files)
    finally:
        gc.enable()


def test_a_part_of_an_archive_is_to_be_unpacked_with_the_others(tmp_path: Path) -> None:
    (tmp_path / "set.zip.001").write_bytes(zipped([("happy/a.png", png(1))])[:40])
    for path in (tmp_path, tmp_path / "set.zip.001"):
        with pytest.raises(DatasetError, match=r"Parts of a split archive.* unpack the whole"):
            open_source(path)
