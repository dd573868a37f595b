"""An archive that is made to do harm takes no memory that its content does not need."""

import gzip
import io
import tarfile
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from preprocessing.dataset.sources import archives
from preprocessing.dataset.sources.archives import open_archive
from preprocessing.dataset.sources.compressed import HEAD_BYTES
from preprocessing.dataset.sources.open import open_source
from preprocessing.errors import DatasetError
from tests.preprocessing.dataset.sources.drawn import png, tarred

BOMB_BYTES, LITTLE_BYTES = 30_000_000, 20_000_000


@contextmanager
def within_little_memory() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < LITTLE_BYTES


def write_tar_whose_head_is_long(path: Path, kind: bytes) -> None:
    """Write a tar file of which a member says as much of itself as is in a bomb."""
    head = tarfile.TarInfo("long")
    head.type, head.size = kind, BOMB_BYTES // 512 * 512
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(head.tobuf())
        file.write(bytes(head.size))
        file.write(bytes(1024))


@pytest.mark.parametrize(
    "kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE], ids=str
)
def test_a_member_of_a_tar_file_that_says_too_much_of_itself_is_refused(
    kind: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "a.tar.gz"
    write_tar_whose_head_is_long(path, kind)
    with within_little_memory(), pytest.raises(DatasetError, match="far too long"):
        open_source(path)


def test_a_tar_file_of_more_files_than_there_is_memory_for_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.tar.gz"
    path.write_bytes(tarred([(f"{number}.png", png(number)) for number in range(3)], "gz"))
    monkeypatch.setattr(archives, "MOST_MEMBERS", 4)
    assert open_source(path).count == 3
    monkeypatch.setattr(archives, "MOST_MEMBERS", 3)
    with pytest.raises(DatasetError, match="more than 3 files"):
        open_source(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_no_more_of_a_zip_is_unpacked_than_is_looked_at(method: int) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as written:
        written.writestr("a", bytes(BOMB_BYTES))
    archive = open_archive(buffer, "a.zip")
    assert archive is not None
    with within_little_memory():
        assert list(archive.contents([0], limit=HEAD_BYTES)) == [bytes(HEAD_BYTES)]


def test_a_member_without_a_name_is_passed_over() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as written:
        written.writestr(".", png(1))
        written.writestr("a/./b.png", png(2))
    archive = open_archive(buffer, "a.zip")
    assert archive is not None
    assert archive.names == ("a/./b.png",)
