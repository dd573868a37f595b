"""Tables that cannot be read are refused, with what to do."""

import errno
import gzip
import os
from pathlib import Path
from unittest import mock

import pytest

from preprocessing.dataset.sources.open import open_source
from preprocessing.errors import DatasetError
from tests.preprocessing.dataset.sources.drawn import HEADER, png, rows, tarred, text, zipped
from tests.preprocessing.dataset.sources.plain_table import PLAIN, ROWS, with_cells

REFUSED: dict[str, tuple[str | bytes, str]] = {
    "cut.csv": (PLAIN[:-4000], "cut.csv:13: .* cut short"),
    "cut in a cell.csv": (
        text(ROWS, header="emotion,Usage,pixels", form="{0},{2},{1}")[:-3000],
        "csv:13: expected 2304 pixels",
    ),
    "test.csv": (text(ROWS, header="pixels", form="{1}"), "lacks the column 'emotion'"),
    "other.csv": ("a,b,c\n1,2,3\n", "lacks the column 'emotion'"),
    "two kinds.csv": ("emotion\t0,pixels,Usage\n1,2,3\n", "lacks the column 'emotion'"),
    "empty.csv": ("", "no source"),
    "header.csv": (HEADER + "\n", "has no rows"),
    "blank.csv": (HEADER + "\n\n ,,\n", "has no rows"),
    "code.csv": (
        text([("7", *ROWS[0][1:])]),
        "csv:2: emotion must be 0 to 6.*--map 7=LABEL; .*raf-db",
    ),
    "Wut.csv": (text([("Wut", *ROWS[0][1:])]), "--map Wut=angry; or leave it out"),
    "holdout.csv": (text([(*ROWS[0][:2], "holdout")]), "Received: 'holdout'.*--map holdout=val"),
    "flag.csv": (
        text(ROWS, header="emotion,pixels,is_train", form="{0},{1},1"),
        "has a column is_train.*column split.*--ignore is_train",
    ),
    "no usage.csv": (text([(*ROWS[0][:2], "")]), "csv:2: .*Received: ''. Write one of them"),
    "usage NA.csv": (text([(*ROWS[0][:2], "NA")]), "csv:2: .*'NA'. Write one of them"),
    "word.csv": (text([("hapy", *ROWS[0][1:])]), "csv:2: .*'hapy'.*--map hapy"),
    "contempt.csv": (
        text([("contempt", *ROWS[0][1:])]),
        "csv:2: contempt is none of the labels .*--ignore contempt",
    ),
    "usage.csv": (text([(*ROWS[0][:2], "Holiday")]), "csv:2: Usage must be .*'Holiday'.*--map"),
    "unequal.csv": (text([ROWS[0], rows(side_px=64)[1]]), "csv:3: expected 2304 pixels"),
    "negative.csv": (
        text(with_cells(pixels=lambda cell: cell.replace("90", "-1", 1))),
        "csv:2: a pixel must be .*'-1'",
    ),
    "web page.csv": ("<!doctype html><html>Sign in, please</html>", "a web page.*download"),
    "rows.json": (
        '[{"emotion": 0, "pixels": "9 9", "Usage": "Training"}]',
        "JSON: write it as a CSV",
    ),
    "zips.zip": (
        zipped(
            [(f"{split}.zip", zipped([("happy/1.png", png(0))])) for split in ("train", "test")]
        ),
        "It holds 2 x .zip. Unpack these too",
    ),
    "list of pictures.zip": (
        zipped([("set/labels.csv", "path,label\na.png,happy\n"), ("set/a.png", png(0))]),
        "labels.csv has labels. Unpack it; .*--list",
    ),
    "open quote.csv": (PLAIN + '3,"90 90\n90,Training\n', "csv:14"),
    "list.csv": ("path,label\nhappy/1.png,happy\n", "is a list of pictures.*--list"),
    "two tables.zip": (
        zipped([("one.csv", PLAIN), ("two.csv", PLAIN)]),
        "should hold one CSV.*one.csv, two.csv.*Unpack it",
    ),
    "papers.zip": (zipped([("paper.pdf", b"%PDF")]), "It holds 1 x .pdf"),
    "cut.csv.gz": (gzip.compress(PLAIN.encode())[:-20], "cannot be read.*Download it again"),
    "cut.tar.gz": (tarred([("fer2013.csv", PLAIN.encode())])[:-60], "cannot be read"),
    "cut.zip": (zipped([("fer2013.csv", PLAIN)])[:-20], "cannot be read"),
    "fer2013.7z": (b"7z\xbc\xaf\x27\x1c" + bytes(40), "7z archive.*Unpack it"),
    "fer2013.rar": (b"Rar!\x1a\x07\x01\x00" + bytes(40), "RAR archive.*Unpack it"),
    "fer2013.csv.zst": (b"\x28\xb5\x2f\xfd" + bytes(40), "Zstandard.*Unpack it"),
    "password.zip": (
        zipped([("fer2013.csv", PLAIN)]).replace(
            b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\1\0"
        ),
        "encrypted.*password.*Unpack it",
    ),
    "sheet.xlsx": (zipped([("xl/sheet1.xml", "<x/>")]), "Save the table as a CSV file"),
    "spss.sav": (b"$FL2@(#)" + bytes(99), "Save the table as a CSV file"),
    "sheet.xls": (b"\xd0\xcf\x11\xe0" + bytes(99), "Save the table as a CSV file"),
    "faces.npz": (zipped([("x.npy", b"\x93NUMPY")]), "save each picture as a PNG file"),
    "faces.npy": (b"\x93NUMPY\x01\0", "save each picture as a PNG file"),
    "faces.parquet": (b"PAR1" + bytes(99), "cannot be read as Parquet.*download it again"),
    "faces.mat": ("MATLAB 5.0 MAT-file, Platform: x", "save each picture as a PNG file"),
    "clip.mp4": (b"\0\0\0\x18ftypmp42", "save frames of them"),
    "page alone.csv": ("<html>", "a web page.*download it again"),
    "pointer.csv": ("version https://git-lfs.github.com/spec/v1\nsize 3\n", "git lfs pull"),
    "list.json": ('[{"path": "a.png", "label": "sad"}]', "is a list of pictures.*--list"),
    "list.jsonl": ('{"file_name": "a.png", "label": 3}\n', "is a list of pictures.*--list"),
    "one zip.zip": (
        zipped([("faces.zip", zipped([("happy/1.png", png(0))]))]),
        "It holds 1 x .zip. Unpack these too",
    ),
    "photo.png": (png(0), "no source of pictures"),
    "text.txt": ("hello", "no source of pictures"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_table_that_cannot_be_read_is_refused_with_what_to_do(name: str, tmp_path: Path) -> None:
    content, message = REFUSED[name]
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DatasetError, match=f"(?s){message}"):
        open_source(path)


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="photo does not exist"):
        open_source(tmp_path / "photo")


@pytest.mark.parametrize("given", ["", "faces.csv"])
def test_a_table_that_may_not_be_read_is_not_called_damaged(tmp_path: Path, given: str) -> None:
    path = tmp_path / "faces.csv"
    path.write_text(PLAIN, encoding="utf-8")
    error = PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    with (
        mock.patch.object(Path, "open", side_effect=error),
        pytest.raises(DatasetError, match=r"faces\.csv may not be read. Change its permissions"),
    ):
        open_source(tmp_path / given)
